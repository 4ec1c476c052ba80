// SPDX-License-Identifier: Apache-2.0
// SRv6 network programming (RFC 8402, RFC 8754, RFC 8986) for v1model. Compiled through a profile (profiles/*.p4).
//
//   parse - receive (admit) - router (SIDs, routes, policies, next hops) - dispatch - [traffic manager] - egress -
// deparse
//
// core/ knows no target; arch/v1model/ is the shim.

#define V1MODEL_VERSION 20200408   // counters and meters with an index of their own type: no cast, no temporary
#include <core.p4>
#include <v1model.p4>

#include "arch/v1model/arch.p4"
#include "core/ids.p4"
#include "core/constants.p4"
#include "core/types.p4"
#include "core/reasons.p4"
#include "core/wire/packet_io.p4"
#include "core/wire/link.p4"
#include "core/wire/ip.p4"
#include "core/wire/csid.p4"
#include "core/wire/extension.p4"
#include "core/wire/srh.p4"
#include "core/wire/hmac.p4"
#include "core/wire/frame.p4"
#include "core/wire/gtp.p4"
#include "core/wire/pushed.p4"
#include "core/wire/telemetry.p4"
#include "core/wire/nsh.p4"
#include "core/wire/mpls.p4"
#include "profiles/absent.p4"
#include "core/state.p4"
#include "core/wire/headers.p4"
#include "core/wire/parser.p4"
#include "arch/v1model/srh.p4"
#include "arch/v1model/checksum.p4"
#include "core/verdict.p4"
#include "core/addresses.p4"
#include "core/domain.p4"
#include "core/router/flow.p4"
#include "core/sid/outer_to_inner.p4"
#include "core/sid/upper_layer.p4"
#include "profiles/families.p4"
#include "core/sid/srh.p4"
#include "core/source_guard.p4"
#include "core/admit.p4"
#include "core/sid/table.p4"
#include "core/router/route.p4"
#include "core/router/hop_limit.p4"
#include "core/router/mtu.p4"
#include "core/router/link.p4"
#include "core/router/trim.p4"
#include "core/router/nexthop.p4"
#include "profiles/router_families.p4"
#include "core/router/pipeline.p4"
#include "arch/v1model/receive.p4"
#include "arch/v1model/dispatch.p4"
#include "arch/v1model/egress.p4"

control srv6_ingress(PACKET) {
    receive() arrival;
    router() route;
    dispatch() departure;

    apply {
        arrival.apply(THE_PACKET);
        route.apply(THE_PACKET);
        departure.apply(THE_PACKET);
    }
}

@pkginfo(name = "srv6.p4", organization = "SRv6 network programming in P4", version = "2.0.0")
@brief("SRv6 router")
@description(PROFILE)
V1Switch(srv6_parser(), srv6_verify_checksum(), srv6_ingress(), srv6_egress(), srv6_compute_checksum(),
         srv6_deparser()) main;
