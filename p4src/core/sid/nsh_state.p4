// SPDX-License-Identifier: Apache-2.0
// What End.NSH keeps of a packet, and its parts of the common stages (sid/nsh.p4).
#ifndef SRV6_CORE_SID_NSH_STATE_P4_
#define SRV6_CORE_SID_NSH_STATE_P4_

LAZY_STATE sfc_state_t {
    bit<16>     length;         // of the NSH packet, or of what is put in front of it
    mtu_t       removed;        // bytes in front of the NSH packet
    bit<8>      returns;        // 1: it has come back, and goes round
    bit<8>      pieces;         // of the headers in front (sid/nsh.p4)
    ipv6_addr_t first;          // Segment List[0], where it is not the next one ...
    ipv6_addr_t current;        // ... and [SL], where there is one
    bit<32>     before_hash;    // of the segments between them ...
    bit<32>     after_hash;     // ... and of what is behind
}
#define NSH_LAZY_STATE sfc_state_t sfc;

// A packet that is NSH and nothing else.
#define IS_NSH (hdr.nsh.isValid() && !hdr.ipv6.isValid() && !IS_PUSHED)
// The parts of router/mtu.p4, router/trim.p4 and router/link.p4.
#define NSH_MTU_CHECK                                       \
    } else if (IS_NSH) {                                    \
        if (SFC.length > md.mtu) {                          \
            packet_too_big(md.mtu |+| SFC.removed);         \
        }
#define NSH_TRIM_ACTION                                     \
    action take_length_of_nsh() {                           \
        FRAME_LENGTH = (bit<32>)SFC.length + 14;            \
    }
#define NSH_TRIM                                            \
        if (IS_NSH) {                                       \
            take_length_of_nsh();                           \
        } else
#define NSH_UNTAG                                           \
    if (IS_NSH) {                                           \
        untag(ETHERTYPE_NSH);                               \
    } else
#define NSH_TAG                                             \
    if (IS_NSH) {                                           \
        tag(ETHERTYPE_NSH);                                 \
    } else

// The part of admit.p4: a frame with NSH comes from a service function forwarder inside the domain.
#define NSH_ADMISSION_CONTROLS nsh_return() from_sff;
#define NSH_ADMISSION                                                                       \
            } else if (hdr.ethernet.ether_type == ETHERTYPE_NSH                             \
                       || (hdr.vlan.isValid() && hdr.vlan.ether_type == ETHERTYPE_NSH)) {   \
                if (md.unusual & UNUSUAL_NOT_MY_MAC != 0) {                                 \
                    refuse(drop_reason_t.NOT_MY_MAC);                                       \
                } else if (md.unusual & UNUSUAL_EXTERNAL != 0) {                            \
                    refuse(drop_reason_t.UNSUPPORTED_ETHERTYPE);                            \
                } else if (!hdr.nsh.isValid()) {                                            \
                    refuse(drop_reason_t.HEADER_TRUNCATED);                                 \
                } else {                                                                    \
                    from_sff.apply(THE_PACKET);                                             \
                }

// What came back goes round with its headers. In the next pass, which begins with a packet as any other, its hop limit
// is taken (NSH-2); and not once more where nothing but the route acts on it.
#define CARRIED_FROM_SFF md.carried[38:38]
#define NSH_GO_ROUND                                                    \
                    if (SFC.isValid() && SFC.returns == 1) {            \
                        carry_from_sff();                               \
                    }
#define NSH_GO_ROUND_ACTION                                             \
    action carry_from_sff() {                                           \
        CARRIED_FROM_SFF = 1;                                           \
    }
#define NSH_RESUME_ACTION                                               \
    action take_hop() {                                                 \
        hdr.ipv6.hop_limit = hdr.ipv6.hop_limit - 1;                    \
        md.unusual = md.unusual | UNUSUAL_FROM_SFF;                     \
    }
#define NSH_RESUME                                                      \
            if (CARRIED_FROM_SFF == 1) {                                \
                if (hdr.ipv6.hop_limit <= 1) {                          \
                    hop_limit_exceeded();                               \
                } else {                                                \
                    take_hop();                                         \
                }                                                       \
            }
#define NSH_BEHIND_SIDS_ACTION                                          \
    action hop_is_taken() {                                             \
        md.origin = ORIGIN_ADVANCED;                                    \
    }
#define NSH_BEHIND_SIDS                                                 \
        if (md.unusual & UNUSUAL_FROM_SFF != 0) {                       \
            if (md.next == NEXT_IN_SEQUENCE && md.origin == ORIGIN_RECEIVED) { \
                hop_is_taken();                                         \
            }                                                           \
        }

#endif  // SRV6_CORE_SID_NSH_STATE_P4_
