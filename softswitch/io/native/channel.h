/* SPDX-License-Identifier: Apache-2.0
 *
 * Frames from and to the sockets of a port.  Interfaces: a TPACKET_V2 ring shared with the kernel for what arrives,
 * read in place; sendmmsg for what leaves.  AF_UNIX sockets, for tests without privileges: recvmmsg and sendmmsg.  Pcap
 * files: see tapes.h for what arrives; what leaves is appended.
 */
#ifndef SOFTSWITCH_CHANNEL_H
#define SOFTSWITCH_CHANNEL_H

#include "io.h"
#include "pcap.h"

#include <errno.h>
#include <linux/if_packet.h>
#include <linux/virtio_net.h>
#include <string.h>

enum { VNET = sizeof(struct virtio_net_hdr) };

/* Finishes a checksum over frame[start:] whose field, at start + offset, holds the pseudo-header sum. */
static void complete_checksum(u8 *frame, u32 len, u32 start, u32 offset)
{
    u32 field = start + offset, at = start;
    u64 sum = 0;
    if (field + 2 > len)
        return;
    for (; at + 1 < len; at += 2)
        sum += (u32)frame[at] << 8 | frame[at + 1];
    if (at < len)
        sum += (u32)frame[at] << 8;
    while (sum >> 16)
        sum = (sum & 0xffff) + (sum >> 16);
    sum = ~sum & 0xffff;
    if (!sum)
        sum = 0xffff;
    frame[field] = (u8)(sum >> 8);
    frame[field + 1] = (u8)sum;
}

static struct tpacket2_hdr *slot_at(const struct channel *c, u32 i)
{
    return (struct tpacket2_hdr *)(c->ring + (u64)(i / c->per_block) * c->block_size +
                                   (u64)(i % c->per_block) * c->slot_size);
}

/* The frame of the slot, put together again, into `f`; false when it is none to process. */
static int slot_frame(struct io_worker *w, struct channel *c, const struct tpacket2_hdr *h, u32 status, struct frame *f)
{
    const struct sockaddr_ll *from = (const struct sockaddr_ll *)((const u8 *)h + TPACKET_ALIGN(sizeof *h));
    u8 *data = (u8 *)h + h->tp_mac;
    u32 len = h->tp_snaplen;
    struct virtio_net_hdr vnet;
    memcpy(&vnet, data - VNET, VNET);
    if (status & TP_STATUS_COPY) { /* too long for the slot: the whole frame is in the queue of the socket */
        u8 *whole = room(w, w->count) + 64;
        ssize_t n = recv(c->rx, whole - VNET, LONGEST, MSG_DONTWAIT | MSG_TRUNC);
        if (n < 0) /* an error of the interface that waited to be told */
            n = recv(c->rx, whole - VNET, LONGEST, MSG_DONTWAIT | MSG_TRUNC);
        if (n < VNET || n > LONGEST) {
            add(&c->n.rx_dropped, 1);
            return 0;
        }
        data = whole;
        len = (u32)n - VNET;
    } else if (len < h->tp_len) {
        add(&c->n.rx_dropped, 1);
        return 0;
    }
    if (from->sll_pkttype == PACKET_OUTGOING) /* before Linux 4.20 */
        return 0;
    if (vnet.gso_type != VIRTIO_NET_HDR_GSO_NONE)
        add(&c->n.oversized, 1);
    if (vnet.flags & VIRTIO_NET_HDR_F_NEEDS_CSUM)
        complete_checksum(data, len, vnet.csum_start, vnet.csum_offset);
    if (status & TP_STATUS_VLAN_VALID && len >= 12) { /* the tag goes where the header read above was */
        u32 tpid = status & TP_STATUS_VLAN_TPID_VALID ? h->tp_vlan_tpid : 0x8100;
        memmove(data - 4, data, 12);
        data -= 4;
        len += 4;
        data[12] = (u8)(tpid >> 8);
        data[13] = (u8)tpid;
        data[14] = (u8)(h->tp_vlan_tci >> 8);
        data[15] = (u8)h->tp_vlan_tci;
    }
    *f = (struct frame){data, len, w->io->ports[c->port].number};
    return 1;
}

/* Fills w->in; the slots that were read, which stay in use until ring_release. */
static u32 ring_read(struct io_worker *w, struct channel *c)
{
    u32 n = 0, at = c->slot;
    for (; n < BATCH; n++, at = at + 1 < c->slots ? at + 1 : 0) {
        struct tpacket2_hdr *h = slot_at(c, at);
        u32 status = __atomic_load_n(&h->tp_status, __ATOMIC_ACQUIRE);
        if (!(status & TP_STATUS_USER))
            break;
        w->count += (u32)slot_frame(w, c, h, status, &w->in[w->count]);
    }
    return n;
}

static void ring_release(struct channel *c, u32 n)
{
    for (; n; n--, c->slot = c->slot + 1 < c->slots ? c->slot + 1 : 0)
        __atomic_store_n(&slot_at(c, c->slot)->tp_status, TP_STATUS_KERNEL, __ATOMIC_RELEASE);
}

/* An empty datagram is the end of a connection, not a frame. */
static u32 datagram_read(struct io_worker *w, struct channel *c)
{
    struct mmsghdr message[BATCH];
    struct iovec part[BATCH];
    for (u32 i = 0; i < BATCH; i++) {
        part[i] = (struct iovec){room(w, i), LONGEST};
        message[i].msg_hdr = (struct msghdr){.msg_iov = &part[i], .msg_iovlen = 1};
    }
    int n = recvmmsg(c->rx, message, BATCH, MSG_DONTWAIT, NULL);
    for (int i = 0; i < n && message[i].msg_len; i++)
        w->in[w->count++] = (struct frame){room(w, (u32)i), message[i].msg_len, w->io->ports[c->port].number};
    return w->count;
}

/* Sends what is queued.  What the interface does not take now is dropped, as by any switch. */
static void channel_flush(struct io_worker *w, struct channel *c)
{
    const struct port *port = &w->io->ports[c->port];
    u32 at = 0, sent = 0;
    u64 bytes = 0;
    if (port->pcap_out >= 0)
        add(&c->n.unrecorded, pcap_record(port->pcap_out, port->pcap_out_error, c->part, c->queued));
    if (c->to_file)
        for (u32 written = pcap_write(c->tx, c->part, c->queued); sent < written; sent++)
            bytes += c->part[sent].iov_len;
    while (!c->to_file && at < c->queued) {
        int n = sendmmsg(c->tx, c->message + at, c->queued - at, MSG_DONTWAIT);
        if (n < 0 && errno == EINTR)
            continue;
        for (int i = 0; i < n; i++)
            bytes += c->part[at + (u32)i].iov_len;
        if (n > 0) {
            at += (u32)n;
            sent += (u32)n;
        } else if (errno == EMSGSIZE || errno == ENOBUFS) {
            at++; /* this one */
        } else {
            break; /* no room, or no interface */
        }
    }
    add(&c->n.tx_packets, sent);
    add(&c->n.tx_bytes, bytes);
    add(&c->n.tx_dropped, c->queued - sent);
    c->queued = 0;
}

static void channel_queue(struct io_worker *w, struct channel *c, u8 *data, u32 len)
{
    if (c->queued == BATCH)
        channel_flush(w, c);
    c->part[c->queued++] = (struct iovec){data, len};
}

#endif
