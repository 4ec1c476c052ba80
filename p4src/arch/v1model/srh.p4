// SPDX-License-Identifier: Apache-2.0
// The two operations on a received SRH. The parser has cut it at Segment List[SL-1], whatever its length; a target with a
// stack of SIDs replaces these two actions and the parser's states, nothing else.
#ifndef SRV6_ARCH_V1MODEL_SRH_P4_
#define SRV6_ARCH_V1MODEL_SRH_P4_

// RFC 8986 4.1 S13, S14: Segments Left, destination address.
action srh_advance(inout headers_t hdr) {
    hdr.srh.segments_left = hdr.srh.segments_left - 1;
    hdr.ipv6.dst_addr = hdr.srh_next.sid;
}

// The SRH with its TLVs leaves the packet.
action srh_pop(inout headers_t hdr) {
    hdr.srh.setInvalid();
    hdr.srh_before.setInvalid();
    hdr.srh_next.setInvalid();
    hdr.srh_after.setInvalid();
}

#endif  // SRV6_ARCH_V1MODEL_SRH_P4_
