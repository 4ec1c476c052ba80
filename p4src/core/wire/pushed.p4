// SPDX-License-Identifier: Apache-2.0
// What a headend or a binding SID pushes in front of the received packet: the outer IPv6 header and the SRH, whose
// segments stand in fours with what is left over behind them; for a frame its Ethernet header and tag. In an
// insertion the received IPv6 header and a Hop-by-Hop header (RFC 8200 4.1) stand in front of the SRH, and Segment
// List[0] is segment_da.
//
// A header instance costs a software switch time in every packet, whether it is used or not: hence the fours.
#ifndef SRV6_CORE_WIRE_PUSHED_P4_
#define SRV6_CORE_WIRE_PUSHED_P4_

// Two, and four entries of a Segment List.
header srh_segments_2_t {
    ipv6_addr_t sid_0;
    ipv6_addr_t sid_1;
}
header srh_segments_4_t {
    ipv6_addr_t sid_0;
    ipv6_addr_t sid_1;
    ipv6_addr_t sid_2;
    ipv6_addr_t sid_3;
}

#ifdef WITH_HEADEND
#define PUSHED_INSTANCES                 \
    ipv6_t           outer_ipv6;         \
    extension_t      outer_hop_by_hop;   \
    PUSHED_PATH_TRACING_INSTANCES        \
    PUSHED_EIGHT_INSTANCE                \
    srh_t            outer_srh;          \
    srh_segment_t    segment_da;         \
    srh_segments_4_t segments_0;         \
    srh_segments_4_t segments_1;         \
    srh_segments_4_t segments_2;         \
    srh_segments_4_t segments_3;         \
    srh_segments_2_t segments_left_over; \
    srh_segment_t    segment_left_over;  \
    PUSHED_HMAC_INSTANCES                \
    PUSHED_TLV_INSTANCES                 \
    ethernet_t       payload_ethernet;   \
    vlan_t           payload_vlan;
#define PUSHED_EMIT                   \
    pkt.emit(hdr.outer_ipv6);         \
    pkt.emit(hdr.outer_hop_by_hop);   \
    PUSHED_PATH_TRACING_EMIT          \
    PUSHED_EIGHT_EMIT                 \
    pkt.emit(hdr.outer_srh);          \
    pkt.emit(hdr.segment_da);         \
    pkt.emit(hdr.segments_0);         \
    pkt.emit(hdr.segments_1);         \
    pkt.emit(hdr.segments_2);         \
    pkt.emit(hdr.segments_3);         \
    pkt.emit(hdr.segments_left_over); \
    pkt.emit(hdr.segment_left_over);  \
    PUSHED_HMAC_EMIT                  \
    PUSHED_TLV_EMIT                   \
    pkt.emit(hdr.payload_ethernet);   \
    pkt.emit(hdr.payload_vlan);
#else
#define PUSHED_INSTANCES
#define PUSHED_EMIT
#endif

#endif  // SRV6_CORE_WIRE_PUSHED_P4_
