/* SPDX-License-Identifier: Apache-2.0
 *
 * Integers of up to 128 bits, and bytes in network order.
 */
#ifndef SOFTSWITCH_NUMBERS_H
#define SOFTSWITCH_NUMBERS_H

#include <string.h>

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

#define SWAP(a, b)                 \
    do {                           \
        __typeof__(a) swap_ = (a); \
        (a) = (b);                 \
        (b) = swap_;               \
    } while (0)

INLINE u64 shl_u64(u64 x, u64 n) { return n > 63 ? 0 : x << n; }
INLINE u128 shl_u128(u128 x, u64 n) { return n > 127 ? 0 : x << n; }
INLINE u64 shr_u64(u64 x, u64 n) { return n > 63 ? 0 : x >> n; }
INLINE s64 shr_s64(s64 x, u64 n) { return x >> (n > 63 ? 63 : n); }
INLINE u128 shr_u128(u128 x, u64 n) { return n > 127 ? 0 : x >> n; }
INLINE s128 shr_s128(s128 x, u64 n) { return x >> (n > 127 ? 127 : n); }
INLINE s64 sx64(u64 x, unsigned width) { return (s64)(x << (64 - width)) >> (64 - width); }
INLINE s128 sx128(u128 x, unsigned width) { return (s128)(x << (128 - width)) >> (128 - width); }

INLINE u64 ld16(const u8 *p)
{
    u16 v;
    memcpy(&v, p, 2);
    return __builtin_bswap16(v);
}
INLINE u64 ld32(const u8 *p)
{
    u32 v;
    memcpy(&v, p, 4);
    return __builtin_bswap32(v);
}
INLINE u64 ld64(const u8 *p)
{
    u64 v;
    memcpy(&v, p, 8);
    return __builtin_bswap64(v);
}
INLINE void st16(u8 *p, u64 value)
{
    u16 v = __builtin_bswap16((u16)value);
    memcpy(p, &v, 2);
}
INLINE void st32(u8 *p, u64 value)
{
    u32 v = __builtin_bswap32((u32)value);
    memcpy(p, &v, 4);
}
INLINE void st64(u8 *p, u64 value)
{
    u64 v = __builtin_bswap64(value);
    memcpy(p, &v, 8);
}

/* `size` bytes, a constant, as a number. */
INLINE u64 ld_be(const u8 *p, unsigned size)
{
    switch (size) {
    case 0: return 0;
    case 1: return p[0];
    case 2: return ld16(p);
    case 3: return ld16(p) << 8 | p[2];
    case 4: return ld32(p);
    case 5: return ld32(p) << 8 | p[4];
    case 6: return ld32(p) << 16 | ld16(p + 4);
    case 7: return ld32(p) << 24 | ld16(p + 4) << 8 | p[6];
    default: return ld64(p);
    }
}

INLINE u128 ld_be128(const u8 *p, unsigned size)
{
    return size <= 8 ? ld_be(p, size) : U128(ld_be(p, size - 8), ld64(p + size - 8));
}

INLINE void st_be(u8 *p, u64 value, unsigned size)
{
    switch (size) {
    case 0: break;
    case 1: p[0] = (u8)value; break;
    case 2: st16(p, value); break;
    case 3:
        st16(p, value >> 8);
        p[2] = (u8)value;
        break;
    case 4: st32(p, value); break;
    case 5:
        st32(p, value >> 8);
        p[4] = (u8)value;
        break;
    case 6:
        st32(p, value >> 16);
        st16(p + 4, value);
        break;
    case 7:
        st32(p, value >> 24);
        st16(p + 4, value >> 8);
        p[6] = (u8)value;
        break;
    default: st64(p, value);
    }
}

INLINE void st_be128(u8 *p, u128 value, unsigned size)
{
    if (size > 8) {
        st_be(p, (u64)(value >> 64), size - 8);
        st64(p + size - 8, (u64)value);
    } else {
        st_be(p, (u64)value, size);
    }
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

#endif
