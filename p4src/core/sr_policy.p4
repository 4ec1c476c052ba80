// SPDX-License-Identifier: Apache-2.0
// SR policies and the headend behaviours (RFC 8986 5; insertion: draft-filsfils-spring-srv6-net-pgm-insertion).
//
//   policy_id -> weighted choice of a segment list -> outer header (or destination) and SRH -> SIDs -> underlay next hop
//
// A segment list knows the next hop towards its first segment (the SAI model): the control plane resolves it, and no second
// route lookup is needed. What is pushed is one set of headers for all behaviours; for an insertion the received IPv6
// header moves in front of the pushed SRH.
#ifndef SRV6_CORE_SR_POLICY_P4_
#define SRV6_CORE_SR_POLICY_P4_

#define H_ENCAPS_PARAMS                                                                                         \
    @format(IPV6_ADDRESS) ipv6_addr_t source_address, @format(IPV6_ADDRESS) ipv6_addr_t first_segment,          \
    sidlist_id_t sidlist_id, bit<8> segment_count, bit<8> hop_limit, bit<8> traffic_class, encap_flags_t flags, \
    @refers_to(nexthop_table, nexthop_id) nexthop_id_t nexthop_id
#define H_ENCAPS_ARGUMENTS \
    source_address, first_segment, sidlist_id, segment_count, hop_limit, traffic_class, flags, nexthop_id
#define H_INSERT_PARAMS                                                                         \
    @format(IPV6_ADDRESS) ipv6_addr_t first_segment, sidlist_id_t sidlist_id, bit<8> segment_count, \
    @refers_to(nexthop_table, nexthop_id) nexthop_id_t nexthop_id

control sr_policy(inout headers_t hdr, inout local_metadata_t md) {
    flow_key() inner_flow;
    srv6_sidlist() sidlist;

    WCMP_SELECTOR(SR_POLICY_SELECTOR_ID, sr_policy_selector, crc32)

    action push_ipv6(H_ENCAPS_PARAMS) {
        hdr.outer_ipv6.setValid();
        hdr.outer_ipv6.version = 6;
        hdr.outer_ipv6.traffic_class = traffic_class;
        hdr.outer_ipv6.flow_label = 0;
        hdr.outer_ipv6.next_header = IP_PROTO_ROUTING;
        hdr.outer_ipv6.hop_limit = hop_limit;
        hdr.outer_ipv6.src_addr = source_address;
        hdr.outer_ipv6.dst_addr = first_segment;
        hdr.outer_srh.setValid();
        hdr.scratch.sidlist_id = sidlist_id;
        hdr.scratch.segment_count = segment_count;
        hdr.scratch.encap_flags = flags;
        md.nexthop_id = nexthop_id;
    }

    // The received header becomes the outer one.
    action move_ipv6(H_INSERT_PARAMS) {
        hdr.outer_ipv6 = hdr.ipv6;
        hdr.ipv6.setInvalid();
        hdr.segment_da.setValid();
        hdr.segment_da.sid = hdr.outer_ipv6.dst_addr;
        hdr.outer_ipv6.dst_addr = first_segment;
        hdr.outer_srh.setValid();
        hdr.scratch.sidlist_id = sidlist_id;
        hdr.scratch.segment_count = segment_count;
        md.nexthop_id = nexthop_id;
        hdr.scratch.headend = HEADEND_INSERT;
        hdr.scratch.encap_flags = 0;
    }

    @id(H_ENCAPS_ID)
    @name(".h_encaps")
    @brief("H.Encaps, RFC 8986 5.1")
    @description("segment_count: entries of the Segment List; hop_limit 0: the inner one; flags: 1 inherit traffic class, 2 copy flow label, 4 hash flow label")
    action h_encaps(H_ENCAPS_PARAMS) {
        push_ipv6(H_ENCAPS_ARGUMENTS);
        hdr.scratch.headend = HEADEND_ENCAPS;
        hdr.scratch.reduced = 0;
    }

    @id(H_ENCAPS_RED_ID)
    @name(".h_encaps_red")
    @brief("H.Encaps.Red, RFC 8986 5.2")
    @description("segment_count: entries of the Segment List, the first segment not among them; 0: no SRH")
    action h_encaps_red(H_ENCAPS_PARAMS) {
        push_ipv6(H_ENCAPS_ARGUMENTS);
        hdr.scratch.headend = HEADEND_ENCAPS;
        hdr.scratch.reduced = 1;
    }

    @id(H_ENCAPS_L2_ID)
    @name(".h_encaps_l2")
    @brief("H.Encaps.L2, RFC 8986 5.3")
    action h_encaps_l2(H_ENCAPS_PARAMS) {
        push_ipv6(H_ENCAPS_ARGUMENTS);
        hdr.scratch.headend = HEADEND_ENCAPS_L2;
        hdr.scratch.reduced = 0;
    }

    @id(H_ENCAPS_L2_RED_ID)
    @name(".h_encaps_l2_red")
    @brief("H.Encaps.L2.Red, RFC 8986 5.4")
    action h_encaps_l2_red(H_ENCAPS_PARAMS) {
        push_ipv6(H_ENCAPS_ARGUMENTS);
        hdr.scratch.headend = HEADEND_ENCAPS_L2;
        hdr.scratch.reduced = 1;
    }

    @id(H_INSERT_ID)
    @name(".h_insert")
    @brief("H.Insert")
    @description("The original destination becomes Segment List[0]; segment_count counts the others")
    action h_insert(H_INSERT_PARAMS) {
        move_ipv6(first_segment, sidlist_id, segment_count, nexthop_id);
        hdr.scratch.reduced = 0;
    }

    @id(H_INSERT_RED_ID)
    @name(".h_insert_red")
    @brief("H.Insert.Red")
    action h_insert_red(H_INSERT_PARAMS) {
        move_ipv6(first_segment, sidlist_id, segment_count, nexthop_id);
        hdr.scratch.reduced = 1;
    }

    @id(SR_POLICY_TABLE_ID)
    @name(".sr_policy_table")
    @brief("Policies: the weighted segment lists of each")
    table sr_policy_table {
        key = {
            md.policy_id : exact @name("policy_id");
            REVERSED_FLOW_SELECTOR
        }
        actions = { h_encaps; h_encaps_red; h_encaps_l2; h_encaps_l2_red; h_insert; h_insert_red; @defaultonly NoAction; }
        size = SR_POLICY_TABLE_SIZE;
        TABLE_SELECTOR(sr_policy_selector)
    }

    action drop_unfit() {
        md.fate = FATE_DROP;
        md.drop_reason = drop_reason_t.POLICY_INVALID;
    }

    action payload_is_ipv6() {
        hdr.outer_srh.next_header = IP_PROTO_IPV6;
        hdr.outer_ipv6.payload_length = hdr.ipv6.payload_length + IPV6_HEADER_LENGTH;
    }
    action payload_is_ipv4() {
        hdr.outer_srh.next_header = IP_PROTO_IPV4;
        md.link_changed = 1;
        hdr.outer_ipv6.payload_length = hdr.ipv4.total_len;
    }
    // HE-9: the frame with its tag; preamble and FCS are not in it.
    action payload_is_frame() {
        hdr.payload_ethernet = hdr.ethernet;
        md.link_changed = 1;
        hdr.outer_srh.next_header = IP_PROTO_ETHERNET;
        hdr.outer_ipv6.payload_length = (bit<16>)md.frame_length;
    }
    action payload_has_tag() {
        hdr.payload_vlan = hdr.vlan;
        hdr.vlan.setInvalid();
    }

    action inherit_traffic_class_of_ipv6() {
        hdr.outer_ipv6.traffic_class = hdr.ipv6.traffic_class;
    }
    action inherit_traffic_class_of_ipv4() {
        hdr.outer_ipv6.traffic_class = hdr.ipv4.tos;
    }
    action inherit_hop_limit_of_ipv6() {
        hdr.outer_ipv6.hop_limit = hdr.ipv6.hop_limit;
    }
    action inherit_hop_limit_of_ipv4() {
        hdr.outer_ipv6.hop_limit = hdr.ipv4.ttl;
    }
    action default_hop_limit() {
        hdr.outer_ipv6.hop_limit = 64;
    }
    action copy_flow_label() {
        hdr.outer_ipv6.flow_label = hdr.ipv6.flow_label;
    }
    // 20 bits, never zero (HE-8).
    action hash_flow_label() {
        CRC32_HASH(hdr.scratch.flow_hash,
                   { hdr.scratch.flow_src, hdr.scratch.flow_dst,
                     4w0 ++ hdr.scratch.flow_label ++ hdr.scratch.flow_protocol ++ hdr.scratch.l4_src_port
                     ++ hdr.scratch.l4_dst_port })
        hdr.outer_ipv6.flow_label = hdr.scratch.flow_hash[31:12] |+| 1;
    }

    // HE-14, B6-5: behind the IPv6 header, and behind a Hop-by-Hop header if there is one.
    action insert_behind_ipv6() {
        hdr.outer_srh.next_header = hdr.outer_ipv6.next_header;
        hdr.outer_ipv6.next_header = IP_PROTO_ROUTING;
    }
    action insert_behind_hop_by_hop() {
        hdr.outer_hop_by_hop = hdr.extension_0;
        hdr.extension_0.setInvalid();
        hdr.outer_srh.next_header = hdr.outer_hop_by_hop.next_header;
        hdr.outer_hop_by_hop.next_header = IP_PROTO_ROUTING;
    }
    action count_segment_da() {
        hdr.scratch.segment_count = hdr.scratch.segment_count + 1;
    }

    // HE-1, HE-2, HE-14. Segments Left starts one lower when the first segment stands in the list.
    action push_srh(bit<8> segments_left) {
        hdr.outer_srh.hdr_ext_len = hdr.scratch.segment_count << 1;
        hdr.outer_srh.routing_type = ROUTING_TYPE_SRH;
        hdr.outer_srh.segments_left = segments_left;
        hdr.outer_srh.last_entry = hdr.scratch.segment_count - 1;
        hdr.outer_srh.flags = 0;
        hdr.outer_srh.tag = 0;
        hdr.scratch.overhead = 8 + ((bit<16>)hdr.scratch.segment_count << 4);
        hdr.outer_ipv6.payload_length = hdr.outer_ipv6.payload_length + 8 + ((bit<16>)hdr.scratch.segment_count << 4);
    }
    // HE-3: the destination address says it all.
    action omit_srh() {
        hdr.outer_ipv6.next_header = hdr.outer_srh.next_header;
        hdr.outer_srh.setInvalid();
        hdr.scratch.overhead = 0;
    }
    action count_outer_ipv6() {
        hdr.scratch.overhead = hdr.scratch.overhead + IPV6_HEADER_LENGTH;
    }

    action pushed() {
        md.l3 = L3_IPV6;
        md.processed = 1;
    }

    apply {
        inner_flow.apply(hdr, md);
        if (!sr_policy_table.apply().hit) {
            drop_unfit();   // no such policy
        } else if ((hdr.scratch.headend == HEADEND_ENCAPS_L2) != (md.l3 == L3_FRAME)
                   || (hdr.scratch.headend == HEADEND_INSERT && md.l3 != L3_IPV6)) {
            drop_unfit();
        } else {
            if (hdr.scratch.headend == HEADEND_INSERT) {
                // A Hop-by-Hop header is always the first, so in slot 0.
                if (hdr.outer_ipv6.next_header == IP_PROTO_HOPOPTS && hdr.extension_0.isValid()) {
                    insert_behind_hop_by_hop();
                } else {
                    insert_behind_ipv6();
                }
            } else if (md.l3 == L3_IPV6) {
                payload_is_ipv6();
                if (hdr.scratch.encap_flags & ENCAP_TC_INHERIT != 0) {
                    inherit_traffic_class_of_ipv6();
                }
                if (hdr.outer_ipv6.hop_limit == 0) {
                    inherit_hop_limit_of_ipv6();
                }
                if (hdr.scratch.encap_flags & ENCAP_FLOW_LABEL_COPY != 0) {
                    copy_flow_label();
                }
            } else if (md.l3 == L3_IPV4) {
                payload_is_ipv4();
                if (hdr.scratch.encap_flags & ENCAP_TC_INHERIT != 0) {
                    inherit_traffic_class_of_ipv4();
                }
                if (hdr.outer_ipv6.hop_limit == 0) {
                    inherit_hop_limit_of_ipv4();
                }
            } else {
                payload_is_frame();
                if (hdr.vlan.isValid()) {
                    payload_has_tag();
                }
                if (hdr.outer_ipv6.hop_limit == 0) {
                    default_hop_limit();
                }
            }
            if (hdr.scratch.encap_flags & ENCAP_FLOW_LABEL_HASH != 0) {
                hash_flow_label();
            }
            if (hdr.scratch.segment_count != 0) {
                sidlist.apply(hdr, md);
            }
            if (hdr.scratch.headend == HEADEND_INSERT) {
                count_segment_da();
            }
            if (hdr.scratch.segment_count == 0) {
                omit_srh();
            } else if (hdr.scratch.reduced == 1) {
                push_srh(hdr.scratch.segment_count);
            } else {
                push_srh(hdr.scratch.segment_count - 1);
            }
            if (hdr.scratch.headend != HEADEND_INSERT) {
                count_outer_ipv6();
            }
            pushed();
        }
    }
}

#endif  // SRV6_CORE_SR_POLICY_P4_
