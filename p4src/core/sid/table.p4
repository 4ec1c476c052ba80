// SPDX-License-Identifier: Apache-2.0
// The local SIDs (RFC 8986 4). The action of an entry is the opcode: it takes the operands, says what comes behind the
// behaviour, and the switch goes to the control of its family.
//
//   my_sid_table -> End*, B6*: the SRH (srh.p4)   End.D*: what is inside (decap.p4, l2.p4)
//                     none of a behaviour's ways: the upper layer (upper_layer.p4), a stage of its own
//
// A family brings <FAMILY>_ACTIONS, their names, its controls and its cases; families that move a packet on to its next
// segment bring the labels of the case they share. profiles/families.p4 lists the families, profiles/absent.p4 what is
// left where a profile has one not.
#ifndef SRV6_CORE_SID_TABLE_P4_
#define SRV6_CORE_SID_TABLE_P4_

// What the families' actions are written with.
#define SID_ACTION(ID, NAME, BRIEF) @id(ID) @name(STRING(.NAME)) @brief(BRIEF)
#define DECAP_SID_ACTION(ID, NAME, BRIEF) SID_ACTION(ID, NAME, BRIEF) @action_restriction(DECAP_OPTIONS_RESTRICTION)
#define TAKE_SID_INDEX(SID_INDEX) md.sid_cell = CELL_BY_TAG(SID_INDEX);
#define NEXTHOP_PARAM @refers_to(nexthop_table, nexthop_id) nexthop_id_t nexthop_id
// The VRF that the packet came in by is kept: there is its source, should an error have to be told (END-11).
#define CHANGE_VRF(VRF_ID)         \
    md.arrival_vrf_id = md.vrf_id; \
    md.vrf_id = VRF_ID;            \
    md.unusual = md.unusual | UNUSUAL_OTHER_VRF;

control my_sid(PACKET) {
    VERDICTS
    domain_filter() filter;
    domain_verdict() domain;
    srh_endpoint(true) srh;
    BIND_CONTROLS
    DECAP_CONTROLS
    L2_CONTROLS
    MOBILE_CONTROLS
    SEARCH_CONTROLS
    NSH_CONTROLS
    HMAC_CONTROLS
    OAM_CONTROLS
    END_REPLICATE_CONTROLS
    VNF_CONTROLS

    END_ACTIONS
    DECAP_ACTIONS
    L2_ACTIONS
    L2_BRIDGE_ACTIONS
    BIND_ACTIONS
    MPLS_ACTIONS
    CSID_ACTIONS
    CSID_REPLACE_ACTIONS
    CSID_BIND_ACTIONS
    CSID_MPLS_ACTIONS
    MOBILE_ACTIONS
    PROXY_ACTIONS
    SEARCH_ACTIONS
    NSH_ACTIONS
    CSID_DECAP_ACTIONS
    CSID_L2_ACTIONS
    CSID_L2_BRIDGE_ACTIONS
    END_REPLICATE_ACTIONS
    VNF_ACTIONS

    // The longest match may be no SID: a route, or an address of this node, inside the prefix of one.
    @id(NOT_A_SID_ID)
    @name(".not_a_sid")
    @brief("No SID, although inside the prefix of one: by its route")
    action not_a_sid() {}

    @id(MY_SID_TABLE_ID)
    @name(".my_sid_table")
    @brief("Local SIDs")
    @description("The longest prefix wins; vrf_id is the VRF in which the SID can be reached. What lies inside the prefix of a SID and is routed otherwise is not_a_sid")
    table my_sid_table {
        key = {
            md.vrf_id         : exact @name("vrf_id");
            hdr.ipv6.dst_addr : lpm @name("ipv6_dst") @format(IPV6_ADDRESS);
        }
        actions = {
            END_ACTION_NAMES
            L2_ACTION_NAMES
            L2_BRIDGE_ACTION_NAMES
            DECAP_ACTION_NAMES
            BIND_ACTION_NAMES
            MPLS_ACTION_NAMES
            CSID_ACTION_NAMES
            CSID_REPLACE_ACTION_NAMES
            CSID_BIND_ACTION_NAMES
            CSID_MPLS_ACTION_NAMES
            MOBILE_ACTION_NAMES
            PROXY_ACTION_NAMES
            SEARCH_ACTION_NAMES
            NSH_ACTION_NAMES
            CSID_DECAP_ACTION_NAMES
            CSID_L2_ACTION_NAMES
            CSID_L2_BRIDGE_ACTION_NAMES
            END_REPLICATE_ACTION_NAMES
            VNF_ACTION_NAMES
            not_a_sid;
            @defaultonly NoAction;
        }
        const default_action = NoAction();
        size = MY_SID_TABLE_SIZE;
    }

    NSH_BEHIND_SIDS_ACTION

    apply {
        if (md.unusual != 0) {
            filter.apply(THE_PACKET);
            OAM_STAGE
        }
        switch (my_sid_table.apply().action_run) {
            END_ADVANCES BIND_ADVANCES MPLS_ADVANCES CSID_ADVANCES CSID_REPLACE_ADVANCES CSID_BIND_ADVANCES
            CSID_MPLS_ADVANCES PROXY_ADVANCES { PROCESS_SRH(srh) }
            DECAP_CASES
            L2_CASES
            BIND_CASES
            MOBILE_CASES
            END_REPLICATE_CASES
            SEARCH_CASES
            NSH_CASES
            VNF_CASES
            not_a_sid: NoAction: {
                NO_SID_HERE
            }
        }
        NSH_BEHIND_SIDS
        HMAC_STAGE
    }
}

#endif  // SRV6_CORE_SID_TABLE_P4_
