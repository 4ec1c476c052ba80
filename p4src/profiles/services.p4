// SPDX-License-Identifier: Apache-2.0
// A provider edge in front of services: proxies of functions that know nothing of SRv6, service function chains of NSH,
// functions on byte streams, and End.S. A profile of its own: it reads more of an SRH, and behind one.
#define PROFILE "services"
#define WITH_HEADEND
#define WITH_BIND
#define WITH_DECAP
#define WITH_L2
#define WITH_SRH_LIST
#define WITH_SERVICES
#define WITH_SEARCH
#define WITH_NSH
#define WITH_VNF

#include "../srv6.p4"
