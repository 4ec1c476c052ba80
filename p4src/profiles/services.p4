// SPDX-License-Identifier: Apache-2.0
// A node of service functions: a provider edge, and the proxies of functions that know nothing of SRv6.
#define PROFILE "services"
#define WITH_HEADEND
#define WITH_BIND
#define WITH_DECAP
#define WITH_L2
#define WITH_SRH_LIST
#define WITH_SERVICES

#include "../srv6.p4"
