// SPDX-License-Identifier: Apache-2.0
// The mobile user plane (RFC 9433): SIDs between SRv6 and GTP-U.
//
//   end_m_gtp6_d, _di  GTP-U over IPv6 in: what is inside enters a policy (headend/mobile.p4)
//   end_m_gtp6_e       SRH with Segments Left 1 in: GTP-U over IPv6 to Segment List[0], session from this SID
//   end_m_gtp4_e       the last segment: GTP-U over IPv4, addresses and session from the IPv6 addresses
//   end_map            the destination becomes another SID, the SRH stays
//   end_limit          End, for as much as the group of the SID may have
//
// Args.Mob.Session (6.1) stands right behind the SID's locator and function, wherever these end: a shift says where.
#ifndef SRV6_CORE_SID_MOBILE_P4_
#define SRV6_CORE_SID_MOBILE_P4_

#define MOBILE_ACTIONS                                                                                            \
    SID_ACTION(END_MAP_ID, end_map, "End.MAP, RFC 9433 6.2")                                                      \
    action end_map(sid_index_t sid_index, @format(IPV6_ADDRESS) ipv6_addr_t mapped_sid) {                         \
        TAKE_SID_INDEX(sid_index)                                                                                 \
        BEGIN(MOBILE)                                                                                             \
        MOBILE.address = mapped_sid;                                                                              \
    }                                                                                                             \
    SID_ACTION(END_LIMIT_ID, end_limit, "End.Limit, RFC 9433 6.8")                                                \
    @description("limit: cell of group_meter")                                                                    \
    action end_limit(sid_index_t sid_index, bit<16> limit) {                                                      \
        TAKE_SID_INDEX(sid_index)                                                                                 \
        md.sid_options = 0;                                                                                       \
        BEGIN(MOBILE)                                                                                             \
        MOBILE.limit = limit;                                                                                     \
    }                                                                                                             \
    SID_ACTION(END_M_GTP6_D_ID, end_m_gtp6_d, "End.M.GTP6.D, RFC 9433 6.3")                                       \
    @description("argument_shift: bits behind Args.Mob.Session; next_header 0: by the packet inside")              \
    action end_m_gtp6_d(sid_index_t sid_index, policy_id_t policy_id, argument_shift_t argument_shift,            \
                        bit<8> next_header, mobile_options_t options, nexthop_id_t nexthop_id) {                  \
        TAKE_SID_INDEX(sid_index)                                                                                 \
        BEGIN(MOBILE)                                                                                             \
        MOBILE.argument_shift = argument_shift;                                                                   \
        MOBILE.next_header = next_header;                                                                         \
        MOBILE.options = options;                                                                                 \
        MOBILE.signalling = nexthop_id;                                                                           \
        TO_POLICY(policy_id)                                                                                      \
    }                                                                                                             \
    SID_ACTION(END_M_GTP6_D_DI_ID, end_m_gtp6_d_di, "End.M.GTP6.D.Di, RFC 9433 6.4")                              \
    @description("As end_m_gtp6_d; options 2: Args.Mob.Session goes into Segment List[1]")                        \
    action end_m_gtp6_d_di(sid_index_t sid_index, policy_id_t policy_id, argument_shift_t argument_shift,         \
                           bit<8> next_header, mobile_options_t options, nexthop_id_t nexthop_id) {               \
        TAKE_SID_INDEX(sid_index)                                                                                 \
        BEGIN(MOBILE)                                                                                             \
        MOBILE.argument_shift = argument_shift;                                                                   \
        MOBILE.next_header = next_header;                                                                         \
        MOBILE.options = options | GTP_KEEP_DESTINATION;                                                          \
        MOBILE.signalling = nexthop_id;                                                                           \
        TO_POLICY(policy_id)                                                                                      \
    }                                                                                                             \
    SID_ACTION(END_M_GTP6_E_ID, end_m_gtp6_e, "End.M.GTP6.E, RFC 9433 6.5")                                       \
    @description("argument_shift: bits behind Args.Mob.Session in the SID; hop_limit 0: that of the packet")       \
    action end_m_gtp6_e(sid_index_t sid_index, @format(IPV6_ADDRESS) ipv6_addr_t source_address,                  \
                        argument_shift_t argument_shift, bit<8> hop_limit, mobile_options_t options) {            \
        TAKE_SID_INDEX(sid_index)                                                                                 \
        BEGIN(MOBILE)                                                                                             \
        MOBILE.address = source_address;                                                                          \
        MOBILE.argument_shift = argument_shift;                                                                   \
        MOBILE.hop_limit = hop_limit;                                                                             \
        MOBILE.options = options;                                                                                 \
    }                                                                                                             \
    SID_ACTION(END_M_GTP4_E_ID, end_m_gtp4_e, "End.M.GTP4.E, RFC 9433 6.6")                                       \
    @description("As end_m_gtp6_e; source_shift: bits behind the IPv4 address in the IPv6 source")                \
    action end_m_gtp4_e(sid_index_t sid_index, argument_shift_t argument_shift, argument_shift_t source_shift,    \
                        bit<8> hop_limit, mobile_options_t options) {                                             \
        TAKE_SID_INDEX(sid_index)                                                                                 \
        BEGIN(MOBILE)                                                                                             \
        MOBILE.argument_shift = argument_shift;                                                                   \
        MOBILE.source_shift = source_shift;                                                                       \
        MOBILE.hop_limit = hop_limit;                                                                             \
        MOBILE.options = options;                                                                                 \
    }
#define MOBILE_ACTION_NAMES end_map; end_limit; end_m_gtp6_d; end_m_gtp6_d_di; end_m_gtp6_e; end_m_gtp4_e;
#define MOBILE_CONTROLS         \
    gtp6_to_policy() gtp6_d;    \
    srv6_to_gtp6()   gtp6_e;    \
    srv6_to_gtp4()   gtp4_e;    \
    map_sid()        map;       \
    limit_group()    limit;     \
    srh_endpoint(true) limited;
#define MOBILE_CASES                                                  \
            end_m_gtp6_d: end_m_gtp6_d_di: { gtp6_d.apply(THE_PACKET); } \
            end_m_gtp6_e: { gtp6_e.apply(THE_PACKET); }               \
            end_m_gtp4_e: { gtp4_e.apply(THE_PACKET); }               \
            end_map: { map.apply(THE_PACKET); }                       \
            end_limit: {                                              \
                limit.apply(THE_PACKET);                              \
                if (md.next == NEXT_IN_SEQUENCE) {                    \
                    limited.apply(THE_PACKET);                        \
                }                                                     \
            }

// End.M.GTP6.D, End.M.GTP6.D.Di: as far as the policy.
control gtp6_to_policy(PACKET) {
    VERDICTS
    domain_verdict() domain;
    gtp_payload(true) payload;

    action to_upper_layer() {
        md.next = NEXT_UPPER_LAYER;
    }
    action make_argument() {
        MOBILE.argument = (bit<128>)MOBILE.session << MOBILE.argument_shift;
    }
    action forward_message() {
        md.nexthop_id = MOBILE.signalling;
        md.next = NEXT_NEXTHOP;
    }

    apply {
        if (md.unusual >= UNUSUAL_FOREIGN_SOURCE) {
            domain.apply(THE_PACKET);
        } else if (hdr.srh.isValid()) {
            parameter_problem(drop_reason_t.SRH_SEGMENTS_LEFT, POINTER_SEGMENTS_LEFT);
        } else if (!hdr.gtpu.isValid() || hdr.ipv4.isValid() || hdr.inner_ipv6.isValid()) {
            to_upper_layer();
        } else if (hdr.gtpu.message_type == GTPU_ECHO_REQUEST && MOBILE.options & GTP_ANSWER_ECHO != 0) {
            punt(punt_reason_t.GTP_ECHO);
        } else if (hdr.gtpu.message_type != GTPU_G_PDU) {
            if (MOBILE.signalling == 0) {
                refuse(drop_reason_t.NOT_GTP);
            } else {
                forward_message();
            }
        } else {
            payload.apply(THE_PACKET);
            if (MOBILE.options & (GTP_KEEP_DESTINATION | GTP_ARGUMENT_BEFORE_IT) != GTP_KEEP_DESTINATION) {
                make_argument();
            }
        }
    }
}

// The SRH with Segments Left 0 among the extension headers, for the pointer of an error.
control exhausted_srh_error(PACKET) {
    VERDICTS

    action pass_over_0() {
        VERDICT.pointer = VERDICT.pointer + 8 + ((bit<16>)hdr.extension_0.hdr_ext_len << 3);
    }
    action pass_over_1() {
        VERDICT.pointer = VERDICT.pointer + 8 + ((bit<16>)hdr.extension_1.hdr_ext_len << 3);
    }
    action pass_over_2() {
        VERDICT.pointer = VERDICT.pointer + 8 + ((bit<16>)hdr.extension_2.hdr_ext_len << 3);
    }

    apply {
        if (hdr.extension_0.isValid()) {
            parameter_problem(drop_reason_t.SRH_SEGMENTS_LEFT, IPV6_HEADER_LENGTH + 3);
            if (hdr.ipv6.next_header != IP_PROTO_ROUTING) {
                pass_over_0();
                if (hdr.extension_0.next_header != IP_PROTO_ROUTING) {
                    pass_over_1();
                    if (hdr.extension_1.next_header != IP_PROTO_ROUTING) {
                        pass_over_2();
                    }
                }
            }
        }
    }
}

#define HAS_EXHAUSTED_SRH                                                                                  \
    ((hdr.extension_0.isValid() && hdr.ipv6.next_header == IP_PROTO_ROUTING)                               \
     || (hdr.extension_1.isValid() && hdr.extension_0.next_header == IP_PROTO_ROUTING)                     \
     || (hdr.extension_2.isValid() && hdr.extension_1.next_header == IP_PROTO_ROUTING)                     \
     || (hdr.extension_3.isValid() && hdr.extension_2.next_header == IP_PROTO_ROUTING))

// UDP and GTP-U in front of what an SRv6 packet carried, MOBILE.length bytes.
control push_gtp(PACKET) {
    flow_key() flow;

    action take_session() {
        MOBILE.session = (bit<40>)(hdr.ipv6.dst_addr >> MOBILE.argument_shift);
        MOBILE.pushed_length = UDP_HEADER_LENGTH + GTPU_HEADER_LENGTH;
        MOBILE.source_port = GTPU_PORT;
        MOBILE.udp_checksum = 0;
    }
    // Of the ports that nobody is assigned (RFC 6335 6): sessions and the flow label of the outer header, which
    // stands for what is inside, take ways of their own (TS 29.281 4.4.2.0).
    action hash_source_port() {
        CRC32_HASH(MOBILE.flow_hash, FLOW)
        MOBILE.source_port = 2w3 ++ MOBILE.flow_hash[31:18];
    }
    action push() {
        hdr.pushed_gtpu.setValid();
        hdr.pushed_gtpu.src_port = MOBILE.source_port;
        hdr.pushed_gtpu.dst_port = GTPU_PORT;
        hdr.pushed_gtpu.udp_length = MOBILE.length + UDP_HEADER_LENGTH + GTPU_HEADER_LENGTH;
        hdr.pushed_gtpu.udp_checksum = 0;
        hdr.pushed_gtpu.flags = GTPU_FLAGS;
        hdr.pushed_gtpu.message_type = GTPU_G_PDU;
        hdr.pushed_gtpu.length = MOBILE.length;
        hdr.pushed_gtpu.teid = MOBILE.session[31:0];
    }
    action push_session(bit<8> pdu_type, bit<1> reflective) {
        hdr.pushed_gtpu.udp_length = hdr.pushed_gtpu.udp_length + 8;
        hdr.pushed_gtpu.flags = GTPU_FLAGS | GTPU_FLAG_E;
        hdr.pushed_gtpu.length = hdr.pushed_gtpu.length + 8;
        hdr.pushed_session.setValid();
        hdr.pushed_session.sequence_number = 0;
        hdr.pushed_session.n_pdu_number = 0;
        hdr.pushed_session.next_extension = GTPU_SESSION_CONTAINER;
        hdr.pushed_session.length = 1;
        hdr.pushed_session.octet_1 = pdu_type;
        hdr.pushed_session.octet_2 = 1w0 ++ reflective ++ MOBILE.session[39:34];
        hdr.pushed_session.last_extension = 0;
        MOBILE.pushed_length = MOBILE.pushed_length + 8;
    }

    apply {
        take_session();
        if (MOBILE.options & GTP_SOURCE_PORT_2152 == 0) {
            flow.apply(THE_PACKET);
            hash_source_port();
        }
        push();
        if (MOBILE.options & GTP_CONTAINER_ALWAYS != 0
            || (MOBILE.options & GTP_CONTAINER_NEVER == 0 && MOBILE.session[39:33] != 0)) {
            if (MOBILE.options & GTP_UPLINK != 0) {
                push_session(0x10, 0);   // an uplink container has no RQI
            } else {
                push_session(0, MOBILE.session[33:33]);
            }
        }
    }
}

// End.M.GTP6.E: a packet whose last segment comes next.
control srv6_to_gtp6(PACKET) {
    VERDICTS
    domain_verdict() domain;
    exhausted_srh_error() exhausted;
    push_gtp() gtp;

    action to_upper_layer() {
        md.next = NEXT_UPPER_LAYER;
    }
    action take_length() {
        MOBILE.length = hdr.ipv6.payload_length - md.extension_length - 8 - ((bit<16>)hdr.srh.hdr_ext_len << 3);
    }
    action take_hop_limit() {
        MOBILE.hop_limit = hdr.ipv6.hop_limit - 1;
    }
    action rewrite() {
        hdr.ipv6.payload_length = MOBILE.length + MOBILE.pushed_length;
        hdr.ipv6.next_header = IP_PROTO_UDP;
        hdr.ipv6.hop_limit = MOBILE.hop_limit;
        hdr.ipv6.src_addr = MOBILE.address;
        hdr.ipv6.dst_addr = hdr.srh_next.sid;
        EXTENSION_POP(hdr, 0)
        EXTENSION_POP(hdr, 1)
        EXTENSION_POP(hdr, 2)
        EXTENSION_POP(hdr, 3)
        SRH_POP(hdr)
        md.origin = ORIGIN_ADVANCED;
    }
    action request_checksum() {
        MOBILE.udp_checksum = 1;
    }

    apply {
        if (md.unusual >= UNUSUAL_FOREIGN_SOURCE) {
            domain.apply(THE_PACKET);
        } else if (!hdr.srh.isValid()) {
            if (md.unusual & (UNUSUAL_FRAGMENT | UNUSUAL_ROUTING_TYPE) != 0) {
                to_upper_layer();
            } else if (HAS_EXHAUSTED_SRH) {
                exhausted.apply(THE_PACKET);
            } else {
                refuse(drop_reason_t.NO_LAST_SEGMENT);
            }
        } else if (hdr.srh.segments_left != 1 || hdr.srh.last_entry >= hdr.srh.hdr_ext_len >> 1) {
            parameter_problem(drop_reason_t.SRH_SEGMENTS_LEFT, POINTER_SEGMENTS_LEFT);
        } else if (!hdr.srh_after.isValid()
                   || (hdr.ipv6.payload_length |-| md.extension_length) >> 3 <= (bit<16>)hdr.srh.hdr_ext_len) {
            refuse(drop_reason_t.HEADER_TRUNCATED);
        } else if (md.unusual & UNUSUAL_INNER_ADDRESS != 0) {
            refuse(drop_reason_t.DESTINATION_INVALID);
        } else if (hdr.srh.next_header != IP_PROTO_IPV6 && hdr.srh.next_header != IP_PROTO_IPV4
                   && hdr.srh.next_header != IP_PROTO_ETHERNET) {
            refuse(drop_reason_t.GTP_PAYLOAD);
        } else if (MOBILE.hop_limit == 0 && hdr.ipv6.hop_limit <= 1) {
            hop_limit_exceeded();
        } else {
            take_length();
            if (MOBILE.length == 0) {
                refuse(drop_reason_t.HEADER_TRUNCATED);
            } else {
                gtp.apply(THE_PACKET);
                if (MOBILE.hop_limit == 0) {
                    take_hop_limit();
                }
                rewrite();
                if (MOBILE.options & GTP_UDP_CHECKSUM_ZERO == 0) {
                    request_checksum();
                }
            }
        }
    }
}

// End.M.GTP4.E: a packet at its last segment.
control srv6_to_gtp4(PACKET) {
    VERDICTS
    domain_verdict() domain;
    find_upper_layer() find;
    push_gtp() gtp;
    refuse_ipv4_address() address;

    action to_upper_layer() {
        md.next = NEXT_UPPER_LAYER;
    }
    action take_length() {
        MOBILE.length = hdr.ipv6.payload_length - md.extension_length;
    }
    action take_hop_limit() {
        MOBILE.hop_limit = hdr.ipv6.hop_limit - 1;
    }
    action move_ipv4() {
        hdr.inner_ipv4 = hdr.ipv4;
    }
    action take_options_off() {
        hdr.ipv4.options = hdr.no_options.options;
    }
    action push_ipv4() {
        hdr.ipv4.setValid();
        hdr.ipv4.version = 4;
        hdr.ipv4.ihl = 5;
        hdr.ipv4.tos = hdr.ipv6.traffic_class;
        hdr.ipv4.total_len = MOBILE.length + MOBILE.pushed_length + IPV4_HEADER_LENGTH;
        hdr.ipv4.identification = 0;
        hdr.ipv4.reserved_flag = 0;
        hdr.ipv4.dont_fragment = 1;
        hdr.ipv4.more_fragments = 0;
        hdr.ipv4.frag_offset = 0;
        hdr.ipv4.ttl = MOBILE.hop_limit;
        hdr.ipv4.protocol = IP_PROTO_UDP;
        hdr.ipv4.src_addr = (bit<32>)(hdr.ipv6.src_addr >> MOBILE.source_shift);
        hdr.ipv4.dst_addr = (bit<32>)((hdr.ipv6.dst_addr >> MOBILE.argument_shift) >> 40);
        hdr.ethernet.ether_type = ETHERTYPE_IPV4;
    }
    action remove_outer() {
        hdr.ipv6.setInvalid();
        EXTENSION_POP(hdr, 0)
        EXTENSION_POP(hdr, 1)
        EXTENSION_POP(hdr, 2)
        EXTENSION_POP(hdr, 3)
        md.origin = ORIGIN_ADVANCED;
    }
    // RFC 791: of ten words, the checksum itself 0; twice, since the carry may carry.
    action add_words() {
        MOBILE.sum = 0x00008500 + (bit<32>)hdr.ipv4.tos + (bit<32>)hdr.ipv4.total_len
                     + (bit<32>)(hdr.ipv4.ttl ++ hdr.ipv4.protocol)
                     + (bit<32>)hdr.ipv4.src_addr[31:16] + (bit<32>)hdr.ipv4.src_addr[15:0]
                     + (bit<32>)hdr.ipv4.dst_addr[31:16] + (bit<32>)hdr.ipv4.dst_addr[15:0];
        MOBILE.sum = (bit<32>)MOBILE.sum[31:16] + (bit<32>)MOBILE.sum[15:0];
        hdr.ipv4.hdr_checksum = ~(MOBILE.sum[15:0] + MOBILE.sum[31:16]);
    }

    apply {
        if (md.unusual >= UNUSUAL_FOREIGN_SOURCE) {
            domain.apply(THE_PACKET);
        } else if (hdr.srh.isValid()) {
            parameter_problem(drop_reason_t.SRH_SEGMENTS_LEFT, POINTER_SEGMENTS_LEFT);
        } else {
            find.apply(THE_PACKET);
            if (md.unusual & (UNUSUAL_FRAGMENT | UNUSUAL_ROUTING_TYPE) != 0
                || (VERDICT.upper_layer != IP_PROTO_IPV4 && VERDICT.upper_layer != IP_PROTO_IPV6
                    && VERDICT.upper_layer != IP_PROTO_ETHERNET)) {
                to_upper_layer();
            } else if (hdr.ipv6.payload_length <= md.extension_length) {
                refuse(drop_reason_t.HEADER_TRUNCATED);
            } else if (MOBILE.hop_limit == 0 && hdr.ipv6.hop_limit <= 1) {
                hop_limit_exceeded();
            } else {
                take_length();
                gtp.apply(THE_PACKET);
                if (MOBILE.hop_limit == 0) {
                    take_hop_limit();
                }
                if (hdr.ipv4.isValid()) {
                    move_ipv4();
                    if (hdr.ipv4.ihl != 5) {
                        take_options_off();
                    }
                }
                push_ipv4();
                remove_outer();
                add_words();
                if (hdr.ipv4.src_addr[31:24] == 0 || hdr.ipv4.src_addr[31:24] == 127
                    || hdr.ipv4.src_addr[31:29] == 7 || hdr.ipv4.src_addr[31:16] == 0xA9FE
                    || hdr.ipv4.dst_addr[31:24] == 0 || hdr.ipv4.dst_addr[31:24] == 127
                    || hdr.ipv4.dst_addr[31:29] == 7 || hdr.ipv4.dst_addr[31:16] == 0xA9FE) {
                    address.apply(THE_PACKET);
                }
            }
        }
    }
}

// End.MAP (6.2): as at any router, with another destination. A SID of this node is met in the next pass.
control map_sid(PACKET) {
    VERDICTS
    domain_verdict() domain;

    action map() {
        hdr.ipv6.hop_limit = hdr.ipv6.hop_limit - 1;
        hdr.ipv6.dst_addr = MOBILE.address;
        md.origin = ORIGIN_ADVANCED;
    }

    apply {
        if (md.unusual >= UNUSUAL_FOREIGN_SOURCE) {
            domain.apply(THE_PACKET);
        } else if (hdr.ipv6.hop_limit <= 1) {
            hop_limit_exceeded();
        } else if (md.unusual & UNUSUAL_LINK_SCOPE != 0) {
            refuse(drop_reason_t.SOURCE_INVALID);
        } else {
            map();
        }
    }
}

// End.Limit (6.8): red is lost, and what is left does what End does. What End refuses has taken tokens, too.
control limit_group(PACKET) {
    VERDICTS
    @brief("Rates of the groups of End.Limit, bytes from the link-layer header on")
    INDEXED_METER(GROUP_METER_ID, group_meter, bytes, bit<16>, 1024)

    action take_tokens() {
        MOBILE.color = METER_GREEN;
        group_meter.execute_meter(MOBILE.limit, MOBILE.color);
    }

    apply {
        take_tokens();
        if (MOBILE.color == METER_RED) {
            refuse(drop_reason_t.GROUP_LIMIT);
        }
    }
}

#endif  // SRV6_CORE_SID_MOBILE_P4_
