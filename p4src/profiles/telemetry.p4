// SPDX-License-Identifier: Apache-2.0
// A provider edge that measures: the O flag, path tracing, alternate marking. A profile of its own: what is written
// into a packet, or read of its options, is headers and states that other packets would pay for.
#define PROFILE "telemetry"
#define WITH_HEADEND
#define WITH_BIND
#define WITH_DECAP
#define WITH_L2
#define WITH_OAM
#define WITH_PATH_TRACING
#define WITH_ALTERNATE_MARKING

#include "../srv6.p4"
