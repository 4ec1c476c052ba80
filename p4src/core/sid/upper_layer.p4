// SPDX-License-Identifier: Apache-2.0
// What stands behind the IPv6 header and its extension headers at a SID: a packet that is taken out (RFC 8986 4.4 to
// 4.8, USD in 4.16.3), or an upper layer that this node itself processes, or an error (RFC 8986 4.1.1).
#ifndef SRV6_CORE_SID_UPPER_LAYER_P4_
#define SRV6_CORE_SID_UPPER_LAYER_P4_

// The next header of the last header of the chain, into VERDICT.upper_layer.
control find_upper_layer(PACKET) {
    apply {
        BEGIN(VERDICT)
        if (!hdr.extension_0.isValid()) {
            VERDICT.upper_layer = hdr.ipv6.next_header;
        } else if (hdr.extension_3.isValid()) {
            VERDICT.upper_layer = hdr.extension_3.next_header;
        } else if (hdr.extension_2.isValid()) {
            VERDICT.upper_layer = hdr.extension_2.next_header;
        } else if (hdr.extension_1.isValid()) {
            VERDICT.upper_layer = hdr.extension_1.next_header;
        } else {
            VERDICT.upper_layer = hdr.extension_0.next_header;
        }
    }
}

// Nothing to do but to take the packet out: no padding behind it, no ECN in the outer header, no option.
#define OUTER_IS_PLAIN(END) \
    (((END) ^ hdr.ipv6.payload_length) | (bit<16>)(hdr.ipv6.traffic_class & 3 | md.sid_options) == 0)

// Decapsulation (DEC-4): the outer IPv6 header and all its extension headers go, the packet behind them is the
// packet. What it says of itself is checked like that of a packet from the wire. The parser reaches a packet inside
// only where no segment is left (DEC-2), so its header being there says that the behaviour may take it.
control decapsulate(PACKET)(bool takes_ipv4, bool takes_ipv6) {
    VERDICTS
    refuse_inner_ipv6_address() ipv6_address;
    refuse_ipv4_address() ipv4_address;
    outer_to_inner() outer;

    action remove_outer() {
        EXTENSION_POP(hdr, 0)
        EXTENSION_POP(hdr, 1)
        EXTENSION_POP(hdr, 2)
        EXTENSION_POP(hdr, 3)
        md.origin = ORIGIN_DECAPSULATED;
    }
    action expose_ipv6() {
        hdr.ipv6 = hdr.inner_ipv6;
        hdr.inner_ipv6.setInvalid();
    }
    action expose_ipv4() {
        hdr.ipv6.setInvalid();
        hdr.ethernet.ether_type = ETHERTYPE_IPV4;
    }

    apply {
        if (hdr.ipv6.payload_length < md.extension_length) {
            refuse(drop_reason_t.HEADER_TRUNCATED);
        } else if (takes_ipv6 && hdr.inner_ipv6.isValid()) {
            if (hdr.inner_ipv6.version != 6 || END_OF_INNER_IPV6 > hdr.ipv6.payload_length) {
                refuse(drop_reason_t.IP_HEADER_INVALID);
            } else if (md.unusual & UNUSUAL_INNER_ADDRESS != 0) {
                ipv6_address.apply(THE_PACKET);
            } else {
                if (!OUTER_IS_PLAIN(END_OF_INNER_IPV6)) {
                    outer.apply(THE_PACKET);
                }
                if (md.unusual & UNUSUAL_EXTENSION != 0) {
                    remove_outer();
                } else {
                    md.origin = ORIGIN_DECAPSULATED;
                }
                expose_ipv6();
            }
        } else if (takes_ipv4 && hdr.ipv4.isValid()) {
            if (hdr.ipv4.version != 4 || hdr.ipv4.ihl < 5
                || hdr.ipv4.total_len < (bit<16>)hdr.ipv4.ihl << 2
                || END_OF_INNER_IPV4 > hdr.ipv6.payload_length) {
                refuse(drop_reason_t.IP_HEADER_INVALID);
            } else if (IPV4_CHECKSUM_ERROR) {
                refuse(drop_reason_t.IPV4_CHECKSUM);
            } else if (md.unusual & UNUSUAL_INNER_ADDRESS != 0) {
                ipv4_address.apply(THE_PACKET);
            } else {
                if (!OUTER_IS_PLAIN(END_OF_INNER_IPV4)) {
                    outer.apply(THE_PACKET);
                }
                remove_outer();
                expose_ipv4();
            }
        }
    }
}

// Nothing that the behaviour takes.
control upper_layer(PACKET) {
    VERDICTS
    find_upper_layer() find;

    @id(ALLOW_UPPER_LAYER_ID)
    @name(".allow_upper_layer")
    action allow_upper_layer() {
        punt(punt_reason_t.LOCAL);
    }

    // The SID counts the packet when it is whole.
    @id(REASSEMBLE_ID)
    @name(".reassemble")
    @brief("The control plane puts fragments together, RFC 8200 4.5")
    action reassemble() {
        punt(punt_reason_t.REASSEMBLY);
        md.sid_cell = 0;
    }
    action is_fragment() {
        VERDICT.upper_layer = IP_PROTO_FRAGMENT;
    }

    @id(UPPER_LAYER_TABLE_ID)
    @name(".upper_layer_table")
    @brief("Upper-layer protocols that this node itself processes at a SID")
    @description("Extension headers are no upper layer, but a fragment (44) can be no more than that")
    @entry_restriction("next_header != 0 && next_header != 43 && next_header != 51 && next_header != 60")
    table upper_layer_table {
        key = { VERDICT.upper_layer : exact @name("next_header"); }
        actions = { allow_upper_layer; reassemble; @defaultonly NoAction; }
        const default_action = NoAction();
        size = 256;
    }

    apply {
        find.apply(THE_PACKET);
        if (md.unusual & UNUSUAL_FRAGMENT != 0) {
            is_fragment();
        }
        if (md.unusual & UNUSUAL_ROUTING_TYPE != 0) {
            parameter_problem(drop_reason_t.ROUTING_TYPE, POINTER_ROUTING_TYPE);            // SRH-10
        } else if (VERDICT.upper_layer == IP_PROTO_IPV4 && !hdr.ipv4.isValid()
                   && hdr.ipv6.payload_length |-| md.extension_length >= IPV4_HEADER_LENGTH) {
            refuse(drop_reason_t.IP_HEADER_INVALID);   // its options run past the end
        } else if (hdr.ipv6.payload_length < md.extension_length
                   || (VERDICT.upper_layer == IP_PROTO_IPV6 && !hdr.inner_ipv6.isValid())
                   || (VERDICT.upper_layer == IP_PROTO_IPV4 && !hdr.ipv4.isValid())) {
            refuse(drop_reason_t.HEADER_TRUNCATED);
        } else if (md.unusual & UNUSUAL_FRAGMENT == 0
                   && (VERDICT.upper_layer == IP_PROTO_HOPOPTS || VERDICT.upper_layer == IP_PROTO_DSTOPTS
                       || VERDICT.upper_layer == IP_PROTO_ROUTING || VERDICT.upper_layer == IP_PROTO_FRAGMENT
                       || VERDICT.upper_layer == IP_PROTO_AH)) {
            // The walk of the chain ended early: no slot left, or no bytes.
            if (hdr.extension_3.isValid()) {
                refuse(drop_reason_t.EXTENSION_CHAIN);
            } else {
                refuse(drop_reason_t.HEADER_TRUNCATED);
            }
        } else if (!upper_layer_table.apply().hit) {
            if (md.unusual & UNUSUAL_FRAGMENT != 0) {
                refuse(drop_reason_t.FRAGMENT_AT_SID);                                      // UL-5
            } else {
                upper_layer_error();
            }
        }
    }
}

#endif  // SRV6_CORE_SID_UPPER_LAYER_P4_
