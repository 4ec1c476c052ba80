// SPDX-License-Identifier: Apache-2.0
// A packet longer than the link takes (HE-11; RFC 2473 7). Who is told, or whether the packet is cut, depends on what
// the router may do to it: it is the source of what it encapsulates and may fragment that, it may fragment IPv4
// without DF, nothing else. The fragments are made by the control plane.
#ifndef SRV6_CORE_ROUTER_MTU_P4_
#define SRV6_CORE_ROUTER_MTU_P4_

control mtu_check(PACKET) {
    VERDICTS
    TUNNEL_MTU_CONTROL

    apply {
        if (IS_PUSHED) {
            TUNNEL_MTU_CHECK
        LABELS_MTU_CHECK
        NSH_MTU_CHECK
        } else if (hdr.ipv6.isValid()) {
            if (hdr.ipv6.payload_length + IPV6_HEADER_LENGTH > md.mtu) {
                packet_too_big(md.mtu);
            }
        } else if (hdr.ipv4.total_len > md.mtu) {
            if (hdr.ipv4.dont_fragment == 1) {
                packet_too_big(md.mtu);
            } else {
                fragment();
            }
        }
    }
}

#endif  // SRV6_CORE_ROUTER_MTU_P4_
