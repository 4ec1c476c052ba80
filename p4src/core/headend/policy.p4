// SPDX-License-Identifier: Apache-2.0
// SR policies and the headend behaviours (RFC 8986 5; insertion: draft-filsfils-spring-srv6-net-pgm-insertion).
//
//   policy_id -> weighted choice of a segment list -> outer header (or destination) and SRH -> SIDs
//             -> underlay next hop
//
// The action of a list is the behaviour: it fills the headers that are pushed, as far as they do not depend on the
// packet, and the switch goes to what does (push.p4). A segment list knows the next hop towards its first segment
// (the SAI model): the control plane resolves it, and no second route lookup is needed.
#ifndef SRV6_CORE_HEADEND_POLICY_P4_
#define SRV6_CORE_HEADEND_POLICY_P4_

#define TO_POLICY(POLICY_ID)       \
    BEGIN(HEADEND)                 \
    HEADEND.policy_id = POLICY_ID; \
    md.next = NEXT_POLICY;

// The ways into a policy that other tables have: a route, a port whose frames are taken whole, an interface.
#define ROUTE_POLICY_ACTION                                                                                   \
    @id(STEER_ID) @name(".steer") @brief("Into an SR policy (RFC 9256 8)")                                    \
    action steer(@refers_to(sr_policy_table, policy_id) policy_id_t policy_id) {                              \
        TO_POLICY(policy_id)                                                                                  \
    }
#define ROUTE_POLICY_ACTION_NAME steer;
#define L2_PORT_ACTION                                                   \
    @id(SET_L2_PORT_ID) @name(".set_l2_port")                            \
    @brief("A port whose frames enter an L2 policy whole (H.Encaps.L2)") \
    action set_l2_port(policy_id_t policy_id) {                          \
        TO_POLICY(policy_id)                                             \
        md.vrf_id = 0;                                                   \
        md.unusual = md.unusual | UNUSUAL_L2_PORT;                       \
        md.origin = ORIGIN_FRAME;                                        \
    }
#define L2_PORT_ACTION_NAME set_l2_port;
#define L2_PORT_CHECK                            \
    if (HEADEND.policy_id == 0 UNLESS_BRIDGED UNLESS_SERVICE_CIRCUIT) { \
        refuse(drop_reason_t.L2_PORT_NO_POLICY); \
    } else if (!hdr.ethernet.isValid()) {        \
        refuse(drop_reason_t.HEADER_TRUNCATED);  \
    }
#define STEER_BY_INTERFACE(POLICY_ID) md.interface_policy_id = POLICY_ID;

// The stages of router/pipeline.p4. Steering looks at packets that this router forwards as they came: not at those
// for its own SIDs and addresses, nor at those it made.
#define HEADEND_CONTROLS        \
    steering()  classifier;     \
    sr_policy() policy;         \
    MPLS_CONTROL
#define STEERING_STAGE                                                                              \
    if (md.unusual != 0) {                                                                          \
        if (md.unusual & UNUSUAL_STEER != 0 && md.origin == ORIGIN_RECEIVED && md.next != FATE_PUNT \
            && !(md.next == FATE_DROP && VERDICT.drop_reason == drop_reason_t.ROUTING_TYPE)) {      \
            if (md.next != FATE_DROP || (VERDICT.drop_reason != drop_reason_t.MULTICAST             \
                                         && VERDICT.drop_reason != drop_reason_t.OPTION)) {         \
                classifier.apply(THE_PACKET);                                                       \
            }                                                                                       \
        }                                                                                           \
    }
#define POLICY_STAGE                    \
    if (md.next == NEXT_POLICY) {       \
        BRIDGE_STAGE MPLS_STAGE {       \
            policy.apply(THE_PACKET);   \
        }                               \
    }

// The part of the target's counters.
#define POLICY_COUNTER                                                                     \
    @brief("Packets that left in a policy")                                                \
    @description("Cell 2 * policy_id, and the one behind it for frames with a VLAN tag")   \
    INDEXED_COUNTER(SR_POLICY_COUNTER_ID, sr_policy_counter, bit<32>, POLICY_COUNTER_SIZE) \
    action set_policy_cell() {                                                             \
        HEADEND.policy_cell = CELL_BY_TAG(HEADEND.policy_id);                              \
    }                                                                                      \
    action count_policy() {                                                                \
        sr_policy_counter.count(HEADEND.policy_cell);                                      \
    }
#define COUNT_POLICY                                                                \
    if (IS_PUSHED && md.next != FATE_DROP && md.next != FATE_PUNT) {                \
        set_policy_cell();                                                          \
        count_policy();                                                             \
    }

#define H_ENCAPS_PARAMS                                                                                         \
    @format(IPV6_ADDRESS) ipv6_addr_t source_address, @format(IPV6_ADDRESS) ipv6_addr_t first_segment,          \
    sidlist_id_t sidlist_id, bit<8> segment_count, bit<8> hop_limit, bit<8> traffic_class, encap_flags_t flags, \
    @refers_to(nexthop_table, nexthop_id) nexthop_id_t nexthop_id
#define H_INSERT_PARAMS                                                                             \
    @format(IPV6_ADDRESS) ipv6_addr_t first_segment, sidlist_id_t sidlist_id, bit<8> segment_count, \
    @refers_to(nexthop_table, nexthop_id) nexthop_id_t nexthop_id

control sr_policy(PACKET) {
    VERDICTS
    flow_key() inner_flow;
    encapsulate() encapsulation;
    encapsulate_frame() frame_encapsulation;
    insert() insertion;
    srv6_sidlist() sidlist;
    MOBILE_POLICY_CONTROLS
    HMAC_POLICY_CONTROLS
    PATH_TRACING_POLICY_CONTROLS

    WCMP_SELECTOR(SR_POLICY_SELECTOR_ID, sr_policy_selector, identity)

    // Of that many entries. With none (HE-3) push.p4 takes it away again.
    action push_srh(bit<8> entries, bit<8> segments_left) {
        hdr.outer_srh.setValid();
        hdr.outer_srh.hdr_ext_len = entries << 1;
        hdr.outer_srh.routing_type = ROUTING_TYPE_SRH;
        hdr.outer_srh.segments_left = segments_left;
        hdr.outer_srh.last_entry = entries - 1;
        hdr.outer_srh.flags = 0;
        hdr.outer_srh.tag = 0;
    }
    // The entries that come from srv6_sidlist_*.
    action take_segments(sidlist_id_t sidlist_id, bit<8> segment_count) {
        HEADEND.sidlist_id = sidlist_id;
        HEADEND.segment_count = segment_count;
    }
    action push_ipv6(ipv6_addr_t source_address, ipv6_addr_t first_segment, bit<8> hop_limit, bit<8> traffic_class,
                     encap_flags_t flags, nexthop_id_t nexthop_id) {
        hdr.outer_ipv6.setValid();
        hdr.outer_ipv6.version = 6;
        hdr.outer_ipv6.traffic_class = traffic_class;
        hdr.outer_ipv6.flow_label = 0;
        hdr.outer_ipv6.next_header = IP_PROTO_ROUTING;
        hdr.outer_ipv6.hop_limit = hop_limit;
        hdr.outer_ipv6.src_addr = source_address;
        hdr.outer_ipv6.dst_addr = first_segment;
        HEADEND.encap_flags = flags;
        md.nexthop_id = nexthop_id;
        md.next = NEXT_NEXTHOP;
    }

    // The received header becomes the outer one.
    action move_ipv6(ipv6_addr_t first_segment, nexthop_id_t nexthop_id) {
        hdr.outer_ipv6 = hdr.ipv6;
        hdr.ipv6.setInvalid();
        hdr.segment_da.setValid();
        hdr.segment_da.sid = hdr.outer_ipv6.dst_addr;
        hdr.outer_ipv6.dst_addr = first_segment;
        md.nexthop_id = nexthop_id;
        md.next = NEXT_NEXTHOP;
    }

    @id(H_ENCAPS_ID)
    @name(".h_encaps")
    @brief("H.Encaps, RFC 8986 5.1")
    @description("segment_count: entries of the Segment List; hop_limit 0: the inner one; flags: 1 inherit traffic class, 2 copy flow label, 4 hash flow label")
    @action_restriction("segment_count >= 1 && segment_count <= 16 && flags < 8")
    action h_encaps(H_ENCAPS_PARAMS) {
        push_ipv6(source_address, first_segment, hop_limit, traffic_class, flags, nexthop_id);
        push_srh(segment_count, segment_count - 1);
        take_segments(sidlist_id, segment_count);
    }

    @id(H_ENCAPS_RED_ID)
    @name(".h_encaps_red")
    @brief("H.Encaps.Red, RFC 8986 5.2")
    @description("segment_count: entries of the Segment List, the first segment not among them; 0: no SRH")
    @action_restriction("segment_count <= 16 && flags < 8")
    action h_encaps_red(H_ENCAPS_PARAMS) {
        push_ipv6(source_address, first_segment, hop_limit, traffic_class, flags, nexthop_id);
        push_srh(segment_count, segment_count);
        take_segments(sidlist_id, segment_count);
    }

    @id(H_ENCAPS_L2_ID)
    @name(".h_encaps_l2")
    @brief("H.Encaps.L2, RFC 8986 5.3")
    @action_restriction("segment_count >= 1 && segment_count <= 16 && flags < 8")
    action h_encaps_l2(H_ENCAPS_PARAMS) {
        push_ipv6(source_address, first_segment, hop_limit, traffic_class, flags, nexthop_id);
        push_srh(segment_count, segment_count - 1);
        take_segments(sidlist_id, segment_count);
    }

    @id(H_ENCAPS_L2_RED_ID)
    @name(".h_encaps_l2_red")
    @brief("H.Encaps.L2.Red, RFC 8986 5.4")
    @action_restriction("segment_count <= 16 && flags < 8")
    action h_encaps_l2_red(H_ENCAPS_PARAMS) {
        push_ipv6(source_address, first_segment, hop_limit, traffic_class, flags, nexthop_id);
        push_srh(segment_count, segment_count);
        take_segments(sidlist_id, segment_count);
    }

    @id(H_INSERT_ID)
    @name(".h_insert")
    @brief("H.Insert")
    @description("The original destination becomes Segment List[0]; segment_count counts the others")
    @action_restriction("segment_count <= 16")
    action h_insert(H_INSERT_PARAMS) {
        move_ipv6(first_segment, nexthop_id);
        push_srh(segment_count + 1, segment_count);
        take_segments(sidlist_id, segment_count);
    }

    @id(H_INSERT_RED_ID)
    @name(".h_insert_red")
    @brief("H.Insert.Red")
    @action_restriction("segment_count <= 16")
    action h_insert_red(H_INSERT_PARAMS) {
        move_ipv6(first_segment, nexthop_id);
        push_srh(segment_count + 1, segment_count + 1);
        take_segments(sidlist_id, segment_count);
    }

    MOBILE_POLICY_ACTIONS

    SPRAY_ACTION

    @id(SR_POLICY_TABLE_ID)
    @name(".sr_policy_table")
    @brief("Policies: the weighted segment lists of each")
    @description("0 is no policy")
    @entry_restriction("policy_id != 0")
    table sr_policy_table {
        key = {
            HEADEND.policy_id : exact @name("policy_id");
            HEADEND.flow_number : selector @name("flow_number");
        }
        actions = {
            h_encaps; h_encaps_red; h_encaps_l2; h_encaps_l2_red; h_insert; h_insert_red;
            MOBILE_POLICY_ACTION_NAMES SPRAY_ACTION_NAME
            @defaultonly NoAction;
        }
        size = SR_POLICY_TABLE_SIZE;
        TABLE_SELECTOR(sr_policy_selector)
    }

    // The seed as an entry, which is written, compared and read back like any other; of a table without key it would be
    // the default action.
    @id(SET_FLOW_SEED_ID)
    @name(".set_flow_seed")
    action set_flow_seed(bit<32> flow_seed) {
        CRC32_HASH(HEADEND.flow_hash, FLOW)
        MIX_FLOW(HEADEND.flow_number, HEADEND.flow_hash, flow_seed)
    }

    @id(FLOW_SEED_TABLE_ID)
    @name(".flow_seed_table")
    @brief("The node's seed for the choice of a segment list")
    @description("One entry; flow_seed: 32 bits of this node's own. Headends with the same seed choose alike")
    @entry_restriction("always_0 == 0")
    table flow_seed_table {
        key = { FLOW.pad : exact @name("always_0"); }
        actions = { set_flow_seed; }
        const default_action = set_flow_seed(0);
        size = 1;
    }

    action add_frame() {
        FLOW.src = FLOW.src ^ (bit<128>)hdr.ethernet.src_addr;
        FLOW.dst = FLOW.dst ^ (bit<128>)hdr.ethernet.dst_addr;
    }

    MOBILE_FLOW_ACTION

    apply {
        inner_flow.apply(THE_PACKET);
        MOBILE_FLOW
        if (md.origin == ORIGIN_FRAME) {
            add_frame();
        }
        flow_seed_table.apply();
        // A miss takes no case in a table with a selector, nor does it run an action.
        switch (sr_policy_table.apply().action_run) {
            h_encaps: h_encaps_red: { MOBILE_ENCAPSULATION { encapsulation.apply(THE_PACKET); } }
            h_encaps_l2: h_encaps_l2_red: { frame_encapsulation.apply(THE_PACKET); }
            h_insert: h_insert_red: { insertion.apply(THE_PACKET); }
            MOBILE_POLICY_CASES
        }
        HMAC_POLICY_STAGE
        PATH_TRACING_POLICY_STAGE
        if (md.next == NEXT_POLICY) {
            refuse(drop_reason_t.POLICY_INVALID);
        } else if (md.next == NEXT_NEXTHOP && HEADEND.segment_count != 0) {
            sidlist.apply(THE_PACKET);
            MOBILE_ARGUMENT
        }
    }
}

#endif  // SRV6_CORE_HEADEND_POLICY_P4_
