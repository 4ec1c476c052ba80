// SPDX-License-Identifier: Apache-2.0
// A node of service functions: a provider edge, and functions on byte streams.
#define PROFILE "services"
#define WITH_HEADEND
#define WITH_BIND
#define WITH_DECAP
#define WITH_L2
#define WITH_SRH_LIST
#define WITH_VNF

#include "../srv6.p4"
