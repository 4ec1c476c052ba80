// SPDX-License-Identifier: Apache-2.0
// The two operations on a received SRH. The parser has cut it at Segment List[SL-1], whatever its length; a target
// with a stack of SIDs replaces these two and the parser's states, nothing else. Macros, because p4c copies every
// header in and out of an action that is given all of them.
#ifndef SRV6_ARCH_V1MODEL_SRH_P4_
#define SRV6_ARCH_V1MODEL_SRH_P4_

// RFC 8986 4.1 S13, S14: Segments Left, destination address.
#define SRH_ADVANCE(HDR)                                          \
    HDR.srh.segments_left = HDR.srh.segments_left - 1;            \
    HDR.ipv6.dst_addr = HDR.srh_next.sid;

// The SRH with its TLVs leaves the packet.
#define SRH_POP(HDR)                \
    HDR.srh.setInvalid();           \
    HDR.srh_before.setInvalid();    \
    HDR.srh_next.setInvalid();      \
    HDR.srh_after.setInvalid();

#endif  // SRV6_ARCH_V1MODEL_SRH_P4_
