// SPDX-License-Identifier: Apache-2.0
// End.BM, the SID that stands for an SR-MPLS policy (RFC 8986 4.15): the packet is moved on as at End (srh.p4), then
// the labels of the policy are pushed around it, and it leaves for the policy's next hop by EtherType 0x8847. A binding
// SID cannot be the last segment (B6-4).
//
//   sid -> srh.p4 -> mpls_policy_table: label stack, its fields, next hop -> adjacency, MTU, link layer
//
// The RFC is silent on the fields of an entry (B6-7). Here the policy says of each of TTL and traffic class whether it
// is the packet's (RFC 3443 3.1, uniform: the hop limit, which is decremented by then; RFC 5462: the class selector
// bits) or a number of its own (RFC 3443 3.2, pipe).
#ifndef SRV6_CORE_SID_MPLS_P4_
#define SRV6_CORE_SID_MPLS_P4_

#define TO_MPLS_POLICY(MPLS_POLICY_ID)           \
    BEGIN(HEADEND)                               \
    HEADEND.policy_id = MPLS_POLICY_ID;          \
    md.unusual = md.unusual | UNUSUAL_LABELS;    \
    md.next = NEXT_POLICY;
#define MPLS_POLICY_PARAM @refers_to(mpls_policy_table, mpls_policy_id) policy_id_t mpls_policy_id

#define MPLS_ACTIONS                                                                     \
    SID_ACTION(END_BM_ID, end_bm, "End.BM, RFC 8986 4.15")                               \
    action end_bm(sid_index_t sid_index, MPLS_POLICY_PARAM) {                            \
        TAKE_SID_INDEX(sid_index)                                                        \
        md.sid_options = 0;                                                              \
        TO_MPLS_POLICY(mpls_policy_id)                                                   \
    }
#define MPLS_ACTION_NAMES end_bm;
#define MPLS_ADVANCES     end_bm:

// The part of the stage of policies (headend/policy.p4).
#define MPLS_CONTROL mpls_policy() labels;
#define MPLS_STAGE                                    \
    if (IS_LABELLED) {                                \
        labels.apply(THE_PACKET);                     \
    } else

// The parts of link layer, MTU and trimming (router/). RFC 3032 3.5: the source is told what the labels leave of the
// MTU. A router does not fragment IPv6, and what is told may be less than 1280.
#define LABELS_UNTAG                                  \
    if (IS_PUSHED) {                                  \
        untag(ETHERTYPE_IPV6);                        \
    } else if (IS_LABELLED) {                         \
        untag(ETHERTYPE_MPLS);                        \
    } else
#define LABELS_TAG                                    \
    if (IS_PUSHED) {                                  \
        tag(ETHERTYPE_IPV6);                          \
    } else if (IS_LABELLED) {                         \
        tag(ETHERTYPE_MPLS);                          \
    } else
#define LABELS_MTU_CHECK                                                                      \
    } else if (IS_LABELLED) {                                                                 \
        if (hdr.ipv6.payload_length + IPV6_HEADER_LENGTH > md.mtu |-| LABELS_LENGTH) {        \
            packet_too_big(md.mtu |-| LABELS_LENGTH);                                         \
        }
#define LABELS_TRIM                                                                           \
    action add_labels() {                                                                     \
        FRAME_LENGTH = FRAME_LENGTH + (bit<32>)LABELS_LENGTH;                                 \
    }
#define ADD_LABELS                                    \
    if (IS_LABELLED) {                                \
        add_labels();                                 \
    }

// What a policy says of the fields of every entry. `inherit` has the bits that are the packet's: 0xE00 traffic class,
// 0x0FF TTL; what is inherited is 0 as a parameter.
#define LABELS_NEXTHOP_PARAM @refers_to(nexthop_table, nexthop_id) nexthop_id_t nexthop_id
#define LABEL_FIELDS_PARAMS bit<3> traffic_class, bit<8> ttl, label_fields_t inherit, LABELS_NEXTHOP_PARAM
#define BEGIN_LABELS(COUNT)                                                                                  \
    HEADEND.segment_count = COUNT;                                                                           \
    HEADEND.label_fields = (hdr.ipv6.traffic_class[7:5] ++ 1w0 ++ hdr.ipv6.hop_limit) & inherit              \
                           | traffic_class ++ 1w0 ++ ttl;                                                    \
    md.nexthop_id = nexthop_id;                                                                              \
    md.next = NEXT_NEXTHOP;
#define UPPER HEADEND.label_fields
#define LAST  HEADEND.label_fields | BOTTOM
#define LABELS_ACTION(ID, NAME)                                                                              \
    @id(ID) @name(STRING(.NAME))                                                                             \
    @description("label_0 is the top; inherit: 0xE00 traffic class, 0x0FF TTL are the packet's, and 0 here")       \
    @action_restriction("inherit == 0 || inherit == 255 || inherit == 3584 || inherit == 3839")

control mpls_policy(PACKET) {
    VERDICTS

    DIRECT_COUNTER(mpls_policy_counter)

    LABELS_ACTION(PUSH_LABELS_1_ID, push_labels_1)
    action push_labels_1(LABEL_FIELDS_PARAMS, mpls_label_t label_0) {
        BEGIN_LABELS(1)
        ONE_LABEL(label_0, LAST)
    }

    LABELS_ACTION(PUSH_LABELS_2_ID, push_labels_2)
    action push_labels_2(LABEL_FIELDS_PARAMS, mpls_label_t label_0, mpls_label_t label_1) {
        BEGIN_LABELS(2)
        TWO_LABELS(label_0, label_1, UPPER, LAST)
    }

    LABELS_ACTION(PUSH_LABELS_3_ID, push_labels_3)
    action push_labels_3(LABEL_FIELDS_PARAMS, mpls_label_t label_0, mpls_label_t label_1, mpls_label_t label_2) {
        BEGIN_LABELS(3)
        TWO_LABELS(label_0, label_1, UPPER, UPPER)
        ONE_LABEL(label_2, LAST)
    }

    LABELS_ACTION(PUSH_LABELS_4_ID, push_labels_4)
    action push_labels_4(LABEL_FIELDS_PARAMS, mpls_label_t label_0, mpls_label_t label_1, mpls_label_t label_2,
                         mpls_label_t label_3) {
        BEGIN_LABELS(4)
        FOUR_LABELS(segment_da, label_0, label_1, label_2, label_3, UPPER, LAST)
    }

    LABELS_ACTION(PUSH_LABELS_5_ID, push_labels_5)
    action push_labels_5(LABEL_FIELDS_PARAMS, mpls_label_t label_0, mpls_label_t label_1, mpls_label_t label_2,
                         mpls_label_t label_3, mpls_label_t label_4) {
        BEGIN_LABELS(5)
        FOUR_LABELS(segment_da, label_0, label_1, label_2, label_3, UPPER, UPPER)
        ONE_LABEL(label_4, LAST)
    }

    LABELS_ACTION(PUSH_LABELS_6_ID, push_labels_6)
    action push_labels_6(LABEL_FIELDS_PARAMS, mpls_label_t label_0, mpls_label_t label_1, mpls_label_t label_2,
                         mpls_label_t label_3, mpls_label_t label_4, mpls_label_t label_5) {
        BEGIN_LABELS(6)
        TWO_LABELS(label_0, label_1, UPPER, UPPER)
        FOUR_LABELS(segment_da, label_2, label_3, label_4, label_5, UPPER, LAST)
    }

    LABELS_ACTION(PUSH_LABELS_7_ID, push_labels_7)
    action push_labels_7(LABEL_FIELDS_PARAMS, mpls_label_t label_0, mpls_label_t label_1, mpls_label_t label_2,
                         mpls_label_t label_3, mpls_label_t label_4, mpls_label_t label_5, mpls_label_t label_6) {
        BEGIN_LABELS(7)
        TWO_LABELS(label_0, label_1, UPPER, UPPER)
        FOUR_LABELS(segment_da, label_2, label_3, label_4, label_5, UPPER, UPPER)
        ONE_LABEL(label_6, LAST)
    }

    LABELS_ACTION(PUSH_LABELS_8_ID, push_labels_8)
    action push_labels_8(LABEL_FIELDS_PARAMS, mpls_label_t label_0, mpls_label_t label_1, mpls_label_t label_2,
                         mpls_label_t label_3, mpls_label_t label_4, mpls_label_t label_5, mpls_label_t label_6,
                         mpls_label_t label_7) {
        BEGIN_LABELS(8)
        FOUR_LABELS(segment_da, label_0, label_1, label_2, label_3, UPPER, UPPER)
        FOUR_LABELS(segment_left_over, label_4, label_5, label_6, label_7, UPPER, LAST)
    }

    @id(PUSH_NO_LABEL_ID)
    @name(".push_no_label")
    @brief("The only label is implicit null (RFC 3032 2.1): the packet goes to the next hop without one")
    action push_no_label(LABELS_NEXTHOP_PARAM) {
        md.unusual = md.unusual & ~UNUSUAL_LABELS;
        md.nexthop_id = nexthop_id;
        md.next = NEXT_NEXTHOP;
    }

    @id(NO_MPLS_POLICY_ID)
    @name(".no_mpls_policy")
    action no_mpls_policy() {
        refuse(drop_reason_t.POLICY_INVALID);
    }

    @id(MPLS_POLICY_TABLE_ID)
    @name(".mpls_policy_table")
    @brief("SR-MPLS policies: the labels that End.BM pushes")
    @description("0 is no policy")
    @entry_restriction("mpls_policy_id != 0")
    table mpls_policy_table {
        key = { HEADEND.policy_id : exact @name("mpls_policy_id"); }
        actions = {
            push_labels_1; push_labels_2; push_labels_3; push_labels_4;
            push_labels_5; push_labels_6; push_labels_7; push_labels_8;
            push_no_label;
            @defaultonly no_mpls_policy;
        }
        const default_action = no_mpls_policy();
        TABLE_DIRECT_COUNTER(mpls_policy_counter)
        size = MPLS_POLICY_TABLE_SIZE;
    }

    apply {
        mpls_policy_table.apply();
    }
}

#endif  // SRV6_CORE_SID_MPLS_P4_
