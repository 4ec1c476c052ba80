// SPDX-License-Identifier: Apache-2.0
// What a flow is known by: source, destination and flow label (RFC 8986 7), with a packet that is not SRv6 its protocol and
// ports as well (HE-15). An SRH ends the walk of the parser, so that ports behind it play no role. A frame is known by its
// MAC addresses and what they carry. The outer header, once there is one, stands for what is inside.
//
// The two selectors hash these fields themselves, each in an order of its own, so that the choice of a next hop does not
// follow from the choice of a segment list. Both use CRC-32: a CRC-16 of consecutive port numbers misses members of a group.
#ifndef SRV6_CORE_FLOW_HASH_P4_
#define SRV6_CORE_FLOW_HASH_P4_

// The keys of the selectors: of a next hop, of a segment list.
#define FLOW_SELECTOR                       \
    hdr.scratch.flow_src      : selector;   \
    hdr.scratch.flow_dst      : selector;   \
    hdr.scratch.flow_label    : selector;   \
    hdr.scratch.flow_protocol : selector;   \
    hdr.scratch.l4_src_port   : selector;   \
    hdr.scratch.l4_dst_port   : selector;
#define REVERSED_FLOW_SELECTOR              \
    hdr.scratch.l4_src_port   : selector;   \
    hdr.scratch.l4_dst_port   : selector;   \
    hdr.scratch.flow_protocol : selector;   \
    hdr.scratch.flow_label    : selector;   \
    hdr.scratch.flow_dst      : selector;   \
    hdr.scratch.flow_src      : selector;

control flow_key(inout headers_t hdr, inout local_metadata_t md) {
    action clear() {
        hdr.scratch.setValid();
        hdr.scratch.flow_src = 0;
        hdr.scratch.flow_dst = 0;
        hdr.scratch.flow_label = 0;
        hdr.scratch.flow_protocol = 0;
        hdr.scratch.l4_src_port = 0;
        hdr.scratch.l4_dst_port = 0;
    }
    action take_outer() {
        hdr.scratch.flow_src = hdr.outer_ipv6.src_addr;
        hdr.scratch.flow_dst = hdr.outer_ipv6.dst_addr;
        hdr.scratch.flow_label = hdr.outer_ipv6.flow_label;
    }
    action take_ipv6() {
        hdr.scratch.flow_src = hdr.ipv6.src_addr;
        hdr.scratch.flow_dst = hdr.ipv6.dst_addr;
        hdr.scratch.flow_label = hdr.ipv6.flow_label;
        hdr.scratch.flow_protocol = hdr.ipv6.next_header;
    }
    action take_ipv4() {
        hdr.scratch.flow_src = (bit<128>)hdr.ipv4.src_addr;
        hdr.scratch.flow_dst = (bit<128>)hdr.ipv4.dst_addr;
        hdr.scratch.flow_protocol = hdr.ipv4.protocol;
    }
    action take_ports() {
        hdr.scratch.l4_src_port = hdr.l4.src_port;
        hdr.scratch.l4_dst_port = hdr.l4.dst_port;
    }
    action add_frame() {
        hdr.scratch.flow_src = hdr.scratch.flow_src ^ (bit<128>)hdr.ethernet.src_addr;
        hdr.scratch.flow_dst = hdr.scratch.flow_dst ^ (bit<128>)hdr.ethernet.dst_addr;
    }

    apply {
        clear();
        if (hdr.outer_ipv6.isValid()) {
            take_outer();
        } else if (hdr.ipv6.isValid()) {
            take_ipv6();
            if (hdr.l4.isValid() && (hdr.ipv6.next_header == IP_PROTO_TCP || hdr.ipv6.next_header == IP_PROTO_UDP)) {
                take_ports();
            }
        } else if (hdr.ipv4.isValid()) {
            take_ipv4();
            if (hdr.l4.isValid()) {
                take_ports();
            }
        }
        if (md.l3 == L3_FRAME) {
            add_frame();
        }
    }
}

#endif  // SRV6_CORE_FLOW_HASH_P4_
