// SPDX-License-Identifier: Apache-2.0
// Loops in actions, which are jumps backwards: nested, left early, with an exit, and around
// state that packets share.
#include <core.p4>
#include <v1model.p4>

header asked_t {
    bit<8> op;
    bit<8> count;
    bit<8> step;
    bit<8> limit;
}

header told_t {
    bit<32> sum;
    bit<16> rounds;
    bit<8>  last;
}

struct headers_t {
    told_t  told;
    asked_t asked;
}

struct metadata_t { }

parser parse(packet_in packet, out headers_t hdr, inout metadata_t md, inout standard_metadata_t sm) {
    state start {
        packet.extract(hdr.asked);
        transition accept;
    }
}

control verify_checksums(inout headers_t hdr, inout metadata_t md) { apply { } }
control compute(inout headers_t hdr, inout metadata_t md) { apply { } }

control ingress(inout headers_t hdr, inout metadata_t md, inout standard_metadata_t sm) {
    register<bit<16>>(4) seen;

    action sum() {
        for (bit<8> i = 0; i < hdr.asked.count; i = i + 1) {
            hdr.told.sum = hdr.told.sum + (bit<32>)i;
        }
    }
    action nested(bit<8> outer) {
        for (bit<8> i = 0; i < outer; i = i + 1) {
            for (bit<8> j = i; j < hdr.asked.count; j = j + 1) {
                if ((j & 3) == 1) { continue; }
                hdr.told.rounds = hdr.told.rounds + 1;
                if (hdr.told.rounds > 300) { break; }
            }
            hdr.told.last = i;
        }
    }
    action stepped() {
        for (bit<16> i = 0; i < (bit<16>)hdr.asked.limit; i = i + (bit<16>)hdr.asked.step + 1) {
            hdr.told.rounds = hdr.told.rounds + 1;
            hdr.told.last = i[7:0];
        }
    }
    action two_at_once() {
        for (bit<8> i = 3, bit<8> j = hdr.asked.limit; i < j; i = i + 1, j = j - 1) {
            hdr.told.sum = hdr.told.sum * 3 + (bit<32>)(j - i);
        }
    }
    action leaves() {
        for (bit<8> i = 0; i < hdr.asked.count; i = i + 1) {
            hdr.told.last = i;
            if (i == hdr.asked.limit) { exit; }
        }
        hdr.told.rounds = 0xffff;
    }
    action marks() {
        for (bit<32> i = 0; i < 4; i = i + 1) {
            bit<16> before;
            seen.read(before, i);
            hdr.told.sum = hdr.told.sum + (bit<32>)before;
            if ((bit<32>)hdr.asked.count > i) { seen.write(i, before + 1); }
        }
    }

    table chosen {
        key = { hdr.asked.op: exact; }
        actions = { sum; nested; stepped; two_at_once; leaves; marks; NoAction; }
        const default_action = NoAction();
        const entries = {
            1: sum();
            2: nested(5);
            3: nested(200);
            4: stepped();
            5: two_at_once();
            6: leaves();
            7: marks();
        }
    }
    apply {
        sm.egress_spec = 1;
        hdr.told.setValid();
        chosen.apply();
        hdr.told.last = hdr.told.last + 1;
    }
}

control egress(inout headers_t hdr, inout metadata_t md, inout standard_metadata_t sm) { apply { } }

control deparse(packet_out packet, in headers_t hdr) {
    apply { packet.emit(hdr); }
}

V1Switch(parse(), verify_checksums(), ingress(), egress(), compute(), deparse()) main;
