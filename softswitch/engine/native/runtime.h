/* SPDX-License-Identifier: Apache-2.0
 *
 * What every generated pipeline shares: numbers, memory, tables, meters, replication, queues.
 * The generated file defines NTABLES ... and struct pkt, and includes this one, then externs.h.
 *
 * Locking: packets run with `lock` held for reading, in chunks; every change of tables, profiles, meters or
 * replication holds it for writing.  Counters are added to with relaxed atomics at the end of a chunk.
 */
#ifndef SOFTSWITCH_RUNTIME_H
#define SOFTSWITCH_RUNTIME_H

#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>

#include "abi.h"

typedef unsigned __int128 u128;
typedef int8_t s8;
typedef int16_t s16;
typedef int32_t s32;
typedef int64_t s64;
typedef __int128 s128;

#define INLINE static inline __attribute__((always_inline, unused))
#define UNUSED __attribute__((unused))
#define U128(hi, lo) ((u128)(hi) << 64 | (u128)(lo))

#define SWAP(a, b) do { __typeof__(a) swap_ = (a); (a) = (b); (b) = swap_; } while (0)

/* What a piece of program answers. */
enum { GO_ON = 0, LEAVE = 1, FAULT = 2, ASSERTION = 3 };

/* ------------------------------------------------------------------ numbers */

INLINE u64 shl_u64(u64 x, u64 n) { return n > 63 ? 0 : x << n; }
INLINE u128 shl_u128(u128 x, u64 n) { return n > 127 ? 0 : x << n; }
INLINE u64 shr_u64(u64 x, u64 n) { return n > 63 ? 0 : x >> n; }
INLINE s64 shr_s64(s64 x, u64 n) { return x >> (n > 63 ? 63 : n); }
INLINE u128 shr_u128(u128 x, u64 n) { return n > 127 ? 0 : x >> n; }
INLINE s128 shr_s128(s128 x, u64 n) { return x >> (n > 127 ? 127 : n); }
INLINE s64 sx64(u64 x, unsigned width) { return (s64)(x << (64 - width)) >> (64 - width); }
INLINE s128 sx128(u128 x, unsigned width) { return (s128)(x << (128 - width)) >> (128 - width); }

INLINE u64 ld_be(const u8 *p, unsigned size)
{
    switch (size) {
    case 1: return p[0];
    case 2: { u16 v; memcpy(&v, p, 2); return __builtin_bswap16(v); }
    case 4: { u32 v; memcpy(&v, p, 4); return __builtin_bswap32(v); }
    case 8: { u64 v; memcpy(&v, p, 8); return __builtin_bswap64(v); }
    default: { u64 v = 0; for (unsigned i = 0; i < size; i++) v = v << 8 | p[i]; return v; }
    }
}

INLINE u128 ld_be128(const u8 *p, unsigned size)
{
    if (size == 16)
        return U128(ld_be(p, 8), ld_be(p + 8, 8));
    u128 v = 0;
    for (unsigned i = 0; i < size; i++)
        v = v << 8 | p[i];
    return v;
}

INLINE void st_be(u8 *p, u64 value, unsigned size)
{
    switch (size) {
    case 1: p[0] = (u8)value; break;
    case 2: { u16 v = __builtin_bswap16((u16)value); memcpy(p, &v, 2); break; }
    case 4: { u32 v = __builtin_bswap32((u32)value); memcpy(p, &v, 4); break; }
    case 8: { u64 v = __builtin_bswap64(value); memcpy(p, &v, 8); break; }
    default: for (unsigned i = size; i-- > 0; value >>= 8) p[i] = (u8)value;
    }
}

INLINE void st_be128(u8 *p, u128 value, unsigned size)
{
    if (size == 16) {
        st_be(p, (u64)(value >> 64), 8);
        st_be(p + 8, (u64)value, 8);
        return;
    }
    for (unsigned i = size; i-- > 0; value >>= 8)
        p[i] = (u8)value;
}

/* `width` bits of `value` at bit position `at` of a zeroed buffer. */
static UNUSED void put_bits(u8 *p, u64 at, u128 value, unsigned width)
{
    for (unsigned i = 0; i < width; i++)
        if (value >> (width - 1 - i) & 1)
            p[(at + i) >> 3] |= (u8)(0x80 >> ((at + i) & 7));
}

/* A variable-length field: bytes that somebody else owns. */
struct vb {
    const u8 *p;
    u32 n;
};

static UNUSED u8 zeros[65536];

/* ------------------------------------------------------------------ memory of one packet */

struct chunk {
    struct chunk *next;
    size_t size, used;
};

struct arena {
    struct chunk *first;
};

static void *arena_take(struct arena *a, size_t size)
{
    size = (size + 63) & ~(size_t)63;
    struct chunk *c = a->first;
    if (!c || c->used + size > c->size) {
        size_t room = size > (1u << 18) ? size : 1u << 18;
        c = aligned_alloc(64, ((sizeof *c + 63) & ~(size_t)63) + ((room + 63) & ~(size_t)63));
        if (!c)
            abort();
        c->size = room;
        c->used = 0;
        c->next = a->first;
        a->first = c;
    }
    void *p = (u8 *)c + ((sizeof *c + 63) & ~(size_t)63) + c->used;
    c->used += size;
    return p;
}

static void arena_reset(struct arena *a, int all)
{
    while (a->first && (all || a->first->next)) {
        struct chunk *c = a->first;
        a->first = c->next;
        free(c);
    }
    if (a->first)
        a->first->used = 0;
}

/* Large tables are read at random: huge pages save most of the misses of the address translation. */
#define HUGE_PAGE (2u << 20)

static void *big_alloc(size_t size)
{
    size_t align = size >= HUGE_PAGE ? HUGE_PAGE : 64;
    size = (size + align - 1) & ~(align - 1);
    void *p = aligned_alloc(align, size);
    if (!p)
        abort();
#ifdef MADV_HUGEPAGE
    if (align == HUGE_PAGE)
        madvise(p, size, MADV_HUGEPAGE);
#endif
    memset(p, 0, size);
    return p;
}

/* Rows of one table, close together; each chunk has twice the rows of the one before, up to a huge page. */
struct slab_chunk {
    struct slab_chunk *next;
    u8 pad[56];
};

struct slab {
    struct slab_chunk *chunks;
    void *free;
    u8 *fresh, *end;
    u64 unit, next_size;
};

static void *slab_take(struct slab *s)
{
    if (s->free) {
        void *p = s->free;
        memcpy(&s->free, p, sizeof s->free);
        memset(p, 0, s->unit);
        return p;
    }
    if (s->fresh == s->end) {
        u64 count = s->next_size ? s->next_size : 8;
        u64 most = HUGE_PAGE / s->unit;
        u64 size = sizeof(struct slab_chunk) + count * s->unit;
        if (count >= most) {
            size = HUGE_PAGE;
            count = (HUGE_PAGE - sizeof(struct slab_chunk)) / s->unit;
        } else {
            s->next_size = 2 * count;
        }
        struct slab_chunk *c = big_alloc(size);
        c->next = s->chunks;
        s->chunks = c;
        s->fresh = (u8 *)(c + 1);
        s->end = s->fresh + count * s->unit;
    }
    void *p = s->fresh;
    s->fresh += s->unit;
    return p;
}

static void slab_give(struct slab *s, void *p)
{
    memcpy(p, &s->free, sizeof s->free);
    s->free = p;
}

static void slab_clear(struct slab *s)
{
    while (s->chunks) {
        struct slab_chunk *c = s->chunks;
        s->chunks = c->next;
        free(c);
    }
    *s = (struct slab){.unit = s->unit};
}

/* ------------------------------------------------------------------ meters */

struct bucket {
    double per_us;
    s64 burst, tokens, issued;
};

struct meter {
    u32 busy, count, unit_packets, pad;
    s64 origin_us;
    struct bucket bucket[4]; /* peak first */
};

static UNUSED unsigned meter_execute(struct meter *m, u32 length, s64 now_us)
{
    unsigned color = 0;
    if (!m)
        return 0;
    while (__atomic_exchange_n(&m->busy, 1, __ATOMIC_ACQUIRE))
        ;
    s64 elapsed = now_us - m->origin_us, need = m->unit_packets ? 1 : (s64)length;
    for (unsigned i = 0; i < m->count; i++) {
        struct bucket *b = &m->bucket[i];
        s64 issued = (s64)((double)elapsed * b->per_us), tokens = b->tokens + issued - b->issued;
        b->issued = issued;
        if (tokens > b->burst)
            tokens = b->burst;
        if (tokens < need) {
            b->tokens = tokens;
            color = m->count - i;
            break;
        }
        b->tokens = tokens - need;
    }
    __atomic_store_n(&m->busy, 0, __ATOMIC_RELEASE);
    return color;
}

/* ------------------------------------------------------------------ tables */

#define MAX_WORDS 16

struct member {
    u32 action, pad;
    u8 args[];
};

struct selection {
    u32 count, pad;
    struct member **slots;
};

struct cells {
    u64 packets, bytes, last_hit_ns;
};

/* A table entry.  What a lookup without counters touches starts at a cache line: action, key, arguments. */
struct row {
    struct cells cells;
    struct row *next; /* same masked key, lower rank */
    u64 rank;
    void *target; /* member or selection of a table with an action profile */
    struct meter *meter;
    u64 pad;
    u32 action, is_group;
    u64 data[]; /* key words, ranges (low, high), arguments */
};

/* Rows that share a mask: a hash over the masked key.  A slot is a pointer with 16 bits of the hash on top. */
struct group {
    u64 *slots;
    u32 size, used; /* slots and those that are not empty */
    u32 count, prefix;
    u64 best; /* upper bound of the ranks */
    u64 mask[MAX_WORDS];
};

enum { T_EXACT, T_LPM, T_TERNARY };

struct table {
    struct group **groups;
    struct row *miss;
    struct slab rows;
    u32 ngroups, kind, words, nranges, args_size, pad;
    u32 range_shift[8], range_width[8];
};

#define SLOT_POINTER 0x0000ffffffffffffULL
#define GONE 1ULL

static u64 hash_seed = 0x9E3779B97F4A7C15ULL;

INLINE u64 mix(u64 a, u64 b)
{
    u128 p = (u128)a * b;
    return (u64)p ^ (u64)(p >> 64);
}

INLINE u64 hash_key(const u64 *k, unsigned n)
{
    u64 h = hash_seed;
    for (unsigned i = 0; i < n; i++)
        h = mix(h ^ k[i], 0xD6E8FEB86659FD93ULL + 2 * i);
    return h ^ h >> 29;
}

INLINE int same_key(const u64 *a, const u64 *b, unsigned n)
{
    u64 d = 0;
    for (unsigned i = 0; i < n; i++)
        d |= a[i] ^ b[i];
    return !d;
}

INLINE struct row *group_find(const struct group *g, const u64 *k, unsigned n)
{
    u64 h = hash_key(k, n);
    for (u32 i = (u32)h & (g->size - 1);; i = (i + 1) & (g->size - 1)) {
        u64 s = g->slots[i];
        if (!s)
            return NULL;
        if (s >> 48 == h >> 48 && s != GONE) {
            struct row *r = (struct row *)(s & SLOT_POINTER);
            if (same_key(r->data, k, n))
                return r;
        }
    }
}

INLINE struct row *lookup_exact(const struct table *t, const u64 *k, unsigned n)
{
    return t->ngroups ? group_find(t->groups[0], k, n) : NULL;
}

INLINE struct row *lookup_lpm(const struct table *t, const u64 *k, unsigned n)
{
    u64 masked[MAX_WORDS];
    for (u32 i = 0; i < t->ngroups; i++) {
        const struct group *g = t->groups[i];
        for (unsigned w = 0; w < n; w++)
            masked[w] = k[w] & g->mask[w];
        struct row *r = group_find(g, masked, n);
        if (r)
            return r;
    }
    return NULL;
}

static UNUSED int in_ranges(const struct table *t, const struct row *r, const u64 *k, unsigned n)
{
    const u64 *range = r->data + n;
    for (u32 i = 0; i < t->nranges; i++, range += 2) {
        u32 shift = t->range_shift[i], width = t->range_width[i], word = shift >> 6, bit = shift & 63;
        u64 v = k[word] >> bit;
        if (bit && word + 1 < n)
            v |= k[word + 1] << (64 - bit);
        if (width < 64)
            v &= (1ULL << width) - 1;
        if (v < range[0] || v > range[1])
            return 0;
    }
    return 1;
}

INLINE struct row *lookup_ternary(const struct table *t, const u64 *k, unsigned n, int ranges)
{
    u64 masked[MAX_WORDS];
    struct row *found = NULL;
    for (u32 i = 0; i < t->ngroups; i++) {
        const struct group *g = t->groups[i];
        if (found && g->best <= found->rank)
            break;
        for (unsigned w = 0; w < n; w++)
            masked[w] = k[w] & g->mask[w];
        for (struct row *r = group_find(g, masked, n); r; r = r->next) {
            if (found && r->rank <= found->rank)
                break;
            if (!ranges || in_ranges(t, r, k, n)) {
                found = r;
                break;
            }
        }
    }
    return found;
}

static void group_put(struct group *g, u64 h, struct row *r)
{
    u32 i = (u32)h & (g->size - 1);
    while (g->slots[i] > GONE)
        i = (i + 1) & (g->size - 1);
    if (!g->slots[i])
        g->used++;
    g->slots[i] = (u64)(uintptr_t)r | h >> 48 << 48;
}

static void group_room(struct group *g, unsigned n)
{
    if (((u64)g->used + 1) * 3 <= (u64)g->size * 2)
        return;
    u32 old = g->size, size = 16;
    u64 *slots = g->slots;
    while (size < 2 * (g->count + 1))
        size *= 2;
    g->slots = big_alloc(size * sizeof *g->slots);
    g->size = size;
    g->used = 0;
    for (u32 i = 0; i < old; i++)
        if (slots[i] > GONE) {
            struct row *r = (struct row *)(slots[i] & SLOT_POINTER);
            group_put(g, hash_key(r->data, n), r);
        }
    free(slots);
}

static u64 *group_slot(struct group *g, const u64 *k, unsigned n)
{
    u64 h = hash_key(k, n);
    for (u32 i = (u32)h & (g->size - 1);; i = (i + 1) & (g->size - 1)) {
        u64 s = g->slots[i];
        if (!s)
            return NULL;
        if (s > GONE && same_key(((struct row *)(s & SLOT_POINTER))->data, k, n))
            return &g->slots[i];
    }
}

static int group_order(const void *left, const void *right)
{
    const struct group *a = *(struct group *const *)left, *b = *(struct group *const *)right;
    if (a->prefix != b->prefix)
        return a->prefix > b->prefix ? -1 : 1;
    return a->best > b->best ? -1 : a->best < b->best;
}

static struct group *table_group(struct table *t, const u64 *mask, int create, u32 prefix)
{
    for (u32 i = 0; i < t->ngroups; i++)
        if (same_key(t->groups[i]->mask, mask, t->words))
            return t->groups[i];
    if (!create)
        return NULL;
    struct group *g = calloc(1, sizeof *g);
    t->groups = realloc(t->groups, (t->ngroups + 1) * sizeof *t->groups);
    if (!g || !t->groups)
        abort();
    memcpy(g->mask, mask, t->words * sizeof *mask);
    g->prefix = prefix;
    group_room(g, t->words);
    t->groups[t->ngroups++] = g;
    qsort(t->groups, t->ngroups, sizeof *t->groups, group_order);
    return g;
}

static void table_add(struct table *t, struct row *r, const u64 *mask, u32 prefix)
{
    struct group *g = table_group(t, mask, 1, prefix);
    u64 *slot = group_slot(g, r->data, t->words);
    g->count++;
    if (slot) { /* the chain of this key, best rank first */
        struct row *head = (struct row *)(*slot & SLOT_POINTER), **at = &head;
        while (*at && (*at)->rank > r->rank)
            at = &(*at)->next;
        r->next = *at;
        *at = r;
        *slot = (u64)(uintptr_t)head | *slot >> 48 << 48;
    } else {
        group_room(g, t->words);
        group_put(g, hash_key(r->data, t->words), r);
    }
    if (r->rank > g->best) {
        g->best = r->rank;
        if (t->kind == T_TERNARY)
            qsort(t->groups, t->ngroups, sizeof *t->groups, group_order);
    }
}

static void table_remove(struct table *t, struct row *r, const u64 *mask)
{
    struct group *g = table_group(t, mask, 0, 0);
    u64 *slot = g ? group_slot(g, r->data, t->words) : NULL;
    if (!slot)
        return;
    struct row *head = (struct row *)(*slot & SLOT_POINTER), **at = &head;
    while (*at && *at != r)
        at = &(*at)->next;
    if (*at)
        *at = r->next;
    *slot = head ? (u64)(uintptr_t)head | *slot >> 48 << 48 : GONE;
    if (--g->count)
        return;
    u32 i = 0;
    while (t->groups[i] != g)
        i++;
    memmove(t->groups + i, t->groups + i + 1, (t->ngroups - i - 1) * sizeof *t->groups);
    t->ngroups--;
    free(g->slots);
    free(g);
}

static void row_free(struct table *t, struct row *r)
{
    if (!r)
        return;
    free(r->meter);
    slab_give(&t->rows, r);
}

static void table_clear(struct table *t)
{
    for (u32 i = 0; i < t->ngroups; i++) {
        struct group *g = t->groups[i];
        for (u32 j = 0; j < g->size; j++)
            for (struct row *r = g->slots[j] > GONE ? (struct row *)(g->slots[j] & SLOT_POINTER) : NULL; r;) {
                free(r->meter);
                r = r->next;
            }
        free(g->slots);
        free(g);
    }
    free(t->groups);
    t->groups = NULL;
    t->ngroups = 0;
}

/* ------------------------------------------------------------------ the switch */

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
    struct table tables[NTABLES + 1];
    u64 *packets[NCOUNTERS + 1], *bytes[NCOUNTERS + 1];
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

#define PENDING 512

struct sum {
    u64 *at, n;
};

struct worker {
    struct worker_head head; /* read by Python: engine.py, class Worker */
    u64 outs_room, frames_room, frames_used, events_room;
    struct sw *sw;
    struct arena arena;
    u64 random;
    struct pkt *pkt;
    u32 nsums, pad;
    struct sum sums[PENDING];
    struct queue egress, ingress;
};

/* Additions to counters wait until the chunk of packets ends: an atomic addition to memory that is not in the
 * cache would hold up everything behind it; by then the line has arrived. */
static void count_all(struct worker *w)
{
    for (u32 i = 0; i < w->nsums; i++)
        __atomic_fetch_add(w->sums[i].at, w->sums[i].n, __ATOMIC_RELAXED);
    w->nsums = 0;
}

INLINE UNUSED void count(struct worker *w, u64 *at, u64 n)
{
    __builtin_prefetch(at, 1);
    if (w->nsums == PENDING)
        count_all(w);
    w->sums[w->nsums++] = (struct sum){at, n};
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

static void *grow(void *p, u64 *room, u64 need, size_t unit)
{
    if (need <= *room)
        return p;
    while (*room < need)
        *room = *room ? *room * 2 : 4096;
    p = realloc(p, *room * unit);
    if (!p)
        abort();
    return p;
}

/* Room for a frame of at most `size` bytes behind those already there. */
INLINE u8 *frame_room(struct worker *w, u64 size)
{
    if (w->frames_used + size > w->frames_room)
        w->head.frames = grow(w->head.frames, &w->frames_room, w->frames_used + size, 1);
    return w->head.frames + w->frames_used;
}

INLINE void frame_out(struct worker *w, u32 port, u32 len)
{
    if (w->head.nouts == w->outs_room)
        w->head.outs = grow(w->head.outs, &w->outs_room, w->head.nouts + 1, sizeof *w->head.outs);
    w->head.outs[w->head.nouts++] = (struct out){port, len, w->frames_used};
    w->frames_used += (len + 7) & ~7u;
    w->head.transmitted++;
}

static UNUSED void event(struct worker *w, u32 kind, u32 number, u32 count, const u128 *values)
{
    const struct event_head head = {kind, number, count, 0};
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
