// SPDX-License-Identifier: Apache-2.0
// The local SID table and the endpoint behaviours (RFC 8986 4).
//
//   my_sid_table -> [SR domain source check] -> SRH with Segments Left > 0?
//        yes: End*, End.B6*: hop limit, bounds, advance, PSP/USP      End.D*: error
//        no : upper layer: decapsulate | deliver | error
//
// A behaviour leaves its forwarding decision in md (vrf_id, nexthop_id, policy_id, egress_port): the stages behind carry it
// out. An error leaves drop_reason and, when ICMP is due, punt_reason; the packet itself is then of no further use, since
// the control plane gets it as it arrived.
#ifndef SRV6_CORE_SRV6_ENDPOINT_P4_
#define SRV6_CORE_SRV6_ENDPOINT_P4_

// Where things stand in the chain, for ICMPv6 pointers, which count from the start of the IPv6 header (RFC 4443 3.4).
#define POINTER_ROUTING_TYPE  (IPV6_HEADER_LENGTH + md.extension_length + 2)
#define POINTER_SEGMENTS_LEFT (IPV6_HEADER_LENGTH + md.extension_length + 3)
#define POINTER_UPPER_LAYER   (IPV6_HEADER_LENGTH + md.extension_length)

// USP (RFC 8986 4.16.2) where another SRH follows: takes every exhausted SRH out of the chain, the last one first, so that
// the header in front of it gets the right next header.
control remove_exhausted_srhs(inout headers_t hdr, inout local_metadata_t md) {
    action remove_3() {
        hdr.extension_2.next_header = hdr.extension_3.next_header;
        hdr.ipv6.payload_length = hdr.ipv6.payload_length - 8 - ((bit<16>)hdr.extension_3.hdr_ext_len << 3);
        hdr.extension_3.setInvalid();
    }
    action remove_2() {
        hdr.extension_1.next_header = hdr.extension_2.next_header;
        hdr.ipv6.payload_length = hdr.ipv6.payload_length - 8 - ((bit<16>)hdr.extension_2.hdr_ext_len << 3);
        hdr.extension_2.setInvalid();
    }
    action remove_1() {
        hdr.extension_0.next_header = hdr.extension_1.next_header;
        hdr.ipv6.payload_length = hdr.ipv6.payload_length - 8 - ((bit<16>)hdr.extension_1.hdr_ext_len << 3);
        hdr.extension_1.setInvalid();
    }
    action remove_0() {
        hdr.ipv6.next_header = hdr.extension_0.next_header;
        hdr.ipv6.payload_length = hdr.ipv6.payload_length - 8 - ((bit<16>)hdr.extension_0.hdr_ext_len << 3);
        hdr.extension_0.setInvalid();
    }

    apply {
        if (hdr.extension_3.isValid() && hdr.extension_2.next_header == IP_PROTO_ROUTING
            && hdr.extension_3.routing_type == ROUTING_TYPE_SRH) {
            remove_3();
        }
        if (hdr.extension_2.isValid() && hdr.extension_1.next_header == IP_PROTO_ROUTING
            && hdr.extension_2.routing_type == ROUTING_TYPE_SRH) {
            remove_2();
        }
        if (hdr.extension_1.isValid() && hdr.extension_0.next_header == IP_PROTO_ROUTING
            && hdr.extension_1.routing_type == ROUTING_TYPE_SRH) {
            remove_1();
        }
        if (hdr.extension_0.isValid() && hdr.ipv6.next_header == IP_PROTO_ROUTING
            && hdr.extension_0.routing_type == ROUTING_TYPE_SRH) {
            remove_0();
        }
    }
}

// PSP (RFC 8986 4.16.1): the SRH goes, the header in front of it names what followed.
control penultimate_segment_pop(inout headers_t hdr, inout local_metadata_t md) {
    action set_next_header_of_ipv6() {
        hdr.ipv6.next_header = hdr.srh.next_header;
    }
    action set_next_header_of_extension_0() {
        hdr.extension_0.next_header = hdr.srh.next_header;
    }
    action set_next_header_of_extension_1() {
        hdr.extension_1.next_header = hdr.srh.next_header;
    }
    action set_next_header_of_extension_2() {
        hdr.extension_2.next_header = hdr.srh.next_header;
    }
    action set_next_header_of_extension_3() {
        hdr.extension_3.next_header = hdr.srh.next_header;
    }
    action remove_srh() {
        hdr.ipv6.payload_length = hdr.ipv6.payload_length - 8 - ((bit<16>)hdr.srh.hdr_ext_len << 3);
        SRH_POP(hdr)
    }

    apply {
        if (!hdr.extension_0.isValid()) {
            set_next_header_of_ipv6();
        } else if (hdr.extension_3.isValid()) {
            set_next_header_of_extension_3();
        } else if (hdr.extension_2.isValid()) {
            set_next_header_of_extension_2();
        } else if (hdr.extension_1.isValid()) {
            set_next_header_of_extension_1();
        } else {
            set_next_header_of_extension_0();
        }
        remove_srh();
    }
}

// Decapsulation (DEC-4): the outer IPv6 header and all its extension headers go, the packet or frame behind them is
// the packet. What it says of itself is checked like that of a packet from the wire.
control decapsulate(inout headers_t hdr, inout local_metadata_t md) {
    bit<16> inner_length = hdr.ipv6.payload_length - md.extension_length;

    action remove_outer() {
        hdr.extension_0.setInvalid();
        hdr.extension_1.setInvalid();
        hdr.extension_2.setInvalid();
        hdr.extension_3.setInvalid();
        md.decapsulated = 1;
        md.processed = 1;
    }
    action expose_ipv6() {
        hdr.ipv6 = hdr.inner_ipv6;
        hdr.inner_ipv6.setInvalid();
    }
    action expose_ipv4() {
        hdr.ipv6.setInvalid();
        md.l3 = L3_IPV4;
        md.link_changed = 1;
    }
    action expose_frame() {
        hdr.ipv6.setInvalid();
        hdr.ethernet = hdr.inner_ethernet;
        hdr.inner_ethernet.setInvalid();
        hdr.vlan.setInvalid();
        md.l3 = L3_FRAME;
        md.link_changed = 0;
        md.fate = FATE_TRANSMIT;
    }
    action set_vrf() {
        md.vrf_id = hdr.scratch.sid_vrf_id;
    }
    action refuse(bit<8> drop_reason) {
        md.fate = FATE_DROP;
        md.drop_reason = drop_reason;
    }

    apply {
        if (hdr.scratch.upper_layer == IP_PROTO_IPV6) {
            if (hdr.inner_ipv6.version != 6 || inner_length < IPV6_HEADER_LENGTH
                || hdr.inner_ipv6.payload_length > inner_length - IPV6_HEADER_LENGTH) {
                refuse(drop_reason_t.IP_HEADER_INVALID);
            } else if (hdr.inner_ipv6.src_addr[127:121] == 0x7F || hdr.inner_ipv6.src_addr[127:1] == 0) {
                refuse(drop_reason_t.SOURCE_INVALID);
            } else if (hdr.inner_ipv6.dst_addr[127:121] == 0x7F) {
                refuse(drop_reason_t.MULTICAST);
            } else {
                remove_outer();
                expose_ipv6();
                if (md.flavors & SID_CHANGES_VRF != 0) {
                    set_vrf();
                }
            }
        } else if (hdr.scratch.upper_layer == IP_PROTO_IPV4) {
            if (hdr.ipv4.version != 4 || hdr.ipv4.ihl < 5 || (hdr.ipv4.ihl > 5 && !hdr.ipv4_options.isValid())
                || hdr.ipv4.total_len < (bit<16>)hdr.ipv4.ihl << 2 || hdr.ipv4.total_len > inner_length) {
                refuse(drop_reason_t.IP_HEADER_INVALID);
            } else if (md.checksum_error == 1) {
                refuse(drop_reason_t.IPV4_CHECKSUM);
            } else if (hdr.ipv4.src_addr[31:29] == 7) {
                refuse(drop_reason_t.SOURCE_INVALID);
            } else if (hdr.ipv4.dst_addr[31:29] == 7) {
                refuse(drop_reason_t.MULTICAST);
            } else {
                remove_outer();
                expose_ipv4();
                if (md.flavors & SID_CHANGES_VRF != 0) {
                    set_vrf();
                }
            }
        } else if (inner_length < ETHERNET_HEADER_LENGTH) {
            refuse(drop_reason_t.HEADER_TRUNCATED);
        } else if (inner_length - ETHERNET_HEADER_LENGTH > md.mtu) {
            refuse(drop_reason_t.PACKET_TOO_BIG);
        } else {
            remove_outer();
            expose_frame();
        }
    }
}

// The upper-layer header at a SID (RFC 8986 4.1.1): no SRH, or none with a segment left.
control upper_layer(inout headers_t hdr, inout local_metadata_t md) {
    decapsulate() decap;

    @id(ALLOW_UPPER_LAYER_ID)
    @name(".allow_upper_layer")
    action allow_upper_layer() {
        md.fate = FATE_PUNT;
        md.punt_reason = punt_reason_t.LOCAL;
    }

    @id(UPPER_LAYER_TABLE_ID)
    @name(".upper_layer_table")
    @brief("Upper-layer protocols that this node itself processes at a SID")
    table upper_layer_table {
        key = { hdr.scratch.upper_layer : exact @name("next_header"); }
        actions = { allow_upper_layer; @defaultonly NoAction; }
        const default_action = NoAction();
        size = 256;
    }

    action refuse(bit<8> drop_reason) {
        md.fate = FATE_DROP;
        md.drop_reason = drop_reason;
    }
    action upper_layer_error() {
        md.fate = FATE_DROP;
        md.drop_reason = drop_reason_t.UPPER_LAYER;
        md.punt_reason = punt_reason_t.UPPER_LAYER_ERROR;
        md.pointer = POINTER_UPPER_LAYER;
    }

    apply {
        hdr.scratch.setValid();
        if (!hdr.extension_0.isValid()) {
            hdr.scratch.upper_layer = hdr.ipv6.next_header;
        } else if (hdr.extension_3.isValid()) {
            hdr.scratch.upper_layer = hdr.extension_3.next_header;
        } else if (hdr.extension_2.isValid()) {
            hdr.scratch.upper_layer = hdr.extension_2.next_header;
        } else if (hdr.extension_1.isValid()) {
            hdr.scratch.upper_layer = hdr.extension_1.next_header;
        } else {
            hdr.scratch.upper_layer = hdr.extension_0.next_header;
        }
        if (hdr.ipv6.payload_length < md.extension_length
            || (hdr.scratch.upper_layer == IP_PROTO_IPV6 && !hdr.inner_ipv6.isValid())
            || (hdr.scratch.upper_layer == IP_PROTO_IPV4 && !hdr.ipv4.isValid())
            || (hdr.scratch.upper_layer == IP_PROTO_ETHERNET && !hdr.inner_ethernet.isValid())) {
            if (md.chain_end == CHAIN_END_FRAGMENT) {
                refuse(drop_reason_t.FRAGMENT_AT_SID);
            } else {
                refuse(drop_reason_t.HEADER_TRUNCATED);
            }
        } else if (md.chain_end == CHAIN_END_FRAGMENT) {
            refuse(drop_reason_t.FRAGMENT_AT_SID);
        } else if (hdr.scratch.upper_layer == IP_PROTO_HOPOPTS || hdr.scratch.upper_layer == IP_PROTO_DSTOPTS
                   || hdr.scratch.upper_layer == IP_PROTO_ROUTING || hdr.scratch.upper_layer == IP_PROTO_FRAGMENT
                   || hdr.scratch.upper_layer == IP_PROTO_AH) {
            // The walk of the chain ended early: no slot left, or no bytes.
            if (hdr.extension_3.isValid()) {
                refuse(drop_reason_t.EXTENSION_CHAIN);
            } else {
                refuse(drop_reason_t.HEADER_TRUNCATED);
            }
        } else if ((hdr.scratch.upper_layer == IP_PROTO_IPV6
                    && (md.sid_class == SID_CLASS_DECAP6 || md.sid_class == SID_CLASS_DECAP46
                        || (md.sid_class == SID_CLASS_END && md.flavors & FLAVOR_USD != 0)))
                   || (hdr.scratch.upper_layer == IP_PROTO_IPV4
                       && (md.sid_class == SID_CLASS_DECAP4 || md.sid_class == SID_CLASS_DECAP46
                           || (md.sid_class == SID_CLASS_END && md.flavors & FLAVOR_USD != 0)))
                   || (hdr.scratch.upper_layer == IP_PROTO_ETHERNET && md.sid_class == SID_CLASS_DECAP2)) {
            decap.apply(hdr, md);
        } else if (!upper_layer_table.apply().hit) {
            upper_layer_error();
        }
    }
}

control srv6_endpoint(inout headers_t hdr, inout local_metadata_t md) {
    domain_filter() filter;
    remove_exhausted_srhs() ultimate_segment_pop;
    penultimate_segment_pop() psp;
    upper_layer() upper;

    @id(END_ID)
    @name(".end")
    @brief("End, RFC 8986 4.1")
    action end(sid_index_t sid_index, srv6_flavors_t flavors) {
        md.sid_class = SID_CLASS_END;
        md.sid_index = sid_index;
        md.flavors = flavors;
    }

    @id(END_X_ID)
    @name(".end_x")
    @brief("End.X, RFC 8986 4.2")
    @description("The next hop may be a group: an adjacency set, chosen from by flow hash")
    action end_x(sid_index_t sid_index, srv6_flavors_t flavors, @refers_to(nexthop_table, nexthop_id) nexthop_id_t nexthop_id) {
        end(sid_index, flavors);
        md.nexthop_id = nexthop_id;
    }

    @id(END_T_ID)
    @name(".end_t")
    @brief("End.T, RFC 8986 4.3")
    action end_t(sid_index_t sid_index, srv6_flavors_t flavors, vrf_id_t vrf_id) {
        md.sid_class = SID_CLASS_END;
        md.sid_index = sid_index;
        md.flavors = flavors | SID_CHANGES_VRF;
        hdr.scratch.setValid();
        hdr.scratch.sid_vrf_id = vrf_id;
    }

    @id(END_DX2_ID)
    @name(".end_dx2")
    @brief("End.DX2, RFC 8986 4.9")
    @description("mtu: longest payload of a frame that the port sends")
    action end_dx2(sid_index_t sid_index, port_id_t egress_port, mtu_t mtu) {
        md.sid_class = SID_CLASS_DECAP2;
        md.sid_index = sid_index;
        md.egress_port = egress_port;
        md.mtu = mtu;
    }

    @id(END_DX4_ID)
    @name(".end_dx4")
    @brief("End.DX4, RFC 8986 4.5")
    action end_dx4(sid_index_t sid_index, @refers_to(nexthop_table, nexthop_id) nexthop_id_t nexthop_id) {
        md.sid_class = SID_CLASS_DECAP4;
        md.sid_index = sid_index;
        md.nexthop_id = nexthop_id;
    }

    @id(END_DX6_ID)
    @name(".end_dx6")
    @brief("End.DX6, RFC 8986 4.4")
    action end_dx6(sid_index_t sid_index, @refers_to(nexthop_table, nexthop_id) nexthop_id_t nexthop_id) {
        md.sid_class = SID_CLASS_DECAP6;
        md.sid_index = sid_index;
        md.nexthop_id = nexthop_id;
    }

    @id(END_DT4_ID)
    @name(".end_dt4")
    @brief("End.DT4, RFC 8986 4.7")
    action end_dt4(sid_index_t sid_index, vrf_id_t vrf_id) {
        md.sid_class = SID_CLASS_DECAP4;
        md.sid_index = sid_index;
        md.flavors = SID_CHANGES_VRF;
        hdr.scratch.setValid();
        hdr.scratch.sid_vrf_id = vrf_id;
    }

    @id(END_DT6_ID)
    @name(".end_dt6")
    @brief("End.DT6, RFC 8986 4.6")
    action end_dt6(sid_index_t sid_index, vrf_id_t vrf_id) {
        md.sid_class = SID_CLASS_DECAP6;
        md.sid_index = sid_index;
        md.flavors = SID_CHANGES_VRF;
        hdr.scratch.setValid();
        hdr.scratch.sid_vrf_id = vrf_id;
    }

    @id(END_DT46_ID)
    @name(".end_dt46")
    @brief("End.DT46, RFC 8986 4.8")
    action end_dt46(sid_index_t sid_index, vrf_id_t vrf_id) {
        md.sid_class = SID_CLASS_DECAP46;
        md.sid_index = sid_index;
        md.flavors = SID_CHANGES_VRF;
        hdr.scratch.setValid();
        hdr.scratch.sid_vrf_id = vrf_id;
    }

    // The four bindings do the same here: what is pushed, and how, is said by the policy (sr_policy_table).
    action bind(sid_index_t sid_index, policy_id_t policy_id) {
        md.sid_class = SID_CLASS_B6;
        md.sid_index = sid_index;
        md.policy_id = policy_id;
    }

    @id(END_B6_ENCAPS_ID)
    @name(".end_b6_encaps")
    @brief("End.B6.Encaps, RFC 8986 4.13")
    @description("The policy's action is h_encaps")
    action end_b6_encaps(sid_index_t sid_index, policy_id_t policy_id) {
        bind(sid_index, policy_id);
    }

    @id(END_B6_ENCAPS_RED_ID)
    @name(".end_b6_encaps_red")
    @brief("End.B6.Encaps.Red, RFC 8986 4.14")
    @description("The policy's action is h_encaps_red")
    action end_b6_encaps_red(sid_index_t sid_index, policy_id_t policy_id) {
        bind(sid_index, policy_id);
    }

    @id(END_B6_INSERT_ID)
    @name(".end_b6_insert")
    @brief("End.B6.Insert, draft-filsfils-spring-srv6-net-pgm-insertion")
    @description("The policy's action is h_insert")
    action end_b6_insert(sid_index_t sid_index, policy_id_t policy_id) {
        bind(sid_index, policy_id);
    }

    @id(END_B6_INSERT_RED_ID)
    @name(".end_b6_insert_red")
    @brief("End.B6.Insert.Red, draft-filsfils-spring-srv6-net-pgm-insertion")
    @description("The policy's action is h_insert_red")
    action end_b6_insert_red(sid_index_t sid_index, policy_id_t policy_id) {
        bind(sid_index, policy_id);
    }

    @id(MY_SID_TABLE_ID)
    @name(".my_sid_table")
    @brief("Local SIDs")
    @description("The longest prefix wins; vrf_id is the VRF in which the SID can be reached")
    table my_sid_table {
        key = {
            md.vrf_id         : exact @name("vrf_id");
            hdr.ipv6.dst_addr : lpm @name("ipv6_dst") @format(IPV6_ADDRESS);
        }
        actions = {
            end; end_x; end_t;
            end_dx2; end_dx4; end_dx6; end_dt4; end_dt6; end_dt46;
            end_b6_encaps; end_b6_encaps_red; end_b6_insert; end_b6_insert_red;
            @defaultonly NoAction;
        }
        const default_action = NoAction();
        size = MY_SID_TABLE_SIZE;
    }

    action refuse(bit<8> drop_reason) {
        md.fate = FATE_DROP;
        md.drop_reason = drop_reason;
    }
    action hop_limit_exceeded() {
        md.fate = FATE_DROP;
        md.drop_reason = drop_reason_t.HOP_LIMIT_EXCEEDED;
        md.punt_reason = punt_reason_t.HOP_LIMIT_EXCEEDED;
    }
    action parameter_problem(bit<8> drop_reason, bit<16> pointer) {
        md.fate = FATE_DROP;
        md.drop_reason = drop_reason;
        md.punt_reason = punt_reason_t.PARAMETER_PROBLEM;
        md.pointer = pointer;
    }

    // END-5: hop limit, Segments Left, destination address.
    action advance() {
        hdr.ipv6.hop_limit = hdr.ipv6.hop_limit - 1;
        SRH_ADVANCE(hdr)
        md.processed = 1;
        md.hop_limit_done = 1;
    }
    // The VRF that the packet came in by is kept: there is its source, should an error have to be told (END-11).
    action exchange_vrf() {
        hdr.scratch.arrival_vrf_id = md.vrf_id;
        md.vrf_id = hdr.scratch.sid_vrf_id;
    }

    apply {
        my_sid_table.apply();
        if (md.interface_flags > INTERFACE_ROUTED) {
            filter.apply(hdr, md);
        }
        if (md.sid_class != 0) {
            // The usual case in one expression: an SRH to advance and nothing wrong with it. Last Entry > HEL/2 - 1 is
            // written without the subtraction (END-17).
            if (hdr.srh_after.isValid() && md.sid_class <= SID_CLASS_B6 && hdr.ipv6.hop_limit > 1
                && hdr.srh.last_entry < hdr.srh.hdr_ext_len >> 1 && hdr.srh.segments_left <= hdr.srh.last_entry |+| 1
                && (hdr.ipv6.payload_length |-| md.extension_length) >> 3 > (bit<16>)hdr.srh.hdr_ext_len
                && md.link_scope == 0) {
                advance();
                if (md.flavors != 0) {
                    if (md.flavors & SID_CHANGES_VRF != 0) {
                        exchange_vrf();
                    }
                    // PSP first: the header in front of the SRH may be one that USP takes, which passes its next header on.
                    if (md.flavors & FLAVOR_PSP != 0 && hdr.srh.segments_left == 0) {
                        psp.apply(hdr, md);
                    }
                    if (md.flavors & FLAVOR_USP != 0 && hdr.extension_0.isValid()) {
                        ultimate_segment_pop.apply(hdr, md);
                    }
                }
            } else if (hdr.srh.isValid()) {
                if (md.sid_class > SID_CLASS_B6) {
                    parameter_problem(drop_reason_t.SRH_SEGMENTS_LEFT, POINTER_SEGMENTS_LEFT);  // DEC-1
                } else if (hdr.ipv6.hop_limit <= 1) {
                    hop_limit_exceeded();                                                       // END-3
                } else if (hdr.srh.last_entry >= hdr.srh.hdr_ext_len >> 1
                           || hdr.srh.segments_left > hdr.srh.last_entry |+| 1) {
                    parameter_problem(drop_reason_t.SRH_SEGMENTS_LEFT, POINTER_SEGMENTS_LEFT);  // END-4
                } else if (md.link_scope == 1) {
                    refuse(drop_reason_t.SOURCE_INVALID);
                } else {
                    refuse(drop_reason_t.HEADER_TRUNCATED);
                }
            } else if (md.chain_end == CHAIN_END_ROUTING_TYPE) {
                parameter_problem(drop_reason_t.ROUTING_TYPE, POINTER_ROUTING_TYPE);            // SRH-10
            } else {
                upper.apply(hdr, md);
            }
        }
    }
}

#endif  // SRV6_CORE_SRV6_ENDPOINT_P4_
