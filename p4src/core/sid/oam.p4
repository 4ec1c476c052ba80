// SPDX-License-Identifier: Apache-2.0
// The O flag of the SRH (RFC 9259 2.1, 2.1.1): at a SID that is told to, a copy of the packet goes to the OAM process,
// which is in the control plane. It is taken before the SRH is looked at (8754 4.3.1.1, between S01 and S02), whatever
// Segments Left is; the packet goes on as if there were no flag, which stays set, in the copy too.
//
//   parser: the flag is set -> o_flag_table, by the SID -> oam_meter, by the port -> copy
//
// Only packets with the flag come here. Who may not use the SIDs of this node (core/domain.p4) is not copied either.
#ifndef SRV6_CORE_SID_OAM_P4_
#define SRV6_CORE_SID_OAM_P4_

control copy_for_oam_process(PACKET) {
    @brief("Rate of copies of packets with the O flag, by the port they came by")
    INDEXED_METER(OAM_METER_ID, oam_meter, packets, port_id_t, 512)

    @brief("Copies of packets with the O flag, by the port they came by")
    @description("Cell 2 * ingress_port: made; the one behind it: not made, being over the limit of the port")
    INDEXED_COUNTER(OAM_COUNTER_ID, oam_counter, bit<16>, 1024)

    @id(COPY_FOR_OAM_ID)
    @name(".copy_for_oam")
    @brief("A copy with the O flag goes to the control plane, RFC 9259 2.1.1")
    action copy_for_oam() {
        BEGIN(VERDICT)
        VERDICT.color = METER_GREEN;
        oam_meter.execute_meter(INGRESS_PORT, VERDICT.color);
    }

    @id(NO_COPY_FOR_OAM_ID)
    @name(".no_copy_for_oam")
    @brief("The O flag is ignored: no SID, or one that makes no copies")
    action no_copy_for_oam() {
        md.unusual = md.unusual & ~UNUSUAL_O_FLAG;
    }

    @id(O_FLAG_TABLE_ID)
    @name(".o_flag_table")
    @brief("SIDs that copy packets with the O flag")
    @description("Prefixes as in my_sid_table. What lies inside that of a SID and makes no copies is no_copy_for_oam")
    table o_flag_table {
        key = {
            md.vrf_id         : exact @name("vrf_id");
            hdr.ipv6.dst_addr : lpm @name("ipv6_dst") @format(IPV6_ADDRESS);
        }
        actions = { copy_for_oam; no_copy_for_oam; }
        const default_action = no_copy_for_oam();
        size = MY_SID_TABLE_SIZE;
    }

    action forget_o_flag() {
        md.unusual = md.unusual & ~UNUSUAL_O_FLAG;
    }
    action set_cell_of_made() {
        VERDICT.punt_cell = 6w0 ++ INGRESS_PORT ++ 1w0;
    }
    action set_cell_of_limited() {
        VERDICT.punt_cell = 6w0 ++ INGRESS_PORT ++ 1w1;
    }
    action count() {
        oam_counter.count(VERDICT.punt_cell);
    }
    action copy() {
        COPY_TO_CONTROL_PLANE(punt_reason_t.O_FLAG)
    }

    apply {
        if (md.unusual >= UNUSUAL_FOREIGN_SOURCE) {
            forget_o_flag();
        } else {
            o_flag_table.apply();
            if (md.unusual & UNUSUAL_O_FLAG != 0) {
                if (VERDICT.color == METER_RED) {
                    set_cell_of_limited();
                    forget_o_flag();
                } else {
                    set_cell_of_made();
                    copy();
                }
                count();
            }
        }
    }
}

#define OAM_CONTROLS copy_for_oam_process() o_flag;
#define OAM_STAGE                                     \
            if (md.unusual & UNUSUAL_O_FLAG != 0) {   \
                o_flag.apply(THE_PACKET);             \
            }

// A packet that is punted in the same pass is one copy with both reasons, since a target may keep one alone.
#define OAM_PUNT_REASON (VERDICT.punt_reason | (IS_COPIED_FOR_OAM ++ 7w0))
// What a copy takes along of a packet that goes round.
#define OAM_CARRIED md.carried[119:38]
// One that is to be fragmented leaves for the control plane itself, beside its copy.
#define OAM_EGRESS_ACTIONS                                                            \
    action is_o_flag_copy() {                                                         \
        hdr.packet_in.reason = punt_reason_t.O_FLAG;                                  \
    }                                                                                 \
    action is_to_be_fragmented() {                                                    \
        hdr.packet_in.reason = punt_reason_t.FRAGMENT;                                \
    }
#define OAM_EGRESS                                                                    \
                if (md.carried[119:112] == punt_reason_t.FRAGMENT | O_FLAG_TOO) {     \
                    if (IS_COPY) {                                                    \
                        is_o_flag_copy();                                             \
                    } else {                                                          \
                        is_to_be_fragmented();                                        \
                    }                                                                 \
                }

#endif  // SRV6_CORE_SID_OAM_P4_
