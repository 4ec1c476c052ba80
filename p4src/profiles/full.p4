// SPDX-License-Identifier: Apache-2.0
// Every family but those that have a profile of their own.
#define PROFILE "full"
#define WITH_HEADEND
#define WITH_BIND
#define WITH_DECAP
#define WITH_L2
#define WITH_CSID
#define WITH_BRIDGE
#define WITH_OAM
#define WITH_MPLS
#define WITH_REPLICATE

#include "../srv6.p4"
