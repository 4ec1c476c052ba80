// SPDX-License-Identifier: Apache-2.0
// What copies and bridged frames keep of a packet, beside VERDICT.table_id, which is the bridge of a frame.
#ifndef SRV6_CORE_ROUTER_REPLICA_STATE_P4_
#define SRV6_CORE_ROUTER_REPLICA_STATE_P4_

typedef bit<16> bridge_id_t;
typedef bit<16> replica_id_t;        // egress_rid of a copy; 0: none
typedef bit<16> multicast_group_t;   // of the packet replication engine; 0: none

#define REPLICA_STATE                                                               \
    replica_id_t      replica_id;        /* what the frame, or the copy, becomes */  \
    bridge_id_t       look_up_in;        /* by destination MAC; 0: to all of the group */ \
    replica_id_t      came_from;         /* of a bridged frame; 0: not known */      \
    multicast_group_t multicast_group;   /* who gets a copy */

#endif  // SRV6_CORE_ROUTER_REPLICA_STATE_P4_
