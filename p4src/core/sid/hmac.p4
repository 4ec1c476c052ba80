// SPDX-License-Identifier: Apache-2.0
// The TLVs of an SRH and its HMAC (RFC 8754 2.1, 2.1.2), at a SID that moves a packet on to its next segment, as far as
// the interface or the SID asks for it (TLV-3).
//
//   at the SID    policy? -> what is in front of TLVs is right? -> HMAC pass
//   HMAC pass     TLVs walked, key found -> block 0 -> [block 1 ...] -> outer hash, compared -> at the SID again
//   at the SID    passed: as if nobody had asked; failed: Parameter Problem at the HMAC TLV (HMAC-5)
//
// One compression a pass; the state of the computation travels in front of the packet (wire/hmac.p4). The text is that
// of RFC 8754 2.1.2.1 or, of a key that says so, that of Linux, without the two octets D and reserved (HMAC-3):
//
//   source address (16) | Last Entry (1) | flags (1) | D, reserved (2) | key id (4) | Segment List[0] .. [LE]
//
// The control plane hashes the key into the inner and outer state (RFC 2104): who has these can make HMACs.
#ifndef SRV6_CORE_SID_HMAC_P4_
#define SRV6_CORE_SID_HMAC_P4_

#define POINTER_HDR_EXT_LEN (IPV6_HEADER_LENGTH + md.extension_length + 1)
#define SRH_HAS_TLVS ((bit<16>)hdr.srh.hdr_ext_len != ((bit<16>)hdr.srh.last_entry + 1) << 1)

// The part of sid/table.p4: behind the lookup, in front of the two ways that srh.p4 has.
#define HMAC_CONTROLS                                       \
    srh_tlvs() tlvs;                                        \
    action meet(bit<1> returning) {                         \
        BEGIN(HMAC_VERDICT)                                 \
        HMAC_VERDICT.result = 0;                            \
        HMAC_VERDICT.returning = returning;                 \
    }                                                       \
    action meet_srh() { meet(0); }                          \
    action meet_returning() { meet(1); }
#define PROCESS_SRH(WAY) meet_##WAY();
#define HMAC_STAGE                                          \
        if (hdr.hmac_verdict.isValid()) {                   \
            if (hdr.srh.isValid()) {                        \
                tlvs.apply(THE_PACKET);                     \
            }                                               \
            if (md.next >= FATE_TRANSMIT) {                 \
                /* it goes round, or has failed */          \
            } else if (HMAC_VERDICT.returning == 0) {       \
                srh.apply(THE_PACKET);                      \
            } else {                                        \
                returning.apply(THE_PACKET);                \
            }                                               \
        }

// The state of a packet that goes round; the text begins as if two segments stood in front of the list.
#define BEGIN_HMAC(SRH, FLAGS, NEXTHOP_ID)          \
    hdr.hmac.setValid();                            \
    hdr.hmac.phase = HMAC_FIRST_BLOCK;              \
    hdr.hmac.flags = FLAGS;                         \
    hdr.hmac.left = SRH.last_entry + 3;             \
    hdr.hmac.before = 0;                            \
    hdr.hmac.nexthop_id = NEXTHOP_ID;               \
    hdr.hmac.walk = TLV_WALK_STOPPED;               \
    hdr.hmac.tlv_left = 0;                          \
    hdr.hmac.ahead = 0;                             \
    HMAC_VERDICT.result = HMAC_PENDING;             \
    HMAC_VERDICT.argument = 0;                      \
    md.next = FATE_RECIRCULATE;

control srh_tlvs(PACKET) {
    VERDICTS

    @id(SET_TLV_POLICY_ID)
    @name(".set_tlv_policy")
    @description("policy: 0 TLVs are not looked at, 1 walked, 2 an HMAC is verified if there is one, 3 required")
    @action_restriction("policy < 4")
    action set_tlv_policy(tlv_policy_t policy) {
        HMAC_VERDICT.policy = policy;
    }

    @id(TLV_SID_TABLE_ID)
    @name(".tlv_sid_table")
    @brief("What a SID asks of the TLVs of an SRH, whatever the interface says")
    table tlv_sid_table {
        key = { HMAC_VERDICT.sid_index : exact @name("sid_index"); }
        actions = { set_tlv_policy; @defaultonly NoAction; }
        const default_action = NoAction();
        size = MY_SID_TABLE_SIZE;
    }

    @id(TLV_INTERFACE_TABLE_ID)
    @name(".tlv_interface_table")
    @brief("What an interface asks of the TLVs of an SRH at a SID")
    @description("vlan_id 0: the port itself")
    table tlv_interface_table {
        key = {
            INGRESS_PORT         : exact @name("ingress_port");
            HMAC_VERDICT.vlan_id : exact @name("vlan_id");
        }
        actions = { set_tlv_policy; @defaultonly NoAction; }
        const default_action = NoAction();
        size = INTERFACE_TABLE_SIZE;
    }

    action clear() {
        HMAC_VERDICT.policy = TLV_POLICY_OFF;
        HMAC_VERDICT.sid_index = md.sid_cell >> 1;
        HMAC_VERDICT.vlan_id = 0;
    }
    action take_vlan_id() {
        HMAC_VERDICT.vlan_id = hdr.vlan.vid;
    }
    action walk_tlvs() {
        BEGIN_HMAC(hdr.srh, 0, 0)
        md.sid_cell = 0;   // it is counted when it comes back
    }
    action verify_hmac() {
        BEGIN_HMAC(hdr.srh, HMAC_VERIFY, 0)
        md.sid_cell = 0;
    }
    action require_hmac() {
        BEGIN_HMAC(hdr.srh, HMAC_VERIFY | HMAC_REQUIRED, 0)
        md.sid_cell = 0;
    }
    // HMAC-2: which of them it is, the HMAC TLV's D bit says whether another will do.
    action note_active_segment() {
        hdr.hmac.flags = hdr.hmac.flags | HMAC_DA_IS_SEGMENT;
    }

    apply {
        if (CARRIED_HMAC == HMAC_PASSED) {
            // as if nobody had asked
        } else if (CARRIED_HMAC == HMAC_FAILED) {
            parameter_problem(drop_reason_t.HMAC, CARRIED_HMAC_ARGUMENT);                     // HMAC-5
        } else if (CARRIED_HMAC == HMAC_ABSENT) {
            refuse(drop_reason_t.HMAC_ABSENT);
        } else if (CARRIED_HMAC == HMAC_TLV_RUNS_PAST) {
            parameter_problem(drop_reason_t.TLV, POINTER_HDR_EXT_LEN);                        // SRH-3
        } else if (CARRIED_HMAC == HMAC_TLV_CHAIN) {
            refuse(drop_reason_t.TLV_CHAIN);
        } else if (md.unusual & (UNUSUAL_AUTHENTICATION | UNUSUAL_OPTION) == 0 && hdr.ipv6.hop_limit > 1
                   && hdr.srh.last_entry < hdr.srh.hdr_ext_len >> 1 && hdr.srh_after.isValid()
                   && (hdr.ipv6.payload_length |-| md.extension_length) >> 3 > (bit<16>)hdr.srh.hdr_ext_len) {
            // What it says of the place of its TLVs can be believed.
            clear();
            if (!tlv_sid_table.apply().hit) {
                if (hdr.vlan.isValid()) {
                    take_vlan_id();
                }
                tlv_interface_table.apply();
            }
            if (HMAC_VERDICT.policy == TLV_POLICY_OFF
                || (HMAC_VERDICT.policy != TLV_POLICY_REQUIRE && md.unusual >= UNUSUAL_FOREIGN_SOURCE)) {
                // Nothing is asked; or the domain's filters refuse it, which a key that is required opens (RFC 8754
                // 6.6.1).
            } else if (!SRH_HAS_TLVS) {
                if (HMAC_VERDICT.policy == TLV_POLICY_REQUIRE && md.unusual < UNUSUAL_FOREIGN_SOURCE) {
                    refuse(drop_reason_t.HMAC_ABSENT);
                }
            } else {
                if (HMAC_VERDICT.policy == TLV_POLICY_VALIDATE) {
                    walk_tlvs();
                } else if (HMAC_VERDICT.policy == TLV_POLICY_VERIFY) {
                    verify_hmac();
                } else {
                    require_hmac();
                }
                if (SRH_HAS_CURRENT_SEGMENT(hdr)) {
                    if (SRH_CURRENT_SEGMENT(hdr) == hdr.ipv6.dst_addr) {
                        note_active_segment();
                    }
                }
            }
        }
    }
}

// One pass of a packet with a state in front.
#define HMAC_PASS_CONTROLS hmac_pass() hmac_step;
#define HMAC_PASS                         \
        if (hdr.hmac.isValid()) {         \
            hmac_step.apply(THE_PACKET);  \
        }
// What the last pass says to the one behind it: options in front of the SRH were walked before the HMAC.
#define HMAC_RESUME                                                    \
            if (CARRIED_HMAC == HMAC_MADE) {                           \
                resume_made();                                         \
            } else if (CARRIED_HMAC != 0) {                            \
                forget_options();                                      \
            }
#define HMAC_RESUME_ACTIONS                                            \
    /* The policy that pushed it has chosen the next hop. */           \
    action resume_made() {                                             \
        INGRESS_PORT = CPU_PORT;                                       \
        md.origin = ORIGIN_OWN;                                        \
        md.nexthop_id = CARRIED_HMAC_ARGUMENT;                         \
        md.next = NEXT_NEXTHOP;                                        \
    }

#define HMAC_STATE_PARAMS \
    bit<32> h0, bit<32> h1, bit<32> h2, bit<32> h3, bit<32> h4, bit<32> h5, bit<32> h6, bit<32> h7
#define TAKE_HMAC_STATE  \
    hdr.hmac.h0 = h0;    \
    hdr.hmac.h1 = h1;    \
    hdr.hmac.h2 = h2;    \
    hdr.hmac.h3 = h3;    \
    hdr.hmac.h4 = h4;    \
    hdr.hmac.h5 = h5;    \
    hdr.hmac.h6 = h6;    \
    hdr.hmac.h7 = h7;
#define WORD(W, VALUE) HASH.W = TWICE((bit<64>)(VALUE));
// Two octets are left out: the word begins in the middle of W and ends in the next one, NEXT.
#define SHIFT_WORD(W, NEXT) HASH.W = TWICE(HASH.W << 16 | (HASH.NEXT & LOW_WORD) >> 16);

#define NO_KEY                                          \
    if (hdr.hmac.flags & HMAC_GENERATE != 0) {          \
        no_key_to_make_it();                            \
    } else {                                            \
        fail();                                         \
    }

control hmac_pass(PACKET) {
    VERDICTS

    @id(HMAC_INNER_STATE_ID)
    @name(".hmac_inner_state")
    @brief("The hash of the key and the inner pad (RFC 2104 2), before the text")
    @description("flags: 0 SHA-256, 16 SHA-1 (h5 to h7 are 0); 32: the text of Linux. As secret as the key")
    @action_restriction("flags == 0 || flags == 16 || flags == 32 || flags == 48")
    action hmac_inner_state(hmac_flags_t flags, HMAC_STATE_PARAMS) {
        hdr.hmac.flags = hdr.hmac.flags | flags;
        TAKE_HMAC_STATE
    }

    @id(HMAC_INNER_TABLE_ID)
    @name(".hmac_inner_table")
    @brief("Keys: the inner state")
    table hmac_inner_table {
        key = { hdr.hmac_tlv.key_id : exact @name("key_id"); }
        actions = { hmac_inner_state; @defaultonly NoAction; }
        const default_action = NoAction();
        size = HMAC_TABLE_SIZE;
    }

    @id(HMAC_OUTER_STATE_ID)
    @name(".hmac_outer_state")
    @brief("The hash of the key and the outer pad (RFC 2104 2)")
    @description("As secret as the key")
    action hmac_outer_state(HMAC_STATE_PARAMS) {
        TAKE_HMAC_STATE
    }

    @id(HMAC_OUTER_TABLE_ID)
    @name(".hmac_outer_table")
    @brief("Keys: the outer state")
    table hmac_outer_table {
        key = { hdr.hmac_tlv.key_id : exact @name("key_id"); }
        actions = { hmac_outer_state; @defaultonly NoAction; }
        const default_action = NoAction();
        size = HMAC_TABLE_SIZE;
    }

    action begin() {
        hdr.ethernet.ether_type = hdr.hmac.ether_type;
        BEGIN(HMAC_VERDICT)
        HMAC_VERDICT.result = HMAC_PENDING;
        HMAC_VERDICT.argument = 0;
        md.next = FATE_RECIRCULATE;
    }
    action finish(hmac_result_t result) {
        HMAC_VERDICT.result = result;
        hdr.hmac.setInvalid();
    }
    action fail() {
        HMAC_VERDICT.argument = IPV6_HEADER_LENGTH + md.extension_length + 8
                                + ((bit<16>)hdr.srh.hdr_ext_len << 3) - hdr.hmac.tlv_left;
        finish(HMAC_FAILED);
    }
    action clear_block() {
        BEGIN(HASH)
        HASH.w0 = 0;
        HASH.w1 = 0;
        HASH.w2 = 0;
        HASH.w3 = 0;
        HASH.w4 = 0;
        HASH.w5 = 0;
        HASH.w6 = 0;
        HASH.w7 = 0;
        HASH.w8 = 0;
        HASH.w9 = 0;
        HASH.w10 = 0;
        HASH.w11 = 0;
        HASH.w12 = 0;
        HASH.w13 = 0;
        HASH.w14 = 0;
        HASH.w15 = 0;
    }
    action take_head() {
        WORD(w0, hdr.ipv6.src_addr[127:96])
        WORD(w1, hdr.ipv6.src_addr[95:64])
        WORD(w2, hdr.ipv6.src_addr[63:32])
        WORD(w3, hdr.ipv6.src_addr[31:0])
        WORD(w4, hdr.srh.last_entry ++ hdr.srh.flags ++ hdr.hmac_tlv.d ++ hdr.hmac_tlv.reserved)
        WORD(w5, hdr.hmac_tlv.key_id)
    }
    action take_words_a() {
        WORD(w0, hdr.hmac_words_a.w0)
        WORD(w1, hdr.hmac_words_a.w1)
    }
    action take_words_b() {
        WORD(w2, hdr.hmac_words_b.w0)
        WORD(w3, hdr.hmac_words_b.w1)
        WORD(w4, hdr.hmac_words_b.w2)
        WORD(w5, hdr.hmac_words_b.w3)
    }
    action take_words_c() {
        WORD(w6, hdr.hmac_words_c.w0)
        WORD(w7, hdr.hmac_words_c.w1)
        WORD(w8, hdr.hmac_words_c.w2)
        WORD(w9, hdr.hmac_words_c.w3)
    }
    action take_words_d() {
        WORD(w10, hdr.hmac_words_d.w0)
        WORD(w11, hdr.hmac_words_d.w1)
        WORD(w12, hdr.hmac_words_d.w2)
        WORD(w13, hdr.hmac_words_d.w3)
    }
    action take_words_e() {
        WORD(w14, hdr.hmac_words_e.w0)
        WORD(w15, hdr.hmac_words_e.w1)
    }
    // FIPS 180-4 5.1: a one behind the text, and its length in bits, that of the padded key included.
    action end_text_2()  { WORD(w2, 32w0x80000000) }
    action end_text_6()  { WORD(w6, 32w0x80000000) }
    action end_text_10() { WORD(w10, 32w0x80000000) }
    action end_text_14() { WORD(w14, 32w0x80000000) }
    action shift_head() {
        SHIFT_WORD(w0, w1)
        SHIFT_WORD(w1, w2)
        SHIFT_WORD(w2, w3)
        SHIFT_WORD(w3, w4)
        SHIFT_WORD(w4, w5)
    }
    action shift_head_of_first() {
        WORD(w4, hdr.srh.last_entry ++ hdr.srh.flags ++ hdr.hmac_tlv.key_id[31:16])
    }
    action shift_tail() {
        SHIFT_WORD(w5, w6)
        SHIFT_WORD(w6, w7)
        SHIFT_WORD(w7, w8)
        SHIFT_WORD(w8, w9)
        SHIFT_WORD(w9, w10)
        SHIFT_WORD(w10, w11)
        SHIFT_WORD(w11, w12)
        SHIFT_WORD(w12, w13)
        SHIFT_WORD(w13, w14)
        SHIFT_WORD(w14, w15)
        HASH.w15 = TWICE(HASH.w15 << 16 | (bit<64>)hdr.hmac.ahead);
    }
    action add_length() {
        WORD(w15, 832 + ((bit<32>)hdr.srh.last_entry << 7))
    }
    action add_length_of_linux_text() {
        WORD(w15, 816 + ((bit<32>)hdr.srh.last_entry << 7))
    }
    // The block of the outer hash: the digest of the inner one.
    action take_digest() {
        WORD(w0, hdr.hmac.h0)
        WORD(w1, hdr.hmac.h1)
        WORD(w2, hdr.hmac.h2)
        WORD(w3, hdr.hmac.h3)
        WORD(w4, hdr.hmac.h4)
    }
    action take_digest_of_sha256() {
        WORD(w5, hdr.hmac.h5)
        WORD(w6, hdr.hmac.h6)
        WORD(w7, hdr.hmac.h7)
        WORD(w8, 32w0x80000000)
        WORD(w15, 32w768)
    }
    action end_digest_of_sha1() {
        WORD(w5, 32w0x80000000)
        WORD(w15, 32w672)
    }
    action load() {
        WORD(a, hdr.hmac.h0)
        WORD(b, hdr.hmac.h1)
        WORD(c, hdr.hmac.h2)
        WORD(d, hdr.hmac.h3)
        WORD(e, hdr.hmac.h4)
        WORD(f, hdr.hmac.h5)
        WORD(g, hdr.hmac.h6)
        WORD(h, hdr.hmac.h7)
    }
    action sha256() {
        SHA256_ROUNDS
    }
    action sha1() {
        SHA1_ROUNDS
    }
    action add_five() {
        hdr.hmac.h0 = hdr.hmac.h0 + (bit<32>)HASH.a;
        hdr.hmac.h1 = hdr.hmac.h1 + (bit<32>)HASH.b;
        hdr.hmac.h2 = hdr.hmac.h2 + (bit<32>)HASH.c;
        hdr.hmac.h3 = hdr.hmac.h3 + (bit<32>)HASH.d;
        hdr.hmac.h4 = hdr.hmac.h4 + (bit<32>)HASH.e;
    }
    action add_three() {
        hdr.hmac.h5 = hdr.hmac.h5 + (bit<32>)HASH.f;
        hdr.hmac.h6 = hdr.hmac.h6 + (bit<32>)HASH.g;
        hdr.hmac.h7 = hdr.hmac.h7 + (bit<32>)HASH.h;
    }
    action outer_comes_next() {
        hdr.hmac.phase = HMAC_OUTER;
        hdr.hmac.ahead = 0;
    }
    action second_block_comes_next() {
        hdr.hmac.phase = HMAC_LATER_BLOCK;
        hdr.hmac.left = hdr.hmac.left - 4;
        hdr.hmac.before = 320;
        hdr.hmac.ahead = 0;
    }
    action later_block_comes_next() {
        hdr.hmac.left = hdr.hmac.left - 4;
        hdr.hmac.before = hdr.hmac.before + 512;
        hdr.hmac.ahead = 0;
    }
    action write_digest() {
        hdr.hmac_digest.w0 = hdr.hmac.h0;
        hdr.hmac_digest.w1 = hdr.hmac.h1;
        hdr.hmac_digest.w2 = hdr.hmac.h2;
        hdr.hmac_digest.w3 = hdr.hmac.h3;
        hdr.hmac_digest.w4 = hdr.hmac.h4;
    }
    action write_end_of_digest() {
        hdr.hmac_digest.w5 = hdr.hmac.h5;
        hdr.hmac_digest_end.w6 = hdr.hmac.h6;
        hdr.hmac_digest_end.w7 = hdr.hmac.h7;
    }
    action send_made() {
        HMAC_VERDICT.argument = hdr.hmac.nexthop_id;
        finish(HMAC_MADE);
    }
    action no_key_to_make_it() {
        hdr.hmac.setInvalid();
        refuse(drop_reason_t.HMAC);
    }

    apply {
        begin();
        if (hdr.hmac.phase == HMAC_FIRST_BLOCK) {
            if (hdr.hmac.walk == TLV_WALK_RUNS_PAST) {
                finish(HMAC_TLV_RUNS_PAST);
            } else if (hdr.hmac.walk != TLV_WALK_ENDED) {
                finish(HMAC_TLV_CHAIN);
            } else if (hdr.hmac.flags & (HMAC_VERIFY | HMAC_GENERATE) == 0) {
                finish(HMAC_PASSED);
            } else if (hdr.hmac.tlv_left == 0) {
                if (hdr.hmac.flags & HMAC_REQUIRED != 0) {
                    finish(HMAC_ABSENT);
                } else {
                    finish(HMAC_PASSED);
                }
            } else if (!hdr.hmac_tlv.isValid()) {
                fail();
            } else if (hdr.hmac.flags & (HMAC_DA_IS_SEGMENT | HMAC_GENERATE) == 0
                       && (hdr.hmac_tlv.d == 0 || hdr.srh.segments_left <= hdr.srh.last_entry)) {
                fail();                                                                       // HMAC-2
            } else if (!hmac_inner_table.apply().hit) {
                NO_KEY
            }
        } else if (hdr.hmac.phase == HMAC_OUTER) {
            clear_block();
            take_digest();
            if (hdr.hmac.flags & HMAC_SHA1 != 0) {
                end_digest_of_sha1();
            } else {
                take_digest_of_sha256();
            }
            if (!hmac_outer_table.apply().hit) {
                NO_KEY   // it was taken away meanwhile
            }
        }
        if (hdr.hmac.isValid()) {
            if (hdr.hmac.phase != HMAC_OUTER) {
                clear_block();
                if (hdr.hmac.phase == HMAC_FIRST_BLOCK) {
                    take_head();
                }
                if (hdr.hmac_words_a.isValid()) {
                    take_words_a();
                }
                if (hdr.hmac_words_b.isValid()) {
                    take_words_b();
                }
                if (hdr.hmac_words_c.isValid()) {
                    take_words_c();
                }
                if (hdr.hmac_words_d.isValid()) {
                    take_words_d();
                }
                if (hdr.hmac_words_e.isValid()) {
                    take_words_e();
                }
                if (hdr.hmac.left == 1) {
                    end_text_2();
                } else if (hdr.hmac.left == 2) {
                    end_text_6();
                } else if (hdr.hmac.left == 3) {
                    end_text_10();
                } else if (hdr.hmac.left == 4) {
                    end_text_14();
                }
                if (hdr.hmac.flags & HMAC_LINUX_TEXT != 0) {
                    if (hdr.hmac.phase == HMAC_FIRST_BLOCK) {
                        shift_head_of_first();
                    } else {
                        shift_head();
                    }
                    shift_tail();
                    if (hdr.hmac.left <= 4) {
                        add_length_of_linux_text();
                    }
                } else if (hdr.hmac.left <= 3) {
                    add_length();
                }
            }
            load();
            if (hdr.hmac.flags & HMAC_SHA1 != 0) {
                sha1();
            } else {
                sha256();
                add_three();
            }
            add_five();
            if (hdr.hmac.phase == HMAC_OUTER) {
                if (hdr.hmac.flags & HMAC_GENERATE != 0) {
                    write_digest();
                    if (hdr.hmac.flags & HMAC_SHA1 == 0) {
                        write_end_of_digest();
                    }
                    send_made();
                } else if (hdr.hmac_digest.w0 == hdr.hmac.h0 && hdr.hmac_digest.w1 == hdr.hmac.h1
                           && hdr.hmac_digest.w2 == hdr.hmac.h2 && hdr.hmac_digest.w3 == hdr.hmac.h3
                           && hdr.hmac_digest.w4 == hdr.hmac.h4 && hdr.hmac_digest.w5 == hdr.hmac.h5
                           && ((hdr.hmac_digest_end.isValid() && hdr.hmac_digest_end.w6 == hdr.hmac.h6
                                && hdr.hmac_digest_end.w7 == hdr.hmac.h7)
                               || (!hdr.hmac_digest_end.isValid() && hdr.hmac.flags & HMAC_SHA1 != 0))) {
                    finish(HMAC_PASSED);
                } else {
                    fail();
                }
            } else if (hdr.hmac.left <= 3 || (hdr.hmac.left == 4 && hdr.hmac.flags & HMAC_LINUX_TEXT != 0)) {
                outer_comes_next();
            } else if (hdr.hmac.phase == HMAC_FIRST_BLOCK) {
                second_block_comes_next();
            } else {
                later_block_comes_next();
            }
        }
    }
}

// A headend's HMAC (policies with a key): the TLV is pushed with the SRH, and filled when the packet goes round, which
// it does instead of leaving.
#define HMAC_POLICY_CONTROLS hmac_of_policy() hmac_policy;
#define HMAC_POLICY_STAGE                                                   \
        if (hdr.outer_srh.isValid() && md.next == NEXT_NEXTHOP) {           \
            hmac_policy.apply(THE_PACKET);                                  \
        }
#define HMAC_DEPARTURE_ACTIONS                                              \
    action make_hmac() {                                                    \
        BEGIN(HMAC_VERDICT)                                                 \
        BEGIN_HMAC(hdr.outer_srh, HMAC_GENERATE, md.nexthop_id)             \
    }                                                                       \
    /* No visit of a SID. */                                                \
    action carry_hmac() {                                                   \
        md.carried = HMAC_VERDICT.result ++ HMAC_VERDICT.argument ++ md.carried[99:33] \
                     ++ (md.carried[32:25] - 1) ++ md.carried[24:0];        \
    }                                                                       \
    action put_state_in_front() {                                           \
        hdr.hmac.ether_type = hdr.ethernet.ether_type;                      \
        hdr.ethernet.ether_type = ETHERTYPE_HMAC_STATE;                     \
    }
#define HMAC_DEPARTURE                                                      \
        if (hdr.pushed_hmac_tlv.isValid()) {                                \
            if (md.next >= FATE_TRANSMIT && md.next <= FATE_FRAGMENT) {     \
                make_hmac();                                                \
            }                                                               \
        }

// Each of these passes takes a token of the port, so that nobody has hashes computed without end.
#define IS_ABOUT_HMAC (hdr.hmac_verdict.isValid() && HMAC_VERDICT.result != 0)
#define HMAC_PASS_COST                                   \
                } else if (IS_ABOUT_HMAC) {              \
                    count_visit();                       \
                    TAKE_PASS
#define HMAC_GO_ROUND                                    \
                    if (IS_ABOUT_HMAC) {                 \
                        carry_hmac();                    \
                        if (hdr.hmac.isValid()) {        \
                            put_state_in_front();        \
                        }                                \
                    }

control hmac_of_policy(PACKET) {
    action push_tlv(bit<32> key_id, bit<1> d) {
        hdr.pushed_hmac_tlv.setValid();
        hdr.pushed_hmac_tlv.type = SRH_TLV_HMAC;
        hdr.pushed_hmac_tlv.d = d;
        hdr.pushed_hmac_tlv.reserved = 0;
        hdr.pushed_hmac_tlv.key_id = key_id;
        hdr.pushed_hmac_digest.setValid();
        hdr.pushed_hmac_digest.w0 = 0;
        hdr.pushed_hmac_digest.w1 = 0;
        hdr.pushed_hmac_digest.w2 = 0;
        hdr.pushed_hmac_digest.w3 = 0;
        hdr.pushed_hmac_digest.w4 = 0;
        hdr.pushed_hmac_digest.w5 = 0;
    }

    @id(ADD_HMAC_ID)
    @name(".add_hmac")
    @brief("An HMAC TLV with a digest of 32 octets behind the Segment List")
    @description("d: 1 where the first segment is not in the list")
    action add_hmac(bit<32> key_id, bit<1> d) {
        push_tlv(key_id, d);
        hdr.pushed_hmac_tlv.length = 38;
        hdr.pushed_hmac_digest_end.setValid();
        hdr.pushed_hmac_digest_end.w6 = 0;
        hdr.pushed_hmac_digest_end.w7 = 0;
        hdr.outer_srh.hdr_ext_len = hdr.outer_srh.hdr_ext_len + 5;
        hdr.outer_ipv6.payload_length = hdr.outer_ipv6.payload_length + 40;
    }

    @id(ADD_SHORT_HMAC_ID)
    @name(".add_short_hmac")
    @brief("An HMAC TLV with a digest of 24 octets (SHA-1) behind the Segment List")
    action add_short_hmac(bit<32> key_id, bit<1> d) {
        push_tlv(key_id, d);
        hdr.pushed_hmac_tlv.length = 30;
        hdr.outer_srh.hdr_ext_len = hdr.outer_srh.hdr_ext_len + 4;
        hdr.outer_ipv6.payload_length = hdr.outer_ipv6.payload_length + 32;
    }

    @id(HMAC_POLICY_TABLE_ID)
    @name(".hmac_policy_table")
    @brief("Policies whose SRH gets an HMAC")
    table hmac_policy_table {
        key = { HEADEND.policy_id : exact @name("policy_id"); }
        actions = { add_hmac; add_short_hmac; @defaultonly NoAction; }
        const default_action = NoAction();
        size = SR_POLICY_TABLE_SIZE;
    }

    apply {
        hmac_policy_table.apply();
    }
}

#endif  // SRV6_CORE_SID_HMAC_P4_
