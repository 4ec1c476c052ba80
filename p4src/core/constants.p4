// SPDX-License-Identifier: Apache-2.0
// Wire constants and the widths and sizes of the forwarding model. A target may override a size with -D.
#ifndef SRV6_CORE_CONSTANTS_P4_
#define SRV6_CORE_CONSTANTS_P4_

// Ethernet types.
const bit<16> ETHERTYPE_IPV4 = 0x0800;
const bit<16> ETHERTYPE_ARP  = 0x0806;
const bit<16> ETHERTYPE_VLAN = 0x8100;
const bit<16> ETHERTYPE_QINQ = 0x88A8;
const bit<16> ETHERTYPE_IPV6 = 0x86DD;

// IPv6 next header / IPv4 protocol numbers.
const bit<8> IP_PROTO_HOPOPTS  = 0;
const bit<8> IP_PROTO_IPV4     = 4;
const bit<8> IP_PROTO_TCP      = 6;
const bit<8> IP_PROTO_UDP      = 17;
const bit<8> IP_PROTO_IPV6     = 41;
const bit<8> IP_PROTO_ROUTING  = 43;
const bit<8> IP_PROTO_FRAGMENT = 44;
const bit<8> IP_PROTO_AH       = 51;
const bit<8> IP_PROTO_ICMPV6   = 58;
const bit<8> IP_PROTO_DSTOPTS  = 60;
const bit<8> IP_PROTO_ETHERNET = 143;

const bit<8> ROUTING_TYPE_SRH = 4;   // RFC 8754 2

const bit<16> IPV6_HEADER_LENGTH = 40;
const bit<16> IPV6_MINIMUM_MTU   = 1280;
const bit<16> ETHERNET_HEADER_LENGTH = 14;
const bit<16> VLAN_HEADER_LENGTH     = 4;
const bit<32> PACKET_OUT_LENGTH      = 6;

// Table sizes. simple_switch sets aside some 170 bytes an entry when it loads the program.
#ifndef MY_SID_TABLE_SIZE
#define MY_SID_TABLE_SIZE 131072
#endif
#ifndef IPV6_TABLE_SIZE
#define IPV6_TABLE_SIZE 131072
#endif
#ifndef IPV4_TABLE_SIZE
#define IPV4_TABLE_SIZE 131072
#endif
#ifndef CLASSIFIER_TABLE_SIZE
#define CLASSIFIER_TABLE_SIZE 4096
#endif
#ifndef SR_POLICY_TABLE_SIZE
#define SR_POLICY_TABLE_SIZE 16384
#endif
#ifndef NEXTHOP_TABLE_SIZE
#define NEXTHOP_TABLE_SIZE 32768
#endif
#ifndef NEXTHOP_GROUP_TABLE_SIZE
#define NEXTHOP_GROUP_TABLE_SIZE 4096
#endif
#ifndef INTERFACE_TABLE_SIZE
#define INTERFACE_TABLE_SIZE 4096
#endif
#ifndef DOMAIN_TABLE_SIZE
#define DOMAIN_TABLE_SIZE 1024
#endif
// Members of one weighted group.
#ifndef WCMP_MAX_GROUP_SIZE
#define WCMP_MAX_GROUP_SIZE 256
#endif
#ifndef WCMP_MEMBERS_SIZE
#define WCMP_MEMBERS_SIZE 131072
#endif
// Cells of the counter of SIDs and of the counter of policies: two a SID or policy (untagged, tagged).
#ifndef SID_COUNTER_SIZE
#define SID_COUNTER_SIZE 262144
#endif
#ifndef SID_ERROR_COUNTER_SIZE
#define SID_ERROR_COUNTER_SIZE 131072
#endif
#ifndef POLICY_COUNTER_SIZE
#define POLICY_COUNTER_SIZE 131072
#endif

#endif  // SRV6_CORE_CONSTANTS_P4_
