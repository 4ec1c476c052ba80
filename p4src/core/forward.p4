// SPDX-License-Identifier: Apache-2.0
// What forwarding does to every packet: the hop limit, the MTU check and the link-layer header.
#ifndef SRV6_CORE_FORWARD_P4_
#define SRV6_CORE_FORWARD_P4_

// Decrements hop limit or TTL once a router, before encapsulation (HE-4), after decapsulation (DEC-7).
control hop_limit(inout headers_t hdr, inout local_metadata_t md) {
    action exceeded() {
        md.fate = FATE_DROP;
        md.drop_reason = drop_reason_t.HOP_LIMIT_EXCEEDED;
        md.punt_reason = punt_reason_t.HOP_LIMIT_EXCEEDED;
    }
    action not_forwardable() {
        md.fate = FATE_DROP;
        md.drop_reason = drop_reason_t.SOURCE_INVALID;
    }
    action decrement_hop_limit() {
        hdr.ipv6.hop_limit = hdr.ipv6.hop_limit - 1;
    }
    action decrement_ttl() {
        hdr.ipv4.ttl = hdr.ipv4.ttl - 1;
        md.ttl_changed = 1;
    }

    apply {
        if (md.l3 == L3_IPV6) {
            if (md.link_scope == 1 && md.decapsulated == 0) {
                not_forwardable();   // a link-local source
            } else if (hdr.ipv6.hop_limit <= 1) {
                exceeded();
            } else {
                decrement_hop_limit();
            }
        } else {
            if (hdr.ipv4.ttl <= 1) {
                exceeded();
            } else {
                decrement_ttl();
            }
        }
    }
}

// A packet longer than the link takes (HE-11; RFC 2473 7). Who is told, or whether the packet is cut, depends on what
// the router may do to it: it is the source of what it encapsulates and may fragment that, it may fragment IPv4 without DF,
// nothing else. The fragments are made by the control plane.
control too_big(inout headers_t hdr, inout local_metadata_t md) {
    action packet_too_big(mtu_t mtu) {
        md.fate = FATE_DROP;
        md.drop_reason = drop_reason_t.PACKET_TOO_BIG;
        md.punt_reason = punt_reason_t.PACKET_TOO_BIG;
        md.mtu = mtu;
    }
    action fragment() {
        md.fate = FATE_FRAGMENT;
        md.punt_reason = punt_reason_t.FRAGMENT;
    }
    action set_tunnel_mtu() {
        hdr.scratch.tunnel_mtu = md.mtu |-| hdr.scratch.overhead;
    }
    action raise_to_minimum() {
        hdr.scratch.tunnel_mtu = IPV6_MINIMUM_MTU;
    }

    apply {
        if (hdr.outer_ipv6.isValid() && hdr.scratch.headend == HEADEND_ENCAPS && hdr.ipv4.isValid() && !hdr.ipv6.isValid()) {
            if (hdr.ipv4.dont_fragment == 1) {
                set_tunnel_mtu();
                packet_too_big(hdr.scratch.tunnel_mtu);
            } else {
                fragment();
            }
        } else if (hdr.outer_ipv6.isValid() && hdr.scratch.headend == HEADEND_ENCAPS) {
            set_tunnel_mtu();
            if (hdr.scratch.tunnel_mtu < IPV6_MINIMUM_MTU) {
                raise_to_minimum();
            }
            if (hdr.ipv6.payload_length + IPV6_HEADER_LENGTH > hdr.scratch.tunnel_mtu) {
                packet_too_big(hdr.scratch.tunnel_mtu);
            } else {
                fragment();
            }
        } else if (hdr.outer_ipv6.isValid() && hdr.scratch.headend == HEADEND_ENCAPS_L2) {
            fragment();
        } else if (hdr.outer_ipv6.isValid() && hdr.scratch.headend == HEADEND_INSERT) {
            set_tunnel_mtu();
            if (hdr.scratch.tunnel_mtu < IPV6_MINIMUM_MTU) {
                raise_to_minimum();
            }
            packet_too_big(hdr.scratch.tunnel_mtu);
        } else if (md.l3 == L3_IPV6 || hdr.ipv4.dont_fragment == 1) {
            packet_too_big(md.mtu);
        } else {
            fragment();
        }
    }
}

control mtu_check(inout headers_t hdr, inout local_metadata_t md) {
    too_big() oversize;

    apply {
        // A packet that was not made longer fits when its frame would.
        if (md.frame_length > (bit<32>)md.mtu || hdr.outer_ipv6.isValid()) {
            if (md.fate == FATE_TRANSMIT
                && ((hdr.outer_ipv6.isValid() && hdr.outer_ipv6.payload_length + IPV6_HEADER_LENGTH > md.mtu)
                    || (!hdr.outer_ipv6.isValid() && md.l3 == L3_IPV6
                        && hdr.ipv6.payload_length + IPV6_HEADER_LENGTH > md.mtu)
                    || (md.l3 == L3_IPV4 && hdr.ipv4.total_len > md.mtu))) {
                oversize.apply(hdr, md);
            }
        }
    }
}

// Tag and EtherType of the frame that leaves. The MAC addresses are there already (nexthop.p4).
control link_layer(inout headers_t hdr, inout local_metadata_t md) {
    action untag(bit<16> ether_type) {
        hdr.vlan.setInvalid();
        hdr.ethernet.ether_type = ether_type;
    }
    action tag(bit<16> ether_type) {
        hdr.vlan.setValid();
        hdr.vlan.pcp = 0;
        hdr.vlan.dei = 0;
        hdr.vlan.vid = md.egress_vlan;
        hdr.vlan.ether_type = ether_type;
        hdr.ethernet.ether_type = ETHERTYPE_VLAN;
    }

    // The next pass sees the interface that the packet came in by; only IPv6 is recirculated.
    action keep_tag() {
        hdr.vlan.ether_type = ETHERTYPE_IPV6;
    }

    apply {
        if (md.fate == FATE_RECIRCULATE && hdr.vlan.isValid()) {
            keep_tag();
        } else if (md.egress_vlan == 0) {
            if (md.l3 == L3_IPV6) {
                untag(ETHERTYPE_IPV6);
            } else {
                untag(ETHERTYPE_IPV4);
            }
        } else if (md.l3 == L3_IPV6) {
            tag(ETHERTYPE_IPV6);
        } else {
            tag(ETHERTYPE_IPV4);
        }
    }
}

#endif  // SRV6_CORE_FORWARD_P4_
