// SPDX-License-Identifier: Apache-2.0
// What a parser can do: stacks, loops, unions, varbit, lookahead, advance, verify, errors, select with masks.
#include <core.p4>
#include <v1model.p4>

header kind_t { bit<8> kind; }

header tag_t {
    bit<7> value;
    bit<1> last;
}

header blob_t {
    bit<8>        size;
    varbit<64>    octets;
    bit<8>        tail;
}

header short_t {
    bit<8> tag;
    bit<8> value;
}

header long_t {
    bit<8>  tag;
    bit<24> value;
}

header_union item_t {
    short_t s;
    long_t  l;
}

header report_t {
    bit<8>  error_code;
    bit<8>  tags;
    bit<16> peeked;
    bit<8>  first;
    bit<8>  bottom;
    bit<8>  which;
}

error { OddValue }

struct headers_t {
    report_t report;
    kind_t   kind;
    tag_t[4] tags;
    blob_t   blob;
    item_t   item;
}

struct metadata_t {
    bit<16> peeked;
    bit<8>  first;
}

parser parse(packet_in packet, out headers_t hdr, inout metadata_t md, inout standard_metadata_t sm) {
    state start {
        packet.extract(hdr.kind);
        transition select(hdr.kind.kind) {
            1: tag;
            2: blob;
            3: union_item;
            4: skip;
            5: peek;
            6: check;
            0x10 &&& 0xf0: two_keys;
            default: accept;
        }
    }
    state tag {
        packet.extract(hdr.tags.next);
        md.first = (bit<8>)hdr.tags.last.value;
        transition select(hdr.tags.last.last) {
            0: tag;
            default: blob;
        }
    }
    state blob {
        bit<8> size = packet.lookahead<bit<8>>();
        packet.extract(hdr.blob, (bit<32>)size);
        transition accept;
    }
    state union_item {
        transition select(packet.lookahead<bit<8>>()) {
            0 .. 9: take_short;
            10: take_long;
            default: accept;
        }
    }
    state take_short {
        packet.extract(hdr.item.s);
        transition accept;
    }
    state take_long {
        packet.extract(hdr.item.l);
        transition accept;
    }
    state skip {
        bit<8> count = packet.lookahead<bit<8>>();
        packet.advance((bit<32>)count);
        transition blob;
    }
    state peek {
        md.peeked = packet.lookahead<bit<16>>();
        md.first = (bit<8>)packet.lookahead<bit<12>>()[7:0];
        transition accept;
    }
    state check {
        bit<8> value = packet.lookahead<bit<8>>();
        verify(value[0:0] == 0, error.OddValue);
        packet.extract(hdr.tags.next);
        transition accept;
    }
    state two_keys {
        packet.extract(hdr.tags[0]);
        transition select(hdr.kind.kind[3:0], hdr.tags[0].value) {
            (1, 2): blob;
            (3 &&& 3, _): tag;
            (_, 5 .. 7): blob;
            default: accept;
        }
    }
}

control verify_checksums(inout headers_t hdr, inout metadata_t md) { apply { } }
control compute(inout headers_t hdr, inout metadata_t md) { apply { } }

control ingress(inout headers_t hdr, inout metadata_t md, inout standard_metadata_t sm) {
    apply {
        sm.egress_spec = 1;
        hdr.report.setValid();
        hdr.report.error_code = 0xff;
        if (sm.parser_error == error.NoError) { hdr.report.error_code = 0; }
        if (sm.parser_error == error.PacketTooShort) { hdr.report.error_code = 1; }
        if (sm.parser_error == error.StackOutOfBounds) { hdr.report.error_code = 2; }
        if (sm.parser_error == error.HeaderTooShort) { hdr.report.error_code = 3; }
        if (sm.parser_error == error.OddValue) { hdr.report.error_code = 4; }
        if (sm.parser_error == error.ParserInvalidArgument) { hdr.report.error_code = 5; }
        hdr.report.tags = 0;
        if (hdr.tags[0].isValid()) { hdr.report.tags = hdr.report.tags + 1; }
        if (hdr.tags[1].isValid()) { hdr.report.tags = hdr.report.tags + 1; }
        if (hdr.tags[2].isValid()) { hdr.report.tags = hdr.report.tags + 1; }
        if (hdr.tags[3].isValid()) { hdr.report.tags = hdr.report.tags + 1; }
        hdr.report.peeked = md.peeked;
        hdr.report.first = md.first;
        hdr.report.bottom = 0;
        hdr.report.which = 0;
        if (hdr.item.s.isValid()) {
            hdr.report.which = 1;
            hdr.item.l.setValid();
            hdr.item.l.tag = 10;
            hdr.item.l.value = 0x010203;
        } else if (hdr.item.l.isValid()) {
            hdr.report.which = 2;
            hdr.item.l.value = hdr.item.l.value + 1;
        }
        if (hdr.kind.kind == 0x11) {
            hdr.tags.push_front(1);
            hdr.tags[0].setValid();
            hdr.tags[0].value = 0x55;
        }
        if (hdr.kind.kind == 0x12) { hdr.tags.pop_front(1); }
        if (hdr.kind.kind == 0x17) {
            hdr.tags.pop_front(2);
            hdr.tags.push_front(1);
        }
        if (hdr.tags[1].isValid() && hdr.kind.kind == 1) {
            bit<2> index = (bit<2>)hdr.tags[0].value[0:0];
            hdr.tags[index].value = 0x2a;
            hdr.report.bottom = (bit<8>)hdr.tags[index].last;
        }
        if (hdr.blob.isValid() && hdr.blob.size == 16) {
            hdr.blob.tail = hdr.blob.tail + 1;
        }
    }
}

control egress(inout headers_t hdr, inout metadata_t md, inout standard_metadata_t sm) { apply { } }

control deparse(packet_out packet, in headers_t hdr) {
    apply {
        packet.emit(hdr.report);
        packet.emit(hdr.kind);
        packet.emit(hdr.tags);
        packet.emit(hdr.blob);
        packet.emit(hdr.item);
    }
}

V1Switch(parse(), verify_checksums(), ingress(), egress(), compute(), deparse()) main;
