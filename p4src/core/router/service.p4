// SPDX-License-Identifier: Apache-2.0
// Packets to services and from them (sid/proxy.p4).
//
//   to    service_out_table -> [flow] -> headers cached? else punt -> take the packet out -> next hop | port
//   from  service_in_table -> [flow] -> hop limit -> service_cache_table: headers -> route
//
// A cache is a row: the headers of a packet as it goes on, segment list and TLVs in blocks of 16 bytes. A packet whose
// headers are not those of its cache waits in the control plane, which writes them and sends it again. The row is
// exchanged as a whole. What a service sends is not trusted: it gets headers, or is lost; it never meets a SID or a
// route as it is.
#ifndef SRV6_CORE_ROUTER_SERVICE_P4_
#define SRV6_CORE_ROUTER_SERVICE_P4_

#ifndef SERVICE_TABLE_SIZE
#define SERVICE_TABLE_SIZE 4096
#endif
#ifndef SERVICE_CACHE_TABLE_SIZE
#define SERVICE_CACHE_TABLE_SIZE 16384
#endif

// Headers of a cache, with that many blocks behind the fixed part of the SRH.
#define CACHE_PARAMS                                                                                           \
    @format(IPV6_ADDRESS) ipv6_addr_t source_address, @format(IPV6_ADDRESS) ipv6_addr_t destination_address,   \
    bit<8> traffic_class, bit<20> flow_label, bit<8> outer_hop_limit
#define CACHE_SRH_PARAMS CACHE_PARAMS, bit<8> segments_left, bit<8> last_entry, bit<8> flags, bit<16> tag
#define CACHE_ACTION(ID, NAME) @id(ID) @name(STRING(.NAME))
#define PUSH_CACHED_SRH(BLOCKS)                                                                                \
    push_ipv6(source_address, destination_address, traffic_class, flow_label, outer_hop_limit);                      \
    push_srh(BLOCKS, segments_left, last_entry, flags, tag);

// The headers of a cache in front of what came back (PX-2, PX-8).
control push_cached(PACKET) {
    VERDICTS
    encapsulate() encapsulation;
    encapsulate_frame() frame_encapsulation;
    flow_key() flow;

    action push_ipv6(ipv6_addr_t source_address, ipv6_addr_t destination_address, bit<8> traffic_class,
                     bit<20> flow_label, bit<8> outer_hop_limit) {
        hdr.outer_ipv6.setValid();
        hdr.outer_ipv6.version = 6;
        hdr.outer_ipv6.traffic_class = traffic_class;
        hdr.outer_ipv6.flow_label = flow_label;
        hdr.outer_ipv6.next_header = IP_PROTO_ROUTING;
        hdr.outer_ipv6.hop_limit = outer_hop_limit;
        hdr.outer_ipv6.src_addr = source_address;
        hdr.outer_ipv6.dst_addr = destination_address;
        hdr.outer_srh.setValid();
        hdr.outer_srh.hdr_ext_len = 0;
        md.next = NEXT_IN_SEQUENCE;
    }
    action push_srh(bit<8> blocks, bit<8> segments_left, bit<8> last_entry, bit<8> flags, bit<16> tag) {
        HEADEND.segment_count = blocks;
        hdr.outer_srh.hdr_ext_len = blocks << 1;
        hdr.outer_srh.routing_type = ROUTING_TYPE_SRH;
        hdr.outer_srh.segments_left = segments_left;
        hdr.outer_srh.last_entry = last_entry;
        hdr.outer_srh.flags = flags;
        hdr.outer_srh.tag = tag;
    }

    CACHE_ACTION(CACHED_0_ID, cached_0)
    action cached_0(CACHE_PARAMS) {
        push_ipv6(source_address, destination_address, traffic_class, flow_label, outer_hop_limit);
        HEADEND.segment_count = 0;
    }

    CACHE_ACTION(CACHED_1_ID, cached_1)
    action cached_1(CACHE_SRH_PARAMS, SEGMENT_PARAM(0)) {
        PUSH_CACHED_SRH(1)
        ONE_SEGMENT(0)
    }

    CACHE_ACTION(CACHED_2_ID, cached_2)
    action cached_2(CACHE_SRH_PARAMS, SEGMENT_PARAM(0), SEGMENT_PARAM(1)) {
        PUSH_CACHED_SRH(2)
        TWO_SEGMENTS(0, 1)
    }

    CACHE_ACTION(CACHED_3_ID, cached_3)
    action cached_3(CACHE_SRH_PARAMS, SEGMENT_PARAM(0), SEGMENT_PARAM(1), SEGMENT_PARAM(2)) {
        PUSH_CACHED_SRH(3)
        TWO_SEGMENTS(0, 1) ONE_SEGMENT(2)
    }

    CACHE_ACTION(CACHED_4_ID, cached_4)
    action cached_4(CACHE_SRH_PARAMS, FIRST_FOUR) {
        PUSH_CACHED_SRH(4)
        FOUR_SEGMENTS(0, 0, 1, 2, 3)
    }

    CACHE_ACTION(CACHED_5_ID, cached_5)
    action cached_5(CACHE_SRH_PARAMS, FIRST_FOUR, SEGMENT_PARAM(4)) {
        PUSH_CACHED_SRH(5)
        FOUR_SEGMENTS(0, 0, 1, 2, 3)
        ONE_SEGMENT(4)
    }

    CACHE_ACTION(CACHED_6_ID, cached_6)
    action cached_6(CACHE_SRH_PARAMS, FIRST_FOUR, SEGMENT_PARAM(4), SEGMENT_PARAM(5)) {
        PUSH_CACHED_SRH(6)
        FOUR_SEGMENTS(0, 0, 1, 2, 3)
        TWO_SEGMENTS(4, 5)
    }

    CACHE_ACTION(CACHED_7_ID, cached_7)
    action cached_7(CACHE_SRH_PARAMS, FIRST_FOUR, SEGMENT_PARAM(4), SEGMENT_PARAM(5), SEGMENT_PARAM(6)) {
        PUSH_CACHED_SRH(7)
        FOUR_SEGMENTS(0, 0, 1, 2, 3)
        TWO_SEGMENTS(4, 5) ONE_SEGMENT(6)
    }

    CACHE_ACTION(CACHED_8_ID, cached_8)
    action cached_8(CACHE_SRH_PARAMS, FIRST_FOUR, SECOND_FOUR) {
        PUSH_CACHED_SRH(8)
        FIRST_EIGHT
    }

    CACHE_ACTION(CACHED_9_ID, cached_9)
    action cached_9(CACHE_SRH_PARAMS, FIRST_FOUR, SECOND_FOUR, SEGMENT_PARAM(8)) {
        PUSH_CACHED_SRH(9)
        FIRST_EIGHT
        ONE_SEGMENT(8)
    }

    CACHE_ACTION(CACHED_10_ID, cached_10)
    action cached_10(CACHE_SRH_PARAMS, FIRST_FOUR, SECOND_FOUR, SEGMENT_PARAM(8), SEGMENT_PARAM(9)) {
        PUSH_CACHED_SRH(10)
        FIRST_EIGHT
        TWO_SEGMENTS(8, 9)
    }

    CACHE_ACTION(CACHED_11_ID, cached_11)
    action cached_11(CACHE_SRH_PARAMS, FIRST_FOUR, SECOND_FOUR, SEGMENT_PARAM(8), SEGMENT_PARAM(9), SEGMENT_PARAM(10)) {
        PUSH_CACHED_SRH(11)
        FIRST_EIGHT
        TWO_SEGMENTS(8, 9) ONE_SEGMENT(10)
    }

    CACHE_ACTION(CACHED_12_ID, cached_12)
    action cached_12(CACHE_SRH_PARAMS, FIRST_FOUR, SECOND_FOUR, THIRD_FOUR) {
        PUSH_CACHED_SRH(12)
        FIRST_EIGHT
        FOUR_SEGMENTS(2, 8, 9, 10, 11)
    }

    CACHE_ACTION(CACHED_13_ID, cached_13)
    action cached_13(CACHE_SRH_PARAMS, FIRST_FOUR, SECOND_FOUR, THIRD_FOUR, SEGMENT_PARAM(12)) {
        PUSH_CACHED_SRH(13)
        FIRST_EIGHT
        FOUR_SEGMENTS(2, 8, 9, 10, 11)
        ONE_SEGMENT(12)
    }

    CACHE_ACTION(CACHED_14_ID, cached_14)
    action cached_14(CACHE_SRH_PARAMS, FIRST_FOUR, SECOND_FOUR, THIRD_FOUR, SEGMENT_PARAM(12), SEGMENT_PARAM(13)) {
        PUSH_CACHED_SRH(14)
        FIRST_EIGHT
        FOUR_SEGMENTS(2, 8, 9, 10, 11)
        TWO_SEGMENTS(12, 13)
    }

    CACHE_ACTION(CACHED_15_ID, cached_15)
    action cached_15(CACHE_SRH_PARAMS, FIRST_FOUR, SECOND_FOUR, THIRD_FOUR, SEGMENT_PARAM(12), SEGMENT_PARAM(13),
                     SEGMENT_PARAM(14)) {
        PUSH_CACHED_SRH(15)
        FIRST_EIGHT
        FOUR_SEGMENTS(2, 8, 9, 10, 11)
        TWO_SEGMENTS(12, 13) ONE_SEGMENT(14)
    }

    CACHE_ACTION(CACHED_16_ID, cached_16)
    action cached_16(CACHE_SRH_PARAMS, FIRST_FOUR, SECOND_FOUR, THIRD_FOUR, SEGMENT_PARAM(12), SEGMENT_PARAM(13),
                     SEGMENT_PARAM(14), SEGMENT_PARAM(15)) {
        PUSH_CACHED_SRH(16)
        FIRST_EIGHT
        FOUR_SEGMENTS(2, 8, 9, 10, 11)
        FOUR_SEGMENTS(3, 12, 13, 14, 15)
    }

    @id(NO_CACHE_ID)
    @name(".no_cache")
    action no_cache() {
        refuse(drop_reason_t.SERVICE_NO_CACHE);
    }

    @id(SERVICE_CACHE_TABLE_ID)
    @name(".service_cache_table")
    @brief("The headers that come back in front of a packet: IPv6, SRH")
    @description("cache_id: the number of a service, or from 65536 on that of a flow. cached_N: N blocks of 16 bytes behind the fixed part of the SRH, its segment list in the order of the wire, then TLVs")
    @entry_restriction("cache_id != 0")
    table service_cache_table {
        key = { SERVICE.cache_id : exact @name("cache_id"); }
        actions = {
            cached_0; cached_1; cached_2; cached_3; cached_4; cached_5; cached_6; cached_7; cached_8; cached_9;
            cached_10; cached_11; cached_12; cached_13; cached_14; cached_15; cached_16;
            @defaultonly no_cache;
        }
        const default_action = no_cache();
        size = SERVICE_CACHE_TABLE_SIZE;
    }

    action begin() {
        BEGIN(HEADEND)
        HEADEND.policy_id = 0;
        HEADEND.encap_flags = SERVICE.encap_flags;
    }
    action hash_flow() {
        CRC32_HASH(HEADEND.flow_hash, FLOW)
    }
    action is_advanced() {
        md.origin = ORIGIN_ADVANCED;
    }

    apply {
        begin();
        if (SERVICE.encap_flags & ENCAP_FLOW_LABEL_HASH != 0) {
            flow.apply(THE_PACKET);
            hash_flow();
        }
        service_cache_table.apply();
        if (md.next < FATE_TRANSMIT) {
            if (md.origin == ORIGIN_FRAME) {
                frame_encapsulation.apply(THE_PACKET);
            } else {
                encapsulation.apply(THE_PACKET);
            }
            is_advanced();
        }
    }
}

// IPv6 with its SRH, on its way to a service and back (PX-4, PX-5).
control masquerade(PACKET) {
    action read_first_segment() {
        SERVICE.segment = hdr.srh_next.sid;
    }
    action read_first_of_several() {
        SERVICE.segment = hdr.srh_first.sid;
    }
    action mask() {
        hdr.ipv6.dst_addr = SERVICE.segment;
        md.next = NEXT_NEXTHOP;
    }
    // The order of the drafts of 2018: the packet is moved on when it comes back.
    action take_back() {
        hdr.ipv6.hop_limit = hdr.ipv6.hop_limit + 1;
        hdr.srh.segments_left = hdr.srh.segments_left + 1;
    }

    apply {
        read_first_segment();
        if (hdr.srh_first.isValid()) {
            read_first_of_several();
        }
        if (SERVICE.options & SERVICE_MOVES_ON_BACK != 0) {
            take_back();
        }
        mask();
    }
}

control unmask(PACKET) {
    VERDICTS
    penultimate_segment_pop() psp;

    action read_first_segment() {
        SERVICE.segment = hdr.srh_next.sid;
    }
    action read_first_of_several() {
        SERVICE.segment = hdr.srh_first.sid;
    }
    action read_exhausted() {
        EXHAUSTED_SRH_READ_SEGMENT(hdr, SERVICE.segment)
    }
    // NAT (PX-5): the last segment is what the service made of it.
    action write_first_segment() {
        hdr.srh_next.sid = hdr.ipv6.dst_addr;
    }
    action write_first_of_several() {
        hdr.srh_first.sid = hdr.ipv6.dst_addr;
    }
    action write_exhausted_0() { hdr.exhausted_0.first = hdr.ipv6.dst_addr; }
    action write_exhausted_1() { hdr.exhausted_1.first = hdr.ipv6.dst_addr; }
    action write_exhausted_2() { hdr.exhausted_2.first = hdr.ipv6.dst_addr; }
    action write_exhausted_3() { hdr.exhausted_3.first = hdr.ipv6.dst_addr; }
    action to_current_segment() {
        hdr.ipv6.dst_addr = hdr.srh_current.sid;
    }
    action advance() {
        hdr.ipv6.hop_limit = hdr.ipv6.hop_limit - 1;
        SRH_ADVANCE(hdr)
    }
    action is_advanced() {
        md.origin = ORIGIN_ADVANCED;
    }

    apply {
        if (hdr.srh.isValid()) {
            // What a service sends is not trusted to be what it got: bounds as END-4, lengths as in srh.p4.
            if (!hdr.srh_after.isValid() || hdr.srh.last_entry >= hdr.srh.hdr_ext_len >> 1
                || hdr.srh.segments_left > hdr.srh.last_entry |+| 1
                || (hdr.ipv6.payload_length |-| md.extension_length) >> 3 <= (bit<16>)hdr.srh.hdr_ext_len) {
                refuse(drop_reason_t.SERVICE_MASQUERADE);
            } else {
                read_first_segment();
                if (hdr.srh_first.isValid()) {
                    read_first_of_several();
                }
                if (SERVICE.options & SERVICE_NAT != 0) {
                    if (hdr.srh_first.isValid()) {
                        write_first_of_several();
                    } else {
                        write_first_segment();
                    }
                } else if (SERVICE.segment != hdr.ipv6.dst_addr) {
                    refuse(drop_reason_t.SERVICE_MASQUERADE);
                }
                if (md.next == NEXT_IN_SEQUENCE) {
                    if (md.unusual & UNUSUAL_LINK_SCOPE != 0) {
                        refuse(drop_reason_t.SOURCE_INVALID);
                    } else if (SERVICE.options & SERVICE_MOVES_ON_BACK != 0) {
                        if (hdr.ipv6.hop_limit <= 1) {
                            hop_limit_exceeded();
                        } else if (md.unusual & UNUSUAL_NEXT_SEGMENT != 0 && SERVICE.options & SERVICE_NAT == 0) {
                            refuse(drop_reason_t.DESTINATION_INVALID);
                        } else {
                            advance();
                            if (SERVICE.options & SERVICE_PSP != 0 && hdr.srh.segments_left == 0) {
                                psp.apply(THE_PACKET);
                            }
                        }
                    } else if (hdr.srh_current.isValid()) {
                        to_current_segment();
                    } else {
                        refuse(drop_reason_t.SERVICE_MASQUERADE);
                    }
                }
            }
        } else if (EXHAUSTED_SRH_HAS_SEGMENT(hdr) && SERVICE.options & SERVICE_MOVES_ON_BACK == 0) {
            // The service stood in front of the last segment: the destination is that already.
            read_exhausted();
            if (hdr.ipv6.payload_length < md.extension_length) {
                refuse(drop_reason_t.SERVICE_MASQUERADE);
            } else if (SERVICE.options & SERVICE_NAT != 0) {
                if (hdr.exhausted_0.isValid()) {
                    write_exhausted_0();
                } else if (hdr.exhausted_1.isValid()) {
                    write_exhausted_1();
                } else if (hdr.exhausted_2.isValid()) {
                    write_exhausted_2();
                } else {
                    write_exhausted_3();
                }
            } else if (SERVICE.segment != hdr.ipv6.dst_addr) {
                refuse(drop_reason_t.SERVICE_MASQUERADE);
            }
            if (md.unusual & UNUSUAL_LINK_SCOPE != 0 && md.next == NEXT_IN_SEQUENCE) {
                refuse(drop_reason_t.SOURCE_INVALID);
            }
        } else {
            refuse(drop_reason_t.SERVICE_MASQUERADE);
        }
        is_advanced();
    }
}

// A frame out of the packet, as it is, or behind the tag of the service.
control frame_to_service(PACKET) {
    VERDICTS

    action take_length() {
        SERVICE.length = hdr.ipv6.payload_length |-| md.extension_length;
    }
    action remove_link() {
        hdr.ethernet.setInvalid();
        hdr.vlan.setInvalid();
    }
    // The Ethernet header of the frame, the tag, and what stood behind the Ethernet header.
    action push_tag() {
        hdr.ethernet.dst_addr = hdr.frame.dst_addr;
        hdr.ethernet.src_addr = hdr.frame.src_addr;
        hdr.ethernet.ether_type = ETHERTYPE_VLAN;
        hdr.vlan.setValid();
        hdr.vlan.pcp = 0;
        hdr.vlan.dei = 0;
        hdr.vlan.vid = SERVICE.vlan_id;
        hdr.vlan.ether_type = hdr.frame.ether_type;
        hdr.payload_vlan.setValid();
        hdr.payload_vlan.pcp = hdr.frame.pcp;
        hdr.payload_vlan.dei = hdr.frame.dei;
        hdr.payload_vlan.vid = hdr.frame.vid;
        hdr.payload_vlan.ether_type = hdr.frame.tagged_ether_type;
        hdr.frame.setInvalid();
    }
    action remove_outer() {
        hdr.ipv6.setInvalid();
        EXTENSION_POP(hdr, 0)
        EXTENSION_POP(hdr, 1)
        EXTENSION_POP(hdr, 2)
        EXTENSION_POP(hdr, 3)
        SRH_POP(hdr)
        md.origin = ORIGIN_DECAPSULATED;
        transmit(SERVICE.egress_port);
    }
    action set_length() {
        FRAME_LENGTH = (bit<32>)SERVICE.length;
    }
    action add_tag() {
        FRAME_LENGTH = FRAME_LENGTH + 4;
    }
    action cut() {
        END_FRAME
    }

    apply {
        take_length();
        if (SERVICE.length < ETHERNET_HEADER_LENGTH
            || (SERVICE.vlan_id != 0
                && (!hdr.frame.isValid() || SERVICE.length < ETHERNET_HEADER_LENGTH + VLAN_HEADER_LENGTH))) {
            refuse(drop_reason_t.HEADER_TRUNCATED);
        } else if (SERVICE.length - ETHERNET_HEADER_LENGTH > md.mtu) {
            refuse(drop_reason_t.PACKET_TOO_BIG);
        } else {
            if (SERVICE.vlan_id != 0) {
                push_tag();
            } else {
                remove_link();
            }
            remove_outer();
            if (md.unusual & UNUSUAL_PADDING != 0) {
                set_length();
                if (SERVICE.vlan_id != 0) {
                    add_tag();
                }
                cut();
            }
        }
    }
}

// What the headers of a packet to a service are compared by: its list and TLVs, behind the fixed part of the SRH.
// (Whoever finds two lists with the same numbers makes packets of one come back with the other: of the same source, to
// the same next segment. A source that may use the SIDs can choose the headers anyhow.)
control hash_srh(PACKET) {
    action begin() {
        SERVICE.list_hash = 0;
        SERVICE.segment = 0;
        SERVICE.destination = 0;
        SERVICE.dscp = hdr.ipv6.traffic_class & 0xFC;
    }
    action add_first() {
        SERVICE.segment = hdr.srh_first.sid;
        CRC32_HASH(SERVICE.list_hash, hdr.srh_before)
    }
    action add_current() {
        SERVICE.destination = hdr.srh_current.sid;
    }
    action add_rest() {
        CRC32_HASH(SERVICE.rest_hash, hdr.srh_after)
    }

    apply {
        begin();
        if (hdr.srh_first.isValid()) {
            add_first();
        }
        if (hdr.srh_current.isValid()) {
            add_current();
        }
        add_rest();
    }
}

control proxy(PACKET) {
    VERDICTS
    find_upper_layer() find;
    decapsulate(true, true) decapsulation;
    frame_to_service() frame;
    masquerade() mask;
    unmask() back;
    hash_srh() hash_of_srh;
    hop_limit() hops;
    push_cached() cached;

    DIRECT_COUNTER(service_out_counter)
    DIRECT_COUNTER(service_in_counter)
    DIRECT_COUNTER(service_check_counter)
    DIRECT_COUNTER(service_flow_counter)

    @brief("Packets that a service sent, or was to get, and that were dropped, by service_id")
    INDEXED_COUNTER(SERVICE_ERROR_COUNTER_ID, service_error_counter, service_id_t, 65536)

    @id(PACKETS_TO_SERVICE_ID)
    @name(".packets_to_service")
    @brief("IP packets to a next hop")
    @description("options: 1 IPv4, 2 IPv6; those of the masquerading proxy")
    action packets_to_service(NEXTHOP_PARAM, service_options_t options) {
        md.nexthop_id = nexthop_id;
        SERVICE.options = options;
    }

    @id(FRAMES_TO_SERVICE_ID)
    @name(".frames_to_service")
    @brief("Frames out of a port")
    @description("vlan_id 0: as they are; mtu: longest payload of a frame that the port sends")
    action frames_to_service(port_id_t egress_port, vlan_id_t vlan_id, mtu_t mtu) {
        SERVICE.egress_port = egress_port;
        SERVICE.vlan_id = vlan_id;
        md.mtu = mtu;
        SERVICE.options = SERVICE_TAKES_FRAMES;
    }

    @id(NO_SERVICE_ID)
    @name(".no_service")
    action no_service() {
        refuse(drop_reason_t.SERVICE_UNKNOWN);
    }

    @id(SERVICE_OUT_TABLE_ID)
    @name(".service_out_table")
    @brief("How services are reached: IFACE-OUT")
    @entry_restriction("service_id != 0")
    table service_out_table {
        key = { SERVICE.service_id : exact @name("service_id"); }
        actions = { packets_to_service; frames_to_service; @defaultonly no_service; }
        const default_action = no_service();
        size = SERVICE_TABLE_SIZE;
        TABLE_DIRECT_COUNTER(service_out_counter)
    }

    @id(FROM_CACHED_SERVICE_ID)
    @name(".from_cached_service")
    @brief("What comes back gets the headers of the service's cache")
    @description("options: 1 IPv4, 2 IPv6, 4 frames come back; flags: 4 hash flow label; cache_id 0: that of the flow")
    action from_cached_service(service_options_t options, encap_flags_t flags, cache_id_t cache_id) {
        SERVICE.options = options;
        SERVICE.encap_flags = flags;
        SERVICE.cache_id = cache_id;
    }

    @id(FROM_MASQUERADED_SERVICE_ID)
    @name(".from_masqueraded_service")
    @brief("What comes back has its headers: the destination becomes the next segment")
    @description("options: 8 SL and hop limit are decremented now, 16 the service translates the destination, 32 PSP")
    action from_masqueraded_service(service_options_t options) {
        SERVICE.options = options;
    }

    @id(SERVICE_IN_TABLE_ID)
    @name(".service_in_table")
    @brief("What becomes of what services send: IFACE-IN")
    @entry_restriction("service_id != 0")
    table service_in_table {
        key = { SERVICE.service_id : exact @name("service_id"); }
        actions = { from_cached_service; from_masqueraded_service; @defaultonly no_service; }
        const default_action = no_service();
        size = SERVICE_TABLE_SIZE;
        TABLE_DIRECT_COUNTER(service_in_counter)
    }

    @id(IS_OF_CACHE_ID)
    @name(".is_of_cache")
    action is_of_cache(cache_id_t cache_id) {
        SERVICE.cache_id = cache_id;
    }

    @id(SERVICE_FLOW_TABLE_ID)
    @name(".service_flow_table")
    @brief("The caches of flows through services")
    @description("The flow of the packet inside, in the direction to the service. Ports are 0 where there are none")
    table service_flow_table {
        key = {
            SERVICE.service_id : exact @name("service_id");
            FLOW.src           : exact @name("src") @format(IPV6_ADDRESS);
            FLOW.dst           : exact @name("dst") @format(IPV6_ADDRESS);
            FLOW.protocol      : exact @name("protocol");
            FLOW.l4_src_port   : exact @name("src_port");
            FLOW.l4_dst_port   : exact @name("dst_port");
        }
        actions = { is_of_cache; @defaultonly NoAction; }
        const default_action = NoAction();
        size = SERVICE_CACHE_TABLE_SIZE;
        TABLE_DIRECT_COUNTER(service_flow_counter)
    }

    @id(IS_CACHED_ID)
    @name(".is_cached")
    @description("Hop limits between which it is not written again")
    action is_cached(bit<8> lowest_hop_limit, bit<8> highest_hop_limit) {
        SERVICE.lowest_hop_limit = lowest_hop_limit;
        SERVICE.highest_hop_limit = highest_hop_limit;
    }

    @id(SERVICE_CHECK_TABLE_ID)
    @name(".service_check_table")
    @brief("The headers that caches hold, as the packets on their way to the service have them")
    @description("Behind END-5. list_hash, rest_hash: CRC-32 of the SRH between Segment List[0] and [SL-1] as it was received, and behind [SL]; 0 of no bytes. segment_0, segment_current: these, 0 where they are the next one or not there. Flow label, ECN and lengths are not compared")
    table service_check_table {
        key = {
            SERVICE.cache_id       : exact @name("cache_id");
            hdr.ipv6.src_addr      : exact @name("ipv6_src") @format(IPV6_ADDRESS);
            hdr.ipv6.dst_addr      : exact @name("ipv6_dst") @format(IPV6_ADDRESS);
            SERVICE.dscp           : exact @name("dscp");
            hdr.srh.hdr_ext_len    : exact @name("hdr_ext_len");
            hdr.srh.segments_left  : exact @name("segments_left");
            hdr.srh.last_entry     : exact @name("last_entry");
            hdr.srh.flags          : exact @name("flags");
            hdr.srh.tag            : exact @name("tag");
            SERVICE.segment        : exact @name("segment_0") @format(IPV6_ADDRESS);
            SERVICE.destination    : exact @name("segment_current") @format(IPV6_ADDRESS);
            SERVICE.list_hash      : exact @name("list_hash");
            SERVICE.rest_hash      : exact @name("rest_hash");
        }
        actions = { is_cached; @defaultonly NoAction; }
        const default_action = NoAction();
        size = SERVICE_CACHE_TABLE_SIZE;
        TABLE_DIRECT_COUNTER(service_check_counter)
    }

    action add_srh() {
        md.extension_length = md.extension_length + 8 + ((bit<16>)hdr.srh.hdr_ext_len << 3);
        SERVICE.inner = hdr.srh.next_header;
    }
    action take_upper_layer() {
        SERVICE.inner = VERDICT.upper_layer;
    }
    action take_flow(ipv6_addr_t src, ipv6_addr_t dst, bit<8> protocol) {
        BEGIN(FLOW)
        FLOW.src = src;
        FLOW.dst = dst;
        FLOW.pad = 0;
        FLOW.label = 0;
        FLOW.protocol = protocol;
        FLOW.l4_src_port = 0;
        FLOW.l4_dst_port = 0;
    }
    action take_ports() {
        FLOW.l4_src_port = hdr.l4.src_port;
        FLOW.l4_dst_port = hdr.l4.dst_port;
    }
    action expect_none() {
        SERVICE.lowest_hop_limit = 255;
        SERVICE.highest_hop_limit = 0;
    }
    // The SID counts the packet when it comes again.
    action ask(bit<8> reason) {
        punt(reason);
        md.sid_cell = 0;
    }
    action to_next_hop() {
        md.next = NEXT_NEXTHOP;
    }
    action remove_srh() {
        SRH_POP(hdr)
    }
    action is_ipv4() { SERVICE.inner = IP_PROTO_IPV4; }
    action is_ipv6() { SERVICE.inner = IP_PROTO_IPV6; }
    action is_frame() { SERVICE.inner = IP_PROTO_ETHERNET; }
    action count_error() {
        service_error_counter.count(SERVICE.service_id);
    }

    apply {
        if (SERVICE.way == WAY_BACK) {
            // PX-7: a neighbour that asks for an address of this node, or answers. To link-local addresses and groups:
            // admit.p4.
            if (md.next == NEXT_IN_SEQUENCE && hdr.ipv6.isValid() && hdr.ipv6.next_header == IP_PROTO_ICMPV6
                && hdr.l4.isValid() && hdr.ipv6.hop_limit == 255
                && hdr.l4.src_port[15:8] >= 133 && hdr.l4.src_port[15:8] <= 137) {
                punt(punt_reason_t.NDP);
            } else {
                service_in_table.apply();
            }
        } else {
            if (md.origin == ORIGIN_ADVANCED) {
                add_srh();
            } else {
                find.apply(THE_PACKET);
                take_upper_layer();
                if (SERVICE.way > WAY_EXTENDED && SERVICE.inner != IP_PROTO_ICMPV6) {
                    refuse(drop_reason_t.SERVICE_LAST_SEGMENT);   // PX-2, PX-4
                }
            }
            if (md.next == NEXT_IN_SEQUENCE || (md.next == NEXT_UPPER_LAYER && SERVICE.way <= WAY_EXTENDED)) {
                service_out_table.apply();
            }
        }

        // The flow of what is inside, or of what comes back.
        if (md.next < FATE_TRANSMIT && SERVICE.cache_id == 0
            && SERVICE.options & SERVICE_MASQUERADES == 0) {
            if (SERVICE.way == WAY_BACK && hdr.ipv6.isValid()) {
                take_flow(hdr.ipv6.src_addr, hdr.ipv6.dst_addr, hdr.ipv6.next_header);
            } else if (hdr.inner_ipv6.isValid()) {
                take_flow(hdr.inner_ipv6.src_addr, hdr.inner_ipv6.dst_addr, hdr.inner_ipv6.next_header);
            } else {
                take_flow((bit<128>)hdr.ipv4.src_addr, (bit<128>)hdr.ipv4.dst_addr, hdr.ipv4.protocol);
            }
            if (hdr.l4.isValid() && (FLOW.protocol == IP_PROTO_TCP || FLOW.protocol == IP_PROTO_UDP)) {
                take_ports();
            }
            service_flow_table.apply();
        }

        if (md.next >= FATE_TRANSMIT) {
            // decided
        } else if (SERVICE.way == WAY_BACK) {
            if (md.next == NEXT_POLICY) {
                is_frame();
            } else if (hdr.ipv6.isValid()) {
                is_ipv6();
            } else {
                is_ipv4();
            }
            if (SERVICE.options & SERVICE_MASQUERADES != 0) {
                if (SERVICE.inner == IP_PROTO_IPV6) {
                    back.apply(THE_PACKET);
                } else {
                    refuse(drop_reason_t.SERVICE_TYPE);
                }
            } else if ((SERVICE.inner == IP_PROTO_ETHERNET && md.unusual & UNUSUAL_NOT_MY_MAC == 0)
                       || (SERVICE.inner == IP_PROTO_IPV4 && SERVICE.options & SERVICE_TAKES_IPV4 == 0)
                       || (SERVICE.inner == IP_PROTO_IPV6 && SERVICE.options & SERVICE_TAKES_IPV6 == 0)
                       || (SERVICE.inner == IP_PROTO_ETHERNET && SERVICE.options & SERVICE_TAKES_FRAMES == 0)) {
                refuse(drop_reason_t.SERVICE_TYPE);
            } else {
                if (SERVICE.inner != IP_PROTO_ETHERNET) {
                    hops.apply(THE_PACKET);
                }
                if (md.next < FATE_TRANSMIT) {
                    cached.apply(THE_PACKET);
                }
            }
        } else if (SERVICE.way == WAY_MASQUERADE) {
            if (md.next == NEXT_IN_SEQUENCE) {
                mask.apply(THE_PACKET);
            }
        } else if (md.next == NEXT_UPPER_LAYER
                   && (md.unusual & (UNUSUAL_FRAGMENT | UNUSUAL_ROUTING_TYPE) != 0 || SERVICE.way > WAY_EXTENDED)) {
            // the upper layer
        } else if (!((SERVICE.inner == IP_PROTO_IPV4 && SERVICE.options & SERVICE_TAKES_IPV4 != 0)
                     || (SERVICE.inner == IP_PROTO_IPV6 && SERVICE.options & SERVICE_TAKES_IPV6 != 0)
                     || (SERVICE.inner == IP_PROTO_ETHERNET && SERVICE.options & SERVICE_TAKES_FRAMES != 0))) {
            if (md.next == NEXT_IN_SEQUENCE) {
                upper_layer_error();
            }
        } else if ((SERVICE.inner == IP_PROTO_IPV4 && !hdr.ipv4.isValid())
                   || (SERVICE.inner == IP_PROTO_IPV6 && !hdr.inner_ipv6.isValid())) {
            refuse(drop_reason_t.HEADER_TRUNCATED);
        } else {
            if (md.next == NEXT_IN_SEQUENCE && SERVICE.way != WAY_STATIC) {
                if (md.unusual & UNUSUAL_EXTENSION != 0 || hdr.srh.hdr_ext_len > 32 || hdr.srh.hdr_ext_len[0:0] == 1) {
                    refuse(drop_reason_t.SERVICE_NOT_CACHED);   // PX-10: nothing that could not be pushed again
                } else if (SERVICE.cache_id == 0) {
                    ask(punt_reason_t.SERVICE_FLOW);
                } else {
                    hash_of_srh.apply(THE_PACKET);
                    expect_none();
                    service_check_table.apply();
                    if (hdr.ipv6.hop_limit < SERVICE.lowest_hop_limit
                        || hdr.ipv6.hop_limit > SERVICE.highest_hop_limit) {
                        ask(punt_reason_t.SERVICE_CACHE);
                    }
                }
            }
            if (md.next < FATE_TRANSMIT) {
                if (SERVICE.inner == IP_PROTO_ETHERNET) {
                    frame.apply(THE_PACKET);
                } else {
                    decapsulation.apply(THE_PACKET);
                    if (md.next < FATE_TRANSMIT) {
                        remove_srh();
                        to_next_hop();
                    }
                }
            }
        }
        if (md.next == FATE_DROP) {
            count_error();
        }
    }
}

#endif  // SRV6_CORE_ROUTER_SERVICE_P4_
