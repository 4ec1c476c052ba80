/* SPDX-License-Identifier: Apache-2.0
 *
 * Hashes and checksums with the results of BMv2; the same functions in Python are in engine/python/hashes.py.
 */
#ifndef SOFTSWITCH_EXTERNS_H
#define SOFTSWITCH_EXTERNS_H

#include "numbers.h"

static u32 crc32_table[8][256];
static u16 crc16_table[256], ccitt_table[256];
static u8 crc8_table[256];
static u64 crc64_table[256];

static u64 reflect(u64 v, unsigned bits)
{
    u64 r = 0;
    for (unsigned i = 0; i < bits; i++)
        r |= (v >> i & 1) << (bits - 1 - i);
    return r;
}

__attribute__((constructor)) static void crc_tables(void)
{
    u64 p64 = reflect(0x1B, 64);
    for (u32 b = 0; b < 256; b++) {
        u32 c32 = b, c16 = b, ccitt = b << 8, c8 = b;
        u64 c64 = b;
        for (int i = 0; i < 8; i++) {
            c32 = c32 >> 1 ^ (c32 & 1 ? 0xEDB88320u : 0);
            c16 = c16 >> 1 ^ (c16 & 1 ? 0xA001u : 0);
            ccitt = (ccitt << 1 ^ (ccitt & 0x8000 ? 0x1021u : 0)) & 0xffff;
            c8 = (c8 << 1 ^ (c8 & 0x80 ? 0x07u : 0)) & 0xff;
            c64 = c64 >> 1 ^ (c64 & 1 ? p64 : 0);
        }
        crc32_table[0][b] = c32;
        crc16_table[b] = (u16)c16;
        ccitt_table[b] = (u16)ccitt;
        crc8_table[b] = (u8)c8;
        crc64_table[b] = c64;
    }
    for (u32 b = 0; b < 256; b++)
        for (int i = 1; i < 8; i++)
            crc32_table[i][b] = crc32_table[i - 1][b] >> 8 ^ crc32_table[0][crc32_table[i - 1][b] & 0xff];
}

static UNUSED u64 hash_crc32(const u8 *p, u64 n)
{
    u32 c = 0xffffffffu;
    for (; n >= 8; n -= 8, p += 8) {
        u32 lo, hi;
        memcpy(&lo, p, 4);
        memcpy(&hi, p + 4, 4);
        lo ^= c;
        c = crc32_table[7][lo & 0xff] ^ crc32_table[6][lo >> 8 & 0xff] ^ crc32_table[5][lo >> 16 & 0xff] ^
            crc32_table[4][lo >> 24] ^ crc32_table[3][hi & 0xff] ^ crc32_table[2][hi >> 8 & 0xff] ^
            crc32_table[1][hi >> 16 & 0xff] ^ crc32_table[0][hi >> 24];
    }
    for (; n; n--, p++)
        c = c >> 8 ^ crc32_table[0][(c ^ *p) & 0xff];
    return c ^ 0xffffffffu;
}

static UNUSED u64 hash_crc16(const u8 *p, u64 n)
{
    u16 c = 0;
    for (; n; n--, p++)
        c = (u16)(c >> 8 ^ crc16_table[(c ^ *p) & 0xff]);
    return c;
}

static UNUSED u64 hash_crcCCITT(const u8 *p, u64 n)
{
    u16 c = 0xffff;
    for (; n; n--, p++)
        c = (u16)(c << 8 ^ ccitt_table[(c >> 8 ^ *p) & 0xff]);
    return c;
}

static UNUSED u64 hash_crc8_custom(const u8 *p, u64 n)
{
    u8 c = 0;
    for (; n; n--, p++)
        c = crc8_table[c ^ *p];
    return c;
}

static UNUSED u64 hash_crc64_custom(const u8 *p, u64 n)
{
    u64 c = 0;
    for (; n; n--, p++)
        c = c >> 8 ^ crc64_table[(c ^ *p) & 0xff];
    return c;
}

/* One's complement sum of big-endian 16-bit words, an odd last byte padded with zero; `sum` is carried on. */
static UNUSED u64 csum_add(u64 sum, const u8 *p, u64 n)
{
    for (; n >= 4; n -= 4, p += 4)
        sum += ld_be(p, 4);
    if (n & 2) {
        sum += ld_be(p, 2);
        p += 2;
    }
    if (n & 1)
        sum += (u64)p[0] << 8;
    return sum;
}

static UNUSED u64 csum_end(u64 sum)
{
    while (sum >> 16)
        sum = (sum & 0xffff) + (sum >> 16);
    return sum ^ 0xffff;
}

static UNUSED u64 hash_csum16(const u8 *p, u64 n) { return csum_end(csum_add(0, p, n)); }

static UNUSED u64 hash_identity(const u8 *p, u64 n)
{
    u64 v = 0;
    for (u64 i = 0; i < n && i < 8; i++)
        v = v << 8 | p[i];
    return v;
}

static UNUSED u64 hash_xor(const u8 *p, u64 n, unsigned size)
{
    u64 result = 0;
    for (u64 i = 0; i < n; i += size) {
        u64 v = 0;
        for (unsigned j = 0; j < size; j++)
            v = v << 8 | (i + j < n ? p[i + j] : 0);
        result ^= v;
    }
    return result;
}
static UNUSED u64 hash_xor16(const u8 *p, u64 n) { return hash_xor(p, n, 2); }
static UNUSED u64 hash_xor32(const u8 *p, u64 n) { return hash_xor(p, n, 4); }

#define X1 0x9E3779B185EBCA87ULL
#define X2 0xC2B2AE3D27D4EB4FULL
#define X3 0x165667B19E3779F9ULL
#define X4 0x85EBCA77C2B2AE63ULL
#define X5 0x27D4EB2F165667C5ULL
INLINE u64 rotl(u64 v, int n) { return v << n | v >> (64 - n); }
INLINE u64 xx_round(u64 acc, u64 lane) { return rotl(acc + lane * X2, 31) * X1; }
INLINE u64 ld_le64(const u8 *p) { return __builtin_bswap64(ld_be(p, 8)); }

static UNUSED u64 hash_xxh64(const u8 *p, u64 n)
{
    const u8 *end = p + n;
    u64 v;
    if (n >= 32) {
        u64 a[4] = {X1 + X2, X2, 0, 0 - X1};
        for (; p + 32 <= end; p += 32)
            for (int i = 0; i < 4; i++)
                a[i] = xx_round(a[i], ld_le64(p + 8 * i));
        v = rotl(a[0], 1) + rotl(a[1], 7) + rotl(a[2], 12) + rotl(a[3], 18);
        for (int i = 0; i < 4; i++)
            v = (v ^ xx_round(0, a[i])) * X1 + X4;
    } else {
        v = X5;
    }
    v += n;
    for (; p + 8 <= end; p += 8)
        v = rotl(v ^ xx_round(0, ld_le64(p)), 27) * X1 + X4;
    if (p + 4 <= end) {
        v = rotl(v ^ (u64)__builtin_bswap32((u32)ld_be(p, 4)) * X1, 23) * X2 + X3;
        p += 4;
    }
    for (; p < end; p++)
        v = rotl(v ^ *p * X5, 11) * X1;
    v = (v ^ v >> 33) * X2;
    v = (v ^ v >> 29) * X3;
    return v ^ v >> 32;
}

static UNUSED u64 hash_hash_ex(const u8 *p, u64 n)
{
    u32 v = 2166136261u;
    for (; n; n--, p++)
        v = (v ^ (u32)(s32)(s8)*p) * 16777619u;
    v += v << 13;
    v ^= v >> 7;
    v += v << 3;
    v ^= v >> 17;
    return (u32)(v + (v << 5));
}

static UNUSED u64 hash_toeplitz(const u8 *p, u64 n)
{
    (void)p;
    (void)n;
    return 0;
}

#endif
