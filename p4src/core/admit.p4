// SPDX-License-Identifier: Apache-2.0
// Admission: which interface a frame came in by, and whether this router is to route it.
//
//   ingress_port_table -> [ingress_vlan_table] -> my MAC? -> IP header sane? -> md.l3
//
// What is not admitted has a drop reason or a punt reason and md.l3 = L3_NONE.
#ifndef SRV6_CORE_ADMIT_P4_
#define SRV6_CORE_ADMIT_P4_

control admit(inout headers_t hdr, inout local_metadata_t md) {
    DIRECT_COUNTER(ingress_port_counter)
    DIRECT_COUNTER(ingress_vlan_counter)

    @id(SET_ROUTER_INTERFACE_ID)
    @name(".set_router_interface")
    @brief("A routed interface")
    @description("VRF, own MAC address, policy for everything routed from here (0: none), flags (1 external, 2 classify, 4 check source)")
    action set_router_interface(vrf_id_t vrf_id, @format(MAC_ADDRESS) mac_addr_t mac, policy_id_t policy_id,
                                interface_flags_t flags) {
        md.vrf_id = vrf_id;
        md.interface_mac = mac;
        md.interface_policy_id = policy_id;
        md.interface_flags = flags;
    }

    @id(SET_L2_PORT_ID)
    @name(".set_l2_port")
    @brief("A port whose frames enter an L2 policy whole (H.Encaps.L2)")
    action set_l2_port(policy_id_t policy_id) {
        md.l3 = L3_FRAME;
        md.policy_id = policy_id;
    }

    @id(NO_INTERFACE_ID)
    @name(".no_interface")
    @defaultonly
    action no_interface() {
        md.drop_reason = drop_reason_t.NO_INTERFACE;
    }

    @id(VLAN_UNKNOWN_ID)
    @name(".vlan_unknown")
    @defaultonly
    action vlan_unknown() {
        md.drop_reason = drop_reason_t.VLAN_UNKNOWN;
    }

    @id(INGRESS_PORT_TABLE_ID)
    @name(".ingress_port_table")
    @brief("What a port is")
    table ingress_port_table {
        key = { md.ingress_port : exact @name("ingress_port"); }
        actions = { set_router_interface; set_l2_port; no_interface; }
        const default_action = no_interface();
        size = 512;
        TABLE_DIRECT_COUNTER(ingress_port_counter)
    }

    @id(INGRESS_VLAN_TABLE_ID)
    @name(".ingress_vlan_table")
    @brief("VLAN interfaces of a routed port")
    table ingress_vlan_table {
        key = {
            md.ingress_port : exact @name("ingress_port");
            hdr.vlan.vid    : exact @name("vlan_id");
        }
        actions = { set_router_interface; vlan_unknown; }
        const default_action = vlan_unknown();
        size = INTERFACE_TABLE_SIZE;
        TABLE_DIRECT_COUNTER(ingress_vlan_counter)
    }

    // Multicast and link-local addresses never leave the link. Neighbour discovery goes to the control plane.
    action not_forwardable(bit<8> drop_reason) {
        md.l3 = L3_NONE;
        md.drop_reason = drop_reason;
    }

    action punt(bit<8> punt_reason) {
        md.l3 = L3_NONE;
        md.punt_reason = punt_reason;
    }

    apply {
        ingress_port_table.apply();
        if (hdr.vlan.isValid()) {
            md.tagged = 1;
            if (md.l3 != L3_FRAME && md.drop_reason == drop_reason_t.NONE && hdr.vlan.vid != 0) {
                ingress_vlan_table.apply();
            }
        }
        if (md.l3 == L3_FRAME || md.drop_reason != drop_reason_t.NONE) {
            // L2 port, or no interface.
        } else if (hdr.ipv6.isValid()) {
            if (hdr.ethernet.dst_addr != md.interface_mac && hdr.ethernet.dst_addr[40:40] == 0) {
                md.drop_reason = drop_reason_t.NOT_MY_MAC;
            } else if (hdr.ipv6.version != 6
                       || hdr.ipv6.payload_length > md.frame_length - IPV6_HEADER_LENGTH - ETHERNET_HEADER_LENGTH
                          - (md.tagged == 1 ? VLAN_HEADER_LENGTH : 0)) {
                md.drop_reason = drop_reason_t.IP_HEADER_INVALID;
            } else if (hdr.ipv6.dst_addr[127:121] == 0x7F || hdr.ipv6.src_addr[127:121] == 0x7F) {
                // fe00::/7 holds link-local and multicast addresses.
                if (hdr.ipv6.src_addr[127:120] == 0xFF) {
                    not_forwardable(drop_reason_t.SOURCE_INVALID);
                } else if (hdr.icmpv6.isValid() && hdr.ipv6.hop_limit == 255
                           && hdr.icmpv6.type >= 133 && hdr.icmpv6.type <= 137) {
                    punt(punt_reason_t.NDP);
                } else if (hdr.ipv6.dst_addr[127:120] == 0xFF) {
                    not_forwardable(drop_reason_t.MULTICAST);
                } else if (hdr.ipv6.dst_addr[127:121] == 0x7F) {
                    punt(punt_reason_t.LOCAL);
                } else {
                    not_forwardable(drop_reason_t.SOURCE_INVALID);
                }
            } else if (hdr.ethernet.dst_addr[40:40] == 1) {
                md.drop_reason = drop_reason_t.NOT_MY_MAC;
            } else {
                md.l3 = L3_IPV6;
            }
        } else if (hdr.ipv4.isValid()) {
            if (hdr.ethernet.dst_addr != md.interface_mac) {
                md.drop_reason = drop_reason_t.NOT_MY_MAC;
            } else if (hdr.ipv4.version != 4 || hdr.ipv4.ihl < 5 || (hdr.ipv4.ihl > 5 && !hdr.ipv4_options.isValid())
                       || hdr.ipv4.total_len < (bit<16>)hdr.ipv4.ihl << 2
                       || hdr.ipv4.total_len > md.frame_length - ETHERNET_HEADER_LENGTH
                          - (md.tagged == 1 ? VLAN_HEADER_LENGTH : 0)) {
                md.drop_reason = drop_reason_t.IP_HEADER_INVALID;
            } else if (md.checksum_error == 1) {
                md.drop_reason = drop_reason_t.IPV4_CHECKSUM;
            } else if (hdr.ipv4.dst_addr[31:29] == 7) {
                md.drop_reason = drop_reason_t.MULTICAST;
            } else if (hdr.ipv4.src_addr[31:29] == 7) {
                md.drop_reason = drop_reason_t.SOURCE_INVALID;
            } else {
                md.l3 = L3_IPV4;
            }
        } else if (hdr.ethernet.isValid() && (hdr.ethernet.ether_type == ETHERTYPE_ARP
                   || (hdr.vlan.isValid() && hdr.vlan.ether_type == ETHERTYPE_ARP))) {
            punt(punt_reason_t.ARP);
        } else if (md.header_error == 1) {
            md.drop_reason = drop_reason_t.HEADER_TRUNCATED;
        } else {
            md.drop_reason = drop_reason_t.UNSUPPORTED_ETHERTYPE;
        }
    }
}

#endif  // SRV6_CORE_ADMIT_P4_
