// SPDX-License-Identifier: Apache-2.0
// End.DT2U and End.DT2M with REPLACE-C-SID (RFC 9800 4.2.7): as without the flavour (l2_bridge.p4). The Argument of the
// destination is ignored, but for Arg.FE2 of End.DT2M, which has 16 bits (RP-13):
//
//   Index = 0   the first 16 bits behind the C-SID
//   Index > 0   the last 16 bits of the place behind this C-SID, which is the one in front of it in the container:
//               Segment List[0][Index-1]. No SRH any more, PSP has popped it: there was nothing at that place (RP-14)
//
// bridge_segment_table says which circuits are left for it; an argument that it has not excludes none (DEC-14).
#ifndef SRV6_CORE_SID_CSID_L2_BRIDGE_P4_
#define SRV6_CORE_SID_CSID_L2_BRIDGE_P4_

#ifndef BRIDGE_SEGMENT_TABLE_SIZE
#define BRIDGE_SEGMENT_TABLE_SIZE 16384
#endif

#define CSID_L2_BRIDGE_ACTIONS                                                                                \
    SID_ACTION(END_DT2U_REPLACE_CSID_ID, end_dt2u_replace_csid, "End.DT2U with REPLACE-C-SID")                \
    @action_restriction("options == 0")                                                                       \
    action end_dt2u_replace_csid(sid_index_t sid_index, CSID_STRUCTURE, bridge_id_t bridge_id,                \
                                 multicast_group_t multicast_group, decap_options_t options) {                \
        TAKE_SID_INDEX(sid_index)                                                                             \
        TO_BRIDGE(bridge_id, bridge_id, multicast_group)                                                      \
    }                                                                                                         \
    SID_ACTION(END_DT2M_REPLACE_CSID_ID, end_dt2m_replace_csid, "End.DT2M with REPLACE-C-SID")                \
    @action_restriction("options == 0")                                                                       \
    @description("multicast_group: the circuits, where bridge_segment_table has no other for the argument")   \
    action end_dt2m_replace_csid(sid_index_t sid_index, CSID_STRUCTURE, bridge_id_t bridge_id,                \
                                 multicast_group_t multicast_group, decap_options_t options) {                \
        TAKE_SID_INDEX(sid_index)                                                                             \
        BEGIN(CSID)                                                                                           \
        CSID.index = hdr.ipv6.dst_addr[7:0] & CSID_LAST_INDEX(lnfl);                                          \
        CSID.lnfl = lnfl;                                                                                     \
        CSID.argument = (bit<16>)((hdr.ipv6.dst_addr << (lbl + lnfl)) >> 112);                                \
        md.unusual = md.unusual | UNUSUAL_REPLACE;                                                            \
        TO_BRIDGE(bridge_id, 0, multicast_group)                                                              \
    }
#define CSID_L2_BRIDGE_ACTION_NAMES end_dt2u_replace_csid; end_dt2m_replace_csid;
#define CSID_L2_BRIDGE_CASES        end_dt2u_replace_csid: end_dt2m_replace_csid:

// Of take_frame (l2_bridge.p4). Only End.DT2M has marked the packet.
#define CSID_L2_BRIDGE_TABLE                                                                                     \
    DIRECT_COUNTER(bridge_segment_counter)                                                                       \
    @id(FLOOD_OTHERS_ID)                                                                                         \
    @name(".flood_others")                                                                                       \
    @brief("To the circuits that do not belong to the Ethernet segment")                                         \
    action flood_others(multicast_group_t multicast_group) {                                                     \
        VERDICT.multicast_group = multicast_group;                                                               \
    }                                                                                                            \
    @id(BRIDGE_SEGMENT_TABLE_ID)                                                                                 \
    @name(".bridge_segment_table")                                                                               \
    @brief("Ethernet segments by the Arg.FE2 of End.DT2M with REPLACE-C-SID")                                    \
    @description("A prefix of length 0 takes, and counts, the arguments that are not known. Argument 0: none")   \
    table bridge_segment_table {                                                                                 \
        key = {                                                                                                  \
            VERDICT.table_id : exact @name("bridge_id");                                                         \
            CSID.argument    : lpm @name("argument");                                                            \
        }                                                                                                        \
        actions = { flood_others; @defaultonly NoAction; }                                                       \
        const default_action = NoAction();                                                                       \
        size = BRIDGE_SEGMENT_TABLE_SIZE;                                                                        \
        TABLE_DIRECT_COUNTER(bridge_segment_counter)                                                             \
    }                                                                                                            \
    action read_argument() {                                                                                     \
        CSID.argument = (bit<16>)CSID_BEFORE(CSID.exhausted, CSID.index, CSID.lnfl);                             \
    }                                                                                                            \
    action no_argument() {                                                                                       \
        CSID.argument = 0;                                                                                       \
    }
// An SRH without room for a segment has no argument, either.
#define CSID_L2_BRIDGE_ARGUMENT                                                                                  \
    if (md.unusual & UNUSUAL_REPLACE != 0) {                                                                     \
        if (CSID.index != 0) {                                                                                   \
            if (md.unusual & UNUSUAL_EXHAUSTED != 0 && CSID.exhausted_length > 1) {                              \
                read_argument();                                                                                 \
            } else {                                                                                             \
                no_argument();                                                                                   \
            }                                                                                                    \
        }                                                                                                        \
        bridge_segment_table.apply();                                                                            \
    }

#endif  // SRV6_CORE_SID_CSID_L2_BRIDGE_P4_
