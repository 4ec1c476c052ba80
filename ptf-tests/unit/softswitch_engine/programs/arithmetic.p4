// SPDX-License-Identifier: Apache-2.0
// Every operator on bit and int values: operands come in one header, results leave in another.
#include <core.p4>
#include <v1model.p4>

header operands_t {
    bit<8>  op;
    bit<16> a;
    bit<16> b;
    int<16> s;
    int<16> t;
    bit<4>  hi;
    bit<4>  lo;
    bit<8>  shift;
    bit<64> wide;
}

header results_t {
    bit<16> add;
    bit<16> sub;
    bit<16> mul;
    bit<16> sat_add;
    bit<16> sat_sub;
    int<16> int_add;
    int<16> int_sub;
    int<16> int_mul;
    int<16> int_sat_add;
    int<16> int_sat_sub;
    int<16> int_neg;
    bit<16> shl;
    bit<16> shr;
    int<16> int_shl;
    int<16> int_shr;
    bit<16> inverse;
    bit<16> bits;
    bit<24> joined;
    bit<16> sliced;
    bit<32> widened;
    int<32> extended;
    int<8>  narrowed;
    bit<8>  compares;
    bit<8>  int_compares;
    bit<16> chosen;
    bit<64> wide;
    bit<1>  truth;
    bit<7>  rest;
}

struct headers_t {
    operands_t operands;
    results_t  results;
}

struct metadata_t { }

parser parse(packet_in packet, out headers_t hdr, inout metadata_t md, inout standard_metadata_t sm) {
    state start {
        packet.extract(hdr.operands);
        transition accept;
    }
}

control verify_checksums(inout headers_t hdr, inout metadata_t md) { apply { } }
control compute(inout headers_t hdr, inout metadata_t md) { apply { } }

control ingress(inout headers_t hdr, inout metadata_t md, inout standard_metadata_t sm) {
    apply {
        sm.egress_spec = 1;
        if (hdr.operands.isValid()) {
            bit<16> a = hdr.operands.a;
            bit<16> b = hdr.operands.b;
            int<16> s = hdr.operands.s;
            int<16> t = hdr.operands.t;
            hdr.results.setValid();
            hdr.results.add = a + b;
            hdr.results.sub = a - b;
            hdr.results.mul = a * b;
            hdr.results.sat_add = a |+| b;
            hdr.results.sat_sub = a |-| b;
            hdr.results.int_add = s + t;
            hdr.results.int_sub = s - t;
            hdr.results.int_mul = s * t;
            hdr.results.int_sat_add = s |+| t;
            hdr.results.int_sat_sub = s |-| t;
            hdr.results.int_neg = -s;
            hdr.results.shl = a << hdr.operands.shift;
            hdr.results.shr = a >> hdr.operands.shift;
            hdr.results.int_shl = s << hdr.operands.lo;
            hdr.results.int_shr = s >> hdr.operands.lo;
            hdr.results.inverse = ~a;
            hdr.results.bits = (a & b) ^ (a | 16w0x0f0f);
            hdr.results.joined = a ++ hdr.operands.op;
            hdr.results.sliced = b;
            hdr.results.sliced[11:4] = a[7:0];
            hdr.results.widened = (bit<32>)a;
            hdr.results.extended = (int<32>)s;
            hdr.results.narrowed = (int<8>)s;
            hdr.results.compares = 0;
            if (a == b) { hdr.results.compares[0:0] = 1; }
            if (a != b) { hdr.results.compares[1:1] = 1; }
            if (a < b) { hdr.results.compares[2:2] = 1; }
            if (a <= b) { hdr.results.compares[3:3] = 1; }
            if (a > b) { hdr.results.compares[4:4] = 1; }
            if (a >= b) { hdr.results.compares[5:5] = 1; }
            hdr.results.int_compares = 0;
            if (s == t) { hdr.results.int_compares[0:0] = 1; }
            if (s < t) { hdr.results.int_compares[1:1] = 1; }
            if (s >= t) { hdr.results.int_compares[2:2] = 1; } else { hdr.results.int_compares[3:3] = 1; }
            if (s > 0 && (t < 0 || a == 0)) { hdr.results.int_compares[4:4] = 1; }
            if (!(s < t) && !(a == b)) { hdr.results.int_compares[5:5] = 1; }
            hdr.results.chosen = (hdr.operands.hi > hdr.operands.lo) ? a : b;
            hdr.results.wide = hdr.operands.wide * 3 + (bit<64>)a;
            hdr.results.truth = (bit<1>)(a > b);
            hdr.results.rest = (bit<7>)hdr.operands.hi;
        }
    }
}

control egress(inout headers_t hdr, inout metadata_t md, inout standard_metadata_t sm) { apply { } }

control deparse(packet_out packet, in headers_t hdr) {
    apply {
        packet.emit(hdr.operands);
        packet.emit(hdr.results);
    }
}

V1Switch(parse(), verify_checksums(), ingress(), egress(), compute(), deparse()) main;
