/* SPDX-License-Identifier: Apache-2.0
 *
 * A pipeline that does nothing: what comes in by port 1 goes out by port 3 unchanged, and the reverse.  Under the same
 * packet I/O as the real one it is the yardstick of copy_loop.py.
 */
#include "abi.h"

#include <stdlib.h>
#include <string.h>

enum { MOST = 64, LONGEST = 1 << 17 };

struct worker {
    struct worker_head head;
};

__attribute__((visibility("default"))) struct worker *copy_new(void)
{
    struct worker *w = calloc(1, sizeof *w);
    if (!w || !(w->head.outs = calloc(MOST, sizeof *w->head.outs)) ||
        !(w->head.frames = malloc((size_t)MOST * LONGEST)))
        abort();
    return w;
}

__attribute__((visibility("default"))) void sw_frames(struct worker *w, const struct frame *in, u32 count)
{
    u64 at = 0;
    for (u32 i = 0; i < count; i++) {
        memcpy(w->head.frames + at, in[i].data, in[i].len);
        w->head.outs[i] = (struct out){in[i].port ^ 2, in[i].len, at};
        at += (in[i].len + 7) & ~7u;
    }
    w->head.nouts = count;
    w->head.transmitted += count;
}
