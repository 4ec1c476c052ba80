/* SPDX-License-Identifier: Apache-2.0
 *
 * Memory of one packet, large arrays, and arrays that grow.
 */
#ifndef SOFTSWITCH_MEMORY_H
#define SOFTSWITCH_MEMORY_H

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "numbers.h"

/* The library's memset: what the compiler makes of one whose size it knows is slower for the state of a packet. */
static void *(*volatile clear)(void *, int, size_t) UNUSED = memset;

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
#define HUGE_PAGE ((size_t)2 << 20)

INLINE size_t round_up(size_t size, size_t unit) { return (size + unit - 1) & ~(unit - 1); }

INLINE UNUSED void advise_huge(void *p, size_t size)
{
#ifdef MADV_HUGEPAGE
    madvise(p, size, MADV_HUGEPAGE);
#endif
}

/* Zeroed, at a cache line; in huge pages when it is large. */
static void *big_alloc(size_t size)
{
    size_t align = size >= HUGE_PAGE / 2 ? HUGE_PAGE : 64;
    size = round_up(size, align);
    void *p = aligned_alloc(align, size);
    if (!p)
        abort();
    if (align == HUGE_PAGE)
        advise_huge(p, size);
    memset(p, 0, size);
    return p;
}

/* Room for `count` rows of `unit` bytes, zeroed, that takes memory only as far as it is used. */
struct rows {
    u8 *at;
    u64 unit;
    u32 count, fresh, free, huge; /* free: first of a list through the rows' first bytes; 0 ends it */
    size_t mapped;
    void *map;
};

#define HUGE_FROM ((u64)256 << 10)

static void rows_map(struct rows *r)
{
    size_t size = r->count * r->unit;
    r->mapped = size < HUGE_PAGE ? round_up(size, 4096) : round_up(size, HUGE_PAGE) + HUGE_PAGE;
    r->map = mmap(NULL, r->mapped, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (r->map == MAP_FAILED)
        abort();
    r->at = size < HUGE_PAGE ? r->map : (u8 *)round_up((size_t)r->map, HUGE_PAGE);
}

INLINE UNUSED void *row_at(const struct rows *r, u32 i) { return r->at + (u64)i * r->unit; }

/* Number of a zeroed row. */
static u32 rows_take(struct rows *r)
{
    u32 i = r->free;
    if (i) {
        memcpy(&r->free, row_at(r, i), sizeof r->free);
        memset(row_at(r, i), 0, r->unit);
        return i;
    }
    if (r->fresh == r->count)
        abort();
    i = r->fresh++;
    if (!r->huge && r->fresh * r->unit > HUGE_FROM && r->mapped > HUGE_PAGE) {
        r->huge = 1;
        advise_huge(r->at, r->mapped - HUGE_PAGE);
#ifdef MADV_COLLAPSE
        madvise(r->at, HUGE_PAGE, MADV_COLLAPSE); /* what is in use already */
#endif
    }
    return i;
}

static void rows_give(struct rows *r, u32 i)
{
    memcpy(row_at(r, i), &r->free, sizeof r->free);
    r->free = i;
}

static void rows_unmap(struct rows *r) { munmap(r->map, r->mapped); }

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

#endif
