// SPDX-License-Identifier: Apache-2.0
// Clone, resubmit, recirculate, multicast, drop and truncate, driven by the packet; metadata is reported.
#include <core.p4>
#include <v1model.p4>

header op_t {
    bit<8>  op;
    bit<8>  arg;
    bit<16> value;
}

header report_t {
    bit<8>  instance;
    bit<8>  ingress_port;
    bit<8>  egress_port;
    bit<16> rid;
    bit<16> length;
    bit<16> kept;
    bit<16> lost;
    bit<8>  passes;
    bit<8>  parsed;
}

struct headers_t {
    report_t report;
    op_t     op;
}

struct metadata_t {
    @field_list(1, 2) bit<16> kept;
    @field_list(2)    bit<8>  passes;
    bit<16> lost;
    bit<8>  parsed;
}

parser parse(packet_in packet, out headers_t hdr, inout metadata_t md, inout standard_metadata_t sm) {
    state start {
        packet.extract(hdr.op);
        md.parsed = md.parsed + 1;
        transition accept;
    }
}

control verify_checksums(inout headers_t hdr, inout metadata_t md) { apply { } }
control compute(inout headers_t hdr, inout metadata_t md) { apply { } }

control ingress(inout headers_t hdr, inout metadata_t md, inout standard_metadata_t sm) {
    apply {
        sm.egress_spec = 2;
        md.lost = 0x1111;
        if (hdr.op.op == 1) {
            clone_preserving_field_list(CloneType.I2E, 5, 1);
        } else if (hdr.op.op == 2) {
            clone(CloneType.I2E, (bit<32>)hdr.op.arg);
        } else if (hdr.op.op == 3 && md.passes < 2) {
            md.passes = md.passes + 1;
            md.kept = hdr.op.value;
            resubmit_preserving_field_list(2);
        } else if (hdr.op.op == 4) {
            sm.mcast_grp = (bit<16>)hdr.op.arg;
        } else if (hdr.op.op == 5) {
            mark_to_drop(sm);
        } else if (hdr.op.op == 6) {
            mark_to_drop(sm);
            sm.egress_spec = 3;
        } else if (hdr.op.op == 7) {
            truncate((bit<32>)hdr.op.arg);
        } else if (hdr.op.op == 8) {
            clone(CloneType.I2E, 5);
            mark_to_drop(sm);
        } else if (hdr.op.op == 12) {
            clone_preserving_field_list(CloneType.I2E, 5, 1);
            sm.mcast_grp = 1;
        }
        if (hdr.op.op != 3) { md.kept = hdr.op.value; }
        hdr.op.value = hdr.op.value + 1;
    }
}

control egress(inout headers_t hdr, inout metadata_t md, inout standard_metadata_t sm) {
    apply {
        if (hdr.op.op == 9 && sm.instance_type == 0) {
            clone_preserving_field_list(CloneType.E2E, 5, 1);
            hdr.op.arg = 0xaa;
        }
        if (hdr.op.op == 10 && md.passes < 3) {
            md.passes = md.passes + 1;
            hdr.report.setInvalid();
            recirculate_preserving_field_list(2);
        } else {
            hdr.report.setValid();
        }
        if (hdr.op.op == 11) { mark_to_drop(sm); }
        hdr.report.instance = (bit<8>)sm.instance_type;
        hdr.report.ingress_port = (bit<8>)sm.ingress_port;
        hdr.report.egress_port = (bit<8>)sm.egress_port;
        hdr.report.rid = sm.egress_rid;
        hdr.report.length = (bit<16>)sm.packet_length;
        hdr.report.kept = md.kept;
        hdr.report.lost = md.lost;
        hdr.report.passes = md.passes;
        hdr.report.parsed = md.parsed;
    }
}

control deparse(packet_out packet, in headers_t hdr) {
    apply {
        packet.emit(hdr.report);
        packet.emit(hdr.op);
    }
}

V1Switch(parse(), verify_checksums(), ingress(), egress(), compute(), deparse()) main;
