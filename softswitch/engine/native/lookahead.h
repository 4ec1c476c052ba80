/* SPDX-License-Identifier: Apache-2.0
 *
 * Lookups in tables that the cache does not hold.  A packet asks for the slots of its key and gives way to others;
 * when its turn comes it asks for the rows that the slots name, and gives way again; then the lookup reads them.
 * Groups are taken some at a time: most tables have few prefix lengths or masks.
 */
#ifndef SOFTSWITCH_LOOKAHEAD_H
#define SOFTSWITCH_LOOKAHEAD_H

#include "tables.h"

#define LOOK_GROUPS 8

/* Hashes of late lookups of a worker: what they touched is in the cache, so that few flows need not give way. */
#ifndef SEEN
#define SEEN 1024
#endif

struct look {
    u32 *seen; /* [SEEN], of the worker */
    const struct table *table;
    struct row *found, *row; /* row: what the slots of the first group in `may` seem to name */
    u32 first, end; /* the groups under way, and those of them that may have a row */
    u32 may;
    u64 hash[LOOK_GROUPS];
    u64 key[MAX_WORDS];
};

/* Ask for the slots of the groups from `first` on; answers whether it takes time. */
INLINE int look_slots(struct look *l, unsigned n, u32 first)
{
    const struct table *t = l->table;
    int far = 0;
    l->row = NULL;
    l->first = first;
    l->end = first + LOOK_GROUPS < t->ngroups ? first + LOOK_GROUPS : t->ngroups;
    l->may = 0;
    for (u32 i = first; i < l->end; i++) {
        const struct group *g = t->groups[i];
        u64 masked[MAX_WORDS];
        mask_key(masked, l->key, g->mask, n);
        u64 h = hash_key(masked, n);
        l->hash[i - first] = h;
        if (!group_may(t, g, h))
            continue;
        l->may |= 1u << (i - first);
        if (g->size > NEAR_SLOTS && l->seen[(u32)h % SEEN] != (u32)(h >> 32)) {
            l->seen[(u32)h % SEEN] = (u32)(h >> 32);
            far = 1;
        }
        __builtin_prefetch(&g->slots[(u32)h & (g->size - 1)]);
    }
    return far;
}

INLINE int look_begin(struct look *l, const struct table *t, const u64 *k, unsigned n)
{
    l->table = t;
    l->found = NULL;
    UNROLL
    for (unsigned i = 0; i < n; i++)
        l->key[i] = k[i];
    return look_slots(l, n, 0);
}

/* The slots are there: ask for the rows, those of the first group that seems to have one unless ranks decide. */
static UNUSED void look_rows(struct look *l)
{
    const struct table *t = l->table;
    const u32 start = l->first;
    l->row = NULL;
    for (u32 may = l->may; may; may &= may - 1) {
        const u32 i = start + (u32)__builtin_ctz(may);
        const struct group *g = t->groups[i];
        const u64 h = l->hash[i - start];
        const u32 tag = (u32)(h >> 32) & ~t->number;
        for (u32 j = (u32)h & (g->size - 1);; j = (j + 1) & (g->size - 1)) {
            u32 s = slot_get(g, j);
            if (s == EMPTY)
                break;
            if ((s & ~t->number) == tag && s != GONE) {
                struct row *r = slot_row(t, s);
                __builtin_prefetch(r);
                if (t->kind == T_TERNARY) {
                    __builtin_prefetch((const u8 *)r + t->rest);
                    break;
                }
                l->may = may;
                l->row = r;
                return;
            }
        }
    }
    if (t->kind != T_TERNARY)
        l->may = 0;
}

/* Whether the lookup is decided; if not, the next groups are under way. */
INLINE int look_exact(struct look *l, unsigned n)
{
    const struct table *t = l->table;
    if (l->row && same_key(l->row->data, l->key, n))
        l->found = l->row;
    else if (l->may)
        l->found = group_find(t, t->groups[0], l->key, n, l->hash[0]);
    return 1;
}

INLINE int look_lpm(struct look *l, unsigned n)
{
    const struct table *t = l->table;
    for (; l->may; l->may &= l->may - 1) {
        const u32 i = l->first + (u32)__builtin_ctz(l->may);
        const struct group *g = t->groups[i];
        u64 masked[MAX_WORDS];
        mask_key(masked, l->key, g->mask, n);
        if (l->row && same_key(l->row->data, masked, n)) {
            l->found = l->row;
            return 1;
        }
        l->row = NULL;
        if ((l->found = group_find(t, g, masked, n, l->hash[i - l->first])))
            return 1;
    }
    if (l->end == t->ngroups)
        return 1;
    look_slots(l, n, l->end);
    return 0;
}

INLINE int look_ternary(struct look *l, unsigned n, int ranges)
{
    const struct table *t = l->table;
    for (; l->may; l->may &= l->may - 1) {
        const u32 i = l->first + (u32)__builtin_ctz(l->may);
        if (l->found && t->groups[i]->best <= rest_of(t, l->found)->rank)
            return 1;
        l->found = group_better(t, t->groups[i], l->found, l->key, n, ranges);
    }
    if (l->end == t->ngroups)
        return 1;
    look_slots(l, n, l->end);
    return 0;
}

#endif
