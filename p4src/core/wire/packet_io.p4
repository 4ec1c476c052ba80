// SPDX-License-Identifier: Apache-2.0
// What stands in front of a frame between this node and its control plane (P4Runtime PacketOut and PacketIn).
#ifndef SRV6_CORE_WIRE_PACKET_IO_P4_
#define SRV6_CORE_WIRE_PACKET_IO_P4_

const bit<32> PACKET_OUT_LENGTH = 6;

// From the control plane: sent as it is, routed as this node's own, or (a packet that waited for its neighbour)
// processed as if it had just arrived.
@controller_header("packet_out")
header packet_out_t {
    @description("port that the frame leaves by when submit_to_ingress is 0")
    port_id_t egress_port;
    @description("1: process the frame instead of sending it")
    bit<1>    submit_to_ingress;
    @description("with submit_to_ingress: 1: as if it had arrived by ingress_port; 0: as made by this node, in vrf_id")
    bit<1>    as_received;
    @description("with as_received: 1: the control plane has walked the options")
    packet_out_flags_t flags;
    port_id_t ingress_port;
    @padding
    bit<7>    pad1;
    vrf_id_t  vrf_id;
}

// To the control plane.
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

#define PACKET_IO_INSTANCES \
    packet_in_t  packet_in; \
    packet_out_t packet_out;
#define PACKET_IO_EMIT       \
    pkt.emit(hdr.packet_in); \
    pkt.emit(hdr.packet_out);

#endif  // SRV6_CORE_WIRE_PACKET_IO_P4_

#ifdef PARSER_STATES
    state parse_packet_out {
        pkt.extract(hdr.packet_out);
        transition select(hdr.packet_out.submit_to_ingress) {
            1:       parse_ethernet;
            default: accept;
        }
    }
#endif  // PARSER_STATES
