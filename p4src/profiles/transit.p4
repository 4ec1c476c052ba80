// SPDX-License-Identifier: Apache-2.0
// A router between the edges: End, End.X and End.T with PSP, USP and USD, routes of IPv6 and IPv4.
#define PROFILE "transit"

#include "../srv6.p4"
