/* SPDX-License-Identifier: Apache-2.0
 *
 * The switch, the workers that run its packets, and what packets leave behind: copies, frames, events, counts.
 *
 * Locking: packets run with `lock` held for reading, in chunks; every change of tables, profiles, meters or
 * replication holds it for writing, but for what entries.h says.
 */
#ifndef SOFTSWITCH_SWITCH_H
#define SOFTSWITCH_SWITCH_H

#include <pthread.h>
#include <sched.h>
#include <time.h>

#include "lookahead.h"

/* What a piece of program answers; YIELD: call `run` again when what the lane asked for is there. */
enum { GO_ON = 0, LEAVE = 1, FAULT = 2, ASSERTION = 3, YIELD = 4 };

struct replica {
    u32 port, rid;
};

struct copies {
    u32 count, cut;
    struct replica replica[];
};

struct value_set {
    u32 count, pad;
    u128 *values;
};

static UNUSED int in_value_set(const struct value_set *set, u128 value, u128 mask)
{
    for (u32 i = 0; i < set->count; i++)
        if (!((set->values[i] ^ value) & mask))
            return 1;
    return 0;
}

struct sw {
    pthread_rwlock_t lock;
    u32 large, counting; /* number of large tables; whether a worker adds to counters */
    struct table tables[NTABLES + 1];
    u64 *counters[NCOUNTERS + 1]; /* packets and bytes of a cell are neighbours */
    struct meter **meters[NMETERS + 1];
    u64 *registers[NREGISTERS + 1];
    struct value_set value_sets[NVALUESETS + 1];
    u64 round_robin[NCALCULATIONS + 1];
    struct copies *sessions[32768];
    struct copies *multicast[65536];
    s64 started_ns;
};

enum { RECEIVED, RESUBMITTED, RECIRCULATED, CLONE_I2E, REPLICA };

#define NO_CUT 0x40000000u

/* What the program asked for so far in this pass. */
struct marks {
    u32 clone, clone_list, digest, resubmit, recirculate, cut;
};

/* As the Python engine has them (tests make them smaller).  QUEUE_LIMIT is a power of two. */
#ifndef QUEUE_LIMIT
#define QUEUE_LIMIT 1024
#endif
#ifndef PASS_LIMIT
#define PASS_LIMIT 4096
#endif

struct item {
    u32 kind, port, n, ilen, list, egress_port, rid, cut;
    const u8 *data;
    const struct pkt *kept;
};

struct queue {
    u32 head, count;
    struct item item[QUEUE_LIMIT];
};

/* Packets between two changes of the state, and how many of them are in flight at once. */
#ifndef CHUNK
#define CHUNK 64
#endif
#ifndef LANES
#define LANES 8
#endif

enum { FREE, READY, TURN };

/* A packet in flight.  `run` returns YIELD only while `alone` is 0, and goes on at `resume`. */
struct lane {
    struct pkt pkt;
    struct item item;
    struct marks marks;
    u32 resume, alone, state, number; /* number: of the frame in its chunk */
    u32 egress_port;
    struct look look;
} __attribute__((aligned(64)));

/* Sums of counters that wait for the end of the chunk, and where the last ones are by their address. */
#define PENDING 256
#define RECENT 64

struct sum {
    u64 *cell, packets, octets;
};

struct worker {
    struct worker_head head; /* read by Python: engine.py, class Worker */
    u64 outs_room, frames_room, frames_used, events_room;
    struct sw *sw;
    struct arena arena;
    u64 random;
    u32 number, oldest; /* frames of the chunk: the one that runs, the first that is not done */
    u32 nsums, pad;
    u64 given_way; /* how often a packet did */
    struct sum sums[PENDING];
    u8 recent[RECENT];
    struct out *sorted;
    u64 sorted_room;
    struct lane lanes[LANES];
    struct queue egress, ingress;
};

/* Additions to counters wait until the chunk of packets ends; by then the lines have arrived, and packets with the
 * same counter have been added up.  Plain additions under a lock: atomic ones would wait for each other's memory. */
static void count_all(struct worker *w)
{
    u32 *counting = &w->sw->counting;
    while (__atomic_exchange_n(counting, 1, __ATOMIC_ACQUIRE))
        for (u32 i = 0; __atomic_load_n(counting, __ATOMIC_RELAXED); i++)
            if (i > 1000)
                sched_yield();
    for (u32 i = 0; i < w->nsums; i++) {
        const struct sum *s = &w->sums[i];
        s->cell[0] += s->packets;
        s->cell[1] += s->octets;
    }
    w->nsums = 0;
    __atomic_store_n(counting, 0, __ATOMIC_RELEASE);
}

/* One packet more at `cell`, and its bytes behind. */
INLINE UNUSED void count(struct worker *w, u64 *cell, u64 octets)
{
    u8 *recent = &w->recent[(uintptr_t)cell / 16 % RECENT];
    struct sum *s = &w->sums[*recent];
    if (*recent < w->nsums && s->cell == cell) {
        s->packets++;
        s->octets += octets;
        return;
    }
    __builtin_prefetch(cell, 1);
    if (w->nsums == PENDING)
        count_all(w);
    *recent = (u8)w->nsums;
    w->sums[w->nsums++] = (struct sum){cell, 1, octets};
}

/* A program with state that packets change and see asks this before: packets take turns in the order of arrival. */
INLINE UNUSED int must_wait(const struct worker *w, struct lane *l)
{
    if (l->alone || w->oldest == l->number)
        return 0;
    l->state = TURN;
    return 1;
}

static s64 now_ns(void)
{
    struct timespec ts;
    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (s64)ts.tv_sec * 1000000000 + ts.tv_nsec;
}

static UNUSED u64 random_u64(struct worker *w)
{
    u64 x = w->random;
    x ^= x << 13;
    x ^= x >> 7;
    x ^= x << 17;
    return w->random = x;
}

/* Room for a frame of at most `size` bytes behind those already there. */
INLINE u8 *frame_room(struct worker *w, u64 size)
{
    if (w->frames_used + size > w->frames_room)
        w->head.frames = grow(w->head.frames, &w->frames_room, w->frames_used + size, 1);
    return w->head.frames + w->frames_used;
}

/* The number of the frame in its chunk is in the upper bits until the chunk ends. */
#define OUT_NUMBER 56

INLINE void frame_out(struct worker *w, u32 port, u32 len)
{
    if (w->head.nouts == w->outs_room)
        w->head.outs = grow(w->head.outs, &w->outs_room, w->head.nouts + 1, sizeof *w->head.outs);
    w->head.outs[w->head.nouts++] = (struct out){port, len, w->frames_used | (u64)w->number << OUT_NUMBER};
    w->frames_used += (len + 7) & ~7u;
    w->head.transmitted++;
}

static UNUSED void event(struct worker *w, u32 kind, u32 number, u32 count, const u128 *values)
{
    const struct event_head head = {kind, number, count, w->number};
    u64 size = sizeof head + 16ULL * count;
    w->head.events = grow(w->head.events, &w->events_room, w->head.nevents + size, 1);
    memcpy(w->head.events + w->head.nevents, &head, sizeof head);
    if (count)
        memcpy(w->head.events + w->head.nevents + sizeof head, values, 16ULL * count);
    w->head.nevents += size;
}

static UNUSED void push(struct worker *w, struct queue *q, const struct item *it)
{
    if (q->count >= QUEUE_LIMIT) {
        w->head.queue_full++;
        return;
    }
    q->item[(q->head + q->count++) & (QUEUE_LIMIT - 1)] = *it;
}

static struct item pop(struct queue *q)
{
    struct item it = q->item[q->head];
    q->head = (q->head + 1) & (QUEUE_LIMIT - 1);
    q->count--;
    return it;
}

#endif
