// SPDX-License-Identifier: Apache-2.0
// A gateway of the mobile user plane (RFC 9433): a provider edge, and what is between SRv6 and GTP-U.
#define PROFILE "mobile"
#define WITH_HEADEND
#define WITH_BIND
#define WITH_DECAP
#define WITH_L2
#define WITH_MOBILE

#include "../srv6.p4"
