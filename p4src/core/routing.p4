// SPDX-License-Identifier: Apache-2.0
// Routes of a VRF. A route names a next hop, a policy (steering by prefix), the node itself, or nothing.
#ifndef SRV6_CORE_ROUTING_P4_
#define SRV6_CORE_ROUTING_P4_

control routing(inout headers_t hdr, inout local_metadata_t md) {
    @id(SET_NEXTHOP_ID)
    @name(".set_nexthop")
    action set_nexthop(@refers_to(nexthop_table, nexthop_id) nexthop_id_t nexthop_id) {
        md.nexthop_id = nexthop_id;
    }

    @id(STEER_ID)
    @name(".steer")
    @brief("Into an SR policy (RFC 9256 8)")
    action steer(@refers_to(sr_policy_table, policy_id) policy_id_t policy_id) {
        md.policy_id = policy_id;
    }

    @id(LOCAL_ID)
    @name(".local")
    @brief("An address of this node")
    action local() {
        md.fate = FATE_PUNT;
        md.punt_reason = punt_reason_t.LOCAL;
    }

    @id(LOCAL_SID_ID)
    @name(".local_sid")
    @brief("A locator, or a SID outside it: a packet that a behaviour has just changed is processed again (END-10)")
    action local_sid() {
        md.fate = FATE_RECIRCULATE;
    }

    @id(BLACKHOLE_ID)
    @name(".blackhole")
    action blackhole() {
        md.fate = FATE_DROP;
        md.drop_reason = drop_reason_t.BLACKHOLE;
    }

    @id(NO_ROUTE_ID)
    @name(".no_route")
    action no_route() {
        md.fate = FATE_DROP;
        md.drop_reason = drop_reason_t.NO_ROUTE;
        md.punt_reason = punt_reason_t.NO_ROUTE;
    }

    @id(IPV6_TABLE_ID)
    @name(".ipv6_table")
    @brief("IPv6 routes of every VRF")
    table ipv6_table {
        key = {
            md.vrf_id         : exact @name("vrf_id");
            hdr.ipv6.dst_addr : lpm @name("ipv6_dst") @format(IPV6_ADDRESS);
        }
        actions = { set_nexthop; steer; local; local_sid; blackhole; no_route; }
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
        actions = { set_nexthop; steer; local; blackhole; no_route; }
        const default_action = no_route();
        size = IPV4_TABLE_SIZE;
    }

    // END-14: a routing header with segments left, at an address that is no SID.
    action routing_header_at_address() {
        md.fate = FATE_DROP;
        md.drop_reason = drop_reason_t.ROUTING_TYPE;
        md.punt_reason = punt_reason_t.PARAMETER_PROBLEM;
        md.pointer = IPV6_HEADER_LENGTH + md.extension_length + 2;
    }

    // The control plane gets a packet as it came into the pass: with the last segment as its destination in the next one.
    action deliver_in_next_pass() {
        md.fate = FATE_RECIRCULATE;
        md.punt_reason = punt_reason_t.NONE;
    }

    apply {
        if (md.l3 == L3_IPV6) {
            switch (ipv6_table.apply().action_run) {
                local: {
                    if (md.processed == 1 && md.decapsulated == 0) {
                        deliver_in_next_pass();
                    } else if (md.decapsulated == 0 && (hdr.srh.isValid() || md.chain_end == CHAIN_END_ROUTING_TYPE)) {
                        routing_header_at_address();
                    }
                }
                local_sid: {
                    if (md.processed == 0) {
                        no_route();   // inside the locator, but no SID
                    }
                }
            }
        } else {
            ipv4_table.apply();
        }
    }
}

#endif  // SRV6_CORE_ROUTING_P4_
