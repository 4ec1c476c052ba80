// SPDX-License-Identifier: Apache-2.0
// What the C-SID behaviours keep of a packet.
#ifndef SRV6_CORE_SID_CSID_STATE_P4_
#define SRV6_CORE_SID_CSID_STATE_P4_

const ipv6_addr_t IPV6_ALL_ONES = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF;

LAZY_STATE csid_state_t {
    ipv6_addr_t next_addr;     // NEXT: the destination within the container, should there be an Argument
                               // REPLACE: the next destination without its C-SID and Index
    // REPLACE:
    bit<8>      index;         // of the destination
    bit<8>      lnfl;
    bit<8>      shift;         // of a C-SID to its place in the destination
    bit<32>     csid;          // to be written there
    bit<16>     argument;      // Arg.FE2 of End.DT2M
    // By the parser (wire/csid.p4):
    ipv6_addr_t current;       // Segment List[SL]
    ipv6_addr_t exhausted;     // Segment List[0] of the first SRH without a segment left ...
    bit<8>      exhausted_length;
    bit<8>      exhausted_last_entry;
    bit<16>     exhausted_at;  // ... which begins there, from the end of the IPv6 header
}
#define CSID_STATE csid_state_t csid;

#endif  // SRV6_CORE_SID_CSID_STATE_P4_
