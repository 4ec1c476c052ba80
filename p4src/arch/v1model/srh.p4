// SPDX-License-Identifier: Apache-2.0
// The operations on a received SRH. The parser has cut it at Segment List[SL-1], whatever its length; a target with a
// stack of SIDs replaces these and the parser's states, nothing else. Macros, because p4c copies every header in and
// out of an action that is given all of them.
#ifndef SRV6_ARCH_V1MODEL_SRH_P4_
#define SRV6_ARCH_V1MODEL_SRH_P4_

// RFC 8986 4.1 S13, S14: Segments Left, destination address.
#define SRH_ADVANCE(HDR)                                          \
    HDR.srh.segments_left = HDR.srh.segments_left - 1;            \
    HDR.ipv6.dst_addr = HDR.srh_next.sid;

// The SRH with its TLVs leaves the packet.
#define SRH_POP(HDR)                \
    HDR.srh.setInvalid();           \
    SRH_POP_LIST(HDR)               \
    HDR.srh_before.setInvalid();    \
    HDR.srh_next.setInvalid();      \
    HDR.srh_after.setInvalid();

#ifdef WITH_SRH_LIST
#define SRH_POP_LIST(HDR)           \
    HDR.srh_first.setInvalid();     \
    HDR.srh_current.setInvalid();

// The segments of the SRH with Segments Left > 0, by Segments Left as it was received; to be read once the bounds of
// the SRH have been checked. [0] and [SL-1] are one header where SL is 1; [SL] is not in the list of a reduced SRH at
// its first endpoint. What is in one of several headers is read by statements: of an expression with ?: p4c makes
// a field of metadata, which is cleared for every packet.
#define SRH_READ_FIRST_SEGMENT(HDR, INTO)                                         \
    INTO = HDR.srh_next.sid;                                                      \
    if (HDR.srh_first.isValid()) {                                                \
        INTO = HDR.srh_first.sid;                                                 \
    }
#define SRH_NEXT_SEGMENT(HDR)        HDR.srh_next.sid
#define SRH_CURRENT_SEGMENT(HDR)     HDR.srh_current.sid
#define SRH_HAS_CURRENT_SEGMENT(HDR) HDR.srh_current.isValid()

// Segment List[0], which is [SL], of the first exhausted SRH. A second SRH, exhausted or not, may follow (END-16).
#define EXHAUSTED_SRH_HAS_SEGMENT(HDR)                                            \
    (HDR.exhausted_0.isValid() || HDR.exhausted_1.isValid() || HDR.exhausted_2.isValid() || HDR.exhausted_3.isValid())
#define EXHAUSTED_SRH_READ_SEGMENT(HDR, INTO)                                     \
    if (HDR.exhausted_0.isValid()) {                                              \
        INTO = HDR.exhausted_0.first;                                             \
    } else if (HDR.exhausted_1.isValid()) {                                       \
        INTO = HDR.exhausted_1.first;                                             \
    } else if (HDR.exhausted_2.isValid()) {                                       \
        INTO = HDR.exhausted_2.first;                                             \
    } else {                                                                      \
        INTO = HDR.exhausted_3.first;                                             \
    }
#else
#define SRH_POP_LIST(HDR)
#endif

#endif  // SRV6_ARCH_V1MODEL_SRH_P4_
