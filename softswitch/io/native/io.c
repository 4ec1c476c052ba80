/* SPDX-License-Identifier: Apache-2.0
 *
 * Packet I/O: threads that take frames from the ports, run them through a pipeline and send what comes out.  Knows
 * nothing of the P4 program (abi.h).  Called by ports.py and library.py.
 */
#define _GNU_SOURCE
#include "channel.h"
#include "io.h"
#include "punt.h"
#include "tapes.h"

#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/mman.h>

#define EXPORT __attribute__((visibility("default")))

enum { MUTE_MS = 100 };

static void *zeroed(size_t count, size_t size)
{
    size_t bytes = (count * size + 63) & ~(size_t)63;
    void *p = aligned_alloc(64, bytes ? bytes : 64);
    if (!p)
        abort();
    return memset(p, 0, bytes);
}

static void wake(int fd)
{
    u64 one = 1;
    if (write(fd, &one, sizeof one) < 0)
        return; /* full: readable all the same */
}

/* ------------------------------------------------------------------ making and unmaking */

EXPORT struct io *io_new(u32 nworkers, u32 nports, const u32 *numbers, u64 punt_bytes)
{
    struct io *io = zeroed(1, sizeof *io);
    io->nworkers = nworkers;
    io->nports = nports;
    for (u32 i = 0; i < PORTS; i++)
        io->index[i] = -1;
    for (u32 i = 0; i < nports; i++) {
        io->ports[i] = (struct port){.number = numbers[i], .up = 1, .pcap_in = -1, .pcap_out = -1};
        io->index[numbers[i]] = (int)i;
    }
    pthread_mutex_init(&io->punts.lock, NULL);
    io->punts.size = punt_bytes;
    io->punts.data = zeroed(1, punt_bytes);
    io->punts.ready = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    io->played = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    io->workers = zeroed(nworkers, sizeof *io->workers);
    for (u32 i = 0; i < nworkers; i++) {
        struct io_worker *w = &io->workers[i];
        w->io = io;
        w->channels = zeroed(nports, sizeof *w->channels);
        for (u32 p = 0; p < nports; p++)
            w->channels[p].rx = w->channels[p].tx = -1;
        w->room = mmap(NULL, (size_t)(room(w, BATCH) - room(w, 0)), PROT_READ | PROT_WRITE,
                       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
        if (w->room == MAP_FAILED)
            abort();
        w->wake = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
        pthread_mutex_init(&w->lock, NULL);
        pthread_cond_init(&w->taken, NULL);
    }
    return io;
}

/* No worker runs any more.  The sockets are the caller's. */
EXPORT void io_free(struct io *io)
{
    for (u32 i = 0; i < io->nworkers; i++) {
        struct io_worker *w = &io->workers[i];
        for (u32 p = 0; p < io->nports; p++)
            if (w->channels[p].ring)
                munmap(w->channels[p].ring, w->channels[p].ring_size);
        free(w->channels);
        munmap(w->room, (size_t)(room(w, BATCH) - room(w, 0)));
        close(w->wake);
        pthread_mutex_destroy(&w->lock);
        pthread_cond_destroy(&w->taken);
    }
    pthread_mutex_destroy(&io->punts.lock);
    close(io->punts.ready);
    close(io->played);
    free(io->punts.data);
    free(io->workers);
    free(io);
}

/* Sockets of a worker for a port.  `slots` 0: AF_UNIX sockets; else the ring that was set up on `rx`.  Not 0: errno. */
EXPORT int io_channel(struct io *io, u32 worker, u32 port, int rx, int tx, u32 slots, u32 slot_size, u32 block_size)
{
    struct io_worker *w = &io->workers[worker];
    struct channel *c = &w->channels[port];
    c->port = port;
    for (u32 i = 0; i < BATCH; i++)
        c->message[i].msg_hdr = (struct msghdr){.msg_iov = &c->part[i], .msg_iovlen = 1};
    if (slots) {
        c->slots = slots;
        c->slot_size = slot_size;
        c->block_size = block_size;
        c->per_block = block_size / slot_size;
        c->ring_size = (u64)(slots / c->per_block) * block_size;
        u8 *ring = mmap(NULL, c->ring_size, PROT_READ | PROT_WRITE, MAP_SHARED, rx, 0);
        if (ring == MAP_FAILED)
            return errno;
        c->ring = ring;
        if (worker) /* until it joined the others this socket received what another one received as well */
            while (__atomic_load_n(&slot_at(c, c->slot)->tp_status, __ATOMIC_ACQUIRE) & TP_STATUS_USER)
                ring_release(c, 1);
    }
    c->rx = rx;
    c->tx = tx;
    return 0;
}

/* What leaves a port is appended to the pcap file `out`. */
EXPORT void io_file(struct io *io, u32 worker, u32 port, int out)
{
    struct channel *c = &io->workers[worker].channels[port];
    c->port = port;
    c->tx = out;
    c->to_file = 1;
}

/* As records_check. */
EXPORT u32 io_check(const u8 *records, u64 size, u32 swapped, u64 *offset, struct record *found)
{
    return records_check(records, size, swapped, offset, found);
}

/* Records that arrive at a port when io_play is called; they are whole, and stay in memory until io_free. */
EXPORT void io_tape(struct io *io, u32 port, const u8 *records, u64 size, u32 swapped, u32 unit_ns)
{
    struct tape *t = &io->tapes[io->ntapes++];
    *t = (struct tape){.at = records, .end = records + size, .port = port, .swapped = swapped, .unit_ns = unit_ns};
    tape_wind(t);
}

/* Where records of a port go; before the workers start. */
EXPORT void io_pcap(struct io *io, u32 port, int in, int out, int *in_error, int *out_error)
{
    io->ports[port].pcap_in = in;
    io->ports[port].pcap_out = out;
    io->ports[port].pcap_in_error = in_error;
    io->ports[port].pcap_out_error = out_error;
}

/* ------------------------------------------------------------------ what Python changes while workers run */

EXPORT void io_port_up(struct io *io, u32 port, int up) { STORE(io->ports[port].up, up); }

EXPORT void io_fates(struct io *io, const u8 *fates, u8 other)
{
    for (u32 i = 0; i < PORTS; i++)
        STORE(io->fates[i], fates[i]);
    STORE(io->other, other);
}

static void take_binding(struct io_worker *w)
{
    w->active = w->next;
    STORE(w->fresh, 0);
    STORE(w->n.received, 0);
    STORE(w->n.transmitted, 0);
    STORE(w->n.no_port, 0);
    pthread_cond_broadcast(&w->taken);
}

/* From its next batch on the worker runs `run`. */
EXPORT void io_bind(struct io *io, u32 worker, void *run, struct worker *pipeline, u64 serial, u32 native)
{
    struct io_worker *w = &io->workers[worker];
    pthread_mutex_lock(&w->lock);
    w->next = (struct binding){(void (*)(struct worker *, const struct frame *, u32))run, pipeline, serial, native, 0};
    STORE(w->fresh, 1);
    if (!w->running)
        take_binding(w);
    pthread_mutex_unlock(&w->lock);
    wake(w->wake);
}

/* Waits until the worker has what io_bind gave it.  Not for one that may be in Python: it might wait for the caller. */
EXPORT void io_bound(struct io *io, u32 worker)
{
    struct io_worker *w = &io->workers[worker];
    pthread_mutex_lock(&w->lock);
    while (w->running && w->fresh && (w->active.native || !w->active.run))
        pthread_cond_wait(&w->taken, &w->lock);
    pthread_mutex_unlock(&w->lock);
}

/* The serial of what the worker runs. */
EXPORT u64 io_serial(struct io *io, u32 worker)
{
    struct io_worker *w = &io->workers[worker];
    pthread_mutex_lock(&w->lock);
    u64 serial = w->active.serial;
    pthread_mutex_unlock(&w->lock);
    return serial;
}

/* The first worker takes the tapes from now on; io_played becomes readable when all is processed. */
EXPORT void io_play(struct io *io)
{
    __atomic_store_n(&io->playing, 1, __ATOMIC_RELEASE);
    wake(io->workers[0].wake);
}

EXPORT int io_played(const struct io *io) { return io->played; }

EXPORT void io_stop(struct io *io)
{
    STORE(io->stop, 1);
    for (u32 i = 0; i < io->nworkers; i++)
        wake(io->workers[i].wake);
}

/* ------------------------------------------------------------------ what Python reads */

EXPORT void io_counts(const struct io *io, u32 port, struct counts *sum)
{
    *sum = (struct counts){0};
    for (u32 i = 0; i < io->nworkers; i++) {
        const struct counts *n = &io->workers[i].channels[port].n;
        sum->rx_packets += LOAD(n->rx_packets);
        sum->rx_bytes += LOAD(n->rx_bytes);
        sum->rx_dropped += LOAD(n->rx_dropped);
        sum->tx_packets += LOAD(n->tx_packets);
        sum->tx_bytes += LOAD(n->tx_bytes);
        sum->tx_dropped += LOAD(n->tx_dropped);
        sum->oversized += LOAD(n->oversized);
        sum->unrecorded += LOAD(n->unrecorded);
    }
}

/* Frames that one worker received. */
EXPORT u64 io_share(const struct io *io, u32 worker)
{
    u64 sum = 0;
    for (u32 i = 0; i < io->nports; i++)
        sum += LOAD(io->workers[worker].channels[i].n.rx_packets);
    return sum;
}

EXPORT void io_totals(const struct io *io, struct totals *sum)
{
    *sum = (struct totals){0};
    for (u32 i = 0; i < io->nworkers; i++) {
        const struct totals *n = &io->workers[i].n;
        sum->received += LOAD(n->received);
        sum->transmitted += LOAD(n->transmitted);
        sum->no_port += LOAD(n->no_port);
        sum->unattached += LOAD(n->unattached);
        sum->punts_dropped += LOAD(n->punts_dropped);
        sum->events_dropped += LOAD(n->events_dropped);
    }
}

/* Readable when there is something for io_take. */
EXPORT int io_ready(const struct io *io) { return io->punts.ready; }

EXPORT u64 io_take(struct io *io, u8 *to, u64 room) { return punt_take(&io->punts, to, room); }

/* ------------------------------------------------------------------ the workers */

static void send_events(struct io_worker *w, const struct worker_head *head)
{
    for (u64 at = 0; at < head->nevents;) {
        struct event_head event;
        memcpy(&event, head->events + at, sizeof event);
        u32 size = (u32)sizeof event + 16 * event.count;
        if (!punt_put(&w->io->punts, PUNT_EVENT, 0, w->active.serial, head->events + at, size))
            add(&w->n.events_dropped, 1);
        at += size;
    }
}

static void send_out(struct io_worker *w, const struct out *out, u8 *data)
{
    struct io *io = w->io;
    int fate = out->port < PORTS ? LOAD(io->fates[out->port]) : LOAD(io->other);
    if (fate == FATE_NO_PORT) {
        add(&w->n.no_port, 1);
        return;
    }
    add(&w->n.transmitted, 1);
    if (fate == FATE_SEND) {
        struct channel *c = &w->channels[io->index[out->port]];
        if (LOAD(io->ports[c->port].up))
            channel_queue(w, c, data, out->len);
        else
            add(&c->n.tx_dropped, 1);
    } else if (fate == FATE_UNATTACHED) {
        add(&w->n.unattached, 1);
    } else if (!punt_put(&io->punts, PUNT_FRAME, out->port, w->active.serial, data, out->len)) {
        add(&w->n.punts_dropped, 1);
    }
}

/* Runs the frames of w->in and sends what comes out. */
static void process(struct io_worker *w)
{
    w->active.run(w->active.worker, w->in, w->count);
    if (!w->active.native)
        return;
    const struct worker_head *head = (const struct worker_head *)w->active.worker;
    add(&w->n.received, w->count);
    if (head->nevents)
        send_events(w, head);
    for (u64 i = 0; i < head->nouts; i++)
        send_out(w, &head->outs[i], head->frames + head->outs[i].at);
    for (u32 i = 0; i < w->io->nports; i++)
        if (w->channels[i].queued)
            channel_flush(w, &w->channels[i]);
}

static u32 record(const struct io_worker *w, const struct port *port)
{
    struct iovec part[BATCH];
    for (u32 i = 0; i < w->count; i++)
        part[i] = (struct iovec){(void *)w->in[i].data, w->in[i].len};
    return pcap_record(port->pcap_in, port->pcap_in_error, part, w->count);
}

/* One batch of a channel; false when nothing was there. */
static int serve(struct io_worker *w, struct channel *c)
{
    const struct port *port = &w->io->ports[c->port];
    w->count = 0;
    u32 taken = c->ring ? ring_read(w, c) : datagram_read(w, c);
    if (w->count && !LOAD(port->up)) {
        add(&c->n.rx_dropped, w->count);
    } else if (w->count) {
        u64 bytes = 0;
        for (u32 i = 0; i < w->count; i++)
            bytes += w->in[i].len;
        add(&c->n.rx_packets, w->count);
        add(&c->n.rx_bytes, bytes);
        if (port->pcap_in >= 0)
            add(&c->n.unrecorded, record(w, port));
        if (w->active.run)
            process(w);
    }
    if (c->ring)
        ring_release(c, taken);
    return taken > 0;
}

/* One batch of the tapes; false when there is none. */
static int play(struct io_worker *w)
{
    struct io *io = w->io;
    if (!__atomic_load_n(&io->playing, __ATOMIC_ACQUIRE))
        return 0;
    if (punts_wait(&io->punts)) { /* unlike an interface a file can wait */
        usleep(100);
        return 1;
    }
    if (!tapes_read(w)) {
        STORE(io->playing, 0);
        wake(io->played);
        return 0;
    }
    if (w->count && w->active.run)
        process(w);
    return 1;
}

static s64 now_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (s64)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* Sleeps until a frame arrives or somebody wakes the worker.  A socket in error (interface down or gone) may say so
 * again and again; it is looked at ten times a second then. */
static void idle(struct io_worker *w, struct pollfd *fds)
{
    u32 n = w->io->nports;
    int muted = 0;
    for (u32 i = 0; i < n; i++) {
        struct channel *c = &w->channels[i];
        if (c->muted_until && now_ms() >= c->muted_until)
            c->muted_until = 0;
        muted |= c->muted_until != 0;
        fds[i] = (struct pollfd){c->muted_until ? -1 : c->rx, POLLIN, 0};
    }
    fds[n] = (struct pollfd){w->wake, POLLIN, 0};
    int found = poll(fds, n + 1, muted ? MUTE_MS : -1);
    for (u32 i = 0; found > 0 && i < n; i++)
        if (fds[i].revents & (POLLERR | POLLHUP | POLLNVAL)) {
            struct channel *c = &w->channels[i];
            int error;
            socklen_t size = sizeof error;
            getsockopt(c->rx, SOL_SOCKET, SO_ERROR, &error, &size); /* takes it off the socket */
            c->muted_until = now_ms() + MUTE_MS;
        }
    if (found > 0 && fds[n].revents & POLLIN) {
        u64 count;
        if (read(w->wake, &count, sizeof count) < 0)
            return;
    }
}

/* The life of one worker, in the thread that calls; returns after io_stop. */
EXPORT void io_run(struct io *io, u32 number)
{
    struct io_worker *w = &io->workers[number];
    struct pollfd *fds = zeroed(io->nports + 1, sizeof *fds);
    sigset_t all;
    sigfillset(&all);
    pthread_sigmask(SIG_BLOCK, &all, NULL); /* signals are for the main thread */
    pthread_mutex_lock(&w->lock);
    w->running = 1;
    pthread_mutex_unlock(&w->lock);
    while (!LOAD(io->stop)) {
        int busy = 0;
        if (LOAD(w->fresh)) {
            pthread_mutex_lock(&w->lock);
            take_binding(w);
            pthread_mutex_unlock(&w->lock);
        }
        for (u32 i = 0; i < io->nports; i++)
            if (w->channels[i].rx >= 0)
                busy |= serve(w, &w->channels[i]);
        if (number == 0)
            busy |= play(w);
        if (!busy)
            idle(w, fds);
    }
    pthread_mutex_lock(&w->lock);
    w->running = 0;
    if (w->fresh)
        take_binding(w);
    pthread_cond_broadcast(&w->taken);
    pthread_mutex_unlock(&w->lock);
    free(fds);
}
