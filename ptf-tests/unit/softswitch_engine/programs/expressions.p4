// SPDX-License-Identifier: Apache-2.0
// Numbers of 1 to 128 bits: casts, slices, joins, shifts by anything, saturation, booleans, conditions in expressions.
#include <core.p4>
#include <v1model.p4>

header operands_t {
    bit<8>   op;
    bit<1>   flag;
    int<7>   seven;
    bit<8>   count;
    int<8>   s8;
    bit<32>  u32;
    int<32>  s32;
    bit<64>  u64;
    int<64>  s64;
    bit<128> u128;
    int<128> s128;
}

header results_t {
    bit<8>   slice;
    bit<8>   steps;
    bit<16>  joined;
    int<16>  extended;
    int<8>   cut;
    bit<8>   unsigned_;
    int<8>   negative;
    int<8>   sat8;
    bit<8>   sat_low;
    bit<64>  sat64;
    int<64>  sat_s64;
    bit<120> sat120;
    int<120> sat_s120;
    bit<128> sum128;
    bit<128> product128;
    int<128> difference128;
    bit<128> left128;
    bit<128> right128;
    int<128> shifted;
    int<64>  int_left;
    int<64>  int_right;
    bit<64>  rotated;
    bit<32>  chosen;
    bit<32>  nested;
    bit<32>  mixed;
    bit<16>  facts;
    bit<1>   one;
    bit<15>  rest;
}

struct headers_t {
    operands_t in_;
    results_t  out_;
}

struct pair_t {
    bit<16> left;
    bit<16> right;
}

struct metadata_t {
    bool    odd;
    bool    large;
    pair_t  first;
    pair_t  second;
}

parser parse(packet_in packet, out headers_t hdr, inout metadata_t md, inout standard_metadata_t sm) {
    state start {
        packet.extract(hdr.in_);
        md.odd = hdr.in_.u32[0:0] == 1;
        md.first = { hdr.in_.u32[31:16], hdr.in_.u32[15:0] };
        transition accept;
    }
}

control verify_checksums(inout headers_t hdr, inout metadata_t md) { apply { } }
control compute(inout headers_t hdr, inout metadata_t md) { apply { } }

control wide(in operands_t a, inout results_t r) {
    apply {

        r.sat64 = a.u64 |+| (bit<64>)a.u32;
        r.sat_s64 = a.s64 |-| (int<64>)a.s32;
        r.sat120 = a.u128[119:0] |+| (a.u128[127:8] ^ 120w0xff);
        r.sat_s120 = (int<120>)a.s128 |-| (int<120>)a.s64;
        r.sum128 = a.u128 + (bit<128>)a.u64;
        r.product128 = a.u128 * (bit<128>)a.u64;
        r.difference128 = a.s128 - (int<128>)a.s32;
        r.left128 = a.u128 << a.count;
        r.right128 = a.u128 >> a.count;
        r.shifted = a.s128 >> a.count;
        r.int_left = a.s64 << a.count;
        r.int_right = a.s64 >> a.op;
        r.rotated = (a.u64 << a.count[5:0]) | (a.u64 >> (64 - (bit<8>)a.count[5:0]));
    }
}

control ingress(inout headers_t hdr, inout metadata_t md, inout standard_metadata_t sm) {
    action narrow() {
        hdr.out_.slice = hdr.in_.u32[19:12];
        hdr.out_.steps = 0xff;
        hdr.out_.steps[6:2] = hdr.in_.u32[4:0];
        hdr.out_.steps[4:4] = hdr.in_.flag;
        hdr.out_.joined = hdr.in_.flag ++ (bit<7>)hdr.in_.seven ++ hdr.in_.u32[7:4] ++ 4w9;
        hdr.out_.extended = (int<16>)hdr.in_.seven;
        hdr.out_.cut = (int<8>)hdr.in_.s32;
        hdr.out_.unsigned_ = (bit<8>)hdr.in_.s8;
        hdr.out_.negative = -hdr.in_.s8;
        hdr.out_.sat8 = hdr.in_.s8 |+| (int<8>)hdr.in_.seven;
        hdr.out_.sat_low = hdr.in_.count |-| hdr.in_.op;
    }
    action facts() {
        hdr.out_.facts = 0;
        hdr.out_.facts[0:0] = (bit<1>)md.odd;
        hdr.out_.facts[1:1] = (bit<1>)(md.odd || md.large);
        hdr.out_.facts[2:2] = (bit<1>)(!md.odd && (md.large == md.odd));
        hdr.out_.facts[3:3] = (bit<1>)(hdr.in_.seven < 0);
        hdr.out_.facts[4:4] = (bit<1>)(hdr.in_.s128 <= (int<128>)hdr.in_.s8);
        hdr.out_.facts[5:5] = (bit<1>)(hdr.in_.u128 > (bit<128>)hdr.in_.u64);
        hdr.out_.facts[6:6] = (bit<1>)(md.first == md.second);
        hdr.out_.facts[7:7] = (bit<1>)((bool)hdr.in_.flag != md.odd);
        hdr.out_.facts[8:8] = hdr.in_.s8 >= (int<8>)hdr.in_.seven ? 1w1 : 1w0;
        hdr.out_.facts[9:9] = (bit<1>)(hdr.in_.s64 != -1);
        if (md.odd) {
            hdr.out_.facts[10:10] = 1;
        } else if (hdr.in_.count > 9) {
            hdr.out_.facts[11:11] = 1;
        } else {
            hdr.out_.facts[12:12] = 1;
        }
    }
    apply {
        sm.egress_spec = 1;
        if (!hdr.in_.isValid()) { return; }
        hdr.out_.setValid();
        md.second = { hdr.in_.u64[15:0], (bit<16>)hdr.in_.count };
        md.large = hdr.in_.u128[127:64] != 0;
        narrow();
        facts();
        wide.apply(hdr.in_, hdr.out_);
        hdr.out_.chosen = md.odd ? hdr.in_.u32 : (bit<32>)hdr.in_.s32;
        hdr.out_.nested = hdr.in_.op < 3 ? (hdr.in_.op == 1 ? 32w1 : 32w2) : (md.large ? 32w3 : hdr.in_.u32 & 0xff);
        hdr.out_.mixed = ~hdr.in_.u32 ^ ((bit<32>)hdr.in_.count * 3 - (hdr.in_.u32 | 5));
        hdr.out_.one = hdr.in_.flag + 1;
        hdr.out_.rest = (bit<15>)hdr.in_.u64[62:48] - 1;
    }
}

control egress(inout headers_t hdr, inout metadata_t md, inout standard_metadata_t sm) { apply { } }

control deparse(packet_out packet, in headers_t hdr) {
    apply {
        packet.emit(hdr.in_);
        packet.emit(hdr.out_);
    }
}

V1Switch(parse(), verify_checksums(), ingress(), egress(), compute(), deparse()) main;
