// SPDX-License-Identifier: Apache-2.0
// A label stack (RFC 3032 2.1) between the link layer and the IPv6 header. Nothing here reads one.
//
//   | Label, 20 bits | Traffic Class, 3 | S, 1 | TTL, 8 |   an entry; TC (RFC 5462) was EXP; S: the last one
//
// A header instance costs a software switch time in every packet, whether it is used or not. So a stack has none of
// its own: it is laid into headers that stand in the same place, are pushed by a policy only (wire/pushed.p4), and are
// idle where labels are: two entries into an SRH without list, four into a segment, one into a tag. They leave the
// node in this order, which the labels follow from the top:
//
//   outer_srh (2)   segment_da (4)   segment_left_over (4)   payload_vlan (1)
//
// FIELDS is the rest of an entry, 12 bits, with S as 0; BOTTOM sets it.
#ifndef SRV6_CORE_WIRE_MPLS_P4_
#define SRV6_CORE_WIRE_MPLS_P4_

const bit<16> ETHERTYPE_MPLS = 0x8847;
const bit<16> LABEL_LENGTH   = 4;

typedef bit<20> mpls_label_t;
typedef bit<12> label_fields_t;
const label_fields_t BOTTOM = 0x100;

#define TWO_LABELS(LABEL_0, LABEL_1, FIELDS, LAST_FIELDS)                                              \
    hdr.outer_srh.setValid();                                                                          \
    hdr.outer_srh.next_header   = LABEL_0[19:12];                                                      \
    hdr.outer_srh.hdr_ext_len   = LABEL_0[11:4];                                                       \
    hdr.outer_srh.routing_type  = LABEL_0[3:0] ++ (FIELDS)[11:8];                                      \
    hdr.outer_srh.segments_left = (FIELDS)[7:0];                                                       \
    hdr.outer_srh.last_entry    = LABEL_1[19:12];                                                      \
    hdr.outer_srh.flags         = LABEL_1[11:4];                                                       \
    hdr.outer_srh.tag           = LABEL_1[3:0] ++ (LAST_FIELDS);
#define FOUR_LABELS(SEGMENT, LABEL_0, LABEL_1, LABEL_2, LABEL_3, FIELDS, LAST_FIELDS)                  \
    hdr.SEGMENT.setValid();                                                                            \
    hdr.SEGMENT.sid = LABEL_0 ++ (FIELDS) ++ LABEL_1 ++ (FIELDS) ++ LABEL_2 ++ (FIELDS) ++ LABEL_3 ++ (LAST_FIELDS);
#define ONE_LABEL(LABEL, LAST_FIELDS)                                                                  \
    hdr.payload_vlan.setValid();                                                                       \
    hdr.payload_vlan.pcp        = LABEL[19:17];                                                        \
    hdr.payload_vlan.dei        = LABEL[16:16];                                                        \
    hdr.payload_vlan.vid        = LABEL[15:4];                                                         \
    hdr.payload_vlan.ether_type = LABEL[3:0] ++ (LAST_FIELDS);

#endif  // SRV6_CORE_WIRE_MPLS_P4_
