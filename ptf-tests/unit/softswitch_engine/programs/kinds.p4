// SPDX-License-Identifier: Apache-2.0
// Kinds of fields that p4c writes in its own way: bool in headers, a key of type error, variable-length fields that are
// compared; and a table that it leaves out of the program, not of the p4info, since no packet can reach it.
#include <core.p4>
#include <v1model.p4>

header flags_t {
    bool   first;
    bool   equal;
    bit<5> number;
    bool   last;
}

header text_t {
    bit<8>     length;
    varbit<64> octets;
}

struct headers_t {
    flags_t flags;
    text_t  one;
    text_t  other;
}

struct metadata_t {
    error reason;
}

parser parse(packet_in packet, out headers_t hdr, inout metadata_t md, inout standard_metadata_t sm) {
    state start {
        packet.extract(hdr.flags);
        transition select(hdr.flags.first, hdr.flags.last) {
            (true, true): texts;
            default: accept;
        }
    }
    state texts {
        packet.extract(hdr.one, (bit<32>)(packet.lookahead<bit<8>>() & 3) * 8);
        packet.extract(hdr.other, (bit<32>)(packet.lookahead<bit<8>>() & 3) * 8);
        transition accept;
    }
}

control verify_checksums(inout headers_t hdr, inout metadata_t md) { apply { } }
control compute(inout headers_t hdr, inout metadata_t md) { apply { } }

control ingress(inout headers_t hdr, inout metadata_t md, inout standard_metadata_t sm) {
    direct_counter(CounterType.packets) never_counter;

    action turn() { hdr.flags.first = !hdr.flags.first; }
    action set_flags(bit<5> number, bit<1> last) {
        hdr.flags.number = number;
        hdr.flags.last = last == 1;
    }
    action to(bit<9> port) { sm.egress_spec = port; }
    action never() { hdr.flags.number = 31; }

    table by_flags {
        key = {
            hdr.flags.first: exact;
            hdr.flags.last: ternary;
        }
        actions = { turn; set_flags; NoAction; }
        default_action = NoAction();
    }
    // no packet finds an entry: p4c has no constant of type error for those of the program, and no width for others'
    table by_error {
        key = { md.reason: exact; }
        actions = { turn; NoAction; }
        default_action = NoAction();
    }
    table by_number {
        key = { hdr.flags.number: exact; }
        actions = { to; NoAction; }
        const default_action = NoAction();
        const entries = { 7: to(2); 8: to(3); }
    }
    table unreached {
        key = { hdr.flags.number: exact; }
        actions = { never; NoAction; }
        counters = never_counter;
    }
    apply {
        sm.egress_spec = 1;
        md.reason = sm.parser_error;
        if (!hdr.flags.isValid()) {
            mark_to_drop(sm);
            return;
        }
        bit<8> unset = 3;
        if (unset > 7) { unreached.apply(); }
        if (hdr.other.isValid()) {
            hdr.flags.equal = hdr.one.octets == hdr.other.octets;
            if (hdr.one.octets != hdr.other.octets) { hdr.one.length = hdr.one.length + 1; }
        }
        by_flags.apply();
        by_error.apply();
        by_number.apply();
    }
}

control egress(inout headers_t hdr, inout metadata_t md, inout standard_metadata_t sm) { apply { } }

control deparse(packet_out packet, in headers_t hdr) {
    apply { packet.emit(hdr); }
}

V1Switch(parse(), verify_checksums(), ingress(), egress(), compute(), deparse()) main;
