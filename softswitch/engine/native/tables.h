/* SPDX-License-Identifier: Apache-2.0
 *
 * Tables as packets see them.  Entries that share a mask are in a hash over the masked key: one for an exact table,
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

/* What stays in its place as long as an entry lives: Python reads it, sums of counters point to it. */
struct row {
    struct cells cells;
    struct meter *meter;
};

/* What a packet reads of an entry, at the place of its hash or soon behind, so that one look at memory finds it.  It
 * moves when its group grows.  In a table with an action profile the action says whether the target, its only argument,
 * is a group. */
struct entry {
    u32 row, action; /* row: its number, EMPTY or GONE */
    u64 data[];      /* key words, rank (ternary only), ranges (low, high), arguments */
};

enum { TO_MEMBER, TO_GROUP };

#define EMPTY 0
#define GONE 1 /* row 1 does not exist, and row 0 is that of a miss */

/* Entries that share a mask: an open hash of their masked keys. */
struct group {
    u8 *entries;
    u64 *filter;    /* see group_may; NULL for few entries, and very many */
    u32 size, used; /* places and those that are not empty */
    u32 count, prefix;
    u64 best; /* upper bound of the ranks */
    u64 mask[MAX_WORDS];
};

enum { T_EXACT, T_LPM, T_TERNARY };

struct table {
    struct group **groups;
    struct entry *miss, *draft; /* draft: of the writer */
    struct rows rows;
    u32 ngroups, large; /* large: likely not in the cache */
    u32 kind, words, nranges, args_size;
    u32 stride, pad; /* from one entry to the next */
    u32 range_shift[8], range_width[8];
    u64 count, group_bytes;
};

/* Bytes of memory from which a packet waits for the entries of a table, and of a group, while others go on. */
#ifndef LARGE_TABLE
#define LARGE_TABLE (512 << 10)
#endif
#ifndef LARGE_GROUP
#define LARGE_GROUP (64 << 10)
#endif

INLINE int is_large(const struct table *t, const struct group *g) { return (u64)g->size * t->stride > LARGE_GROUP; }

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

INLINE UNUSED struct row *row_of(const struct table *t, const struct entry *e)
{
    return row_at(&t->rows, e->row);
}

/* An entry may be put into its place while packets run: whoever sees the number of the row sees the rest. */
INLINE u32 entry_row(const struct entry *e) { return __atomic_load_n(&e->row, __ATOMIC_ACQUIRE); }

INLINE struct entry *entry_at(const struct table *t, const struct group *g, u32 place)
{
    return (struct entry *)(g->entries + (size_t)(place & (g->size - 1)) * t->stride);
}

/* A large group has a Bloom filter, two bits of one word for an entry: most keys that it has none for, such as those of
 * other prefix lengths, are told without a look at the entries.  With few groups it would cost more than those looks,
 * and one that the cache does not hold would have to be waited for as well. */
#ifndef FEW_GROUPS
#define FEW_GROUPS 4
#endif
#define FILTER_LIMIT (256 << 10)

INLINE u32 filter_bytes(const struct group *g) { return g->size / 2; }
INLINE u64 *filter_word(const struct group *g, u64 h) { return &g->filter[(h >> 20) & (filter_bytes(g) / 8 - 1)]; }
INLINE u64 filter_bits(u64 h) { return 1ULL << (h >> 58) | 1ULL << (h >> 52 & 63); }

INLINE int group_may(const struct table *t, const struct group *g, u64 h)
{
    return t->ngroups <= FEW_GROUPS || !g->filter ||
           !(filter_bits(h) & ~__atomic_load_n(filter_word(g, h), __ATOMIC_RELAXED));
}

INLINE u32 args_word(const struct table *t) { return t->words + (t->kind == T_TERNARY) + 2 * t->nranges; }

INLINE struct entry *group_find(const struct table *t, const struct group *g, const u64 *k, unsigned n, u64 h)
{
    for (u32 place = (u32)h;; place++) {
        struct entry *e = entry_at(t, g, place);
        u32 row = entry_row(e);
        if (row == EMPTY)
            return NULL;
        if (row != GONE && same_key(e->data, k, n))
            return e;
    }
}

INLINE struct entry *lookup_exact(const struct table *t, const u64 *k, unsigned n)
{
    return t->ngroups ? group_find(t, t->groups[0], k, n, hash_key(k, n)) : NULL;
}

INLINE struct entry *lookup_lpm(const struct table *t, const u64 *k, unsigned n)
{
    u64 masked[MAX_WORDS];
    for (u32 i = 0; i < t->ngroups; i++) {
        const struct group *g = t->groups[i];
        mask_key(masked, k, g->mask, n);
        const u64 h = hash_key(masked, n);
        struct entry *e = group_may(t, g, h) ? group_find(t, g, masked, n, h) : NULL;
        if (e)
            return e;
    }
    return NULL;
}

static UNUSED int in_ranges(const struct table *t, const struct entry *e, const u64 *k, unsigned n)
{
    const u64 *range = e->data + n + 1;
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

/* The best of `found` and what a group holds for the key: entries of one masked key are in different places. */
INLINE struct entry *group_better(const struct table *t, const struct group *g, struct entry *found, const u64 *k,
                                  unsigned n, int ranges, const u64 *masked, u64 h)
{
    for (u32 place = (u32)h;; place++) {
        struct entry *e = entry_at(t, g, place);
        u32 row = entry_row(e);
        if (row == EMPTY)
            return found;
        if (row != GONE && same_key(e->data, masked, n) && !(found && e->data[n] <= found->data[n]) &&
            (!ranges || in_ranges(t, e, k, n)))
            found = e;
    }
}

INLINE struct entry *lookup_ternary(const struct table *t, const u64 *k, unsigned n, int ranges)
{
    struct entry *found = NULL;
    u64 masked[MAX_WORDS];
    for (u32 i = 0; i < t->ngroups; i++) {
        const struct group *g = t->groups[i];
        if (found && g->best <= found->data[n])
            break;
        mask_key(masked, k, g->mask, n);
        const u64 h = hash_key(masked, n);
        if (group_may(t, g, h))
            found = group_better(t, g, found, k, n, ranges, masked, h);
    }
    return found;
}

#endif
