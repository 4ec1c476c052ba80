/* SPDX-License-Identifier: Apache-2.0
 *
 * Lookups in tables that the cache does not hold.  A packet asks for the places of its key and gives way to others;
 * when its turn comes the lookup reads them.  Groups are taken some at a time: most tables have few prefix lengths or
 * masks.
 */
#ifndef SOFTSWITCH_LOOKAHEAD_H
#define SOFTSWITCH_LOOKAHEAD_H

#include "tables.h"

#define LOOK_GROUPS 8

struct look {
    const struct table *table;
    struct entry *found;
    u32 first,
        end; /* the groups under way, and those of them that may have an entry, of which large ones have a hash */
    u32 may, far;
    u64 hash[LOOK_GROUPS];
    u64 key[MAX_WORDS];
};

/* Ask for the entries that the groups from `first` on may have; answers whether it takes time. */
INLINE int look_on(struct look *l, unsigned n, u32 first)
{
    const struct table *t = l->table;
    const u32 end = first + LOOK_GROUPS < t->ngroups ? first + LOOK_GROUPS : t->ngroups;
    u32 may = 0, far = 0;
    for (u32 i = first; i < end; i++) {
        const struct group *g = t->groups[i];
        const u32 bit = 1u << (i - first);
        if (is_large(t, g)) {
            u64 masked[MAX_WORDS];
            mask_key(masked, l->key, g->mask, n);
            const u64 h = l->hash[i - first] = hash_key(masked, n);
            if (!group_may(t, g, h))
                continue;
            const u8 *place = (const u8 *)entry_at(t, g, (u32)h);
            __builtin_prefetch(place);
            __builtin_prefetch(place + 64); /* the rest of it, or the next one */
            far |= bit;
        }
        may |= bit;
    }
    l->first = first;
    l->end = end;
    l->may = may;
    l->far = far;
    return far != 0;
}

INLINE int look_begin(struct look *l, const struct table *t, const u64 *k, unsigned n)
{
    l->table = t;
    l->found = NULL;
    UNROLL
    for (unsigned i = 0; i < n; i++)
        l->key[i] = k[i];
    return look_on(l, n, 0);
}

/* The hash of the masked key in group `i` of those under way. */
INLINE u64 look_hash(const struct look *l, u32 i, const u64 *masked, unsigned n)
{
    return l->far >> i & 1 ? l->hash[i] : hash_key(masked, n);
}

/* Whether the lookup is decided; if not, the next groups are under way. */
INLINE int look_exact(struct look *l, unsigned n)
{
    if (l->may)
        l->found = group_find(l->table, l->table->groups[0], l->key, n, look_hash(l, 0, l->key, n));
    return 1;
}

INLINE int look_lpm(struct look *l, unsigned n)
{
    const struct table *t = l->table;
    for (; l->may; l->may &= l->may - 1) {
        const u32 i = (u32)__builtin_ctz(l->may);
        const struct group *g = t->groups[l->first + i];
        u64 masked[MAX_WORDS];
        mask_key(masked, l->key, g->mask, n);
        if ((l->found = group_find(t, g, masked, n, look_hash(l, i, masked, n))))
            return 1;
    }
    if (l->end == t->ngroups)
        return 1;
    look_on(l, n, l->end);
    return 0;
}

INLINE int look_ternary(struct look *l, unsigned n, int ranges)
{
    const struct table *t = l->table;
    for (; l->may; l->may &= l->may - 1) {
        const u32 i = (u32)__builtin_ctz(l->may);
        const struct group *g = t->groups[l->first + i];
        u64 masked[MAX_WORDS];
        if (l->found && g->best <= l->found->data[n])
            return 1;
        mask_key(masked, l->key, g->mask, n);
        l->found = group_better(t, g, l->found, l->key, n, ranges, masked, look_hash(l, i, masked, n));
    }
    if (l->end == t->ngroups)
        return 1;
    look_on(l, n, l->end);
    return 0;
}

#endif
