// SPDX-License-Identifier: Apache-2.0
// What the C-SID behaviours keep of a packet.
#ifndef SRV6_CORE_SID_CSID_STATE_P4_
#define SRV6_CORE_SID_CSID_STATE_P4_

const ipv6_addr_t IPV6_ALL_ONES = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF;

LAZY_STATE csid_state_t {
    ipv6_addr_t next_addr;   // the destination within the container, should there be an Argument
}
#define CSID_STATE csid_state_t csid;

#endif  // SRV6_CORE_SID_CSID_STATE_P4_
