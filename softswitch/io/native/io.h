/* SPDX-License-Identifier: Apache-2.0
 *
 * Ports, workers and what they count.  One worker is one thread; each has a channel of its own to every port, and
 * writes no memory that another worker writes, but for the ring of what Python gets (punt.h).
 */
#ifndef SOFTSWITCH_IO_H
#define SOFTSWITCH_IO_H

#include "abi.h"

typedef int64_t s64;

#include <pthread.h>
#include <sys/socket.h>
#include <sys/uio.h>

enum { BATCH = 64, PORTS = 512, LONGEST = 65536 + 64 };

/* What becomes of an output, by its port. */
enum { FATE_NO_PORT, FATE_UNATTACHED, FATE_SEND, FATE_PUNT };

struct counts {
    u64 rx_packets, rx_bytes, rx_dropped, tx_packets, tx_bytes, tx_dropped, oversized, unrecorded;
};

/* Between one worker and one port. */
struct channel {
    struct counts n;
    int rx, tx;
    u32 port; /* index */
    u32 queued;
    u8 *ring; /* NULL: an AF_UNIX socket */
    u64 ring_size;
    u32 slot_size, per_block, block_size, slots, slot;
    s64 muted_until;  /* ms; a socket in error is not polled */
    u32 to_file, pad; /* what leaves is appended to the pcap file `tx` */
    struct iovec part[BATCH];
    struct mmsghdr message[BATCH];
};

struct port {
    u32 number;
    int up;
    int pcap_in, pcap_out;               /* descriptors, -1: not recorded */
    int *pcap_in_error, *pcap_out_error; /* errno of what ended the recording, 0 while it goes on */
};

/* A pcap file that arrives at a port: records from `at` on. */
struct tape {
    const u8 *at, *end;
    s64 time_ns; /* of the next record */
    u32 port, swapped, unit_ns, pad;
};

/* Who runs the frames: a compiled pipeline, or (not native) a function that does everything itself.  Null: nobody. */
struct binding {
    void (*run)(struct worker *, const struct frame *, u32);
    struct worker *worker;
    u64 serial;
    u32 native, pad;
};

/* Counts of one worker under the present binding, and over its life. */
struct totals {
    u64 received, transmitted, no_port;
    u64 unattached, punts_dropped, events_dropped;
};

struct punts {
    pthread_mutex_t lock;
    u8 *data;
    u64 size, head, used;
    int ready; /* eventfd */
};

struct io_worker {
    struct totals n;
    struct io *io;
    struct channel *channels; /* one a port */
    struct binding active;
    struct frame in[BATCH];
    u32 count, pad;
    u8 *room; /* BATCH places for frames that no ring holds */
    int wake; /* eventfd */
    pthread_mutex_t lock;
    pthread_cond_t taken;
    struct binding next;
    int fresh, running;
};

struct io {
    u32 nworkers, nports;
    struct port ports[PORTS];
    u8 fates[PORTS], other; /* of port numbers, and of those above */
    int index[PORTS];       /* of a port number, for FATE_SEND */
    int stop;
    int playing, played; /* tapes; played: eventfd */
    u32 ntapes, pad;
    struct tape tapes[PORTS];
    struct punts punts;
    struct io_worker *workers;
};

#define LOAD(x) __atomic_load_n(&(x), __ATOMIC_RELAXED)
#define STORE(x, v) __atomic_store_n(&(x), (v), __ATOMIC_RELAXED)

/* Counts have one writer and any number of readers. */
static inline void add(u64 *at, u64 n) { STORE(*at, *at + n); }

/* A place for a frame; not a power of two apart, so that they do not share cache sets. */
static inline u8 *room(const struct io_worker *w, u32 i) { return w->room + (u64)i * (LONGEST + 192); }

#endif
