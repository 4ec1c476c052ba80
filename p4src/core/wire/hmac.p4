// SPDX-License-Identifier: Apache-2.0
// The packet of an HMAC pass (core/sid/hmac.p4): behind the Ethernet header the state of the computation, and the SRH
// cut where one block of the HMAC's text (RFC 8754 2.1.2.1) and the HMAC TLV are.
//
//   ethernet | hmac | [vlan] ipv6 [extension 0..3] | srh | list: before, words of the block, after | TLVs
//
// The state is recognised by its EtherType, in a pass only that md.carried calls one: not in a frame from a wire or
// from the control plane, which could bring a state of its own making. The text has 24 octets in front of the list, so
// every block but the first begins in the middle of a segment: the words are cut in eights and sixteens.
//
//   words    a: 0, 1   b: 2 to 5   c: 6 to 9   d: 10 to 13   e: 14, 15
//   block 0  source address, Last Entry, ... in a, b; List[0] is c, [1] d, the first half of [2] e
//   block k  the second half of List[4k-2] is a; [4k-1] b, [4k] c, [4k+1] d, the first half of [4k+2] e
#ifndef SRV6_CORE_WIRE_HMAC_P4_
#define SRV6_CORE_WIRE_HMAC_P4_

const bit<16> ETHERTYPE_HMAC_STATE = 0x88B5;   // IEEE 802 local experimental: never on a wire
const bit<8>  SRH_TLV_HMAC = 5;

typedef bit<8> hmac_phase_t;
const hmac_phase_t HMAC_FIRST_BLOCK = 0;
const hmac_phase_t HMAC_LATER_BLOCK = 1;
const hmac_phase_t HMAC_OUTER       = 2;   // the outer hash (RFC 2104): no block of the text

typedef bit<8> hmac_flags_t;
const hmac_flags_t HMAC_GENERATE      = 0x01;
const hmac_flags_t HMAC_VERIFY        = 0x02;  // else the TLVs are walked only
const hmac_flags_t HMAC_REQUIRED      = 0x04;
const hmac_flags_t HMAC_DA_IS_SEGMENT = 0x08;  // the destination is Segment List[SL]
const hmac_flags_t HMAC_SHA1          = 0x10;  // of the key:
const hmac_flags_t HMAC_LINUX_TEXT    = 0x20;  // without the two octets D and reserved

// What a pass says to the next one, in md.carried with an argument of 16 bits.
typedef bit<4> hmac_result_t;
const hmac_result_t HMAC_PENDING       = 1;   // the state stands in front of the packet
const hmac_result_t HMAC_PASSED        = 2;   // or nothing to verify
const hmac_result_t HMAC_FAILED        = 3;   // the argument is the pointer to the HMAC TLV
const hmac_result_t HMAC_ABSENT        = 4;   // and required
const hmac_result_t HMAC_TLV_RUNS_PAST = 5;
const hmac_result_t HMAC_TLV_CHAIN     = 6;   // more TLVs than are walked
const hmac_result_t HMAC_MADE          = 7;   // the argument is the next hop
#define CARRIED_HMAC          md.carried[119:116]
#define CARRIED_HMAC_ARGUMENT md.carried[115:100]

typedef bit<8> tlv_walk_t;
const tlv_walk_t TLV_WALK_STOPPED   = 0;   // more TLVs than are walked
const tlv_walk_t TLV_WALK_ENDED     = 1;
const tlv_walk_t TLV_WALK_RUNS_PAST = 2;   // a TLV runs past the end of the SRH

header hmac_state_t {
    bit<16>      ether_type;   // of the frame
    hmac_phase_t phase;
    hmac_flags_t flags;
    bit<8>       left;         // segments from the one that words a are of; in block 0 as if two stood before List[0]
    bit<16>      before;       // bits of the list before the block
    nexthop_id_t nexthop_id;   // of a packet whose HMAC is made
    // Filled by the parser of each pass.
    tlv_walk_t   walk;
    bit<16>      tlv_left;     // octets of the SRH from the HMAC TLV on; 0: there is none
    bit<16>      ahead;        // the two octets behind the block
    // The chaining value.
    bit<32> h0;
    bit<32> h1;
    bit<32> h2;
    bit<32> h3;
    bit<32> h4;
    bit<32> h5;
    bit<32> h6;
    bit<32> h7;
}

header hmac_words_2_t {
    bit<32> w0;
    bit<32> w1;
}
header hmac_words_4_t {
    bit<32> w0;
    bit<32> w1;
    bit<32> w2;
    bit<32> w3;
}

// RFC 8754 2.1.2, and its digest: 24 octets (SHA-1: 20 and padding) or 32.
header hmac_tlv_t {
    bit<8>  type;
    bit<8>  length;
    bit<1>  d;
    bit<15> reserved;
    bit<32> key_id;
}
header hmac_digest_t {
    bit<32> w0;
    bit<32> w1;
    bit<32> w2;
    bit<32> w3;
    bit<32> w4;
    bit<32> w5;
}
header hmac_digest_end_t {
    bit<32> w6;
    bit<32> w7;
}

// A TLV that is walked, whole; Pad1 is one octet.
header srh_tlv_t {
    varbit<2056> octets;
}
#define MAX_TLVS 8   // before the HMAC TLV, and behind it

#ifdef WITH_HMAC
#define HMAC_STATE_INSTANCE hmac_state_t hmac;
#define HMAC_STATE_EMIT     pkt.emit(hdr.hmac);
#define HMAC_SRH_INSTANCES                    \
    srh_run_t           hmac_before;          \
    hmac_words_2_t      hmac_words_a;         \
    hmac_words_4_t      hmac_words_b;         \
    hmac_words_4_t      hmac_words_c;         \
    hmac_words_4_t      hmac_words_d;         \
    hmac_words_2_t      hmac_words_e;         \
    srh_run_t           hmac_after;           \
    srh_tlv_t[MAX_TLVS] tlvs_before;          \
    hmac_tlv_t          hmac_tlv;             \
    hmac_digest_t       hmac_digest;          \
    hmac_digest_end_t   hmac_digest_end;      \
    srh_tlv_t[MAX_TLVS] tlvs_behind;
#define HMAC_SRH_EMIT             \
    pkt.emit(hdr.hmac_before);    \
    pkt.emit(hdr.hmac_words_a);   \
    pkt.emit(hdr.hmac_words_b);   \
    pkt.emit(hdr.hmac_words_c);   \
    pkt.emit(hdr.hmac_words_d);   \
    pkt.emit(hdr.hmac_words_e);   \
    pkt.emit(hdr.hmac_after);     \
    pkt.emit(hdr.tlvs_before);    \
    pkt.emit(hdr.hmac_tlv);       \
    pkt.emit(hdr.hmac_digest);    \
    pkt.emit(hdr.hmac_digest_end); \
    pkt.emit(hdr.tlvs_behind);
#define PUSHED_HMAC_INSTANCES                 \
    hmac_tlv_t          pushed_hmac_tlv;      \
    hmac_digest_t       pushed_hmac_digest;   \
    hmac_digest_end_t   pushed_hmac_digest_end;
#define PUSHED_HMAC_EMIT              \
    pkt.emit(hdr.pushed_hmac_tlv);    \
    pkt.emit(hdr.pushed_hmac_digest); \
    pkt.emit(hdr.pushed_hmac_digest_end);
#define HMAC_ETHER_TYPE  ETHERTYPE_HMAC_STATE: parse_hmac_frame;
#define SRH_STATE        choose_srh
#else
#define HMAC_STATE_INSTANCE
#define HMAC_STATE_EMIT
#define HMAC_SRH_INSTANCES
#define HMAC_SRH_EMIT
#define PUSHED_HMAC_INSTANCES
#define PUSHED_HMAC_EMIT
#define HMAC_ETHER_TYPE
#define SRH_STATE        parse_srh
#endif

#endif  // SRV6_CORE_WIRE_HMAC_P4_

#ifdef PARSER_STATES
#ifdef WITH_HMAC
    state parse_hmac_frame {
        transition select(CARRIED_HMAC) {
            HMAC_PENDING: parse_hmac_state;
            default:      accept;
        }
    }

    state parse_hmac_state {
        pkt.extract(hdr.hmac);
        transition select(hdr.hmac.ether_type) {
            ETHERTYPE_IPV6: parse_ipv6;
            default:        parse_vlan;
        }
    }

    state choose_srh {
        transition select(CARRIED_HMAC) {
            HMAC_PENDING: parse_srh_of_hmac;
            default:      parse_srh;
        }
    }

    state parse_srh_of_hmac {
        pkt.extract(hdr.srh);
        transition select(hdr.hmac.phase, hdr.hmac.left) {
            (HMAC_FIRST_BLOCK, _): parse_hmac_words_c;
            (HMAC_LATER_BLOCK, 0): parse_hmac_list;
            (HMAC_LATER_BLOCK, _): parse_hmac_before;
            default:               parse_hmac_list;
        }
    }

    state parse_hmac_list {
        length = ((bit<32>)hdr.srh.last_entry + 1) << 7;
        transition parse_hmac_after;
    }

    state parse_hmac_before {
        pkt.extract(hdr.hmac_before, (bit<32>)hdr.hmac.before);
        pkt.extract(hdr.hmac_words_a);
        transition select(hdr.hmac.left) {
            1:       parse_tlvs;
            default: parse_hmac_words_b;
        }
    }

    state parse_hmac_words_b {
        pkt.extract(hdr.hmac_words_b);
        transition select(hdr.hmac.left) {
            2:       parse_tlvs;
            default: parse_hmac_words_c;
        }
    }

    state parse_hmac_words_c {
        pkt.extract(hdr.hmac_words_c);
        transition select(hdr.hmac.left) {
            3:       parse_tlvs;
            default: parse_hmac_words_d;
        }
    }

    state parse_hmac_words_d {
        pkt.extract(hdr.hmac_words_d);
        transition select(hdr.hmac.left) {
            4:       parse_tlvs;
            default: parse_hmac_words_e;
        }
    }

    state parse_hmac_words_e {
        pkt.extract(hdr.hmac_words_e);
        hdr.hmac.ahead = pkt.lookahead<bit<16>>();
        length = ((bit<32>)hdr.srh.last_entry + 1) << 7;
        transition select(hdr.hmac.phase) {
            HMAC_FIRST_BLOCK: parse_hmac_behind_first;
            default:          parse_hmac_behind_later;
        }
    }

    state parse_hmac_behind_first {
        length = length - 320;
        transition parse_hmac_after;
    }

    state parse_hmac_behind_later {
        length = length - 512 - (bit<32>)hdr.hmac.before;
        transition parse_hmac_after;
    }

    state parse_hmac_after {
        pkt.extract(hdr.hmac_after, length);
        transition parse_tlvs;
    }

    // `length` is what is left of the SRH, in octets.
    state parse_tlvs {
        length = ((bit<32>)hdr.srh.hdr_ext_len << 3) - ((bit<32>)hdr.srh.last_entry << 4) - 16;
        transition next_tlv_before;
    }

// A walk over TLVs of RUN; FIRST_HMAC are the cases of an HMAC TLV.
#define TLV_STATES(RUN, FIRST_HMAC)                                                                  \
    state next_tlv_##RUN {                                                                           \
        transition select(length) {                                                                  \
            0:                        end_of_tlvs;                                                   \
            0x80000000 &&& 0x80000000: tlv_runs_past;                                                \
            1:                        last_octet_##RUN;                                              \
            default:                  look_at_tlv_##RUN;                                             \
        }                                                                                            \
    }                                                                                                \
    state last_octet_##RUN {                                                                         \
        transition select(pkt.lookahead<bit<8>>()) {                                                 \
            0:       pad1_##RUN;                                                                     \
            default: tlv_runs_past;                                                                  \
        }                                                                                            \
    }                                                                                                \
    state look_at_tlv_##RUN {                                                                        \
        peek = 16w0 ++ pkt.lookahead<bit<16>>();                                                     \
        transition select(peek) {                                                                    \
            0x0000 &&& 0xFF00: pad1_##RUN;                                                           \
            FIRST_HMAC                                                                               \
            default:           tlv_##RUN;                                                            \
        }                                                                                            \
    }                                                                                                \
    state pad1_##RUN {                                                                               \
        pkt.extract(hdr.tlvs_##RUN.next, 8);                                                         \
        length = length - 1;                                                                         \
        transition next_tlv_##RUN;                                                                   \
    }                                                                                                \
    state tlv_##RUN {                                                                                \
        length = length - 2 - (peek & 0xFF);                                                         \
        transition select(length) {                                                                  \
            0x80000000 &&& 0x80000000: tlv_runs_past;                                                \
            default:                   take_tlv_##RUN;                                               \
        }                                                                                            \
    }                                                                                                \
    state take_tlv_##RUN {                                                                           \
        pkt.extract(hdr.tlvs_##RUN.next, (peek & 0xFF) + 2 << 3);                                    \
        transition next_tlv_##RUN;                                                                   \
    }

    TLV_STATES(before, 0x0526: parse_hmac_tlv; 0x051E: parse_short_hmac_tlv; 0x0500 &&& 0xFF00: odd_hmac_tlv;)
    TLV_STATES(behind, )

    state parse_hmac_tlv {
        hdr.hmac.tlv_left = (bit<16>)length;
        length = length - 40;
        transition select(length) {
            0x80000000 &&& 0x80000000: tlv_runs_past;
            default:                   take_hmac_tlv;
        }
    }

    state take_hmac_tlv {
        pkt.extract(hdr.hmac_tlv);
        pkt.extract(hdr.hmac_digest);
        pkt.extract(hdr.hmac_digest_end);
        transition next_tlv_behind;
    }

    state parse_short_hmac_tlv {
        hdr.hmac.tlv_left = (bit<16>)length;
        length = length - 32;
        transition select(length) {
            0x80000000 &&& 0x80000000: tlv_runs_past;
            default:                   take_short_hmac_tlv;
        }
    }

    state take_short_hmac_tlv {
        pkt.extract(hdr.hmac_tlv);
        pkt.extract(hdr.hmac_digest);
        transition next_tlv_behind;
    }

    // Of no length that any algorithm here has: it will not verify.
    state odd_hmac_tlv {
        hdr.hmac.tlv_left = (bit<16>)length;
        transition tlv_behind;
    }

    state end_of_tlvs {
        hdr.hmac.walk = TLV_WALK_ENDED;
        transition accept;
    }

    state tlv_runs_past {
        hdr.hmac.walk = TLV_WALK_RUNS_PAST;
        transition accept;
    }
#endif
#endif  // PARSER_STATES
