// SPDX-License-Identifier: Apache-2.0
// Hashes, checksums, registers, counters, meters, digests, selectors, value sets, random and log_msg.
#include <core.p4>
#include <v1model.p4>

header data_t {
    bit<8>      op;
    bit<8>      x;
    bit<16>     y;
    bit<32>     z;
    bit<4>      p;
    bit<4>      q;
    bit<8>      size;
    varbit<64>  v;
}

header sums_t {
    bit<16> plain;
    bit<16> payload;
    bit<8>  wrong;
}

header result_t {
    bit<16> crc16;
    bit<32> crc32;
    bit<16> csum16;
    bit<16> xor16;
    bit<32> identity;
    bit<16> bounded;
    bit<32> register_;
    bit<8>  color;
    bit<8>  member;
    bit<8>  in_set;
    bit<8>  random_;
}

struct headers_t {
    result_t result;
    sums_t   sums;
    data_t   data;
}

struct metadata_t {
    bit<8> in_set;
    bit<2> color;
}

struct digest_t {
    bit<8>  x;
    bit<16> y;
}

parser parse(packet_in packet, out headers_t hdr, inout metadata_t md, inout standard_metadata_t sm) {
    value_set<bit<8>>(4) chosen;
    state start {
        packet.extract(hdr.sums);
        bit<80> ahead = packet.lookahead<bit<80>>();
        packet.extract(hdr.data, (bit<32>)ahead[7:0] << 3);
        transition select(hdr.data.x) {
            chosen: mark;
            default: accept;
        }
    }
    state mark {
        md.in_set = 1;
        transition accept;
    }
}

control verify_checksums(inout headers_t hdr, inout metadata_t md) {
    apply {
        verify_checksum(hdr.data.isValid() && hdr.data.op != 9,
            { hdr.data.op, hdr.data.x, hdr.data.y, hdr.data.z, hdr.data.p, hdr.data.q, hdr.data.size, hdr.data.v },
            hdr.sums.plain, HashAlgorithm.csum16);
    }
}

control compute(inout headers_t hdr, inout metadata_t md) {
    apply {
        update_checksum(hdr.data.isValid(),
            { hdr.data.op, hdr.data.x, hdr.data.y, 4w5, hdr.data.p }, hdr.sums.plain, HashAlgorithm.csum16);
        update_checksum_with_payload(hdr.data.isValid() && hdr.data.op == 3,
            { hdr.data.x, hdr.data.v }, hdr.sums.payload, HashAlgorithm.csum16);
    }
}

control ingress(inout headers_t hdr, inout metadata_t md, inout standard_metadata_t sm) {
    register<bit<32>>(4) cells;
    counter(4, CounterType.packets_and_bytes) hits;
    meter(4, MeterType.packets) indirect_meter;
    direct_meter<bit<2>>(MeterType.packets) direct;
    action_selector(HashAlgorithm.crc16, 64, 16) selector_;
    action_profile(16) profile_;

    action set_member(bit<8> value) { hdr.result.member = value; }
    action add_member(bit<8> value) { hdr.result.member = hdr.result.member + value; }
    action metered() { direct.read(md.color); }
    table selected {
        key = {
            hdr.data.op: exact;
            hdr.data.x: selector;
            hdr.data.y: selector;
        }
        actions = { set_member; NoAction; }
        implementation = selector_;
    }
    table profiled {
        key = { hdr.data.op: exact; }
        actions = { add_member; NoAction; }
        implementation = profile_;
    }
    table aged {
        key = { hdr.data.x: exact; }
        actions = { metered; NoAction; }
        meters = direct;
        support_timeout = true;
    }
    apply {
        sm.egress_spec = 1;
        if (!hdr.data.isValid()) { return; }
        hdr.result.setValid();
        hdr.sums.wrong = (bit<8>)sm.checksum_error;
        hdr.result.in_set = md.in_set;
        hash(hdr.result.crc16, HashAlgorithm.crc16, 16w0, { hdr.data.x, hdr.data.y, hdr.data.p }, 32w0x10000);
        hash(hdr.result.crc32, HashAlgorithm.crc32, 32w0, { hdr.data.z, hdr.data.v }, 64w0x100000000);
        hash(hdr.result.csum16, HashAlgorithm.csum16, 16w0, { hdr.data.x, hdr.data.y, hdr.data.z }, 32w0x10000);
        hash(hdr.result.xor16, HashAlgorithm.xor16, 16w0, { hdr.data.x, hdr.data.y, hdr.data.z }, 32w0x10000);
        hash(hdr.result.identity, HashAlgorithm.identity, 32w0, { hdr.data.y, hdr.data.x }, 64w0x100000000);
        hash(hdr.result.bounded, HashAlgorithm.crc32, 16w100, { hdr.data.y, hdr.data.q }, 16w7);
        bit<32> value;
        bit<32> index = (bit<32>)hdr.data.x[1:0];
        if (hdr.data.op == 10) { index = index + 4; }  // beyond the arrays; BMv2 built with NDEBUG crashes
        cells.read(value, index);
        value = value + hdr.data.z;
        cells.write(index, value);
        hdr.result.register_ = value;
        hits.count(index);
        bit<2> color;
        indirect_meter.execute_meter(index, color);
        hdr.result.color = (bit<8>)color;
        selected.apply();
        profiled.apply();
        if (aged.apply().hit) { hdr.result.color = (bit<8>)md.color | 0x10; }
        if (hdr.data.op == 4) { digest<digest_t>(1, { hdr.data.x, hdr.data.y }); }
        if (hdr.data.op == 5) {
            random(hdr.result.random_, 8w10, 8w20);
            log_msg("x is {} and y is {}", { hdr.data.x, hdr.data.y });
        }
        if (hdr.data.op == 6) { assert(hdr.data.x != 66); }
    }
}

control egress(inout headers_t hdr, inout metadata_t md, inout standard_metadata_t sm) { apply { } }

control deparse(packet_out packet, in headers_t hdr) {
    apply {
        packet.emit(hdr.result);
        packet.emit(hdr.sums);
        packet.emit(hdr.data);
    }
}

V1Switch(parse(), verify_checksums(), ingress(), egress(), compute(), deparse()) main;
