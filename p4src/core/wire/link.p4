// SPDX-License-Identifier: Apache-2.0
// Ethernet and one VLAN tag.
#ifndef SRV6_CORE_WIRE_LINK_P4_
#define SRV6_CORE_WIRE_LINK_P4_

const bit<16> ETHERTYPE_IPV4 = 0x0800;
const bit<16> ETHERTYPE_ARP  = 0x0806;
const bit<16> ETHERTYPE_VLAN = 0x8100;
const bit<16> ETHERTYPE_QINQ = 0x88A8;
const bit<16> ETHERTYPE_IPV6 = 0x86DD;

const bit<16> ETHERNET_HEADER_LENGTH = 14;
const bit<16> VLAN_HEADER_LENGTH     = 4;

header ethernet_t {
    mac_addr_t dst_addr;
    mac_addr_t src_addr;
    bit<16>    ether_type;
}

header vlan_t {
    bit<3>    pcp;
    bit<1>    dei;
    vlan_id_t vid;
    bit<16>   ether_type;
}

#define LINK_INSTANCES   \
    ethernet_t ethernet; \
    HMAC_STATE_INSTANCE  \
    vlan_t     vlan;
#define LINK_EMIT           \
    pkt.emit(hdr.ethernet); \
    HMAC_STATE_EMIT         \
    pkt.emit(hdr.vlan);

#endif  // SRV6_CORE_WIRE_LINK_P4_

#ifdef PARSER_STATES
    state parse_ethernet {
        pkt.extract(hdr.ethernet);
        transition select(hdr.ethernet.ether_type) {
            ETHERTYPE_IPV6: parse_ipv6;
            ETHERTYPE_IPV4: parse_ipv4;
            ETHERTYPE_VLAN: parse_vlan;
            ETHERTYPE_QINQ: parse_vlan;
            HMAC_ETHER_TYPE
            NSH_ETHERTYPE
            default:        accept;
        }
    }

    state parse_vlan {
        pkt.extract(hdr.vlan);
        md.unusual = UNUSUAL_TAG;
        transition select(hdr.vlan.ether_type) {
            ETHERTYPE_IPV6: parse_ipv6;
            ETHERTYPE_IPV4: parse_ipv4;
            NSH_ETHERTYPE
            default:        accept;
        }
    }
#endif  // PARSER_STATES
