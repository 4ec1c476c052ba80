// SPDX-License-Identifier: Apache-2.0
// Ethernet frames inside IPv6 (RFC 8986 4.9, 4.10): the frame is what remains when the headers in front of it are gone.
//
//   end_dx2   out of a port, as it is
//   end_dx2v  out of the port that dx2v_table has for its VLAN: as it is, with another VID, or without the tag
//
// The outer hop limit, DSCP and ECN field end here: what a frame carries is not looked at.
//
// The VLAN of a frame is that of its outermost tag, 0 of an untagged one. To look for a tag takes 18 bytes: a shorter
// frame is refused there.
//
//   segments left? error (DEC-1) -> a frame inside? -> [dx2v_table] -> MTU -> take it out
//                                   something else: the upper layer
#ifndef SRV6_CORE_SID_L2_P4_
#define SRV6_CORE_SID_L2_P4_

#ifndef DX2V_TABLE_SIZE
#define DX2V_TABLE_SIZE 16384
#endif

typedef bit<16> dx2v_table_id_t;

#define L2_ACTIONS                                                                                              \
    SID_ACTION(END_DX2_ID, end_dx2, "End.DX2, RFC 8986 4.9")                                                    \
    @action_restriction("options == 0")                                                                         \
    @description("mtu: longest payload of a frame that the port sends")                                         \
    action end_dx2(sid_index_t sid_index, port_id_t egress_port, mtu_t mtu, decap_options_t options) {          \
        TAKE_SID_INDEX(sid_index)                                                                               \
        md.mtu = mtu;                                                                                           \
        transmit(egress_port);                                                                                  \
    }                                                                                                           \
    SID_ACTION(END_DX2V_ID, end_dx2v, "End.DX2V, RFC 8986 4.10")                                                \
    @action_restriction("options == 0")                                                                         \
    @description("dx2v_table_id: where the VLAN of the frame is looked up")                                     \
    action end_dx2v(sid_index_t sid_index, @refers_to(dx2v_table, dx2v_table_id) dx2v_table_id_t dx2v_table_id, \
                    decap_options_t options) {                                                                  \
        TAKE_SID_INDEX(sid_index)                                                                               \
        BEGIN(VERDICT)                                                                                          \
        VERDICT.table_id = dx2v_table_id;                                                                       \
    }
#define L2_ACTION_NAMES end_dx2; end_dx2v;
#define L2_CONTROLS     decap_frame() frame;
#define L2_CASES \
    end_dx2: end_dx2v: CSID_L2_FRAMES L2_BRIDGE_CASES CSID_L2_BRIDGE_CASES { frame.apply(THE_PACKET); }


// The exit of a frame by its VLAN, and what becomes of its tag.
control dx2v(PACKET) {
    VERDICTS

    @id(FORWARD_FRAME_ID)
    @name(".forward_frame")
    @brief("Out of a port as it is")
    @description("mtu: longest payload of a frame that the port sends")
    action forward_frame(port_id_t egress_port, mtu_t mtu) {
        md.mtu = mtu;
        transmit(egress_port);
    }

    @id(REWRITE_VLAN_ID)
    @name(".rewrite_vlan")
    @brief("Out of a port with another VID in its outermost tag")
    @description("An untagged frame stays as it is")
    @action_restriction("vlan_id != 0 && vlan_id != 4095")
    action rewrite_vlan(port_id_t egress_port, mtu_t mtu, vlan_id_t vlan_id) {
        md.mtu = mtu;
        VERDICT.vlan_id = vlan_id;
        transmit(egress_port);
    }

    @id(POP_VLAN_ID)
    @name(".pop_vlan")
    @brief("Out of a port without its outermost tag")
    @description("An untagged frame stays as it is")
    action pop_vlan(port_id_t egress_port, mtu_t mtu) {
        md.mtu = mtu;
        transmit(egress_port);
    }

    @id(DX2V_TABLE_ID)
    @name(".dx2v_table")
    @brief("Exits of End.DX2V by VLAN")
    @description("vlan_id is that of the outermost tag of the frame, 0 of an untagged one. A miss drops the frame")
    @entry_restriction("dx2v_table_id != 0 && vlan_id != 4095")
    table dx2v_table {
        key = {
            VERDICT.table_id : exact @name("dx2v_table_id");
            VERDICT.vlan_id  : exact @name("vlan_id");
        }
        actions = { forward_frame; rewrite_vlan; pop_vlan; @defaultonly NoAction; }
        const default_action = NoAction();
        size = DX2V_TABLE_SIZE;
    }

    action take_vlan_id(vlan_id_t vlan_id) {
        VERDICT.vlan_id = vlan_id;
    }
    action rewrite() {
        hdr.frame.vid = VERDICT.vlan_id;
    }
    // The tag does not count for the port; what it held together stands in the Ethernet header, which is free.
    action pop() {
        md.mtu = md.mtu |+| VLAN_HEADER_LENGTH;
        hdr.ethernet.setValid();
        hdr.ethernet.dst_addr = hdr.frame.dst_addr;
        hdr.ethernet.src_addr = hdr.frame.src_addr;
        hdr.ethernet.ether_type = hdr.frame.tagged_ether_type;
        hdr.frame.setInvalid();
    }

    apply {
        if (!hdr.frame.isValid() || FRAME_INSIDE_LENGTH < ETHERNET_HEADER_LENGTH + VLAN_HEADER_LENGTH) {
            refuse(drop_reason_t.HEADER_TRUNCATED);
        } else {
            if (FRAME_INSIDE_IS_TAGGED) {
                take_vlan_id(hdr.frame.vid);
            } else {
                take_vlan_id(0);
            }
            switch (dx2v_table.apply().action_run) {
                rewrite_vlan: {
                    if (FRAME_INSIDE_IS_TAGGED) {
                        rewrite();
                    }
                }
                pop_vlan: {
                    if (FRAME_INSIDE_IS_TAGGED) {
                        pop();
                    }
                }
                NoAction: { refuse(drop_reason_t.VLAN_UNKNOWN); }
            }
        }
    }
}

control decap_frame(PACKET) {
    VERDICTS
    domain_verdict() domain;
    find_upper_layer() find;
    dx2v() exit_by_vlan;
    L2_BRIDGE_CONTROLS
    L2_BRIDGE_FRAME_IS_WHOLE

    action remove_link() {
        hdr.ethernet.setInvalid();
        hdr.vlan.setInvalid();
    }
    action remove_outer() {
        hdr.ipv6.setInvalid();
        EXTENSION_POP(hdr, 0)
        EXTENSION_POP(hdr, 1)
        EXTENSION_POP(hdr, 2)
        EXTENSION_POP(hdr, 3)
        md.origin = ORIGIN_DECAPSULATED;
    }
    action take_length_of_frame() {
        FRAME_LENGTH = (bit<32>)FRAME_INSIDE_LENGTH;
    }
    action take_tag_off() {
        FRAME_LENGTH = FRAME_LENGTH - 4;
    }
    action cut() {
        END_FRAME
    }

    apply {
        if (md.unusual >= UNUSUAL_FOREIGN_SOURCE) {
            domain.apply(THE_PACKET);
        } else if (hdr.srh.isValid()) {
            parameter_problem(drop_reason_t.SRH_SEGMENTS_LEFT, POINTER_SEGMENTS_LEFT);   // DEC-1
        } else {
            find.apply(THE_PACKET);
            if (VERDICT.upper_layer != IP_PROTO_ETHERNET
                || md.unusual & (UNUSUAL_FRAGMENT | UNUSUAL_ROUTING_TYPE) != 0) {
                md.next = NEXT_UPPER_LAYER;
            } else if (hdr.ipv6.payload_length |-| md.extension_length < ETHERNET_HEADER_LENGTH) {
                refuse(drop_reason_t.HEADER_TRUNCATED);
            } else {
                remove_link();
                if (md.next == NEXT_IN_SEQUENCE) {   // End.DX2V: the port is still to be found
                    exit_by_vlan.apply(THE_PACKET);
                } L2_BRIDGE_STAGE
                if (md.next == FATE_TRANSMIT) {
                    if (FRAME_INSIDE_LENGTH - ETHERNET_HEADER_LENGTH > md.mtu) {
                        refuse(drop_reason_t.PACKET_TOO_BIG);
                    } else {
                        if (md.unusual & UNUSUAL_PADDING != 0) {
                            take_length_of_frame();
                            if (hdr.ethernet.isValid()) {   // in place of the frame's own and its tag
                                take_tag_off();
                            }
                            cut();
                        }
                        remove_outer();
                    }
                }
            }
        }
    }
}

#endif  // SRV6_CORE_SID_L2_P4_
