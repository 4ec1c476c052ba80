// SPDX-License-Identifier: Apache-2.0
// End.BM with NEXT-C-SID and REPLACE-C-SID (RFC 9800 4.1.6, 4.2.6): the packet is moved on to its next C-SID, then the
// labels are pushed around it (NX-3).
#ifndef SRV6_CORE_SID_CSID_MPLS_P4_
#define SRV6_CORE_SID_CSID_MPLS_P4_

#define CSID_MPLS_ACTIONS                                                                                           \
    SID_ACTION(END_BM_NEXT_CSID_ID, end_bm_next_csid, "End.BM with NEXT-C-SID, RFC 9800 4.1.6")                     \
    action end_bm_next_csid(sid_index_t sid_index, CSID_STRUCTURE, MPLS_POLICY_PARAM) {                             \
        TAKE_SID_INDEX(sid_index)                                                                                   \
        md.sid_options = 0;                                                                                         \
        LOOK_FOR_ARGUMENT(hdr.ipv6.dst_addr, lbl)                                                                   \
        TO_MPLS_POLICY(mpls_policy_id)                                                                              \
    }                                                                                                               \
    REPLACE_CSID_ACTION(END_BM_REPLACE_CSID_ID, end_bm_replace_csid, "End.BM with REPLACE-C-SID, RFC 9800 4.2.6")   \
    action end_bm_replace_csid(sid_index_t sid_index, CSID_STRUCTURE, MPLS_POLICY_PARAM) {                          \
        TAKE_SID_INDEX(sid_index)                                                                                   \
        md.sid_options = 0;                                                                                         \
        REPLACE_IN_DESTINATION                                                                                      \
        TO_MPLS_POLICY(mpls_policy_id)                                                                              \
    }
#define CSID_MPLS_ACTION_NAMES end_bm_next_csid; end_bm_replace_csid;
#define CSID_MPLS_ADVANCES     end_bm_next_csid: end_bm_replace_csid:

#endif  // SRV6_CORE_SID_CSID_MPLS_P4_
