// SPDX-License-Identifier: Apache-2.0
// What depends on the order of packets, behind lookups of which some packets make more than others: numbers from
// registers, colours of meters without rate, hashes that take turns (in a variant), digests and log lines.
#include <core.p4>
#include <v1model.p4>

header asked_t {
    bit<8> op;
    bit<8> a;
    bit<8> b;
    bit<8> c;
}

header told_t {
    bit<16> number;
    bit<16> drawn;
    bit<8>  earlier;
    bit<8>  color;
    bit<8>  own_color;
    bit<8>  steps;
}

struct headers_t {
    told_t  told;
    asked_t asked;
}

struct metadata_t { }

struct digest_t {
    bit<8> a;
    bit<8> op;
    bit<8> c;
}

parser parse(packet_in packet, out headers_t hdr, inout metadata_t md, inout standard_metadata_t sm) {
    state start {
        packet.extract(hdr.asked);
        transition accept;
    }
}

control verify_checksums(inout headers_t hdr, inout metadata_t md) { apply { } }
control compute(inout headers_t hdr, inout metadata_t md) { apply { } }

control ingress(inout headers_t hdr, inout metadata_t md, inout standard_metadata_t sm) {
    register<bit<16>>(4) numbers;
    register<bit<8>>(1) latest;
    meter(4, MeterType.packets) few;
    direct_meter<bit<8>>(MeterType.packets) own;

    action step() { hdr.told.steps = hdr.told.steps + 1; }
    action learn() { digest<digest_t>(1, { hdr.asked.a, hdr.asked.op, hdr.asked.c }); }
    action note() { log_msg("a {} op {} c {}", { hdr.asked.a, hdr.asked.op, hdr.asked.c }); }
    action both() {
        note();
        learn();
    }
    action number(bit<32> which) {
        numbers.read(hdr.told.number, which);
        hdr.told.number = hdr.told.number + 1;
        numbers.write(which, hdr.told.number);
    }
    action colour(bit<32> which) { few.execute_meter(which, hdr.told.color); }
    action metered() { own.read(hdr.told.own_color); }
    action draw() { hash(hdr.told.drawn, HashAlgorithm.crc16, 16w0, { hdr.asked.op, hdr.asked.a }, 32w0x10000); }

    table near {
        key = { hdr.asked.a: exact; }
        actions = { step; NoAction; }
        const default_action = NoAction();
        const entries = { 1: step(); 2: step(); 3: step(); 5: step(); 8: step(); }
    }
    table middle {
        key = { hdr.asked.b: lpm; }
        actions = { step; NoAction; }
        const default_action = NoAction();
        const entries = { 0x00 &&& 0xfe: step(); 0x04 &&& 0xff: step(); 0x08 &&& 0xf8: step(); }
    }
    table far {
        key = { hdr.asked.c: ternary; }
        actions = { step; NoAction; }
        const default_action = NoAction();
        const entries = { 0x01 &&& 0x01: step(); 0x02 &&& 0x06: step(); }
    }
    table tell {
        key = { hdr.asked.a: exact; }
        actions = { learn; note; both; NoAction; }
        const default_action = NoAction();
        const entries = { 1: learn(); 2: note(); 3: both(); 4: both(); 6: learn(); 7: note(); }
    }
    table count_off {
        key = { hdr.asked.op: exact; }
        actions = { number; colour; draw; NoAction; }
        const default_action = NoAction();
        const entries = { 1: number(0); 2: colour(0); 3: draw(); 5: number(1); 6: colour(1); 7: number(2); }
    }
    table owned {
        key = { hdr.asked.a: exact; }
        actions = { metered; NoAction; }
        meters = own;
    }
    apply {
        sm.egress_spec = 1;
        if (!hdr.asked.isValid()) {
            mark_to_drop(sm);
            return;
        }
        hdr.told.setValid();
        if (hdr.asked.op == 8) { number(0); }
        if (near.apply().hit) {
            if (middle.apply().hit) { far.apply(); }
        }
        tell.apply();
        count_off.apply();
        if (hdr.asked.op == 4 || hdr.asked.op == 10) { owned.apply(); }
        if (hdr.asked.op == 9) {
            latest.read(hdr.told.earlier, 0);
            latest.write(0, hdr.asked.c);
        }
    }
}

control egress(inout headers_t hdr, inout metadata_t md, inout standard_metadata_t sm) { apply { } }

control deparse(packet_out packet, in headers_t hdr) {
    apply { packet.emit(hdr); }
}

V1Switch(parse(), verify_checksums(), ingress(), egress(), compute(), deparse()) main;
