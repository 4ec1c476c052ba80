// SPDX-License-Identifier: Apache-2.0
// Hop limit and TTL, decremented once a router: before encapsulation (HE-4), after decapsulation (DEC-7).
#ifndef SRV6_CORE_ROUTER_HOP_LIMIT_P4_
#define SRV6_CORE_ROUTER_HOP_LIMIT_P4_

control hop_limit(PACKET) {
    VERDICTS

    action decrement_hop_limit() {
        hdr.ipv6.hop_limit = hdr.ipv6.hop_limit - 1;
    }
    // The checksum is updated, not computed: RFC 1624 equation 3, where the 16 bits that hold the TTL become less by
    // 0x0100. admit.p4 and upper_layer.p4 have seen that it was right.
    action decrement_ttl() {
        hdr.ipv4.ttl = hdr.ipv4.ttl - 1;
        hdr.ipv4.hdr_checksum = ~ONES_COMPLEMENT_SUM(~hdr.ipv4.hdr_checksum, 0xFEFF);
    }

    apply {
        if (hdr.ipv6.isValid()) {
            if (md.unusual & UNUSUAL_LINK_SCOPE != 0 && md.origin == ORIGIN_RECEIVED) {
                refuse(drop_reason_t.SOURCE_INVALID);   // a link-local source
            } else if (hdr.ipv6.hop_limit <= 1) {
                hop_limit_exceeded();
            } else {
                decrement_hop_limit();
            }
        } else {
            if (hdr.ipv4.ttl <= 1) {
                hop_limit_exceeded();
            } else {
                decrement_ttl();
            }
        }
    }
}

#endif  // SRV6_CORE_ROUTER_HOP_LIMIT_P4_
