// SPDX-License-Identifier: Apache-2.0
// From the core's requests to v1model's metadata: where a packet goes, and what is counted. Every packet has a fate here:
// dropped with a reason, handed to the control plane, once more through the pipeline, or out of a port.
#ifndef SRV6_ARCH_V1MODEL_DISPATCH_P4_
#define SRV6_ARCH_V1MODEL_DISPATCH_P4_

// A packet may meet the SIDs of one node this often (END-10), and must not outgrow a frame while it does.
#define MAX_PASSES 128
#define MAX_RECIRCULATED_LENGTH 9600

control dispatch(inout headers_t hdr, inout local_metadata_t md, inout standard_metadata_t standard_metadata) {
    @id(DROP_COUNTER_ID) @name(".drop_counter")
    @brief("Packets that were dropped, by drop_reason_t")
    counter(64, CounterType.packets_and_bytes) drop_counter;

    @id(PUNT_COUNTER_ID) @name(".punt_counter")
    @brief("Packets handed to the control plane, by punt_reason_t")
    counter(64, CounterType.packets_and_bytes) punt_counter;

    @id(MY_SID_COUNTER_ID) @name(".my_sid_counter")
    @brief("Packets that a SID processed with success (RFC 8986 6)")
    @description("Cell 2 * sid_index, and the one behind it for frames with a VLAN tag, since bytes include the link-layer header")
    counter(SID_COUNTER_SIZE, CounterType.packets_and_bytes) my_sid_counter;

    @id(MY_SID_ERROR_COUNTER_ID) @name(".my_sid_error_counter")
    @brief("Packets that matched a SID and were dropped, by sid_index")
    counter(SID_ERROR_COUNTER_SIZE, CounterType.packets_and_bytes) my_sid_error_counter;

    @id(SR_POLICY_COUNTER_ID) @name(".sr_policy_counter")
    @brief("Packets that left in a policy")
    @description("Cell 2 * policy_id, and the one behind it for frames with a VLAN tag")
    counter(POLICY_COUNTER_SIZE, CounterType.packets_and_bytes) sr_policy_counter;

    @id(EGRESS_PORT_COUNTER_ID) @name(".egress_port_counter")
    @brief("Packets that left, by port; bytes as they arrived")
    counter(512, CounterType.packets_and_bytes) egress_port_counter;

    @id(PUNT_METER_ID) @name(".punt_meter")
    @brief("Rate of packets to the control plane, by punt_reason_t")
    meter(64, MeterType.packets) punt_meter;

    action drop() {
        mark_to_drop(standard_metadata);
    }
    action refuse(bit<8> drop_reason) {
        md.fate = FATE_DROP;
        md.drop_reason = drop_reason;
        md.punt_reason = punt_reason_t.NONE;
    }
    action count_drop() {
        drop_counter.count((bit<32>)md.drop_reason);
        my_sid_error_counter.count(md.sid_index);
    }
    // The error that is not told of, beside PUNT_RATE_LIMITED.
    action count_first_reason() {
        drop_counter.count((bit<32>)md.drop_reason);
    }
    // Cell 0 takes what no SID processed.
    action count_sid() {
        my_sid_counter.count((md.sid_index << 1) | (bit<32>)md.tagged);
    }
    action count_policy() {
        sr_policy_counter.count(((bit<32>)md.policy_id << 1) | (bit<32>)md.tagged);
    }
    action count_punt() {
        punt_counter.count((bit<32>)md.punt_reason);
    }
    // The control plane gets the packet as it arrived, since that is what an ICMP error quotes.
    action punt() {
        clone_preserving_field_list(CloneType.I2E, PUNT_SESSION, FIELD_LIST_PUNT);
    }
    action take_token() {
        hdr.scratch.setValid();
        hdr.scratch.color = METER_GREEN;
        punt_meter.execute_meter((bit<32>)md.punt_reason, hdr.scratch.color);
    }
    action redirect_to_cpu() {
        standard_metadata.egress_spec = CPU_PORT;
    }
    action go_round() {
        md.passes = md.passes + 1;
        standard_metadata.egress_spec = RECIRCULATION_PORT;
    }
    action go_out() {
        standard_metadata.egress_spec = md.egress_port;
        egress_port_counter.count((bit<32>)md.egress_port);
        my_sid_counter.count((md.sid_index << 1) | (bit<32>)md.tagged);
    }
    action set_offset() {
        md.offset = ETHERNET_HEADER_LENGTH;
    }
    action skip_tag() {
        md.offset = md.offset + VLAN_HEADER_LENGTH;
    }
    action skip_outer() {
        md.offset = md.offset + IPV6_HEADER_LENGTH + md.extension_length;
    }
    // End.T: the source of a packet is looked for where the packet came from.
    action restore_vrf() {
        md.vrf_id = hdr.scratch.arrival_vrf_id;
    }

    apply {
        if (md.fate == FATE_TRANSMIT) {
            go_out();
        } else {
            if (md.fate == FATE_RECIRCULATE) {
                if (md.passes >= MAX_PASSES || standard_metadata.packet_length > MAX_RECIRCULATED_LENGTH) {
                    refuse(drop_reason_t.RECIRCULATION_LIMIT);
                } else {
                    go_round();
                }
            } else if (md.punt_reason != punt_reason_t.NONE) {
                // Errors about packets of this node's own making would go to the node itself, which cares for two: a
                // neighbour to be found, and a packet to be sent again in pieces.
                if (md.ingress_port == CPU_PORT && md.fate == FATE_DROP
                    && md.punt_reason != punt_reason_t.NEIGHBOR_UNRESOLVED
                    && md.punt_reason != punt_reason_t.PACKET_TOO_BIG) {
                    md.punt_reason = punt_reason_t.NONE;
                } else {
                    take_token();
                    if (hdr.scratch.color == METER_RED) {
                        if (md.fate == FATE_DROP) {
                            count_first_reason();
                        }
                        refuse(drop_reason_t.PUNT_RATE_LIMITED);
                    } else if (md.fate == FATE_FRAGMENT) {
                        count_punt();
                        redirect_to_cpu();
                    } else {
                        count_punt();
                        set_offset();
                        if (md.tagged == 1) {
                            skip_tag();
                        }
                        if (md.decapsulated == 1) {
                            skip_outer();
                        } else if (md.processed == 1 && md.flavors & SID_CHANGES_VRF != 0) {
                            restore_vrf();
                        }
                        punt();
                    }
                }
            }
            if (md.fate == FATE_DROP) {
                count_drop();
                drop();
            } else {
                count_sid();
                if (md.fate == FATE_PUNT) {
                    drop();
                }
            }
        }
        if (md.policy_id != 0 && md.fate != FATE_DROP && md.fate != FATE_PUNT) {
            count_policy();
        }
    }
}

#endif  // SRV6_ARCH_V1MODEL_DISPATCH_P4_
