// SPDX-License-Identifier: Apache-2.0
// From md.next to v1model: where a packet goes, and what is counted. Every packet has a fate here: dropped with a
// reason, handed to the control plane, once more through the pipeline, or out of a port.
#ifndef SRV6_ARCH_V1MODEL_DISPATCH_P4_
#define SRV6_ARCH_V1MODEL_DISPATCH_P4_

// A packet may meet the SIDs of one node this often (END-10), and must not outgrow a frame while it does.
#define MAX_PASSES 128
#define MAX_RECIRCULATED_LENGTH 9600

control dispatch(PACKET) {
    VERDICTS
    keep_tag() tag;

    @brief("Packets that were dropped, by drop_reason_t")
    INDEXED_COUNTER(DROP_COUNTER_ID, drop_counter, bit<8>, 64)

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

    @id(PUNT_METER_ID) @name(".punt_meter")
    @brief("Rate of packets to the control plane, by punt_reason_t")
    meter<bit<8>>(64, MeterType.packets) punt_meter;

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
    action take_token() {
        VERDICT.color = METER_GREEN;
        punt_meter.execute_meter(VERDICT.punt_reason, VERDICT.color);
    }
    action go_out() {
        egress_port_counter.count(EGRESS_PORT);
        my_sid_counter.count(md.sid_cell);
    }
    action go_round() {
        CARRY_INTO_LATER_PASS(CARRIED_PASSES + 1)
        EGRESS_PORT = RECIRCULATION_PORT;
    }
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
    // The fields of packet_in_t; its second padding begins with a bit that says whether this is a later pass.
    action carry_to_control_plane() {
        md.carried = VERDICT.punt_reason ++ INGRESS_PORT ++ 7w0 ++ md.vrf_id ++ VERDICT.offset
                     ++ VERDICT.pointer ++ VERDICT.reported_mtu ++ VERDICT.reported_port
                     ++ (bit<1>)(md.carried != 0) ++ 6w0 ++ VERDICT.reported_nexthop_id;
    }
    // The control plane gets the packet as it arrived, since that is what an ICMP error quotes.
    action clone_to_control_plane() {
        clone_preserving_field_list(CloneType.I2E, PUNT_SESSION, FIELD_LIST_CARRIED);
    }
    action redirect_to_control_plane() {
        EGRESS_PORT = CPU_PORT;
    }

    apply {
        if (md.next == FATE_TRANSMIT) {
            go_out();
        } else {
            if (md.next == FATE_RECIRCULATE) {
                if (CARRIED_PASSES >= MAX_PASSES || FRAME_LENGTH > MAX_RECIRCULATED_LENGTH) {
                    refuse(drop_reason_t.RECIRCULATION_LIMIT);
                } else {
                    go_round();
                    tag.apply(THE_PACKET);
                }
            } else if (md.next < FATE_TRANSMIT) {
                refuse(drop_reason_t.NEXTHOP_INVALID);   // no stage decided
            } else if (VERDICT.punt_reason != punt_reason_t.NONE) {
                // Errors about packets of this node's own making would go to the node itself, which cares for two: a
                // neighbour to be found, and a packet to be sent again in pieces.
                if (INGRESS_PORT == CPU_PORT && md.next == FATE_DROP
                    && VERDICT.punt_reason != punt_reason_t.NEIGHBOR_UNRESOLVED
                    && VERDICT.punt_reason != punt_reason_t.PACKET_TOO_BIG) {
                    tell_nobody();
                } else {
                    take_token();
                    if (VERDICT.color == METER_RED) {
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
