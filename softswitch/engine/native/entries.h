/* SPDX-License-Identifier: Apache-2.0
 *
 * Changes of tables.  There is one writer at a time (Python holds the device's lock).  A new row of an exact or LPM
 * table becomes visible with one store, beside packets; everything else holds the lock that packets share.
 */
#ifndef SOFTSWITCH_ENTRIES_H
#define SOFTSWITCH_ENTRIES_H

#include <pthread.h>

#include "tables.h"

static u64 *row_key(const struct table *t, u32 i) { return ((struct row *)row_at(&t->rows, i))->data; }

INLINE u32 tagged(const struct table *t, u32 row, u64 h) { return ((u32)(h >> 32) & ~t->number) | row; }

static void slot_put(struct group *g, u64 h, u32 slot)
{
    u32 i = (u32)h & (g->size - 1);
    while (g->slots[i] > GONE)
        i = (i + 1) & (g->size - 1);
    if (g->slots[i] == EMPTY)
        g->used++;
    if (g->filter)
        __atomic_fetch_or(filter_word(g, h), filter_bits(h), __ATOMIC_RELAXED);
    __atomic_store_n(&g->slots[i], slot, __ATOMIC_RELEASE);
}

static u64 group_bytes(const struct group *g) { return 4ULL * g->size + (g->filter ? g->size : 0); }

/* Room for one more row.  The new slots are filled while packets use the old ones. */
static void group_room(struct table *t, struct group *g, pthread_rwlock_t *lock)
{
    if (((u64)g->used + 1) * 8 <= (u64)g->size * 7)
        return;
    const struct group old = *g;
    struct group grown = {.size = 16};
    while ((u64)grown.size < 3 * ((u64)g->count + 1) / 2)
        grown.size *= 2;
    grown.slots = big_alloc(grown.size * sizeof *grown.slots);
    if (t->kind != T_EXACT && grown.size > NEAR_SLOTS && grown.size <= FILTER_SLOTS)
        grown.filter = big_alloc(grown.size);
    for (u32 i = 0; i < old.size; i++)
        if (old.slots[i] > GONE)
            slot_put(&grown, hash_key(row_key(t, old.slots[i] & t->number), t->words), old.slots[i]);
    t->slot_bytes += group_bytes(&grown) - group_bytes(&old);
    pthread_rwlock_wrlock(lock);
    g->slots = grown.slots;
    g->filter = grown.filter;
    g->size = grown.size;
    g->used = grown.used;
    pthread_rwlock_unlock(lock);
    free(old.slots);
    free(old.filter);
}

/* The slot of a key, NULL when there is none. */
static u32 *group_slot(const struct table *t, struct group *g, const u64 *k)
{
    u64 h = hash_key(k, t->words);
    const u32 tag = (u32)(h >> 32) & ~t->number;
    for (u32 i = (u32)h & (g->size - 1);; i = (i + 1) & (g->size - 1)) {
        u32 s = g->slots[i];
        if (s == EMPTY)
            return NULL;
        if ((s & ~t->number) == tag && s != GONE && same_key(row_key(t, s & t->number), k, t->words))
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

static struct group *find_group(const struct table *t, const u64 *mask)
{
    for (u32 i = 0; i < t->ngroups; i++)
        if (same_key(t->groups[i]->mask, mask, t->words))
            return t->groups[i];
    return NULL;
}

static struct group *add_group(struct table *t, const u64 *mask, u32 prefix, pthread_rwlock_t *lock)
{
    struct group *g = calloc(1, sizeof *g);
    if (!g || !(g->slots = calloc(16, sizeof *g->slots)))
        abort();
    g->size = 16;
    t->slot_bytes += group_bytes(g);
    memcpy(g->mask, mask, t->words * sizeof *mask);
    g->prefix = prefix;
    pthread_rwlock_wrlock(lock);
    if (!(t->groups = realloc(t->groups, (t->ngroups + 1) * sizeof *t->groups)))
        abort();
    t->groups[t->ngroups++] = g;
    qsort(t->groups, t->ngroups, sizeof *t->groups, group_order);
    pthread_rwlock_unlock(lock);
    return g;
}

static u32 row_number(const struct table *t, const struct row *r)
{
    return (u32)((u64)((const u8 *)r - t->rows.at) / t->rows.unit);
}

/* Put a row whose key is already in the table, behind those of higher rank. */
static void chain_add(struct table *t, struct row *r, u32 *slot)
{
    struct row *head = slot_row(t, *slot), **at = &head;
    while (*at && rest_of(t, *at)->rank > rest_of(t, r)->rank)
        at = &rest_of(t, *at)->next;
    rest_of(t, r)->next = *at;
    *at = r;
    *slot = (*slot & ~t->number) | row_number(t, head);
}

static void table_add(struct table *t, struct row *r, const u64 *mask, u32 prefix, pthread_rwlock_t *lock)
{
    const u64 h = hash_key(r->data, t->words);
    struct group *g = find_group(t, mask);
    if (!g)
        g = add_group(t, mask, prefix, lock);
    group_room(t, g, lock);
    g->count++;
    t->count++;
    if (t->kind != T_TERNARY) {
        slot_put(g, h, tagged(t, row_number(t, r), h));
        return;
    }
    pthread_rwlock_wrlock(lock);
    u32 *slot = group_slot(t, g, r->data);
    if (slot)
        chain_add(t, r, slot);
    else
        slot_put(g, h, tagged(t, row_number(t, r), h));
    if (rest_of(t, r)->rank > g->best) {
        g->best = rest_of(t, r)->rank;
        qsort(t->groups, t->ngroups, sizeof *t->groups, group_order);
    }
    pthread_rwlock_unlock(lock);
}

static void drop_group(struct table *t, struct group *g)
{
    u32 i = 0;
    while (t->groups[i] != g)
        i++;
    memmove(t->groups + i, t->groups + i + 1, (t->ngroups - i - 1) * sizeof *t->groups);
    t->ngroups--;
    t->slot_bytes -= group_bytes(g);
    free(g->slots);
    free(g->filter);
    free(g);
}

/* Under the lock. */
static void table_remove(struct table *t, struct row *r, const u64 *mask)
{
    struct group *g = find_group(t, mask);
    u32 *slot = g ? group_slot(t, g, r->data) : NULL;
    if (!slot)
        return;
    struct row *head = slot_row(t, *slot);
    if (t->kind == T_TERNARY) {
        struct row **at = &head;
        while (*at && *at != r)
            at = &rest_of(t, *at)->next;
        if (*at)
            *at = rest_of(t, r)->next;
    } else {
        head = NULL;
    }
    *slot = head ? (*slot & ~t->number) | row_number(t, head) : GONE;
    t->count--;
    if (!--g->count)
        drop_group(t, g);
}

static void row_free(struct table *t, struct row *r)
{
    if (t->rest)
        free(rest_of(t, r)->meter);
    rows_give(&t->rows, row_number(t, r));
}

/* Under the lock: no groups, no rows but the one of a miss, which does nothing until Python sets it anew. */
static void table_clear(struct table *t)
{
    for (u32 i = 0; i < t->ngroups; i++) {
        struct group *g = t->groups[i];
        for (u32 j = 0; t->rest && j < g->size; j++)
            for (struct row *r = g->slots[j] > GONE ? slot_row(t, g->slots[j]) : NULL; r; r = rest_of(t, r)->next)
                free(rest_of(t, r)->meter);
        free(g->slots);
        free(g->filter);
        free(g);
    }
    free(t->groups);
    t->groups = NULL;
    t->ngroups = 0;
    t->count = t->slot_bytes = 0;
    if (t->rows.map) {
        madvise(t->rows.map, t->rows.mapped, MADV_DONTNEED); /* zeroes it */
        t->rows.fresh = 2;
        t->rows.free = t->rows.huge = 0;
        t->miss->action = ~0u;
    }
}

static void table_free(struct table *t)
{
    table_clear(t);
    if (t->rows.map)
        rows_unmap(&t->rows);
}

static void table_make(struct table *t, u32 size)
{
    const u64 data = sizeof(struct row) + 8ULL * (t->words + 2 * t->nranges) + t->args_size;
    t->rows.unit = t->rest ? t->rest + sizeof(struct rest) : data;
    t->rows.unit = round_up(t->rows.unit, 64);
    t->rows.count = size + 2;
    t->rows.fresh = 2; /* after that of a miss and GONE */
    for (t->number = 3; t->number < size + 2; t->number = t->number << 1 | 1)
        ;
    rows_map(&t->rows);
    t->miss = row_at(&t->rows, 0);
    t->miss->action = ~0u;
}

#endif
