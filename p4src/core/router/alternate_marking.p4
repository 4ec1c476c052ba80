// SPDX-License-Identifier: Apache-2.0
// Alternate marking (RFC 9343): packets are counted by flow and colour (wire/telemetry.p4), at the end of ingress,
// where their fate is known; a packet that goes round is counted once. Nothing is written.
#ifndef SRV6_CORE_ROUTER_ALTERNATE_MARKING_P4_
#define SRV6_CORE_ROUTER_ALTERNATE_MARKING_P4_

#ifndef ALTERNATE_MARKING_TABLE_SIZE
#define ALTERNATE_MARKING_TABLE_SIZE 16384
#endif

// Of an option that began where the parser did not see its end nothing is known.
#define LAST_MARKING_OFFSET 8

control alternate_marking(PACKET) {
    DIRECT_COUNTER(alternate_marking_counter)

    @id(COUNT_MARKED_ID)
    @name(".count_marked")
    @brief("Counted")
    action count_marked() {}

    @id(ALTERNATE_MARKING_TABLE_ID)
    @name(".alternate_marking_table")
    @brief("Packets with the alternate marking option, RFC 9343, by the port they came by")
    @description("flow_mon_id: FlowMonID; loss: the L flag; delay: the D flag. Four entries a flow and port")
    table alternate_marking_table {
        key = {
            INGRESS_PORT          : exact @name("ingress_port");
            TELEMETRY.flow_mon_id : exact @name("flow_mon_id");
            TELEMETRY.loss        : exact @name("loss");
            TELEMETRY.delay       : exact @name("delay");
        }
        actions = { count_marked; @defaultonly NoAction; }
        const default_action = NoAction();
        size = ALTERNATE_MARKING_TABLE_SIZE;
        TABLE_DIRECT_COUNTER(alternate_marking_counter)
    }

    apply {
        // Hop-by-Hop options are every router's, Destination options those of who the packet is addressed to: each SID
        // of a list, or an own address. What stands behind an SRH with segments left was not parsed.
        if (TELEMETRY.marking_offset <= LAST_MARKING_OFFSET
            && (TELEMETRY.marking_header == IP_PROTO_HOPOPTS || md.sid_cell != 0 || md.next == FATE_PUNT)) {
            alternate_marking_table.apply();
        }
    }
}

// The packet is done with here, unless it goes round as it is. (One that waits for a neighbour comes once more.)
#define TELEMETRY_CONTROLS alternate_marking() marking;
#define TELEMETRY_STAGE                                                                                  \
    if (md.unusual & UNUSUAL_MARKING != 0) {                                                             \
        if (md.next != FATE_DROP && (md.next != FATE_RECIRCULATE || md.origin == ORIGIN_DECAPSULATED)) { \
            marking.apply(THE_PACKET);                                                                   \
        }                                                                                                \
    }

#endif  // SRV6_CORE_ROUTER_ALTERNATE_MARKING_P4_
