// SPDX-License-Identifier: Apache-2.0
// A provider edge: transit, and policies with their headend behaviours and steering, decapsulation, binding SIDs,
// frames.
#define PROFILE "edge"
#define WITH_HEADEND
#define WITH_BIND
#define WITH_DECAP
#define WITH_L2

#include "../srv6.p4"
