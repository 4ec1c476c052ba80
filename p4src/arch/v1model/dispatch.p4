// SPDX-License-Identifier: Apache-2.0
// From md.next to v1model: where a packet goes, and what is counted. Every packet has a fate here: dropped with a
// reason, handed to the control plane, once more through the pipeline, or out of a port.
#ifndef SRV6_ARCH_V1MODEL_DISPATCH_P4_
#define SRV6_ARCH_V1MODEL_DISPATCH_P4_

// A packet may meet the SIDs of one node this often (END-10), whatever sid_visit_limit_table says, and must not outgrow
// a frame while it does.
#define MAX_PASSES 128
#define MAX_RECIRCULATED_LENGTH 9600

#define TAKE_PASS                                    \
    take_pass();                                     \
    if (VERDICT.color == METER_RED) {                \
        set_pass_cell();                             \
        count_limited();                             \
        refuse(drop_reason_t.PASS_BUDGET);           \
    }

control dispatch(PACKET) {
    VERDICTS
    keep_tag() tag;

    @brief("Packets that were dropped, by drop_reason_t")
    INDEXED_COUNTER(DROP_COUNTER_ID, drop_counter, bit<8>, 128)

    @brief("Packets handed to the control plane, by punt_reason_t")
    INDEXED_COUNTER(PUNT_COUNTER_ID, punt_counter, bit<8>, 64)

    @brief("Packets that a SID processed with success (RFC 8986 6)")
    @description("Cell 2 * sid_index, and the one behind it for frames with a VLAN tag, since bytes include the link-layer header")
    INDEXED_COUNTER(MY_SID_COUNTER_ID, my_sid_counter, bit<32>, SID_COUNTER_SIZE)

    @brief("Packets that matched a SID and were dropped, by sid_index")
    INDEXED_COUNTER(MY_SID_ERROR_COUNTER_ID, my_sid_error_counter, sid_index_t, SID_ERROR_COUNTER_SIZE)

    POLICY_COUNTER

    @brief("Packets that left, by port; bytes as they arrived")
    INDEXED_COUNTER(EGRESS_PORT_COUNTER_ID, egress_port_counter, port_id_t, 512)

    // Of each port there is as much as of each other, so that who floods starves nobody behind another port.
    @id(PORT_PUNT_METER_ID) @name(".port_punt_meter")
    @brief("Rate of packets to the control plane, by ingress port and punt_reason_t")
    @description("Cell 32 * ingress_port + punt_reason")
    meter<bit<16>>(16384, MeterType.packets) port_punt_meter;

    @brief("Packets that were dropped over a limit of the port that they came by")
    @description("Cell 32 * ingress_port + punt_reason: not handed to the control plane; punt_reason 0: no further pass")
    INDEXED_COUNTER(PORT_LIMIT_COUNTER_ID, port_limit_counter, bit<16>, 16384)

    @id(PASS_METER_ID) @name(".pass_meter")
    @brief("Rate of passes after the second one of a packet, by the port it came by")
    meter<port_id_t>(512, MeterType.packets) pass_meter;

    action drop() {
        mark_to_drop(standard_metadata);
    }
    action set_sid_index() {
        VERDICT.sid_index = md.sid_cell >> 1;
    }
    action count_drop() {
        drop_counter.count(VERDICT.drop_reason);
        my_sid_error_counter.count(VERDICT.sid_index);
    }
    // The error that is not told of, beside PUNT_RATE_LIMITED.
    action count_first_reason() {
        drop_counter.count(VERDICT.drop_reason);
    }
    // Cell 0 takes what no SID processed.
    action count_sid() {
        my_sid_counter.count(md.sid_cell);
    }
    action count_punt() {
        punt_counter.count(VERDICT.punt_reason);
    }
    action is_neighbor_discovery() {
        VERDICT.punt_reason = punt_reason_t.NDP;
    }
    action is_echo_request() {
        VERDICT.punt_reason = punt_reason_t.ECHO;
    }
    action set_punt_cell() {
        VERDICT.punt_cell = 2w0 ++ INGRESS_PORT ++ VERDICT.punt_reason[4:0];
    }
    action take_token() {
        VERDICT.color = METER_GREEN;
        port_punt_meter.execute_meter(VERDICT.punt_cell, VERDICT.color);
    }
    action count_limited() {
        port_limit_counter.count(VERDICT.punt_cell);
    }
    action count_visit() {
        BEGIN(VERDICT)
        VERDICT.visits = CARRIED_PASSES + 1;
    }
    action set_pass_cell() {
        VERDICT.punt_cell = 2w0 ++ INGRESS_PORT ++ 5w0;
    }
    action take_pass() {
        VERDICT.color = METER_GREEN;
        pass_meter.execute_meter(INGRESS_PORT, VERDICT.color);
    }
    action go_out() {
        egress_port_counter.count(EGRESS_PORT);
        my_sid_counter.count(md.sid_cell);
    }
    action go_round() {
        CARRY_INTO_LATER_PASS(CARRIED_PASSES + 1)
        EGRESS_PORT = RECIRCULATION_PORT;
    }
    REPLICATE_ACTION
    action tell_nobody() {
        VERDICT.punt_reason = punt_reason_t.NONE;
    }
    action set_offset() {
        VERDICT.offset = ETHERNET_HEADER_LENGTH;
    }
    action skip_tag() {
        VERDICT.offset = VERDICT.offset + VLAN_HEADER_LENGTH;
    }
    action skip_outer() {
        VERDICT.offset = VERDICT.offset + IPV6_HEADER_LENGTH + md.extension_length;
    }
    // The source of a packet is looked for where the packet came from, unless it came out of another one.
    action restore_vrf() {
        md.vrf_id = md.arrival_vrf_id;
    }
    // The fields of packet_in_t; its first padding ends with a bit that says whether this is a later pass.
    action carry_to_control_plane() {
        md.carried = OAM_PUNT_REASON ++ INGRESS_PORT ++ 6w0 ++ (bit<1>)(CARRIED_PASSES != 0) ++ md.vrf_id
                     ++ VERDICT.offset ++ VERDICT.pointer ++ VERDICT.reported_mtu ++ VERDICT.reported_port
                     ++ 7w0 ++ VERDICT.reported_nexthop_id;
    }
    // The control plane gets the packet as it arrived, since that is what an ICMP error quotes.
    action clone_to_control_plane() {
        clone_preserving_field_list(CloneType.I2E, PUNT_SESSION, FIELD_LIST_CARRIED);
    }
    action redirect_to_control_plane() {
        EGRESS_PORT = CPU_PORT;
    }

    @id(TOO_MANY_VISITS_ID)
    @name(".too_many_visits")
    action too_many_visits() {
        refuse(drop_reason_t.SID_VISIT_LIMIT);
    }

    @id(FURTHER_VISIT_ID)
    @name(".further_visit")
    action further_visit() { }

    @id(SID_VISIT_LIMIT_TABLE_ID)
    @name(".sid_visit_limit_table")
    @brief("How many SIDs of this node one packet may meet")
    @description("One entry: the number of visits after which there is none; without it 128. From the second visit on")
    @entry_restriction("visits > 1 && visits < 129")
    table sid_visit_limit_table {
        key = { VERDICT.visits : exact @name("visits"); }
        actions = { too_many_visits; @defaultonly further_visit; }
        const default_action = further_visit();
        size = 2;
    }

    HMAC_DEPARTURE_ACTIONS
    NSH_GO_ROUND_ACTION

    apply {
        HMAC_DEPARTURE
        if (md.next == FATE_TRANSMIT) {
            go_out();
        } else {
            if (md.next == FATE_RECIRCULATE) {
                if (FRAME_LENGTH > MAX_RECIRCULATED_LENGTH) {
                    refuse(drop_reason_t.RECIRCULATION_LIMIT);
                HMAC_PASS_COST
                } else if (CARRIED_PASSES != 0) {
                    // A second visit is as usual as a first one; what comes then costs the port a token.
                    count_visit();
                    if (VERDICT.visits >= MAX_PASSES) {
                        refuse(drop_reason_t.SID_VISIT_LIMIT);
                    } else {
                        sid_visit_limit_table.apply();
                        if (md.next == FATE_RECIRCULATE) {
                            TAKE_PASS
                        }
                    }
                }
                if (md.next == FATE_RECIRCULATE) {
                    go_round();
                    tag.apply(THE_PACKET);
                    HMAC_GO_ROUND
                    NSH_GO_ROUND
                }
            } REPLICATE_FATE else if (md.next < FATE_TRANSMIT) {
                refuse(drop_reason_t.NEXTHOP_INVALID);   // no stage decided
            } else if (VERDICT.punt_reason != punt_reason_t.NONE) {
                // Errors about packets of this node's own making would go to the node itself, which cares for two: a
                // neighbour to be found, and a packet to be sent again in pieces.
                if (INGRESS_PORT == CPU_PORT && md.next == FATE_DROP
                    && VERDICT.punt_reason != punt_reason_t.NEIGHBOR_UNRESOLVED
                    && VERDICT.punt_reason != punt_reason_t.PACKET_TOO_BIG) {
                    tell_nobody();
                } COPIES_TELL_NOBODY else {
                    // Where it was decided that the packet is for this node, it did not matter what it is.
                    if (VERDICT.punt_reason == punt_reason_t.LOCAL) {
                        if (hdr.ipv6.isValid()) {
                            if (hdr.ipv6.next_header == IP_PROTO_ICMPV6 && hdr.l4.isValid()) {
                                if (hdr.l4.src_port[15:8] == 128) {
                                    is_echo_request();
                                } else if (md.origin == ORIGIN_RECEIVED && hdr.ipv6.hop_limit == 255
                                           && hdr.l4.src_port[15:8] >= 133 && hdr.l4.src_port[15:8] <= 137) {
                                    is_neighbor_discovery();
                                }
                            }
                        } else if (hdr.ipv4.protocol == IP_PROTO_ICMP) {
                            is_echo_request();
                        }
                    }
                    set_punt_cell();
                    take_token();
                    if (VERDICT.color == METER_RED) {
                        count_limited();
                        if (md.next == FATE_DROP) {
                            count_first_reason();
                        }
                        refuse(drop_reason_t.PUNT_RATE_LIMITED);
                    } else {
                        count_punt();
                        set_offset();
                        if (md.unusual & UNUSUAL_TAG != 0) {
                            skip_tag();
                        }
                        if (md.origin == ORIGIN_DECAPSULATED) {
                            skip_outer();
                        } else if (md.unusual & UNUSUAL_OTHER_VRF != 0) {
                            restore_vrf();
                        }
                        carry_to_control_plane();
                        if (md.next == FATE_FRAGMENT) {
                            redirect_to_control_plane();
                        } else {
                            clone_to_control_plane();
                        }
                    }
                }
            }
            if (md.next == FATE_DROP) {
                set_sid_index();
                count_drop();
                drop();
            } else {
                count_sid();
                if (md.next == FATE_PUNT) {
                    drop();
                }
            }
        }
        COUNT_POLICY
    }
}

#endif  // SRV6_ARCH_V1MODEL_DISPATCH_P4_
