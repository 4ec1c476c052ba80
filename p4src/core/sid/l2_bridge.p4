// SPDX-License-Identifier: Apache-2.0
// Frames inside IPv6 to a bridge domain (RFC 8986 4.11, 4.12).
//
//   end_dt2u   to where the destination MAC was learned, to all circuits if it was not
//   end_dt2m   to all circuits; with an Arg.FE2 that is known, a longer prefix, to all but those bound to it (DEC-14)
//
// The outer header and everything behind it go as with End.DX2 (l2.p4), so what is inside, Segments Left and the
// upper layer are judged there. Whose frame it is, the source of the outer header says.
#ifndef SRV6_CORE_SID_L2_BRIDGE_P4_
#define SRV6_CORE_SID_L2_BRIDGE_P4_

#ifndef BRIDGE_PEER_TABLE_SIZE
#define BRIDGE_PEER_TABLE_SIZE 4096
#endif

#define L2_BRIDGE_ACTIONS                                                                                     \
    SID_ACTION(END_DT2U_ID, end_dt2u, "End.DT2U, RFC 8986 4.11")                                              \
    @action_restriction("options == 0")                                                                       \
    @description("multicast_group: the circuits")                                                             \
    action end_dt2u(sid_index_t sid_index, bridge_id_t bridge_id, multicast_group_t multicast_group,          \
                    decap_options_t options) {                                                                \
        TAKE_SID_INDEX(sid_index)                                                                             \
        TO_BRIDGE(bridge_id, bridge_id, multicast_group)                                                      \
    }                                                                                                         \
    SID_ACTION(END_DT2M_ID, end_dt2m, "End.DT2M, RFC 8986 4.12")                                              \
    @action_restriction("options == 0")                                                                       \
    @description("multicast_group: the circuits, without those that the argument excludes")                   \
    action end_dt2m(sid_index_t sid_index, bridge_id_t bridge_id, multicast_group_t multicast_group,          \
                    decap_options_t options) {                                                                \
        TAKE_SID_INDEX(sid_index)                                                                             \
        TO_BRIDGE(bridge_id, 0, multicast_group)                                                              \
    }
#define TO_BRIDGE(BRIDGE_ID, LOOK_UP_IN, GROUP)  \
    BEGIN(VERDICT)                               \
    VERDICT.table_id = BRIDGE_ID;                \
    VERDICT.look_up_in = LOOK_UP_IN;             \
    VERDICT.replica_id = 0;                      \
    VERDICT.came_from = 0;                       \
    VERDICT.multicast_group = GROUP;             \
    md.next = NEXT_POLICY;
#define L2_BRIDGE_ACTION_NAMES end_dt2u; end_dt2m;
#define L2_BRIDGE_CASES        end_dt2u: end_dt2m:
#define L2_BRIDGE_CONTROLS     take_frame() to_bridge;
#define L2_BRIDGE_STAGE                              \
    else if (md.next == NEXT_POLICY) {               \
        to_bridge.apply(THE_PACKET);                 \
        if (md.next == NEXT_POLICY) {                \
            remove_outer();                          \
            frame_is_whole();                        \
        }                                            \
    }
#define L2_BRIDGE_FRAME_IS_WHOLE                     \
    action frame_is_whole() {                        \
        md.origin = ORIGIN_FRAME;                    \
        md.unusual = md.unusual | UNUSUAL_BRIDGE;    \
    }

// From what the parser saw of the frame to the headers of a frame that came by itself. The four bytes behind its type
// are in hdr.vlan, whatever they are; who asks for a tag asks for the type.
control take_frame(PACKET) {
    VERDICTS

    @id(IS_PEER_ID)
    @name(".is_peer")
    @brief("A remote: addresses behind it are learned there")
    action is_peer(replica_id_t replica_id) {
        VERDICT.came_from = replica_id;
    }

    @id(BRIDGE_PEER_TABLE_ID)
    @name(".bridge_peer_table")
    @brief("Remotes of bridge domains, by the source of what they encapsulate")
    @description("Of others nothing is learned")
    table bridge_peer_table {
        key = {
            VERDICT.table_id  : exact @name("bridge_id");
            hdr.ipv6.src_addr : exact @name("ipv6_src") @format(IPV6_ADDRESS);
        }
        actions = { is_peer; @defaultonly NoAction; }
        const default_action = NoAction();
        size = BRIDGE_PEER_TABLE_SIZE;
    }

    CSID_L2_BRIDGE_TABLE

    action take() {
        FRAME_LENGTH = (bit<32>)FRAME_INSIDE_LENGTH;
        hdr.ethernet.setValid();
        hdr.ethernet.dst_addr = hdr.frame.dst_addr;
        hdr.ethernet.src_addr = hdr.frame.src_addr;
        hdr.ethernet.ether_type = hdr.frame.ether_type;
        hdr.vlan.setValid();
        hdr.vlan.pcp = hdr.frame.pcp;
        hdr.vlan.dei = hdr.frame.dei;
        hdr.vlan.vid = hdr.frame.vid;
        hdr.vlan.ether_type = hdr.frame.tagged_ether_type;
        hdr.frame.setInvalid();
    }

    apply {
        if (!hdr.frame.isValid() || FRAME_INSIDE_LENGTH < ETHERNET_HEADER_LENGTH + VLAN_HEADER_LENGTH) {
            refuse(drop_reason_t.HEADER_TRUNCATED);
        } else {
            bridge_peer_table.apply();
            CSID_L2_BRIDGE_ARGUMENT
            take();
        }
    }
}

#endif  // SRV6_CORE_SID_L2_BRIDGE_P4_
