// SPDX-License-Identifier: Apache-2.0
// The only writers of fate and reasons. A control that decides a fate begins with VERDICTS, which declares these
// actions in it (an action that is given the state as a parameter would copy all of it in and out); those it does not
// use are not compiled.
#ifndef SRV6_CORE_VERDICT_P4_
#define SRV6_CORE_VERDICT_P4_

// Where things stand in the chain, for ICMPv6 pointers, which count from the start of the IPv6 header (RFC 4443 3.4).
#define POINTER_ROUTING_TYPE  (IPV6_HEADER_LENGTH + md.extension_length + 2)
#define POINTER_SEGMENTS_LEFT (IPV6_HEADER_LENGTH + md.extension_length + 3)
#define POINTER_UPPER_LAYER   (IPV6_HEADER_LENGTH + md.extension_length)

// The packet is replaced by copies, each of which begins another pass (arch/v1model/replicate.p4).
#define REPLICATE(GROUP)                \
    VERDICT.multicast_group = GROUP;    \
    md.next = FATE_REPLICATE;

#define VERDICTS                                                                                              \
    action decide(next_t fate, bit<8> drop_reason, bit<8> punt_reason) {                                      \
        BEGIN(VERDICT)                                                                                        \
        VERDICT.drop_reason = drop_reason;                                                                    \
        VERDICT.punt_reason = punt_reason;                                                                    \
        VERDICT.pointer = 0;                                                                                  \
        VERDICT.reported_mtu = 0;                                                                             \
        VERDICT.reported_nexthop_id = 0;                                                                      \
        VERDICT.reported_port = 0;                                                                            \
        md.next = fate;                                                                                       \
    }                                                                                                         \
    /* The packet is lost, and nobody is told. */                                                             \
    action refuse(bit<8> reason) {                                                                            \
        BEGIN(VERDICT)                                                                                        \
        VERDICT.drop_reason = reason;                                                                         \
        VERDICT.punt_reason = punt_reason_t.NONE;                                                             \
        md.next = FATE_DROP;                                                                                  \
    }                                                                                                         \
    /* Lost, and its source is told by ICMP. */                                                               \
    action hop_limit_exceeded() {                                                                             \
        decide(FATE_DROP, drop_reason_t.HOP_LIMIT_EXCEEDED, punt_reason_t.HOP_LIMIT_EXCEEDED);                \
    }                                                                                                         \
    action parameter_problem(bit<8> reason, bit<16> pointer) {                                                \
        decide(FATE_DROP, reason, punt_reason_t.PARAMETER_PROBLEM);                                           \
        VERDICT.pointer = pointer;                                                                            \
    }                                                                                                         \
    action upper_layer_error() {                                                                              \
        decide(FATE_DROP, drop_reason_t.UPPER_LAYER, punt_reason_t.UPPER_LAYER_ERROR);                        \
        VERDICT.pointer = POINTER_UPPER_LAYER;                                                                \
    }                                                                                                         \
    action unrecognized_option() {                                                                            \
        decide(FATE_DROP, drop_reason_t.OPTION, punt_reason_t.OPTION);                                        \
    }                                                                                                         \
    action destination_unreachable() {                                                                        \
        decide(FATE_DROP, drop_reason_t.NO_ROUTE, punt_reason_t.NO_ROUTE);                                    \
    }                                                                                                         \
    action packet_too_big(mtu_t mtu) {                                                                        \
        decide(FATE_DROP, drop_reason_t.PACKET_TOO_BIG, punt_reason_t.PACKET_TOO_BIG);                        \
        VERDICT.reported_mtu = mtu;                                                                           \
    }                                                                                                         \
    /* Lost unless the control plane finds the neighbour and sends it again. */                               \
    action neighbor_unresolved(port_id_t egress_port) {                                                       \
        decide(FATE_DROP, drop_reason_t.NEIGHBOR_UNRESOLVED, punt_reason_t.NEIGHBOR_UNRESOLVED);              \
        VERDICT.reported_nexthop_id = md.nexthop_id;                                                          \
        VERDICT.reported_port = egress_port;                                                                  \
    }                                                                                                         \
    /* The control plane's. */                                                                                \
    action punt(bit<8> reason) {                                                                              \
        decide(FATE_PUNT, drop_reason_t.NONE, reason);                                                        \
    }                                                                                                         \
    action fragment() {                                                                                       \
        decide(FATE_FRAGMENT, drop_reason_t.NONE, punt_reason_t.FRAGMENT);                                    \
        VERDICT.reported_mtu = md.mtu;                                                                        \
        VERDICT.reported_port = EGRESS_PORT;                                                                  \
    }                                                                                                         \
    action go_again() {                                                                                       \
        md.next = FATE_RECIRCULATE;                                                                           \
    }                                                                                                         \
    action transmit(port_id_t egress_port) {                                                                  \
        EGRESS_PORT = egress_port;                                                                            \
        md.next = FATE_TRANSMIT;                                                                              \
    }

#endif  // SRV6_CORE_VERDICT_P4_
