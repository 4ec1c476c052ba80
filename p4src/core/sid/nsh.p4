// SPDX-License-Identifier: Apache-2.0
// End.NSH (RFC 9491 5.2): the packet is one of a service function chain. IPv6 and SRH stay here, the NSH packet goes to
// the service function forwarder (SFF) of its service path; when it comes back, its index one lower,
// it gets them again.
//
//   to    SRH as at End -> NSH behind it? -> nsh_path_table: next hop -> nsh_check_table: headers kept? else punt
//         -> IPv6 and SRH off -> next hop
//   from  frame with NSH -> nsh_return_table: headers -> round -> hop limit -> as any packet
//
// Registers hold no variable lengths and cannot be written on every target, so the headers are entries that the control
// plane writes: a packet whose headers are not those that are kept for <SPI, SI - 1> waits there, and is sent again.
// They are compared by all there is of the SRH, hashes where it is long; hop limit, traffic class and flow label are
// those of the packet that they were taken from.
#ifndef SRV6_CORE_SID_NSH_P4_
#define SRV6_CORE_SID_NSH_P4_

#ifndef NSH_TABLE_SIZE
#define NSH_TABLE_SIZE 4096
#endif

// 8 octets, and 20 blocks of 16; another 8 where there are TLVs of an odd number of 8.
#define LONGEST_KEPT_SRH 41
// Bits of the parameter pieces: what of the blocks is there, in the order of the wire.
#define PIECE_ODD_8     0x01   // extra
#define PIECE_1         0x02   // block_0
#define PIECE_4_0       0x04   // block_1 to 4
#define PIECE_4_1       0x08   // block_5 to 8
#define PIECE_4_2       0x10   // block_9 to 12
#define PIECE_4_3       0x20   // block_13 to 16
#define PIECE_2         0x40   // block_17, 18
#define PIECE_LAST      0x80   // block_19

#define NSH_ACTIONS                                                                                  \
    SID_ACTION(END_NSH_ID, end_nsh, "End.NSH, RFC 9491 5.2")                                         \
    @description("Where NSH packets go is said by nsh_path_table")                                   \
    action end_nsh(sid_index_t sid_index) {                                                          \
        TAKE_SID_INDEX(sid_index)                                                                    \
        md.sid_options = 0;                                                                          \
    }
#define NSH_ACTION_NAMES end_nsh;
#define NSH_CONTROLS     nsh() to_sff;
#define NSH_CASES        end_nsh: { to_sff.apply(THE_PACKET); }

control nsh(PACKET) {
    VERDICTS
    domain_verdict() domain;

    DIRECT_COUNTER(nsh_path_counter)
    DIRECT_COUNTER(nsh_check_counter)

    @id(TO_SFF_ID)
    @name(".to_sff")
    @brief("To the service function forwarder")
    action to_sff(@refers_to(nexthop_table, nexthop_id) nexthop_id_t nexthop_id) {
        md.nexthop_id = nexthop_id;
    }

    @id(NO_PATH_ID)
    @name(".no_path")
    action no_path() {
        refuse(drop_reason_t.NSH_PATH);
    }

    @id(NSH_PATH_TABLE_ID)
    @name(".nsh_path_table")
    @brief("Service paths: where NSH packets go from End.NSH")
    table nsh_path_table {
        key = {
            hdr.nsh.service_path_id : exact @name("service_path_id");
            hdr.nsh.service_index   : exact @name("service_index");
        }
        actions = { to_sff; @defaultonly no_path; }
        const default_action = no_path();
        size = NSH_TABLE_SIZE;
        TABLE_DIRECT_COUNTER(nsh_path_counter)
    }

    @id(IS_KEPT_ID)
    @name(".is_kept")
    @brief("The headers that nsh_return_table has")
    action is_kept() {}

    @id(NSH_CHECK_TABLE_ID)
    @name(".nsh_check_table")
    @brief("Packets whose headers are kept")
    @description("Of the packet at the SID. A miss waits in the control plane, which writes the headers")
    table nsh_check_table {
        key = {
            hdr.nsh.service_path_id : exact @name("service_path_id");
            hdr.nsh.service_index   : exact @name("service_index");
            hdr.ipv6.src_addr       : exact @name("ipv6_src") @format(IPV6_ADDRESS);
            hdr.ipv6.dst_addr       : exact @name("ipv6_dst") @format(IPV6_ADDRESS);
            hdr.srh.hdr_ext_len     : exact @name("hdr_ext_len");
            hdr.srh.segments_left   : exact @name("segments_left");
            hdr.srh.last_entry      : exact @name("last_entry");
            hdr.srh.flags           : exact @name("flags");
            hdr.srh.tag             : exact @name("tag");
            hdr.srh_next.sid        : exact @name("segment_next") @format(IPV6_ADDRESS);
            SFC.first               : exact @name("segment_0") @format(IPV6_ADDRESS);
            SFC.current             : exact @name("segment_current") @format(IPV6_ADDRESS);
            SFC.before_hash         : exact @name("before_hash");
            SFC.after_hash          : exact @name("after_hash");
        }
        actions = { is_kept; @defaultonly NoAction; }
        const default_action = NoAction();
        size = NSH_TABLE_SIZE;
        TABLE_DIRECT_COUNTER(nsh_check_counter)
    }

    action nothing_behind_srh() {
        decide(FATE_DROP, drop_reason_t.UPPER_LAYER, punt_reason_t.UPPER_LAYER_ERROR);
        VERDICT.pointer = POINTER_UPPER_LAYER + 8 + ((bit<16>)hdr.srh.hdr_ext_len << 3);
    }
    action begin() {
        BEGIN(SFC)
        SFC.returns = 0;
        SFC.first = 0;
        SFC.current = 0;
        SFC.before_hash = 0;
        SFC.removed = IPV6_HEADER_LENGTH + 8 + ((bit<16>)hdr.srh.hdr_ext_len << 3);
        SFC.length = hdr.ipv6.payload_length - 8 - ((bit<16>)hdr.srh.hdr_ext_len << 3);
    }
    action read_first() {
        SFC.first = hdr.srh_first.sid;
        CRC32_HASH(SFC.before_hash, hdr.srh_before)
    }
    action read_current() {
        SFC.current = hdr.srh_current.sid;
    }
    action read_rest() {
        CRC32_HASH(SFC.after_hash, hdr.srh_after)
    }
    // The SID counts the packet when it comes again.
    action ask() {
        punt(punt_reason_t.NSH);
        md.sid_cell = 0;
    }
    action take_off() {
        hdr.ipv6.setInvalid();
        SRH_POP(hdr)
        hdr.ethernet.ether_type = ETHERTYPE_NSH;
        md.origin = ORIGIN_ADVANCED;
        md.next = NEXT_NEXTHOP;
    }

    apply {
        if (md.unusual >= UNUSUAL_FOREIGN_SOURCE) {
            domain.apply(THE_PACKET);
        } else if (!hdr.srh.isValid()) {
            md.next = NEXT_UPPER_LAYER;
        } else if (hdr.srh.last_entry >= hdr.srh.hdr_ext_len >> 1
                   || hdr.srh.segments_left > hdr.srh.last_entry |+| 1) {
            parameter_problem(drop_reason_t.SRH_SEGMENTS_LEFT, POINTER_SEGMENTS_LEFT);      // END-4
        } else if (md.unusual & UNUSUAL_LINK_SCOPE != 0) {
            refuse(drop_reason_t.SOURCE_INVALID);
        } else if (!hdr.srh_after.isValid()
                   || (hdr.ipv6.payload_length |-| md.extension_length) >> 3 <= (bit<16>)hdr.srh.hdr_ext_len) {
            refuse(drop_reason_t.HEADER_TRUNCATED);
        } else if (md.unusual & UNUSUAL_NEXT_SEGMENT != 0) {
            refuse(drop_reason_t.DESTINATION_INVALID);
        } else if (hdr.srh.next_header != IP_PROTO_NSH) {
            nothing_behind_srh();
        } else if (!hdr.nsh.isValid()) {
            refuse(drop_reason_t.HEADER_TRUNCATED);
        } else if (md.unusual & UNUSUAL_EXTENSION != 0 || hdr.srh.hdr_ext_len > LONGEST_KEPT_SRH) {
            refuse(drop_reason_t.NSH_HEADERS);   // what could not be put back
        } else if (hdr.nsh.version != 0) {
            no_path();
        } else {
            nsh_path_table.apply();
            if (md.next == NEXT_IN_SEQUENCE) {
                begin();
                if (hdr.srh_first.isValid()) {
                    read_first();
                }
                if (hdr.srh_current.isValid()) {
                    read_current();
                }
                read_rest();
                if (nsh_check_table.apply().hit) {
                    take_off();
                } else {
                    ask();
                }
            }
        }
    }
}

// What came back. The SRH is that of a policy (wire/pushed.p4): its headers hold any SRH in pieces.
control nsh_return(PACKET) {
    VERDICTS

    DIRECT_COUNTER(nsh_return_counter)

    @id(RESTORE_HEADERS_ID)
    @name(".restore_headers")
    @brief("IPv6 and SRH in front of the NSH packet")
    @description("ipv6_dst: the next segment; srh: the fixed part, and the blocks behind it, in the order of the wire. pieces: 2 block_0, 4, 8, 16, 32 four blocks each, 64 two, 128 the last; 1 the first 8 octets of an SRH, whose second 8 octets are srh; what is not there is 0")
    action restore_headers(bit<8> traffic_class, bit<20> flow_label, bit<8> hop_limit,
                           @format(IPV6_ADDRESS) ipv6_addr_t ipv6_src, @format(IPV6_ADDRESS) ipv6_addr_t ipv6_dst,
                           bit<16> length, bit<8> pieces, bit<64> first, bit<64> srh,
                           bit<128> block_0, bit<128> block_1, bit<128> block_2, bit<128> block_3,
                           bit<128> block_4, bit<128> block_5, bit<128> block_6, bit<128> block_7,
                           bit<128> block_8, bit<128> block_9, bit<128> block_10, bit<128> block_11,
                           bit<128> block_12, bit<128> block_13, bit<128> block_14, bit<128> block_15,
                           bit<128> block_16, bit<128> block_17, bit<128> block_18, bit<128> block_19) {
        BEGIN(SFC)
        BEGIN(HEADEND)
        HEADEND.policy_id = 0;
        SFC.returns = 1;
        SFC.length = length;
        SFC.pieces = pieces;
        hdr.outer_ipv6.setValid();
        hdr.outer_ipv6.version = 6;
        hdr.outer_ipv6.traffic_class = traffic_class;
        hdr.outer_ipv6.flow_label = flow_label;
        hdr.outer_ipv6.payload_length = length + (bit<16>)FRAME_LENGTH - ETHERNET_HEADER_LENGTH;
        hdr.outer_ipv6.next_header = IP_PROTO_ROUTING;
        hdr.outer_ipv6.hop_limit = hop_limit;
        hdr.outer_ipv6.src_addr = ipv6_src;
        hdr.outer_ipv6.dst_addr = ipv6_dst;
        hdr.outer_eight.setValid();
        hdr.outer_eight.octets = first;
        hdr.outer_srh.setValid();
        hdr.outer_srh.next_header = srh[63:56];
        hdr.outer_srh.hdr_ext_len = srh[55:48];
        hdr.outer_srh.routing_type = srh[47:40];
        hdr.outer_srh.segments_left = srh[39:32];
        hdr.outer_srh.last_entry = srh[31:24];
        hdr.outer_srh.flags = srh[23:16];
        hdr.outer_srh.tag = srh[15:0];
        hdr.segment_da.setValid();
        hdr.segment_da.sid = block_0;
        hdr.segments_0.setValid();
        hdr.segments_0.sid_0 = block_1;
        hdr.segments_0.sid_1 = block_2;
        hdr.segments_0.sid_2 = block_3;
        hdr.segments_0.sid_3 = block_4;
        hdr.segments_1.setValid();
        hdr.segments_1.sid_0 = block_5;
        hdr.segments_1.sid_1 = block_6;
        hdr.segments_1.sid_2 = block_7;
        hdr.segments_1.sid_3 = block_8;
        hdr.segments_2.setValid();
        hdr.segments_2.sid_0 = block_9;
        hdr.segments_2.sid_1 = block_10;
        hdr.segments_2.sid_2 = block_11;
        hdr.segments_2.sid_3 = block_12;
        hdr.segments_3.setValid();
        hdr.segments_3.sid_0 = block_13;
        hdr.segments_3.sid_1 = block_14;
        hdr.segments_3.sid_2 = block_15;
        hdr.segments_3.sid_3 = block_16;
        hdr.segments_left_over.setValid();
        hdr.segments_left_over.sid_0 = block_17;
        hdr.segments_left_over.sid_1 = block_18;
        hdr.segment_left_over.setValid();
        hdr.segment_left_over.sid = block_19;
        hdr.ethernet.ether_type = ETHERTYPE_IPV6;
        go_again();
    }

    // Lost; the control plane notes it.
    @id(NO_HEADERS_ID)
    @name(".no_headers")
    action no_headers() {
        refuse(drop_reason_t.NSH_HEADERS);
    }

    @id(NSH_RETURN_TABLE_ID)
    @name(".nsh_return_table")
    @brief("What NSH packets get when they come back")
    table nsh_return_table {
        key = {
            hdr.nsh.service_path_id : exact @name("service_path_id");
            hdr.nsh.service_index   : exact @name("service_index");
        }
        actions = { restore_headers; @defaultonly no_headers; }
        const default_action = no_headers();
        size = NSH_TABLE_SIZE;
        TABLE_DIRECT_COUNTER(nsh_return_counter)
    }

    action take_tag_off() {
        hdr.outer_ipv6.payload_length = hdr.outer_ipv6.payload_length - VLAN_HEADER_LENGTH;
    }
    action no_odd_8()   { hdr.outer_eight.setInvalid(); }
    action no_1()       { hdr.segment_da.setInvalid(); }
    action no_4_0()     { hdr.segments_0.setInvalid(); }
    action no_4_1()     { hdr.segments_1.setInvalid(); }
    action no_4_2()     { hdr.segments_2.setInvalid(); }
    action no_4_3()     { hdr.segments_3.setInvalid(); }
    action no_2()       { hdr.segments_left_over.setInvalid(); }
    action no_last()    { hdr.segment_left_over.setInvalid(); }

    apply {
        if (nsh_return_table.apply().hit) {
            if (hdr.vlan.isValid()) {
                take_tag_off();
            }
            if (SFC.pieces & PIECE_ODD_8 == 0) { no_odd_8(); }
            if (SFC.pieces & PIECE_1 == 0) { no_1(); }
            if (SFC.pieces & PIECE_4_0 == 0) { no_4_0(); }
            if (SFC.pieces & PIECE_4_1 == 0) { no_4_1(); }
            if (SFC.pieces & PIECE_4_2 == 0) { no_4_2(); }
            if (SFC.pieces & PIECE_4_3 == 0) { no_4_3(); }
            if (SFC.pieces & PIECE_2 == 0) { no_2(); }
            if (SFC.pieces & PIECE_LAST == 0) { no_last(); }
        }
    }
}

#endif  // SRV6_CORE_SID_NSH_P4_
