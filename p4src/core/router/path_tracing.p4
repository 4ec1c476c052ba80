// SPDX-License-Identifier: Apache-2.0
// Path tracing (draft-filsfils-spring-path-tracing): a midpoint writes where and when the packet leaves into the stack
// of its Hop-by-Hop header (wire/telemetry.p4), so in egress. Of a packet that a policy has pushed
// (headend/path_tracing.p4) that is the word of the source.
#ifndef SRV6_CORE_ROUTER_PATH_TRACING_P4_
#define SRV6_CORE_ROUTER_PATH_TRACING_P4_

control path_tracing_of_exit(PACKET) {
    action find_interface() {
        BEGIN(VERDICT)
        BEGIN(TELEMETRY)
        VERDICT.vlan_id = 0;
        TELEMETRY.mcd = 0;
        TELEMETRY.nanoseconds = EGRESS_NANOSECONDS;
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
        TELEMETRY.nanoseconds = TELEMETRY.nanoseconds >> shift;
        TELEMETRY.mcd = interface_id ++ load ++ TELEMETRY.nanoseconds[7:0];
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

#endif  // SRV6_CORE_ROUTER_PATH_TRACING_P4_
