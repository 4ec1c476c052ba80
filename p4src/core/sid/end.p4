// SPDX-License-Identifier: Apache-2.0
// End, End.X, End.T (RFC 8986 4.1 to 4.3): what they need is in srh.p4; they differ in what comes behind it.
//
//   end    route in the VRF that the packet came in by
//   end_x  the next hop, or one of a group (an adjacency set, chosen from by flow hash); the new destination is not
// looked up
//   end_t  route in another VRF
#ifndef SRV6_CORE_SID_END_P4_
#define SRV6_CORE_SID_END_P4_

#define END_ACTIONS                                                                                        \
    DECAP_SID_ACTION(END_ID, end, "End, RFC 8986 4.1")                                                     \
    action end(sid_index_t sid_index, srv6_flavors_t flavors, decap_options_t options) {                   \
        TAKE_SID_INDEX(sid_index)                                                                          \
        md.sid_options = flavors | options;                                                                \
    }                                                                                                      \
    DECAP_SID_ACTION(END_X_ID, end_x, "End.X, RFC 8986 4.2")                                               \
    @description("The next hop may be a group: an adjacency set, chosen from by flow hash")                \
    action end_x(sid_index_t sid_index, srv6_flavors_t flavors, NEXTHOP_PARAM, decap_options_t options) {  \
        TAKE_SID_INDEX(sid_index)                                                                          \
        md.sid_options = flavors | options;                                                                \
        md.nexthop_id = nexthop_id;                                                                        \
        md.next = NEXT_NEXTHOP;                                                                            \
    }                                                                                                      \
    DECAP_SID_ACTION(END_T_ID, end_t, "End.T, RFC 8986 4.3")                                               \
    action end_t(sid_index_t sid_index, srv6_flavors_t flavors, vrf_id_t vrf_id, decap_options_t options) {\
        TAKE_SID_INDEX(sid_index)                                                                          \
        md.sid_options = flavors | options;                                                                \
        CHANGE_VRF(vrf_id)                                                                                 \
    }
#define END_ACTION_NAMES end; end_x; end_t;
#define END_ADVANCES     end: end_x: end_t:

#endif  // SRV6_CORE_SID_END_P4_
