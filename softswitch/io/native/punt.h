/* SPDX-License-Identifier: Apache-2.0
 *
 * What Python gets: frames for ports that are not native (the CPU port), digests, log lines.  A bounded ring of
 * records; what finds no room is counted and lost, the data path never waits for Python.
 */
#ifndef SOFTSWITCH_PUNT_H
#define SOFTSWITCH_PUNT_H

#include "io.h"

#include <string.h>
#include <unistd.h>

enum { PUNT_FRAME = 1, PUNT_EVENT };

/* Followed by `len` bytes and padding to eight. */
struct punt {
    u32 kind, port, len, pad;
    u64 serial;
};

static void punt_copy_in(struct punts *p, const void *from, u64 n)
{
    u64 at = (p->head + p->used) % p->size, first = n < p->size - at ? n : p->size - at;
    memcpy(p->data + at, from, first);
    memcpy(p->data, (const u8 *)from + first, n - first);
    p->used += n;
}

static void punt_copy_out(const struct punts *p, u64 skip, void *to, u64 n)
{
    u64 at = (p->head + skip) % p->size, first = n < p->size - at ? n : p->size - at;
    memcpy(to, p->data + at, first);
    memcpy((u8 *)to + first, p->data, n - first);
}

static u64 punt_padding(u64 len) { return -len & 7; }

/* False when there is no room. */
static int punt_put(struct punts *p, u32 kind, u32 port, u64 serial, const u8 *data, u32 len)
{
    static const u8 zeros[8];
    const struct punt record = {kind, port, len, 0, serial};
    u64 need = sizeof record + len + punt_padding(len);
    pthread_mutex_lock(&p->lock);
    int fits = need <= p->size - p->used, first = fits && !p->used;
    if (fits) {
        punt_copy_in(p, &record, sizeof record);
        punt_copy_in(p, data, len);
        punt_copy_in(p, zeros, punt_padding(len));
    }
    pthread_mutex_unlock(&p->lock);
    if (first) {
        u64 one = 1;
        if (write(p->ready, &one, sizeof one) < 0)
            return fits; /* the counter is full: readable all the same */
    }
    return fits;
}

/* Whether Python is behind: half of the room is used. */
static int punts_wait(struct punts *p)
{
    pthread_mutex_lock(&p->lock);
    int behind = p->used > p->size / 2;
    pthread_mutex_unlock(&p->lock);
    return behind;
}

/* Whole records, oldest first, as many as `to` has room for; their bytes. */
static u64 punt_take(struct punts *p, u8 *to, u64 room)
{
    struct punt record;
    u64 n = 0;
    pthread_mutex_lock(&p->lock);
    while (n < p->used) {
        punt_copy_out(p, n, &record, sizeof record);
        u64 size = sizeof record + record.len + punt_padding(record.len);
        if (n + size > room)
            break;
        n += size;
    }
    punt_copy_out(p, 0, to, n);
    p->head = (p->head + n) % p->size;
    p->used -= n;
    pthread_mutex_unlock(&p->lock);
    return n;
}

#endif
