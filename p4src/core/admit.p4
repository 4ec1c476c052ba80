// SPDX-License-Identifier: Apache-2.0
// Admission: which interface a frame came in by, and whether this router is to route it.
//
//   ingress_port_table -> [ingress_vlan_table] -> my MAC? -> IP header sane? -> [source_guard]
//
// What is not admitted has its fate here.
#ifndef SRV6_CORE_ADMIT_P4_
#define SRV6_CORE_ADMIT_P4_

// Bytes of the IP packet, at most.
#define LENGTH_BEHIND_LINK(HEADERS) ((bit<16>)FRAME_LENGTH |-| (HEADERS))
// A length that the packet gives, which is within the frame, does not reach the frame's end: the link padded it.
#define ENDS_BEFORE_FRAME(LENGTH, HEADERS)                                \
    ((!hdr.vlan.isValid() && LENGTH != LENGTH_BEHIND_LINK(HEADERS))       \
     || (hdr.vlan.isValid() && LENGTH != LENGTH_BEHIND_LINK(HEADERS + 4)))

control admit(PACKET) {
    VERDICTS
    refuse_ipv4_address() address;
    source_guard() guard;
    NSH_ADMISSION_CONTROLS

    DIRECT_COUNTER(ingress_port_counter)
    DIRECT_COUNTER(ingress_vlan_counter)

    @id(SET_ROUTER_INTERFACE_ID)
    @name(".set_router_interface")
    @brief("A routed interface")
    @action_restriction("flags < 8")
    @description("VRF, own MAC address, policy for everything routed from here (0: none), flags (1 external, 2 steer, 4 check source)")
    action set_router_interface(vrf_id_t vrf_id, @format(MAC_ADDRESS) mac_addr_t mac, policy_id_t policy_id,
                                interface_flags_t flags) {
        md.vrf_id = vrf_id;
        md.unusual = md.unusual | (unusual_t)flags | (hdr.ethernet.dst_addr == mac ? 0 : UNUSUAL_NOT_MY_MAC);
        STEER_BY_INTERFACE(policy_id)
    }

    @id(SET_URPF_INTERFACE_ID)
    @name(".set_urpf_interface")
    @brief("A routed interface with unicast reverse path forwarding, RFC 3704 2.2 to 2.4")
    @action_restriction("flags < 8")
    @description("As set_router_interface; urpf_id: what urpf_ipv6_table and urpf_ipv4_table know of it")
    action set_urpf_interface(vrf_id_t vrf_id, @format(MAC_ADDRESS) mac_addr_t mac, policy_id_t policy_id,
                              interface_flags_t flags, urpf_id_t urpf_id) {
        md.vrf_id = vrf_id;
        md.unusual = md.unusual | UNUSUAL_URPF | (unusual_t)flags
                     | (hdr.ethernet.dst_addr == mac ? 0 : UNUSUAL_NOT_MY_MAC);
        STEER_BY_INTERFACE(policy_id)
        BEGIN(VERDICT)
        VERDICT.urpf_id = urpf_id;
    }

    L2_PORT_ACTION

    BRIDGE_PORT_ACTIONS

    BRIDGE_VLAN_ACTIONS

    SERVICE_PORT_ACTIONS

    SERVICE_VLAN_ACTIONS

    @id(NO_INTERFACE_ID)
    @name(".no_interface")
    action no_interface() {
        refuse(drop_reason_t.NO_INTERFACE);
    }

    @id(VLAN_UNKNOWN_ID)
    @name(".vlan_unknown")
    action vlan_unknown() {
        refuse(drop_reason_t.VLAN_UNKNOWN);
    }

    @id(INGRESS_PORT_TABLE_ID)
    @name(".ingress_port_table")
    @brief("What a port is")
    table ingress_port_table {
        key = { INGRESS_PORT : exact @name("ingress_port"); }
        actions = {
            set_router_interface; set_urpf_interface; L2_PORT_ACTION_NAME BRIDGE_PORT_ACTION_NAMES
            SERVICE_PORT_ACTION_NAMES
            @defaultonly no_interface;
        }
        const default_action = no_interface();
        size = 512;
        TABLE_DIRECT_COUNTER(ingress_port_counter)
    }

    @id(INGRESS_VLAN_TABLE_ID)
    @name(".ingress_vlan_table")
    @brief("VLAN interfaces of a routed port")
    @description("VLAN 0, a priority tag, is the port itself")
    @entry_restriction("vlan_id != 0 && vlan_id != 4095")
    table ingress_vlan_table {
        key = {
            INGRESS_PORT : exact @name("ingress_port");
            hdr.vlan.vid : exact @name("vlan_id");
        }
        actions = {
            set_router_interface; set_urpf_interface; BRIDGE_PORT_ACTION_NAMES BRIDGE_VLAN_ACTION_NAMES
            SERVICE_PORT_ACTION_NAMES SERVICE_VLAN_ACTION_NAMES
            @defaultonly vlan_unknown;
        }
        const default_action = vlan_unknown();
        size = INTERFACE_TABLE_SIZE;
        TABLE_DIRECT_COUNTER(ingress_vlan_counter)
    }

    action forget_port() {
        md.unusual = md.unusual & UNUSUAL_OF_PARSER;
        FORGET_SERVICE
    }
    action mark_padding() {
        md.unusual = md.unusual | UNUSUAL_PADDING;
    }

    apply {
        ingress_port_table.apply();
        // The usual case in one expression: untagged IPv6 for this router. Whatever fails it is looked at below. (A
        // port that is not configured has decided already.)
        if (!(md.unusual == 0 && hdr.ipv6.isValid() && hdr.ipv6.version == 6
              && (bit<32>)hdr.ipv6.payload_length + 54 == FRAME_LENGTH)) {
            if (hdr.vlan.isValid() && hdr.vlan.vid != 0 && md.next == NEXT_IN_SEQUENCE) {
                forget_port();
                ingress_vlan_table.apply();
            }
            if (md.next >= FATE_TRANSMIT) {
                // no interface
            } else if (md.next == NEXT_POLICY) {
                L2_PORT_CHECK
            } else if (hdr.ipv6.isValid()) {
                if (md.unusual & UNUSUAL_NOT_MY_MAC != 0
                    && (hdr.ethernet.dst_addr[40:40] == 0 || hdr.ipv6.dst_addr[127:120] != 0xFF)) {
                    refuse(drop_reason_t.NOT_MY_MAC);
                } else if (hdr.ipv6.version != 6
                           || (!hdr.vlan.isValid() && hdr.ipv6.payload_length > LENGTH_BEHIND_LINK(54))
                           || (hdr.vlan.isValid() && hdr.ipv6.payload_length > LENGTH_BEHIND_LINK(58))) {
                    refuse(drop_reason_t.IP_HEADER_INVALID);
                } else if (md.unusual & UNUSUAL_LINK_SCOPE != 0) {
                    // Link-local and multicast addresses never leave the link; neighbour discovery is the control
                    // plane's.
                    if (hdr.ipv6.src_addr[127:120] == 0xFF) {
                        refuse(drop_reason_t.SOURCE_INVALID);
                    } else if (hdr.ipv6.next_header == IP_PROTO_ICMPV6 && hdr.l4.isValid() && hdr.ipv6.hop_limit == 255
                               && hdr.l4.src_port[15:8] >= 133 && hdr.l4.src_port[15:8] <= 137) {
                        punt(punt_reason_t.NDP);
                    } else if (IS_LOOPBACK_OR_MAPPED(hdr.ipv6.src_addr)) {
                        refuse(drop_reason_t.SOURCE_INVALID);
                    } else if (hdr.ipv6.dst_addr[127:120] == 0xFF) {
                        // To a group that routers are in: a ping is answered (RFC 4443 4.2), an option that is not
                        // known may be reported (2.4 e.3). The control plane knows what it has joined.
                        if (IS_GROUP_OF_ROUTERS(hdr.ipv6.dst_addr)
                            && (md.unusual & UNUSUAL_EXTENSION != 0
                                || (hdr.ipv6.next_header == IP_PROTO_ICMPV6 && hdr.l4.isValid()
                                    && hdr.l4.src_port[15:8] == 128))) {
                            punt(punt_reason_t.LOCAL);
                        } else {
                            refuse(drop_reason_t.MULTICAST);
                        }
                    } else if (IS_LOOPBACK_OR_MAPPED(hdr.ipv6.dst_addr)) {
                        refuse(drop_reason_t.DESTINATION_INVALID);
                    } else if (hdr.ipv6.dst_addr[127:121] == 0x7F) {
                        punt(punt_reason_t.LOCAL);
                    }
                }
            } else if (hdr.ethernet.isValid()
                       && (hdr.ethernet.ether_type == ETHERTYPE_IPV4
                           || (hdr.vlan.isValid() && hdr.vlan.ether_type == ETHERTYPE_IPV4))) {
                if (md.unusual & UNUSUAL_NOT_MY_MAC != 0) {
                    refuse(drop_reason_t.NOT_MY_MAC);
                } else if (!hdr.ipv4.isValid() || hdr.ipv4.version != 4 || hdr.ipv4.ihl < 5
                           || hdr.ipv4.total_len < (bit<16>)hdr.ipv4.ihl << 2
                           || (!hdr.vlan.isValid() && hdr.ipv4.total_len > LENGTH_BEHIND_LINK(14))
                           || (hdr.vlan.isValid() && hdr.ipv4.total_len > LENGTH_BEHIND_LINK(18))) {
                    refuse(drop_reason_t.IP_HEADER_INVALID);
                } else if (IPV4_CHECKSUM_ERROR) {
                    refuse(drop_reason_t.IPV4_CHECKSUM);
                } else if (md.unusual & UNUSUAL_INNER_ADDRESS != 0) {
                    address.apply(THE_PACKET);
                }
            } else if (!hdr.ethernet.isValid() || hdr.ethernet.ether_type == ETHERTYPE_IPV6
                       || (hdr.vlan.isValid() && hdr.vlan.ether_type == ETHERTYPE_IPV6)) {
                refuse(drop_reason_t.HEADER_TRUNCATED);
            } else if (hdr.ethernet.ether_type == ETHERTYPE_ARP
                       || (hdr.vlan.isValid() && hdr.vlan.ether_type == ETHERTYPE_ARP)) {
                punt(punt_reason_t.ARP);
            NSH_ADMISSION
            } else {
                refuse(drop_reason_t.UNSUPPORTED_ETHERTYPE);
            }
            if (md.next == NEXT_IN_SEQUENCE
                && ((hdr.ipv6.isValid() && ENDS_BEFORE_FRAME(hdr.ipv6.payload_length, 54))
                    || (!hdr.ipv6.isValid() && ENDS_BEFORE_FRAME(hdr.ipv4.total_len, 14)))) {
                mark_padding();
            }
            if (md.unusual & (UNUSUAL_EXTERNAL | UNUSUAL_URPF) != 0 && md.next == NEXT_IN_SEQUENCE) {
                guard.apply(THE_PACKET);
            }
        }
    }
}

#endif  // SRV6_CORE_ADMIT_P4_
