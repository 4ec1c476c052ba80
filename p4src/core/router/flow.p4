// SPDX-License-Identifier: Apache-2.0
// What a flow is known by: source, destination and flow label (RFC 8986 7), with a packet that is not SRv6 its
// protocol and ports as well (HE-15). An SRH ends the walk of the parser, so that ports behind it play no role. A
// frame is known by its MAC addresses too (headend/policy.p4). The outer header, once there is one, stands for what
// is inside.
//
// A member of a group is chosen by the CRC-32 of these fields, mixed with a seed of the node: were it the CRC alone,
// all flows that a router sends one way would be sent one way by the next router, too. A CRC is affine, so that a seed
// among its input, or another start value, only exchanges the ways; the mixing multiplies and shifts, twice, and the
// selectors take its result as it is. Each selector has a seed of its own, so that the choice of a next hop does not
// follow from the choice of a segment list.
#ifndef SRV6_CORE_ROUTER_FLOW_P4_
#define SRV6_CORE_ROUTER_FLOW_P4_

// From the hash of a flow and a seed, both 32 bits wide, to the number that a member is chosen by. The factor is the
// prime next to 2^32 over the golden ratio (Knuth 6.4); shifts bring what it did to the high bits down to the low ones.
#define MIX_FLOW(NUMBER, HASH, SEED)                            \
    NUMBER = (HASH ^ SEED) * 32w0x9E3779B1;                     \
    NUMBER = (NUMBER ^ (NUMBER >> 15)) * 32w0x9E3779B1;         \
    NUMBER = NUMBER ^ (NUMBER >> 16);

control flow_key(PACKET) {
    action take(ipv6_addr_t src, ipv6_addr_t dst, bit<20> label, bit<8> protocol, bit<16> src_port, bit<16> dst_port) {
        BEGIN(FLOW)
        FLOW.src = src;
        FLOW.dst = dst;
        FLOW.pad = 0;
        FLOW.label = label;
        FLOW.protocol = protocol;
        FLOW.l4_src_port = src_port;
        FLOW.l4_dst_port = dst_port;
    }

    apply {
        if (IS_PUSHED) {
            FLOW_OF_PUSHED
        } else if (hdr.ipv6.isValid()) {
            if (hdr.l4.isValid() && (hdr.ipv6.next_header == IP_PROTO_TCP || hdr.ipv6.next_header == IP_PROTO_UDP)) {
                take(hdr.ipv6.src_addr, hdr.ipv6.dst_addr, hdr.ipv6.flow_label, hdr.ipv6.next_header,
                     hdr.l4.src_port, hdr.l4.dst_port);
            } else {
                take(hdr.ipv6.src_addr, hdr.ipv6.dst_addr, hdr.ipv6.flow_label, hdr.ipv6.next_header, 0, 0);
            }
        } else if (hdr.ipv4.isValid()) {
            if (hdr.l4.isValid()) {
                take((bit<128>)hdr.ipv4.src_addr, (bit<128>)hdr.ipv4.dst_addr, 0, hdr.ipv4.protocol,
                     hdr.l4.src_port, hdr.l4.dst_port);
            } else {
                take((bit<128>)hdr.ipv4.src_addr, (bit<128>)hdr.ipv4.dst_addr, 0, hdr.ipv4.protocol, 0, 0);
            }
        } else {
            take(0, 0, 0, 0, 0, 0);
        }
    }
}

#endif  // SRV6_CORE_ROUTER_FLOW_P4_
