// SPDX-License-Identifier: Apache-2.0
// Steering by classifier and by interface (RFC 9256 8). Both look at packets that this router forwards as they came: not
// at packets for its own SIDs and addresses, nor at those it made. A classifier entry wins over the interface's policy,
// which wins over what the route said.
#ifndef SRV6_CORE_STEERING_P4_
#define SRV6_CORE_STEERING_P4_

control steering(inout headers_t hdr, inout local_metadata_t md) {
    @id(CLASSIFY_STEER_ID)
    @name(".classify_steer")
    @brief("Into an SR policy, whatever the route")
    @description("A policy that has no entry, since none of its lists is valid, drops the packet (RFC 9256 8.2)")
    action classify_steer(policy_id_t policy_id) {
        hdr.scratch.classified = 1;
        md.fate = FATE_FORWARD;
        md.policy_id = policy_id;
        md.drop_reason = drop_reason_t.NONE;
        md.punt_reason = punt_reason_t.NONE;
    }

    @id(NO_STEERING_ID)
    @name(".no_steering")
    @brief("By the route, whatever the interface's policy")
    action no_steering() {
        hdr.scratch.classified = 1;
    }

    @id(CLASSIFIER_IPV6_TABLE_ID)
    @name(".classifier_ipv6_table")
    @brief("Steering of IPv6 packets by 5-tuple")
    @description("Ports are 0 for what is not TCP or UDP right behind the IPv6 header")
    table classifier_ipv6_table {
        key = {
            md.vrf_id              : ternary @name("vrf_id");
            md.ingress_port        : ternary @name("ingress_port");
            hdr.ipv6.src_addr      : ternary @name("ipv6_src") @format(IPV6_ADDRESS);
            hdr.ipv6.dst_addr      : ternary @name("ipv6_dst") @format(IPV6_ADDRESS);
            hdr.ipv6.next_header   : ternary @name("next_header");
            hdr.ipv6.traffic_class : ternary @name("traffic_class");
            hdr.scratch.l4_src_port         : ternary @name("l4_src_port");
            hdr.scratch.l4_dst_port         : ternary @name("l4_dst_port");
        }
        actions = { classify_steer; no_steering; @defaultonly NoAction; }
        const default_action = NoAction();
        size = CLASSIFIER_TABLE_SIZE;
    }

    @id(CLASSIFIER_IPV4_TABLE_ID)
    @name(".classifier_ipv4_table")
    @brief("Steering of IPv4 packets by 5-tuple")
    @description("Ports are 0 for what is not TCP or UDP, and for fragments")
    table classifier_ipv4_table {
        key = {
            md.vrf_id         : ternary @name("vrf_id");
            md.ingress_port   : ternary @name("ingress_port");
            hdr.ipv4.src_addr : ternary @name("ipv4_src") @format(IPV4_ADDRESS);
            hdr.ipv4.dst_addr : ternary @name("ipv4_dst") @format(IPV4_ADDRESS);
            hdr.ipv4.protocol : ternary @name("protocol");
            hdr.ipv4.tos      : ternary @name("traffic_class");
            hdr.scratch.l4_src_port    : ternary @name("l4_src_port");
            hdr.scratch.l4_dst_port    : ternary @name("l4_dst_port");
        }
        actions = { classify_steer; no_steering; @defaultonly NoAction; }
        const default_action = NoAction();
        size = CLASSIFIER_TABLE_SIZE;
    }

    action by_interface() {
        md.fate = FATE_FORWARD;
        md.policy_id = md.interface_policy_id;
        md.drop_reason = drop_reason_t.NONE;
        md.punt_reason = punt_reason_t.NONE;
    }

    action set_ports() {
        hdr.scratch.l4_src_port = hdr.l4.src_port;
        hdr.scratch.l4_dst_port = hdr.l4.dst_port;
    }
    action clear() {
        hdr.scratch.setValid();
        hdr.scratch.classified = 0;
        hdr.scratch.l4_src_port = 0;
        hdr.scratch.l4_dst_port = 0;
    }

    apply {
        clear();
        if (hdr.l4.isValid()
            && ((md.l3 == L3_IPV6 && (hdr.ipv6.next_header == IP_PROTO_TCP || hdr.ipv6.next_header == IP_PROTO_UDP))
                || md.l3 == L3_IPV4)) {
            set_ports();
        }
        if (md.l3 == L3_IPV6) {
            classifier_ipv6_table.apply();
        } else {
            classifier_ipv4_table.apply();
        }
        if (hdr.scratch.classified == 0 && md.interface_policy_id != 0) {
            by_interface();
        }
    }
}

#endif  // SRV6_CORE_STEERING_P4_
