// SPDX-License-Identifier: Apache-2.0
// Steering by classifier and by interface (RFC 9256 8). Both look at packets that this router forwards as they came:
// not at packets for its own SIDs and addresses, nor at those it made. A classifier entry wins over the interface's
// policy, which wins over what the route said. Rules count what they match.
//
// An SRH is known by its fields and next segment, as ip6tables' match of that name knows it. One with segments left is
// hdr.srh; an exhausted one is in the first slot of the extension headers, its last entry, flags and tag in `data`.
// The fields are read where they stand, valid or not: an entry that asks for them asks for their header as well.
#ifndef SRV6_CORE_HEADEND_STEER_P4_
#define SRV6_CORE_HEADEND_STEER_P4_

control steering(PACKET) {
    VERDICTS
    DIRECT_COUNTER(classifier_ipv6_counter)
    DIRECT_COUNTER(classifier_ipv4_counter)

    @id(CLASSIFY_STEER_ID)
    @name(".classify_steer")
    @brief("Into an SR policy, whatever the route")
    @description("A policy that has no entry, since none of its lists is valid, drops the packet (RFC 9256 8.2)")
    action classify_steer(policy_id_t policy_id) {
        TO_POLICY(policy_id)
    }

    @id(NO_STEERING_ID)
    @name(".no_steering")
    @brief("By the route, whatever the interface's policy")
    action no_steering() {}

    @id(CLASSIFY_DROP_ID)
    @name(".classify_drop")
    @brief("Not forwarded")
    action classify_drop() {
        refuse(drop_reason_t.CLASSIFIED);
    }

    @id(CLASSIFY_COUNT_ID)
    @name(".classify_count")
    @brief("Counted, and else as if nothing had matched")
    action classify_count() {}

    @id(CLASSIFIER_IPV6_TABLE_ID)
    @name(".classifier_ipv6_table")
    @brief("Steering of IPv6 packets by 5-tuple and SRH")
    @description("Ports are 0 for what is not TCP or UDP right behind the IPv6 header")
    table classifier_ipv6_table {
        key = {
            md.vrf_id              : ternary @name("vrf_id");
            INGRESS_PORT           : ternary @name("ingress_port");
            hdr.ipv6.src_addr      : ternary @name("ipv6_src") @format(IPV6_ADDRESS);
            hdr.ipv6.dst_addr      : ternary @name("ipv6_dst") @format(IPV6_ADDRESS);
            hdr.ipv6.next_header   : ternary @name("next_header");
            hdr.ipv6.traffic_class : ternary @name("traffic_class");
            FLOW.l4_src_port : ternary @name("l4_src_port");
            FLOW.l4_dst_port : ternary @name("l4_dst_port");

            hdr.srh.isValid()       : ternary @name("srh");
            hdr.srh.next_header     : ternary @name("srh_next_header");
            hdr.srh.hdr_ext_len     : ternary @name("srh_hdr_ext_len");
            hdr.srh.segments_left   : ternary @name("srh_segments_left");
            hdr.srh.last_entry      : ternary @name("srh_last_entry");
            hdr.srh.tag             : ternary @name("srh_tag");
            hdr.srh_next.sid        : ternary @name("srh_next_segment") @format(IPV6_ADDRESS);

            hdr.extension_0.isValid()     : ternary @name("extension");
            hdr.extension_0.next_header   : ternary @name("extension_next_header");
            hdr.extension_0.hdr_ext_len   : ternary @name("extension_hdr_ext_len");
            hdr.extension_0.routing_type  : ternary @name("extension_routing_type");
            hdr.extension_0.segments_left : ternary @name("extension_segments_left");
            hdr.extension_0.data          : ternary @name("extension_data");
        }
        actions = { classify_steer; classify_drop; classify_count; no_steering; @defaultonly NoAction; }
        const default_action = NoAction();
        TABLE_DIRECT_COUNTER(classifier_ipv6_counter)
        size = CLASSIFIER_TABLE_SIZE;
    }

    @id(CLASSIFIER_IPV4_TABLE_ID)
    @name(".classifier_ipv4_table")
    @brief("Steering of IPv4 packets by 5-tuple")
    @description("Ports are 0 for what is not TCP or UDP, and for fragments")
    table classifier_ipv4_table {
        key = {
            md.vrf_id         : ternary @name("vrf_id");
            INGRESS_PORT      : ternary @name("ingress_port");
            hdr.ipv4.src_addr : ternary @name("ipv4_src") @format(IPV4_ADDRESS);
            hdr.ipv4.dst_addr : ternary @name("ipv4_dst") @format(IPV4_ADDRESS);
            hdr.ipv4.protocol : ternary @name("protocol");
            hdr.ipv4.tos      : ternary @name("traffic_class");
            FLOW.l4_src_port : ternary @name("l4_src_port");
            FLOW.l4_dst_port : ternary @name("l4_dst_port");
        }
        actions = { classify_steer; classify_drop; classify_count; no_steering; @defaultonly NoAction; }
        const default_action = NoAction();
        TABLE_DIRECT_COUNTER(classifier_ipv4_counter)
        size = CLASSIFIER_TABLE_SIZE;
    }

    action by_interface() {
        TO_POLICY(md.interface_policy_id)
    }

    action clear() {
        BEGIN(FLOW)
        FLOW.l4_src_port = 0;
        FLOW.l4_dst_port = 0;
    }
    action set_ports() {
        FLOW.l4_src_port = hdr.l4.src_port;
        FLOW.l4_dst_port = hdr.l4.dst_port;
    }

    apply {
        clear();
        if (hdr.l4.isValid()
            && (!hdr.ipv6.isValid() || hdr.ipv6.next_header == IP_PROTO_TCP || hdr.ipv6.next_header == IP_PROTO_UDP)) {
            set_ports();
        }
        if (hdr.ipv6.isValid()) {
            switch (classifier_ipv6_table.apply().action_run) {
                classify_count:
                NoAction: {
                    if (md.interface_policy_id != 0) {
                        by_interface();
                    }
                }
            }
        } else {
            switch (classifier_ipv4_table.apply().action_run) {
                classify_count:
                NoAction: {
                    if (md.interface_policy_id != 0) {
                        by_interface();
                    }
                }
            }
        }
    }
}

#endif  // SRV6_CORE_HEADEND_STEER_P4_
