// SPDX-License-Identifier: Apache-2.0
// End.Replicate (RFC 9524 2.2): a copy to each branch of a replication segment, and one for this node where it is a
// leaf of the tree.
//
//   hop limit -> state of the segment? -> hop limit threshold -> hop limit - 1 -> copies (router/copies.p4)
//
// The outer header is used again: a copy differs in its destination, the Replication-SID of the branch, and what a
// branch by a segment list has around it. The SRH is neither read nor changed; it is this node's own copy that may find
// its context there. Nobody is told of an error (2.2.3), no Time Exceeded, no Parameter Problem but that of an option;
// where a hop limit is below the threshold, the counter of the reason is the log.
//
// Roles: the branches that a group has, and whether this node's own copy is among them. Head, transit: branches alone;
// leaf: its own copy alone; bud: both.
#ifndef SRV6_CORE_SID_REPLICATE_P4_
#define SRV6_CORE_SID_REPLICATE_P4_

#ifndef REPLICATION_SEGMENT_TABLE_SIZE
#define REPLICATION_SEGMENT_TABLE_SIZE 4096
#endif

typedef bit<16> replication_id_t;

#define END_REPLICATE_ACTIONS                                                      \
    SID_ACTION(END_REPLICATE_ID, end_replicate, "End.Replicate, RFC 9524 2.2")     \
    action end_replicate(sid_index_t sid_index, replication_id_t replication_id) { \
        TAKE_SID_INDEX(sid_index)                                                  \
        BEGIN(VERDICT)                                                             \
        VERDICT.table_id = replication_id;                                         \
    }
#define END_REPLICATE_ACTION_NAMES end_replicate;
#define END_REPLICATE_CONTROLS     replication_segment() replication;
#define END_REPLICATE_CASES        end_replicate: { replication.apply(THE_PACKET); }

control replication_segment(PACKET) {
    VERDICTS
    domain_verdict() domain;

    action replicate_packet(bit<16> group) {
        hdr.ipv6.hop_limit = hdr.ipv6.hop_limit - 1;
        REPLICATE(group)
    }
    action hop_limit_too_low() {
        refuse(drop_reason_t.REPLICATION_HOP_LIMIT);
    }

    @id(REPLICATION_STATE_ID)
    @name(".replication_state")
    @brief("The branches, and this node where it is a leaf")
    @description("hop_limit_threshold: packets with less are dropped; 0: off")
    action replication_state(multicast_group_t multicast_group, bit<8> hop_limit_threshold) {
        VERDICT.multicast_group = multicast_group;
        VERDICT.upper_layer = hop_limit_threshold;
    }

    @id(NO_REPLICATION_STATE_ID)
    @name(".no_replication_state")
    action no_replication_state() {
        refuse(drop_reason_t.REPLICATION_STATE);
    }

    @id(REPLICATION_SEGMENT_TABLE_ID)
    @name(".replication_segment_table")
    @brief("Replication segments")
    @description("replication_id: with this node, the identity of the segment (RFC 9524 2)")
    @entry_restriction("replication_id != 0")
    table replication_segment_table {
        key = { VERDICT.table_id : exact @name("replication_id"); }
        actions = { replication_state; @defaultonly no_replication_state; }
        const default_action = no_replication_state();
        size = REPLICATION_SEGMENT_TABLE_SIZE;
    }

    apply {
        if (md.unusual >= UNUSUAL_FOREIGN_SOURCE) {
            domain.apply(THE_PACKET);
        } else if (IS_FOR_THIS_NODE) {
            refuse(drop_reason_t.REPLICATION_CONTEXT);   // to deliver it is not to copy it again
        } else if (hdr.ipv6.hop_limit <= 1) {
            refuse(drop_reason_t.HOP_LIMIT_EXCEEDED);
        } else if (md.unusual & UNUSUAL_LINK_SCOPE != 0) {
            refuse(drop_reason_t.SOURCE_INVALID);
        } else {
            replication_segment_table.apply();
            if (md.next != FATE_DROP) {
                if (hdr.ipv6.hop_limit < VERDICT.upper_layer) {
                    hop_limit_too_low();
                } else {
                    replicate_packet(VERDICT.multicast_group);
                }
            }
        }
    }
}

#endif  // SRV6_CORE_SID_REPLICATE_P4_
