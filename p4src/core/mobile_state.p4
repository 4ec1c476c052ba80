// SPDX-License-Identifier: Apache-2.0
// What the mobile user plane keeps of a packet: of the GTP-U header that the parser met, and of the behaviour.
#ifndef SRV6_CORE_MOBILE_STATE_P4_
#define SRV6_CORE_MOBILE_STATE_P4_

typedef bit<8> argument_shift_t;   // of an argument from the end of an address; a shift takes 8 bits at most

LAZY_STATE gtp_state_t {
    bit<8>  complete;        // 1: the GTP-U header was walked to its end
    bit<8>  has_container;   // 1: a PDU Session Container ...
    bit<16> container;       // ... with these octets behind its length: PDU type (4), 4 bits, P, RQI, QFI (6)
    bit<16> options_length;  // bytes of the optional fields and extension headers
    bit<8>  first_octet;     // of what GTP-U carries
}

// Operands first.
LAZY_STATE mobile_state_t {
    ipv6_addr_t      address;          // the mapped SID of End.MAP; the source of what is pushed
    argument_shift_t argument_shift;   // of Args.Mob.Session, and of what stands in front of it
    argument_shift_t source_shift;     // of the IPv4 source address in the IPv6 one
    bit<8>           hop_limit;        // of what is pushed; 0: that of the packet
    bit<8>           next_header;      // of what GTP-U carries; 0: what its first octet says
    bit<8>           options;
    ipv6_addr_t      argument;         // where it stands in a SID
    bit<40>          session;          // Args.Mob.Session: QFI (6), R, U, PDU Session ID (32)
    bit<16>          length;           // of what GTP-U carries
    bit<16>          pushed_length;    // of what is pushed in front of that, behind the IP header
    bit<16>          source_port;
    bit<8>           udp_checksum;     // 1: the checksum of the pushed UDP header is computed when the packet leaves
    bit<32>          flow_hash;
    bit<32>          sum;              // of the words of an IPv4 header
    nexthop_id_t     signalling;       // where messages without a packet inside go; 0: nowhere
    bit<16>          limit;            // cell of the meter of End.Limit
    bit<2>           color;
    bit<6>           pad;
}

// The part of router/route.p4: a packet that has become IPv4 may be for this node.
#define IPV4_LOOKUP                                \
    switch (ipv4_table.apply().action_run) {       \
        local: {                                   \
            if (md.origin == ORIGIN_ADVANCED) {    \
                go_again();                        \
            }                                      \
        }                                          \
    }
// The part of the target's checksums (arch/*/checksum.p4): where UDP and GTP-U over IPv6 were pushed.
#define MOBILE_CHECKSUM GTP_UDP_CHECKSUM

#define MOBILE_STATE          \
    gtp_state_t    gtp;       \
    mobile_state_t mobile;

#endif  // SRV6_CORE_MOBILE_STATE_P4_
