/* SPDX-License-Identifier: Apache-2.0
 *
 * Changes of tables.  There is one writer at a time (Python holds the device's lock).  A new entry of an exact or LPM
 * table becomes visible with one store, beside packets; everything else holds the lock that packets share.
 */
#ifndef SOFTSWITCH_ENTRIES_H
#define SOFTSWITCH_ENTRIES_H

#include <pthread.h>

#include "tables.h"

/* Copy an entry to a free place of its group. */
static void entry_put(const struct table *t, struct group *g, const struct entry *e)
{
    const u64 h = hash_key(e->data, t->words);
    u32 place = (u32)h & (g->size - 1);
    while (entry_at(t, g, place)->row > GONE)
        place = (place + 1) & (g->size - 1);
    struct entry *to = entry_at(t, g, place);
    g->used += to->row == EMPTY;
    to->action = e->action;
    memcpy(to->data, e->data, t->stride - sizeof *e);
    if (g->filter)
        __atomic_fetch_or(filter_word(g, h), filter_bits(h), __ATOMIC_RELAXED);
    __atomic_store_n(&to->row, e->row, __ATOMIC_RELEASE);
}

static void group_make(const struct table *t, struct group *g, u32 size)
{
    g->size = size;
    g->used = 0;
    g->entries = big_alloc((size_t)size * t->stride);
    g->filter = NULL;
    if (t->kind != T_EXACT && is_large(t, g) && filter_bytes(g) <= FILTER_LIMIT)
        g->filter = big_alloc(filter_bytes(g));
}

static u64 group_bytes(const struct table *t, const struct group *g)
{
    return (u64)t->stride * g->size + (g->filter ? filter_bytes(g) : 0);
}

/* Room for one more entry: at most two of three places are taken.  The new places are filled while packets use the old
 * ones. */
static void group_room(struct table *t, struct group *g, pthread_rwlock_t *lock)
{
    if (((u64)g->used + 1) * 3 <= (u64)g->size * 2)
        return;
    struct group grown = {0};
    const struct group old = *g;
    u32 size = 16;
    while ((u64)size < 2 * ((u64)g->count + 1))
        size *= 2;
    group_make(t, &grown, size);
    for (u32 i = 0; i < old.size; i++)
        if (entry_at(t, &old, i)->row > GONE)
            entry_put(t, &grown, entry_at(t, &old, i));
    t->group_bytes += group_bytes(t, &grown) - group_bytes(t, &old);
    pthread_rwlock_wrlock(lock);
    g->entries = grown.entries;
    g->filter = grown.filter;
    g->size = grown.size;
    g->used = grown.used;
    pthread_rwlock_unlock(lock);
    free(old.entries);
    free(old.filter);
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
    if (!g)
        abort();
    group_make(t, g, 16);
    t->group_bytes += group_bytes(t, g);
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

static void table_add(struct table *t, const struct entry *e, const u64 *mask, u32 prefix, pthread_rwlock_t *lock)
{
    struct group *g = find_group(t, mask);
    if (!g)
        g = add_group(t, mask, prefix, lock);
    group_room(t, g, lock);
    g->count++;
    t->count++;
    if (t->kind != T_TERNARY) {
        entry_put(t, g, e);
        return;
    }
    pthread_rwlock_wrlock(lock);
    entry_put(t, g, e);
    if (e->data[t->words] > g->best) {
        g->best = e->data[t->words];
        qsort(t->groups, t->ngroups, sizeof *t->groups, group_order);
    }
    pthread_rwlock_unlock(lock);
}

/* The entry of a row, whose masked key is `key`; NULL when there is none. */
static struct entry *table_find(const struct table *t, const u64 *key, const u64 *mask, const struct row *r)
{
    const struct group *g = find_group(t, mask);
    const u32 number = row_number(t, r);
    for (u32 place = (u32)hash_key(key, t->words); g; place++) {
        struct entry *e = entry_at(t, g, place);
        if (e->row == number)
            return e;
        if (e->row == EMPTY)
            break;
    }
    return NULL;
}

static void drop_group(struct table *t, struct group *g)
{
    u32 i = 0;
    while (t->groups[i] != g)
        i++;
    memmove(t->groups + i, t->groups + i + 1, (t->ngroups - i - 1) * sizeof *t->groups);
    t->ngroups--;
    t->group_bytes -= group_bytes(t, g);
    free(g->filter);
    free(g->entries);
    free(g);
}

static void row_free(struct table *t, struct row *r)
{
    free(r->meter);
    r->meter = NULL;
    rows_give(&t->rows, row_number(t, r));
}

/* Under the lock. */
static void table_remove(struct table *t, struct entry *e, const u64 *mask)
{
    struct group *g = find_group(t, mask);
    row_free(t, row_of(t, e));
    e->row = GONE;
    t->count--;
    if (!--g->count)
        drop_group(t, g);
}

/* Under the lock: no groups, no rows but the one of a miss, which does nothing until Python sets it anew. */
static void table_clear(struct table *t)
{
    while (t->ngroups)
        drop_group(t, t->groups[t->ngroups - 1]);
    free(t->groups);
    t->groups = NULL;
    t->count = 0;
    if (t->rows.map) {
        for (u32 i = GONE + 1; i < t->rows.fresh; i++)
            free(((struct row *)row_at(&t->rows, i))->meter);
        madvise(t->rows.map, t->rows.mapped, MADV_DONTNEED); /* zeroes it */
        t->rows.fresh = GONE + 1;
        t->rows.free = t->rows.huge = 0;
        t->miss->action = ~0u;
    }
}

static void table_free(struct table *t)
{
    table_clear(t);
    free(t->miss);
    free(t->draft);
    if (t->rows.map)
        rows_unmap(&t->rows);
}

static void table_make(struct table *t, u32 size)
{
    const u64 bytes = sizeof(struct entry) + 8ULL * args_word(t) + t->args_size;
    t->stride = (u32)(bytes <= 32 ? 32 : round_up(bytes, 64));
    t->miss = big_alloc(t->stride);
    t->miss->action = ~0u;
    t->draft = big_alloc(t->stride);
    t->rows.unit = sizeof(struct row);
    t->rows.count = size + GONE + 1;
    t->rows.fresh = GONE + 1;
    rows_map(&t->rows);
}

#endif
