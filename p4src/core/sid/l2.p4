// SPDX-License-Identifier: Apache-2.0
// Ethernet frames inside IPv6 (RFC 8986 4.9): End.DX2 sends the frame as it is out of a port. The frame is what remains
// when the headers in front of it are gone.
#ifndef SRV6_CORE_SID_L2_P4_
#define SRV6_CORE_SID_L2_P4_

#define L2_ACTIONS                                                                                            \
    SID_ACTION(END_DX2_ID, end_dx2, "End.DX2, RFC 8986 4.9")                                                  \
    @description("mtu: longest payload of a frame that the port sends")                                       \
    action end_dx2(sid_index_t sid_index, port_id_t egress_port, mtu_t mtu, decap_options_t options) {        \
        TAKE_SID_INDEX(sid_index)                                                                          \
        md.mtu = mtu;                                                                                         \
        transmit(egress_port);                                                                                \
    }
#define L2_ACTION_NAMES end_dx2;
#define L2_CONTROLS     decap_frame() frame;
#define L2_CASES        end_dx2: { frame.apply(THE_PACKET); }

control decap_frame(PACKET) {
    VERDICTS
    domain_verdict() domain;
    find_upper_layer() find;

    action expose_frame() {
        hdr.ethernet.setInvalid();
        hdr.vlan.setInvalid();
        hdr.ipv6.setInvalid();
        EXTENSION_POP(hdr, 0)
        EXTENSION_POP(hdr, 1)
        EXTENSION_POP(hdr, 2)
        EXTENSION_POP(hdr, 3)
        md.origin = ORIGIN_DECAPSULATED;
    }

    apply {
        if (md.unusual >= UNUSUAL_FOREIGN_SOURCE) {
            domain.apply(THE_PACKET);
        } else if (hdr.srh.isValid()) {
            parameter_problem(drop_reason_t.SRH_SEGMENTS_LEFT, POINTER_SEGMENTS_LEFT);   // DEC-1
        } else {
            find.apply(THE_PACKET);
            if (VERDICT.upper_layer != IP_PROTO_ETHERNET
                || md.unusual & (UNUSUAL_FRAGMENT | UNUSUAL_ROUTING_TYPE) != 0) {
                md.next = NEXT_UPPER_LAYER;
            } else if (hdr.ipv6.payload_length |-| md.extension_length < ETHERNET_HEADER_LENGTH) {
                refuse(drop_reason_t.HEADER_TRUNCATED);
            } else if (hdr.ipv6.payload_length - md.extension_length - ETHERNET_HEADER_LENGTH > md.mtu) {
                refuse(drop_reason_t.PACKET_TOO_BIG);
            } else {
                expose_frame();
            }
        }
    }
}

#endif  // SRV6_CORE_SID_L2_P4_
