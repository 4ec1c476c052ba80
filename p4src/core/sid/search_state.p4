// SPDX-License-Identifier: Apache-2.0
// What End.S keeps of a packet.
#ifndef SRV6_CORE_SID_SEARCH_STATE_P4_
#define SRV6_CORE_SID_SEARCH_STATE_P4_

LAZY_STATE search_state_t {
    bit<16>     table_id;   // where it searches ...
    ipv6_addr_t target;     // ... for Segment List[0]
}
#define SEARCH_STATE search_state_t search;

#endif  // SRV6_CORE_SID_SEARCH_STATE_P4_
