// SPDX-License-Identifier: Apache-2.0
// A parser that computes: lookahead of structures, assignments, value sets of two fields, sub-parsers.
#include <core.p4>
#include <v1model.p4>

header kind_t {
    bit<4> kind;
    bit<4> sub;
}

header pair_t {
    bit<12> a;
    bit<4>  b;
}

header piece_t {
    bit<8>     size;
    varbit<32> octets;
}

header one_t { bit<8> t; bit<8> v; }
header two_t { bit<8> t; bit<16> v; }

header_union any_t {
    one_t   one;
    two_t   two;
    piece_t piece;
}

header report_t {
    bit<8>  error_code;
    bit<8>  path;
    bit<16> ahead;
    bit<16> sum;
    bit<8>  flag;
}

error { BadPair, BadSum }

struct set_t {
    bit<12> a;
    bit<4>  b;
}

struct headers_t {
    report_t   report;
    kind_t     kind;
    pair_t     pair;
    pair_t     made;
    one_t[3]   ones;
    piece_t[2] pieces;
    any_t[2]   anys;
    any_t[2]   copies;
}

struct metadata_t {
    bit<8>  path;
    bit<16> ahead;
    bit<16> sum;
    bool    flag;
    error   seen;
}

parser pairs(packet_in packet, inout headers_t hdr, inout metadata_t md) {
    value_set<set_t>(4) chosen;
    state start {
        packet.extract(hdr.pair);
        transition select(hdr.pair.a, hdr.pair.b) {
            chosen: marked;
            (0x010 &&& 0xff0, 1): low;
            (0x020 .. 0x7ff, 2 .. 3): middle;
            (_, 0xf): high;
            default: accept;
        }
    }
    state marked {
        md.path = 0x80;
        transition accept;
    }
    state low {
        md.path = 1;
        verify(hdr.pair.a[3:0] != 7, error.BadPair);
        transition accept;
    }
    state middle {
        md.path = 2;
        md.sum = (bit<16>)hdr.pair.a + (bit<16>)hdr.pair.b * 3;
        verify(md.sum < 0x700 || hdr.kind.sub > 3, error.BadSum);
        hdr.made.setValid();
        hdr.made.a = hdr.pair.a + 1;
        hdr.made.b = 5;
        transition accept;
    }
    state high {
        md.path = 3;
        hdr.made = hdr.pair;
        transition select(md.path == 3 && hdr.kind.sub == 1) {
            true: reject;
            false: accept;
        }
    }
}

parser parse(packet_in packet, out headers_t hdr, inout metadata_t md, inout standard_metadata_t sm) {
    pairs() sub;
    state start {
        md.seen = error.NoMatch;
        packet.extract(hdr.kind);
        log_msg("kind {} sub {}", { hdr.kind.kind, hdr.kind.sub });
        transition select(hdr.kind.kind) {
            0: ahead;
            1: pair;
            2: ones;
            3: pieces;
            4: anys;
            5: skip;
            6: peek_only;
            default: accept;
        }
    }
    state ahead {
        pair_t next = packet.lookahead<pair_t>();
        md.ahead = (bit<16>)next.a;
        md.flag = next.b == 1;
        transition select(packet.lookahead<bit<24>>()[11:8], next.b) {
            (0, _): pair;
            (_, 1): ones;
            default: accept;
        }
    }
    state pair {
        sub.apply(packet, hdr, md);
        transition accept;
    }
    state ones {
        packet.extract(hdr.ones.next);
        md.sum = md.sum + (bit<16>)hdr.ones.last.v;
        transition select(hdr.ones.last.t, hdr.kind.sub) {
            (0x80 &&& 0x80, _): ones;
            (1, _): add_one;
            (3, 0 .. 7): remove_one;
            default: accept;
        }
    }
    state add_one {
        hdr.ones[2].setValid();
        hdr.ones[2].t = 0x77;
        hdr.ones[2].v = (bit<8>)md.sum;
        transition accept;
    }
    state remove_one {
        hdr.ones[0].setInvalid();
        transition accept;
    }
    state pieces {
        packet.extract(hdr.pieces.next, (bit<32>)(packet.lookahead<bit<8>>()[2:0]) << 3);
        transition select(hdr.pieces.last.size) {
            0x80 &&& 0x80: pieces;
            default: accept;
        }
    }
    state anys {
        transition select(packet.lookahead<bit<8>>()) {
            1: take_one;
            2: take_two;
            3: take_piece;
            default: accept;
        }
    }
    state take_one {
        packet.extract(hdr.anys.next.one);
        transition anys;
    }
    state take_two {
        packet.extract(hdr.anys.next.two);
        transition anys;
    }
    state take_piece {
        packet.extract(hdr.anys.next.piece, (bit<32>)(packet.lookahead<bit<16>>()[1:0]) << 3);
        transition anys;
    }
    state skip {
        packet.advance((bit<32>)hdr.kind.sub << 3);
        packet.advance(8);
        transition pair;
    }
    state peek_only {
        transition select(packet.lookahead<bit<16>>()) {
            0x0001: pair;
            0x0100 &&& 0xff00: ones;
            _: accept;
        }
    }
}

control verify_checksums(inout headers_t hdr, inout metadata_t md) { apply { } }
control compute(inout headers_t hdr, inout metadata_t md) { apply { } }

control ingress(inout headers_t hdr, inout metadata_t md, inout standard_metadata_t sm) {
    apply {
        sm.egress_spec = 1;
        hdr.report.setValid();
        hdr.report.error_code = 0;
        if (sm.parser_error == error.PacketTooShort) { hdr.report.error_code = 1; }
        if (sm.parser_error == error.StackOutOfBounds) { hdr.report.error_code = 2; }
        if (sm.parser_error == error.HeaderTooShort) { hdr.report.error_code = 3; }
        if (sm.parser_error == error.BadSum) { hdr.report.error_code = 4; }
        if (sm.parser_error == error.NoMatch) { hdr.report.error_code = 5; }
        if (sm.parser_error == error.ParserInvalidArgument) { hdr.report.error_code = 6; }
        if (sm.parser_error == error.BadPair) { hdr.report.error_code = 7; }
        if (hdr.kind.sub == 9) {
            hdr.copies = hdr.anys;
            if (hdr.anys[0].one.isValid()) { hdr.anys[0].one.v = 0x99; }
        }
        hdr.report.path = md.path;
        hdr.report.ahead = md.ahead;
        hdr.report.sum = md.sum;
        hdr.report.flag = (bit<8>)(bit<1>)md.flag;
        if (md.seen == error.NoMatch) { hdr.report.flag[7:7] = 1; }
    }
}

control egress(inout headers_t hdr, inout metadata_t md, inout standard_metadata_t sm) { apply { } }

control deparse(packet_out packet, in headers_t hdr) {
    apply { packet.emit(hdr); }
}

V1Switch(parse(), verify_checksums(), ingress(), egress(), compute(), deparse()) main;
