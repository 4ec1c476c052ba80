// SPDX-License-Identifier: Apache-2.0
// Identifier types and the enumerations that the control plane sees. Numbers of an enumeration are never reused.
#ifndef SRV6_CORE_TYPES_P4_
#define SRV6_CORE_TYPES_P4_

typedef bit<48>  mac_addr_t;
typedef bit<32>  ipv4_addr_t;
typedef bit<128> ipv6_addr_t;
typedef bit<9>   port_id_t;
typedef bit<12>  vlan_id_t;
typedef bit<16>  vrf_id_t;
typedef bit<16>  nexthop_id_t;
typedef bit<16>  nexthop_group_id_t;
typedef bit<16>  policy_id_t;
typedef bit<16>  sidlist_id_t;
typedef bit<32>  sid_index_t;
typedef bit<16>  mtu_t;

// Flags of a router interface.
typedef bit<8> interface_flags_t;
const interface_flags_t INTERFACE_EXTERNAL     = 0x01;  // RFC 8754 5.1: packets to the SID block are dropped
const interface_flags_t INTERFACE_STEER        = 0x02;  // the classifier tables and the interface's policy are consulted
const interface_flags_t INTERFACE_CHECK_SOURCE = 0x04;  // packets to a SID need a source inside the SR domain
const interface_flags_t INTERFACE_ROUTED       = 0x80;  // set by the program: not an L2 port; a flag is set if greater

// Flavours of End, End.X and End.T (RFC 8986 4.16), a bit map.
typedef bit<8> srv6_flavors_t;
const srv6_flavors_t FLAVOR_PSP = 0x01;
const srv6_flavors_t FLAVOR_USP = 0x02;
const srv6_flavors_t FLAVOR_USD = 0x04;
// Kept with the flavours inside the program: the behaviour changes the table (End.T).
const srv6_flavors_t SID_CHANGES_VRF = 0x80;

// How the outer header of a headend behaviour is filled.
typedef bit<8> encap_flags_t;
const encap_flags_t ENCAP_TC_INHERIT      = 0x01;  // traffic class of the inner packet
const encap_flags_t ENCAP_FLOW_LABEL_COPY = 0x02;  // flow label of the inner IPv6 packet
const encap_flags_t ENCAP_FLOW_LABEL_HASH = 0x04;  // hash of the inner flow (RFC 6437, RFC 6438)

// Why a packet did not leave the router; index of drop_counter.
enum bit<8> drop_reason_t {
    NONE                  = 0,
    NO_INTERFACE          = 1,   // the ingress port has no configuration
    VLAN_UNKNOWN          = 2,   // tag without a VLAN interface
    NOT_MY_MAC            = 3,   // frame is for somebody else
    UNSUPPORTED_ETHERTYPE = 4,
    IP_HEADER_INVALID     = 5,   // version, header length, or longer than the frame
    IPV4_CHECKSUM         = 6,
    SID_BLOCK_FILTERED    = 7,   // SEC-1: SID block from outside the domain
    SOURCE_NOT_IN_DOMAIN  = 8,   // SEC-1: source outside the domain at a local SID
    HOP_LIMIT_EXCEEDED    = 9,
    SRH_SEGMENTS_LEFT     = 10,  // END-4, DEC-1
    ROUTING_TYPE          = 11,  // SRH-10, END-14
    UPPER_LAYER           = 12,  // UL-3
    HEADER_TRUNCATED      = 13,  // header chain runs past the end of the packet
    FRAGMENT_AT_SID       = 14,  // UL-5
    EXTENSION_CHAIN       = 15,  // more extension headers than a SID walks
    NO_ROUTE              = 16,
    BLACKHOLE             = 17,
    PACKET_TOO_BIG        = 18,
    POLICY_INVALID        = 19,  // no such policy, or of a kind that does not fit the packet
    NEXTHOP_INVALID       = 20,  // no such next hop
    NEIGHBOR_UNRESOLVED   = 21,
    PUNT_RATE_LIMITED     = 22,
    RECIRCULATION_LIMIT   = 23,
    MULTICAST             = 24,  // multicast and link-local destinations are not forwarded
    L2_PORT_NO_POLICY     = 25,
    SOURCE_INVALID        = 26,  // multicast source, or link-local source off link
    PACKET_OUT_INVALID    = 27
}

// Why a packet goes to the control plane; index of punt_counter and punt_meter.
enum bit<8> punt_reason_t {
    NONE                = 0,
    LOCAL               = 1,   // to an own address, or an allowed upper layer at a SID
    NDP                 = 2,
    ARP                 = 3,
    NEIGHBOR_UNRESOLVED = 4,
    FRAGMENT            = 5,   // processed frame, to be fragmented and sent
    HOP_LIMIT_EXCEEDED  = 6,
    PARAMETER_PROBLEM   = 7,   // ICMPv6 type 4 code 0
    UPPER_LAYER_ERROR   = 8,   // ICMPv6 type 4 code 4
    NO_ROUTE            = 9,
    PACKET_TOO_BIG      = 10
}

// What is being forwarded; 0: nothing known.
typedef bit<2> l3_kind_t;
const l3_kind_t L3_IPV6  = 1;
const l3_kind_t L3_IPV4  = 2;
const l3_kind_t L3_FRAME = 3;  // an Ethernet frame on its way into an L2 policy, or out of End.DX2

// What becomes of the packet. Every stage behind the one that decides leaves it alone.
typedef bit<3> fate_t;
const fate_t FATE_FORWARD     = 0;  // not decided yet
const fate_t FATE_DROP        = 1;  // for drop_reason; told of by ICMP when there is a punt_reason too
const fate_t FATE_PUNT        = 2;  // to the control plane, as it arrived, for punt_reason
const fate_t FATE_FRAGMENT    = 3;  // to the control plane, as it would leave, to be fragmented
const fate_t FATE_RECIRCULATE = 4;  // once more through the pipeline
const fate_t FATE_TRANSMIT    = 5;  // out of egress_port

// What ended the parser's walk of the extension headers; 0: the upper layer, an SRH with segments left, or the last slot.
typedef bit<2> chain_end_t;
const chain_end_t CHAIN_END_FRAGMENT     = 1;  // a Fragment header of a packet in several pieces (UL-5)
const chain_end_t CHAIN_END_ROUTING_TYPE = 2;  // a routing header of another type with segments left (SRH-10)

// Groups of endpoint behaviours that share their checks; 0: no SID.
typedef bit<3> sid_class_t;
const sid_class_t SID_CLASS_END    = 1;  // End, End.X, End.T: SRH is advanced, flavours apply
const sid_class_t SID_CLASS_B6     = 2;  // End.B6.*: SRH is advanced, then a policy is applied
const sid_class_t SID_CLASS_DECAP4 = 3;  // End.DX4, End.DT4
const sid_class_t SID_CLASS_DECAP6 = 4;  // End.DX6, End.DT6
const sid_class_t SID_CLASS_DECAP46 = 5; // End.DT46
const sid_class_t SID_CLASS_DECAP2 = 6;  // End.DX2

// Kinds of headend behaviours; 0: none.
typedef bit<2> headend_kind_t;
const headend_kind_t HEADEND_ENCAPS   = 1;
const headend_kind_t HEADEND_ENCAPS_L2 = 2;
const headend_kind_t HEADEND_INSERT   = 3;

#endif  // SRV6_CORE_TYPES_P4_
