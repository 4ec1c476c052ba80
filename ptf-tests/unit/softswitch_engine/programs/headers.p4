// SPDX-License-Identifier: Apache-2.0
// Headers as operands in controls: stacks, elements chosen at run time, copies, variable-length fields, unions.
#include <core.p4>
#include <v1model.p4>

header op_t {
    bit<8> op;
    bit<8> arg;
}

header item_t {
    bit<8> more;
    bit<8> value;
}

header text_t {
    bit<8>      size;
    varbit<128> octets;
}

header small_t { bit<8> v; }
header large_t { bit<24> v; }

header_union either_t {
    small_t small;
    large_t large;
}

header report_t {
    bit<8> valid;
    bit<8> found;
    bit<8> last;
    bit<8> size;
    bit<8> equal;
}

struct headers_t {
    report_t  report;
    op_t      op;
    item_t[4] items;
    item_t[4] others;
    item_t    single;
    text_t    text;
    text_t    copy;
    either_t  either;
    either_t  spare;
}

struct metadata_t {
    bit<32> last;
    item_t  kept;
}

parser parse(packet_in packet, out headers_t hdr, inout metadata_t md, inout standard_metadata_t sm) {
    state start {
        packet.extract(hdr.op);
        transition select(hdr.op.op) {
            0 .. 15: items;
            16 .. 19: text;
            20 .. 25: choose;
            default: accept;
        }
    }
    state items {
        packet.extract(hdr.items.next);
        md.last = hdr.items.lastIndex;
        transition select(hdr.items.last.more) {
            1 &&& 1: items;
            default: accept;
        }
    }
    state text {
        packet.extract(hdr.text, (bit<32>)(packet.lookahead<bit<8>>() & 0x0f) * 8);
        transition accept;
    }
    state choose {
        transition select(hdr.op.arg) {
            0x00 &&& 0x01: small;
            default: large;
        }
    }
    state small {
        packet.extract(hdr.either.small);
        transition accept;
    }
    state large {
        packet.extract(hdr.either.large);
        transition accept;
    }
}

control verify_checksums(inout headers_t hdr, inout metadata_t md) { apply { } }
control compute(inout headers_t hdr, inout metadata_t md) { apply { } }

control stacks(inout headers_t hdr, inout metadata_t md) {
    bit<2> index = hdr.op.arg[1:0];
    bit<2> other = hdr.op.arg[3:2];
    action push_one() {
        hdr.items.push_front(1);
        hdr.items[0].setValid();
        hdr.items[0] = { 8w1, 8w0x55 };
    }
    apply {
        if (hdr.op.op == 1) { push_one(); }
        if (hdr.op.op == 2) { hdr.items.push_front(3); }
        if (hdr.op.op == 3) { hdr.items.pop_front(1); }
        if (hdr.op.op == 4) { hdr.items.pop_front(4); }
        if (hdr.op.op == 5) { hdr.items.push_front(5); }
        if (hdr.op.op == 6) {
            hdr.others = hdr.items;
            hdr.others.pop_front(1);
        }
        if (hdr.op.op == 7 && hdr.items[1].isValid()) {
            hdr.single = hdr.items[1];
            hdr.items[1].setInvalid();
            hdr.items[0].value = hdr.single.value + 1;
        }
        if (hdr.op.op == 8 && hdr.items[3].isValid()) {
            hdr.items[index].value = hdr.items[other].value + 3;
            hdr.report.found = hdr.items[index].more;
        }
        if (hdr.op.op == 9 && hdr.items[3].isValid()) {
            md.kept = hdr.items[2];
            hdr.items[2] = hdr.items[0];
            hdr.items[0] = md.kept;
        }
        if (hdr.op.op == 10 && hdr.items[3].isValid()) {
            if (hdr.items[index].value > hdr.items[other].value) { hdr.report.found = 1; }
            if (hdr.items[index].value < 0x80 && hdr.items[0] == hdr.items[1]) { hdr.report.found = 2; }
        }
        hdr.report.last = (bit<8>)md.last;
        hdr.report.size = (bit<8>)hdr.items.size;
    }
}

control texts(inout headers_t hdr) {
    apply {
        if (hdr.op.op == 16) { hdr.copy = hdr.text; }
        if (hdr.op.op == 17) {
            hdr.copy.setValid();
            hdr.copy.size = hdr.text.size;
            hdr.copy.octets = hdr.text.octets;
            hdr.text.setInvalid();
        }
        if (hdr.op.op == 18) {
            hdr.copy = hdr.text;
            hdr.copy.size = 0xcc;
            hdr.report.equal = 1;
        }
        if (hdr.op.op == 19) {
            hdr.copy.setValid();
            hdr.copy.size = 0;
        }
    }
}

control unions(inout headers_t hdr) {
    apply {
        if (hdr.op.op == 20) { hdr.spare = hdr.either; }
        if (hdr.op.op == 21) {
            hdr.either.large.setValid();
            hdr.either.large.v = 0x010203;
        }
        if (hdr.op.op == 22) {
            hdr.either.small = { 8w0x44 };
        }
        if (hdr.op.op == 23) { hdr.either.small.setInvalid(); }
        if (hdr.op.op == 24 && hdr.either.isValid()) {
            hdr.spare.small.setValid();
            hdr.spare.small.v = 1;
            hdr.spare = hdr.either;
        }
        if (hdr.either.small.isValid()) { hdr.report.found = 0x40 | (hdr.either.small.v & 1); }
        if (hdr.either.large.isValid()) { hdr.report.found = 0x80; }
    }
}

control ingress(inout headers_t hdr, inout metadata_t md, inout standard_metadata_t sm) {
    apply {
        sm.egress_spec = 1;
        if (!hdr.op.isValid() || sm.parser_error != error.NoError) { return; }
        hdr.report.setValid();
        hdr.report.valid = 0;
        stacks.apply(hdr, md);
        texts.apply(hdr);
        unions.apply(hdr);
        hdr.report.valid[0:0] = (bit<1>)hdr.items[0].isValid();
        hdr.report.valid[1:1] = (bit<1>)hdr.items[1].isValid();
        hdr.report.valid[2:2] = (bit<1>)hdr.items[2].isValid();
        hdr.report.valid[3:3] = (bit<1>)hdr.items[3].isValid();
        hdr.report.valid[4:4] = (bit<1>)(hdr.others[0].isValid() && hdr.others[0] == hdr.items[1]);
        hdr.report.valid[5:5] = (bit<1>)(hdr.either.isValid() || hdr.spare.isValid());
    }
}

control egress(inout headers_t hdr, inout metadata_t md, inout standard_metadata_t sm) { apply { } }

control deparse(packet_out packet, in headers_t hdr) {
    apply { packet.emit(hdr); }
}

V1Switch(parse(), verify_checksums(), ingress(), egress(), compute(), deparse()) main;
