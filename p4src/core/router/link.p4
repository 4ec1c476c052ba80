// SPDX-License-Identifier: Apache-2.0
// The tag of the frame that leaves. The MAC addresses are there already (nexthop.p4), and so is the EtherType of an
// untagged frame: who changes what a frame carries writes it.
#ifndef SRV6_CORE_ROUTER_LINK_P4_
#define SRV6_CORE_ROUTER_LINK_P4_

control link_layer(PACKET) {
    action untag(bit<16> ether_type) {
        hdr.vlan.setInvalid();
        hdr.ethernet.ether_type = ether_type;
    }
    action tag(bit<16> ether_type) {
        hdr.vlan.setValid();
        hdr.vlan.pcp = 0;
        hdr.vlan.dei = 0;
        hdr.vlan.vid = md.egress_vlan;
        hdr.vlan.ether_type = ether_type;
        hdr.ethernet.ether_type = ETHERTYPE_VLAN;
    }

    apply {
        if (md.egress_vlan == 0) {
            NSH_UNTAG LABELS_UNTAG if (hdr.ipv6.isValid() || IS_PUSHED) {
                untag(ETHERTYPE_IPV6);
            } else {
                untag(ETHERTYPE_IPV4);
            }
        } else NSH_TAG LABELS_TAG if (hdr.ipv6.isValid() || IS_PUSHED) {
            tag(ETHERTYPE_IPV6);
        } else {
            tag(ETHERTYPE_IPV4);
        }
    }
}

// A packet that goes round again keeps the tag it came with: the next pass sees the interface that it came in by.
control keep_tag(PACKET) {
    action restore_ether_types() {
        hdr.vlan.ether_type = ETHERTYPE_IPV6;   // IPv4 goes round in few profiles
        hdr.ethernet.ether_type = ETHERTYPE_VLAN;
    }

    IPV4_TAG_ACTION

    apply {
        if (hdr.vlan.isValid()) {
            restore_ether_types();
        }
        IPV4_TAG
    }
}

#endif  // SRV6_CORE_ROUTER_LINK_P4_
