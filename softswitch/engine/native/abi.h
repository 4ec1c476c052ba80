/* SPDX-License-Identifier: Apache-2.0
 *
 * What native packet I/O and Python share with a compiled pipeline: frames in, frames out.  Self-contained.
 */
#ifndef SOFTSWITCH_ABI_H
#define SOFTSWITCH_ABI_H

#include <stdint.h>

typedef uint8_t u8;
typedef uint16_t u16;
typedef uint32_t u32;
typedef uint64_t u64;

/* A received frame: `len` bytes that stay where they are until the call returns. */
struct frame {
    const u8 *data;
    u32 len, port;
};

/* A frame to send: bytes `at` .. `at + len` of the worker's `frames`. */
struct out {
    u32 port, len;
    u64 at;
};

/* The start of `struct worker`.  Outputs and events are those of the last call; the counts only grow. */
struct worker_head {
    u64 nouts, nevents; /* outputs; bytes of events */
    struct out *outs;
    u8 *frames;
    u8 *events;
    u64 transmitted, dropped, queue_full, too_many_passes, runtime_errors, assertion_failures;
};

enum { EVENT_DIGEST = 1, EVENT_LOG, EVENT_ASSERTION };

/* A record of `events`; `count` values of 16 bytes each follow, the low half first. */
struct event_head {
    u32 kind, number, count, zero;
};

struct sw;
struct worker;

/* Runs frames in order.  What comes out is in `outs` and `frames`, digests and log messages in `events`, in the order
 * of the frames that caused them.  Changes of tables wait for a chunk of at most 32 frames, never for the whole call.
 */
void sw_frames(struct worker *w, const struct frame *in, u32 count);

#endif
