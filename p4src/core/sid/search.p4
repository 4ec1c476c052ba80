// SPDX-License-Identifier: Apache-2.0
// End.S (draft-filsfils-spring-srv6-network-programming of 2018, 4.18; withdrawn since, no code point): in search of a
// target in a table. The last segment is what the packet is about, content for instance; whoever has it, or knows a way
// to it, sends it there, before the list is done.
//
//   SRH with Segments Left 0: dropped -> Segment List[0] in search_table: there, the destination as it is
//                                        no: End (srh.p4)
//
// An SRH that End would refuse is refused here, too: where it is wrong nothing is known of the last segment.
#ifndef SRV6_CORE_SID_SEARCH_P4_
#define SRV6_CORE_SID_SEARCH_P4_

#ifndef SEARCH_TABLE_SIZE
#define SEARCH_TABLE_SIZE 16384
#endif

#define SEARCH_ACTIONS                                                                                             \
    SID_ACTION(END_S_ID, end_s, "End.S, draft-filsfils-spring-srv6-network-programming 4.18")                      \
    @description("search_table_id: where Segment List[0] is looked up")                                            \
    action end_s(sid_index_t sid_index, @refers_to(search_table, search_table_id) bit<16> search_table_id) {       \
        TAKE_SID_INDEX(sid_index)                                                                                  \
        md.sid_options = 0;                                                                                        \
        BEGIN(SEARCH)                                                                                              \
        SEARCH.table_id = search_table_id;                                                                         \
    }
#define SEARCH_ACTION_NAMES end_s;
#define SEARCH_CONTROLS     search() target;
#define SEARCH_CASES                                                   \
            end_s: {                                                   \
                target.apply(THE_PACKET);                              \
                if (md.next == NEXT_IN_SEQUENCE) {                     \
                    PROCESS_SRH(srh)                                   \
                }                                                      \
            }

// An exhausted SRH in slot N.
#define IS_EXHAUSTED_SRH(N, BEFORE)                                                                           \
    (hdr.extension_##N.isValid() && BEFORE == IP_PROTO_ROUTING && hdr.extension_##N.routing_type == ROUTING_TYPE_SRH)

control search(PACKET) {
    VERDICTS

    @id(FOUND_NEXTHOP_ID)
    @name(".found_nexthop")
    @brief("The target, or a way to it")
    action found_nexthop(@refers_to(nexthop_table, nexthop_id) nexthop_id_t nexthop_id) {
        md.nexthop_id = nexthop_id;
        md.next = NEXT_NEXTHOP;
    }

    @id(SEARCH_TABLE_ID)
    @name(".search_table")
    @brief("What End.S searches for")
    @description("A miss is no error: the SID is then as End")
    @entry_restriction("search_table_id != 0")
    table search_table {
        key = {
            SEARCH.table_id : exact @name("search_table_id");
            SEARCH.target   : lpm @name("target") @format(IPV6_ADDRESS);
        }
        actions = { found_nexthop; @defaultonly NoAction; }
        const default_action = NoAction();
        size = SEARCH_TABLE_SIZE;
    }

    action read_target() {
        SEARCH.target = hdr.srh_next.sid;
    }
    action read_first() {
        SEARCH.target = hdr.srh_first.sid;
    }

    apply {
        if (md.unusual >= UNUSUAL_FOREIGN_SOURCE) {
            // srh.p4 says what is wrong
        } else if (hdr.srh.isValid()) {
            if (hdr.srh_after.isValid() && hdr.srh.last_entry < hdr.srh.hdr_ext_len >> 1
                && hdr.srh.segments_left <= hdr.srh.last_entry |+| 1
                && (hdr.ipv6.payload_length |-| md.extension_length) >> 3 > (bit<16>)hdr.srh.hdr_ext_len) {
                if (hdr.srh_first.isValid()) {
                    read_first();
                } else {
                    read_target();
                }
                search_table.apply();
            }
        } else if (IS_EXHAUSTED_SRH(0, hdr.ipv6.next_header)
                   || IS_EXHAUSTED_SRH(1, hdr.extension_0.next_header)
                   || IS_EXHAUSTED_SRH(2, hdr.extension_1.next_header)
                   || IS_EXHAUSTED_SRH(3, hdr.extension_2.next_header)) {
            refuse(drop_reason_t.NO_TARGET);
        }
    }
}

#endif  // SRV6_CORE_SID_SEARCH_P4_
