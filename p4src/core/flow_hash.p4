// SPDX-License-Identifier: Apache-2.0
// The flow that a packet belongs to, as a number. Source, destination and flow label always take part (RFC 8986 7), and
// with a packet that is not SRv6 its protocol and ports as well (HE-15). An SRH ends the walk of the parser, so that
// ports behind it play no role.
#ifndef SRV6_CORE_FLOW_HASH_P4_
#define SRV6_CORE_FLOW_HASH_P4_

control flow_hash(inout headers_t hdr, inout local_metadata_t md) {
    action take_ports() {
        md.l4_src_port = hdr.l4_ports.src_port;
        md.l4_dst_port = hdr.l4_ports.dst_port;
    }
    action hash_outer() {
        CRC32_HASH(md.flow_hash, { hdr.outer_ipv6.src_addr, hdr.outer_ipv6.dst_addr, hdr.outer_ipv6.flow_label })
    }
    action hash_ipv6() {
        CRC32_HASH(md.flow_hash, { hdr.ipv6.src_addr, hdr.ipv6.dst_addr, hdr.ipv6.flow_label, hdr.ipv6.next_header,
                                   md.l4_src_port, md.l4_dst_port })
    }
    action hash_ipv4() {
        CRC32_HASH(md.flow_hash, { hdr.ipv4.src_addr, hdr.ipv4.dst_addr, hdr.ipv4.protocol,
                                   md.l4_src_port, md.l4_dst_port })
    }
    action hash_frame() {
        CRC32_HASH(md.flow_hash, { hdr.ethernet.src_addr, hdr.ethernet.dst_addr, hdr.ethernet.ether_type })
    }
    action hash_frame_ipv6() {
        CRC32_HASH(md.flow_hash, { hdr.ethernet.src_addr, hdr.ethernet.dst_addr, hdr.ipv6.src_addr, hdr.ipv6.dst_addr,
                                   hdr.ipv6.flow_label, hdr.ipv6.next_header })
    }
    action hash_frame_ipv4() {
        CRC32_HASH(md.flow_hash, { hdr.ethernet.src_addr, hdr.ethernet.dst_addr, hdr.ipv4.src_addr, hdr.ipv4.dst_addr,
                                   hdr.ipv4.protocol })
    }

    apply {
        if (hdr.outer_ipv6.isValid()) {
            hash_outer();
        } else if (md.l3 == L3_IPV6) {
            if (hdr.l4_ports.isValid() && !hdr.inner_ipv6.isValid() && !hdr.ipv4.isValid()) {
                take_ports();
            }
            hash_ipv6();
        } else if (md.l3 == L3_IPV4) {
            if (hdr.l4_ports.isValid()) {
                take_ports();
            }
            hash_ipv4();
        } else if (hdr.ipv6.isValid()) {
            hash_frame_ipv6();
        } else if (hdr.ipv4.isValid()) {
            hash_frame_ipv4();
        } else {
            hash_frame();
        }
    }
}

#endif  // SRV6_CORE_FLOW_HASH_P4_
