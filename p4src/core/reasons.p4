// SPDX-License-Identifier: Apache-2.0
// Why a packet did not leave the router, and why one goes to the control plane. A number is never reused: counters are
// indexed by it. tools/generate_numbers.py makes the Python side of this file.
#ifndef SRV6_CORE_REASONS_P4_
#define SRV6_CORE_REASONS_P4_

// Index of drop_counter.
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
    RECIRCULATION_LIMIT   = 23,  // it would outgrow a frame while it goes round
    MULTICAST             = 24,  // multicast, broadcast and link-local destinations are not forwarded
    L2_PORT_NO_POLICY     = 25,
    SOURCE_INVALID        = 26,  // multicast, loopback, unspecified or IPv4-mapped source, link-local source off link
    PACKET_OUT_INVALID    = 27,
    DESTINATION_INVALID   = 28,  // loopback, unspecified or IPv4-mapped destination, or next segment
    OPTION                = 29,  // at a SID: an unknown option that must not be skipped, or one that was not looked at
    AUTHENTICATION_HEADER = 30,  // at a SID: it cannot be verified
    CE_ON_NOT_ECT         = 31,  // DEC-15: congestion marked on the outer header, inner packet not ECN-capable
    SID_VISIT_LIMIT       = 32,  // it has met as many SIDs of this node as one packet may
    PASS_BUDGET           = 33,  // more further passes a second than the port it came by has
    SOURCE_BOGON          = 34,  // BCP 38: from outside, a source that is nobody's
    SOURCE_SPOOFED        = 35,  // BCP 38: from outside, a source of the domain
    REVERSE_PATH          = 36,  // BCP 84: no way back to the source by this interface (strict), or at all (loose)
    SPLIT_HORIZON         = 37,  // of a bridge domain: back to where it came from, or from a remote to a remote
    BRIDGE_ALONE          = 38,  // nobody else in the bridge domain
    REPLICA_INVALID       = 39,  // no such copy
    COPY_BUDGET           = 40,  // more copies a second than the port it came by has
    CSID_ZERO             = 42,  // RP-8: a REPLACE-C-SID leads into a container that begins with C-SID 0
    REPLICATION_STATE     = 43,  // RE-1: no such replication segment
    REPLICATION_HOP_LIMIT = 44,  // RE-1: hop limit below the threshold of the replication segment
    REPLICATION_CONTEXT   = 45,  // RE-4: the copy for this node has no context, or one that is no SID of this node
    CLASSIFIED            = 46,  // a classifier rule says so
    REPLICATION_SEGMENTS_LEFT = 47,  // RE-4: segments are left behind the context of the copy for this node
    HMAC                  = 49,  // HMAC-5: it does not verify, or its key is not here
    HMAC_ABSENT           = 50,  // required, and not there
    TLV                   = 51,  // SRH-3: a TLV runs past the end of the SRH
    TLV_CHAIN             = 52,  // more TLVs than a SID walks
    NO_TARGET             = 53,  // ES-1: an exhausted SRH at End.S, which searches for its last segment
    NSH_PATH              = 54,  // NSH-1: a service path that is not configured, or NSH of another version
    NSH_HEADERS           = 55,  // NSH-2: it comes back, and no headers are kept; or they are too long to be kept
    // 57, 64 to 68: service programming
    SERVICE_UNKNOWN       = 57,  // no such service
    // 58 to 62: the mobile user plane
    GTP_INVALID           = 58,  // MB-9, MB-15: not version 1, an extension header of length 0, longer than its packet
    NOT_GTP               = 59,  // MB-7, MB-10: no G-PDU where only one is taken
    GTP_PAYLOAD           = 60,  // MB-14: what GTP-U carries, or would carry, is of no known kind
    NO_LAST_SEGMENT       = 61,  // MB-5: no SRH where the destination behind the SID is taken from it
    GROUP_LIMIT           = 62,  // MB-8: over the rate of its group
    SERVICE_LAST_SEGMENT  = 64,  // PX-2, PX-4: no segment left at End.AD or End.AM
    SERVICE_NO_CACHE      = 65,  // PX-2: from a service, and no headers are known for it
    SERVICE_NOT_CACHED    = 66,  // PX-10: to a service behind headers that cannot be pushed again
    SERVICE_MASQUERADE    = 67,  // PX-10: from a masqueraded service without its SRH, or to another destination
    SERVICE_TYPE          = 68,  // PX-9: from a service, and not what it takes
    // 76 and 77: bytestream functions
    SID_NOT_IN_LIST       = 76,  // at End.VNF: a reduced SRH, from which the proxy could not tell its function
    NOT_TCP               = 77   // at End.VNF: something else than TCP behind the SRH
}

// Index of punt_counter and, behind the port, of port_punt_meter: at most 31.
enum bit<8> punt_reason_t {
    NONE                = 0,
    LOCAL               = 1,   // to an own address, or an allowed upper layer at a SID; neither of NDP nor ECHO
    NDP                 = 2,   // to an own address, too
    ARP                 = 3,
    NEIGHBOR_UNRESOLVED = 4,
    FRAGMENT            = 5,   // processed frame, to be fragmented and sent
    HOP_LIMIT_EXCEEDED  = 6,
    PARAMETER_PROBLEM   = 7,   // ICMPv6 type 4 code 0
    UPPER_LAYER_ERROR   = 8,   // ICMPv6 type 4 code 4
    NO_ROUTE            = 9,
    PACKET_TOO_BIG      = 10,
    OPTION              = 11,  // ICMPv6 type 4 code 2, or nothing, or the packet once more: what the option says
    ECHO                = 12,  // ping of an own address or a SID: echo request, or any ICMP of IPv4
    O_FLAG              = 13,  // copy of a packet with the O flag at a SID (OAM-1); the packet itself goes on
    REASSEMBLY          = 14,  // fragment at a SID, to be put together (UL-5)
    GTP_ECHO            = 15,  // MB-10: echo request of GTP-U, to be answered for the other side
    SERVICE_CACHE       = 16,  // PX-2: to a service, its headers are to be cached first
    SERVICE_FLOW        = 17,  // likewise, those of its flow
    NSH                 = 18   // NSH-1: to a service path, its headers are to be kept first
}

#endif  // SRV6_CORE_REASONS_P4_
