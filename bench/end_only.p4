// SPDX-License-Identifier: Apache-2.0
// The yardstick of `make bench`: a program that does End (RFC 8986 4.1) and the forwarding behind it, and nothing else.
// No checks beyond hop limit and Segments Left, no errors, no counters, no other header.
#include <core.p4>
#include <v1model.p4>

header ethernet_t { bit<48> dst_addr; bit<48> src_addr; bit<16> ether_type; }
header ipv6_t {
    bit<4> version; bit<8> traffic_class; bit<20> flow_label; bit<16> payload_length; bit<8> next_header;
    bit<8> hop_limit;
    bit<128> src_addr; bit<128> dst_addr;
}
header srh_t {
    bit<8> next_header; bit<8> hdr_ext_len; bit<8> routing_type; bit<8> segments_left; bit<8> last_entry; bit<8> flags;
    bit<16> tag;
}
header srh_run_t { varbit<16320> octets; }
header srh_segment_t { bit<128> sid; }

struct headers_t { ethernet_t ethernet; ipv6_t ipv6; srh_t srh; srh_run_t before; srh_segment_t next; srh_run_t after; }
struct metadata_t { }

parser end_parser(packet_in pkt, out headers_t hdr, inout metadata_t md, inout standard_metadata_t sm) {
    state start {
        pkt.extract(hdr.ethernet);
        transition select(hdr.ethernet.ether_type) { 0x86DD: ipv6; default: accept; }
    }
    state ipv6 {
        pkt.extract(hdr.ipv6);
        transition select(hdr.ipv6.next_header) { 43: srh; default: accept; }
    }
    state srh {
        pkt.extract(hdr.srh);
        transition select(hdr.srh.segments_left) { 0: accept; default: segments; }
    }
    state segments {
        pkt.extract(hdr.before, (bit<32>)(hdr.srh.segments_left - 1) << 7);
        pkt.extract(hdr.next);
        pkt.extract(hdr.after, ((bit<32>)hdr.srh.hdr_ext_len << 6) - ((bit<32>)hdr.srh.segments_left << 7));
        transition accept;
    }
}

control none(inout headers_t hdr, inout metadata_t md) { apply { } }

control end_ingress(inout headers_t hdr, inout metadata_t md, inout standard_metadata_t sm) {
    action drop() { mark_to_drop(sm); }
    @name(".end")
    action end() {
        hdr.srh.segments_left = hdr.srh.segments_left - 1;
        hdr.ipv6.hop_limit = hdr.ipv6.hop_limit - 1;
        hdr.ipv6.dst_addr = hdr.next.sid;
    }
    @name(".forward")
    action forward(bit<9> egress_port, bit<48> src_mac, bit<48> dst_mac) {
        hdr.ethernet.src_addr = src_mac;
        hdr.ethernet.dst_addr = dst_mac;
        sm.egress_spec = egress_port;
    }
    @name(".my_sid_table")
    table my_sid_table {
        key = { hdr.ipv6.dst_addr : lpm @name("ipv6_dst"); }
        actions = { end; NoAction; }
        default_action = NoAction();
        size = 1024;
    }
    @name(".ipv6_table")
    table ipv6_table {
        key = { hdr.ipv6.dst_addr : lpm @name("ipv6_dst"); }
        actions = { forward; drop; }
        default_action = drop();
        size = 1024;
    }
    apply {
        if (hdr.next.isValid() && hdr.ipv6.hop_limit > 1) {
            my_sid_table.apply();
            ipv6_table.apply();
        } else {
            drop();
        }
    }
}

control egress(inout headers_t hdr, inout metadata_t md, inout standard_metadata_t sm) { apply { } }

control end_deparser(packet_out pkt, in headers_t hdr) {
    apply {
        pkt.emit(hdr.ethernet);
        pkt.emit(hdr.ipv6);
        pkt.emit(hdr.srh);
        pkt.emit(hdr.before);
        pkt.emit(hdr.next);
        pkt.emit(hdr.after);
    }
}

V1Switch(end_parser(), none(), end_ingress(), egress(), none(), end_deparser()) main;
