// SPDX-License-Identifier: Apache-2.0
// Routes of a VRF. A route names a next hop, a policy (steering by prefix), the node itself, or nothing.
#ifndef SRV6_CORE_ROUTER_ROUTE_P4_
#define SRV6_CORE_ROUTER_ROUTE_P4_

control routing(PACKET) {
    VERDICTS

    @id(SET_NEXTHOP_ID)
    @name(".set_nexthop")
    action set_nexthop(@refers_to(nexthop_table, nexthop_id) nexthop_id_t nexthop_id) {
        md.nexthop_id = nexthop_id;
    }

    ROUTE_POLICY_ACTION

    @id(LOCAL_ID)
    @name(".local")
    @brief("An address of this node")
    action local() {
        punt(punt_reason_t.LOCAL);
    }

    @id(LOCAL_SID_ID)
    @name(".local_sid")
    @brief("A locator, or a SID outside it: a packet that a behaviour has just changed is processed again (END-10)")
    action local_sid() {
        go_again();
    }

    @id(BLACKHOLE_ID)
    @name(".blackhole")
    action blackhole() {
        refuse(drop_reason_t.BLACKHOLE);
    }

    @id(BROADCAST_ID)
    @name(".broadcast")
    @brief("The broadcast address of a connected prefix, or its obsolete form, the network address")
    action broadcast() {
        refuse(drop_reason_t.MULTICAST);   // RFC 1812 5.3.5.2, RFC 2644; 4.3.2.7: nobody is told
    }

    @id(NO_ROUTE_ID)
    @name(".no_route")
    action no_route() {
        destination_unreachable();
    }

    @id(IPV6_TABLE_ID)
    @name(".ipv6_table")
    @brief("IPv6 routes of every VRF")
    table ipv6_table {
        key = {
            md.vrf_id         : exact @name("vrf_id");
            hdr.ipv6.dst_addr : lpm @name("ipv6_dst") @format(IPV6_ADDRESS);
        }
        actions = { set_nexthop; ROUTE_POLICY_ACTION_NAME local; local_sid; blackhole; no_route; }
        const default_action = no_route();
        size = IPV6_TABLE_SIZE;
    }

    @id(IPV4_TABLE_ID)
    @name(".ipv4_table")
    @brief("IPv4 routes of every VRF")
    table ipv4_table {
        key = {
            md.vrf_id         : exact @name("vrf_id");
            hdr.ipv4.dst_addr : lpm @name("ipv4_dst") @format(IPV4_ADDRESS);
        }
        actions = { set_nexthop; ROUTE_POLICY_ACTION_NAME local; broadcast; blackhole; no_route; }
        const default_action = no_route();
        size = IPV4_TABLE_SIZE;
    }

    apply {
        if (hdr.ipv6.isValid()) {
            switch (ipv6_table.apply().action_run) {
                local: {
                    // The control plane gets a packet as it came into the pass: with the last segment as its
                    // destination in the next one.
                    if (md.origin == ORIGIN_ADVANCED) {
                        go_again();
                    } else if (md.origin != ORIGIN_DECAPSULATED
                               && (hdr.srh.isValid() || md.unusual & UNUSUAL_ROUTING_TYPE != 0)) {
                        // END-14: a routing header with segments left, at an address that is no SID. The options in
                        // front of it come first.
                        if (md.unusual & UNUSUAL_OPTION != 0) {
                            unrecognized_option();
                        } else {
                            parameter_problem(drop_reason_t.ROUTING_TYPE, POINTER_ROUTING_TYPE);
                        }
                    }
                }
                local_sid: {
                    if (md.origin == ORIGIN_RECEIVED || md.origin == ORIGIN_OWN) {
                        no_route();   // inside the locator, but no SID
                    }
                }
            }
        } else {
            IPV4_LOOKUP
        }
    }
}

#endif  // SRV6_CORE_ROUTER_ROUTE_P4_
