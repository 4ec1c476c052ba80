// SPDX-License-Identifier: Apache-2.0
// The router: what happens to an admitted packet (md.l3, md.fate = FATE_FORWARD), up to the requests that the shim carries out.
//
//   local SIDs (domain filter) -> route -> steering -> hop limit -> policy -> next hop -> MTU -> link layer
//
// A behaviour that has decided on a next hop or a policy skips the route.
#ifndef SRV6_CORE_ROUTER_P4_
#define SRV6_CORE_ROUTER_P4_

control router(inout headers_t hdr, inout local_metadata_t md) {
    srv6_endpoint() endpoint;
    routing() routes;
    steering() steer;
    hop_limit() hops;
    sr_policy() policy;
    nexthop() adjacency;
    mtu_check() mtu;
    link_layer() link;

    apply {
        if (md.l3 == L3_IPV6 && md.fate == FATE_FORWARD) {
            endpoint.apply(hdr, md);
        }
        if (md.policy_id == 0 && md.nexthop_id == 0 && md.fate == FATE_FORWARD) {
            routes.apply(hdr, md);
            if (md.interface_flags > INTERFACE_ROUTED) {
                if (md.interface_flags & INTERFACE_STEER != 0 && md.processed == 0
                    && md.punt_reason != punt_reason_t.LOCAL && md.drop_reason != drop_reason_t.ROUTING_TYPE) {
                    steer.apply(hdr, md);
                }
            }
        }
        if (md.fate == FATE_FORWARD && (md.hop_limit_done == 0 || md.policy_id != 0)) {
            if (md.hop_limit_done == 0) {
                hops.apply(hdr, md);
            }
            if (md.policy_id != 0 && md.fate == FATE_FORWARD) {
                policy.apply(hdr, md);
            }
        }
        if (md.fate == FATE_FORWARD) {
            adjacency.apply(hdr, md);
            mtu.apply(hdr, md);
        }
        if (md.link_changed == 1 || md.egress_vlan != 0) {
            link.apply(hdr, md);
        }
    }
}

#endif  // SRV6_CORE_ROUTER_P4_
