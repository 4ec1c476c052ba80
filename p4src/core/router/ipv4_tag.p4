// SPDX-License-Identifier: Apache-2.0
// The part of router/link.p4 where IPv4 goes round: in the mobile user plane, and as a copy.
#ifndef SRV6_CORE_ROUTER_IPV4_TAG_P4_
#define SRV6_CORE_ROUTER_IPV4_TAG_P4_

#define IPV4_TAG_ACTION                                             \
    action restore_ipv4() {                                         \
        hdr.vlan.ether_type = ETHERTYPE_IPV4;                       \
    }
#define IPV4_TAG                                                    \
    if (hdr.vlan.isValid() && !hdr.ipv6.isValid() && !IS_PUSHED) {  \
        restore_ipv4();                                             \
    }

#endif  // SRV6_CORE_ROUTER_IPV4_TAG_P4_
