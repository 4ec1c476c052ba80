/* SPDX-License-Identifier: Apache-2.0
 *
 * Meters: token buckets as in BMv2.
 */
#ifndef SOFTSWITCH_METERS_H
#define SOFTSWITCH_METERS_H

#include "numbers.h"

struct bucket {
    double per_us;
    s64 burst, tokens, issued;
};

struct meter {
    u32 busy, count, unit_packets, pad;
    s64 origin_us;
    struct bucket bucket[4]; /* peak first */
};

static UNUSED unsigned meter_execute(struct meter *m, u32 length, s64 now_us)
{
    unsigned color = 0;
    if (!m)
        return 0;
    while (__atomic_exchange_n(&m->busy, 1, __ATOMIC_ACQUIRE))
        ;
    s64 elapsed = now_us - m->origin_us, need = m->unit_packets ? 1 : (s64)length;
    for (unsigned i = 0; i < m->count; i++) {
        struct bucket *b = &m->bucket[i];
        s64 issued = (s64)((double)elapsed * b->per_us), tokens = b->tokens + issued - b->issued;
        b->issued = issued;
        if (tokens > b->burst)
            tokens = b->burst;
        if (tokens < need) {
            b->tokens = tokens;
            color = m->count - i;
            break;
        }
        b->tokens = tokens - need;
    }
    __atomic_store_n(&m->busy, 0, __ATOMIC_RELEASE);
    return color;
}

#endif
