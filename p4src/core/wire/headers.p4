// SPDX-License-Identifier: Apache-2.0
// The headers of a packet in the order of the wire: what is pushed stands in front of what was received.
#ifndef SRV6_CORE_WIRE_HEADERS_P4_
#define SRV6_CORE_WIRE_HEADERS_P4_

struct headers_t {
    PACKET_IO_INSTANCES
    LINK_INSTANCES
    PUSHED_INSTANCES
    ipv6_t ipv6;
    EXTENSION_INSTANCES
    SRH_INSTANCES
    HMAC_SRH_INSTANCES
    GTP_PUSHED_INSTANCES
    NSH_INSTANCES
    FRAME_INSTANCES
    INNER_IP_INSTANCES
    GTP_INSTANCES
    LAZY_STATE_IN_HEADERS
}

#endif  // SRV6_CORE_WIRE_HEADERS_P4_
