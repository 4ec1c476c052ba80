// SPDX-License-Identifier: Apache-2.0
// What stays behind: registers of all widths, counters and meters of all kinds, digests; all hashes; odd checksums.
#include <core.p4>
#include <v1model.p4>

header in_t {
    bit<8>  op;
    bit<8>  index;
    bit<4>  p;
    bit<12> q;
    bit<32> z;
    bit<64> w;
}

header text_t {
    bit<8>     size;
    varbit<64> octets;
}

header sums_t {
    bit<16> all;
    bit<16> crc;
    bit<32> long_;
    bit<16> xored;
    bit<16> payload;
}

header out_t {
    bit<16> crc16;
    bit<16> crc16_custom;
    bit<32> crc32;
    bit<32> crc32_custom;
    bit<16> csum16;
    bit<16> xor16;
    bit<64> identity;
    bit<16> based;
    bit<8>  modulo;
    bit<8>  color;
    bit<8>  byte_color;
    bit<1>  r1;
    bit<7>  r7;
    int<32> signed_;
    bit<64> r64;
    bit<48> r48;
    bit<8>  drawn;
    bit<8>  wrong;
}

struct headers_t {
    out_t  result;
    sums_t sums;
    in_t   data;
    text_t text;
}

struct metadata_t { bit<8> mark; }

struct small_digest_t {
    bit<8> index;
    bit<4> p;
}

struct large_digest_t {
    bit<12> q;
    bit<64> w;
    bit<9>  port;
}

parser parse(packet_in packet, out headers_t hdr, inout metadata_t md, inout standard_metadata_t sm) {
    state start {
        packet.extract(hdr.sums);
        packet.extract(hdr.data);
        transition select(hdr.data.op) {
            0x40 &&& 0x40: text;
            default: accept;
        }
    }
    state text {
        packet.extract(hdr.text, (bit<32>)(packet.lookahead<bit<8>>()[2:0] ++ 3w0));
        transition accept;
    }
}

control verify_checksums(inout headers_t hdr, inout metadata_t md) {
    apply {
        verify_checksum(hdr.data.isValid() && hdr.data.p != 3, { hdr.data.op, hdr.data.index, hdr.data.z },
            hdr.sums.crc, HashAlgorithm.crc16);
        verify_checksum_with_payload(hdr.data.isValid() && hdr.data.p == 2, { hdr.data.w, 16w5 },
            hdr.sums.payload, HashAlgorithm.csum16);
    }
}

control compute(inout headers_t hdr, inout metadata_t md) {
    apply {
        update_checksum(hdr.sums.isValid(), { hdr.sums.crc, md.mark, 8w0x11 },
            hdr.sums.all, HashAlgorithm.csum16);
        update_checksum(hdr.data.isValid() && hdr.data.p > 7, { hdr.data.p, hdr.data.q, hdr.data.z }, hdr.sums.long_,
            HashAlgorithm.crc32);
        update_checksum(hdr.data.isValid() && hdr.data.op > 7, { hdr.data.w, 4w3, hdr.data.q }, hdr.sums.xored,
            HashAlgorithm.xor16);
        update_checksum_with_payload(hdr.text.isValid(), { hdr.data.q, 4w0, hdr.text.octets }, hdr.sums.payload,
            HashAlgorithm.csum16);
    }
}

control hashes(inout headers_t hdr) {
    apply {
        hash(hdr.result.crc16, HashAlgorithm.crc16, 16w0, { hdr.data.p, hdr.data.q, hdr.data.w }, 32w0x10000);
        hash(hdr.result.crc16_custom, HashAlgorithm.crc16_custom, 16w0, { hdr.data.z, 4w7, hdr.data.q }, 32w0x10000);
        hash(hdr.result.crc32, HashAlgorithm.crc32, 32w0, { hdr.data.index, hdr.data.w }, 64w0x100000000);
        hash(hdr.result.crc32_custom, HashAlgorithm.crc32_custom, 32w0, { hdr.data.w, hdr.data.w }, 64w0x100000000);
        hash(hdr.result.csum16, HashAlgorithm.csum16, 16w0, { hdr.data.q, hdr.data.z, hdr.data.w, 4w1 }, 32w0x10000);
        hash(hdr.result.xor16, HashAlgorithm.xor16, 16w0, { hdr.data.op, hdr.data.w, hdr.data.z }, 32w0x10000);
        hash(hdr.result.identity, HashAlgorithm.identity, 64w0, { hdr.data.w }, 64w0xffffffffffffffff);
        hash(hdr.result.based, HashAlgorithm.crc16, hdr.data.z[15:0], { hdr.data.w }, (bit<32>)hdr.data.q);
        hash(hdr.result.modulo, HashAlgorithm.crc32, 8w7, { hdr.data.z, hdr.data.op, 8w0 }, 8w13);
    }
}

control ingress(inout headers_t hdr, inout metadata_t md, inout standard_metadata_t sm) {
    register<bit<1>>(8) bits;
    register<bit<7>>(8) sevens;
    register<int<32>>(8) numbers;
    register<bit<64>>(256) longs;
    register<bit<48>>(4) times;
    counter(8, CounterType.packets) packets_;
    counter(8, CounterType.bytes) octets;
    counter(256, CounterType.packets_and_bytes) both;
    meter(256, MeterType.packets) per_packet;
    meter(8, MeterType.bytes) per_byte;

    action remember(bit<8> step) {
        bit<64> value;
        longs.read(value, (bit<32>)hdr.data.index);
        value = value + (bit<64>)step;
        longs.write((bit<32>)hdr.data.index, value);
        hdr.result.r64 = value;
        both.count((bit<32>)hdr.data.index);
    }
    table steps {
        key = { hdr.data.op: ternary; }
        actions = { remember; NoAction; }
        default_action = remember(1);
    }
    apply {
        sm.egress_spec = 1;
        if (!hdr.data.isValid() || sm.parser_error != error.NoError) { return; }
        hdr.result.setValid();
        hdr.result.wrong = (bit<8>)sm.checksum_error;
        hashes.apply(hdr);
        bit<32> index = (bit<32>)hdr.data.index[2:0];
        bits.read(hdr.result.r1, index);
        bits.write(index, hdr.result.r1 ^ hdr.data.p[0:0]);
        sevens.read(hdr.result.r7, index);
        sevens.write(index, hdr.result.r7 * 3 + (bit<7>)hdr.data.p);
        numbers.read(hdr.result.signed_, index);
        numbers.write(index, hdr.result.signed_ - (int<32>)hdr.data.z);
        times.read(hdr.result.r48, index & 3);
        times.write(index & 3, hdr.result.r48 + 0x7fffffffffff);
        steps.apply();
        packets_.count(index);
        octets.count((bit<32>)hdr.data.p & 7);
        per_packet.execute_meter((bit<32>)hdr.data.index, hdr.result.color);
        per_byte.execute_meter(index, hdr.result.byte_color);
        random(hdr.result.drawn, hdr.data.index, hdr.data.index);
        if (hdr.data.op == 1) { digest<small_digest_t>(1, { hdr.data.index, hdr.data.p }); }
        if (hdr.data.op == 2) { digest<large_digest_t>(2, { hdr.data.q, hdr.data.w, sm.ingress_port }); }
        md.mark = hdr.data.op;
        log_msg("a packet");
        assume(hdr.result.isValid());
    }
}

control egress(inout headers_t hdr, inout metadata_t md, inout standard_metadata_t sm) {
    counter(512, CounterType.packets) sent;
    apply { sent.count((bit<32>)sm.egress_port); }
}

control deparse(packet_out packet, in headers_t hdr) {
    apply { packet.emit(hdr); }
}

V1Switch(parse(), verify_checksums(), ingress(), egress(), compute(), deparse()) main;
