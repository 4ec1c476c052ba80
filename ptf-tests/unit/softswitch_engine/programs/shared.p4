// SPDX-License-Identifier: Apache-2.0
// One action in several places: tables with a common action profile, a table entry and a direct call, initial entries.
#include <core.p4>
#include <v1model.p4>

header data_t {
    bit<8>  op;
    bit<8>  key;
    bit<16> value;
}

struct headers_t { data_t data; }

struct metadata_t { }

parser parse(packet_in packet, out headers_t hdr, inout metadata_t md, inout standard_metadata_t sm) {
    state start {
        packet.extract(hdr.data);
        transition accept;
    }
}

control verify_checksums(inout headers_t hdr, inout metadata_t md) { apply { } }
control compute(inout headers_t hdr, inout metadata_t md) { apply { } }

control ingress(inout headers_t hdr, inout metadata_t md, inout standard_metadata_t sm) {
    action_profile(32) common;

    action add(bit<16> by) { hdr.data.value = hdr.data.value + by; }
    action twice() { hdr.data.value = hdr.data.value << 1; }
    table first {
        key = { hdr.data.op: exact; }
        actions = { add; twice; NoAction; }
        implementation = common;
    }
    table second {
        key = { hdr.data.key: ternary; }
        actions = { add; twice; NoAction; }
        implementation = common;
    }
    table plain {
        key = { hdr.data.key: exact; }
        actions = { add; NoAction; }
    }
    table started {
        key = { hdr.data.op: ternary; hdr.data.key: range; }
        actions = { add; }
        size = 64;
        entries = {
            (0x01 &&& 0x01, 0 .. 20): add(0x100);
            (_, 5 .. 9): add(0x200);
        }
    }
    apply {
        sm.egress_spec = 1;
        if (!hdr.data.isValid()) { return; }
        first.apply();
        if (second.apply().hit) { add(0x11); }
        plain.apply();
        add(3);
        started.apply();
    }
}

control egress(inout headers_t hdr, inout metadata_t md, inout standard_metadata_t sm) { apply { } }

control deparse(packet_out packet, in headers_t hdr) {
    apply { packet.emit(hdr); }
}

V1Switch(parse(), verify_checksums(), ingress(), egress(), compute(), deparse()) main;
