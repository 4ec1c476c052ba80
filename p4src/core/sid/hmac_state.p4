// SPDX-License-Identifier: Apache-2.0
// What the TLVs and HMAC of an SRH need of a packet (sid/hmac.p4).
#ifndef SRV6_CORE_SID_HMAC_STATE_P4_
#define SRV6_CORE_SID_HMAC_STATE_P4_

// The compression function (crypto/sha.p4): working variables and the block, each word twice.
LAZY_STATE hash_state_t {
    bit<64> a;
    bit<64> b;
    bit<64> c;
    bit<64> d;
    bit<64> e;
    bit<64> f;
    bit<64> g;
    bit<64> h;
    bit<64> w0;
    bit<64> w1;
    bit<64> w2;
    bit<64> w3;
    bit<64> w4;
    bit<64> w5;
    bit<64> w6;
    bit<64> w7;
    bit<64> w8;
    bit<64> w9;
    bit<64> w10;
    bit<64> w11;
    bit<64> w12;
    bit<64> w13;
    bit<64> w14;
    bit<64> w15;
}

// What is asked of the TLVs of a packet (TLV-3).
typedef bit<8> tlv_policy_t;
const tlv_policy_t TLV_POLICY_OFF      = 0;
const tlv_policy_t TLV_POLICY_VALIDATE = 1;   // they are walked
const tlv_policy_t TLV_POLICY_VERIFY   = 2;   // and an HMAC, if there is one, is verified
const tlv_policy_t TLV_POLICY_REQUIRE  = 3;   // and there has to be one

// What the next pass is told; it is valid in a packet that goes round for its HMAC.
LAZY_STATE hmac_verdict_t {
    hmac_result_t result;
    bit<16>       argument;   // HMAC_FAILED: the pointer; HMAC_MADE: the next hop
    bit<1>        returning;  // which way of sid/srh.p4 the SID takes
    bit<3>        pad;
    tlv_policy_t  policy;     // what is asked of the packet ...
    sid_index_t   sid_index;  // ... by the SID that it is at
    bit<4>        pad_vlan_id;
    vlan_id_t     vlan_id;    // ... or by its interface
}
#define HMAC_STATE hash_state_t hash; hmac_verdict_t hmac_verdict;
#define HASH         hdr.hash
#define HMAC_VERDICT hdr.hmac_verdict

#endif  // SRV6_CORE_SID_HMAC_STATE_P4_
