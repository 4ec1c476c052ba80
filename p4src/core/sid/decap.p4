// SPDX-License-Identifier: Apache-2.0
// Decapsulation of IP (RFC 8986 4.4 to 4.8): the packet inside leaves by a next hop (DX) or by a route of a VRF (DT).
//
//   segments left? error (DEC-1) -> IPv4 | IPv6 inside, as the behaviour takes? take it out -> next hop | route
//                                   something else: the upper layer
#ifndef SRV6_CORE_SID_DECAP_P4_
#define SRV6_CORE_SID_DECAP_P4_

#define DECAP_X_ACTION(ID, NAME, BRIEF)                                          \
    DECAP_SID_ACTION(ID, NAME, BRIEF)                                            \
    action NAME(sid_index_t sid_index, NEXTHOP_PARAM, decap_options_t options) { \
        TAKE_SID_INDEX(sid_index)                                                \
        md.sid_options = options;                                                \
        md.nexthop_id = nexthop_id;                                              \
        md.next = NEXT_NEXTHOP;                                                  \
    }
#define DECAP_T_ACTION(ID, NAME, BRIEF)                                            \
    DECAP_SID_ACTION(ID, NAME, BRIEF)                                              \
    action NAME(sid_index_t sid_index, vrf_id_t vrf_id, decap_options_t options) { \
        TAKE_SID_INDEX(sid_index)                                                  \
        md.sid_options = options;                                                  \
        CHANGE_VRF(vrf_id)                                                         \
    }
#define DECAP_ACTIONS                                                                                         \
    DECAP_X_ACTION(END_DX4_ID, end_dx4, "End.DX4, RFC 8986 4.5")                                              \
    DECAP_X_ACTION(END_DX6_ID, end_dx6, "End.DX6, RFC 8986 4.4")                                              \
    DECAP_T_ACTION(END_DT4_ID, end_dt4, "End.DT4, RFC 8986 4.7")                                              \
    DECAP_T_ACTION(END_DT6_ID, end_dt6, "End.DT6, RFC 8986 4.6")                                              \
    DECAP_T_ACTION(END_DT46_ID, end_dt46, "End.DT46, RFC 8986 4.8")
#define DECAP_ACTION_NAMES end_dx4; end_dx6; end_dt4; end_dt6; end_dt46;
#define DECAP_CONTROLS               \
    decap(true, false) decap_ipv4;   \
    decap(false, true) decap_ipv6;   \
    decap(true, true)  decap_ip;
#define DECAP_CASES                                                      \
    end_dx4: end_dt4: CSID_DECAPS_IPV4 { decap_ipv4.apply(THE_PACKET); } \
    end_dx6: end_dt6: CSID_DECAPS_IPV6 { decap_ipv6.apply(THE_PACKET); } \
    end_dt46:         CSID_DECAPS_IP   { decap_ip.apply(THE_PACKET); }

control decap(PACKET)(bool takes_ipv4, bool takes_ipv6) {
    VERDICTS
    domain_verdict() domain;
    decapsulate(takes_ipv4, takes_ipv6) decapsulation;

    apply {
        if (md.unusual >= UNUSUAL_FOREIGN_SOURCE) {
            domain.apply(THE_PACKET);
        } else if (NO_SEGMENT_LEFT ((takes_ipv6 && hdr.inner_ipv6.isValid()) || (takes_ipv4 && hdr.ipv4.isValid()))) {
            decapsulation.apply(THE_PACKET);
        } else if (hdr.srh.isValid()) {
            parameter_problem(drop_reason_t.SRH_SEGMENTS_LEFT, POINTER_SEGMENTS_LEFT);   // DEC-1
        } else {
            md.next = NEXT_UPPER_LAYER;
        }
    }
}

#endif  // SRV6_CORE_SID_DECAP_P4_
