// SPDX-License-Identifier: Apache-2.0
// IPv6 (RFC 8200 3) and IPv4 (RFC 791), the packet itself or the payload of an IPv6 packet, and the ports behind them.
#ifndef SRV6_CORE_WIRE_IP_P4_
#define SRV6_CORE_WIRE_IP_P4_

// IPv6 next header / IPv4 protocol numbers.
const bit<8> IP_PROTO_HOPOPTS  = 0;
const bit<8> IP_PROTO_ICMP     = 1;
const bit<8> IP_PROTO_IPV4     = 4;
const bit<8> IP_PROTO_TCP      = 6;
const bit<8> IP_PROTO_UDP      = 17;
const bit<8> IP_PROTO_IPV6     = 41;
const bit<8> IP_PROTO_ROUTING  = 43;
const bit<8> IP_PROTO_FRAGMENT = 44;
const bit<8> IP_PROTO_AH       = 51;
const bit<8> IP_PROTO_ICMPV6   = 58;
const bit<8> IP_PROTO_DSTOPTS  = 60;
const bit<8> IP_PROTO_ETHERNET = 143;

const bit<16> IPV4_HEADER_LENGTH = 20;   // without options
const bit<16> IPV6_HEADER_LENGTH = 40;
const bit<16> IPV6_MINIMUM_MTU   = 1280;

header ipv6_t {
    bit<4>      version;
    bit<8>      traffic_class;
    bit<20>     flow_label;
    bit<16>     payload_length;
    bit<8>      next_header;
    bit<8>      hop_limit;
    ipv6_addr_t src_addr;
    ipv6_addr_t dst_addr;
}

header ipv4_t {
    bit<4>      version;
    bit<4>      ihl;
    bit<8>      tos;
    bit<16>     total_len;
    bit<16>     identification;
    bit<1>      reserved_flag;
    bit<1>      dont_fragment;
    bit<1>      more_fragments;
    bit<13>     frag_offset;
    bit<8>      ttl;
    bit<8>      protocol;
    bit<16>     hdr_checksum;
    ipv4_addr_t src_addr;
    ipv4_addr_t dst_addr;
    varbit<320> options;
}

// The first four bytes of TCP and UDP; of ICMPv6 too, whose type is then the first byte of src_port.
header l4_t {
    bit<16> src_port;
    bit<16> dst_port;
}

#define INNER_IP_INSTANCES                                             \
    ipv6_t inner_ipv6;                                                 \
    ipv4_t ipv4;       /* the packet itself, or the payload of ipv6 */ \
    l4_t   l4;
#define INNER_IP_EMIT         \
    pkt.emit(hdr.inner_ipv6); \
    IPV4_EMIT                 \
    pkt.emit(hdr.l4);

// Addresses that are not forwarded (core/addresses.p4). fe00::/7 holds link-local and multicast addresses, ::/127 the
// unspecified and the loopback address.
#define LINK_SCOPE  0xFE000000000000000000000000000000 &&& 0xFE000000000000000000000000000000
#define NO_SCOPE    0x0 &&& 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFE
#define IPV4_MAPPED 0x0000000000000000FFFF00000000 &&& 0xFFFFFFFFFFFFFFFFFFFFFFFF00000000
#define IPV6_ADDRESS_CASES(STATE) \
            (LINK_SCOPE, _):  STATE; \
            (_, LINK_SCOPE):  STATE; \
            (NO_SCOPE, _):    STATE; \
            (_, NO_SCOPE):    STATE; \
            (IPV4_MAPPED, _): STATE; \
            (_, IPV4_MAPPED): STATE;
#define THIS_NETWORK  0x00000000 &&& 0xFF000000   // 0/8
#define LOOPBACK_IPV4 0x7F000000 &&& 0xFF000000   // 127/8
#define LOCAL_IPV4    0xA9FE0000 &&& 0xFFFF0000   // 169.254/16
#define CLASS_D_E     0xE0000000 &&& 0xE0000000   // multicast, reserved, limited broadcast

#endif  // SRV6_CORE_WIRE_IP_P4_

#ifdef PARSER_STATES
    state parse_ipv6 {
        pkt.extract(hdr.ipv6);
        transition select(hdr.ipv6.src_addr, hdr.ipv6.dst_addr) {
            IPV6_ADDRESS_CASES(mark_link_scope)
            default:          after_ipv6;
        }
    }

    state mark_link_scope {
        md.unusual = md.unusual | UNUSUAL_LINK_SCOPE;
        transition after_ipv6;
    }

    state after_ipv6 {
        SELECT_NEXT(hdr.ipv6.next_header, 0)
    }

    state parse_inner_ipv6 {
        pkt.extract(hdr.inner_ipv6);
        transition select(hdr.inner_ipv6.src_addr, hdr.inner_ipv6.dst_addr) {
            IPV6_ADDRESS_CASES(mark_inner_ipv6)
            default:          after_inner_ipv6;
        }
    }

    state mark_inner_ipv6 {
        md.unusual = md.unusual | UNUSUAL_INNER_ADDRESS;
        transition after_inner_ipv6;
    }

    state after_inner_ipv6 {
        transition select(hdr.inner_ipv6.next_header) {
            IP_PROTO_TCP: parse_l4;
            IP_PROTO_UDP: PARSE_UDP;
            default:      accept;
        }
    }

    // A header that runs past the frame is not there; whether its length is too small is asked later.
    state parse_ipv4 {
        peek = pkt.lookahead<bit<32>>();
        transition select(peek) {
            0x06000000 &&& 0x0E000000: parse_ipv4_options;
            0x08000000 &&& 0x08000000: parse_ipv4_options;
            default:                   parse_plain_ipv4;
        }
    }

    state parse_plain_ipv4 {
        length = 0;
        transition take_ipv4;
    }

    state parse_ipv4_options {
        EXTRACT_NO_OPTIONS
        length = (bit<32>)(peek[27:24] - 5) << 5;
        transition take_ipv4;
    }

    state take_ipv4 {
        pkt.extract(hdr.ipv4, length);
        transition select(hdr.ipv4.src_addr, hdr.ipv4.dst_addr) {
            (THIS_NETWORK, _):  mark_ipv4;
            (_, THIS_NETWORK):  mark_ipv4;
            (LOOPBACK_IPV4, _): mark_ipv4;
            (_, LOOPBACK_IPV4): mark_ipv4;
            (LOCAL_IPV4, _):    mark_ipv4;
            (_, LOCAL_IPV4):    mark_ipv4;
            (CLASS_D_E, _):     mark_ipv4;
            (_, CLASS_D_E):     mark_ipv4;
            default:            after_ipv4;
        }
    }

    state mark_ipv4 {
        md.unusual = md.unusual | UNUSUAL_INNER_ADDRESS;
        transition after_ipv4;
    }

    // Ports of a fragment are not read, so that all fragments of a packet hash alike.
    state after_ipv4 {
        transition select(hdr.ipv4.protocol, hdr.ipv4.more_fragments, hdr.ipv4.frag_offset) {
            (IP_PROTO_TCP, 0, 0): parse_l4;
            (IP_PROTO_UDP, 0, 0): PARSE_UDP;
            default:              accept;
        }
    }

    state parse_l4 {
        pkt.extract(hdr.l4);
        transition accept;
    }
#endif  // PARSER_STATES
