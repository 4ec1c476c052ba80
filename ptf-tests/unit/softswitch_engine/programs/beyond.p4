// SPDX-License-Identifier: Apache-2.0
// What the native engine leaves to the Python engine: equality of variable-length fields, saturation at 128 bits.
#include <core.p4>
#include <v1model.p4>

header kind_t { bit<8> kind; }

header text_t {
    bit<8>      size;
    varbit<128> octets;
}

header numbers_t {
    bit<128> a;
    bit<128> b;
    int<128> s;
    int<128> t;
}

header report_t {
    bit<8>   equal;
    bit<128> sum;
    int<128> difference;
}

struct headers_t {
    report_t  report;
    kind_t    kind;
    text_t    first;
    text_t    second;
    numbers_t numbers;
}

struct metadata_t { }

parser parse(packet_in packet, out headers_t hdr, inout metadata_t md, inout standard_metadata_t sm) {
    state start {
        packet.extract(hdr.kind);
        transition select(hdr.kind.kind) {
            0x00 &&& 0x01: texts;
            default: numbers;
        }
    }
    state texts {
        packet.extract(hdr.first, (bit<32>)(packet.lookahead<bit<8>>() & 0x03) * 8);
        packet.extract(hdr.second, (bit<32>)(packet.lookahead<bit<8>>() & 0x03) * 8);
        transition accept;
    }
    state numbers {
        packet.extract(hdr.numbers);
        transition accept;
    }
}

control verify_checksums(inout headers_t hdr, inout metadata_t md) { apply { } }
control compute(inout headers_t hdr, inout metadata_t md) { apply { } }

control ingress(inout headers_t hdr, inout metadata_t md, inout standard_metadata_t sm) {
    apply {
        sm.egress_spec = 1;
        if (sm.parser_error != error.NoError) { return; }
        hdr.report.setValid();
        hdr.report.equal = 0;
        if (hdr.second.isValid()) {
            // BMv2 takes octets for a number: 00 equals nothing, unlike in P4-16 (8.10)
            if (hdr.first.size == hdr.second.size && hdr.first.octets == hdr.second.octets) { hdr.report.equal = 1; }
            if (hdr.first == hdr.second) { hdr.report.equal = hdr.report.equal | 2; }
        }
        if (hdr.numbers.isValid()) {
            hdr.report.sum = hdr.numbers.a |+| hdr.numbers.b;
            hdr.report.difference = hdr.numbers.s |-| hdr.numbers.t;
        }
    }
}

control egress(inout headers_t hdr, inout metadata_t md, inout standard_metadata_t sm) { apply { } }

control deparse(packet_out packet, in headers_t hdr) {
    apply { packet.emit(hdr); }
}

V1Switch(parse(), verify_checksums(), ingress(), egress(), compute(), deparse()) main;
