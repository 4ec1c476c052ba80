/* SPDX-License-Identifier: Apache-2.0
 *
 * Pcap files that arrive: the records of all ports in the order of their time stamps, read in place.
 */
#ifndef SOFTSWITCH_TAPES_H
#define SOFTSWITCH_TAPES_H

#include "io.h"

#include <string.h>

enum { RECORD = 16 };

/* What is wrong with a file at some offset. */
enum { WHOLE, CUT_IN_HEADER, CUT_IN_FRAME, NOT_CAPTURED };

struct record {
    u32 seconds, fraction, captured, length;
};

static struct record record_at(const u8 *at, u32 swapped)
{
    struct record r;
    memcpy(&r, at, sizeof r);
    if (swapped)
        r = (struct record){__builtin_bswap32(r.seconds), __builtin_bswap32(r.fraction), __builtin_bswap32(r.captured),
                            __builtin_bswap32(r.length)};
    return r;
}

/* Whether the records at `data` are whole; if not, the offset of the defect and the record it is about. */
static u32 records_check(const u8 *data, u64 size, u32 swapped, u64 *offset, struct record *found)
{
    for (u64 at = 0; at < size;) {
        *offset = at;
        if (size - at < RECORD)
            return CUT_IN_HEADER;
        *found = record_at(data + at, swapped);
        at += RECORD;
        *offset = at;
        if (found->captured != found->length)
            return NOT_CAPTURED;
        if (found->captured > size - at)
            return CUT_IN_FRAME;
        at += found->captured;
    }
    return WHOLE;
}

/* Note when the next record of a tape was captured. */
static void tape_wind(struct tape *t)
{
    if (t->at == t->end)
        return;
    const struct record r = record_at(t->at, t->swapped);
    t->time_ns = (s64)r.seconds * 1000000000 + (s64)r.fraction * t->unit_ns;
}

/* The tape with the earliest record, the lowest port number among equals; NULL when all are played. */
static struct tape *tape_next(struct io *io)
{
    struct tape *next = NULL;
    for (u32 i = 0; i < io->ntapes; i++) {
        struct tape *t = &io->tapes[i];
        if (t->at < t->end &&
            (!next || t->time_ns < next->time_ns ||
             (t->time_ns == next->time_ns && io->ports[t->port].number < io->ports[next->port].number)))
            next = t;
    }
    return next;
}

/* Fills w->in with what arrives next; false when all tapes are played. */
static int tapes_read(struct io_worker *w)
{
    struct io *io = w->io;
    struct tape *t = NULL;
    w->count = 0;
    while (w->count < BATCH && (t = tape_next(io))) {
        const u32 len = record_at(t->at, t->swapped).captured;
        const struct port *port = &io->ports[t->port];
        struct counts *n = &w->channels[t->port].n;
        if (LOAD(port->up)) {
            w->in[w->count++] = (struct frame){t->at + RECORD, len, port->number};
            add(&n->rx_packets, 1);
            add(&n->rx_bytes, len);
        } else {
            add(&n->rx_dropped, 1);
        }
        t->at += RECORD + len;
        tape_wind(t);
    }
    return w->count || t;
}

#endif
