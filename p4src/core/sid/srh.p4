// SPDX-License-Identifier: Apache-2.0
// The SRH at a SID that moves a packet on to its next segment (RFC 8986 4.1): End, End.X, End.T and the binding SIDs.
//
//   SRH with Segments Left > 0?  yes: hop limit, bounds, advance, PSP, USP (4.16.1, 4.16.2)
//                                no : USD (4.16.3), or the upper layer (4.1.1)
//
// The action of the SID has said in md.next what comes behind all that; an error says something else.
#ifndef SRV6_CORE_SID_SRH_P4_
#define SRV6_CORE_SID_SRH_P4_

// USP (RFC 8986 4.16.2) where another SRH follows: takes every exhausted SRH out of the chain, the last one first, so
// that the header in front of it gets the right next header.
control remove_exhausted_srhs(PACKET) {
    EXTENSION_REMOVALS

    apply {
        if (hdr.extension_3.isValid() && hdr.extension_2.next_header == IP_PROTO_ROUTING
            && hdr.extension_3.routing_type == ROUTING_TYPE_SRH) {
            remove_3();
        }
        if (hdr.extension_2.isValid() && hdr.extension_1.next_header == IP_PROTO_ROUTING
            && hdr.extension_2.routing_type == ROUTING_TYPE_SRH) {
            remove_2();
        }
        if (hdr.extension_1.isValid() && hdr.extension_0.next_header == IP_PROTO_ROUTING
            && hdr.extension_1.routing_type == ROUTING_TYPE_SRH) {
            remove_1();
        }
        if (hdr.extension_0.isValid() && hdr.ipv6.next_header == IP_PROTO_ROUTING
            && hdr.extension_0.routing_type == ROUTING_TYPE_SRH) {
            remove_0();
        }
    }
}

// PSP (RFC 8986 4.16.1): the SRH goes, the header in front of it names what followed.
control penultimate_segment_pop(PACKET) {
    action set_next_header_of_ipv6() {
        hdr.ipv6.next_header = hdr.srh.next_header;
    }
    action set_next_header_of_extension_0() {
        hdr.extension_0.next_header = hdr.srh.next_header;
    }
    action set_next_header_of_extension_1() {
        hdr.extension_1.next_header = hdr.srh.next_header;
    }
    action set_next_header_of_extension_2() {
        hdr.extension_2.next_header = hdr.srh.next_header;
    }
    action set_next_header_of_extension_3() {
        hdr.extension_3.next_header = hdr.srh.next_header;
    }
    action remove_srh() {
        hdr.ipv6.payload_length = hdr.ipv6.payload_length - 8 - ((bit<16>)hdr.srh.hdr_ext_len << 3);
        SRH_POP(hdr)
    }

    apply {
        if (!hdr.extension_0.isValid()) {
            set_next_header_of_ipv6();
        } else if (hdr.extension_3.isValid()) {
            set_next_header_of_extension_3();
        } else if (hdr.extension_2.isValid()) {
            set_next_header_of_extension_2();
        } else if (hdr.extension_1.isValid()) {
            set_next_header_of_extension_1();
        } else {
            set_next_header_of_extension_0();
        }
        remove_srh();
    }
}

// PSP and USP of a packet that was advanced.
control psp_usp(PACKET) {
    remove_exhausted_srhs() ultimate_segment_pop;
    penultimate_segment_pop() psp;

    apply {
        // PSP first: the header in front of the SRH may be one that USP takes, which passes its next header on.
        if (md.sid_options & FLAVOR_PSP != 0 && hdr.srh.segments_left == 0) {
            psp.apply(THE_PACKET);
        }
        if (md.sid_options & FLAVOR_USP != 0 && hdr.extension_0.isValid()) {
            ultimate_segment_pop.apply(THE_PACKET);
        }
    }
}

// What all of them do where the SRH is right: END-5, or (B6-5) the hop limit alone.
#define ON_ITS_WAY       \
    if (advances) {      \
        advance();       \
    } else {             \
        stay();          \
    }

control srh_endpoint(PACKET)(bool advances) {
    VERDICTS
    domain_verdict() domain;
    decapsulate(true, true) usd;
    psp_usp() flavor;
    CSID_CONTROLS
    CSID_REPLACE_CONTROLS

    // END-5: hop limit, Segments Left, destination address.
    action advance() {
        hdr.ipv6.hop_limit = hdr.ipv6.hop_limit - 1;
        SRH_ADVANCE(hdr)
        md.origin = ORIGIN_ADVANCED;
    }
    action stay() {
        hdr.ipv6.hop_limit = hdr.ipv6.hop_limit - 1;
        md.origin = ORIGIN_ADVANCED;
    }

    apply {
        // The usual case in one expression: an SRH to advance and nothing wrong with it. Last Entry > HEL/2 - 1 is
        // written without the subtraction (END-17).
        if (hdr.srh_after.isValid() && md.unusual == 0 && hdr.ipv6.hop_limit > 1
            && hdr.srh.last_entry < hdr.srh.hdr_ext_len >> 1 && hdr.srh.segments_left <= hdr.srh.last_entry |+| 1
            && hdr.ipv6.payload_length >> 3 > (bit<16>)hdr.srh.hdr_ext_len) {
            ON_ITS_WAY
        CSID_CASE
        CSID_REPLACE_CASE
        } else if (md.unusual >= UNUSUAL_FOREIGN_SOURCE) {
            domain.apply(THE_PACKET);
        } else if (hdr.srh.isValid()) {
            if (hdr.ipv6.hop_limit <= 1) {
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
            } else {
                ON_ITS_WAY
            }
        } else if (advances && md.sid_options & FLAVOR_USD != 0 && (hdr.inner_ipv6.isValid() || hdr.ipv4.isValid())) {
            usd.apply(THE_PACKET);
        } else {
            md.next = NEXT_UPPER_LAYER;
        }
        if (advances && md.sid_options != 0 && md.origin == ORIGIN_ADVANCED) {
            flavor.apply(THE_PACKET);
        }
    }
}

#endif  // SRV6_CORE_SID_SRH_P4_
