// SPDX-License-Identifier: Apache-2.0
// What GTP-U carries enters a policy (RFC 9433 6.3, 6.4, 6.7): IP, UDP and GTP-U go, the policy's headers come.
//
//   End.M.GTP6.D     h_encaps, h_encaps_red of the policy: Args.Mob.Session in Segment List[0]   (sid/mobile.p4)
//   End.M.GTP6.D.Di  likewise: the received destination is Segment List[0], in front of the policy's
//   H.M.GTP4.D       h_m_gtp4_d of a policy: Segment List[0] = prefix | IPv4 destination | Args.Mob.Session,
//                    source = prefix | IPv4 source
//
// Segment List[0] is the destination, too, where the policy has one segment.
#ifndef SRV6_CORE_HEADEND_MOBILE_P4_
#define SRV6_CORE_HEADEND_MOBILE_P4_

// QFI, R (that of a downlink container), U, PDU Session ID (6.1). Without a container QFI is 0.
#define SESSION_OF_GTP \
    GTP.container[5:0] ++ (bit<1>)(GTP.container & 0xF040 == 0x0040) ++ 1w0 ++ hdr.gtpu.teid
#define BEHIND_OUTER_IPV6 (hdr.ipv6.payload_length |-| md.extension_length)
#define BEHIND_OUTER_IPV4 (hdr.ipv4.total_len - ((bit<16>)hdr.ipv4.ihl << 2))
#define END_OF_GTPU       (hdr.gtpu.length |+| (UDP_HEADER_LENGTH + GTPU_HEADER_LENGTH))

// Is it a whole G-PDU? Then what is inside, and its session. What stands behind it is cut off (router/trim.p4).
control gtp_payload(PACKET)(bool over_ipv6) {
    VERDICTS

    action take() {
        MOBILE.length = hdr.gtpu.length - GTP.options_length;
        MOBILE.session = SESSION_OF_GTP;
        md.origin = ORIGIN_GTP;
    }
    action mark_padding() {
        md.unusual = md.unusual | UNUSUAL_PADDING;
    }
    action is_ipv4() {
        MOBILE.next_header = IP_PROTO_IPV4;
    }
    action is_ipv6() {
        MOBILE.next_header = IP_PROTO_IPV6;
    }

    apply {
        if (GTP.complete == 0 || hdr.gtpu.length < GTP.options_length
            || (over_ipv6 && END_OF_GTPU > BEHIND_OUTER_IPV6) || (!over_ipv6 && END_OF_GTPU > BEHIND_OUTER_IPV4)) {
            refuse(drop_reason_t.GTP_INVALID);
        } else {
            take();
            if ((over_ipv6 && END_OF_GTPU != BEHIND_OUTER_IPV6) || (!over_ipv6 && END_OF_GTPU != BEHIND_OUTER_IPV4)) {
                mark_padding();
            }
            if (MOBILE.next_header == 0) {
                if (MOBILE.length == 0) {
                    refuse(drop_reason_t.GTP_PAYLOAD);
                } else if (GTP.first_octet[7:4] == 4) {
                    is_ipv4();
                } else if (GTP.first_octet[7:4] == 6) {
                    is_ipv6();
                } else {
                    refuse(drop_reason_t.GTP_PAYLOAD);
                }
            }
        }
    }
}

// As encapsulate (push.p4), of what GTP-U carries.
control encapsulate_gtp(PACKET) {
    VERDICTS
    OMIT_SRH
    HASH_FLOW_LABEL

    action add_payload() {
        hdr.outer_srh.next_header = MOBILE.next_header;
        hdr.outer_ipv6.payload_length = MOBILE.length + PUSHED_SRH_LENGTH;
        hdr.ethernet.ether_type = ETHERTYPE_IPV6;
    }
    action put_argument_into_destination() {
        hdr.outer_ipv6.dst_addr = hdr.outer_ipv6.dst_addr | MOBILE.argument;
    }
    // Di: one segment more, the last of the path (6.4 S05).
    action append_destination() {
        hdr.segment_da.setValid();
        hdr.segment_da.sid = hdr.ipv6.dst_addr;
        hdr.outer_srh.hdr_ext_len = hdr.outer_srh.hdr_ext_len + 2;
        hdr.outer_srh.segments_left = hdr.outer_srh.segments_left + 1;
        hdr.outer_srh.last_entry = hdr.outer_srh.last_entry + 1;
    }
    action inherit_traffic_class_of_ipv6() {
        hdr.outer_ipv6.traffic_class = hdr.ipv6.traffic_class;
    }
    action inherit_traffic_class_of_ipv4() {
        hdr.outer_ipv6.traffic_class = hdr.ipv4.tos;
    }
    // A SID has not decremented it yet, the router has.
    action inherit_hop_limit_of_ipv6() {
        hdr.outer_ipv6.hop_limit = hdr.ipv6.hop_limit - 1;
    }
    action inherit_hop_limit_of_ipv4() {
        hdr.outer_ipv6.hop_limit = hdr.ipv4.ttl;
    }
    action copy_flow_label() {
        hdr.outer_ipv6.flow_label = hdr.ipv6.flow_label;
    }
    // For the pass that looks up where the packet goes.
    action add_hop() {
        hdr.outer_ipv6.hop_limit = hdr.outer_ipv6.hop_limit |+| 1;
    }
    action remove_outer() {
        hdr.ipv6.setInvalid();
        EXTENSION_POP(hdr, 0)
        EXTENSION_POP(hdr, 1)
        EXTENSION_POP(hdr, 2)
        EXTENSION_POP(hdr, 3)
        hdr.ipv4.setInvalid();
        hdr.l4.setInvalid();
        hdr.gtpu.setInvalid();
        hdr.gtpu_options.setInvalid();
        hdr.gtpu_extension_0.setInvalid();
        hdr.gtpu_extension_1.setInvalid();
    }

    apply {
        if (hdr.outer_srh.segments_left == 0) {
            put_argument_into_destination();
        }
        if (MOBILE.options & GTP_KEEP_DESTINATION != 0) {
            append_destination();
        }
        add_payload();
        if (hdr.ipv6.isValid()) {
            if (HEADEND.encap_flags & ENCAP_TC_INHERIT != 0) {
                inherit_traffic_class_of_ipv6();
            }
            if (hdr.outer_ipv6.hop_limit == 0) {
                inherit_hop_limit_of_ipv6();
            }
            if (HEADEND.encap_flags & ENCAP_FLOW_LABEL_COPY != 0) {
                copy_flow_label();
            }
        } else {
            if (HEADEND.encap_flags & ENCAP_TC_INHERIT != 0) {
                inherit_traffic_class_of_ipv4();
            }
            if (hdr.outer_ipv6.hop_limit == 0) {
                inherit_hop_limit_of_ipv4();
            }
        }
        if (HEADEND.encap_flags & ENCAP_FLOW_LABEL_HASH != 0) {
            hash_flow_label();
        }
        if (HEADEND.encap_flags & ENCAP_ROUTED != 0) {
            add_hop();
        }
        if (hdr.outer_srh.hdr_ext_len == 0) {
            omit_srh();
        }
        if (hdr.outer_ipv6.hop_limit == 0) {
            hop_limit_exceeded();
        } else {
            remove_outer();
        }
    }
}

// H.M.GTP4.D (6.7): a G-PDU over IPv4, and nothing else.
control gtp4_headend(PACKET) {
    VERDICTS
    gtp_payload(false) payload;
    encapsulate_gtp() encapsulation;

    action take_payload_as_it_is() {
        MOBILE.next_header = 0;
    }
    action make_addresses() {
        MOBILE.argument = (bit<128>)(hdr.ipv4.dst_addr ++ MOBILE.session) << MOBILE.argument_shift;
        hdr.outer_ipv6.src_addr = hdr.outer_ipv6.src_addr | (bit<128>)hdr.ipv4.src_addr << MOBILE.source_shift;
    }

    apply {
        if (md.origin == ORIGIN_FRAME || hdr.ipv6.isValid() || !hdr.ipv4.isValid() || !hdr.gtpu.isValid()) {
            refuse(drop_reason_t.NOT_GTP);
        } else if (hdr.gtpu.message_type == GTPU_ECHO_REQUEST && MOBILE.options & GTP_ANSWER_ECHO != 0) {
            punt(punt_reason_t.GTP_ECHO);
        } else if (hdr.gtpu.message_type != GTPU_G_PDU) {
            refuse(drop_reason_t.NOT_GTP);
        } else {
            take_payload_as_it_is();
            payload.apply(THE_PACKET);
            if (md.origin == ORIGIN_GTP && md.next == NEXT_NEXTHOP) {
                make_addresses();
                encapsulation.apply(THE_PACKET);
            }
        }
    }
}

// Args.Mob.Session in Segment List[0] of the policy.
control put_argument_into_list(PACKET) {
    action into_four() {
        hdr.segments_0.sid_0 = hdr.segments_0.sid_0 | MOBILE.argument;
    }
    action into_two() {
        hdr.segments_left_over.sid_0 = hdr.segments_left_over.sid_0 | MOBILE.argument;
    }
    action into_one() {
        hdr.segment_left_over.sid = hdr.segment_left_over.sid | MOBILE.argument;
    }

    apply {
        if (hdr.segments_0.isValid()) {
            into_four();
        } else if (hdr.segments_left_over.isValid()) {
            into_two();
        } else {
            into_one();
        }
    }
}

// The parts of policy.p4.
#define MOBILE_POLICY_CONTROLS                  \
    encapsulate_gtp()       gtp_encapsulation;  \
    gtp4_headend()          gtp4;               \
    put_argument_into_list() argument;
#define MOBILE_POLICY_ACTIONS                                                                                     \
    @id(H_M_GTP4_D_ID)                                                                                            \
    @name(".h_m_gtp4_d")                                                                                          \
    @brief("H.M.GTP4.D, RFC 9433 6.7")                                                                            \
    @description("As h_encaps_red; *_shift: bits behind what is put into an address; flags 8: by route")           \
    @action_restriction("segment_count <= 16 && flags < 16")                                                      \
    action h_m_gtp4_d(H_ENCAPS_PARAMS, argument_shift_t argument_shift, argument_shift_t source_shift,            \
                      mobile_options_t options) {                                                                 \
        push_ipv6(source_address, first_segment, hop_limit, traffic_class, flags, nexthop_id);                    \
        push_srh(segment_count, segment_count);                                                                   \
        take_segments(sidlist_id, segment_count);                                                                 \
        BEGIN(MOBILE)                                                                                             \
        MOBILE.argument_shift = argument_shift;                                                                   \
        MOBILE.source_shift = source_shift;                                                                       \
        MOBILE.options = options;                                                                                 \
    }
#define MOBILE_POLICY_ACTION_NAMES h_m_gtp4_d;
#define MOBILE_POLICY_CASES  h_m_gtp4_d: { gtp4.apply(THE_PACKET); }
#define MOBILE_ENCAPSULATION               \
    if (md.origin == ORIGIN_GTP) {         \
        gtp_encapsulation.apply(THE_PACKET); \
    } else
#define MOBILE_ARGUMENT                    \
    if (md.origin == ORIGIN_GTP) {         \
        argument.apply(THE_PACKET);        \
    }
// Sessions are flows of their own.
#define MOBILE_FLOW_ACTION                                \
    action add_session() {                                \
        FLOW.src = FLOW.src ^ (bit<128>)hdr.gtpu.teid;    \
    }
#define MOBILE_FLOW                                       \
    if (hdr.gtpu.isValid()) {                             \
        add_session();                                    \
    }
// The part of tunnel_mtu.p4: nobody to be told is behind this router, so the packet is fragmented as it leaves.
#define MOBILE_TUNNEL_MTU                                 \
        if (md.origin == ORIGIN_GTP) {                    \
            fragment();                                   \
        } else

#endif  // SRV6_CORE_HEADEND_MOBILE_P4_
