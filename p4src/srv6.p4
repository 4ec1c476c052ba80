// SPDX-License-Identifier: Apache-2.0
// SRv6 network programming (RFC 8402, RFC 8754, RFC 8986) for v1model.
//
//   parse - receive (admit) - router (SIDs, routes, policies, next hops) - dispatch - [traffic manager] - egress - deparse
//
// core/ knows no target; arch/v1model/ is the shim.

#include <core.p4>
#include <v1model.p4>

#include "arch/v1model/arch.p4"
#include "core/ids.p4"
#include "core/constants.p4"
#include "core/types.p4"
#include "core/headers.p4"
#include "core/metadata.p4"
#include "core/parser.p4"
#include "arch/v1model/srh.p4"
#include "arch/v1model/checksum.p4"
#include "core/admit.p4"
#include "core/domain_filter.p4"
#include "core/srv6_endpoint.p4"
#include "core/routing.p4"
#include "core/steering.p4"
#include "core/flow_hash.p4"
#include "core/sidlist.p4"
#include "core/sr_policy.p4"
#include "core/nexthop.p4"
#include "core/forward.p4"
#include "core/router.p4"
#include "arch/v1model/receive.p4"
#include "arch/v1model/dispatch.p4"
#include "arch/v1model/egress.p4"

control srv6_ingress(inout headers_t hdr, inout local_metadata_t md, inout standard_metadata_t standard_metadata) {
    receive() arrival;
    router() route;
    dispatch() departure;

    apply {
        arrival.apply(hdr, md, standard_metadata);
        route.apply(hdr, md);
        departure.apply(hdr, md, standard_metadata);
    }
}

@pkginfo(name = "srv6.p4", organization = "SRv6 network programming in P4", version = "1.0.0")
V1Switch(srv6_parser(), srv6_verify_checksum(), srv6_ingress(), srv6_egress(), srv6_compute_checksum(),
         srv6_deparser()) main;
