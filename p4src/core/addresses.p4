// SPDX-License-Identifier: Apache-2.0
// Addresses that no router forwards from or to, in the packet itself, in one that was inside a tunnel, as a segment:
//
//   multicast, link-local                    RFC 4291 2.5.6, 2.7; RFC 1812 5.3.7, RFC 3927 7
//   loopback, unspecified (::1, ::)          RFC 4291 2.5.2, 2.5.3
//   IPv4-mapped (::ffff:0:0/96)              RFC 4291 2.5.5.2, RFC 6890: for programs, never on a wire
//   127/8, 0/8, class E, limited broadcast   RFC 1122 3.2.1.3, RFC 1812 4.2.2.11, 5.3.7; RFC 6890
//
// The parser finds them (wire/ip.p4, wire/srh.p4) and marks the packet, so that others pay for no more than its select.
#ifndef SRV6_CORE_ADDRESSES_P4_
#define SRV6_CORE_ADDRESSES_P4_

// ff02::1 (all nodes), ff02::2 and ff05::2 (all routers), and the solicited-node groups (RFC 4291 2.8).
#define IS_GROUP_OF_ROUTERS(ADDRESS)                                                                            \
    (ADDRESS == 0xFF020000000000000000000000000001 || ADDRESS == 0xFF020000000000000000000000000002            \
     || ADDRESS == 0xFF050000000000000000000000000002 || ADDRESS[127:24] == 0xFF0200000000000000000001FF)
#define IS_LOOPBACK_OR_MAPPED(ADDRESS) (ADDRESS[127:1] == 0 || ADDRESS[127:32] == 0xFFFF)

// The packet is marked: which of the addresses of HDR.ipv4 is it?
control refuse_ipv4_address(PACKET) {
    VERDICTS

    apply {
        if (hdr.ipv4.dst_addr[31:29] == 7 || hdr.ipv4.dst_addr[31:16] == 0xA9FE) {
            refuse(drop_reason_t.MULTICAST);
        } else if (hdr.ipv4.src_addr[31:29] == 7 || hdr.ipv4.src_addr[31:16] == 0xA9FE
                   || hdr.ipv4.src_addr[31:24] == 0 || hdr.ipv4.src_addr[31:24] == 127) {
            refuse(drop_reason_t.SOURCE_INVALID);
        } else {
            refuse(drop_reason_t.DESTINATION_INVALID);
        }
    }
}

// Likewise of an IPv6 packet that was inside another one.
control refuse_inner_ipv6_address(PACKET) {
    VERDICTS

    apply {
        if (hdr.inner_ipv6.dst_addr[127:121] == 0x7F) {
            refuse(drop_reason_t.MULTICAST);
        } else if (hdr.inner_ipv6.src_addr[127:121] == 0x7F || IS_LOOPBACK_OR_MAPPED(hdr.inner_ipv6.src_addr)) {
            refuse(drop_reason_t.SOURCE_INVALID);
        } else {
            refuse(drop_reason_t.DESTINATION_INVALID);
        }
    }
}

#endif  // SRV6_CORE_ADDRESSES_P4_
