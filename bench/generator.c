/* SPDX-License-Identifier: Apache-2.0
 *
 * A closed loop over two network interfaces: `window` frames are in flight, a frame that comes back is replaced by the
 * next one.  One thread; frames leave in batches and are read from a ring shared with the kernel, so that the generator
 * is not what is measured.  Called by generator.py.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <poll.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

enum { BATCH = 64, SLOT = 2048, SLOTS = 4096, BLOCK = 1 << 18, SAMPLE = 8, PATIENCE_MS = 500 };

struct frame {
    const uint8_t *data;
    uint32_t len, pad;
};

struct result {
    uint64_t received, lost, sampled, wrong;
    double seconds;
};

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* What a reply is recognised by (FNV-1a over words; `n` is added so that zeros at the end count). */
static uint64_t hash(const uint8_t *p, uint32_t n)
{
    uint64_t h = 0xcbf29ce484222325ULL ^ n, v;
    for (; n >= 8; n -= 8, p += 8) {
        memcpy(&v, p, 8);
        h = (h ^ v) * 0x100000001b3ULL;
        h ^= h >> 32;
    }
    for (; n; n--)
        h = (h ^ *p++) * 0x100000001b3ULL;
    return h ? h : 1;
}

/* Hashes of the replies that are right: open addressing, `size` a power of two. */
struct known {
    uint64_t *slots;
    uint64_t size;
};

static int find(const struct known *k, uint64_t h, int add)
{
    for (uint64_t i = h & (k->size - 1);; i = (i + 1) & (k->size - 1)) {
        if (k->slots[i] == h)
            return 1;
        if (!k->slots[i]) {
            if (add)
                k->slots[i] = h;
            return 0;
        }
    }
}

static int open_socket(const char *name, int receive)
{
    int fd = socket(AF_PACKET, SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), version = TPACKET_V2, one = 1;
    if (fd < 0)
        return -1;
    if (receive) {
        struct tpacket_req ring = {BLOCK, SLOTS / (BLOCK / SLOT), SLOT, SLOTS};
        if (setsockopt(fd, SOL_PACKET, PACKET_VERSION, &version, sizeof version) ||
            setsockopt(fd, SOL_PACKET, PACKET_IGNORE_OUTGOING, &one, sizeof one) ||
            setsockopt(fd, SOL_PACKET, PACKET_RX_RING, &ring, sizeof ring))
            goto fail;
    }
    struct sockaddr_ll address = {.sll_family = AF_PACKET,
                                  .sll_protocol = receive ? htons(ETH_P_ALL) : 0,
                                  .sll_ifindex = (int)if_nametoindex(name)};
    if (!address.sll_ifindex || bind(fd, (struct sockaddr *)&address, sizeof address))
        goto fail;
    struct packet_mreq member = {.mr_ifindex = address.sll_ifindex, .mr_type = PACKET_MR_PROMISC};
    if (receive)
        setsockopt(fd, SOL_PACKET, PACKET_ADD_MEMBERSHIP, &member, sizeof member);
    return fd;
fail:;
    int error = errno;
    close(fd);
    errno = error;
    return -1;
}

struct loop {
    int out, in;
    uint8_t *ring;
    uint32_t slot, next; /* of the ring; of the frames */
    const struct frame *frames;
    uint32_t count;
    struct mmsghdr message[BATCH];
    struct iovec part[BATCH];
};

/* Sends the next `n` frames, at most BATCH; how many were taken. */
static uint32_t emit(struct loop *l, uint32_t n)
{
    for (uint32_t i = 0, at = l->next; i < n; i++, at = at + 1 < l->count ? at + 1 : 0) {
        l->part[i] = (struct iovec){(void *)l->frames[at].data, l->frames[at].len};
        l->message[i].msg_hdr = (struct msghdr){.msg_iov = &l->part[i], .msg_iovlen = 1};
    }
    int sent = sendmmsg(l->out, l->message, n, MSG_DONTWAIT);
    if (sent <= 0)
        return 0;
    l->next = (l->next + (uint32_t)sent) % l->count;
    return (uint32_t)sent;
}

static struct tpacket2_hdr *arrived(struct loop *l)
{
    struct tpacket2_hdr *h = (struct tpacket2_hdr *)(l->ring + (size_t)l->slot * SLOT);
    return __atomic_load_n(&h->tp_status, __ATOMIC_ACQUIRE) & TP_STATUS_USER ? h : NULL;
}

static void release(struct loop *l, struct tpacket2_hdr *h)
{
    __atomic_store_n(&h->tp_status, TP_STATUS_KERNEL, __ATOMIC_RELEASE);
    l->slot = (l->slot + 1) % SLOTS;
}

static int wait_for(struct loop *l, int ms)
{
    struct pollfd p = {l->in, POLLIN, 0};
    return poll(&p, 1, ms) > 0;
}

static uint64_t reply_hash(const struct tpacket2_hdr *h) { return hash((const uint8_t *)h + h->tp_mac, h->tp_snaplen); }

/* One frame after the other; the first reply to each is what later ones must equal.  0 when one gets no reply. */
static int learn(struct loop *l, const struct known *k)
{
    for (uint32_t i = 0; i < l->count; i++) {
        struct tpacket2_hdr *h = NULL;
        for (int attempt = 0; attempt < 4 && !h; attempt++) {
            l->next = i;
            if (emit(l, 1) && !(h = arrived(l)) && wait_for(l, PATIENCE_MS))
                h = arrived(l);
        }
        if (!h)
            return 0;
        find(k, reply_hash(h), 1);
        release(l, h);
    }
    l->next = 0;
    return 1;
}

/* Runs for `seconds`.  `slots`: room for at least twice as many hashes as frames, zeros: replies are learned, one frame
 * at a time, before the loop starts.  0, or 1 when nothing comes back, or -1 with errno. */
__attribute__((visibility("default"))) int generator_run(const char *out, const char *in, const struct frame *frames,
                                                         uint32_t count, double seconds, uint32_t window,
                                                         uint64_t *slots, uint64_t size, struct result *result)
{
    struct loop l = {.in = open_socket(in, 1), .frames = frames, .count = count};
    struct known known = {slots, size};
    int answer = -1;
    *result = (struct result){0};
    if (l.in < 0)
        return -1;
    l.out = open_socket(out, 0);
    if (l.out < 0)
        goto no_sender;
    l.ring = mmap(NULL, (size_t)SLOT * SLOTS, PROT_READ | PROT_WRITE, MAP_SHARED, l.in, 0);
    if (l.ring == MAP_FAILED)
        goto no_ring;
    answer = !learn(&l, &known);
    uint64_t flying = 0;
    double begin = now(), last = begin;
    for (double t = begin; !answer && t - begin < seconds; t = now()) {
        while (flying < window) {
            uint32_t taken = emit(&l, window - flying < BATCH ? (uint32_t)(window - flying) : BATCH);
            flying += taken;
            if (!taken)
                break;
        }
        struct tpacket2_hdr *h = arrived(&l);
        if (!h && !wait_for(&l, PATIENCE_MS)) {
            result->lost += flying;
            flying = 0;
            answer = t - last > 5;
            continue;
        }
        last = t;
        for (int i = 0; i < BATCH && (h = arrived(&l)); i++) {
            if (result->received++ % SAMPLE == 0) {
                result->sampled++;
                result->wrong += !find(&known, reply_hash(h), 0);
            }
            release(&l, h);
            flying -= flying > 0;
        }
    }
    result->seconds = now() - begin;
    munmap(l.ring, (size_t)SLOT * SLOTS);
no_ring:;
    int error = errno;
    close(l.out);
    errno = error;
no_sender:
    error = errno;
    close(l.in);
    errno = error;
    return answer;
}
