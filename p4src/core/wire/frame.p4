// SPDX-License-Identifier: Apache-2.0
// The first bytes of an Ethernet frame inside IPv6 (RFC 8986 4.9 to 4.12), for behaviours that look at it. One header,
// since each costs every packet time: Ethernet and, where ether_type says so, a tag and the type behind it; else the
// last four bytes are payload. A frame of less stays payload as a whole.
#ifndef SRV6_CORE_WIRE_FRAME_P4_
#define SRV6_CORE_WIRE_FRAME_P4_

header frame_t {
    mac_addr_t dst_addr;
    mac_addr_t src_addr;
    bit<16>    ether_type;
    bit<3>     pcp;
    bit<1>     dei;
    vlan_id_t  vid;
    bit<16>    tagged_ether_type;
}

// Of a frame that holds an Ethernet header; of one that was parsed.
#define FRAME_INSIDE_LENGTH (hdr.ipv6.payload_length - md.extension_length)
#define FRAME_INSIDE_IS_TAGGED (hdr.frame.ether_type == ETHERTYPE_VLAN || hdr.frame.ether_type == ETHERTYPE_QINQ)

#ifdef WITH_L2
#define FRAME_INSTANCES frame_t frame;
#define FRAME_EMIT      pkt.emit(hdr.frame);
#define FRAME_STATE     IP_PROTO_ETHERNET: parse_frame;
#else
#define FRAME_INSTANCES
#define FRAME_EMIT
#define FRAME_STATE
#endif

#endif  // SRV6_CORE_WIRE_FRAME_P4_

#ifdef PARSER_STATES
#ifdef WITH_L2
    state parse_frame {
        pkt.extract(hdr.frame);
        transition accept;
    }
#endif
#endif  // PARSER_STATES
