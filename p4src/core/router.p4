// SPDX-License-Identifier: Apache-2.0
// The router: what happens to an admitted packet (md.l3), up to the requests that the shim carries out.
//
//   SID block filter -> local SIDs -> route -> steering -> hop limit -> policy -> next hop -> MTU -> link layer
//
// A behaviour that has decided on a next hop or a policy skips the route.
#ifndef SRV6_CORE_ROUTER_P4_
#define SRV6_CORE_ROUTER_P4_

control router(inout headers_t hdr, inout local_metadata_t md) {
    sid_block_filter() block_filter;
    srv6_endpoint() endpoint;
    routing() routes;
    steering() steer;
    hop_limit() hops;
    sr_policy() policy;
    nexthop() adjacency;
    mtu_check() mtu;
    link_layer() link;

    action l2_port_without_policy() {
        md.drop_reason = drop_reason_t.L2_PORT_NO_POLICY;
    }

    apply {
        if (md.l3 == L3_IPV6) {
            if (md.interface_flags & INTERFACE_EXTERNAL != 0) {
                block_filter.apply(hdr, md);
            }
            if (md.l3 == L3_IPV6) {
                endpoint.apply(hdr, md);
            }
        }
        if (md.l3 == L3_FRAME) {
            if (md.policy_id == 0 && md.transmit == 0) {
                l2_port_without_policy();
            }
        } else if (md.l3 != L3_NONE && md.policy_id == 0 && md.nexthop_id == 0) {
            routes.apply(hdr, md);
            if ((md.interface_flags & INTERFACE_CLASSIFY != 0 || md.interface_policy_id != 0)
                && md.processed == 0 && md.punt_reason != punt_reason_t.LOCAL && md.drop_reason != drop_reason_t.ROUTING_TYPE) {
                steer.apply(hdr, md);
            }
        }
        if (md.l3 != L3_NONE && md.drop_reason == drop_reason_t.NONE && md.punt_reason == punt_reason_t.NONE
            && md.transmit == 0) {
            if (md.recirculate == 0) {
                if (md.hop_limit_done == 0 && md.l3 != L3_FRAME) {
                    hops.apply(hdr, md);
                }
                if (md.policy_id != 0 && md.drop_reason == drop_reason_t.NONE) {
                    policy.apply(hdr, md);
                }
                if (md.drop_reason == drop_reason_t.NONE) {
                    adjacency.apply(hdr, md);
                    if (md.transmit == 1) {
                        mtu.apply(hdr, md);
                    }
                }
            }
            link.apply(hdr, md);
        }
    }
}

#endif  // SRV6_CORE_ROUTER_P4_
