// SPDX-License-Identifier: Apache-2.0
// What a headend behaviour pushes, as far as it depends on the packet: lengths, next header, traffic class, hop
// limit, flow label (RFC 8986 5; RFC 2473 6; RFC 6437). What is pushed is one set of headers for all behaviours.
//
// For each: does the packet fit the behaviour? -> payload -> inherited fields -> no SRH where the destination says it
// all
#ifndef SRV6_CORE_HEADEND_PUSH_P4_
#define SRV6_CORE_HEADEND_PUSH_P4_

#define PUSHED_SRH_LENGTH (8 + ((bit<16>)hdr.outer_srh.hdr_ext_len << 3))

// HE-3.
#define OMIT_SRH                                                            \
    action omit_srh() {                                                     \
        hdr.outer_ipv6.next_header = hdr.outer_srh.next_header;             \
        hdr.outer_ipv6.payload_length = hdr.outer_ipv6.payload_length - 8;  \
        hdr.outer_srh.setInvalid();                                         \
    }
// 20 bits, never zero (HE-8).
#define HASH_FLOW_LABEL                                             \
    action hash_flow_label() {                                      \
        hdr.outer_ipv6.flow_label = HEADEND.flow_hash[31:12] |+| 1; \
    }

// IPv6 or IPv4 in IPv6 (HE-1, HE-2).
control encapsulate(PACKET) {
    VERDICTS
    OMIT_SRH
    HASH_FLOW_LABEL

    action payload_is_ipv6() {
        hdr.outer_srh.next_header = IP_PROTO_IPV6;
        hdr.outer_ipv6.payload_length = hdr.ipv6.payload_length + IPV6_HEADER_LENGTH + PUSHED_SRH_LENGTH;
    }
    action payload_is_ipv4() {
        hdr.outer_srh.next_header = IP_PROTO_IPV4;
        hdr.outer_ipv6.payload_length = hdr.ipv4.total_len + PUSHED_SRH_LENGTH;
        hdr.ethernet.ether_type = ETHERTYPE_IPV6;
    }
    action inherit_traffic_class_of_ipv6() {
        hdr.outer_ipv6.traffic_class = hdr.ipv6.traffic_class;
    }
    action inherit_traffic_class_of_ipv4() {
        hdr.outer_ipv6.traffic_class = hdr.ipv4.tos;
    }
    action inherit_hop_limit_of_ipv6() {
        hdr.outer_ipv6.hop_limit = hdr.ipv6.hop_limit;
    }
    action inherit_hop_limit_of_ipv4() {
        hdr.outer_ipv6.hop_limit = hdr.ipv4.ttl;
    }
    action copy_flow_label() {
        hdr.outer_ipv6.flow_label = hdr.ipv6.flow_label;
    }

    apply {
        if (md.origin == ORIGIN_FRAME) {
            refuse(drop_reason_t.POLICY_INVALID);
        } else if (hdr.ipv6.isValid()) {
            payload_is_ipv6();
            if (HEADEND.encap_flags & ENCAP_TC_INHERIT != 0) {
                inherit_traffic_class_of_ipv6();
            }
            if (hdr.outer_ipv6.hop_limit == 0) {
                inherit_hop_limit_of_ipv6();
            }
            if (HEADEND.encap_flags & ENCAP_FLOW_LABEL_COPY != 0) {
                copy_flow_label();
            }
        } else {
            payload_is_ipv4();
            if (HEADEND.encap_flags & ENCAP_TC_INHERIT != 0) {
                inherit_traffic_class_of_ipv4();
            }
            if (hdr.outer_ipv6.hop_limit == 0) {
                inherit_hop_limit_of_ipv4();
            }
        }
        if (HEADEND.encap_flags & ENCAP_FLOW_LABEL_HASH != 0) {
            hash_flow_label();
        }
        if (HEADEND.segment_count == 0) {
            omit_srh();
        }
    }
}

// HE-9: the frame with its tag; preamble and FCS are not in it.
control encapsulate_frame(PACKET) {
    VERDICTS
    OMIT_SRH
    HASH_FLOW_LABEL

    action payload_is_frame() {
        hdr.payload_ethernet = hdr.ethernet;
        hdr.ethernet.ether_type = ETHERTYPE_IPV6;
        hdr.outer_srh.next_header = IP_PROTO_ETHERNET;
        hdr.outer_ipv6.payload_length = (bit<16>)FRAME_LENGTH + PUSHED_SRH_LENGTH;
    }
    action payload_has_tag() {
        hdr.payload_vlan = hdr.vlan;
        hdr.vlan.setInvalid();
    }
    action default_hop_limit() {
        hdr.outer_ipv6.hop_limit = 64;
    }

    apply {
        if (md.origin != ORIGIN_FRAME) {
            refuse(drop_reason_t.POLICY_INVALID);
        } else {
            payload_is_frame();
            if (hdr.vlan.isValid()) {
                payload_has_tag();
            }
            if (hdr.outer_ipv6.hop_limit == 0) {
                default_hop_limit();
            }
            if (HEADEND.encap_flags & ENCAP_FLOW_LABEL_HASH != 0) {
                hash_flow_label();
            }
            if (HEADEND.segment_count == 0) {
                omit_srh();
            }
        }
    }
}

// HE-14, B6-5: the SRH goes behind the IPv6 header, and behind a Hop-by-Hop header if there is one.
control insert(PACKET) {
    VERDICTS

    action lengthen() {
        hdr.outer_ipv6.payload_length = hdr.outer_ipv6.payload_length + PUSHED_SRH_LENGTH;
    }
    action insert_behind_ipv6() {
        hdr.outer_srh.next_header = hdr.outer_ipv6.next_header;
        hdr.outer_ipv6.next_header = IP_PROTO_ROUTING;
        lengthen();
    }
    action insert_behind_hop_by_hop() {
        hdr.outer_hop_by_hop = hdr.extension_0;
        hdr.extension_0.setInvalid();
        MOVE_PATH_TRACING
        hdr.outer_srh.next_header = hdr.outer_hop_by_hop.next_header;
        hdr.outer_hop_by_hop.next_header = IP_PROTO_ROUTING;
        lengthen();
    }

    apply {
        if (md.origin == ORIGIN_FRAME || !hdr.outer_ipv6.isValid()) {
            refuse(drop_reason_t.POLICY_INVALID);   // a frame, or IPv4
        } else if (hdr.outer_ipv6.next_header == IP_PROTO_HOPOPTS && hdr.extension_0.isValid()) {
            // A Hop-by-Hop header is always the first, so in slot 0.
            insert_behind_hop_by_hop();
        } else {
            insert_behind_ipv6();
        }
    }
}

#endif  // SRV6_CORE_HEADEND_PUSH_P4_
