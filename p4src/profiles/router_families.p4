// SPDX-License-Identifier: Apache-2.0
// What families of the profile have beside the router: they use its stages.
#ifndef SRV6_PROFILES_ROUTER_FAMILIES_P4_
#define SRV6_PROFILES_ROUTER_FAMILIES_P4_

#ifdef WITH_SERVICES
#include "../core/router/service.p4"
#endif

#endif  // SRV6_PROFILES_ROUTER_FAMILIES_P4_
