// SPDX-License-Identifier: Apache-2.0
// The families of the profile. A family that it has not leaves nothing behind: absent.p4.
#ifndef SRV6_PROFILES_FAMILIES_P4_
#define SRV6_PROFILES_FAMILIES_P4_

#ifdef WITH_HMAC
#include "../core/crypto/sha.p4"
#include "../core/sid/hmac.p4"
#endif
#ifdef WITH_HEADEND
#include "../core/headend/push.p4"
#include "../core/headend/sidlist.p4"
#ifdef WITH_MOBILE
#include "../core/headend/mobile.p4"
#endif
#if defined(WITH_REPLICATE) && defined(WITH_BRIDGE)
#include "../core/headend/spray.p4"
#endif
#ifdef WITH_PATH_TRACING
#include "../core/headend/path_tracing.p4"
#endif
#include "../core/headend/policy.p4"
#include "../core/headend/steer.p4"
#include "../core/headend/tunnel_mtu.p4"
#endif

#ifdef WITH_BRIDGE
#include "../core/router/bridge.p4"
#include "../arch/v1model/replicate.p4"
#endif
#if defined(WITH_REPLICATE) && defined(WITH_HEADEND) && defined(WITH_BRIDGE)
#include "../core/router/copies.p4"
#include "../core/sid/replicate.p4"
#include "../arch/v1model/replicate_packet.p4"
#endif

#include "../core/sid/end.p4"
#ifdef WITH_CSID
#include "../core/sid/csid.p4"
#include "../core/sid/csid_replace.p4"
#ifdef WITH_BIND
#include "../core/sid/csid_bind.p4"
#endif
#ifdef WITH_DECAP
#include "../core/sid/csid_decap.p4"
#endif
#ifdef WITH_L2
#include "../core/sid/csid_l2.p4"
#endif
#ifdef WITH_BRIDGE
#include "../core/sid/csid_l2_bridge.p4"
#endif
#endif
#ifdef WITH_MPLS
#include "../core/sid/mpls.p4"
#ifdef WITH_CSID
#include "../core/sid/csid_mpls.p4"
#endif
#endif
#ifdef WITH_BIND
#include "../core/sid/bind.p4"
#endif
#ifdef WITH_DECAP
#include "../core/sid/decap.p4"
#endif
#ifdef WITH_BRIDGE
#include "../core/sid/l2_bridge.p4"
#endif
#ifdef WITH_L2
#include "../core/sid/l2.p4"
#endif
#ifdef WITH_MOBILE
#include "../core/sid/mobile.p4"
#endif

#ifdef WITH_SERVICES
#include "../core/sid/proxy.p4"
#endif

#ifdef WITH_ALTERNATE_MARKING
#include "../core/router/alternate_marking.p4"
#endif
#ifdef WITH_PATH_TRACING
#include "../core/router/path_tracing.p4"
#endif
#ifdef WITH_NSH
#include "../core/sid/nsh.p4"
#endif
#ifdef WITH_SEARCH
#include "../core/sid/search.p4"
#endif
#ifdef WITH_OAM
#include "../core/sid/oam.p4"
#endif

#ifdef WITH_VNF
#include "../core/sid/vnf.p4"
#endif

#endif  // SRV6_PROFILES_FAMILIES_P4_
