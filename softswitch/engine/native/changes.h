/* SPDX-License-Identifier: Apache-2.0
 *
 * What a controller changes, called by Python.
 */
#ifndef SOFTSWITCH_CHANGES_H
#define SOFTSWITCH_CHANGES_H

#include "entries.h"
#include "runtime.h"

#define EXPORT __attribute__((visibility("default")))

EXPORT struct sw *sw_new(s64 started_ns)
{
    struct sw *s = calloc(1, sizeof *s);
    if (!s)
        return NULL;
    pthread_rwlockattr_t attr;
    pthread_rwlockattr_init(&attr);
#ifdef __GLIBC__
    pthread_rwlockattr_setkind_np(&attr, PTHREAD_RWLOCK_PREFER_WRITER_NONRECURSIVE_NP);
#endif
    pthread_rwlock_init(&s->lock, &attr);
    pthread_rwlockattr_destroy(&attr);
    s->started_ns = started_ns;
    for (u32 i = 0; i < sizeof meter_sizes / sizeof *meter_sizes - 1; i++)
        if (!(s->meters[i] = calloc(meter_sizes[i] + 1, sizeof **s->meters)))
            abort();
    return s;
}

static void free_meters(struct meter **cells, u64 size)
{
    for (u64 i = 0; cells && i < size; i++)
        free(cells[i]);
    free(cells);
}

EXPORT void sw_free(struct sw *s)
{
    for (u32 i = 0; i < NTABLES; i++)
        table_free(&s->tables[i]);
    for (u32 i = 0; i < NMETERS; i++)
        free_meters(s->meters[i], meter_sizes[i]);
    for (u32 i = 0; i < NVALUESETS; i++)
        free(s->value_sets[i].values);
    for (u32 i = 0; i < 32768; i++)
        free(s->sessions[i]);
    for (u32 i = 0; i < 65536; i++)
        free(s->multicast[i]);
    pthread_rwlock_destroy(&s->lock);
    free(s);
}

EXPORT void sw_counter(struct sw *s, u32 number, u64 *cells) { s->counters[number] = cells; }

EXPORT void sw_register(struct sw *s, u32 number, u64 *cells) { s->registers[number] = cells; }

/* What Python says of a table: mirror.py, _PLAN. */
struct plan {
    u32 kind, words, args_size, size, nranges;
    u32 ranges[16]; /* shift, width */
};

EXPORT void sw_table(struct sw *s, u32 number, const struct plan *p)
{
    struct table *t = &s->tables[number];
    t->kind = p->kind;
    t->words = p->words;
    t->args_size = p->args_size;
    t->nranges = p->nranges;
    for (u32 i = 0; i < p->nranges; i++) {
        t->range_shift[i] = p->ranges[2 * i];
        t->range_width[i] = p->ranges[2 * i + 1];
    }
    table_make(t, p->size);
}

/* What Python packs: mirror.py, _CHANGE. */
struct change {
    u64 rank, last_hit_ns;
    u32 prefix, action, args_size, pad;
    u64 data[]; /* key, mask, ranges, arguments */
};

static const u64 *change_mask(const struct table *t, const struct change *c) { return c->data + t->words; }

static void entry_act(const struct table *t, struct entry *e, const struct change *c)
{
    e->action = c->action;
    memcpy(e->data + args_word(t), c->data + 2 * t->words + 2 * t->nranges, c->args_size);
}

/* Whether tables are large decides whether packets are interleaved. */
static void weigh(struct sw *s, struct table *t)
{
    u32 large = t->count && t->count * (t->stride + t->rows.unit) >= LARGE_TABLE;
    if (large == t->large)
        return;
    __atomic_store_n(&t->large, large, __ATOMIC_RELAXED);
    __atomic_store_n(&s->large, large ? s->large + 1 : s->large - 1, __ATOMIC_RELAXED);
}

EXPORT struct row *sw_insert(struct sw *s, u32 number, const struct change *c)
{
    struct table *t = &s->tables[number];
    const u32 row = rows_take(&t->rows);
    struct row *r = row_at(&t->rows, row);
    struct entry *e = t->draft;
    r->cells.last_hit_ns = c->last_hit_ns;
    memset(e, 0, t->stride);
    e->row = row;
    memcpy(e->data, c->data, 8ULL * t->words);
    if (t->kind == T_TERNARY)
        e->data[t->words] = c->rank;
    memcpy(e->data + args_word(t) - 2 * t->nranges, c->data + 2 * t->words, 16ULL * t->nranges);
    entry_act(t, e, c);
    table_add(t, e, change_mask(t, c), c->prefix, &s->lock);
    weigh(s, t);
    return r;
}

/* New action of the entry of row `r`. */
EXPORT void sw_modify(struct sw *s, u32 number, struct row *r, const struct change *c)
{
    struct table *t = &s->tables[number];
    struct entry *e = table_find(t, c->data, change_mask(t, c), r);
    pthread_rwlock_wrlock(&s->lock);
    if (e)
        entry_act(t, e, c);
    pthread_rwlock_unlock(&s->lock);
}

EXPORT void sw_delete(struct sw *s, u32 number, struct row *r, const struct change *c)
{
    struct table *t = &s->tables[number];
    struct entry *e = table_find(t, c->data, change_mask(t, c), r);
    pthread_rwlock_wrlock(&s->lock);
    if (e)
        table_remove(t, e, change_mask(t, c));
    weigh(s, t);
    pthread_rwlock_unlock(&s->lock);
}

EXPORT void sw_clear(struct sw *s, u32 number)
{
    struct table *t = &s->tables[number];
    pthread_rwlock_wrlock(&s->lock);
    table_clear(t);
    weigh(s, t);
    pthread_rwlock_unlock(&s->lock);
}

EXPORT void sw_default(struct sw *s, u32 number, const struct change *c)
{
    pthread_rwlock_wrlock(&s->lock);
    entry_act(&s->tables[number], s->tables[number].miss, c);
    pthread_rwlock_unlock(&s->lock);
}

/* Bytes of memory of a table: rows that were ever used, places of entries. */
EXPORT u64 sw_table_bytes(const struct sw *s, u32 number)
{
    const struct table *t = &s->tables[number];
    return t->rows.fresh * t->rows.unit + t->group_bytes;
}

EXPORT struct member *sw_member(struct sw *s, struct member *m, u32 action, const void *args, u32 size, u32 room)
{
    if (!m) {
        m = calloc(1, sizeof *m + room + 16);
        if (!m)
            abort();
    }
    pthread_rwlock_wrlock(&s->lock);
    m->action = action;
    memcpy(m->args, args, size);
    pthread_rwlock_unlock(&s->lock);
    return m;
}

EXPORT struct selection *sw_selection(struct sw *s, struct selection *g, u32 count, struct member **members)
{
    struct member **slots = NULL, **old;
    if (!g && !(g = calloc(1, sizeof *g)))
        abort();
    if (count) {
        slots = malloc(count * sizeof *slots);
        if (!slots)
            abort();
        memcpy(slots, members, count * sizeof *slots);
    }
    pthread_rwlock_wrlock(&s->lock);
    old = g->slots;
    g->slots = slots;
    g->count = count;
    pthread_rwlock_unlock(&s->lock);
    free(old);
    return g;
}

/* `g` and `m` are no longer referred to by any row. */
EXPORT void sw_forget(struct selection *g, struct member *m)
{
    if (g)
        free(g->slots);
    free(g);
    free(m);
}

static struct meter *meter_new(u32 packets, u32 count, const double *rates, const s64 *bursts, s64 now_us)
{
    struct meter *m = count ? calloc(1, sizeof *m) : NULL;
    if (!m)
        return NULL;
    m->count = count;
    m->unit_packets = packets;
    m->origin_us = now_us;
    for (u32 i = 0; i < count; i++)
        m->bucket[count - 1 - i] = (struct bucket){rates[i] / 1e6, bursts[i], bursts[i], 0};
    return m;
}

/* Configure a meter of an array (`row` null) or the direct meter of a row, `number` being that of the table;
 * no rates: always green. */
EXPORT void sw_meter(struct sw *s, u32 number, u64 index, struct row *row, u32 packets, u32 count, const double *rates,
                     const s64 *bursts, s64 now_us)
{
    struct meter *m = meter_new(packets, count, rates, bursts, now_us), *old, **at;
    at = row ? &row->meter : &s->meters[number][index];
    pthread_rwlock_wrlock(&s->lock);
    old = *at;
    *at = m;
    pthread_rwlock_unlock(&s->lock);
    free(old);
}

EXPORT void sw_value_set(struct sw *s, u32 number, u32 count, const u8 *values)
{
    u128 *copy = malloc(16ULL * (count + 1)), *old;
    if (!copy)
        abort();
    memcpy(copy, values, 16ULL * count);
    pthread_rwlock_wrlock(&s->lock);
    old = s->value_sets[number].values;
    s->value_sets[number].values = copy;
    s->value_sets[number].count = count;
    pthread_rwlock_unlock(&s->lock);
    free(old);
}

/* Replicas (port, rid) of a clone session (`clone`) or multicast group; count < 0 deletes. */
EXPORT void sw_copies(struct sw *s, u32 clone, u32 id, s32 count, u32 cut, const struct replica *replicas)
{
    struct copies *c = NULL, *old, **at = clone ? &s->sessions[id & 32767] : &s->multicast[id & 65535];
    if (count >= 0) {
        c = malloc(sizeof *c + (size_t)count * sizeof *replicas);
        if (!c)
            abort();
        c->count = (u32)count;
        c->cut = cut ? cut : NO_CUT;
        if (count)
            memcpy(c->replica, replicas, (size_t)count * sizeof *replicas);
    }
    pthread_rwlock_wrlock(&s->lock);
    old = *at;
    *at = c;
    pthread_rwlock_unlock(&s->lock);
    free(old);
}

#endif
