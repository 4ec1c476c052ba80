// SPDX-License-Identifier: Apache-2.0
// REPLACE-C-SID (RFC 9800 4.2) and its swap of the block (7): containers of C-SIDs stand in the SRH, the destination
// has one of them and its place in the container, the Index. A container is used up from its end: Index K - 1 first.
//
//   Segment List[i]   | C-SID 0 | C-SID 1 | ... | C-SID K - 1 |           K = 128 / LNFL
//   destination       | Block, LBL bits | C-SID, LNFL bits | ... | Index |
//
//   Index > 0   C-SID of that container in front of this one; 0: no more in it, Segment List[SL-1] is a whole SID
//   Index = 0   the next entry of the list is a container: its last C-SID
//   no segment left, and no further C-SID: the SID is the last segment (the SRH is passed over, USP, USD, upper layer)
//
// The action of the SID tells Index and places, the control reads the list. Index 0 asks for the next segment, which
// every endpoint has; another one for Segment List[SL], which the parser has copied (wire/csid.p4).
#ifndef SRV6_CORE_SID_CSID_REPLACE_P4_
#define SRV6_CORE_SID_CSID_REPLACE_P4_

// Of LNFL 16 and 32: K - 1, which is also the mask of the Index; K.
#define CSID_LAST_INDEX(LNFL)  (8w7 >> ((LNFL) >> 5))
#define CSID_INDEX_MASK(LNFL)  (128w7 >> ((LNFL) >> 5))
#define CSIDS_PER_SEGMENT(LNFL) (8w8 >> ((LNFL) >> 5))
// The C-SID of a container in front of place INDEX; 0 where INDEX is 0.
#define CSID_BEFORE(CONTAINER, INDEX, LNFL) \
    ((bit<32>)((CONTAINER) >> (128 - (INDEX) * (LNFL))) & (32w0xFFFFFFFF >> (32 - (LNFL))))

#define LOOK_FOR_CSID(BASE, BLOCK_LENGTH)                                                                           \
    BEGIN(CSID)                                                                                                     \
    CSID.index = hdr.ipv6.dst_addr[7:0] & CSID_LAST_INDEX(lnfl);                                                    \
    CSID.lnfl = lnfl;                                                                                               \
    CSID.shift = 128 - BLOCK_LENGTH - lnfl;                                                                         \
    CSID.next_addr = BASE;                                                                                          \
    CSID.csid = CSID_BEFORE(CSID.exhausted, CSID.index, lnfl);                                                      \
    md.unusual = md.unusual | UNUSUAL_REPLACE;
// All other bits of the destination stay (RP-6).
#define REPLACE_IN_DESTINATION                                                                                      \
    LOOK_FOR_CSID(hdr.ipv6.dst_addr & ~(IPV6_ALL_ONES >> (128 - lnfl) << (128 - lbl - lnfl))                        \
                  & ~CSID_INDEX_MASK(lnfl), lbl)
#define REPLACE_STRUCTURE "lnfl == 16 || lnfl == 32"
#define REPLACE_CSID_ACTION(ID, NAME, BRIEF)                                                                        \
    SID_ACTION(ID, NAME, BRIEF) @action_restriction(REPLACE_STRUCTURE)                                              \
    @description("On to the next C-SID of a container in the SRH")
#define CSID_REPLACE_ACTIONS                                                                                        \
    REPLACE_CSID_ACTION(END_REPLACE_CSID_ID, end_replace_csid, "End with REPLACE-C-SID, RFC 9800 4.2.1")            \
    action end_replace_csid(sid_index_t sid_index, srv6_flavors_t flavors, CSID_STRUCTURE,                          \
                            decap_options_t options) {                                                              \
        TAKE_SID_INDEX(sid_index)                                                                                   \
        md.sid_options = flavors | options;                                                                         \
        REPLACE_IN_DESTINATION                                                                                      \
    }                                                                                                               \
    REPLACE_CSID_ACTION(END_X_REPLACE_CSID_ID, end_x_replace_csid,                                                  \
                        "End.X with REPLACE-C-SID, RFC 9800 4.2.2")                                                 \
    action end_x_replace_csid(sid_index_t sid_index, srv6_flavors_t flavors, CSID_STRUCTURE,                        \
                              NEXTHOP_PARAM, decap_options_t options) {                                             \
        TAKE_SID_INDEX(sid_index)                                                                                   \
        md.sid_options = flavors | options;                                                                         \
        REPLACE_IN_DESTINATION                                                                                      \
        md.nexthop_id = nexthop_id;                                                                                 \
        md.next = NEXT_NEXTHOP;                                                                                     \
    }                                                                                                               \
    REPLACE_CSID_ACTION(END_T_REPLACE_CSID_ID, end_t_replace_csid,                                                  \
                        "End.T with REPLACE-C-SID, RFC 9800 4.2.3")                                                 \
    action end_t_replace_csid(sid_index_t sid_index, srv6_flavors_t flavors, CSID_STRUCTURE,                        \
                              vrf_id_t vrf_id, decap_options_t options) {                                           \
        TAKE_SID_INDEX(sid_index)                                                                                   \
        md.sid_options = flavors | options;                                                                         \
        REPLACE_IN_DESTINATION                                                                                      \
        CHANGE_VRF(vrf_id)                                                                                          \
    }                                                                                                               \
    REPLACE_CSID_ACTION(END_LBS_REPLACE_CSID_ID, end_lbs_replace_csid,                                              \
                        "End.LBS with REPLACE-C-SID, RFC 9800 7.1")                                                 \
    action end_lbs_replace_csid(sid_index_t sid_index, CSID_STRUCTURE,                                              \
                                @format(IPV6_ADDRESS) ipv6_addr_t block, csid_length_t block_length) {              \
        TAKE_SID_INDEX(sid_index)                                                                                   \
        md.sid_options = 0;                                                                                         \
        LOOK_FOR_CSID(block, block_length)                                                                          \
    }                                                                                                               \
    REPLACE_CSID_ACTION(END_XLBS_REPLACE_CSID_ID, end_xlbs_replace_csid,                                            \
                        "End.XLBS with REPLACE-C-SID, RFC 9800 7.2")                                                \
    action end_xlbs_replace_csid(sid_index_t sid_index, CSID_STRUCTURE,                                             \
                                 @format(IPV6_ADDRESS) ipv6_addr_t block, csid_length_t block_length,               \
                                 NEXTHOP_PARAM) {                                                                   \
        TAKE_SID_INDEX(sid_index)                                                                                   \
        md.sid_options = 0;                                                                                         \
        LOOK_FOR_CSID(block, block_length)                                                                          \
        md.nexthop_id = nexthop_id;                                                                                 \
        md.next = NEXT_NEXTHOP;                                                                                     \
    }
#define CSID_REPLACE_ACTION_NAMES \
    end_replace_csid; end_x_replace_csid; end_t_replace_csid; end_lbs_replace_csid; end_xlbs_replace_csid;
#define CSID_REPLACE_ADVANCES \
    end_replace_csid: end_x_replace_csid: end_t_replace_csid: end_lbs_replace_csid: end_xlbs_replace_csid:

// PSP where no segment is left (RP-7): the first SRH of the chain.
control pop_exhausted_srh(PACKET) {
    EXTENSION_REMOVALS

    apply {
        if (hdr.ipv6.next_header == IP_PROTO_ROUTING && hdr.extension_0.routing_type == ROUTING_TYPE_SRH) {
            remove_0();
        } else if (hdr.extension_0.next_header == IP_PROTO_ROUTING
                   && hdr.extension_1.routing_type == ROUTING_TYPE_SRH) {
            remove_1();
        } else if (hdr.extension_1.next_header == IP_PROTO_ROUTING
                   && hdr.extension_2.routing_type == ROUTING_TYPE_SRH) {
            remove_2();
        } else {
            remove_3();
        }
    }
}

// Of a packet that goes on: an SRH with segments left, or one without, in front of the place of Index another C-SID.
control move_on_by_list(PACKET) {
    VERDICTS
    domain_verdict() domain;
    pop_exhausted_srh() psp;

    action write_csid(bit<8> index) {
        hdr.ipv6.hop_limit = hdr.ipv6.hop_limit - 1;
        hdr.ipv6.dst_addr = CSID.next_addr | (ipv6_addr_t)CSID.csid << CSID.shift | (ipv6_addr_t)index;
        md.origin = ORIGIN_ADVANCED;
    }
    action read_current() {
        CSID.csid = CSID_BEFORE(CSID.current, CSID.index, CSID.lnfl);
    }
    action read_next() {
        CSID.csid = CSID_BEFORE(hdr.srh_next.sid, CSIDS_PER_SEGMENT(CSID.lnfl), CSID.lnfl);
    }
    action enter_container() {
        hdr.srh.segments_left = hdr.srh.segments_left - 1;
        write_csid(CSID_LAST_INDEX(CSID.lnfl));
    }
    action load_segment() {
        hdr.ipv6.hop_limit = hdr.ipv6.hop_limit - 1;
        SRH_ADVANCE(hdr)
        md.origin = ORIGIN_ADVANCED;
    }
    // The SRH has more C-SIDs: nothing to pop, nor has what was passed over ended here.
    action keep_srh() {
        md.sid_options = md.sid_options & ~FLAVOR_PSP;
    }
    action keep_all_srhs() {
        md.sid_options = 0;
    }

    apply {
        if (md.unusual >= UNUSUAL_FOREIGN_SOURCE) {
            domain.apply(THE_PACKET);
        } else if (hdr.ipv6.hop_limit <= 1) {
            hop_limit_exceeded();                                                                       // RP-4
        } else if (md.unusual & UNUSUAL_EXHAUSTED != 0 && CSID.csid != 0) {
            if (CSID.exhausted_last_entry >= CSID.exhausted_length >> 1) {
                parameter_problem(drop_reason_t.SRH_SEGMENTS_LEFT, IPV6_HEADER_LENGTH + CSID.exhausted_at + 3);
            } else if (md.unusual & UNUSUAL_LINK_SCOPE != 0) {
                refuse(drop_reason_t.SOURCE_INVALID);
            } else if ((hdr.ipv6.payload_length |-| CSID.exhausted_at) >> 3 <= (bit<16>)CSID.exhausted_length) {
                refuse(drop_reason_t.HEADER_TRUNCATED);
            } else {
                write_csid(CSID.index - 1);
                if (md.sid_options & FLAVOR_PSP != 0
                    && CSID_BEFORE(CSID.exhausted, CSID.index - 1, CSID.lnfl) == 0) {
                    psp.apply(THE_PACKET);
                }
                keep_all_srhs();
            }
        } else if (hdr.srh.last_entry >= hdr.srh.hdr_ext_len >> 1
                   || hdr.srh.segments_left > hdr.srh.last_entry |+| 1
                   || (CSID.index != 0 && hdr.srh.segments_left > hdr.srh.last_entry)) {
            parameter_problem(drop_reason_t.SRH_SEGMENTS_LEFT, POINTER_SEGMENTS_LEFT);                  // RP-5, RP-6
        } else if (md.unusual & UNUSUAL_LINK_SCOPE != 0) {
            refuse(drop_reason_t.SOURCE_INVALID);
        } else if (!hdr.srh_after.isValid()
                   || (hdr.ipv6.payload_length |-| md.extension_length) >> 3 <= (bit<16>)hdr.srh.hdr_ext_len) {
            refuse(drop_reason_t.HEADER_TRUNCATED);
        } else if (CSID.index != 0) {
            read_current();
            if (CSID.csid != 0) {
                write_csid(CSID.index - 1);
            } else if (md.unusual & UNUSUAL_INNER_ADDRESS != 0) {
                refuse(drop_reason_t.DESTINATION_INVALID);
            } else {
                load_segment();
            }
        } else {
            read_next();
            if (CSID.csid == 0) {
                refuse(drop_reason_t.CSID_ZERO);                                                        // RP-8
            } else {
                enter_container();
                if (hdr.srh.segments_left == 0
                    && CSID_BEFORE(hdr.srh_next.sid, CSID_LAST_INDEX(CSID.lnfl), CSID.lnfl) != 0) {
                    keep_srh();
                }
            }
        }
    }
}

// Where srh.p4 asks; the last segment is that of the behaviour without the flavour (RP-3).
#define CSID_REPLACE_CONTROLS move_on_by_list() replacement;
#define CSID_REPLACE_CASE                                                                                           \
        } else if (advances && md.unusual & UNUSUAL_REPLACE != 0                                                    \
                   && (hdr.srh.isValid() || (md.unusual & UNUSUAL_EXHAUSTED != 0 && CSID.csid != 0))) {             \
            replacement.apply(THE_PACKET);

#endif  // SRV6_CORE_SID_CSID_REPLACE_P4_
