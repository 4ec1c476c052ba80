// SPDX-License-Identifier: Apache-2.0
// Bytestream functions (SRv6Pipes): End.VNF hands a segment of TCP to a proxy, which ends the connection for the
// server, applies what its SID says to the stream, and opens a connection to the next segment for the client.
//
//   segments left? bounds, hop limit -> TCP, and the SID in the list? SL = 0, DA = Segment List[0] -> next hop
//   none: the upper layer
//
// The proxy gets the packet as its last destination would, with the SRH and its TLVs. It finds itself by its SIDs in
// the Segment List: hence the SID has to be there, which is not so at the first segment of a reduced SRH. What a
// function does is not seen here.
#ifndef SRV6_CORE_SID_VNF_P4_
#define SRV6_CORE_SID_VNF_P4_

#define VNF_ACTIONS                                                                                   \
    SID_ACTION(END_VNF_ID, end_vnf, "End.VNF, SRv6Pipes")                                             \
    @description("The next hop is the proxy's; opcode and parameters of the function stand in the SID") \
    action end_vnf(sid_index_t sid_index, NEXTHOP_PARAM) {                                            \
        TAKE_SID_INDEX(sid_index)                                                                     \
        md.nexthop_id = nexthop_id;                                                                   \
        md.next = NEXT_NEXTHOP;                                                                       \
    }
#define VNF_ACTION_NAMES end_vnf;
#define VNF_CONTROLS     to_vnf() vnf;
#define VNF_CASES        end_vnf: { vnf.apply(THE_PACKET); }

control to_vnf(PACKET) {
    VERDICTS
    domain_verdict() domain;

    action hand_over() {
        hdr.ipv6.hop_limit = hdr.ipv6.hop_limit - 1;
        hdr.srh.segments_left = 0;
        md.origin = ORIGIN_ADVANCED;
    }

    apply {
        if (md.unusual >= UNUSUAL_FOREIGN_SOURCE) {
            domain.apply(THE_PACKET);
        } else if (!hdr.srh.isValid()) {
            md.next = NEXT_UPPER_LAYER;
        } else if (hdr.ipv6.hop_limit <= 1) {
            hop_limit_exceeded();                                                       // END-3
        } else if (hdr.srh.last_entry >= hdr.srh.hdr_ext_len >> 1
                   || hdr.srh.segments_left > hdr.srh.last_entry |+| 1) {
            parameter_problem(drop_reason_t.SRH_SEGMENTS_LEFT, POINTER_SEGMENTS_LEFT);  // END-4
        } else if (md.unusual & UNUSUAL_LINK_SCOPE != 0) {
            refuse(drop_reason_t.SOURCE_INVALID);
        } else if (!hdr.srh_after.isValid()
                   || (hdr.ipv6.payload_length |-| md.extension_length) >> 3 <= (bit<16>)hdr.srh.hdr_ext_len) {
            refuse(drop_reason_t.HEADER_TRUNCATED);
        } else if (md.unusual & UNUSUAL_NEXT_SEGMENT != 0) {
            refuse(drop_reason_t.DESTINATION_INVALID);
        } else if (!SRH_HAS_CURRENT_SEGMENT(hdr)) {
            refuse(drop_reason_t.SID_NOT_IN_LIST);
        } else if (hdr.srh.next_header != IP_PROTO_TCP) {
            refuse(drop_reason_t.NOT_TCP);
        } else {
            SRH_READ_FIRST_SEGMENT(hdr, hdr.ipv6.dst_addr)
            if (hdr.ipv6.dst_addr[127:121] == 0x7F) {
                refuse(drop_reason_t.MULTICAST);
            } else if (IS_LOOPBACK_OR_MAPPED(hdr.ipv6.dst_addr)) {
                refuse(drop_reason_t.DESTINATION_INVALID);
            } else {
                hand_over();
            }
        }
    }
}

#endif  // SRV6_CORE_SID_VNF_P4_
