// SPDX-License-Identifier: Apache-2.0
// The end of a packet is where its Payload Length (RFC 8200 3) or Total Length (RFC 791 3.1) says. What a link has put
// behind it, to make a frame of 64 octets, is no part of it: not of a packet that is routed, encapsulated or taken out
// of another one, nor of a frame that is taken out (sid/l2.p4). A frame that is encapsulated is taken whole.
//
// Padding is marked where lengths are checked (admit.p4, sid/upper_layer.p4) and cut off when the packet leaves, since
// only then its length is known. The control plane gets packets as they arrived, and cuts them itself.
#ifndef SRV6_CORE_ROUTER_TRIM_P4_
#define SRV6_CORE_ROUTER_TRIM_P4_

control trim_packet(PACKET) {
    action take_length_of_pushed() {
        FRAME_LENGTH = (bit<32>)OUTERMOST_IPV6.payload_length + 54;
    }
    action take_length_of_ipv6() {
        FRAME_LENGTH = (bit<32>)hdr.ipv6.payload_length + 54;
    }
    action take_length_of_ipv4() {
        FRAME_LENGTH = (bit<32>)hdr.ipv4.total_len + 14;
    }
    action add_tag() {
        FRAME_LENGTH = FRAME_LENGTH + 4;
    }
    LABELS_TRIM
    NSH_TRIM_ACTION
    action cut() {
        END_FRAME
    }

    apply {
        NSH_TRIM if (IS_PUSHED) {
            take_length_of_pushed();
        } else if (hdr.ipv6.isValid()) {
            take_length_of_ipv6();
        } else {
            take_length_of_ipv4();
        }
        if (hdr.vlan.isValid()) {
            add_tag();
        }
        ADD_LABELS
        cut();
    }
}

#endif  // SRV6_CORE_ROUTER_TRIM_P4_
