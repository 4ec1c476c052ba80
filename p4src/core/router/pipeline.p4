// SPDX-License-Identifier: Apache-2.0
// The router: what happens to a packet, from its admission to the requests that the target carries out.
//
//   local SID -> route -> [steering] -> hop limit -> [policy] -> next hop, MTU, link layer
//
// md.next says where a stage leaves this sequence: a behaviour that has chosen a next hop or a policy skips the
// route, a fate skips all that is left.
#ifndef SRV6_CORE_ROUTER_PIPELINE_P4_
#define SRV6_CORE_ROUTER_PIPELINE_P4_

control router(PACKET) {
    my_sid() sid;
    upper_layer() upper;
    routing() routes;
    hop_limit() hops;
    nexthop() adjacency;
    HEADEND_CONTROLS
    BRIDGE_CONTROLS
    SERVICE_CONTROLS
    SERVICE_ROUTE_ACTIONS
    TELEMETRY_CONTROLS

    apply {
        if (hdr.ipv6.isValid() && md.next == NEXT_IN_SEQUENCE UNLESS_FROM_SERVICE) {
            sid.apply(THE_PACKET);
        }
        SERVICE_STAGE
        if (md.next == NEXT_IN_SEQUENCE) {
            BEFORE_ROUTE
            routes.apply(THE_PACKET);
            BEHIND_ROUTE
            STEERING_STAGE
        } else if (md.next == NEXT_UPPER_LAYER) {
            upper.apply(THE_PACKET);
        }
        if (md.origin <= ORIGIN_DECAPSULATED && md.next <= NEXT_POLICY UNLESS_SERVICE) {
            hops.apply(THE_PACKET);
        }
        POLICY_STAGE
        if (md.next <= NEXT_NEXTHOP) {
            adjacency.apply(THE_PACKET);
        }
        TELEMETRY_STAGE
    }
}

#endif  // SRV6_CORE_ROUTER_PIPELINE_P4_
