// SPDX-License-Identifier: Apache-2.0
// Every match kind with constant entries, and every way to go on after a table.
#include <core.p4>
#include <v1model.p4>

header key_t {
    bit<8>   kind;
    bit<16>  a;
    bit<32>  b;
    bit<64>  c;
    bit<8>   d;
}

header extra_t { bit<8> value; }

header result_t {
    bit<8> exact_;
    bit<8> lpm_;
    bit<8> ternary_;
    bit<8> range_;
    bit<8> optional_;
    bit<8> flow;
    bit<8> after_;
}

struct headers_t {
    result_t result;
    key_t    key;
    extra_t  extra;
}

struct metadata_t { bit<8> mark; }

parser parse(packet_in packet, out headers_t hdr, inout metadata_t md, inout standard_metadata_t sm) {
    state start {
        packet.extract(hdr.key);
        transition select(hdr.key.kind) {
            0x80 &&& 0x80: extra;
            default: accept;
        }
    }
    state extra {
        packet.extract(hdr.extra);
        transition accept;
    }
}

control verify_checksums(inout headers_t hdr, inout metadata_t md) { apply { } }
control compute(inout headers_t hdr, inout metadata_t md) { apply { } }

control ingress(inout headers_t hdr, inout metadata_t md, inout standard_metadata_t sm) {
    direct_counter(CounterType.packets_and_bytes) exact_counter;

    action set_exact(bit<8> value) { hdr.result.exact_ = value; }
    action set_lpm(bit<8> value) { hdr.result.lpm_ = value; }
    action set_ternary(bit<8> value) { hdr.result.ternary_ = value; }
    action set_range(bit<8> value) { hdr.result.range_ = value; }
    action set_optional(bit<8> value) { hdr.result.optional_ = value; }
    action go(bit<8> value) { hdr.result.flow = value; }
    action stop() {
        hdr.result.flow = 0xee;
        exit;
    }
    action count_to(bit<8> limit) {
        if (!hdr.extra.isValid() || hdr.extra.value > limit) {
            md.mark = limit;
        } else {
            md.mark = hdr.extra.value + 1;
            if (md.mark == 3) { hdr.result.flow = 3; }
        }
        hdr.result.after_ = md.mark;
    }
    table exact_table {
        key = {
            hdr.key.kind: exact;
            hdr.extra.isValid(): exact;
            hdr.extra.value: exact;
        }
        actions = { set_exact; NoAction; }
        default_action = set_exact(0xff);
        counters = exact_counter;
        const entries = {
            (1, false, 0): set_exact(1);
            (2, false, 0): set_exact(2);
            (0x81, true, 7): set_exact(3);
            (0x82, true, 0): NoAction();
        }
    }
    table lpm_table {
        key = {
            hdr.key.a: exact;
            hdr.key.c: lpm;
        }
        actions = { set_lpm; }
        default_action = set_lpm(0xff);
        const entries = {
            (1, 0x20010db800000000 &&& 0xffffffff00000000): set_lpm(1);
            (1, 0x20010db800010000 &&& 0xffffffffffff0000): set_lpm(2);
            (1, 0x20010db800010001): set_lpm(3);
            (2, 0x20010db800010000 &&& 0xffffffffffff0000): set_lpm(4);
            (2, 0 &&& 0): set_lpm(5);
        }
    }
    table ternary_table {
        key = {
            hdr.key.b: ternary;
            hdr.key.a: lpm;
            hdr.key.d: ternary;
        }
        actions = { set_ternary; }
        default_action = set_ternary(0xff);
        const entries = {
            (0x0a000000 &&& 0xff000000, 0x0100 &&& 0xff00, _): set_ternary(1);
            (0x0a000000 &&& 0xff000000, _, 0xff): set_ternary(2);
            (0x0a000001, _, _): set_ternary(3);
            (_, 0x0001, _): set_ternary(4);
            (0x00000001 &&& 0x00000001, _, 0 &&& 1): set_ternary(5);
        }
    }
    table range_table {
        key = {
            hdr.key.a: range;
            hdr.key.b: ternary;
        }
        actions = { set_range; }
        default_action = set_range(0xff);
        const entries = {
            (1 .. 5, _): set_range(1);
            (3 .. 0x100, 1 &&& 1): set_range(2);
            (0x8000 .. 0xffff, _): set_range(3);
            (2, 7): set_range(4);
        }
    }
    table optional_table {
        key = {
            hdr.key.a: optional;
            hdr.key.kind & 0x0f: exact @name("low");
            hdr.key.b[7:0]: optional @name("byte");
        }
        actions = { set_optional; }
        default_action = set_optional(0xff);
        const entries = {
            (1, 1, _): set_optional(1);
            (_, 1, 9): set_optional(2);
            (_, 2, _): set_optional(3);
        }
    }
    table flow_table {
        key = { hdr.key.kind: exact; }
        actions = { go; stop; count_to; NoAction; }
        const entries = {
            1: go(10);
            2: stop();
            3: NoAction();
            0x81: count_to(2);
            0x82: count_to(200);
        }
    }
    table second_table {
        key = { hdr.key.a: exact; }
        actions = { go; NoAction; }
        const entries = { 1: go(20); }
    }
    apply {
        sm.egress_spec = 1;
        hdr.result.setValid();
        exact_table.apply();
        if (lpm_table.apply().hit) { ternary_table.apply(); } else { hdr.result.ternary_ = 0x77; }
        range_table.apply();
        optional_table.apply();
        if (hdr.key.d == 0xfb) { return; }
        switch (flow_table.apply().action_run) {
            go: { second_table.apply(); }
            count_to: { hdr.result.flow = hdr.result.flow + 1; }
            default: { hdr.result.after_ = 0x99; }
        }
        hdr.result.after_ = hdr.result.after_ + 1;
    }
}

control egress(inout headers_t hdr, inout metadata_t md, inout standard_metadata_t sm) { apply { } }

control deparse(packet_out packet, in headers_t hdr) {
    apply {
        packet.emit(hdr.result);
        packet.emit(hdr.key);
        packet.emit(hdr.extra);
    }
}

V1Switch(parse(), verify_checksums(), ingress(), egress(), compute(), deparse()) main;
