// SPDX-License-Identifier: Apache-2.0
// What a router measures by options of IPv6 (wire/telemetry.p4).
//
//   alternate marking (RFC 9343): packets are counted by flow and colour, at the end of ingress, where their fate is
//     known; a packet that goes round is counted once. Nothing is written.
//   path tracing (draft-filsfils-spring-path-tracing): a midpoint writes where and when the packet leaves, so in
//     egress; of a packet that a policy has pushed (headend/path_tracing.p4) that is the word of the source.
#ifndef SRV6_CORE_ROUTER_TELEMETRY_P4_
#define SRV6_CORE_ROUTER_TELEMETRY_P4_

#ifndef ALTERNATE_MARKING_TABLE_SIZE
#define ALTERNATE_MARKING_TABLE_SIZE 16384
#endif

#ifdef WITH_ALTERNATE_MARKING
// Of an option that began where the parser did not see its end nothing is known.
#define LAST_MARKING_OFFSET 8

control alternate_marking(PACKET) {
    DIRECT_COUNTER(alternate_marking_counter)

    @id(COUNT_MARKED_ID)
    @name(".count_marked")
    @brief("Counted")
    action count_marked() {}

    @id(ALTERNATE_MARKING_TABLE_ID)
    @name(".alternate_marking_table")
    @brief("Packets with the alternate marking option, RFC 9343, by the port they came by")
    @description("flow_mon_id: FlowMonID; loss: the L flag; delay: the D flag. Four entries a flow and port")
    table alternate_marking_table {
        key = {
            INGRESS_PORT               : exact @name("ingress_port");
            TELEMETRY.marking[31:12]   : exact @name("flow_mon_id");
            TELEMETRY.marking[11:11]   : exact @name("loss");
            TELEMETRY.marking[10:10]   : exact @name("delay");
        }
        actions = { count_marked; @defaultonly NoAction; }
        const default_action = NoAction();
        size = ALTERNATE_MARKING_TABLE_SIZE;
        TABLE_DIRECT_COUNTER(alternate_marking_counter)
    }

    apply {
        // Hop-by-Hop options are every router's, Destination options those of who the packet is addressed to: each SID
        // of a list, or an own address. What stands behind an SRH with segments left was not parsed.
        if (TELEMETRY.marking_offset <= LAST_MARKING_OFFSET
            && (TELEMETRY.marking_header == IP_PROTO_HOPOPTS || md.sid_cell != 0 || md.next == FATE_PUNT)) {
            alternate_marking_table.apply();
        }
    }
}

// The packet is done with here, unless it goes round as it is. (One that waits for a neighbour comes once more.)
#define TELEMETRY_CONTROLS alternate_marking() marking;
#define TELEMETRY_STAGE                                                                                  \
    if (md.unusual & UNUSUAL_MARKING != 0) {                                                             \
        if (md.next != FATE_DROP && (md.next != FATE_RECIRCULATE || md.origin == ORIGIN_DECAPSULATED)) { \
            marking.apply(THE_PACKET);                                                                   \
        }                                                                                                \
    }
#endif

#ifdef WITH_PATH_TRACING
control path_tracing_of_exit(PACKET) {
    action find_interface() {
        BEGIN(VERDICT)
        BEGIN(TELEMETRY)
        VERDICT.vlan_id = 0;
        TELEMETRY.mcd = 0;
    }
    action find_tag() {
        VERDICT.vlan_id = hdr.vlan.vid;
    }

    @id(TRACE_PATH_ID)
    @name(".trace_path")
    @brief("The interface as the option has it")
    @action_restriction("interface_id != 0")
    @description("load: of the interface, in sixteenths; shift: of the time in nanoseconds, whose last 8 bits are then taken")
    action trace_path(bit<12> interface_id, bit<4> load, bit<8> shift) {
        TELEMETRY.mcd = interface_id ++ load ++ (bit<8>)(EGRESS_NANOSECONDS >> shift);
    }

    @id(PATH_TRACING_TABLE_ID)
    @name(".path_tracing_table")
    @brief("Interfaces that packets with the path tracing option leave by")
    @description("vlan_id 0: untagged. What leaves by others stays as it is")
    table path_tracing_table {
        key = {
            LEAVING_BY           : exact @name("egress_port");
            VERDICT.vlan_id      : exact @name("vlan_id");
        }
        actions = { trace_path; @defaultonly NoAction; }
        const default_action = NoAction();
        size = INTERFACE_TABLE_SIZE;
    }

    // The stack moves back by one, what was last is lost.
    action push_mcd() {
        hdr.mcd_stack.low = hdr.mcd_stack.high[23:0] ++ hdr.mcd_stack.low[127:24];
        hdr.mcd_stack.high = hdr.extension_0.data[23:0] ++ hdr.mcd_stack.high[127:24];
        hdr.extension_0.data = TELEMETRY.mcd ++ hdr.extension_0.data[31:24];
    }
    action push_mcd_in_front() {
        hdr.pushed_mcd_stack.low = hdr.pushed_mcd_stack.high[23:0] ++ hdr.pushed_mcd_stack.low[127:24];
        hdr.pushed_mcd_stack.high = hdr.outer_hop_by_hop.data[23:0] ++ hdr.pushed_mcd_stack.high[127:24];
        hdr.outer_hop_by_hop.data = TELEMETRY.mcd ++ hdr.outer_hop_by_hop.data[31:24];
    }
    action stamp_tlv() {
        hdr.pushed_path_tracing_tlv.seconds = EGRESS_SECONDS;
        hdr.pushed_path_tracing_tlv.nanoseconds =
            (bit<32>)(EGRESS_NANOSECONDS - (bit<64>)hdr.pushed_path_tracing_tlv.seconds * 1000000000);
        hdr.pushed_path_tracing_tlv.interface_and_load = TELEMETRY.mcd[23:8];
    }

    apply {
        find_interface();
        if (hdr.vlan.isValid()) {
            find_tag();
        }
        path_tracing_table.apply();
        if (hdr.pushed_path_tracing_tlv.isValid()) {
            stamp_tlv();
        } else if (TELEMETRY.mcd != 0) {
            if (hdr.pushed_mcd_stack.isValid()) {
                push_mcd_in_front();
            } else {
                push_mcd();
            }
        }
    }
}

// What a frame carries is not looked at, nor what is inside a packet that a policy has pushed.
#define PATH_TRACING_CONTROLS path_tracing_of_exit() tracing;
#define PATH_TRACING_EGRESS                                                               \
        else if (hdr.pushed_path_tracing_tlv.isValid() || hdr.pushed_mcd_stack.isValid()  \
                 || (hdr.mcd_stack.isValid() && hdr.ipv6.isValid() && !IS_PUSHED)) {      \
            tracing.apply(THE_PACKET);                                                    \
        }
#endif

#endif  // SRV6_CORE_ROUTER_TELEMETRY_P4_
