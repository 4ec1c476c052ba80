// SPDX-License-Identifier: Apache-2.0
// The chain of IPv6 extension headers (RFC 8200 4), walked in up to four slots until an SRH with Segments Left > 0,
// or the upper layer. An exhausted SRH is an extension header like any other, so that a second SRH behind it is found
// (END-16).
#ifndef SRV6_CORE_WIRE_EXTENSION_P4_
#define SRV6_CORE_WIRE_EXTENSION_P4_

// One header that is walked, not processed: Hop-by-Hop and Destination Options, a routing header with nothing left to
// visit, a Fragment header, an Authentication Header. The third and fourth byte are named for the routing header (RFC
// 8200 4.4); in a Fragment header they hold the offset and the M flag.
header extension_t {
    bit<8>        next_header;
    bit<8>        hdr_ext_len;
    bit<8>        routing_type;
    bit<8>        segments_left;
    bit<32>       data;
    varbit<16320> rest;
}

#ifdef WITH_SRH_LIST
// The list of an exhausted SRH and its TLVs, behind the 8 bytes in its slot.
header exhausted_list_t {
    ipv6_addr_t   first;  // Segment List[0], which is [SL]
    varbit<16192> rest;
}

#elif defined(WITH_CSID)
// The same, whose first segment the parser has copied (csid.p4).
header exhausted_list_t {
    varbit<16320> octets;
}
#endif

#if defined(WITH_SRH_LIST) || defined(WITH_CSID)
#define EXTENSION_INSTANCE(N)                                                                            \
    extension_t      extension_##N;                                                                      \
    exhausted_list_t exhausted_##N;
#define EXTENSION_EMIT_SLOT(N)                                                                           \
    pkt.emit(hdr.extension_##N);                                                                         \
    pkt.emit(hdr.exhausted_##N);
// The header in slot N leaves the packet.
#define EXTENSION_POP(HDR, N)                                                                            \
    HDR.extension_##N.setInvalid();                                                                      \
    HDR.exhausted_##N.setInvalid();                                                                      \
    PATH_TRACING_POP_##N(HDR)
#else
#define EXTENSION_INSTANCE(N) extension_t extension_##N;
#define EXTENSION_EMIT_SLOT(N) pkt.emit(hdr.extension_##N);
#define EXTENSION_POP(HDR, N)                                                                            \
    HDR.extension_##N.setInvalid();                                                                      \
    PATH_TRACING_POP_##N(HDR)
#endif
#define EXTENSION_INSTANCES                                                                              \
    EXTENSION_INSTANCE(0)                                                                                \
    PATH_TRACING_INSTANCES                                                                               \
    EXTENSION_INSTANCE(1)                                                                                \
    EXTENSION_INSTANCE(2)                                                                                \
    EXTENSION_INSTANCE(3)
#define EXTENSION_EMIT                                                                                   \
    EXTENSION_EMIT_SLOT(0)                                                                               \
    PATH_TRACING_EMIT                                                                                    \
    EXTENSION_EMIT_SLOT(1)                                                                               \
    EXTENSION_EMIT_SLOT(2)                                                                               \
    EXTENSION_EMIT_SLOT(3)

// Actions that take the header of a slot out of the packet: the header in front of it names what followed.
#define EXTENSION_REMOVALS                                                                               \
    action remove_3() {                                                                                  \
        hdr.extension_2.next_header = hdr.extension_3.next_header;                                       \
        hdr.ipv6.payload_length = hdr.ipv6.payload_length - 8 - ((bit<16>)hdr.extension_3.hdr_ext_len << 3); \
        EXTENSION_POP(hdr, 3)                                                                            \
    }                                                                                                    \
    action remove_2() {                                                                                  \
        hdr.extension_1.next_header = hdr.extension_2.next_header;                                       \
        hdr.ipv6.payload_length = hdr.ipv6.payload_length - 8 - ((bit<16>)hdr.extension_2.hdr_ext_len << 3); \
        EXTENSION_POP(hdr, 2)                                                                            \
    }                                                                                                    \
    action remove_1() {                                                                                  \
        hdr.extension_0.next_header = hdr.extension_1.next_header;                                       \
        hdr.ipv6.payload_length = hdr.ipv6.payload_length - 8 - ((bit<16>)hdr.extension_1.hdr_ext_len << 3); \
        EXTENSION_POP(hdr, 1)                                                                            \
    }                                                                                                    \
    action remove_0() {                                                                                  \
        hdr.ipv6.next_header = hdr.extension_0.next_header;                                              \
        hdr.ipv6.payload_length = hdr.ipv6.payload_length - 8 - ((bit<16>)hdr.extension_0.hdr_ext_len << 3); \
        EXTENSION_POP(hdr, 0)                                                                            \
    }

// What may follow a header whose next header field is NEXT, with extension slot N still free.
#define SELECT_NEXT(NEXT, N)                                                                             \
    transition select(NEXT) {                                                                            \
        IP_PROTO_ROUTING:  routing_##N;                                                                  \
        IP_PROTO_HOPOPTS:  HOP_BY_HOP_STATE(N);                                                          \
        IP_PROTO_DSTOPTS:  options_##N;                                                                  \
        IP_PROTO_FRAGMENT: fragment_##N;                                                                 \
        IP_PROTO_AH:       authentication_##N;                                                           \
        IP_PROTO_IPV4:     parse_ipv4;                                                                   \
        IP_PROTO_IPV6:     parse_inner_ipv6;                                                             \
        IP_PROTO_TCP:      parse_l4;                                                                     \
        IP_PROTO_UDP:      PARSE_UDP;                                                                    \
        IP_PROTO_ICMPV6:   parse_l4;                                                                     \
        FRAME_STATE                                                                                      \
        default:           accept;                                                                       \
    }

#ifdef WITH_HMAC
// An SRH of one segment that a headend makes is exhausted from the beginning.
#define EXHAUSTED_SRH_STATE(N) made_srh_##N
#define MADE_SRH_STATES(N)                                                                               \
    state made_srh_##N {                                                                                 \
        transition select(CARRIED_HMAC, hdr.hmac.flags) {                                                \
            (HMAC_PENDING, HMAC_GENERATE &&& HMAC_GENERATE): parse_srh_of_hmac;                          \
            default:                                         exhausted_srh_##N;                          \
        }                                                                                                \
    }
#else
#define EXHAUSTED_SRH_STATE(N) exhausted_srh_##N
#define MADE_SRH_STATES(N)
#endif
#ifdef WITH_SRH_LIST
#define EXHAUSTED_SRH_CASES(N)                                                                           \
            0x00000400 &&& 0x00FEFFFF: extension_##N;        /* no segment in it */                      \
            0x00020400 &&& 0x00FFFFFF: exhausted_srh_of_one_##N;                                         \
            0x00000400 &&& 0x0000FFFF: EXHAUSTED_SRH_STATE(N);
// The length of the chain is told first: where the list is cut short it is longer than the packet, which is an error.
#define EXHAUSTED_SRH_STATES(N, NEXT_N)                                                                  \
    MADE_SRH_STATES(N)                                                                                   \
    state exhausted_srh_of_one_##N {                                                                     \
        length = 0;                                                                                      \
        transition take_exhausted_srh_##N;                                                               \
    }                                                                                                    \
    state exhausted_srh_##N {                                                                            \
        length = ((bit<32>)peek[23:16] << 6) - 128;                                                      \
        transition take_exhausted_srh_##N;                                                               \
    }                                                                                                    \
    state take_exhausted_srh_##N {                                                                       \
        pkt.extract(hdr.extension_##N, 0);                                                               \
        md.unusual = md.unusual | UNUSUAL_EXTENSION;                                                     \
        md.extension_length = md.extension_length + 24 + (bit<16>)(length >> 3);                         \
        pkt.extract(hdr.exhausted_##N, length);                                                          \
        AFTER_EXHAUSTED_SRH(N, NEXT_N)                                                                   \
    }
#else
#define EXHAUSTED_SRH_CASES(N)
#define EXHAUSTED_SRH_STATES(N, NEXT_N)
#endif

// The O flag (RFC 9259 2.1) of an exhausted SRH in slot N, whose flags are the second octet of data.
#ifdef WITH_OAM
#define AFTER_TAKEN(N)                                                                                   \
        transition select(hdr.extension_##N.routing_type, hdr.extension_##N.data) {                      \
            (ROUTING_TYPE_SRH, 0x00200000 &&& 0x00200000): o_flag_##N;                                   \
            default:                                       after_##N;                                    \
        }
#define AFTER_EXHAUSTED_SRH(N, NEXT_N) AFTER_TAKEN(N)
#define O_FLAG_STATE(N)                                                                                  \
    state o_flag_##N {                                                                                   \
        md.unusual = md.unusual | UNUSUAL_O_FLAG;                                                        \
        transition after_##N;                                                                            \
    }
#else
#define AFTER_TAKEN(N) transition after_##N;
#define AFTER_EXHAUSTED_SRH(N, NEXT_N) SELECT_NEXT(hdr.extension_##N.next_header, NEXT_N)
#define O_FLAG_STATE(N)
#endif

// The options of a Hop-by-Hop or Destination Options header (RFC 8200 4.2), walked until there is one that must not be
// skipped: its type begins with other bits than 00. Only a destination minds. VERDICT.options holds the next of the
// first 16 octets of the header, each bit inverted, so that the zeros that are shifted in read as an option of type
// 0xFF: an option that begins behind them is not skipped unseen. `length` is what is left of the header, in octets.
// (A header of 8 octets is read where it was extracted to, since 16 might be more than the packet has.)
#define OPTION_PAD1  0xFF000000000000000000000000000000 &&& 0xFF000000000000000000000000000000
#define OPTION_SHORT 0xC0F00000000000000000000000000000 &&& 0xC0F00000000000000000000000000000   // to 15 octets
#define OPTION_LONG  0xC0000000000000000000000000000000 &&& 0xC0000000000000000000000000000000   // past what is seen
#define OPTION_DATA_LENGTH (~VERDICT.options[119:112])
#define OPTIONS_STATES(N, NEXT_N)                                                                          \
    state options_##N {                                                                                  \
        BEGIN(VERDICT)                                                                                   \
        peek = pkt.lookahead<bit<32>>();                                                                 \
        length = (bit<32>)peek[23:16] << 6;                                                              \
        md.unusual = md.unusual | UNUSUAL_EXTENSION;                                                     \
        transition select(peek) {                                                                        \
            0x00000000 &&& 0x00FF0000: options_of_8_##N;                                                 \
            default:                   options_of_more_##N;                                              \
        }                                                                                                \
    }                                                                                                    \
    state options_of_8_##N {                                                                             \
        pkt.extract(hdr.extension_##N, 0);                                                               \
        VERDICT.options = ~(hdr.extension_##N.routing_type ++ hdr.extension_##N.segments_left            \
                            ++ hdr.extension_##N.data ++ ~80w0);                                         \
        transition first_option_##N;                                                                     \
    }                                                                                                    \
    state options_of_more_##N {                                                                          \
        VERDICT.options = pkt.lookahead<bit<128>>();                                                     \
        pkt.extract(hdr.extension_##N, length);                                                          \
        VERDICT.options = ~VERDICT.options << 16;                                                        \
        transition first_option_##N;                                                                     \
    }                                                                                                    \
    state first_option_##N {                                                                             \
        length = ((bit<32>)hdr.extension_##N.hdr_ext_len << 3) + 6;                                      \
        md.extension_length = md.extension_length + 2 + (bit<16>)length;                                 \
        transition next_option_##N;                                                                      \
    }                                                                                                    \
    state next_option_##N {                                                                              \
        transition select(length, VERDICT.options) {                                                     \
            (0, _):                         after_##N;                                                   \
            (0x80000000 &&& 0x80000000, _): stop_option_##N;   /* it runs past its header */             \
            (_, OPTION_PAD1):               skip_pad1_##N;                                               \
            MARKING_CASE(N)                                                                              \
            (_, OPTION_SHORT):              skip_option_##N;                                             \
            (_, OPTION_LONG):               skip_long_option_##N;                                        \
            default:                        stop_option_##N;                                             \
        }                                                                                                \
    }                                                                                                    \
    state skip_pad1_##N {                                                                                \
        length = length - 1;                                                                             \
        VERDICT.options = VERDICT.options << 8;                                                          \
        transition next_option_##N;                                                                      \
    }                                                                                                    \
    state skip_option_##N {                                                                              \
        length = length - 2 - (bit<32>)OPTION_DATA_LENGTH;                                               \
        VERDICT.options = VERDICT.options << (OPTION_DATA_LENGTH << 3) << 16;                            \
        transition next_option_##N;                                                                      \
    }                                                                                                    \
    state skip_long_option_##N {                                                                         \
        length = length - 2 - (bit<32>)OPTION_DATA_LENGTH;                                               \
        VERDICT.options = 0;                                                                             \
        transition next_option_##N;                                                                      \
    }                                                                                                    \
    MARKING_STATE_##N                                                                                    \
    state stop_option_##N {                                                                              \
        md.unusual = md.unusual | UNUSUAL_OPTION;                                                        \
        transition after_##N;                                                                            \
    }                                                                                                    \
    state after_##N {                                                                                    \
        SELECT_NEXT(hdr.extension_##N.next_header, NEXT_N)                                               \
    }

// Slot N, and the states that fill it. A routing header that is not an SRH is passed over when it has nothing left to
// visit (SRH-10); otherwise the walk ends.
#define EXTENSION_SLOT(N, NEXT_N)                                                            \
    state routing_##N {                                                                      \
        peek = pkt.lookahead<bit<32>>();                                                     \
        transition select(peek) {                                                            \
            EXHAUSTED_SRH_CASES(N)                                                           \
            0x00000000 &&& 0x000000FF: extension_##N;                                        \
            0x00000400 &&& 0x0000FF00: SRH_STATE;                                            \
            default:                   unknown_routing_type;                                 \
        }                                                                                    \
    }                                                                                        \
    state extension_##N {                                                                    \
        peek = pkt.lookahead<bit<32>>();                                                     \
        length = (bit<32>)peek[23:16] << 6;                                                  \
        SELECT_BY_INDEX(N)                                                                   \
    }                                                                                        \
    INDEX_STATES(N)                                                                          \
    state authentication_##N {                                                               \
        peek = pkt.lookahead<bit<32>>();                                                     \
        length = (bit<32>)peek[23:16] << 5;                                                  \
        md.unusual = md.unusual | UNUSUAL_AUTHENTICATION;                                    \
        transition take_##N;                                                                 \
    }                                                                                        \
    state take_##N {                                                                         \
        pkt.extract(hdr.extension_##N, length);                                              \
        md.unusual = md.unusual | UNUSUAL_EXTENSION;                                         \
        md.extension_length = md.extension_length + 8 + (bit<16>)(length >> 3);              \
        AFTER_TAKEN(N)                                                                       \
    }                                                                                        \
    O_FLAG_STATE(N)                                                                          \
    HOP_BY_HOP_STATES_##N                                                                    \
    OPTIONS_STATES(N, NEXT_N)                                                                \
    EXHAUSTED_SRH_STATES(N, NEXT_N)                                                          \
    state fragment_##N {                                                                     \
        pkt.extract(hdr.extension_##N, 0);                                                   \
        md.unusual = md.unusual | UNUSUAL_EXTENSION;                                         \
        md.extension_length = md.extension_length + 8;                                       \
        transition select(hdr.extension_##N.routing_type, hdr.extension_##N.segments_left) { \
            (0, 0 &&& 0xF9): after_##N;                                                      \
            default:         fragment;                                                       \
        }                                                                                    \
    }

#endif  // SRV6_CORE_WIRE_EXTENSION_P4_

#ifdef PARSER_STATES
    EXTENSION_SLOT(0, 1)
    EXTENSION_SLOT(1, 2)
    EXTENSION_SLOT(2, 3)
    EXTENSION_SLOT(3, 4)

    // All slots are taken: an SRH is still read, any other extension header is not.
    state routing_4 {
        peek = pkt.lookahead<bit<32>>();
        transition select(peek) {
            0x00000000 &&& 0x000000FF: accept;
            0x00000400 &&& 0x0000FF00: SRH_STATE;
            default:                   unknown_routing_type;
        }
    }
    HOP_BY_HOP_STATES_4
    state options_4 { transition accept; }
    state fragment_4 { transition accept; }
    state authentication_4 { transition accept; }

    // The upper layer of a fragment cannot be told (UL-5).
    state fragment {
        md.unusual = md.unusual | UNUSUAL_FRAGMENT;
        transition accept;
    }

    state unknown_routing_type {
        md.unusual = md.unusual | UNUSUAL_ROUTING_TYPE;
        transition accept;
    }
#endif  // PARSER_STATES
