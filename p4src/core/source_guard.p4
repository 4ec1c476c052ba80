// SPDX-License-Identifier: Apache-2.0
// Sources at the interface that a packet came by: none that is nobody's or the domain's own from outside (BCP 38, RFC
// 2827), and, where the interface asks for it, none that this node would not answer (BCP 84, RFC 3704).
//
//   external interface -> source_ipv6_table | source_ipv4_table: nobody's, the domain's, or not listed
//   urpf               -> urpf_ipv6_table | urpf_ipv4_table: the routes, seen from the interface
//
// Only packets that would be routed get here, and only those of interfaces that ask for one of the two. Sources that
// no interface takes are refused before: core/addresses.p4.
#ifndef SRV6_CORE_SOURCE_GUARD_P4_
#define SRV6_CORE_SOURCE_GUARD_P4_

control source_guard(PACKET) {
    VERDICTS

    @id(BOGON_SOURCE_ID)
    @name(".bogon_source")
    @brief("Nobody's source, or nobody's outside")
    action bogon_source() {
        refuse(drop_reason_t.SOURCE_BOGON);
    }

    @id(DOMAIN_SOURCE_ID)
    @name(".domain_source")
    @brief("A source inside the domain, which cannot come from outside")
    action domain_source() {
        refuse(drop_reason_t.SOURCE_SPOOFED);
    }

    @id(OUTSIDE_SOURCE_ID)
    @name(".outside_source")
    @brief("Somebody's outside, although a shorter prefix is not")
    action outside_source() {}

    @id(SOURCE_IPV6_TABLE_ID)
    @name(".source_ipv6_table")
    @brief("IPv6 sources that no packet from an external interface has")
    table source_ipv6_table {
        key = { hdr.ipv6.src_addr : lpm @name("ipv6_src") @format(IPV6_ADDRESS); }
        actions = { bogon_source; domain_source; outside_source; @defaultonly NoAction; }
        const default_action = NoAction();
        size = SOURCE_TABLE_SIZE;
    }

    @id(SOURCE_IPV4_TABLE_ID)
    @name(".source_ipv4_table")
    @brief("IPv4 sources that no packet from an external interface has")
    table source_ipv4_table {
        key = { hdr.ipv4.src_addr : lpm @name("ipv4_src") @format(IPV4_ADDRESS); }
        actions = { bogon_source; outside_source; @defaultonly NoAction; }
        const default_action = NoAction();
        size = SOURCE_TABLE_SIZE;
    }

    @id(URPF_PASS_ID)
    @name(".urpf_pass")
    @brief("The way back to the source: by this interface (strict), or by any (loose)")
    action urpf_pass() {}

    @id(URPF_FAIL_ID)
    @name(".urpf_fail")
    action urpf_fail() {
        refuse(drop_reason_t.REVERSE_PATH);
    }

    @id(URPF_IPV6_TABLE_ID)
    @name(".urpf_ipv6_table")
    @brief("IPv6 routes seen from an interface with reverse path forwarding")
    @description("urpf_id: of the interface (strict), or shared by those of a VRF (loose). Only where the answer changes from a prefix to one inside it there are entries")
    table urpf_ipv6_table {
        key = {
            VERDICT.urpf_id   : exact @name("urpf_id");
            hdr.ipv6.src_addr : lpm @name("ipv6_src") @format(IPV6_ADDRESS);
        }
        actions = { urpf_pass; urpf_fail; }
        const default_action = urpf_fail();
        size = URPF_TABLE_SIZE;
    }

    @id(URPF_IPV4_TABLE_ID)
    @name(".urpf_ipv4_table")
    @brief("IPv4 routes seen from an interface with reverse path forwarding")
    table urpf_ipv4_table {
        key = {
            VERDICT.urpf_id   : exact @name("urpf_id");
            hdr.ipv4.src_addr : lpm @name("ipv4_src") @format(IPV4_ADDRESS);
        }
        actions = { urpf_pass; urpf_fail; }
        const default_action = urpf_fail();
        size = URPF_TABLE_SIZE;
    }

    apply {
        if (md.unusual & UNUSUAL_EXTERNAL != 0) {
            if (hdr.ipv6.isValid()) {
                source_ipv6_table.apply();
            } else {
                source_ipv4_table.apply();
            }
        }
        if (md.unusual & UNUSUAL_URPF != 0 && md.next == NEXT_IN_SEQUENCE) {
            if (hdr.ipv6.isValid()) {
                urpf_ipv6_table.apply();
            } else {
                urpf_ipv4_table.apply();
            }
        }
    }
}

#endif  // SRV6_CORE_SOURCE_GUARD_P4_
