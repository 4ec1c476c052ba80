// SPDX-License-Identifier: Apache-2.0
// A provider edge that processes TLVs, and verifies and makes HMACs (RFC 8754 2.1). A profile of its own: the hash
// functions are as long as all the rest.
#define PROFILE "hmac"
#define WITH_HEADEND
#define WITH_BIND
#define WITH_DECAP
#define WITH_L2
#define WITH_HMAC
#define WITH_SRH_LIST

#include "../srv6.p4"
