/* SPDX-License-Identifier: Apache-2.0
 *
 * Tables as packets see them.  Rows that share a mask are in a hash over the masked key: one for an exact table,
 * one per prefix length or mask for the others.
 */
#ifndef SOFTSWITCH_TABLES_H
#define SOFTSWITCH_TABLES_H

#include "memory.h"
#include "meters.h"

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

/* A table entry.  Rows start at a cache line, and what a hit reads comes first. */
struct row {
    struct cells cells;
    u32 action, is_group;
    u64 data[]; /* key words, ranges (low, high), arguments */
};

/* What follows the arguments. */
struct rest {
    struct row *next; /* same masked key, lower rank */
    u64 rank;
    void *target; /* member or selection of a table with an action profile */
    struct meter *meter;
};

/* Rows that share a mask.  A slot is the number of the row and, above it, upper bits of the hash. */
struct group {
    u32 *slots;
    u64 *filter; /* see group_may; NULL for few rows */
    u32 size, used; /* slots and those that are not empty */
    u32 count, prefix;
    u64 best; /* upper bound of the ranks */
    u64 mask[MAX_WORDS];
};

enum { T_EXACT, T_LPM, T_TERNARY };

struct table {
    struct group **groups;
    struct row *miss; /* row 0 */
    struct rows rows;
    u32 ngroups, large; /* large: likely not in the cache */
    u32 number, rest;   /* bits of a slot that are the number; where the rest of a row is */
    u32 kind, words, nranges, args_size;
    u32 range_shift[8], range_width[8];
    u64 count, slot_bytes;
};

#define EMPTY 0u
#define GONE 1u /* row 1 does not exist */

/* Bytes of memory from which a packet waits for the slots and rows of a table while others go on. */
#ifndef LARGE_TABLE
#define LARGE_TABLE (192 << 10)
#endif

static u64 hash_seed = 0x9E3779B97F4A7C15ULL;

INLINE u64 mix(u64 a, u64 b)
{
    u128 p = (u128)a * b;
    return (u64)p ^ (u64)(p >> 64);
}

/* Keys have few words, their number is mostly a constant. */
#if defined __clang__
#define UNROLL _Pragma("clang loop unroll(full)")
#else
#define UNROLL _Pragma("GCC unroll 16")
#endif

INLINE u64 hash_key(const u64 *k, unsigned n)
{
    u64 h = hash_seed;
    UNROLL
    for (unsigned i = 0; i < n; i++)
        h = mix(h ^ k[i], 0xD6E8FEB86659FD93ULL + 2 * i);
    return h ^ h >> 29;
}

INLINE int same_key(const u64 *a, const u64 *b, unsigned n)
{
    u64 d = 0;
    UNROLL
    for (unsigned i = 0; i < n; i++)
        d |= a[i] ^ b[i];
    return !d;
}

INLINE void mask_key(u64 *masked, const u64 *k, const u64 *mask, unsigned n)
{
    UNROLL
    for (unsigned i = 0; i < n; i++)
        masked[i] = k[i] & mask[i];
}

INLINE struct rest *rest_of(const struct table *t, const struct row *r) { return (struct rest *)((u8 *)r + t->rest); }

INLINE struct row *slot_row(const struct table *t, u32 slot) { return row_at(&t->rows, slot & t->number); }

/* A row may be put into its slot while packets run: whoever sees the slot sees the row. */
INLINE u32 slot_get(const struct group *g, u32 i) { return __atomic_load_n(&g->slots[i], __ATOMIC_ACQUIRE); }

/* A large group has a Bloom filter, two bits of one word for a row: most keys that it has no row for, such as those of
 * other prefix lengths, are told without a look at the slots.  With few groups it would cost more than those looks. */
#ifndef FEW_GROUPS
#define FEW_GROUPS 4
#endif
#ifndef NEAR_SLOTS
#define NEAR_SLOTS (1u << 12)
#endif
#define FILTER_SLOTS (1u << 18)

INLINE u64 *filter_word(const struct group *g, u64 h) { return &g->filter[(h >> 20) & (g->size / 8 - 1)]; }
INLINE u64 filter_bits(u64 h) { return 1ULL << (h >> 58) | 1ULL << (h >> 52 & 63); }

INLINE int group_may(const struct table *t, const struct group *g, u64 h)
{
    return t->ngroups <= FEW_GROUPS || !g->filter ||
           !(filter_bits(h) & ~__atomic_load_n(filter_word(g, h), __ATOMIC_RELAXED));
}

INLINE struct row *group_find(const struct table *t, const struct group *g, const u64 *k, unsigned n, u64 h)
{
    const u32 tag = (u32)(h >> 32) & ~t->number;
    for (u32 i = (u32)h & (g->size - 1);; i = (i + 1) & (g->size - 1)) {
        u32 s = slot_get(g, i);
        if (s == EMPTY)
            return NULL;
        if ((s & ~t->number) == tag && s != GONE) {
            struct row *r = slot_row(t, s);
            if (same_key(r->data, k, n))
                return r;
        }
    }
}

INLINE struct row *lookup_exact(const struct table *t, const u64 *k, unsigned n)
{
    return t->ngroups ? group_find(t, t->groups[0], k, n, hash_key(k, n)) : NULL;
}

INLINE struct row *lookup_lpm(const struct table *t, const u64 *k, unsigned n)
{
    u64 masked[MAX_WORDS];
    for (u32 i = 0; i < t->ngroups; i++) {
        const struct group *g = t->groups[i];
        mask_key(masked, k, g->mask, n);
        u64 h = hash_key(masked, n);
        struct row *r = group_may(t, g, h) ? group_find(t, g, masked, n, h) : NULL;
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

/* The better of `found` and what a group holds for the key. */
INLINE struct row *group_better(const struct table *t, const struct group *g, struct row *found, const u64 *k,
                                unsigned n, int ranges)
{
    u64 masked[MAX_WORDS];
    mask_key(masked, k, g->mask, n);
    for (struct row *r = group_find(t, g, masked, n, hash_key(masked, n)); r; r = rest_of(t, r)->next) {
        if (found && rest_of(t, r)->rank <= rest_of(t, found)->rank)
            break;
        if (!ranges || in_ranges(t, r, k, n))
            return r;
    }
    return found;
}

INLINE struct row *lookup_ternary(const struct table *t, const u64 *k, unsigned n, int ranges)
{
    struct row *found = NULL;
    for (u32 i = 0; i < t->ngroups; i++) {
        if (found && t->groups[i]->best <= rest_of(t, found)->rank)
            break;
        found = group_better(t, t->groups[i], found, k, n, ranges);
    }
    return found;
}

#endif
