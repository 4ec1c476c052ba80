// SPDX-License-Identifier: Apache-2.0
// End.D* with REPLACE-C-SID (RFC 9800 4.2.7): the last segment of a list with containers. The SID is a prefix, what
// Argument and Index the packet brings is ignored (RP-9), and they do what they do without the flavour (decap.p4).
#ifndef SRV6_CORE_SID_CSID_DECAP_P4_
#define SRV6_CORE_SID_CSID_DECAP_P4_

#define DECAP_REPLACE_ACTION(ID, NAME, BRIEF) \
    SID_ACTION(ID, NAME, BRIEF) @action_restriction(DECAP_OPTIONS_RESTRICTION)
#define DECAP_X_REPLACE_ACTION(ID, NAME, BRIEF)                                                  \
    DECAP_REPLACE_ACTION(ID, NAME, BRIEF)                                                        \
    action NAME(sid_index_t sid_index, CSID_STRUCTURE, NEXTHOP_PARAM, decap_options_t options) { \
        TAKE_SID_INDEX(sid_index)                                                                \
        md.sid_options = options;                                                                \
        md.nexthop_id = nexthop_id;                                                              \
        md.next = NEXT_NEXTHOP;                                                                  \
    }
#define DECAP_T_REPLACE_ACTION(ID, NAME, BRIEF)                                                    \
    DECAP_REPLACE_ACTION(ID, NAME, BRIEF)                                                          \
    action NAME(sid_index_t sid_index, CSID_STRUCTURE, vrf_id_t vrf_id, decap_options_t options) { \
        TAKE_SID_INDEX(sid_index)                                                                  \
        md.sid_options = options;                                                                  \
        CHANGE_VRF(vrf_id)                                                                         \
    }
#define CSID_DECAP_ACTIONS                                                                                    \
    DECAP_X_REPLACE_ACTION(END_DX6_REPLACE_CSID_ID, end_dx6_replace_csid, "End.DX6 with REPLACE-C-SID")       \
    DECAP_X_REPLACE_ACTION(END_DX4_REPLACE_CSID_ID, end_dx4_replace_csid, "End.DX4 with REPLACE-C-SID")       \
    DECAP_T_REPLACE_ACTION(END_DT6_REPLACE_CSID_ID, end_dt6_replace_csid, "End.DT6 with REPLACE-C-SID")       \
    DECAP_T_REPLACE_ACTION(END_DT4_REPLACE_CSID_ID, end_dt4_replace_csid, "End.DT4 with REPLACE-C-SID")       \
    DECAP_T_REPLACE_ACTION(END_DT46_REPLACE_CSID_ID, end_dt46_replace_csid, "End.DT46 with REPLACE-C-SID")
#define CSID_DECAP_ACTION_NAMES \
    end_dx6_replace_csid; end_dx4_replace_csid; end_dt6_replace_csid; end_dt4_replace_csid; end_dt46_replace_csid;
#define CSID_DECAPS_IPV4 end_dx4_replace_csid: end_dt4_replace_csid:
#define CSID_DECAPS_IPV6 end_dx6_replace_csid: end_dt6_replace_csid:
#define CSID_DECAPS_IP   end_dt46_replace_csid:

#endif  // SRV6_CORE_SID_CSID_DECAP_P4_
