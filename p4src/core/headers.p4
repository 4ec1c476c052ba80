// SPDX-License-Identifier: Apache-2.0
// Headers as they are on the wire; field names are those of the RFCs, written out.
#ifndef SRV6_CORE_HEADERS_P4_
#define SRV6_CORE_HEADERS_P4_

// A frame from the control plane (P4Runtime PacketOut): sent as it is, routed as this node's own, or (a packet that waited
// for its neighbour) processed as if it had just arrived.
@controller_header("packet_out")
header packet_out_t {
    @description("port that the frame leaves by when submit_to_ingress is 0")
    port_id_t egress_port;
    @description("1: process the frame instead of sending it")
    bit<1>    submit_to_ingress;
    @description("with submit_to_ingress: 1: as if it had arrived by ingress_port; 0: as made by this node, in vrf_id")
    bit<1>    as_received;
    @padding
    bit<5>    pad0;
    port_id_t ingress_port;
    @padding
    bit<7>    pad1;
    vrf_id_t  vrf_id;
}

// A frame to the control plane (P4Runtime PacketIn).
@controller_header("packet_in")
header packet_in_t {
    @description("punt_reason_t")
    bit<8>       reason;
    port_id_t    ingress_port;
    @padding
    bit<7>       pad0;
    vrf_id_t     vrf_id;
    @description("byte offset in the frame of the IP header that an ICMP error quotes")
    bit<16>      offset;
    @description("ICMPv6 pointer, from the start of that IP header")
    bit<16>      pointer;
    @description("MTU to report, or to fragment to")
    mtu_t        mtu;
    port_id_t    egress_port;
    @padding
    bit<7>       pad1;
    nexthop_id_t nexthop_id;
}

header ethernet_t {
    mac_addr_t dst_addr;
    mac_addr_t src_addr;
    bit<16>    ether_type;
}

header vlan_t {
    bit<3>    pcp;
    bit<1>    dei;
    vlan_id_t vid;
    bit<16>   ether_type;
}

// RFC 8200 3
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

// One extension header that is walked, not processed: Hop-by-Hop and Destination Options, a routing header with nothing
// left to visit (an exhausted SRH too), a Fragment header, an Authentication Header. The third and fourth byte are named
// for the routing header (RFC 8200 4.4); in a Fragment header they hold the offset and the M flag.
header extension_t {
    bit<8>        next_header;
    bit<8>        hdr_ext_len;
    bit<8>        routing_type;
    bit<8>        segments_left;
    bit<32>       data;
    varbit<16320> rest;
}

// RFC 8754 2, the fixed part of an SRH with Segments Left > 0.
header srh_t {
    bit<8>  next_header;
    bit<8>  hdr_ext_len;
    bit<8>  routing_type;
    bit<8>  segments_left;
    bit<8>  last_entry;
    bit<8>  flags;
    bit<16> tag;
}

// A run of an SRH that is carried, not read: the segments before the next one, or those behind it and the TLVs.
header srh_run_t {
    varbit<16320> octets;
}

// One entry of a Segment List.
header srh_segment_t {
    ipv6_addr_t sid;
}

// Four entries of a Segment List.
header srh_segments_t {
    ipv6_addr_t sid_0;
    ipv6_addr_t sid_1;
    ipv6_addr_t sid_2;
    ipv6_addr_t sid_3;
}

// RFC 791
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
}

header ipv4_options_t {
    varbit<320> options;
}

// The first four bytes of TCP and UDP; of ICMPv6 too, whose type is then the first byte of src_port.
header l4_t {
    bit<16> src_port;
    bit<16> dst_port;
}

// Per-packet state of the less common paths (see metadata.p4). Never emitted.
header scratch_t {
    // Admission: bytes of the IP packet, at most.
    bit<16>            length;
    // Upper layer; the table of End.T and End.DT*, and where such a packet came from.
    bit<8>             upper_layer;      // next header of the last header of the chain
    vrf_id_t           sid_vrf_id;
    vrf_id_t           arrival_vrf_id;
    // Policy.
    headend_kind_t     headend;
    bit<1>             reduced;
    bit<1>             classified;
    encap_flags_t      encap_flags;
    sidlist_id_t       sidlist_id;
    bit<8>             segment_count;
    bit<16>            overhead;         // bytes that the policy adds
    mtu_t              tunnel_mtu;
    bit<32>            flow_hash;
    // The flow, as far as selectors, hash and classifiers look at it.
    ipv6_addr_t        flow_src;
    ipv6_addr_t        flow_dst;
    bit<20>            flow_label;
    bit<8>             flow_protocol;
    bit<16>            l4_src_port;      // 0: no TCP or UDP right behind the IP header
    bit<16>            l4_dst_port;
    nexthop_group_id_t nexthop_group_id;
    // Punting.
    bit<2>             color;            // of punt_meter
    @padding
    bit<6>             pad;
}

// In the order of the wire. What is pushed (outer_*, segment_*, payload_*) stands in front of what was received.
struct headers_t {
    packet_in_t    packet_in;
    packet_out_t   packet_out;
    ethernet_t     ethernet;
    vlan_t         vlan;

    // Pushed by a headend or a binding SID: the segment list in fours, then what is left over. outer_hop_by_hop is used by insertion only: the received Hop-by-Hop header
    // stays in front of the SRH (RFC 8200 4.1). Segment List[0] of an insertion is segment_da.
    ipv6_t         outer_ipv6;
    extension_t    outer_hop_by_hop;
    srh_t          outer_srh;
    srh_segment_t  segment_da;
    srh_segments_t segments_0;
    srh_segments_t segments_1;
    srh_segments_t segments_2;
    srh_segments_t segments_3;
    srh_segment_t  segment_0;
    srh_segment_t  segment_1;
    srh_segment_t  segment_2;
    ethernet_t     payload_ethernet;
    vlan_t         payload_vlan;

    // Received.
    ipv6_t         ipv6;
    extension_t    extension_0;
    extension_t    extension_1;
    extension_t    extension_2;
    extension_t    extension_3;
    srh_t          srh;
    srh_run_t      srh_before;   // Segment List[0] .. [SL-2]
    srh_segment_t  srh_next;     // Segment List[SL-1]
    srh_run_t      srh_after;    // Segment List[SL] .. [LE] and TLVs
    ethernet_t     inner_ethernet;
    ipv6_t         inner_ipv6;
    ipv4_t         ipv4;         // the packet itself, or the payload of ipv6
    ipv4_options_t ipv4_options;
    l4_t           l4;

    scratch_t      scratch;
}

#endif  // SRV6_CORE_HEADERS_P4_
