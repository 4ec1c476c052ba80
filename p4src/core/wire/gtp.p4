// SPDX-License-Identifier: Apache-2.0
// GTP-U (3GPP TS 29.281 5.1, 5.2; TS 38.415 5.5.2) behind UDP port 2152, received and pushed.
//
//   received  ipv4 | ipv6 .. l4 gtpu [gtpu_options [gtpu_extension_0 [gtpu_extension_1]]] payload
//   pushed    ipv4 | ipv6 pushed_gtpu [pushed_session] [frame | inner_ipv6 | inner_ipv4] payload
//
// What is received leaves as it came unless a behaviour takes it off. What GTP carries is payload: a look at its first
// octet says whether it is IPv4 or IPv6. What is pushed stands in front of a packet that may have been parsed: an IPv4
// header that was inside an SRv6 packet moves from ipv4 to inner_ipv4, so that ipv4 is what the router routes.
#ifndef SRV6_CORE_WIRE_GTP_P4_
#define SRV6_CORE_WIRE_GTP_P4_

const bit<16> GTPU_PORT              = 2152;
const bit<8>  GTPU_ECHO_REQUEST      = 1;
const bit<8>  GTPU_G_PDU             = 255;
const bit<8>  GTPU_SESSION_CONTAINER = 0x85;   // PDU Session Container
const bit<8>  GTPU_FLAGS             = 0x30;   // version 1, protocol type GTP
const bit<8>  GTPU_FLAG_E            = 0x04;
const bit<16> GTPU_HEADER_LENGTH     = 8;      // what Length does not count
const bit<16> UDP_HEADER_LENGTH      = 8;

#ifdef WITH_MOBILE
// The rest of the UDP header, and what every GTP-U header has.
header gtpu_t {
    bit<16> udp_length;
    bit<16> udp_checksum;
    bit<8>  flags;            // version (3), protocol type, spare, E, S, PN
    bit<8>  message_type;
    bit<16> length;           // of what follows these eight bytes
    bit<32> teid;
}

// With any of E, S and PN.
header gtpu_options_t {
    bit<16> sequence_number;
    bit<8>  n_pdu_number;
    bit<8>  next_extension;   // with E
}

// Length in units of four bytes. Of a PDU Session Container octet_1 is the PDU type and four bits more, octet_2 ends
// with the QFI.
header gtpu_extension_t {
    bit<8>       length;
    bit<8>       octet_1;
    bit<8>       octet_2;
    varbit<8128> rest;
    bit<8>       next_extension;
}

header pushed_gtpu_t {
    bit<16> src_port;
    bit<16> dst_port;
    bit<16> udp_length;
    bit<16> udp_checksum;
    bit<8>  flags;
    bit<8>  message_type;
    bit<16> length;
    bit<32> teid;
}

// The optional fields and a PDU Session Container of four bytes.
header pushed_session_t {
    bit<16> sequence_number;
    bit<8>  n_pdu_number;
    bit<8>  next_extension;
    bit<8>  length;
    bit<8>  octet_1;
    bit<8>  octet_2;
    bit<8>  last_extension;
}

// What an IPv4 header that had options has none by: only an extraction says how long a varbit is. Never emitted.
header no_options_t {
    varbit<320> options;
}

#define PARSE_UDP parse_udp
#define EXTRACT_NO_OPTIONS pkt.extract(hdr.no_options, 0);
#define GTP_PUSHED_INSTANCES         \
    pushed_gtpu_t    pushed_gtpu;    \
    pushed_session_t pushed_session; \
    ipv4_t           inner_ipv4;     \
    no_options_t     no_options;
#define GTP_PUSHED_EMIT           \
    pkt.emit(hdr.ipv4);           \
    pkt.emit(hdr.pushed_gtpu);    \
    pkt.emit(hdr.pushed_session);
#define IPV4_EMIT pkt.emit(hdr.inner_ipv4);
#define GTP_INSTANCES                  \
    gtpu_t           gtpu;             \
    gtpu_options_t   gtpu_options;     \
    gtpu_extension_t gtpu_extension_0; \
    gtpu_extension_t gtpu_extension_1;
#define GTP_EMIT                    \
    pkt.emit(hdr.gtpu);             \
    pkt.emit(hdr.gtpu_options);     \
    pkt.emit(hdr.gtpu_extension_0); \
    pkt.emit(hdr.gtpu_extension_1);
#else
#define PARSE_UDP parse_l4
#define EXTRACT_NO_OPTIONS
#define GTP_PUSHED_INSTANCES
#define GTP_PUSHED_EMIT
#define IPV4_EMIT pkt.emit(hdr.ipv4);
#define GTP_INSTANCES
#define GTP_EMIT
#endif

#endif  // SRV6_CORE_WIRE_GTP_P4_

#ifdef PARSER_STATES
#ifdef WITH_MOBILE
    state parse_udp {
        pkt.extract(hdr.l4);
        transition select(hdr.l4.dst_port) {
            GTPU_PORT: parse_gtpu;
            default:   accept;
        }
    }

    // GTP.complete stays 0 where the walk ends in front of the payload: another version, an extension header of
    // length 0, or a third one.
    state parse_gtpu {
        pkt.extract(hdr.gtpu);
        BEGIN(GTP)
        GTP.complete = 0;
        GTP.has_container = 0;
        GTP.container = 0;
        GTP.options_length = 0;
        GTP.first_octet = 0;
        transition select(hdr.gtpu.flags) {
            GTPU_FLAGS &&& 0xF7: gtpu_payload;
            GTPU_FLAGS &&& 0xF0: parse_gtpu_options;
            default:             accept;
        }
    }

    state parse_gtpu_options {
        pkt.extract(hdr.gtpu_options);
        GTP.options_length = 4;
        transition select(hdr.gtpu.flags, hdr.gtpu_options.next_extension) {
            (GTPU_FLAG_E &&& GTPU_FLAG_E, 0): gtpu_payload;
            (GTPU_FLAG_E &&& GTPU_FLAG_E, _): gtpu_extension_0;
            default:                          gtpu_payload;
        }
    }

#define GTPU_EXTENSION_STATES(N, TYPE, NEXT)                                   \
    state gtpu_extension_##N {                                                \
        peek = pkt.lookahead<bit<32>>();                                      \
        length = ((bit<32>)peek[31:24] - 1) << 5;                             \
        transition select(peek, TYPE) {                                       \
            (0x00000000 &&& 0xFF000000, _): accept;                           \
            (_, GTPU_SESSION_CONTAINER):    gtpu_container_##N;               \
            default:                        take_gtpu_extension_##N;          \
        }                                                                     \
    }                                                                         \
    state gtpu_container_##N {                                                \
        GTP.has_container = 1;                                                \
        GTP.container = peek[23:8];                                           \
        transition take_gtpu_extension_##N;                                   \
    }                                                                         \
    state take_gtpu_extension_##N {                                           \
        pkt.extract(hdr.gtpu_extension_##N, length);                          \
        GTP.options_length = GTP.options_length + 4 + (bit<16>)(length >> 3); \
        transition select(hdr.gtpu_extension_##N.next_extension) {            \
            0:       gtpu_payload;                                            \
            default: NEXT;                                                    \
        }                                                                     \
    }
    GTPU_EXTENSION_STATES(0, hdr.gtpu_options.next_extension, gtpu_extension_1)
    GTPU_EXTENSION_STATES(1, hdr.gtpu_extension_0.next_extension, accept)

    // Nothing may follow: the look ahead comes last.
    state gtpu_payload {
        GTP.complete = 1;
        transition gtpu_first_octet;
    }

    state gtpu_first_octet {
        GTP.first_octet = pkt.lookahead<bit<8>>();
        transition accept;
    }
#endif
#endif  // PARSER_STATES
