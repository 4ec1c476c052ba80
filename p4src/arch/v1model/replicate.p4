// SPDX-License-Identifier: Apache-2.0
// Copies: the multicast groups of the packet replication engine. Each replica of a group has the port that recirculated
// packets queue at, and the number of a row of replica_table (core/router/bridge.p4) or of packet_copy_table
// (core/router/copies.p4) as its instance.
//
//   ingress: mcast_grp -> [traffic manager] -> egress: egress_rid into md.carried, recirculate -> ingress: replica_id
//
// What is common to all copies (decapsulation, hop limit) is done before, once; a copy is told by its number alone.
// Each takes a token of the port that the packet came by.
#ifndef SRV6_ARCH_V1MODEL_REPLICATE_P4_
#define SRV6_ARCH_V1MODEL_REPLICATE_P4_

// Copies of copies are possible, a tree that delivers into a bridge domain, but a packet that goes round has an end.
#define MAX_PASSES_BEFORE_COPIES 16

#define CARRIED_REPLICA_ID md.carried[53:38]
#define CARRIED_IN_CONTEXT md.carried[54:54]   // this node's own copy, with its context as destination
#define CARRIED_COPY       md.carried[54:38]   // both
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
            if (md.origin != ORIGIN_FRAME) {                                                    \
                tag.apply(THE_PACKET);                                                          \
            }                                                                                   \
            COUNT_SPRAYED                                                                       \
        }                                                                                       \
    }

#define RESUME_COPY_ACTION                              \
    @id(COPY_METER_ID) @name(".copy_meter")             \
    @brief("Rate of copies, by the port that the packet came by") \
    meter<port_id_t>(512, MeterType.packets) copy_meter; \
    action resume_copy() {                              \
        BEGIN(VERDICT)                                  \
        VERDICT.replica_id = CARRIED_REPLICA_ID;        \
        VERDICT.color = METER_GREEN;                    \
    }                                                   \
    action take_copy_token() {                          \
        copy_meter.execute_meter(INGRESS_PORT, VERDICT.color); \
    }                                                   \
    action resume_frame() {                             \
        md.unusual = md.unusual | UNUSUAL_BRIDGE;       \
        md.origin = ORIGIN_FRAME;                       \
        md.next = NEXT_POLICY;                          \
    }                                                   \
    RESUME_PACKET_COPY_ACTIONS
#define RESUME_COPY                                     \
    if (CARRIED_COPY != 0) {                            \
        resume_copy();                                  \
        if (CARRIED_IN_CONTEXT == 0) {                  \
            take_copy_token();                          \
        }                                               \
        if (VERDICT.color == METER_RED) {               \
            refuse(drop_reason_t.COPY_BUDGET);          \
        } else {                                        \
            RESUME_PACKET_COPY                          \
        }                                               \
    }

#endif  // SRV6_ARCH_V1MODEL_REPLICATE_P4_
