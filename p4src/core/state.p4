// SPDX-License-Identifier: Apache-2.0
// What crosses families, and what a family keeps of a packet.
//
// A software switch clears every field of metadata for every packet, so only what the usual packet needs, or what
// must be zero when a packet arrives, is in local_metadata_t. The state of families that most packets do not meet is
// lazy: FLOW, VERDICT, HEADEND. Who fills it says BEGIN(...) first; its fields hold anything until they are written.
// Where it is kept is the target's (arch.p4).
#ifndef SRV6_CORE_STATE_P4_
#define SRV6_CORE_STATE_P4_

// What acts on the packet next. Up to NEXT_UPPER_LAYER they are stages; the others are fates, written by verdict.p4
// alone.
typedef bit<8> next_t;
const next_t NEXT_IN_SEQUENCE  = 0;  // local SID, route, next hop
const next_t NEXT_NEXTHOP      = 1;  // a behaviour chose the next hop: no route
const next_t NEXT_POLICY       = 2;  // a policy was chosen
const next_t NEXT_UPPER_LAYER  = 3;  // at a SID, without a segment left and nothing that the behaviour takes
const next_t FATE_TRANSMIT     = 4;  // out of EGRESS_PORT
const next_t FATE_RECIRCULATE  = 5;  // once more through the pipeline
const next_t FATE_FRAGMENT     = 6;  // to the control plane, as it would leave, to be fragmented
const next_t FATE_PUNT         = 7;  // to the control plane, as it arrived
const next_t FATE_REPLICATE    = 9;  // copies of it, each once more through the pipeline (VERDICT.multicast_group)
const next_t FATE_DROP         = 8;  // told of by ICMP when there is a punt_reason

// How the packet came to be what it is. Up to DECAPSULATED its hop limit is still to be decremented.
typedef bit<4> origin_t;
const origin_t ORIGIN_RECEIVED     = 0;
const origin_t ORIGIN_DECAPSULATED = 1;  // it was inside another one
const origin_t ORIGIN_ADVANCED     = 2;  // a behaviour moved it on to its next segment
const origin_t ORIGIN_OWN          = 3;  // this node made it
const origin_t ORIGIN_FRAME        = 4;  // a frame, taken whole: what it carries is not looked at
const origin_t ORIGIN_GTP          = 5;  // GTP-U whose payload enters a policy: it is what the packet becomes

// What the usual packet has not: a bit map of the interface, the parser and the domain's filters.
typedef bit<32> unusual_t;
// The flags of the interface as they are (types.p4).
const unusual_t UNUSUAL_EXTERNAL       = 0x0001;
const unusual_t UNUSUAL_STEER          = 0x0002;
const unusual_t UNUSUAL_CHECK_SOURCE   = 0x0004;
const unusual_t UNUSUAL_URPF           = 0x0008;  // the source has to have a way back (core/source_guard.p4)
const unusual_t UNUSUAL_BRIDGE         = 0x0010;  // a frame of a bridge domain, or a copy (router/bridge.p4)
const unusual_t UNUSUAL_NOT_MY_MAC     = 0x0020;  // the frame is not addressed to the interface
const unusual_t UNUSUAL_L2_PORT        = 0x0040;  // the frame is taken whole
const unusual_t UNUSUAL_OTHER_VRF      = 0x0080;  // the SID is of another VRF than the packet
const unusual_t UNUSUAL_TAG            = 0x0100;  // a VLAN tag
const unusual_t UNUSUAL_LINK_SCOPE     = 0x0200;  // an address of the IPv6 header that is not forwarded
const unusual_t UNUSUAL_EXTENSION      = 0x0400;  // extension headers in front of the SRH or the upper layer
const unusual_t UNUSUAL_FRAGMENT       = 0x0800;  // a piece of a packet: the walk of the chain ended there (UL-5)
const unusual_t UNUSUAL_ROUTING_TYPE   = 0x1000;  // segments left in another routing header: likewise (SRH-10)
const unusual_t UNUSUAL_PADDING        = 0x2000;  // octets behind the end of the packet (router/trim.p4)
#define IS_PADDED md.unusual[13:13]
// Of the IPv4 header, the IPv6 header inside, or the next segment: one that is not forwarded (core/addresses.p4).
const unusual_t UNUSUAL_INNER_ADDRESS  = 0x4000;
// Of the next segment alone, where the packet inside is read with it.
const unusual_t UNUSUAL_NEXT_SEGMENT   = UNUSUAL_OF_NEXT_SEGMENT;
const unusual_t UNUSUAL_ARGUMENT       = 0x8000;  // C-SIDs of other nodes behind that of the SID (sid/csid.p4)
#define UNUSUAL_ARGUMENT_BIT 15
const unusual_t UNUSUAL_COPY           = 0x00010000;  // in this pass the packet is a copy (router/copies.p4)
const unusual_t UNUSUAL_REPLACE        = 0x00020000;  // a REPLACE-C-SID of this node (sid/csid_replace.p4)
const unusual_t UNUSUAL_EXHAUSTED      = 0x00040000;  // the list of an exhausted SRH was read for one (wire/csid.p4)
const unusual_t UNUSUAL_FROM_SFF       = 0x00080000;  // NSH that has come back, with its headers (sid/nsh.p4)
const unusual_t UNUSUAL_O_FLAG         = 0x00200000;  // of the SRH; behind sid/oam.p4: a copy of the packet was taken
#define IS_COPIED_FOR_OAM md.unusual[21:21]
const unusual_t UNUSUAL_MARKING        = 0x00400000;  // the alternate marking option (wire/telemetry.p4)
const unusual_t UNUSUAL_LABELS         = 0x00800000;  // leaves with the labels of an SR-MPLS policy (sid/mpls.p4)
// Kept when a VLAN interface is looked up.
const unusual_t UNUSUAL_OF_PARSER      = 0x06645F00 | SERVICE_UNUSUAL_OF_PARSER;
// A SID refuses the packet when it is UNUSUAL_FOREIGN_SOURCE or greater: what families mark is less.
const unusual_t UNUSUAL_FOREIGN_SOURCE = 0x01000000;  // the source is outside the SR domain (SEC-1)
const unusual_t UNUSUAL_AUTHENTICATION = 0x02000000;  // an Authentication Header, which nobody here verifies
const unusual_t UNUSUAL_OPTION         = 0x04000000;  // an option that must not be skipped, or that was not looked at
const unusual_t UNUSUAL_SID_BLOCK      = 0x08000000;  // from outside the domain to its SID block (SEC-1)

// The flow, as far as selectors, hash and classifiers look at it. The hash is over all of it.
LAZY_STATE flow_state_t {
    ipv6_addr_t src;
    ipv6_addr_t dst;
    bit<4>      pad;             // 0
    bit<20>     label;
    bit<8>      protocol;
    bit<16>     l4_src_port;     // 0: no TCP or UDP right behind the IP header
    bit<16>     l4_dst_port;
}

// What the control plane, or a counter, is told of a packet that does not simply leave.
LAZY_STATE verdict_state_t {
    bit<8>       drop_reason;
    bit<8>       punt_reason;
    bit<16>      pointer;
    bit<16>      offset;               // of the IP header that is quoted, in the frame
    mtu_t        reported_mtu;
    nexthop_id_t reported_nexthop_id;
    port_id_t    reported_port;
    bit<2>       color;                // of a meter
    bit<5>       pad;
    bit<16>      punt_cell;            // of port_punt_meter and port_limit_counter: ingress port, punt_reason
    bit<8>       visits;               // of SIDs of this node, the last one included
    sid_index_t  sid_index;
    // Before the verdict:
    bit<128>     options;              // in the parser: what is still to be walked (wire/extension.p4)
    bit<8>       upper_layer;          // next header of the last header of the chain
    bit<16>      table_id;             // of the behaviour: where it looks up ...
    vlan_id_t    vlan_id;              // ... the VLAN of the frame inside; 0: untagged
    bit<4>       pad_vlan_id;
    bit<32>      flow_seed;            // of a group of next hops: the node's ...
    bit<32>      flow_number;          // ... and what a member is chosen by
    urpf_id_t    urpf_id;              // of the interface, with UNUSUAL_URPF
    REPLICA_STATE
}

#define LAZY_STATE_INSTANCES    \
    flow_state_t    flow;       \
    verdict_state_t verdict;    \
    HEADEND_STATE           \
    CSID_STATE              \
    HMAC_STATE              \
    MOBILE_STATE            \
    SERVICE_STATE           \
    SEARCH_STATE            \
    NSH_LAZY_STATE          \
    TELEMETRY_STATE

// Cells of a counter whose bytes include the link-layer header: even for frames that came untagged, odd for tagged
// ones.
#define CELL_BY_TAG(INDEX) ((bit<32>)(INDEX) << 1) | (bit<32>)md.unusual[8:8]

// Fields that survive a clone to the control plane and a recirculation.
#define FIELD_LIST_CARRIED 1

struct local_metadata_t {
    // What a copy takes along: to the control plane the fields of packet_in_t, into the next pass those of receive.p4.
    @field_list(FIELD_LIST_CARRIED)
    bit<120>       carried;
    unusual_t      unusual;
    bit<16>        extension_length;  // bytes of the extension headers before the SRH or the upper layer
    origin_t       origin;
    next_t         next;

    vrf_id_t       vrf_id;
    vrf_id_t       arrival_vrf_id;    // with UNUSUAL_OTHER_VRF
    HEADEND_METADATA

    bit<32>        sid_cell;          // of my_sid_counter
    bit<8>         sid_options;       // flavours and decapsulation options of the SID (types.p4)

    nexthop_id_t   nexthop_id;        // or the group that stands for it
    mtu_t          mtu;
    vlan_id_t      egress_vlan;

    LAZY_STATE_IN_METADATA
}

#endif  // SRV6_CORE_STATE_P4_
