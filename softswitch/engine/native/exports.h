/* SPDX-License-Identifier: Apache-2.0
 *
 * What Python calls.  Included at the end of the generated file, which has defined
 * `static int run(struct sw *, struct worker *, const struct item *)` and `struct pkt`.
 */
#ifndef SOFTSWITCH_EXPORTS_H
#define SOFTSWITCH_EXPORTS_H

#define EXPORT __attribute__((visibility("default")))

EXPORT struct sw *sw_new(s64 started_ns, u64 seed)
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
    (void)seed;
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
    for (u32 i = 0; i < NTABLES; i++) {
        table_clear(&s->tables[i]);
        slab_clear(&s->tables[i].rows);
    }
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

EXPORT void sw_counter(struct sw *s, u32 number, u64 *packets, u64 *bytes)
{
    s->packets[number] = packets;
    s->bytes[number] = bytes;
}

EXPORT void sw_register(struct sw *s, u32 number, u64 *cells) { s->registers[number] = cells; }

EXPORT void sw_table(struct sw *s, u32 number, u32 kind, u32 words, u32 args_size, u32 nranges, const u32 *ranges)
{
    struct table *t = &s->tables[number];
    t->kind = kind;
    t->words = words;
    t->args_size = args_size;
    t->nranges = nranges;
    t->rows.unit = (sizeof(struct row) + 8ULL * (words + 2 * nranges) + args_size + 63) & ~63ULL;
    for (u32 i = 0; i < nranges; i++) {
        t->range_shift[i] = ranges[2 * i];
        t->range_width[i] = ranges[2 * i + 1];
    }
}

/* What Python packs: mirror.py, _CHANGE. */
struct change {
    u64 rank;
    void *target;
    u32 prefix, action, is_group, args_size;
    u64 data[]; /* key, mask, ranges, arguments */
};

static void row_fill(struct table *t, struct row *r, const struct change *c)
{
    r->action = c->action;
    r->is_group = c->is_group;
    r->target = c->target;
    memcpy(r->data + t->words + 2 * t->nranges, c->data + 2 * t->words + 2 * t->nranges, c->args_size);
}

static struct row *row_new(struct table *t, const struct change *c)
{
    struct row *r = slab_take(&t->rows);
    r->rank = c->rank;
    memcpy(r->data, c->data, 8ULL * t->words);
    memcpy(r->data + t->words, c->data + 2 * t->words, 16ULL * t->nranges);
    row_fill(t, r, c);
    return r;
}

EXPORT struct row *sw_insert(struct sw *s, u32 number, const struct change *c)
{
    struct table *t = &s->tables[number];
    pthread_rwlock_wrlock(&s->lock);
    struct row *r = row_new(t, c);
    table_add(t, r, c->data + t->words, c->prefix);
    pthread_rwlock_unlock(&s->lock);
    return r;
}

EXPORT void sw_modify(struct sw *s, u32 number, struct row *r, const struct change *c)
{
    pthread_rwlock_wrlock(&s->lock);
    row_fill(&s->tables[number], r, c);
    pthread_rwlock_unlock(&s->lock);
}

EXPORT void sw_delete(struct sw *s, u32 number, struct row *r, const u64 *mask)
{
    pthread_rwlock_wrlock(&s->lock);
    table_remove(&s->tables[number], r, mask);
    row_free(&s->tables[number], r);
    pthread_rwlock_unlock(&s->lock);
}

EXPORT void sw_clear(struct sw *s, u32 number)
{
    pthread_rwlock_wrlock(&s->lock);
    struct table *t = &s->tables[number];
    table_clear(t);
    slab_clear(&t->rows);
    t->miss = slab_take(&t->rows); /* lost with the rows; until Python sets it anew a miss does nothing */
    t->miss->action = ~0u;
    pthread_rwlock_unlock(&s->lock);
}

EXPORT void sw_default(struct sw *s, u32 number, const struct change *c)
{
    struct table *t = &s->tables[number];
    pthread_rwlock_wrlock(&s->lock);
    row_free(t, t->miss);
    t->miss = row_new(t, c);
    pthread_rwlock_unlock(&s->lock);
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

/* Configure a meter of an array (`row` null) or the direct meter of a row; no rates: always green. */
EXPORT void sw_meter(struct sw *s, u32 number, u64 index, struct row *row, u32 packets, u32 count,
                     const double *rates, const s64 *bursts, s64 now_us)
{
    struct meter *m = meter_new(packets, count, rates, bursts, now_us), *old, **at;
    if (!row && !s->meters[number] && !(s->meters[number] = calloc(meter_sizes[number] + 1, sizeof *at)))
        abort();
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

/* ------------------------------------------------------------------ packets */

EXPORT struct worker *sw_worker_new(struct sw *s, u64 seed)
{
    struct worker *w = calloc(1, sizeof *w);
    if (!w || !(w->pkt = aligned_alloc(64, (sizeof(struct pkt) + 63) & ~(size_t)63)))
        abort();
    w->sw = s;
    w->random = seed | 1;
    return w;
}

EXPORT void sw_worker_free(struct worker *w)
{
    arena_reset(&w->arena, 1);
    free(w->head.outs);
    free(w->head.frames);
    free(w->head.events);
    free(w->pkt);
    free(w);
}

INLINE void pass(struct worker *w, const struct item *it)
{
    int rc = run(w->sw, w, it);
    if (__builtin_expect(rc >= FAULT, 0)) {
        if (rc == FAULT)
            w->head.runtime_errors++;
        else
            w->head.assertion_failures++;
    }
}

static void drain(struct worker *w)
{
    for (u32 budget = PASS_LIMIT; w->egress.count || w->ingress.count; budget--) {
        if (!budget) {
            w->head.too_many_passes += w->egress.count + w->ingress.count;
            w->egress.count = w->ingress.count = 0;
            break;
        }
        struct item it = pop(w->egress.count ? &w->egress : &w->ingress);
        pass(w, &it);
    }
    arena_reset(&w->arena, 0);
}

INLINE void one(struct worker *w, const struct frame *f)
{
    struct item it = {.kind = RECEIVED, .port = f->port, .n = f->len, .ilen = f->len, .data = f->data, .cut = NO_CUT};
    pass(w, &it);
    if (__builtin_expect(w->egress.count || w->ingress.count, 0))
        drain(w);
}

INLINE void forget(struct worker *w) { w->head.nouts = w->head.nevents = w->frames_used = 0; }

#define CHUNK 32

/* The frames between two changes of the state. */
static void chunk(struct worker *w, const struct frame *in, u32 count)
{
    pthread_rwlock_rdlock(&w->sw->lock);
    for (u32 i = 0; i < count; i++)
        one(w, in + i);
    count_all(w);
    pthread_rwlock_unlock(&w->sw->lock);
}

EXPORT void sw_frames(struct worker *w, const struct frame *in, u32 count)
{
    forget(w);
    for (u32 n; count; in += n, count -= n) {
        n = count < CHUNK ? count : CHUNK;
        chunk(w, in, n);
    }
}

/* One frame. */
EXPORT void sw_process(struct worker *w, u32 port, const u8 *data, u32 n)
{
    const struct frame in = {data, n, port};
    sw_frames(w, &in, 1);
}

/* `total` frames, the `count` of `in` again and again; outputs are counted and forgotten. */
EXPORT void sw_burst(struct worker *w, const struct frame *in, u32 count, u64 total)
{
    for (u32 i = 0, n; total; total -= n, i = i + n < count ? i + n : 0) {
        n = count - i < CHUNK ? count - i : CHUNK;
        if (n > total)
            n = (u32)total;
        forget(w);
        chunk(w, in + i, n);
    }
    forget(w);
}

#endif
