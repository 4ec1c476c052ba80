// SPDX-License-Identifier: Apache-2.0
// Binding SIDs with NEXT-C-SID and REPLACE-C-SID (RFC 9800 4.1.4, 4.1.5, 4.2.4, 4.2.5): it is the packet inside that is
// moved on to its next C-SID, then it enters the policy (NX-16, RP-9); the tail end of the policy meets that C-SID.
#ifndef SRV6_CORE_SID_CSID_BIND_P4_
#define SRV6_CORE_SID_CSID_BIND_P4_

#define CSID_BIND_ACTIONS                                                                                           \
    SID_ACTION(END_B6_ENCAPS_NEXT_CSID_ID, end_b6_encaps_next_csid,                                                 \
               "End.B6.Encaps with NEXT-C-SID, RFC 9800 4.1.4: h_encaps of the policy")                             \
    action end_b6_encaps_next_csid(sid_index_t sid_index, CSID_STRUCTURE, policy_id_t policy_id) {                  \
        TAKE_SID_INDEX(sid_index)                                                                                   \
        md.sid_options = 0;                                                                                         \
        LOOK_FOR_ARGUMENT(hdr.ipv6.dst_addr, lbl)                                                                   \
        TO_POLICY(policy_id)                                                                                        \
    }                                                                                                               \
    SID_ACTION(END_B6_ENCAPS_RED_NEXT_CSID_ID, end_b6_encaps_red_next_csid,                                         \
               "End.B6.Encaps.Red with NEXT-C-SID, RFC 9800 4.1.5: h_encaps_red of the policy")                     \
    action end_b6_encaps_red_next_csid(sid_index_t sid_index, CSID_STRUCTURE, policy_id_t policy_id) {              \
        TAKE_SID_INDEX(sid_index)                                                                                   \
        md.sid_options = 0;                                                                                         \
        LOOK_FOR_ARGUMENT(hdr.ipv6.dst_addr, lbl)                                                                   \
        TO_POLICY(policy_id)                                                                                        \
    }                                                                                                               \
    REPLACE_CSID_ACTION(END_B6_ENCAPS_REPLACE_CSID_ID, end_b6_encaps_replace_csid,                                  \
                        "End.B6.Encaps with REPLACE-C-SID, RFC 9800 4.2.4: h_encaps of the policy")                 \
    action end_b6_encaps_replace_csid(sid_index_t sid_index, CSID_STRUCTURE, policy_id_t policy_id) {               \
        TAKE_SID_INDEX(sid_index)                                                                                   \
        md.sid_options = 0;                                                                                         \
        REPLACE_IN_DESTINATION                                                                                      \
        TO_POLICY(policy_id)                                                                                        \
    }                                                                                                               \
    REPLACE_CSID_ACTION(END_B6_ENCAPS_RED_REPLACE_CSID_ID, end_b6_encaps_red_replace_csid,                          \
                        "End.B6.Encaps.Red with REPLACE-C-SID, RFC 9800 4.2.5: h_encaps_red of the policy")         \
    action end_b6_encaps_red_replace_csid(sid_index_t sid_index, CSID_STRUCTURE, policy_id_t policy_id) {           \
        TAKE_SID_INDEX(sid_index)                                                                                   \
        md.sid_options = 0;                                                                                         \
        REPLACE_IN_DESTINATION                                                                                      \
        TO_POLICY(policy_id)                                                                                        \
    }
#define CSID_BIND_ACTION_NAMES                            \
    end_b6_encaps_next_csid; end_b6_encaps_red_next_csid; \
    end_b6_encaps_replace_csid; end_b6_encaps_red_replace_csid;
#define CSID_BIND_ADVANCES                                \
    end_b6_encaps_next_csid: end_b6_encaps_red_next_csid: \
    end_b6_encaps_replace_csid: end_b6_encaps_red_replace_csid:

#endif  // SRV6_CORE_SID_CSID_BIND_P4_
