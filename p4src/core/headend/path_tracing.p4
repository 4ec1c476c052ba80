// SPDX-License-Identifier: Apache-2.0
// The source of path tracing (draft-filsfils-spring-path-tracing): policies whose packets leave with an empty stack for
// the midpoints in a Hop-by-Hop header, and a TLV of the SRH that says when, and by what interface. The time is written
// in egress (router/path_tracing.p4).
#ifndef SRV6_CORE_HEADEND_PATH_TRACING_P4_
#define SRV6_CORE_HEADEND_PATH_TRACING_P4_

#define PATH_TRACING_POLICY_CONTROLS path_tracing_of_policy() tracing;
#define PATH_TRACING_POLICY_STAGE                                           \
        if (hdr.outer_srh.isValid() && md.next == NEXT_NEXTHOP) {           \
            tracing.apply(THE_PACKET);                                      \
        }
#define PATH_TRACING_MTU_ACTION                                                          \
    action take_path_tracing_off() {                                                     \
        HEADEND.tunnel_mtu = HEADEND.tunnel_mtu |-| 40;                                  \
    }
#define PATH_TRACING_MTU                           \
        if (hdr.pushed_path_tracing.isValid()) {   \
            take_path_tracing_off();               \
        }

control path_tracing_of_policy(PACKET) {
    @id(ADD_PATH_TRACING_ID)
    @name(".add_path_tracing")
    @brief("A Hop-by-Hop header with an empty stack, and a TLV with the time of departure behind the Segment List")
    action add_path_tracing(bit<16> session_id) {
        hdr.pushed_path_tracing.setValid();
        hdr.pushed_path_tracing.next_header = hdr.outer_ipv6.next_header;
        hdr.pushed_path_tracing.hdr_ext_len = 4;
        hdr.pushed_path_tracing.option_type = OPTION_PATH_TRACING;
        hdr.pushed_path_tracing.option_length = MCD_STACK_LENGTH;
        hdr.pushed_path_tracing.stack_0 = 0;
        hdr.pushed_path_tracing.stack_1 = 0;
        hdr.pushed_path_tracing.stack_2 = 0;
        hdr.outer_ipv6.next_header = IP_PROTO_HOPOPTS;
        hdr.pushed_path_tracing_tlv.setValid();
        hdr.pushed_path_tracing_tlv.type = SRH_TLV_PATH_TRACING;
        hdr.pushed_path_tracing_tlv.length = 14;
        hdr.pushed_path_tracing_tlv.interface_and_load = 0;
        hdr.pushed_path_tracing_tlv.seconds = 0;
        hdr.pushed_path_tracing_tlv.nanoseconds = 0;
        hdr.pushed_path_tracing_tlv.session_id = session_id;
        hdr.pushed_path_tracing_tlv.sequence_number = 0;
        hdr.outer_srh.hdr_ext_len = hdr.outer_srh.hdr_ext_len + 2;
        hdr.outer_ipv6.payload_length = hdr.outer_ipv6.payload_length + PATH_TRACING_ADDED_LENGTH;
    }

    @id(PATH_TRACING_POLICY_TABLE_ID)
    @name(".path_tracing_policy_table")
    @brief("Policies whose packets are traced")
    table path_tracing_policy_table {
        key = { HEADEND.policy_id : exact @name("policy_id"); }
        actions = { add_path_tracing; @defaultonly NoAction; }
        const default_action = NoAction();
        size = SR_POLICY_TABLE_SIZE;
    }

    apply {
        path_tracing_policy_table.apply();
    }
}

#endif  // SRV6_CORE_HEADEND_PATH_TRACING_P4_
