// SPDX-License-Identifier: Apache-2.0
// The segments of a segment list, four to a table, so that action data stays small and a short list costs one lookup.
// segment_list_<i> is Segment List[i] as on the wire: segment_list_0 is the LAST segment of the path. (In an insertion
// the original destination takes Segment List[0] and these follow it.) A list has an entry in every table up to its
// length.
//
// Whole fours go into headers of four, what is left over into one of two and one of one (wire/pushed.p4).
#ifndef SRV6_CORE_HEADEND_SIDLIST_P4_
#define SRV6_CORE_HEADEND_SIDLIST_P4_

#define SEGMENT_PARAM(N) @format(IPV6_ADDRESS) ipv6_addr_t segment_list_##N
#define ONE_SEGMENT(N) hdr.segment_left_over.setValid(); hdr.segment_left_over.sid = segment_list_##N;
#define TWO_SEGMENTS(N0, N1)                             \
    hdr.segments_left_over.setValid();                   \
    hdr.segments_left_over.sid_0 = segment_list_##N0;    \
    hdr.segments_left_over.sid_1 = segment_list_##N1;
#define FOUR_SEGMENTS(SLOT, N0, N1, N2, N3)              \
    hdr.segments_##SLOT.setValid();                      \
    hdr.segments_##SLOT.sid_0 = segment_list_##N0;       \
    hdr.segments_##SLOT.sid_1 = segment_list_##N1;       \
    hdr.segments_##SLOT.sid_2 = segment_list_##N2;       \
    hdr.segments_##SLOT.sid_3 = segment_list_##N3;

// Of actions with more (sid/proxy.p4).
#define FIRST_FOUR  SEGMENT_PARAM(0), SEGMENT_PARAM(1), SEGMENT_PARAM(2), SEGMENT_PARAM(3)
#define SECOND_FOUR SEGMENT_PARAM(4), SEGMENT_PARAM(5), SEGMENT_PARAM(6), SEGMENT_PARAM(7)
#define THIRD_FOUR  SEGMENT_PARAM(8), SEGMENT_PARAM(9), SEGMENT_PARAM(10), SEGMENT_PARAM(11)
#define FIRST_EIGHT FOUR_SEGMENTS(0, 0, 1, 2, 3) FOUR_SEGMENTS(1, 4, 5, 6, 7)

control srv6_sidlist(PACKET) {
    VERDICTS

    @id(NO_SIDLIST_ID)
    @name(".no_sidlist")
    action no_sidlist() {
        refuse(drop_reason_t.POLICY_INVALID);
    }

    @id(SEGMENTS_1_ID)
    @name(".segments_1")
    action segments_1(SEGMENT_PARAM(0)) {
        ONE_SEGMENT(0)
    }

    @id(SEGMENTS_2_ID)
    @name(".segments_2")
    action segments_2(SEGMENT_PARAM(0), SEGMENT_PARAM(1)) {
        TWO_SEGMENTS(0, 1)
    }

    @id(SEGMENTS_3_ID)
    @name(".segments_3")
    action segments_3(SEGMENT_PARAM(0), SEGMENT_PARAM(1), SEGMENT_PARAM(2)) {
        TWO_SEGMENTS(0, 1) ONE_SEGMENT(2)
    }

    @id(SEGMENTS_4_ID)
    @name(".segments_4")
    action segments_4(SEGMENT_PARAM(0), SEGMENT_PARAM(1), SEGMENT_PARAM(2), SEGMENT_PARAM(3)) {
        FOUR_SEGMENTS(0, 0, 1, 2, 3)
    }

    @id(SIDLIST_1_4_TABLE_ID)
    @name(".srv6_sidlist_1_4_table")
    @brief("Segment List[0] to [3] of a list")
    table srv6_sidlist_1_4_table {
        key = { HEADEND.sidlist_id : exact @name("sidlist_id"); }
        actions = { segments_1; segments_2; segments_3; segments_4; @defaultonly no_sidlist; }
        const default_action = no_sidlist();
        size = SR_POLICY_TABLE_SIZE;
    }

    @id(SEGMENTS_5_ID)
    @name(".segments_5")
    action segments_5(SEGMENT_PARAM(4)) {
        ONE_SEGMENT(4)
    }

    @id(SEGMENTS_6_ID)
    @name(".segments_6")
    action segments_6(SEGMENT_PARAM(4), SEGMENT_PARAM(5)) {
        TWO_SEGMENTS(4, 5)
    }

    @id(SEGMENTS_7_ID)
    @name(".segments_7")
    action segments_7(SEGMENT_PARAM(4), SEGMENT_PARAM(5), SEGMENT_PARAM(6)) {
        TWO_SEGMENTS(4, 5) ONE_SEGMENT(6)
    }

    @id(SEGMENTS_8_ID)
    @name(".segments_8")
    action segments_8(SEGMENT_PARAM(4), SEGMENT_PARAM(5), SEGMENT_PARAM(6), SEGMENT_PARAM(7)) {
        FOUR_SEGMENTS(1, 4, 5, 6, 7)
    }

    @id(SIDLIST_5_8_TABLE_ID)
    @name(".srv6_sidlist_5_8_table")
    @brief("Segment List[4] to [7] of a list")
    table srv6_sidlist_5_8_table {
        key = { HEADEND.sidlist_id : exact @name("sidlist_id"); }
        actions = { segments_5; segments_6; segments_7; segments_8; @defaultonly no_sidlist; }
        const default_action = no_sidlist();
        size = SR_POLICY_TABLE_SIZE;
    }

    @id(SEGMENTS_9_ID)
    @name(".segments_9")
    action segments_9(SEGMENT_PARAM(8)) {
        ONE_SEGMENT(8)
    }

    @id(SEGMENTS_10_ID)
    @name(".segments_10")
    action segments_10(SEGMENT_PARAM(8), SEGMENT_PARAM(9)) {
        TWO_SEGMENTS(8, 9)
    }

    @id(SEGMENTS_11_ID)
    @name(".segments_11")
    action segments_11(SEGMENT_PARAM(8), SEGMENT_PARAM(9), SEGMENT_PARAM(10)) {
        TWO_SEGMENTS(8, 9) ONE_SEGMENT(10)
    }

    @id(SEGMENTS_12_ID)
    @name(".segments_12")
    action segments_12(SEGMENT_PARAM(8), SEGMENT_PARAM(9), SEGMENT_PARAM(10), SEGMENT_PARAM(11)) {
        FOUR_SEGMENTS(2, 8, 9, 10, 11)
    }

    @id(SIDLIST_9_12_TABLE_ID)
    @name(".srv6_sidlist_9_12_table")
    @brief("Segment List[8] to [11] of a list")
    table srv6_sidlist_9_12_table {
        key = { HEADEND.sidlist_id : exact @name("sidlist_id"); }
        actions = { segments_9; segments_10; segments_11; segments_12; @defaultonly no_sidlist; }
        const default_action = no_sidlist();
        size = SR_POLICY_TABLE_SIZE;
    }

    @id(SEGMENTS_13_ID)
    @name(".segments_13")
    action segments_13(SEGMENT_PARAM(12)) {
        ONE_SEGMENT(12)
    }

    @id(SEGMENTS_14_ID)
    @name(".segments_14")
    action segments_14(SEGMENT_PARAM(12), SEGMENT_PARAM(13)) {
        TWO_SEGMENTS(12, 13)
    }

    @id(SEGMENTS_15_ID)
    @name(".segments_15")
    action segments_15(SEGMENT_PARAM(12), SEGMENT_PARAM(13), SEGMENT_PARAM(14)) {
        TWO_SEGMENTS(12, 13) ONE_SEGMENT(14)
    }

    @id(SEGMENTS_16_ID)
    @name(".segments_16")
    action segments_16(SEGMENT_PARAM(12), SEGMENT_PARAM(13), SEGMENT_PARAM(14), SEGMENT_PARAM(15)) {
        FOUR_SEGMENTS(3, 12, 13, 14, 15)
    }

    @id(SIDLIST_13_16_TABLE_ID)
    @name(".srv6_sidlist_13_16_table")
    @brief("Segment List[12] to [15] of a list")
    table srv6_sidlist_13_16_table {
        key = { HEADEND.sidlist_id : exact @name("sidlist_id"); }
        actions = { segments_13; segments_14; segments_15; segments_16; @defaultonly no_sidlist; }
        const default_action = no_sidlist();
        size = SR_POLICY_TABLE_SIZE;
    }

    apply {
        srv6_sidlist_1_4_table.apply();
        if (HEADEND.segment_count > 4) {
            srv6_sidlist_5_8_table.apply();
            if (HEADEND.segment_count > 8) {
                srv6_sidlist_9_12_table.apply();
                if (HEADEND.segment_count > 12) {
                    srv6_sidlist_13_16_table.apply();
                }
            }
        }
    }
}

#endif  // SRV6_CORE_HEADEND_SIDLIST_P4_
