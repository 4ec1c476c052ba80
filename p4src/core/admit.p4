// SPDX-License-Identifier: Apache-2.0
// Admission: which interface a frame came in by, and whether this router is to route it.
//
//   ingress_port_table -> [ingress_vlan_table] -> my MAC? -> IP header sane? 
//
// What is not admitted has its fate here.
#ifndef SRV6_CORE_ADMIT_P4_
#define SRV6_CORE_ADMIT_P4_

control admit(inout headers_t hdr, inout local_metadata_t md) {
    DIRECT_COUNTER(ingress_port_counter)
    DIRECT_COUNTER(ingress_vlan_counter)

    @id(SET_ROUTER_INTERFACE_ID)
    @name(".set_router_interface")
    @brief("A routed interface")
    @description("VRF, own MAC address, policy for everything routed from here (0: none), flags (1 external, 2 steer, 4 check source)")
    action set_router_interface(vrf_id_t vrf_id, @format(MAC_ADDRESS) mac_addr_t mac, policy_id_t policy_id,
                                interface_flags_t flags) {
        md.vrf_id = vrf_id;
        md.interface_mac = mac;
        md.interface_policy_id = policy_id;
        md.interface_flags = flags | INTERFACE_ROUTED;
    }

    @id(SET_L2_PORT_ID)
    @name(".set_l2_port")
    @brief("A port whose frames enter an L2 policy whole (H.Encaps.L2)")
    action set_l2_port(policy_id_t policy_id) {
        md.l3 = L3_FRAME;
        md.policy_id = policy_id;
        md.hop_limit_done = 1;
    }

    @id(NO_INTERFACE_ID)
    @name(".no_interface")
    action no_interface() {
        md.fate = FATE_DROP;
        md.drop_reason = drop_reason_t.NO_INTERFACE;
    }

    @id(VLAN_UNKNOWN_ID)
    @name(".vlan_unknown")
    action vlan_unknown() {
        md.fate = FATE_DROP;
        md.drop_reason = drop_reason_t.VLAN_UNKNOWN;
    }

    @id(INGRESS_PORT_TABLE_ID)
    @name(".ingress_port_table")
    @brief("What a port is")
    table ingress_port_table {
        key = { md.ingress_port : exact @name("ingress_port"); }
        actions = { set_router_interface; set_l2_port; @defaultonly no_interface; }
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
        actions = { set_router_interface; @defaultonly vlan_unknown; }
        const default_action = vlan_unknown();
        size = INTERFACE_TABLE_SIZE;
        TABLE_DIRECT_COUNTER(ingress_vlan_counter)
    }

    action refuse(bit<8> drop_reason) {
        md.fate = FATE_DROP;
        md.drop_reason = drop_reason;
    }
    action punt(bit<8> punt_reason) {
        md.fate = FATE_PUNT;
        md.punt_reason = punt_reason;
    }

    action measure() {
        hdr.scratch.setValid();
        hdr.scratch.length = (bit<16>)md.frame_length |-| ETHERNET_HEADER_LENGTH;
    }
    action measure_behind_tag() {
        hdr.scratch.length = hdr.scratch.length |-| VLAN_HEADER_LENGTH;
    }

    apply {
        ingress_port_table.apply();
        // The usual case in one expression: untagged IPv6 for this router. Whatever fails it is looked at below.
        if (!(md.interface_flags >= INTERFACE_ROUTED && md.l3 == L3_IPV6 && md.tagged == 0 && md.link_scope == 0 && hdr.ipv6.version == 6
              && hdr.ethernet.dst_addr == md.interface_mac
              && (bit<32>)hdr.ipv6.payload_length + 54 <= md.frame_length)) {
            measure();
            if (md.tagged == 1) {
                measure_behind_tag();
                if (md.interface_flags >= INTERFACE_ROUTED && hdr.vlan.vid != 0) {
                    ingress_vlan_table.apply();
                }
            }
            if (md.fate != FATE_FORWARD) {
                // no interface
            } else if (md.interface_flags == 0) {
                if (md.policy_id == 0) {
                    refuse(drop_reason_t.L2_PORT_NO_POLICY);
                }
            } else if (md.l3 == L3_IPV6) {
                if (hdr.ethernet.dst_addr != md.interface_mac
                    && (hdr.ethernet.dst_addr[40:40] == 0 || hdr.ipv6.dst_addr[127:120] != 0xFF)) {
                    refuse(drop_reason_t.NOT_MY_MAC);
                } else if (hdr.ipv6.version != 6
                           || hdr.ipv6.payload_length > hdr.scratch.length |-| IPV6_HEADER_LENGTH) {
                    refuse(drop_reason_t.IP_HEADER_INVALID);
                } else if (md.link_scope == 1) {
                    // Link-local and multicast addresses never leave the link; neighbour discovery is the control plane's.
                    if (hdr.ipv6.src_addr[127:120] == 0xFF) {
                        refuse(drop_reason_t.SOURCE_INVALID);
                    } else if (hdr.ipv6.next_header == IP_PROTO_ICMPV6 && hdr.l4.isValid() && hdr.ipv6.hop_limit == 255
                               && hdr.l4.src_port[15:8] >= 133 && hdr.l4.src_port[15:8] <= 137) {
                        punt(punt_reason_t.NDP);
                    } else if (hdr.ipv6.dst_addr[127:120] == 0xFF) {
                        refuse(drop_reason_t.MULTICAST);
                    } else if (hdr.ipv6.dst_addr[127:121] == 0x7F) {
                        punt(punt_reason_t.LOCAL);
                    }
                }
            } else if (md.l3 == L3_IPV4) {
                if (hdr.ethernet.dst_addr != md.interface_mac) {
                    refuse(drop_reason_t.NOT_MY_MAC);
                } else if (!hdr.ipv4.isValid() || hdr.ipv4.version != 4 || hdr.ipv4.ihl < 5
                           || (hdr.ipv4.ihl > 5 && !hdr.ipv4_options.isValid())
                           || hdr.ipv4.total_len < (bit<16>)hdr.ipv4.ihl << 2
                           || hdr.ipv4.total_len > hdr.scratch.length) {
                    refuse(drop_reason_t.IP_HEADER_INVALID);
                } else if (md.checksum_error == 1) {
                    refuse(drop_reason_t.IPV4_CHECKSUM);
                } else if (hdr.ipv4.dst_addr[31:29] == 7) {
                    refuse(drop_reason_t.MULTICAST);
                } else if (hdr.ipv4.src_addr[31:29] == 7) {
                    refuse(drop_reason_t.SOURCE_INVALID);
                }
            } else if (!hdr.ethernet.isValid() || hdr.ethernet.ether_type == ETHERTYPE_IPV6
                       || (md.tagged == 1 && hdr.vlan.ether_type == ETHERTYPE_IPV6)) {
                refuse(drop_reason_t.HEADER_TRUNCATED);
            } else if (hdr.ethernet.ether_type == ETHERTYPE_ARP
                       || (md.tagged == 1 && hdr.vlan.ether_type == ETHERTYPE_ARP)) {
                punt(punt_reason_t.ARP);
            } else {
                refuse(drop_reason_t.UNSUPPORTED_ETHERTYPE);
            }
        }
    }
}

#endif  // SRV6_CORE_ADMIT_P4_
