// SPDX-License-Identifier: Apache-2.0
// The SR domain's filters (RFC 8754 5.1): no packet from outside reaches the SID block, and a local SID accepts packets
// from the domain's own addresses only. Both are off until the interface's flags ask for them. A packet that comes out
// of a tunnel to a SID of this node meets both: its source is not the tunnel's (arch/*/receive.p4). What they find is
// marked here and acted on by the local SID, behind its lookup: only there is known whether a source matters.
#ifndef SRV6_CORE_DOMAIN_P4_
#define SRV6_CORE_DOMAIN_P4_

control domain_filter(PACKET) {
    @id(DENY_SID_BLOCK_ID)
    @name(".deny_sid_block")
    action deny_sid_block() {
        md.unusual = md.unusual | UNUSUAL_SID_BLOCK;
    }

    @id(SID_BLOCK_TABLE_ID)
    @name(".sid_block_table")
    @brief("SID blocks of the domain, closed to external interfaces")
    table sid_block_table {
        key = { hdr.ipv6.dst_addr : lpm @name("ipv6_dst") @format(IPV6_ADDRESS); }
        actions = { deny_sid_block; @defaultonly NoAction; }
        const default_action = NoAction();
        size = DOMAIN_TABLE_SIZE;
    }

    @id(PERMIT_SOURCE_ID)
    @name(".permit_source")
    action permit_source() {}

    @id(SR_DOMAIN_TABLE_ID)
    @name(".sr_domain_table")
    @brief("Source prefixes that may use this node's SIDs")
    table sr_domain_table {
        key = { hdr.ipv6.src_addr : lpm @name("ipv6_src") @format(IPV6_ADDRESS); }
        actions = { permit_source; @defaultonly NoAction; }
        const default_action = NoAction();
        size = DOMAIN_TABLE_SIZE;
    }

    action mark_foreign_source() {
        md.unusual = md.unusual | UNUSUAL_FOREIGN_SOURCE;
    }

    apply {
        if (md.unusual & UNUSUAL_EXTERNAL != 0) {
            sid_block_table.apply();
        }
        if (md.unusual & UNUSUAL_CHECK_SOURCE != 0) {
            if (!sr_domain_table.apply().hit) {
                mark_foreign_source();
            }
        }
    }
}

// What a local SID does about the marks: these, and those of the parser about what stands in front of the SRH or the
// upper layer. An unknown option means what its first two bits say (RFC 8200 4.2): the control plane tells the source
// where it says so, and sends the packet again where there were only more options than the parser walks. An
// Authentication Header cannot be verified here, and what it protects is not taken unverified.
control domain_verdict(PACKET) {
    VERDICTS

    apply {
        if (md.unusual & UNUSUAL_SID_BLOCK != 0) {
            refuse(drop_reason_t.SID_BLOCK_FILTERED);
        } else if (md.unusual & UNUSUAL_FOREIGN_SOURCE != 0) {
            refuse(drop_reason_t.SOURCE_NOT_IN_DOMAIN);
        } else if (md.unusual & UNUSUAL_OPTION != 0) {
            unrecognized_option();
        } else {
            refuse(drop_reason_t.AUTHENTICATION_HEADER);
        }
    }
}

#endif  // SRV6_CORE_DOMAIN_P4_
