// SPDX-License-Identifier: Apache-2.0
// NEXT-C-SID (RFC 9800 4.1) and the swap of the block (RFC 9800 7): the destination is a container of compressed SIDs,
// the first of which is this node's. The SID's prefix is Block and C-SID; what lies behind that is the Argument.
//
//   | Block, LBL bits | C-SID, LNFL bits | Argument: the C-SIDs that follow, zeros |
//   | Block           | Argument                                | zeros, LNFL bits |   where the packet goes next
//
// The action of the SID looks for an Argument. With one the packet is moved on within the container, before the SRH is
// looked at, which stays as it is, right or wrong (NX-3). Without, the SID is the behaviour that it is a flavour of,
// with PSP, USP and USD as there (srh.p4, NX-4). What comes behind is the same in both cases.
#ifndef SRV6_CORE_SID_CSID_P4_
#define SRV6_CORE_SID_CSID_P4_

// LBL and LNFL of the SID's structure (RFC 9800 4.1): the prefix of the SID is that long.
#define CSID_STRUCTURE csid_length_t lbl, csid_length_t lnfl
// CSID.next_addr is BLOCK with the Argument right behind it. The flag is told without an if: p4c keeps the condition of
// one in a field of metadata, which is cleared for every packet.
#define LOOK_FOR_ARGUMENT(BLOCK, BLOCK_LENGTH)                                                                      \
    BEGIN(CSID)                                                                                                     \
    CSID.next_addr = (BLOCK & ~(IPV6_ALL_ONES >> BLOCK_LENGTH))                                                     \
                     | ((hdr.ipv6.dst_addr << (lbl + lnfl)) >> BLOCK_LENGTH);                                       \
    md.unusual = md.unusual                                                                                         \
                 | ((unusual_t)(bit<1>)(hdr.ipv6.dst_addr << (lbl + lnfl) != 0) << UNUSUAL_ARGUMENT_BIT);
#define NEXT_CSID_ACTION(ID, NAME, BRIEF)                                                                           \
    DECAP_SID_ACTION(ID, NAME, BRIEF) @description("With an Argument: on to the next C-SID of the container")
#define CSID_ACTIONS                                                                                                \
    NEXT_CSID_ACTION(END_NEXT_CSID_ID, end_next_csid,                                                               \
                     "End with NEXT-C-SID (uN), RFC 9800 4.1.1")                                                    \
    action end_next_csid(sid_index_t sid_index, srv6_flavors_t flavors, CSID_STRUCTURE,                             \
                         decap_options_t options) {                                                                 \
        TAKE_SID_INDEX(sid_index)                                                                                   \
        md.sid_options = flavors | options;                                                                         \
        LOOK_FOR_ARGUMENT(hdr.ipv6.dst_addr, lbl)                                                                   \
    }                                                                                                               \
    NEXT_CSID_ACTION(END_X_NEXT_CSID_ID, end_x_next_csid,                                                           \
                     "End.X with NEXT-C-SID (uA), RFC 9800 4.1.2")                                                  \
    action end_x_next_csid(sid_index_t sid_index, srv6_flavors_t flavors, CSID_STRUCTURE,                           \
                           NEXTHOP_PARAM, decap_options_t options) {                                                \
        TAKE_SID_INDEX(sid_index)                                                                                   \
        md.sid_options = flavors | options;                                                                         \
        LOOK_FOR_ARGUMENT(hdr.ipv6.dst_addr, lbl)                                                                   \
        md.nexthop_id = nexthop_id;                                                                                 \
        md.next = NEXT_NEXTHOP;                                                                                     \
    }                                                                                                               \
    NEXT_CSID_ACTION(END_T_NEXT_CSID_ID, end_t_next_csid,                                                           \
                     "End.T with NEXT-C-SID (uT), RFC 9800 4.1.3")                                                  \
    action end_t_next_csid(sid_index_t sid_index, srv6_flavors_t flavors, CSID_STRUCTURE,                           \
                           vrf_id_t vrf_id, decap_options_t options) {                                              \
        TAKE_SID_INDEX(sid_index)                                                                                   \
        md.sid_options = flavors | options;                                                                         \
        LOOK_FOR_ARGUMENT(hdr.ipv6.dst_addr, lbl)                                                                   \
        CHANGE_VRF(vrf_id)                                                                                          \
    }                                                                                                               \
    SID_ACTION(END_LBS_ID, end_lbs, "End.LBS with NEXT-C-SID, RFC 9800 7.1")                                        \
    action end_lbs(sid_index_t sid_index, CSID_STRUCTURE, @format(IPV6_ADDRESS) ipv6_addr_t block,                  \
                   csid_length_t block_length) {                                                                    \
        TAKE_SID_INDEX(sid_index)                                                                                   \
        md.sid_options = 0;                                                                                         \
        LOOK_FOR_ARGUMENT(block, block_length)                                                                      \
    }                                                                                                               \
    SID_ACTION(END_XLBS_ID, end_xlbs, "End.XLBS with NEXT-C-SID, RFC 9800 7.2")                                     \
    action end_xlbs(sid_index_t sid_index, CSID_STRUCTURE, @format(IPV6_ADDRESS) ipv6_addr_t block,                 \
                    csid_length_t block_length, NEXTHOP_PARAM) {                                                    \
        TAKE_SID_INDEX(sid_index)                                                                                   \
        md.sid_options = 0;                                                                                         \
        LOOK_FOR_ARGUMENT(block, block_length)                                                                      \
        md.nexthop_id = nexthop_id;                                                                                 \
        md.next = NEXT_NEXTHOP;                                                                                     \
    }
#define CSID_ACTION_NAMES end_next_csid; end_x_next_csid; end_t_next_csid; end_lbs; end_xlbs;
#define CSID_ADVANCES     end_next_csid: end_x_next_csid: end_t_next_csid: end_lbs: end_xlbs:

// Of a packet with an Argument. Where there is no SRH the C-SID comes before any header but Hop-by-Hop and Destination
// Options (NX-2), an Authentication Header too; the control plane's word on the domain and on options goes first.
control move_on_in_container(PACKET) {
    VERDICTS
    domain_verdict() domain;

    action shift() {
        hdr.ipv6.hop_limit = hdr.ipv6.hop_limit - 1;
        hdr.ipv6.dst_addr = CSID.next_addr;
        md.sid_options = 0;            // NX-14: PSP, USP and USD are those of the last C-SID
        md.origin = ORIGIN_ADVANCED;
    }

    apply {
        if (md.unusual & (UNUSUAL_FOREIGN_SOURCE | UNUSUAL_OPTION | UNUSUAL_SID_BLOCK) != 0
            || (md.unusual & UNUSUAL_AUTHENTICATION != 0 && hdr.srh.isValid())) {
            domain.apply(THE_PACKET);
        } else if (hdr.ipv6.hop_limit <= 1) {
            hop_limit_exceeded();
        } else if (md.unusual & UNUSUAL_LINK_SCOPE != 0) {
            refuse(drop_reason_t.SOURCE_INVALID);
        } else {
            shift();
        }
    }
}

// Where srh.p4 asks.
#define CSID_CONTROLS move_on_in_container() container;
#define CSID_CASE                                                                                                   \
        } else if (advances && md.unusual & UNUSUAL_ARGUMENT != 0) {                                                \
            container.apply(THE_PACKET);

#endif  // SRV6_CORE_SID_CSID_P4_
