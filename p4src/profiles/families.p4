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
#include "../core/headend/policy.p4"
#include "../core/headend/steer.p4"
#include "../core/headend/tunnel_mtu.p4"
#endif

#ifdef WITH_BRIDGE
#include "../core/router/bridge.p4"
#include "../core/sid/l2_bridge.p4"
#include "../arch/v1model/replicate.p4"
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
#ifdef WITH_L2
#include "../core/sid/l2.p4"
#endif
#ifdef WITH_MOBILE
#include "../core/sid/mobile.p4"
#endif

#ifdef WITH_OAM
#include "../core/sid/oam.p4"
#endif

#ifdef WITH_VNF
#include "../core/sid/vnf.p4"
#endif

#endif  // SRV6_PROFILES_FAMILIES_P4_
