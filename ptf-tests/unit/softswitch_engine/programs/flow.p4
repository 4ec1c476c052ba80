// SPDX-License-Identifier: Apache-2.0
// Ways through the switch: exit, return, conditions in actions, copies of every kind with and without field lists.
#include <core.p4>
#include <v1model.p4>

header op_t {
    bit<8>  op;
    bit<8>  arg;
    bit<16> value;
}

header report_t {
    bit<8>  instance;
    bit<16> port;
    bit<16> rid;
    bit<16> length;
    bit<16> first;
    bit<16> second;
    bit<8>  third;
    bit<8>  passes;
    bit<8>  steps;
}

struct headers_t {
    report_t report;
    op_t     op;
}

struct inner_t {
    @field_list(1, 3) bit<16> first;
    @field_list(2, 3) bit<16> second;
}

struct metadata_t {
    inner_t inner;
    @field_list(3) bool third;
    @field_list(1, 2, 3, 4) bit<8> passes;
    bit<8> steps;
}

parser parse(packet_in packet, out headers_t hdr, inout metadata_t md, inout standard_metadata_t sm) {
    state start {
        packet.extract(hdr.op);
        transition accept;
    }
}

control verify_checksums(inout headers_t hdr, inout metadata_t md) { apply { } }
control compute(inout headers_t hdr, inout metadata_t md) { apply { } }

control ingress(inout headers_t hdr, inout metadata_t md, inout standard_metadata_t sm) {
    action step(bit<8> by) { md.steps = md.steps + by; }
    action two_steps() { md.steps = md.steps + 2; }
    action branch(bit<8> limit) {
        if (hdr.op.arg > limit) {
            md.steps = md.steps | 0x10;
            if (hdr.op.arg[0:0] == 1) { return; }
            md.steps = md.steps | 0x20;
        } else {
            if (hdr.op.arg == 0) {
                md.steps = md.steps | 0x40;
                exit;
            }
            md.steps = md.steps ^ 0x80;
        }
        md.steps = md.steps + 1;
    }
    action lose() {
        mark_to_drop(sm);
        exit;
    }
    action copy() {
        clone(CloneType.I2E, (bit<32>)hdr.op.arg);
        hdr.op.value = hdr.op.value + 0x100;
    }
    action copy_first() { clone_preserving_field_list(CloneType.I2E, 5, 1); }
    action copy_all(bit<32> session) { clone_preserving_field_list(CloneType.I2E, session, 3); }
    action again() { resubmit_preserving_field_list(3); }
    action again_bare() { resubmit_preserving_field_list(4); }
    action spread(bit<16> group) { sm.mcast_grp = group; }
    action cut(bit<32> length) { truncate(length); }
    action send(bit<9> port) { sm.egress_spec = port; }
    table choose {
        key = { hdr.op.op: exact; }
        actions = { step; branch; lose; copy; copy_first; copy_all; again; again_bare; spread; cut; send; NoAction; }
        default_action = step(1);
        const entries = {
            1: branch(7);
            2: lose();
            3: copy();
            4: copy_first();
            5: copy_all(6);
            6: again();
            7: again_bare();
            8: spread(1);
            9: cut(12);
            10: send(511);
            11: send(3);
            12: NoAction();
            28: spread(2);
            29: copy_all(7);
        }
    }
    apply {
        sm.egress_spec = 2;
        if (!hdr.op.isValid()) {
            mark_to_drop(sm);
            return;
        }
        md.inner.first = hdr.op.value;
        md.inner.second = md.inner.second + hdr.op.value + 1;
        md.third = hdr.op.arg == 3;
        if (md.passes == 0 || hdr.op.op > 7) { choose.apply(); }
        if (hdr.op.op == 6 || hdr.op.op == 7) { md.passes = md.passes + 1; }
        two_steps();
        if (hdr.op.op == 13) { return; }
        hdr.op.value = hdr.op.value + 1;
        if (hdr.op.op == 14) { exit; }
        hdr.op.value = hdr.op.value + 1;
    }
}

control egress(inout headers_t hdr, inout metadata_t md, inout standard_metadata_t sm) {
    action report() {
        hdr.report.setValid();
        hdr.report.instance = (bit<8>)sm.instance_type;
        hdr.report.port = (bit<16>)sm.egress_port;
        hdr.report.rid = sm.egress_rid;
        hdr.report.length = (bit<16>)sm.packet_length;
        hdr.report.first = md.inner.first;
        hdr.report.second = md.inner.second;
        hdr.report.third = (bit<8>)(bit<1>)md.third;
        hdr.report.passes = md.passes;
        hdr.report.steps = md.steps;
    }
    action copy() { clone(CloneType.E2E, 5); }
    action copy_second() { clone_preserving_field_list(CloneType.E2E, 6, 2); }
    action around() { recirculate_preserving_field_list(3); }
    action around_bare() { recirculate_preserving_field_list(4); }
    action cut() { truncate(20); }
    action lose() { mark_to_drop(sm); }
    table choose {
        key = {
            hdr.op.op: exact;
            sm.instance_type: exact;
            md.passes: exact;
        }
        actions = { copy; copy_second; around; around_bare; cut; lose; NoAction; }
        const entries = {
            (16, 0, 1): copy();
            (17, 0, 1): copy_second();
            (18, 0, 1): around();
            (19, 0, 1): around_bare();
            (20, 0, 1): cut();
            (21, 0, 1): lose();
            (3, 1, 1): cut();
            (8, 5, 1): cut();
            (28, 5, 1): copy();
        }
    }
    apply {
        md.passes = md.passes + 1;
        if (hdr.op.op == 22) { exit; }
        if (hdr.report.isValid()) { return; }
        choose.apply();
        if (hdr.op.op != 18) { report(); }
    }
}

control deparse(packet_out packet, in headers_t hdr) {
    apply {
        packet.emit(hdr.report);
        packet.emit(hdr.op);
    }
}

V1Switch(parse(), verify_checksums(), ingress(), egress(), compute(), deparse()) main;
