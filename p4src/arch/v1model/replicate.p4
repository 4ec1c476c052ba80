// SPDX-License-Identifier: Apache-2.0
// Copies (core/router/bridge.p4): the multicast groups of the packet replication engine. Each replica of a group has
// the port that recirculated packets queue at, and the number of a row of replica_table as its instance.
//
//   ingress: mcast_grp -> [traffic manager] -> egress: egress_rid into md.carried, recirculate -> ingress: replica_id
//
// What is common to all copies (decapsulation, hop limit) is done before, once; a copy is told by its number alone.
#ifndef SRV6_ARCH_V1MODEL_REPLICATE_P4_
#define SRV6_ARCH_V1MODEL_REPLICATE_P4_

// Copies of copies are possible, a tree that delivers into a bridge domain, but a packet that goes round has an end.
#define MAX_PASSES_BEFORE_COPIES 16

#define CARRIED_REPLICA_ID md.carried[53:38]
#define CARRY_REPLICA      CARRIED_REPLICA_ID = standard_metadata.egress_rid;   // 0 of a packet that is no copy

#define REPLICATE_ACTION                                                \
    action replicate() {                                                \
        CARRY_INTO_LATER_PASS(CARRIED_PASSES + 1)                       \
        standard_metadata.mcast_grp = VERDICT.multicast_group;          \
    }
#define REPLICATE_FATE                                                                          \
    else if (md.next == FATE_REPLICATE) {                                                       \
        if (FRAME_LENGTH > MAX_RECIRCULATED_LENGTH) {                                           \
            refuse(drop_reason_t.RECIRCULATION_LIMIT);                                          \
        } else if (CARRIED_PASSES >= MAX_PASSES_BEFORE_COPIES) {                                \
            refuse(drop_reason_t.SID_VISIT_LIMIT);                                              \
        } else {                                                                                \
            replicate();                                                                        \
        }                                                                                       \
    }

#define RESUME_COPY_ACTION                              \
    action resume_copy() {                              \
        BEGIN(VERDICT)                                  \
        VERDICT.replica_id = CARRIED_REPLICA_ID;        \
        md.unusual = md.unusual | UNUSUAL_BRIDGE;       \
        md.origin = ORIGIN_FRAME;                       \
        md.next = NEXT_POLICY;                          \
    }
#define RESUME_COPY                                     \
    if (CARRIED_REPLICA_ID != 0) {                      \
        resume_copy();                                  \
    }

#endif  // SRV6_ARCH_V1MODEL_REPLICATE_P4_
