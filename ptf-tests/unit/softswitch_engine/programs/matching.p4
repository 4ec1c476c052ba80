// SPDX-License-Identifier: Apache-2.0
// Tables that a controller fills: every match kind, wide keys, masked keys, direct counters and meters, selectors.
#include <core.p4>
#include <v1model.p4>

header key_t {
    bit<8>   op;
    bit<1>   flag;
    bit<7>   seven;
    bit<16>  a;
    int<32>  s;
    bit<64>  c;
    bit<128> w;
}

header extra_t { bit<8> value; }

header result_t {
    bit<16> exact_;
    bit<16> lpm_;
    bit<16> ternary_;
    bit<16> range_;
    bit<16> optional_;
    bit<16> only_;
    bit<32> wide_;
    bit<8>  color;
    bit<8>  path;
    bit<16> members;
    bit<16> fixed_;
}

struct headers_t {
    result_t result;
    key_t    key;
    extra_t  extra;
}

struct metadata_t {
    bit<2> color;
    bit<8> byte_color;
    bool   hit;
}

parser parse(packet_in packet, out headers_t hdr, inout metadata_t md, inout standard_metadata_t sm) {
    state start {
        packet.extract(hdr.key);
        transition select(hdr.key.flag) {
            1: extra;
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

control members(inout headers_t hdr, inout metadata_t md) {
    action_selector(HashAlgorithm.crc16, 64, 16) by_crc16;
    action_selector(HashAlgorithm.crc32, 64, 16) by_crc32;
    action_selector(HashAlgorithm.csum16, 64, 16) by_csum16;
    action_selector(HashAlgorithm.xor16, 64, 16) by_xor16;
    action_selector(HashAlgorithm.identity, 64, 16) by_identity;
    action_selector(HashAlgorithm.crc16_custom, 64, 16) by_crc16_custom;
    action_selector(HashAlgorithm.crc32_custom, 64, 16) by_crc32_custom;
    action_profile(32) alone;

    action join(bit<4> value) { hdr.result.members = hdr.result.members ^ (12w0 ++ value); }
    action swap() { hdr.result.members = hdr.result.members[7:0] ++ hdr.result.members[15:8]; }
    action shift() { hdr.result.members = hdr.result.members << 2; }
    table crc16_table {
        key = { hdr.key.a: exact; hdr.key.w: selector; hdr.key.seven: selector; }
        actions = { join; NoAction; }
        implementation = by_crc16;
    }
    table crc32_table {
        key = { hdr.key.op: ternary; hdr.key.c: selector; hdr.key.a: selector; }
        actions = { join; shift; NoAction; }
        implementation = by_crc32;
    }
    table csum16_table {
        key = { hdr.key.c: lpm; hdr.key.a: selector; hdr.key.op: selector; }
        actions = { join; shift; NoAction; }
        implementation = by_csum16;
    }
    table xor16_table {
        key = { hdr.key.a: range; hdr.key.c: selector; hdr.key.flag: selector; }
        actions = { join; NoAction; }
        implementation = by_xor16;
    }
    table identity_table {
        key = { hdr.key.op: exact; hdr.key.seven: selector; hdr.key.flag: selector; }
        actions = { join; NoAction; }
        implementation = by_identity;
    }
    table crc16_custom_table {
        key = { hdr.key.op: exact; hdr.key.w: selector; }
        actions = { join; NoAction; }
        implementation = by_crc16_custom;
    }
    table crc32_custom_table {
        key = { hdr.key.op: exact; hdr.key.s: selector; }
        actions = { join; NoAction; }
        implementation = by_crc32_custom;
    }
    table profile_table {
        key = { hdr.key.a: ternary; }
        actions = { join; shift; NoAction; }
        implementation = alone;
    }
    apply {
        hdr.result.members = 1;
        crc16_table.apply();
        swap();
        if (crc32_table.apply().hit) { swap(); }
        switch (csum16_table.apply().action_run) {
            join: { swap(); }
            default: { }
        }
        xor16_table.apply();
        identity_table.apply();
        crc16_custom_table.apply();
        crc32_custom_table.apply();
        if (!profile_table.apply().hit) { swap(); }
    }
}

control ingress(inout headers_t hdr, inout metadata_t md, inout standard_metadata_t sm) {
    direct_counter(CounterType.packets) exact_counter;
    direct_counter(CounterType.bytes) lpm_counter;
    direct_counter(CounterType.packets_and_bytes) ternary_counter;
    direct_meter<bit<2>>(MeterType.packets) exact_meter;
    direct_meter<bit<8>>(MeterType.bytes) lpm_meter;

    action set_exact(bit<16> value) {
        hdr.result.exact_ = value;
        exact_meter.read(md.color);
        exact_counter.count();
    }
    action set_lpm(bit<16> value) {
        hdr.result.lpm_ = value;
        lpm_meter.read(md.byte_color);
    }
    action set_ternary(bit<16> value) { hdr.result.ternary_ = value; }
    action set_range(bit<16> value) { hdr.result.range_ = value; }
    action set_optional(bit<16> value) { hdr.result.optional_ = value; }
    action set_only(bit<16> value) { hdr.result.only_ = value; }
    action set_wide(bit<128> value, int<32> number, bit<1> flag, bit<8> limit) {
        hdr.result.wide_ = value[95:64] + (bit<32>)number;
        if (flag == 1) { hdr.result.wide_[7:0] = limit; }
    }
    action fix(bit<16> value) { hdr.result.fixed_ = hdr.result.fixed_ + value; }
    action leave() { exit; }
    table exact_table {
        key = {
            hdr.key.op: exact;
            hdr.key.flag: exact;
            hdr.extra.isValid(): exact;
        }
        actions = { set_exact; NoAction; }
        default_action = set_exact(0xeeee);
        counters = exact_counter;
        meters = exact_meter;
        support_timeout = true;
    }
    table lpm_table {
        key = {
            hdr.key.a: exact;
            hdr.key.c: lpm;
        }
        actions = { set_lpm; leave; NoAction; }
        const default_action = NoAction();
        counters = lpm_counter;
        meters = lpm_meter;
    }
    table ternary_table {
        key = {
            hdr.key.w: ternary;
            hdr.key.a: lpm;
            hdr.key.seven: exact;
            hdr.key.s: ternary;
        }
        actions = { set_ternary; NoAction; }
        counters = ternary_counter;
    }
    table range_table {
        key = {
            hdr.key.c: range;
            hdr.key.a: lpm;
            hdr.key.op: optional;
            hdr.key.w: ternary;
            hdr.key.flag: exact;
        }
        actions = { set_range; @defaultonly NoAction; }
        default_action = NoAction();
        size = 64;
    }
    table optional_table {
        key = {
            hdr.key.w: optional;
            hdr.key.a: optional;
            md.hit: exact;
        }
        actions = { set_optional; @tableonly leave; }
        default_action = set_optional(7);
    }
    table masked_table {
        key = {
            hdr.key.c & 0x00ff00ff00ff00f0: exact @name("masked");
            hdr.key.seven & 0x07: ternary @name("low");
        }
        actions = { set_only; set_wide; }
        default_action = set_only(9);
    }
    table wide_table {
        key = { hdr.key.w: lpm; }
        actions = { set_wide; set_only; }
        const default_action = set_wide(0x112233445566778899aabbccddeeff00, 5, 1w1, 3);
    }
    table always {
        actions = { fix; }
        default_action = fix(2);
    }
    table started {
        key = { hdr.key.a: ternary; hdr.key.op: range; }
        actions = { fix; }
        const entries = {
            (0x0001 &&& 0x0001, 0 .. 20): fix(0x100);
            (_, 5 .. 9): fix(0x200);
        }
    }
    apply {
        sm.egress_spec = 1;
        if (!hdr.key.isValid()) { exit; }
        hdr.result.setValid();
        if (exact_table.apply().hit) {
            hdr.result.path = 1;
            md.hit = true;
        }
        if (!lpm_table.apply().hit) { hdr.result.path = hdr.result.path | 2; }
        switch (ternary_table.apply().action_run) {
            set_ternary: { range_table.apply(); }
            NoAction: { hdr.result.path = hdr.result.path | 4; }
        }
        optional_table.apply();
        masked_table.apply();
        wide_table.apply();
        always.apply();
        started.apply();
        members.apply(hdr, md);
    }
}

control egress(inout headers_t hdr, inout metadata_t md, inout standard_metadata_t sm) {
    action tag(bit<8> value) { hdr.result.color = hdr.result.color | value; }
    table egress_table {
        key = {
            sm.egress_port: exact;
            sm.packet_length: range;
        }
        actions = { tag; NoAction; }
    }
    apply {
        if (hdr.result.isValid()) {
            hdr.result.color = (bit<8>)md.color | md.byte_color << 4;
            egress_table.apply();
        }
    }
}

control deparse(packet_out packet, in headers_t hdr) {
    apply { packet.emit(hdr); }
}

V1Switch(parse(), verify_checksums(), ingress(), egress(), compute(), deparse()) main;
