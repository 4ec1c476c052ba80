// SPDX-License-Identifier: Apache-2.0
// What becomes of a packet that is too long for its way out because of what was pushed (HE-11; RFC 2473 7): its
// source is told the MTU of the tunnel, or it is fragmented, IPv4 inside the pushed headers, anything else with them.
#ifndef SRV6_CORE_HEADEND_TUNNEL_MTU_P4_
#define SRV6_CORE_HEADEND_TUNNEL_MTU_P4_

// The part of router/mtu.p4.
#define TUNNEL_MTU_CONTROL tunnel_mtu() tunnel;
#define TUNNEL_MTU_CHECK                                                        \
    if (hdr.outer_ipv6.payload_length + IPV6_HEADER_LENGTH > md.mtu) {          \
        tunnel.apply(THE_PACKET);                                               \
    }

control tunnel_mtu(PACKET) {
    VERDICTS

    action set_mtu() {
        HEADEND.tunnel_mtu = md.mtu;
    }
    action take_srh_off() {
        HEADEND.tunnel_mtu = HEADEND.tunnel_mtu |-| PUSHED_SRH_LENGTH;
    }
    PATH_TRACING_MTU_ACTION
    action take_outer_ipv6_off() {
        HEADEND.tunnel_mtu = HEADEND.tunnel_mtu |-| IPV6_HEADER_LENGTH;
    }
    action raise_to_minimum() {
        HEADEND.tunnel_mtu = IPV6_MINIMUM_MTU;
    }

    apply {
        set_mtu();
        if (hdr.outer_srh.isValid()) {
            take_srh_off();
        }
        PATH_TRACING_MTU
        if (!hdr.segment_da.isValid()) {
            take_outer_ipv6_off();
        }
        if (HEADEND.tunnel_mtu < IPV6_MINIMUM_MTU && (hdr.ipv6.isValid() || hdr.segment_da.isValid())) {
            raise_to_minimum();
        }
        MOBILE_TUNNEL_MTU if (hdr.segment_da.isValid()) {
            packet_too_big(HEADEND.tunnel_mtu);
        } else if (hdr.payload_ethernet.isValid()) {
            fragment();
        } else if (hdr.ipv6.isValid()) {
            if (hdr.ipv6.payload_length + IPV6_HEADER_LENGTH > HEADEND.tunnel_mtu) {
                packet_too_big(HEADEND.tunnel_mtu);
            } else {
                fragment();
            }
        } else if (hdr.ipv4.dont_fragment == 1) {
            packet_too_big(HEADEND.tunnel_mtu);
        } else {
            fragment();
        }
    }
}

#endif  // SRV6_CORE_HEADEND_TUNNEL_MTU_P4_
