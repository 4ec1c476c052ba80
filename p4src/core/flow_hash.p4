// SPDX-License-Identifier: Apache-2.0
// The flow that a packet belongs to, as a number. Source, destination and flow label always take part (RFC 8986 7), and
// with a packet that is not SRv6 its protocol and ports as well (HE-15). An SRH ends the walk of the parser, so that
// ports behind it play no role. A frame is known by its MAC addresses and what they carry.
#ifndef SRV6_CORE_FLOW_HASH_P4_
#define SRV6_CORE_FLOW_HASH_P4_

control flow_hash(inout headers_t hdr, inout local_metadata_t md) {
    action take_ports() {
        md.flow_ports = hdr.l4_ports.src_port ++ hdr.l4_ports.dst_port;
    }
    action take_outer() {
        md.flow_src = hdr.outer_ipv6.src_addr;
        md.flow_dst = hdr.outer_ipv6.dst_addr;
        md.flow_label = hdr.outer_ipv6.flow_label;
        md.flow_protocol = 0;
        md.flow_ports = 0;
    }
    action take_ipv6() {
        md.flow_src = hdr.ipv6.src_addr;
        md.flow_dst = hdr.ipv6.dst_addr;
        md.flow_label = hdr.ipv6.flow_label;
        md.flow_protocol = hdr.ipv6.next_header;
    }
    action take_ipv4() {
        md.flow_src = (bit<128>)hdr.ipv4.src_addr;
        md.flow_dst = (bit<128>)hdr.ipv4.dst_addr;
        md.flow_protocol = hdr.ipv4.protocol;
    }
    action add_frame() {
        md.flow_src = md.flow_src ^ (bit<128>)hdr.ethernet.src_addr;
        md.flow_dst = md.flow_dst ^ (bit<128>)hdr.ethernet.dst_addr;
    }
    action compute() {
        CRC32_HASH(md.flow_hash, { md.flow_src, md.flow_dst, md.flow_label, md.flow_protocol, md.flow_ports })
    }

    apply {
        if (hdr.outer_ipv6.isValid()) {
            take_outer();
        } else if (hdr.ipv6.isValid()) {
            take_ipv6();
            if (hdr.l4_ports.isValid() && !hdr.inner_ipv6.isValid() && !hdr.ipv4.isValid()) {
                take_ports();
            }
        } else if (hdr.ipv4.isValid()) {
            take_ipv4();
            if (hdr.l4_ports.isValid()) {
                take_ports();
            }
        }
        if (md.l3 == L3_FRAME) {
            add_frame();
        }
        compute();
    }
}

#endif  // SRV6_CORE_FLOW_HASH_P4_
