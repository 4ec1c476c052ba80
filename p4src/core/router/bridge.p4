// SPDX-License-Identifier: Apache-2.0
// Bridge domains, and what a copy becomes.
//
//   circuit (a port, a VLAN of a port) | End.DT2U: source MAC known? else digest -> destination MAC known? -> replica
//                                                                                                 else a copy for each
//   End.DT2M: source MAC -> a copy for each                      copy, in its own pass: -> replica
//
// A replica is the number of a way out: an attachment circuit, a policy towards a remote. The multicast
// groups of the packet replication engine consist of replicas; egress takes the number of a copy (egress_rid) along
// into the next pass. MAC entries name replicas, too, so that they say nothing of ports, tags and policies.
//
// Split horizon is the control plane's choice of groups: that of a circuit has every way out but the circuit, that of
// End.DT2M has circuits alone. An Arg.FE2 (RFC 8986 4.12) is a longer prefix of my_sid_table with a group of its own,
// which has the circuits that are bound to it not (DEC-14). Only what goes to one destination is looked at here.
#ifndef SRV6_CORE_ROUTER_BRIDGE_P4_
#define SRV6_CORE_ROUTER_BRIDGE_P4_

#ifndef BRIDGE_MAC_TABLE_SIZE
#define BRIDGE_MAC_TABLE_SIZE 65536
#endif
#ifndef REPLICA_TABLE_SIZE
#define REPLICA_TABLE_SIZE 16384
#endif

// What the control plane is told of a source MAC that is not where it was, or that is new. p4c wants a struct, and
// takes a temporary for each of its members.
@id(BRIDGE_LEARN_DIGEST_ID)
struct bridge_learn_t {
    bridge_id_t  bridge_id;
    mac_addr_t   mac;
    replica_id_t replica_id;
}

#define BRIDGE_CIRCUIT_PARAMS bridge_id_t bridge_id, replica_id_t replica_id, multicast_group_t multicast_group
#define INTO_BRIDGE(BRIDGE_ID, REPLICA_ID, GROUP)    \
    BEGIN(VERDICT)                                   \
    VERDICT.table_id = BRIDGE_ID;                    \
    VERDICT.replica_id = 0;                          \
    VERDICT.look_up_in = BRIDGE_ID;                  \
    VERDICT.came_from = REPLICA_ID;                  \
    VERDICT.multicast_group = GROUP;                 \
    md.vrf_id = 0;                                   \
    md.unusual = md.unusual | UNUSUAL_BRIDGE;        \
    md.origin = ORIGIN_FRAME;                        \
    md.next = NEXT_POLICY;

// Attachment circuits, of ingress_port_table and ingress_vlan_table.
#define BRIDGE_PORT_ACTIONS                                                                             \
    @id(SET_BRIDGE_CIRCUIT_ID) @name(".set_bridge_circuit")                                             \
    @brief("An attachment circuit of a bridge domain; tags stay as they are")                           \
    @description("replica_id: its own, where addresses are learned; multicast_group: all others")       \
    action set_bridge_circuit(BRIDGE_CIRCUIT_PARAMS) {                                                  \
        INTO_BRIDGE(bridge_id, replica_id, multicast_group)                                             \
    }
#define BRIDGE_PORT_ACTION_NAMES set_bridge_circuit;
#define BRIDGE_VLAN_ACTIONS                                                                             \
    @id(SET_BRIDGE_CIRCUIT_POP_ID) @name(".set_bridge_circuit_pop")                                     \
    @brief("An attachment circuit whose tag is taken off")                                              \
    action set_bridge_circuit_pop(BRIDGE_CIRCUIT_PARAMS) {                                              \
        INTO_BRIDGE(bridge_id, replica_id, multicast_group)                                             \
        hdr.ethernet.ether_type = hdr.vlan.ether_type;                                                  \
        hdr.vlan.setInvalid();                                                                          \
        FRAME_LENGTH = FRAME_LENGTH - 4;                                                                \
    }                                                                                                   \
    @id(SET_BRIDGE_CIRCUIT_TRANSLATE_ID) @name(".set_bridge_circuit_translate")                         \
    @brief("An attachment circuit whose frames have another VID in the bridge domain")                  \
    @action_restriction("vlan_id != 0 && vlan_id != 4095")                                              \
    action set_bridge_circuit_translate(BRIDGE_CIRCUIT_PARAMS, vlan_id_t vlan_id) {                     \
        INTO_BRIDGE(bridge_id, replica_id, multicast_group)                                             \
        hdr.vlan.vid = vlan_id;                                                                         \
    }
#define BRIDGE_VLAN_ACTION_NAMES set_bridge_circuit_pop; set_bridge_circuit_translate;
#define UNLESS_BRIDGED && md.unusual & UNUSUAL_BRIDGE == 0

#define BRIDGE_CONTROLS bridge() bridging;
#define BRIDGE_STAGE                                \
    if (md.unusual & UNUSUAL_BRIDGE != 0) {         \
        bridging.apply(THE_PACKET);                 \
    }                                               \
    if (md.next == NEXT_POLICY)

control bridge(PACKET) {
    VERDICTS

    DIRECT_COUNTER(bridge_source_counter)

    @brief("Frames that went to all of a group: broadcast, multicast, unknown destinations")
    @description("By multicast group; copies are counted where they leave")
    INDEXED_COUNTER(BRIDGE_FLOOD_COUNTER_ID, bridge_flood_counter, multicast_group_t, 65536)

    @id(BRIDGE_SOURCE_ID)
    @name(".is_at")
    @brief("Learned")
    action is_at(replica_id_t replica_id) {
        VERDICT.replica_id = replica_id;
    }

    @id(BRIDGE_STATIC_SOURCE_ID)
    @name(".stays_at")
    @brief("Configured: nothing is learned of it")
    action stays_at() {
        VERDICT.replica_id = VERDICT.came_from;
    }

    @id(BRIDGE_SOURCE_TABLE_ID)
    @name(".bridge_source_table")
    @brief("Where source addresses have been seen")
    @description("An address that is new, or elsewhere, is told of by a digest; the counter says which are still in use")
    table bridge_source_table {
        key = {
            VERDICT.table_id      : exact @name("bridge_id");
            hdr.ethernet.src_addr : exact @name("mac") @format(MAC_ADDRESS);
        }
        actions = { is_at; stays_at; @defaultonly NoAction; }
        const default_action = NoAction();
        size = BRIDGE_MAC_TABLE_SIZE;
        TABLE_DIRECT_COUNTER(bridge_source_counter)
    }

    @id(BRIDGE_DESTINATION_ID)
    @name(".go_to")
    action go_to(replica_id_t replica_id) {
        VERDICT.replica_id = replica_id;
    }

    @id(BRIDGE_DESTINATION_TABLE_ID)
    @name(".bridge_destination_table")
    @brief("Where destination addresses are")
    @description("A miss goes to all of the group")
    table bridge_destination_table {
        key = {
            VERDICT.look_up_in    : exact @name("bridge_id");
            hdr.ethernet.dst_addr : exact @name("mac") @format(MAC_ADDRESS);
        }
        actions = { go_to; @defaultonly NoAction; }
        const default_action = NoAction();
        size = BRIDGE_MAC_TABLE_SIZE;
    }

    @id(REPLICA_TO_PORT_ID)
    @name(".replica_to_port")
    @brief("Out of a port as it is")
    @description("mtu: longest payload of a frame that the port sends")
    action replica_to_port(port_id_t egress_port, mtu_t mtu) {
        md.mtu = mtu;
        transmit(egress_port);
    }

    @id(REPLICA_TO_VLAN_ID)
    @name(".replica_to_vlan")
    @brief("Out of a port behind another tag")
    @action_restriction("vlan_id != 0 && vlan_id != 4095")
    action replica_to_vlan(port_id_t egress_port, mtu_t mtu, vlan_id_t vlan_id) {
        md.mtu = mtu;
        md.egress_vlan = vlan_id;
        transmit(egress_port);
    }

    @id(REPLICA_TO_TAGGED_ID)
    @name(".replica_to_tagged")
    @brief("Out of a port with another VID in its outermost tag, or one where it has none")
    @action_restriction("vlan_id != 0 && vlan_id != 4095")
    action replica_to_tagged(port_id_t egress_port, mtu_t mtu, vlan_id_t vlan_id) {
        md.mtu = mtu;
        md.egress_vlan = vlan_id;
        transmit(egress_port);
    }

    @id(REPLICA_TO_POLICY_ID)
    @name(".replica_to_policy")
    @brief("To a remote: H.Encaps.L2 by a policy")
    action replica_to_policy(policy_id_t policy_id) {
        TO_POLICY(policy_id)
    }

    @id(NO_REPLICA_ID)
    @name(".no_replica")
    action no_replica() {
        refuse(drop_reason_t.REPLICA_INVALID);
    }

    @id(REPLICA_TABLE_ID)
    @name(".replica_table")
    @brief("What a copy, or a frame to a known address, becomes")
    @entry_restriction("replica_id != 0")
    table replica_table {
        key = { VERDICT.replica_id : exact @name("replica_id"); }
        actions = {
            replica_to_port; replica_to_vlan; replica_to_tagged; replica_to_policy; @defaultonly no_replica;
        }
        const default_action = no_replica();
        size = REPLICA_TABLE_SIZE;
    }

    action learn() {
        digest<bridge_learn_t>(1, {VERDICT.table_id, hdr.ethernet.src_addr, VERDICT.came_from});
    }
    action flood() {
        bridge_flood_counter.count(VERDICT.multicast_group);
        VERDICT.replica_id = 0;
        REPLICATE(VERDICT.multicast_group)
    }
    action push_tag() {
        hdr.payload_vlan = hdr.vlan;
        hdr.vlan.setValid();
        hdr.vlan.pcp = 0;
        hdr.vlan.dei = 0;
        hdr.vlan.vid = md.egress_vlan;
        hdr.vlan.ether_type = hdr.ethernet.ether_type;
        hdr.ethernet.ether_type = ETHERTYPE_VLAN;
        FRAME_LENGTH = FRAME_LENGTH + 4;
        md.mtu = md.mtu |+| VLAN_HEADER_LENGTH;
    }
    action rewrite_tag() {
        hdr.vlan.vid = md.egress_vlan;
    }
    action cut() {
        END_FRAME
    }

    apply {
        if (VERDICT.replica_id == 0) {   // no copy
            if (VERDICT.came_from != 0 && hdr.ethernet.src_addr[40:40] == 0) {
                bridge_source_table.apply();
                if (VERDICT.replica_id != VERDICT.came_from) {
                    learn();
                }
            }
            if (bridge_destination_table.apply().hit) {
                if (VERDICT.replica_id == VERDICT.came_from) {
                    refuse(drop_reason_t.SPLIT_HORIZON);   // back to where it came from
                }
            } else if (VERDICT.multicast_group == 0) {
                refuse(drop_reason_t.BRIDGE_ALONE);
            } else {
                flood();
            }
        }
        if (md.next == NEXT_POLICY) {
            switch (replica_table.apply().action_run) {
                replica_to_vlan: { push_tag(); }
                replica_to_tagged: {
                    if (hdr.vlan.isValid() && (hdr.ethernet.ether_type == ETHERTYPE_VLAN
                                               || hdr.ethernet.ether_type == ETHERTYPE_QINQ)) {
                        rewrite_tag();
                    } else {
                        push_tag();
                    }
                }
                replica_to_policy: {
                    if (md.sid_cell != 0) {
                        refuse(drop_reason_t.SPLIT_HORIZON);   // from a remote to a remote: the mesh is full
                    }
                }
            }
            if (md.next == FATE_TRANSMIT) {
                if (FRAME_LENGTH > (bit<32>)md.mtu + 14) {
                    refuse(drop_reason_t.PACKET_TOO_BIG);
                } else if (md.unusual & UNUSUAL_PADDING != 0) {
                    cut();
                }
            }
        }
    }
}

#endif  // SRV6_CORE_ROUTER_BRIDGE_P4_
