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

    @id(PUNT_METER_ID) @name(".punt_meter")
    @brief("Rate of packets to the control plane, by punt_reason_t")
    meter(64, MeterType.packets) punt_meter;

    action drop() {
        mark_to_drop(standard_metadata);
    }
    action count_drop() {
        drop_counter.count((bit<32>)md.drop_reason);
    }
    action count_sid_error() {
        my_sid_error_counter.count(md.sid_index);
    }
    action count_sid() {
        my_sid_counter.count((md.sid_index << 1) | (bit<32>)md.tagged);
    }
    action count_policy() {
        sr_policy_counter.count(((bit<32>)md.policy_id << 1) | (bit<32>)md.tagged);
    }
    action rate_limited() {
        md.drop_reason = drop_reason_t.PUNT_RATE_LIMITED;
        md.punt_reason = punt_reason_t.NONE;
    }
    // The control plane gets the packet as it arrived, since that is what an ICMP error quotes.
    action punt() {
        punt_counter.count((bit<32>)md.punt_reason);
        clone_preserving_field_list(CloneType.I2E, PUNT_SESSION, FIELD_LIST_PUNT);
    }
    action redirect_to_cpu() {
        punt_counter.count((bit<32>)md.punt_reason);
        standard_metadata.egress_spec = CPU_PORT;
    }
    action go_round() {
        md.passes = md.passes + 1;
        standard_metadata.egress_spec = RECIRCULATION_PORT;
    }
    action go_out() {
        standard_metadata.egress_spec = md.egress_port;
    }
    action set_offset(bit<16> offset) {
        md.offset = offset;
    }
    action skip_tag() {
        md.offset = md.offset + VLAN_HEADER_LENGTH;
    }
    action skip_outer() {
        md.offset = md.offset + IPV6_HEADER_LENGTH + md.extension_length;
    }

    apply {
        if (md.recirculate == 1 && md.drop_reason == drop_reason_t.NONE
            && (md.passes >= MAX_PASSES || standard_metadata.packet_length > MAX_RECIRCULATED_LENGTH)) {
            md.drop_reason = drop_reason_t.RECIRCULATION_LIMIT;
        }
        if (md.punt_reason != punt_reason_t.NONE) {
            // Errors about packets of this node's own making would go to the node itself.
            if (md.from_cpu == 1 && md.drop_reason != drop_reason_t.NONE
                && md.punt_reason != punt_reason_t.NEIGHBOR_UNRESOLVED) {
                drop();
            } else {
                MeterColor_t color = METER_GREEN;
                punt_meter.execute_meter((bit<32>)md.punt_reason, color);
                if (color == METER_RED) {
                    if (md.drop_reason != drop_reason_t.NONE) {
                        count_drop();
                    }
                    rate_limited();
                    drop();
                } else if (md.punt_reason == punt_reason_t.FRAGMENT) {
                    redirect_to_cpu();
                } else {
                    set_offset(ETHERNET_HEADER_LENGTH);
                    if (md.tagged == 1) {
                        skip_tag();
                    }
                    if (md.decapsulated == 1) {
                        skip_outer();
                    }
                    punt();
                    drop();
                }
            }
        } else if (md.drop_reason != drop_reason_t.NONE) {
            drop();
        } else if (md.recirculate == 1) {
            go_round();
        } else {
            go_out();
        }
        if (md.drop_reason != drop_reason_t.NONE) {
            count_drop();
            if (md.sid_index != 0) {
                count_sid_error();
            }
        } else {
            if (md.sid_index != 0) {
                count_sid();
            }
            if (md.policy_id != 0) {
                count_policy();
            }
        }
    }
}

#endif  // SRV6_ARCH_V1MODEL_DISPATCH_P4_
