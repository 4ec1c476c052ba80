// SPDX-License-Identifier: Apache-2.0
// The compression functions of SHA-256 and SHA-1 (FIPS 180-4 6.2.2, 6.1.2) in plain P4: v1model has no extern for them.
// One block, all rounds in one action.
//
// A word is kept twice in 64 bits, so that a rotation to the right by n is a shift by n. The high half of a word
// that is added to is garbage until TWICE makes it right. Instead of moving eight variables each round names them anew.
#ifndef SRV6_CORE_CRYPTO_SHA_P4_
#define SRV6_CORE_CRYPTO_SHA_P4_

#define LOW_WORD 64w0xFFFFFFFF
#define TWICE(X) (((X) & LOW_WORD) * 64w0x100000001)

#define CHOOSE(X, Y, Z)   (Z ^ (X & (Y ^ Z)))
#define MAJORITY(X, Y, Z) ((X & Y) | (Z & (X | Y)))
#define PARITY(X, Y, Z)   (X ^ Y ^ Z)

#define SHA256_ROUND(A, B, C, D, E, F, G, H, W, K)                                                                     \
    HASH.H = HASH.H + ((HASH.E >> 6) ^ (HASH.E >> 11) ^ (HASH.E >> 25)) + CHOOSE(HASH.E, HASH.F, HASH.G) + HASH.W + K; \
    HASH.D = TWICE(HASH.D + HASH.H);                                                                                   \
    HASH.H = TWICE(HASH.H + ((HASH.A >> 2) ^ (HASH.A >> 13) ^ (HASH.A >> 22)) + MAJORITY(HASH.A, HASH.B, HASH.C));
#define SHA256_SCHEDULE(W, W1, W9, W14)                                                                                \
    HASH.W = TWICE(HASH.W + ((HASH.W1 >> 7) ^ (HASH.W1 >> 18) ^ ((HASH.W1 & LOW_WORD) >> 3)) + HASH.W9                 \
                   + ((HASH.W14 >> 17) ^ (HASH.W14 >> 19) ^ ((HASH.W14 & LOW_WORD) >> 10)));
#define SHA256_ROUNDS \
    SHA256_ROUND(a, b, c, d, e, f, g, h, w0, 0x428A2F98) SHA256_ROUND(h, a, b, c, d, e, f, g, w1, 0x71374491)          \
    SHA256_ROUND(g, h, a, b, c, d, e, f, w2, 0xB5C0FBCF) SHA256_ROUND(f, g, h, a, b, c, d, e, w3, 0xE9B5DBA5)          \
    SHA256_ROUND(e, f, g, h, a, b, c, d, w4, 0x3956C25B) SHA256_ROUND(d, e, f, g, h, a, b, c, w5, 0x59F111F1)          \
    SHA256_ROUND(c, d, e, f, g, h, a, b, w6, 0x923F82A4) SHA256_ROUND(b, c, d, e, f, g, h, a, w7, 0xAB1C5ED5)          \
    SHA256_ROUND(a, b, c, d, e, f, g, h, w8, 0xD807AA98) SHA256_ROUND(h, a, b, c, d, e, f, g, w9, 0x12835B01)          \
    SHA256_ROUND(g, h, a, b, c, d, e, f, w10, 0x243185BE)                                                              \
    SHA256_ROUND(f, g, h, a, b, c, d, e, w11, 0x550C7DC3)                                                              \
    SHA256_ROUND(e, f, g, h, a, b, c, d, w12, 0x72BE5D74)                                                              \
    SHA256_ROUND(d, e, f, g, h, a, b, c, w13, 0x80DEB1FE)                                                              \
    SHA256_ROUND(c, d, e, f, g, h, a, b, w14, 0x9BDC06A7)                                                              \
    SHA256_ROUND(b, c, d, e, f, g, h, a, w15, 0xC19BF174) SHA256_SCHEDULE(w0, w1, w9, w14)                             \
    SHA256_ROUND(a, b, c, d, e, f, g, h, w0, 0xE49B69C1) SHA256_SCHEDULE(w1, w2, w10, w15)                             \
    SHA256_ROUND(h, a, b, c, d, e, f, g, w1, 0xEFBE4786) SHA256_SCHEDULE(w2, w3, w11, w0)                              \
    SHA256_ROUND(g, h, a, b, c, d, e, f, w2, 0x0FC19DC6) SHA256_SCHEDULE(w3, w4, w12, w1)                              \
    SHA256_ROUND(f, g, h, a, b, c, d, e, w3, 0x240CA1CC) SHA256_SCHEDULE(w4, w5, w13, w2)                              \
    SHA256_ROUND(e, f, g, h, a, b, c, d, w4, 0x2DE92C6F) SHA256_SCHEDULE(w5, w6, w14, w3)                              \
    SHA256_ROUND(d, e, f, g, h, a, b, c, w5, 0x4A7484AA) SHA256_SCHEDULE(w6, w7, w15, w4)                              \
    SHA256_ROUND(c, d, e, f, g, h, a, b, w6, 0x5CB0A9DC) SHA256_SCHEDULE(w7, w8, w0, w5)                               \
    SHA256_ROUND(b, c, d, e, f, g, h, a, w7, 0x76F988DA) SHA256_SCHEDULE(w8, w9, w1, w6)                               \
    SHA256_ROUND(a, b, c, d, e, f, g, h, w8, 0x983E5152) SHA256_SCHEDULE(w9, w10, w2, w7)                              \
    SHA256_ROUND(h, a, b, c, d, e, f, g, w9, 0xA831C66D) SHA256_SCHEDULE(w10, w11, w3, w8)                             \
    SHA256_ROUND(g, h, a, b, c, d, e, f, w10, 0xB00327C8) SHA256_SCHEDULE(w11, w12, w4, w9)                            \
    SHA256_ROUND(f, g, h, a, b, c, d, e, w11, 0xBF597FC7) SHA256_SCHEDULE(w12, w13, w5, w10)                           \
    SHA256_ROUND(e, f, g, h, a, b, c, d, w12, 0xC6E00BF3) SHA256_SCHEDULE(w13, w14, w6, w11)                           \
    SHA256_ROUND(d, e, f, g, h, a, b, c, w13, 0xD5A79147) SHA256_SCHEDULE(w14, w15, w7, w12)                           \
    SHA256_ROUND(c, d, e, f, g, h, a, b, w14, 0x06CA6351) SHA256_SCHEDULE(w15, w0, w8, w13)                            \
    SHA256_ROUND(b, c, d, e, f, g, h, a, w15, 0x14292967) SHA256_SCHEDULE(w0, w1, w9, w14)                             \
    SHA256_ROUND(a, b, c, d, e, f, g, h, w0, 0x27B70A85) SHA256_SCHEDULE(w1, w2, w10, w15)                             \
    SHA256_ROUND(h, a, b, c, d, e, f, g, w1, 0x2E1B2138) SHA256_SCHEDULE(w2, w3, w11, w0)                              \
    SHA256_ROUND(g, h, a, b, c, d, e, f, w2, 0x4D2C6DFC) SHA256_SCHEDULE(w3, w4, w12, w1)                              \
    SHA256_ROUND(f, g, h, a, b, c, d, e, w3, 0x53380D13) SHA256_SCHEDULE(w4, w5, w13, w2)                              \
    SHA256_ROUND(e, f, g, h, a, b, c, d, w4, 0x650A7354) SHA256_SCHEDULE(w5, w6, w14, w3)                              \
    SHA256_ROUND(d, e, f, g, h, a, b, c, w5, 0x766A0ABB) SHA256_SCHEDULE(w6, w7, w15, w4)                              \
    SHA256_ROUND(c, d, e, f, g, h, a, b, w6, 0x81C2C92E) SHA256_SCHEDULE(w7, w8, w0, w5)                               \
    SHA256_ROUND(b, c, d, e, f, g, h, a, w7, 0x92722C85) SHA256_SCHEDULE(w8, w9, w1, w6)                               \
    SHA256_ROUND(a, b, c, d, e, f, g, h, w8, 0xA2BFE8A1) SHA256_SCHEDULE(w9, w10, w2, w7)                              \
    SHA256_ROUND(h, a, b, c, d, e, f, g, w9, 0xA81A664B) SHA256_SCHEDULE(w10, w11, w3, w8)                             \
    SHA256_ROUND(g, h, a, b, c, d, e, f, w10, 0xC24B8B70) SHA256_SCHEDULE(w11, w12, w4, w9)                            \
    SHA256_ROUND(f, g, h, a, b, c, d, e, w11, 0xC76C51A3) SHA256_SCHEDULE(w12, w13, w5, w10)                           \
    SHA256_ROUND(e, f, g, h, a, b, c, d, w12, 0xD192E819) SHA256_SCHEDULE(w13, w14, w6, w11)                           \
    SHA256_ROUND(d, e, f, g, h, a, b, c, w13, 0xD6990624) SHA256_SCHEDULE(w14, w15, w7, w12)                           \
    SHA256_ROUND(c, d, e, f, g, h, a, b, w14, 0xF40E3585) SHA256_SCHEDULE(w15, w0, w8, w13)                            \
    SHA256_ROUND(b, c, d, e, f, g, h, a, w15, 0x106AA070) SHA256_SCHEDULE(w0, w1, w9, w14)                             \
    SHA256_ROUND(a, b, c, d, e, f, g, h, w0, 0x19A4C116) SHA256_SCHEDULE(w1, w2, w10, w15)                             \
    SHA256_ROUND(h, a, b, c, d, e, f, g, w1, 0x1E376C08) SHA256_SCHEDULE(w2, w3, w11, w0)                              \
    SHA256_ROUND(g, h, a, b, c, d, e, f, w2, 0x2748774C) SHA256_SCHEDULE(w3, w4, w12, w1)                              \
    SHA256_ROUND(f, g, h, a, b, c, d, e, w3, 0x34B0BCB5) SHA256_SCHEDULE(w4, w5, w13, w2)                              \
    SHA256_ROUND(e, f, g, h, a, b, c, d, w4, 0x391C0CB3) SHA256_SCHEDULE(w5, w6, w14, w3)                              \
    SHA256_ROUND(d, e, f, g, h, a, b, c, w5, 0x4ED8AA4A) SHA256_SCHEDULE(w6, w7, w15, w4)                              \
    SHA256_ROUND(c, d, e, f, g, h, a, b, w6, 0x5B9CCA4F) SHA256_SCHEDULE(w7, w8, w0, w5)                               \
    SHA256_ROUND(b, c, d, e, f, g, h, a, w7, 0x682E6FF3) SHA256_SCHEDULE(w8, w9, w1, w6)                               \
    SHA256_ROUND(a, b, c, d, e, f, g, h, w8, 0x748F82EE) SHA256_SCHEDULE(w9, w10, w2, w7)                              \
    SHA256_ROUND(h, a, b, c, d, e, f, g, w9, 0x78A5636F) SHA256_SCHEDULE(w10, w11, w3, w8)                             \
    SHA256_ROUND(g, h, a, b, c, d, e, f, w10, 0x84C87814) SHA256_SCHEDULE(w11, w12, w4, w9)                            \
    SHA256_ROUND(f, g, h, a, b, c, d, e, w11, 0x8CC70208) SHA256_SCHEDULE(w12, w13, w5, w10)                           \
    SHA256_ROUND(e, f, g, h, a, b, c, d, w12, 0x90BEFFFA) SHA256_SCHEDULE(w13, w14, w6, w11)                           \
    SHA256_ROUND(d, e, f, g, h, a, b, c, w13, 0xA4506CEB) SHA256_SCHEDULE(w14, w15, w7, w12)                           \
    SHA256_ROUND(c, d, e, f, g, h, a, b, w14, 0xBEF9A3F7) SHA256_SCHEDULE(w15, w0, w8, w13)                            \
    SHA256_ROUND(b, c, d, e, f, g, h, a, w15, 0xC67178F2)

// A rotation to the left by n is one to the right by 32 - n.
#define SHA1_ROUND(FUNCTION, A, B, C, D, E, W, K)                                                                      \
    HASH.E = TWICE((HASH.A >> 27) + FUNCTION(HASH.B, HASH.C, HASH.D) + HASH.E + HASH.W + K);                           \
    HASH.B = TWICE(HASH.B >> 2);
#define SHA1_SCHEDULE(W, W2, W8, W13)                                                                                  \
    HASH.W = TWICE(HASH.W ^ HASH.W2 ^ HASH.W8 ^ HASH.W13);                                                             \
    HASH.W = TWICE(HASH.W >> 31);
#define SHA1_ROUNDS \
    SHA1_ROUND(CHOOSE, a, b, c, d, e, w0, 0x5A827999) SHA1_ROUND(CHOOSE, e, a, b, c, d, w1, 0x5A827999)                \
    SHA1_ROUND(CHOOSE, d, e, a, b, c, w2, 0x5A827999) SHA1_ROUND(CHOOSE, c, d, e, a, b, w3, 0x5A827999)                \
    SHA1_ROUND(CHOOSE, b, c, d, e, a, w4, 0x5A827999) SHA1_ROUND(CHOOSE, a, b, c, d, e, w5, 0x5A827999)                \
    SHA1_ROUND(CHOOSE, e, a, b, c, d, w6, 0x5A827999) SHA1_ROUND(CHOOSE, d, e, a, b, c, w7, 0x5A827999)                \
    SHA1_ROUND(CHOOSE, c, d, e, a, b, w8, 0x5A827999) SHA1_ROUND(CHOOSE, b, c, d, e, a, w9, 0x5A827999)                \
    SHA1_ROUND(CHOOSE, a, b, c, d, e, w10, 0x5A827999) SHA1_ROUND(CHOOSE, e, a, b, c, d, w11, 0x5A827999)              \
    SHA1_ROUND(CHOOSE, d, e, a, b, c, w12, 0x5A827999) SHA1_ROUND(CHOOSE, c, d, e, a, b, w13, 0x5A827999)              \
    SHA1_ROUND(CHOOSE, b, c, d, e, a, w14, 0x5A827999) SHA1_ROUND(CHOOSE, a, b, c, d, e, w15, 0x5A827999)              \
    SHA1_SCHEDULE(w0, w2, w8, w13) SHA1_ROUND(CHOOSE, e, a, b, c, d, w0, 0x5A827999)                                   \
    SHA1_SCHEDULE(w1, w3, w9, w14) SHA1_ROUND(CHOOSE, d, e, a, b, c, w1, 0x5A827999)                                   \
    SHA1_SCHEDULE(w2, w4, w10, w15) SHA1_ROUND(CHOOSE, c, d, e, a, b, w2, 0x5A827999)                                  \
    SHA1_SCHEDULE(w3, w5, w11, w0) SHA1_ROUND(CHOOSE, b, c, d, e, a, w3, 0x5A827999)                                   \
    SHA1_SCHEDULE(w4, w6, w12, w1) SHA1_ROUND(PARITY, a, b, c, d, e, w4, 0x6ED9EBA1)                                   \
    SHA1_SCHEDULE(w5, w7, w13, w2) SHA1_ROUND(PARITY, e, a, b, c, d, w5, 0x6ED9EBA1)                                   \
    SHA1_SCHEDULE(w6, w8, w14, w3) SHA1_ROUND(PARITY, d, e, a, b, c, w6, 0x6ED9EBA1)                                   \
    SHA1_SCHEDULE(w7, w9, w15, w4) SHA1_ROUND(PARITY, c, d, e, a, b, w7, 0x6ED9EBA1)                                   \
    SHA1_SCHEDULE(w8, w10, w0, w5) SHA1_ROUND(PARITY, b, c, d, e, a, w8, 0x6ED9EBA1)                                   \
    SHA1_SCHEDULE(w9, w11, w1, w6) SHA1_ROUND(PARITY, a, b, c, d, e, w9, 0x6ED9EBA1)                                   \
    SHA1_SCHEDULE(w10, w12, w2, w7) SHA1_ROUND(PARITY, e, a, b, c, d, w10, 0x6ED9EBA1)                                 \
    SHA1_SCHEDULE(w11, w13, w3, w8) SHA1_ROUND(PARITY, d, e, a, b, c, w11, 0x6ED9EBA1)                                 \
    SHA1_SCHEDULE(w12, w14, w4, w9) SHA1_ROUND(PARITY, c, d, e, a, b, w12, 0x6ED9EBA1)                                 \
    SHA1_SCHEDULE(w13, w15, w5, w10) SHA1_ROUND(PARITY, b, c, d, e, a, w13, 0x6ED9EBA1)                                \
    SHA1_SCHEDULE(w14, w0, w6, w11) SHA1_ROUND(PARITY, a, b, c, d, e, w14, 0x6ED9EBA1)                                 \
    SHA1_SCHEDULE(w15, w1, w7, w12) SHA1_ROUND(PARITY, e, a, b, c, d, w15, 0x6ED9EBA1)                                 \
    SHA1_SCHEDULE(w0, w2, w8, w13) SHA1_ROUND(PARITY, d, e, a, b, c, w0, 0x6ED9EBA1)                                   \
    SHA1_SCHEDULE(w1, w3, w9, w14) SHA1_ROUND(PARITY, c, d, e, a, b, w1, 0x6ED9EBA1)                                   \
    SHA1_SCHEDULE(w2, w4, w10, w15) SHA1_ROUND(PARITY, b, c, d, e, a, w2, 0x6ED9EBA1)                                  \
    SHA1_SCHEDULE(w3, w5, w11, w0) SHA1_ROUND(PARITY, a, b, c, d, e, w3, 0x6ED9EBA1)                                   \
    SHA1_SCHEDULE(w4, w6, w12, w1) SHA1_ROUND(PARITY, e, a, b, c, d, w4, 0x6ED9EBA1)                                   \
    SHA1_SCHEDULE(w5, w7, w13, w2) SHA1_ROUND(PARITY, d, e, a, b, c, w5, 0x6ED9EBA1)                                   \
    SHA1_SCHEDULE(w6, w8, w14, w3) SHA1_ROUND(PARITY, c, d, e, a, b, w6, 0x6ED9EBA1)                                   \
    SHA1_SCHEDULE(w7, w9, w15, w4) SHA1_ROUND(PARITY, b, c, d, e, a, w7, 0x6ED9EBA1)                                   \
    SHA1_SCHEDULE(w8, w10, w0, w5) SHA1_ROUND(MAJORITY, a, b, c, d, e, w8, 0x8F1BBCDC)                                 \
    SHA1_SCHEDULE(w9, w11, w1, w6) SHA1_ROUND(MAJORITY, e, a, b, c, d, w9, 0x8F1BBCDC)                                 \
    SHA1_SCHEDULE(w10, w12, w2, w7) SHA1_ROUND(MAJORITY, d, e, a, b, c, w10, 0x8F1BBCDC)                               \
    SHA1_SCHEDULE(w11, w13, w3, w8) SHA1_ROUND(MAJORITY, c, d, e, a, b, w11, 0x8F1BBCDC)                               \
    SHA1_SCHEDULE(w12, w14, w4, w9) SHA1_ROUND(MAJORITY, b, c, d, e, a, w12, 0x8F1BBCDC)                               \
    SHA1_SCHEDULE(w13, w15, w5, w10) SHA1_ROUND(MAJORITY, a, b, c, d, e, w13, 0x8F1BBCDC)                              \
    SHA1_SCHEDULE(w14, w0, w6, w11) SHA1_ROUND(MAJORITY, e, a, b, c, d, w14, 0x8F1BBCDC)                               \
    SHA1_SCHEDULE(w15, w1, w7, w12) SHA1_ROUND(MAJORITY, d, e, a, b, c, w15, 0x8F1BBCDC)                               \
    SHA1_SCHEDULE(w0, w2, w8, w13) SHA1_ROUND(MAJORITY, c, d, e, a, b, w0, 0x8F1BBCDC)                                 \
    SHA1_SCHEDULE(w1, w3, w9, w14) SHA1_ROUND(MAJORITY, b, c, d, e, a, w1, 0x8F1BBCDC)                                 \
    SHA1_SCHEDULE(w2, w4, w10, w15) SHA1_ROUND(MAJORITY, a, b, c, d, e, w2, 0x8F1BBCDC)                                \
    SHA1_SCHEDULE(w3, w5, w11, w0) SHA1_ROUND(MAJORITY, e, a, b, c, d, w3, 0x8F1BBCDC)                                 \
    SHA1_SCHEDULE(w4, w6, w12, w1) SHA1_ROUND(MAJORITY, d, e, a, b, c, w4, 0x8F1BBCDC)                                 \
    SHA1_SCHEDULE(w5, w7, w13, w2) SHA1_ROUND(MAJORITY, c, d, e, a, b, w5, 0x8F1BBCDC)                                 \
    SHA1_SCHEDULE(w6, w8, w14, w3) SHA1_ROUND(MAJORITY, b, c, d, e, a, w6, 0x8F1BBCDC)                                 \
    SHA1_SCHEDULE(w7, w9, w15, w4) SHA1_ROUND(MAJORITY, a, b, c, d, e, w7, 0x8F1BBCDC)                                 \
    SHA1_SCHEDULE(w8, w10, w0, w5) SHA1_ROUND(MAJORITY, e, a, b, c, d, w8, 0x8F1BBCDC)                                 \
    SHA1_SCHEDULE(w9, w11, w1, w6) SHA1_ROUND(MAJORITY, d, e, a, b, c, w9, 0x8F1BBCDC)                                 \
    SHA1_SCHEDULE(w10, w12, w2, w7) SHA1_ROUND(MAJORITY, c, d, e, a, b, w10, 0x8F1BBCDC)                               \
    SHA1_SCHEDULE(w11, w13, w3, w8) SHA1_ROUND(MAJORITY, b, c, d, e, a, w11, 0x8F1BBCDC)                               \
    SHA1_SCHEDULE(w12, w14, w4, w9) SHA1_ROUND(PARITY, a, b, c, d, e, w12, 0xCA62C1D6)                                 \
    SHA1_SCHEDULE(w13, w15, w5, w10) SHA1_ROUND(PARITY, e, a, b, c, d, w13, 0xCA62C1D6)                                \
    SHA1_SCHEDULE(w14, w0, w6, w11) SHA1_ROUND(PARITY, d, e, a, b, c, w14, 0xCA62C1D6)                                 \
    SHA1_SCHEDULE(w15, w1, w7, w12) SHA1_ROUND(PARITY, c, d, e, a, b, w15, 0xCA62C1D6)                                 \
    SHA1_SCHEDULE(w0, w2, w8, w13) SHA1_ROUND(PARITY, b, c, d, e, a, w0, 0xCA62C1D6)                                   \
    SHA1_SCHEDULE(w1, w3, w9, w14) SHA1_ROUND(PARITY, a, b, c, d, e, w1, 0xCA62C1D6)                                   \
    SHA1_SCHEDULE(w2, w4, w10, w15) SHA1_ROUND(PARITY, e, a, b, c, d, w2, 0xCA62C1D6)                                  \
    SHA1_SCHEDULE(w3, w5, w11, w0) SHA1_ROUND(PARITY, d, e, a, b, c, w3, 0xCA62C1D6)                                   \
    SHA1_SCHEDULE(w4, w6, w12, w1) SHA1_ROUND(PARITY, c, d, e, a, b, w4, 0xCA62C1D6)                                   \
    SHA1_SCHEDULE(w5, w7, w13, w2) SHA1_ROUND(PARITY, b, c, d, e, a, w5, 0xCA62C1D6)                                   \
    SHA1_SCHEDULE(w6, w8, w14, w3) SHA1_ROUND(PARITY, a, b, c, d, e, w6, 0xCA62C1D6)                                   \
    SHA1_SCHEDULE(w7, w9, w15, w4) SHA1_ROUND(PARITY, e, a, b, c, d, w7, 0xCA62C1D6)                                   \
    SHA1_SCHEDULE(w8, w10, w0, w5) SHA1_ROUND(PARITY, d, e, a, b, c, w8, 0xCA62C1D6)                                   \
    SHA1_SCHEDULE(w9, w11, w1, w6) SHA1_ROUND(PARITY, c, d, e, a, b, w9, 0xCA62C1D6)                                   \
    SHA1_SCHEDULE(w10, w12, w2, w7) SHA1_ROUND(PARITY, b, c, d, e, a, w10, 0xCA62C1D6)                                 \
    SHA1_SCHEDULE(w11, w13, w3, w8) SHA1_ROUND(PARITY, a, b, c, d, e, w11, 0xCA62C1D6)                                 \
    SHA1_SCHEDULE(w12, w14, w4, w9) SHA1_ROUND(PARITY, e, a, b, c, d, w12, 0xCA62C1D6)                                 \
    SHA1_SCHEDULE(w13, w15, w5, w10) SHA1_ROUND(PARITY, d, e, a, b, c, w13, 0xCA62C1D6)                                \
    SHA1_SCHEDULE(w14, w0, w6, w11) SHA1_ROUND(PARITY, c, d, e, a, b, w14, 0xCA62C1D6)                                 \
    SHA1_SCHEDULE(w15, w1, w7, w12) SHA1_ROUND(PARITY, b, c, d, e, a, w15, 0xCA62C1D6)

#endif  // SRV6_CORE_CRYPTO_SHA_P4_
