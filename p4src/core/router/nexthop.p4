// SPDX-License-Identifier: Apache-2.0
// Next hops: the adjacency (port, tag, MAC addresses, MTU), a group of adjacencies chosen from by flow hash, or a
// neighbour still to be found. Groups are the ECMP of routes and the adjacency sets of End.X, End.DX4 and End.DX6.
#ifndef SRV6_CORE_ROUTER_NEXTHOP_P4_
#define SRV6_CORE_ROUTER_NEXTHOP_P4_

// What the link of an adjacency asks of a packet.
control frame_of_link(PACKET) {
    mtu_check() mtu;
    link_layer() link;
    trim_packet() trim;

    apply {
        // The usual case in one expression: an untagged packet that was not made longer fits when its frame would.
        if (FRAME_LENGTH > (bit<32>)md.mtu || md.egress_vlan != 0
            || md.unusual & (UNUSUAL_TAG | UNUSUAL_PADDING | UNUSUAL_LABELS) != 0 || IS_PUSHED) {
            mtu.apply(THE_PACKET);
            link.apply(THE_PACKET);
            if (md.unusual & UNUSUAL_PADDING != 0) {
                if (md.next == FATE_TRANSMIT) {
                    trim.apply(THE_PACKET);
                }
            }
        }
    }
}

control nexthop(PACKET) {
    VERDICTS
    flow_key() flow;
    frame_of_link() frame;
    frame_of_link() member_frame;

    WCMP_SELECTOR(NEXTHOP_GROUP_SELECTOR_ID, nexthop_group_selector, identity)

    @id(SET_ADJACENCY_ID)
    @name(".set_adjacency")
    @brief("A resolved neighbour")
    @description("vlan_id 0: untagged; mtu: longest IP packet")
    action set_adjacency(port_id_t egress_port, vlan_id_t vlan_id, @format(MAC_ADDRESS) mac_addr_t src_mac,
                         @format(MAC_ADDRESS) mac_addr_t dst_mac, mtu_t mtu) {
        hdr.ethernet.src_addr = src_mac;
        hdr.ethernet.dst_addr = dst_mac;
        md.egress_vlan = vlan_id;
        md.mtu = mtu;
        transmit(egress_port);
    }

    @id(SET_NEXTHOP_GROUP_ID)
    @name(".set_nexthop_group")
    @description("flow_seed: 32 bits of this node's own, the same in all entries; routers in a row with the same seed choose alike")
    action set_nexthop_group(@refers_to(nexthop_group_table, nexthop_group_id) nexthop_group_id_t nexthop_group_id,
                             bit<32> flow_seed) {
        md.nexthop_id = nexthop_group_id;
        BEGIN(VERDICT)
        VERDICT.flow_seed = flow_seed;
    }

    @id(GLEAN_ID)
    @name(".glean")
    @brief("A neighbour, or a connected prefix, without a known MAC address")
    action glean(port_id_t egress_port, vlan_id_t vlan_id) {
        neighbor_unresolved(egress_port);
    }

    @id(TO_LOCAL_SID_ID)
    @name(".to_local_sid")
    @brief("The first segment of a policy is a SID of this node")
    action to_local_sid() {
        go_again();
    }

    @id(NO_NEXTHOP_ID)
    @name(".no_nexthop")
    action no_nexthop() {
        refuse(drop_reason_t.NEXTHOP_INVALID);
    }

    @id(NEXTHOP_TABLE_ID)
    @name(".nexthop_table")
    @brief("Next hops, and what stands for one")
    @description("0 is no next hop")
    @entry_restriction("nexthop_id != 0")
    table nexthop_table {
        key = { md.nexthop_id : exact @name("nexthop_id"); }
        actions = { set_adjacency; set_nexthop_group; glean; to_local_sid; @defaultonly no_nexthop; }
        const default_action = no_nexthop();
        size = NEXTHOP_TABLE_SIZE;
    }

    @id(NEXTHOP_GROUP_TABLE_ID)
    @name(".nexthop_group_table")
    @brief("Weighted adjacencies: ECMP and adjacency sets")
    table nexthop_group_table {
        key = {
            md.nexthop_id : exact @name("nexthop_group_id");
            VERDICT.flow_number : selector @name("flow_number");
        }
        actions = { set_adjacency; @defaultonly NoAction; }
        size = NEXTHOP_GROUP_TABLE_SIZE;
        TABLE_SELECTOR(nexthop_group_selector)
    }

    action mix_flow() {
        CRC32_HASH(VERDICT.flow_number, FLOW)
        MIX_FLOW(VERDICT.flow_number, VERDICT.flow_number, VERDICT.flow_seed)
    }

    apply {
        switch (nexthop_table.apply().action_run) {
            set_adjacency: { frame.apply(THE_PACKET); }
            set_nexthop_group: {
                flow.apply(THE_PACKET);
                mix_flow();
                if (nexthop_group_table.apply().hit) {
                    member_frame.apply(THE_PACKET);
                } else {
                    no_nexthop();
                }
            }
        }
    }
}

#endif  // SRV6_CORE_ROUTER_NEXTHOP_P4_
