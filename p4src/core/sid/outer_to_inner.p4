// SPDX-License-Identifier: Apache-2.0
// What the outer header leaves to the packet that is taken out of it, before that decides anything: where the packet
// ends (router/trim.p4), congestion, and what the SID asks for.
//
//   ECN        RFC 6040 4.2, unless DECAP_ECN_KEEP. Congestion marked outside a packet that does not know ECN: dropped
//   DSCP       pipe: the inner one stays (RFC 2983 3.1, 4.1). DECAP_DSCP_UNIFORM: the outer one
//   hop limit  pipe: the inner one stays. DECAP_TTL_UNIFORM: the outer one (RFC 3443 3.1), where it is lower: an
//              encapsulation that did not copy it would give a looping packet a new life in every round. It is
//              decremented behind this, as that of any decapsulated packet (DEC-7)
//
// ECN of inner (row) and outer header (column):
//
//              Not-ECT  ECT(0)   ECT(1)   CE
//     Not-ECT  Not-ECT  Not-ECT  Not-ECT  drop
//     ECT(0)   ECT(0)   ECT(0)   ECT(1)   CE
//     ECT(1)   ECT(1)   ECT(1)   ECT(1)   CE
//     CE       CE       CE       CE       CE
#ifndef SRV6_CORE_SID_OUTER_TO_INNER_P4_
#define SRV6_CORE_SID_OUTER_TO_INNER_P4_

// Where the packet inside ends, from the end of the outer IPv6 header.
#define END_OF_INNER_IPV6 (hdr.inner_ipv6.payload_length |+| (IPV6_HEADER_LENGTH + md.extension_length))
#define END_OF_INNER_IPV4 (hdr.ipv4.total_len |+| md.extension_length)

const bit<8> ECN_NOT_ECT = 0;
const bit<8> ECN_ECT_1   = 1;
const bit<8> ECN_ECT_0   = 2;
const bit<8> ECN_CE      = 3;
#define ECN_OF(TRAFFIC_CLASS) (TRAFFIC_CLASS & 3)

// RFC 1624 equation 3, for the half of a 16-bit word that changes.
#define SET_TOS(TOS)                                                                                                  \
    hdr.ipv4.hdr_checksum = ~ONES_COMPLEMENT_SUM(~hdr.ipv4.hdr_checksum,                                              \
                                                 ONES_COMPLEMENT_SUM(~(bit<16>)hdr.ipv4.tos, (bit<16>)(TOS)));        \
    hdr.ipv4.tos = TOS;
#define SET_TTL(TTL)                                                                                                  \
    hdr.ipv4.hdr_checksum = ~ONES_COMPLEMENT_SUM(~hdr.ipv4.hdr_checksum,                                              \
                                                 ONES_COMPLEMENT_SUM(~(hdr.ipv4.ttl ++ 8w0), TTL ++ 8w0));            \
    hdr.ipv4.ttl = TTL;

control outer_to_inner(PACKET) {
    VERDICTS

    action mark_padding() {
        md.unusual = md.unusual | UNUSUAL_PADDING;
    }
    action take_dscp_into_ipv6() {
        hdr.inner_ipv6.traffic_class = hdr.ipv6.traffic_class & 0xFC | ECN_OF(hdr.inner_ipv6.traffic_class);
    }
    action take_dscp_into_ipv4() {
        SET_TOS(hdr.ipv6.traffic_class & 0xFC | ECN_OF(hdr.ipv4.tos))
    }
    action mark_ce_in_ipv6() {
        hdr.inner_ipv6.traffic_class = hdr.inner_ipv6.traffic_class | ECN_CE;
    }
    action mark_ce_in_ipv4() {
        SET_TOS(hdr.ipv4.tos | ECN_CE)
    }
    action set_ect_1_in_ipv6() {
        hdr.inner_ipv6.traffic_class = hdr.inner_ipv6.traffic_class & 0xFC | ECN_ECT_1;
    }
    action set_ect_1_in_ipv4() {
        SET_TOS(hdr.ipv4.tos & 0xFC | ECN_ECT_1)
    }
    action take_hop_limit_into_ipv6() {
        hdr.inner_ipv6.hop_limit = hdr.ipv6.hop_limit;
    }
    action take_hop_limit_into_ipv4() {
        SET_TTL(hdr.ipv6.hop_limit)
    }

    apply {
        if (hdr.inner_ipv6.isValid()) {
            if (END_OF_INNER_IPV6 != hdr.ipv6.payload_length) {
                mark_padding();
            }
            if (md.sid_options & DECAP_DSCP_UNIFORM != 0) {
                take_dscp_into_ipv6();
            }
            if (md.sid_options & DECAP_TTL_UNIFORM != 0 && hdr.ipv6.hop_limit < hdr.inner_ipv6.hop_limit) {
                take_hop_limit_into_ipv6();
            }
            if (md.sid_options & DECAP_ECN_KEEP == 0) {
                if (ECN_OF(hdr.ipv6.traffic_class) == ECN_CE) {
                    if (ECN_OF(hdr.inner_ipv6.traffic_class) == ECN_NOT_ECT) {
                        refuse(drop_reason_t.CE_ON_NOT_ECT);
                    } else {
                        mark_ce_in_ipv6();
                    }
                } else if (ECN_OF(hdr.ipv6.traffic_class) == ECN_ECT_1
                           && ECN_OF(hdr.inner_ipv6.traffic_class) == ECN_ECT_0) {
                    set_ect_1_in_ipv6();
                }
            }
        } else {
            if (END_OF_INNER_IPV4 != hdr.ipv6.payload_length) {
                mark_padding();
            }
            if (md.sid_options & DECAP_DSCP_UNIFORM != 0) {
                take_dscp_into_ipv4();
            }
            if (md.sid_options & DECAP_TTL_UNIFORM != 0 && hdr.ipv6.hop_limit < hdr.ipv4.ttl) {
                take_hop_limit_into_ipv4();
            }
            if (md.sid_options & DECAP_ECN_KEEP == 0) {
                if (ECN_OF(hdr.ipv6.traffic_class) == ECN_CE) {
                    if (ECN_OF(hdr.ipv4.tos) == ECN_NOT_ECT) {
                        refuse(drop_reason_t.CE_ON_NOT_ECT);
                    } else {
                        mark_ce_in_ipv4();
                    }
                } else if (ECN_OF(hdr.ipv6.traffic_class) == ECN_ECT_1 && ECN_OF(hdr.ipv4.tos) == ECN_ECT_0) {
                    set_ect_1_in_ipv4();
                }
            }
        }
    }
}

#endif  // SRV6_CORE_SID_OUTER_TO_INNER_P4_
