// SPDX-License-Identifier: Apache-2.0
// Parser and deparser.
//
//   ethernet [vlan] ipv6 [extension_0..3] [srh before next after] [inner ethernet | ipv6 | ipv4] [l4]
//
// The chain of IPv6 extension headers is walked in up to four slots until an SRH with Segments Left > 0 (parsed in pieces,
// whatever its length), or the upper layer. An exhausted SRH is an extension header like any other, so that a second SRH
// behind it is found (END-16). Nothing is rejected here: where the walk stops the rest of the packet is payload, and a
// router that is not the destination forwards it as it is (END-15). verify() is not used for the same reason.
//
// The emit order below is the order of headers_t.
#ifndef SRV6_CORE_PARSER_P4_
#define SRV6_CORE_PARSER_P4_

#define LINK_SCOPE 0xFE000000000000000000000000000000 &&& 0xFE000000000000000000000000000000
// The unspecified and the loopback address.
#define NO_SCOPE   0x0 &&& 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFE


// What may follow a header whose next header field is NEXT, with extension slot N still free.
#define SELECT_NEXT(NEXT, N)                            \
    transition select(NEXT) {                           \
        IP_PROTO_ROUTING:  routing_##N;                 \
        IP_PROTO_HOPOPTS:  extension_##N;               \
        IP_PROTO_DSTOPTS:  extension_##N;               \
        IP_PROTO_FRAGMENT: fragment_##N;                \
        IP_PROTO_AH:       authentication_##N;          \
        IP_PROTO_IPV4:     parse_ipv4;                  \
        IP_PROTO_IPV6:     parse_inner_ipv6;            \
        IP_PROTO_ETHERNET: parse_inner_ethernet;        \
        IP_PROTO_TCP:      parse_l4;                    \
        IP_PROTO_UDP:      parse_l4;                    \
        IP_PROTO_ICMPV6:   parse_l4;                    \
        default:           accept;                      \
    }

// Slot N, and the states that fill it. A routing header that is not an SRH is passed over when it has nothing left to visit
// (SRH-10); otherwise the walk ends.
#define EXTENSION_SLOT(N, NEXT_N)                                                                        \
    state routing_##N {                                                                                  \
        peek = pkt.lookahead<bit<32>>();                                                                 \
        transition select(peek) {                                                                        \
            0x00000000 &&& 0x000000FF: extension_##N;                                                    \
            0x00000400 &&& 0x0000FF00: parse_srh;                                                        \
            default:                   unknown_routing_type;                                             \
        }                                                                                                \
    }                                                                                                    \
    state extension_##N {                                                                                \
        peek = pkt.lookahead<bit<32>>();                                                                 \
        length = (bit<32>)peek[23:16] << 6;                                                              \
        transition take_##N;                                                                             \
    }                                                                                                    \
    state authentication_##N {                                                                           \
        peek = pkt.lookahead<bit<32>>();                                                                 \
        length = (bit<32>)peek[23:16] << 5;                                                              \
        transition take_##N;                                                                             \
    }                                                                                                    \
    state take_##N {                                                                                     \
        pkt.extract(hdr.extension_##N, length);                                                          \
        md.extension_length = md.extension_length + 8 + (bit<16>)(length >> 3);                          \
        SELECT_NEXT(hdr.extension_##N.next_header, NEXT_N)                                               \
    }                                                                                                    \
    state fragment_##N {                                                                                 \
        pkt.extract(hdr.extension_##N, 0);                                                               \
        md.extension_length = md.extension_length + 8;                                                   \
        transition select(hdr.extension_##N.routing_type, hdr.extension_##N.segments_left) {             \
            (0, 0 &&& 0xF9): after_atomic_fragment_##N;                                                  \
            default:         fragment;                                                                   \
        }                                                                                                \
    }                                                                                                    \
    state after_atomic_fragment_##N {                                                                    \
        SELECT_NEXT(hdr.extension_##N.next_header, NEXT_N)                                               \
    }

parser srv6_parser(packet_in pkt, out headers_t hdr, inout local_metadata_t md PARSER_INTRINSIC) {
    bit<32> peek;    // the first bytes of an extension header: next header, length, routing type, Segments Left
    bit<32> length;  // of a varbit, bits

    PARSER_START   // the target's first states; they lead to parse_packet_out or parse_ethernet

    state parse_packet_out {
        pkt.extract(hdr.packet_out);
        transition select(hdr.packet_out.submit_to_ingress) {
            1:       parse_ethernet;
            default: accept;
        }
    }

    state parse_ethernet {
        pkt.extract(hdr.ethernet);
        transition select(hdr.ethernet.ether_type) {
            ETHERTYPE_IPV6: parse_ipv6;
            ETHERTYPE_IPV4: parse_ipv4_packet;
            ETHERTYPE_VLAN: parse_vlan;
            ETHERTYPE_QINQ: parse_vlan;
            default:        accept;
        }
    }

    state parse_vlan {
        pkt.extract(hdr.vlan);
        md.tagged = 1;
        md.link_changed = 1;
        transition select(hdr.vlan.ether_type) {
            ETHERTYPE_IPV6: parse_ipv6;
            ETHERTYPE_IPV4: parse_ipv4_packet;
            default:        accept;
        }
    }

    state parse_ipv6 {
        pkt.extract(hdr.ipv6);
        md.l3 = L3_IPV6;
        // fe00::/7 holds link-local and multicast addresses.
        transition select(hdr.ipv6.src_addr, hdr.ipv6.dst_addr) {
            (LINK_SCOPE, _): mark_link_scope;
            (_, LINK_SCOPE): mark_link_scope;
            (NO_SCOPE, _):   mark_link_scope;
            default:         after_ipv6;
        }
    }

    state mark_link_scope {
        md.link_scope = 1;
        transition after_ipv6;
    }

    state after_ipv6 {
        SELECT_NEXT(hdr.ipv6.next_header, 0)
    }

    state parse_ipv4_packet {
        md.l3 = L3_IPV4;
        transition parse_ipv4;
    }

    EXTENSION_SLOT(0, 1)
    EXTENSION_SLOT(1, 2)
    EXTENSION_SLOT(2, 3)
    EXTENSION_SLOT(3, 4)

    // All slots are taken: an SRH is still read, any other extension header is not.
    state routing_4 {
        peek = pkt.lookahead<bit<32>>();
        transition select(peek) {
            0x00000000 &&& 0x000000FF: accept;
            0x00000400 &&& 0x0000FF00: parse_srh;
            default:                   unknown_routing_type;
        }
    }
    state extension_4 { transition accept; }
    state fragment_4 { transition accept; }
    state authentication_4 { transition accept; }

    // The upper layer of a fragment cannot be told (UL-5).
    state fragment {
        md.chain_end = CHAIN_END_FRAGMENT;
        transition accept;
    }

    state unknown_routing_type {
        md.chain_end = CHAIN_END_ROUTING_TYPE;
        transition accept;
    }

    state parse_srh {
        pkt.extract(hdr.srh);
        transition select(hdr.srh.segments_left) {
            1:       parse_srh_next;
            default: parse_srh_before;
        }
    }

    state parse_srh_before {
        length = (bit<32>)(hdr.srh.segments_left - 1) << 7;
        pkt.extract(hdr.srh_before, length);
        transition parse_srh_next;
    }

    // Where Segments Left points outside the header (SL > HEL / 2) the length of srh_after is out of all range: it is not
    // extracted, which is how an endpoint knows.
    state parse_srh_next {
        pkt.extract(hdr.srh_next);
        length = ((bit<32>)hdr.srh.hdr_ext_len << 6) - ((bit<32>)hdr.srh.segments_left << 7);
        pkt.extract(hdr.srh_after, length);
        transition accept;
    }

    state parse_inner_ethernet {
        pkt.extract(hdr.inner_ethernet);
        transition accept;
    }

    state parse_inner_ipv6 {
        pkt.extract(hdr.inner_ipv6);
        transition select(hdr.inner_ipv6.next_header) {
            IP_PROTO_TCP: parse_l4;
            IP_PROTO_UDP: parse_l4;
            default:      accept;
        }
    }

    state parse_ipv4 {
        pkt.extract(hdr.ipv4);
        transition select(hdr.ipv4.ihl) {
            0 .. 4:  accept;   // refused by admission
            5:       after_ipv4;
            default: parse_ipv4_options;
        }
    }

    state parse_ipv4_options {
        length = ((bit<32>)hdr.ipv4.ihl - 5) << 5;
        pkt.extract(hdr.ipv4_options, length);
        transition after_ipv4;
    }

    // Ports of a fragment are not read, so that all fragments of a packet hash alike.
    state after_ipv4 {
        transition select(hdr.ipv4.protocol, hdr.ipv4.more_fragments, hdr.ipv4.frag_offset) {
            (IP_PROTO_TCP, 0, 0): parse_l4;
            (IP_PROTO_UDP, 0, 0): parse_l4;
            default:              accept;
        }
    }

    state parse_l4 {
        pkt.extract(hdr.l4);
        transition accept;
    }
}

control srv6_deparser(packet_out pkt, in headers_t hdr) {
    apply {
        pkt.emit(hdr.packet_in);
        pkt.emit(hdr.packet_out);
        pkt.emit(hdr.ethernet);
        pkt.emit(hdr.vlan);
        pkt.emit(hdr.outer_ipv6);
        pkt.emit(hdr.outer_hop_by_hop);
        pkt.emit(hdr.outer_srh);
        pkt.emit(hdr.segment_da);
        pkt.emit(hdr.segments_0);
        pkt.emit(hdr.segments_1);
        pkt.emit(hdr.segments_2);
        pkt.emit(hdr.segments_3);
        pkt.emit(hdr.segment_0);
        pkt.emit(hdr.segment_1);
        pkt.emit(hdr.segment_2);
        pkt.emit(hdr.payload_ethernet);
        pkt.emit(hdr.payload_vlan);
        pkt.emit(hdr.ipv6);
        pkt.emit(hdr.extension_0);
        pkt.emit(hdr.extension_1);
        pkt.emit(hdr.extension_2);
        pkt.emit(hdr.extension_3);
        pkt.emit(hdr.srh);
        pkt.emit(hdr.srh_before);
        pkt.emit(hdr.srh_next);
        pkt.emit(hdr.srh_after);
        pkt.emit(hdr.inner_ethernet);
        pkt.emit(hdr.inner_ipv6);
        pkt.emit(hdr.ipv4);
        pkt.emit(hdr.ipv4_options);
        pkt.emit(hdr.l4);
    }
}

#endif  // SRV6_CORE_PARSER_P4_
