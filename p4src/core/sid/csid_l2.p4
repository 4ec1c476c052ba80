// SPDX-License-Identifier: Apache-2.0
// End.DX2 and End.DX2V with REPLACE-C-SID (RFC 9800 4.2.7): as without the flavour (l2.p4), the Argument is ignored.
#ifndef SRV6_CORE_SID_CSID_L2_P4_
#define SRV6_CORE_SID_CSID_L2_P4_

#define CSID_L2_ACTIONS                                                                                         \
    SID_ACTION(END_DX2_REPLACE_CSID_ID, end_dx2_replace_csid, "End.DX2 with REPLACE-C-SID")                     \
    @action_restriction("options == 0")                                                                         \
    action end_dx2_replace_csid(sid_index_t sid_index, CSID_STRUCTURE, port_id_t egress_port, mtu_t mtu,        \
                                decap_options_t options) {                                                      \
        TAKE_SID_INDEX(sid_index)                                                                               \
        md.mtu = mtu;                                                                                           \
        transmit(egress_port);                                                                                  \
    }                                                                                                           \
    SID_ACTION(END_DX2V_REPLACE_CSID_ID, end_dx2v_replace_csid, "End.DX2V with REPLACE-C-SID")                  \
    @action_restriction("options == 0")                                                                         \
    action end_dx2v_replace_csid(sid_index_t sid_index, CSID_STRUCTURE,                                         \
                                 @refers_to(dx2v_table, dx2v_table_id) dx2v_table_id_t dx2v_table_id,           \
                                 decap_options_t options) {                                                     \
        TAKE_SID_INDEX(sid_index)                                                                               \
        BEGIN(VERDICT)                                                                                          \
        VERDICT.table_id = dx2v_table_id;                                                                       \
    }
#define CSID_L2_ACTION_NAMES end_dx2_replace_csid; end_dx2v_replace_csid;
#define CSID_L2_FRAMES       end_dx2_replace_csid: end_dx2v_replace_csid:

#endif  // SRV6_CORE_SID_CSID_L2_P4_
