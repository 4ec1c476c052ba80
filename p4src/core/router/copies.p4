// SPDX-License-Identifier: Apache-2.0
// What a copy of a packet becomes: a branch of a replication segment (RFC 9524), this node's own copy of it, a packet
// in one of the segment lists of a policy that sprays.
//
//   End.Replicate | spray: a copy for each of a group  ->  copy, in its own pass: packet_copy_table -> SID | route |
//                                                          next hop | policy
//
// What is common to all copies was done in the pass before (hop limit, decapsulation, Segments Left).
//
// This node's own copy is processed at another SID of this node, its context, which takes out what is inside: the next
// segment where one is left, else the one that is configured. Segments Left is 0 there, and the parser sees behind the
// SRH only then, so that a copy with a segment left goes round once more. What is no packet in a packet is this node's
// upper layer, at the Replication-SID itself: the checksum of an echo request is over that.
#ifndef SRV6_CORE_ROUTER_COPIES_P4_
#define SRV6_CORE_ROUTER_COPIES_P4_

#ifndef PACKET_COPY_TABLE_SIZE
#define PACKET_COPY_TABLE_SIZE 16384
#endif

#define COPY_DESTINATION @format(IPV6_ADDRESS) ipv6_addr_t ipv6_dst

control packet_copy(PACKET) {
    VERDICTS
    find_upper_layer() find;

    DIRECT_COUNTER(packet_copy_counter)

    @id(COPY_TO_ROUTE_ID)
    @name(".copy_to_route")
    @brief("To the Replication-SID of a branch, by the route to it")
    action copy_to_route(COPY_DESTINATION) {
        hdr.ipv6.dst_addr = ipv6_dst;
    }

    @id(COPY_TO_NEXTHOP_ID)
    @name(".copy_to_nexthop")
    @brief("To the Replication-SID of a branch, by a next hop")
    action copy_to_nexthop(COPY_DESTINATION,
                           @refers_to(nexthop_table, nexthop_id) nexthop_id_t nexthop_id) {
        hdr.ipv6.dst_addr = ipv6_dst;
        md.nexthop_id = nexthop_id;
        md.next = NEXT_NEXTHOP;
    }

    @id(COPY_TO_POLICY_ID)
    @name(".copy_to_policy")
    @brief("To the Replication-SID of a branch, inside the segment list of a policy")
    action copy_to_policy(COPY_DESTINATION, policy_id_t policy_id) {
        hdr.ipv6.dst_addr = ipv6_dst;
        TO_POLICY(policy_id)
    }

    @id(DELIVER_COPY_ID)
    @name(".deliver_copy")
    @brief("This node's own copy")
    @description("context: the SID that what is inside is processed at, unless a segment is left; ::: none")
    action deliver_copy(@format(IPV6_ADDRESS) ipv6_addr_t context) {
        BEGIN(FLOW)
        FLOW.dst = context;
        md.origin = ORIGIN_RECEIVED;
    }

    @id(SPRAY_PACKET_ID)
    @name(".spray_packet")
    @brief("Into one of the segment lists of a policy that sprays")
    action spray_packet(policy_id_t policy_id) {
        TO_POLICY(policy_id)
    }

    @id(SPRAY_FRAME_ID)
    @name(".spray_frame")
    @brief("The same, as a frame")
    action spray_frame(policy_id_t policy_id) {
        TO_POLICY(policy_id)
        md.origin = ORIGIN_FRAME;
    }

    @id(NO_PACKET_COPY_ID)
    @name(".no_packet_copy")
    action no_packet_copy() {
        refuse(drop_reason_t.REPLICA_INVALID);
    }

    @id(PACKET_COPY_TABLE_ID)
    @name(".packet_copy_table")
    @brief("What a copy of a packet becomes")
    @description("replica_id: the instance of a replica; the high bit tells these from those of frames (replica_table)")
    @entry_restriction("replica_id > 32768")
    table packet_copy_table {
        key = { VERDICT.replica_id : exact @name("replica_id"); }
        actions = {
            copy_to_route; copy_to_nexthop; copy_to_policy; deliver_copy; spray_packet; spray_frame;
            @defaultonly no_packet_copy;
        }
        const default_action = no_packet_copy();
        size = PACKET_COPY_TABLE_SIZE;
        TABLE_DIRECT_COUNTER(packet_copy_counter)
    }

    action take_next_segment() {
        hdr.ipv6.dst_addr = hdr.srh_next.sid;
        hdr.srh.segments_left = 0;
        CARRIED_IN_CONTEXT = 1;
        go_again();
    }
    action take_context() {
        hdr.ipv6.dst_addr = FLOW.dst;
    }
    action is_upper_layer() {
        md.next = NEXT_UPPER_LAYER;
    }

    apply {
        switch (packet_copy_table.apply().action_run) {
            deliver_copy: {
                if (hdr.srh.isValid()) {
                    if (hdr.srh.segments_left != 1) {
                        refuse(drop_reason_t.REPLICATION_SEGMENTS_LEFT);
                    } else if (!hdr.srh_after.isValid()) {
                        refuse(drop_reason_t.HEADER_TRUNCATED);
                    } else {
                        take_next_segment();
                    }
                } else if (md.unusual & UNUSUAL_FRAGMENT != 0) {
                    refuse(drop_reason_t.FRAGMENT_AT_SID);   // put together, it would be copied once more
                } else {
                    find.apply(THE_PACKET);
                    if (!hdr.inner_ipv6.isValid() && !hdr.ipv4.isValid()
                        && VERDICT.upper_layer != IP_PROTO_ETHERNET) {
                        is_upper_layer();
                    } else if (FLOW.dst == 0) {
                        refuse(drop_reason_t.REPLICATION_CONTEXT);
                    } else {
                        take_context();
                    }
                }
            }
        }
    }
}

#endif  // SRV6_CORE_ROUTER_COPIES_P4_
