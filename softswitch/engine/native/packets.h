/* SPDX-License-Identifier: Apache-2.0
 *
 * Workers and their packets.  The generated file has defined `run`, which takes the packet of a lane once through the
 * switch and answers one of GO_ON ... YIELD.
 */
#ifndef SOFTSWITCH_PACKETS_H
#define SOFTSWITCH_PACKETS_H

#include "changes.h"

EXPORT struct worker *sw_worker_new(struct sw *s, u64 seed)
{
    struct worker *w = aligned_alloc(4096, round_up(sizeof *w, 4096));
    if (!w)
        abort();
    memset(w, 0, sizeof *w);
    w->sw = s;
    w->random = seed | 1;
    return w;
}

EXPORT void sw_worker_free(struct worker *w)
{
    arena_reset(&w->arena, 1);
    free(w->head.outs);
    free(w->head.frames);
    free(w->head.events);
    free(w->sorted);
    free(w);
}

/* How often packets gave way to others, for tests and measurements. */
EXPORT u64 sw_given_way(const struct worker *w) { return w->given_way; }

INLINE void passed(struct worker *w, int rc)
{
    if (__builtin_expect(rc >= FAULT, 0)) {
        if (rc == FAULT)
            w->head.runtime_errors++;
        else
            w->head.assertion_failures++;
    }
}

/* Copies that the packet of a lane left in the queues. */
static void drain(struct worker *w, struct lane *l)
{
    for (u32 budget = PASS_LIMIT; w->egress.count || w->ingress.count; budget--) {
        if (!budget) {
            w->head.too_many_passes += w->egress.count + w->ingress.count;
            w->egress.count = w->ingress.count = 0;
            break;
        }
        l->item = pop(w->egress.count ? &w->egress : &w->ingress);
        l->resume = 0;
        passed(w, run(w->sw, w, l));
    }
}

INLINE void receive(struct lane *l, const struct frame *f, u32 number, u32 alone)
{
    l->item =
        (struct item){.kind = RECEIVED, .port = f->port, .n = f->len, .ilen = f->len, .data = f->data, .cut = NO_CUT};
    l->resume = 0;
    l->alone = alone;
    l->state = READY;
    l->number = number;
}

INLINE void expect(const struct frame *in, u32 i, u32 count)
{
    if (i < count) {
        __builtin_prefetch(in[i].data);
        __builtin_prefetch(in[i].data + 64);
    }
}

/* One packet after the other. */
static void run_alone(struct worker *w, const struct frame *in, u32 count)
{
    struct lane *l = w->lanes;
    for (u32 i = 0; i < count; i++) {
        expect(in, i + 2, count);
        receive(l, in + i, 0, 1);
        passed(w, run(w->sw, w, l));
        if (__builtin_expect(w->egress.count || w->ingress.count, 0))
            drain(w, l);
    }
}

/* Several packets in flight: while one waits for memory others run.  A packet that leaves a copy in a queue does not
 * give way any more, so queues are empty whenever another packet runs. */
static void run_lanes(struct worker *w, const struct frame *in, u32 count)
{
    u32 started = 0, lanes = count < LANES ? count : LANES;
    u64 missing = count < 64 ? (1ULL << count) - 1 : ~0ULL; /* frames that are not done */
    w->oldest = 0;
    for (; started < lanes; started++) {
        receive(&w->lanes[started], in + started, started, 0);
        expect(in, started + 2, count);
    }
    for (u32 i = 0; missing; i = i + 1 == lanes ? 0 : i + 1) {
        struct lane *l = &w->lanes[i];
        if (l->state == FREE || (l->state == TURN && w->oldest != l->number))
            continue;
        for (;;) {
            w->number = l->number;
            int rc = run(w->sw, w, l);
            if (rc == YIELD) {
                w->given_way++;
                break;
            }
            passed(w, rc);
            if (__builtin_expect(w->egress.count || w->ingress.count, 0))
                drain(w, l);
            missing &= ~(1ULL << l->number);
            w->oldest = missing ? (u32)__builtin_ctzll(missing) : count;
            if (started == count) {
                l->state = FREE;
                break;
            }
            expect(in, started + 2, count);
            receive(l, in + started, started, 0);
            started++;
        }
    }
    w->number = 0;
}

/* Outputs from `first` on in the order of their frames; those of a frame stay in theirs. */
static void sort_outs(struct worker *w, u64 first)
{
    struct out *outs = w->head.outs + first;
    u64 n = w->head.nouts - first, before = 0, starts[CHUNK + 1] = {0};
    int sorted = 1;
    for (u64 i = 0; i < n; i++) {
        u64 number = outs[i].at >> OUT_NUMBER;
        sorted &= number >= before;
        before = number;
        starts[number + 1]++;
    }
    if (!sorted) {
        for (u32 i = 0; i < CHUNK; i++)
            starts[i + 1] += starts[i];
        w->sorted = grow(w->sorted, &w->sorted_room, n, sizeof *outs);
        for (u64 i = 0; i < n; i++)
            w->sorted[starts[outs[i].at >> OUT_NUMBER]++] = outs[i];
        memcpy(outs, w->sorted, n * sizeof *outs);
    }
    for (u64 i = 0; i < n; i++)
        outs[i].at &= (1ULL << OUT_NUMBER) - 1;
}

/* The same for the records of events from byte `first` on. */
static void sort_events(struct worker *w, u64 first)
{
    u64 size = w->head.nevents - first, to = 0;
    u8 *events = w->head.events + first, *sorted = size ? malloc(size) : NULL;
    if (!size)
        return;
    if (!sorted)
        abort();
    for (u32 number = 0; number < CHUNK; number++)
        for (u64 at = 0, length; at < size; at += length) {
            struct event_head head;
            memcpy(&head, events + at, sizeof head);
            length = sizeof head + 16ULL * head.count;
            if (head.zero != number)
                continue;
            memcpy(sorted + to, events + at, length);
            head.zero = 0;
            memcpy(sorted + to, &head, sizeof head);
            to += length;
        }
    memcpy(events, sorted, size);
    free(sorted);
}

/* The frames between two changes of the state. */
static void chunk(struct worker *w, const struct frame *in, u32 count)
{
    pthread_rwlock_rdlock(&w->sw->lock);
    if (LANES > 1 && count > 1 && __atomic_load_n(&w->sw->large, __ATOMIC_RELAXED)) {
        u64 outs = w->head.nouts, events = w->head.nevents;
        run_lanes(w, in, count);
        sort_outs(w, outs);
        sort_events(w, events);
    } else {
        run_alone(w, in, count);
    }
    count_all(w);
    arena_reset(&w->arena, 0);
    pthread_rwlock_unlock(&w->sw->lock);
}

INLINE void forget(struct worker *w) { w->head.nouts = w->head.nevents = w->frames_used = 0; }

EXPORT void sw_frames(struct worker *w, const struct frame *in, u32 count)
{
    forget(w);
    for (u32 n; count; in += n, count -= n) {
        n = count < CHUNK ? count : CHUNK;
        chunk(w, in, n);
    }
}

/* One frame. */
EXPORT void sw_process(struct worker *w, u32 port, const u8 *data, u32 n)
{
    const struct frame in = {data, n, port};
    sw_frames(w, &in, 1);
}

/* `total` frames, the `count` of `in` again and again; outputs are counted and forgotten. */
EXPORT void sw_burst(struct worker *w, const struct frame *in, u32 count, u64 total)
{
    for (u32 i = 0, n; total; total -= n, i = i + n < count ? i + n : 0) {
        n = count - i < CHUNK ? count - i : CHUNK;
        if (n > total)
            n = (u32)total;
        forget(w);
        chunk(w, in + i, n);
    }
    forget(w);
}

#endif
