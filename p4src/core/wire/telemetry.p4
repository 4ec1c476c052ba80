// SPDX-License-Identifier: Apache-2.0
// Options of IPv6 that measure: path tracing (draft-filsfils-spring-path-tracing) and alternate marking (RFC 9343 3).
//
//   Path tracing: the first option of a Hop-by-Hop header of 40 octets or more
//
//     | next header | HEL >= 4 | type 0x32 | length 36 | 4 octets |   extension_0
//     | 32 octets: with the 4 a stack of 12 MCDs of 3 octets      |   mcd_stack
//     | options behind it, if any                                 |   behind_mcd_stack
//
//   Alternate marking: type 0x12, length 4, in a Hop-by-Hop or Destination Options header
//
//     | FlowMonID (20) | L | D | reserved (10) |
//
// The stack is rewritten, so it has a header of its own; the marking is read, and copied into lazy state on the way.
#ifndef SRV6_CORE_WIRE_TELEMETRY_P4_
#define SRV6_CORE_WIRE_TELEMETRY_P4_

#if defined(WITH_PATH_TRACING) || defined(WITH_ALTERNATE_MARKING)
LAZY_STATE telemetry_state_t {
    bit<24>  mcd;             // midpoint compressed data: interface (12), load (4), time stamp (8)
    bit<64>  eight;           // in the parser: octets that are looked at; p4c would take a temporary for them
    bit<64>  nanoseconds;     // when it leaves
    bit<20>  flow_mon_id;     // the data of the alternate marking option
    bit<1>   loss;
    bit<1>   delay;
    bit<10>  reserved;
    bit<32>  marking_offset;  // of the option, behind the first 2 octets of its header
    bit<8>   marking_header;  // the protocol number of that header
}
#define TELEMETRY_STATE telemetry_state_t telemetry;
#else
#define TELEMETRY_STATE
#endif

#ifdef WITH_PATH_TRACING
const bit<8> OPTION_PATH_TRACING = 0x32;
const bit<8> MCD_STACK_LENGTH    = 36;

header mcd_stack_t {
    bit<128> high;
    bit<128> low;
}

// What a source of path tracing pushes: a Hop-by-Hop header with an empty stack, and a TLV of the SRH.
header path_tracing_t {
    bit<8>   next_header;
    bit<8>   hdr_ext_len;
    bit<8>   option_type;
    bit<8>   option_length;
    bit<32>  stack_0;
    bit<128> stack_1;
    bit<128> stack_2;
}
const bit<8> SRH_TLV_PATH_TRACING = 128;
header path_tracing_tlv_t {
    bit<8>  type;
    bit<8>  length;
    bit<16> interface_and_load;   // 12 and 4 bits
    bit<32> seconds;
    bit<32> nanoseconds;
    bit<16> session_id;
    bit<16> sequence_number;
}
#define PATH_TRACING_ADDED_LENGTH 56
#define PATH_TRACING_INSTANCES            \
    mcd_stack_t mcd_stack;                \
    srh_run_t   behind_mcd_stack;
#define PATH_TRACING_EMIT                 \
    pkt.emit(hdr.mcd_stack);              \
    pkt.emit(hdr.behind_mcd_stack);
#define PATH_TRACING_POP_0(HDR)           \
    HDR.mcd_stack.setInvalid();           \
    HDR.behind_mcd_stack.setInvalid();
#define PATH_TRACING_POP_1(HDR)
#define PATH_TRACING_POP_2(HDR)
#define PATH_TRACING_POP_3(HDR)
// Of the header that stands in front of what is pushed.
#define PUSHED_PATH_TRACING_INSTANCES     \
    path_tracing_t pushed_path_tracing;   \
    mcd_stack_t pushed_mcd_stack;         \
    srh_run_t   pushed_behind_mcd_stack;
#define PUSHED_PATH_TRACING_EMIT          \
    pkt.emit(hdr.pushed_path_tracing);    \
    pkt.emit(hdr.pushed_mcd_stack);       \
    pkt.emit(hdr.pushed_behind_mcd_stack);
#define PUSHED_TLV_INSTANCES path_tracing_tlv_t pushed_path_tracing_tlv;
#define PUSHED_TLV_EMIT      pkt.emit(hdr.pushed_path_tracing_tlv);
// With an insertion it goes in front (headend/push.p4).
#define MOVE_PATH_TRACING                                       \
        hdr.pushed_mcd_stack = hdr.mcd_stack;                   \
        hdr.pushed_behind_mcd_stack = hdr.behind_mcd_stack;     \
        hdr.mcd_stack.setInvalid();                             \
        hdr.behind_mcd_stack.setInvalid();

#define HOP_BY_HOP_STATE(N) hop_by_hop_##N
// An option that is longer than its header is none; a header in a later slot is none that a router looks at.
#define HOP_BY_HOP_STATES_0                                     \
    state hop_by_hop_0 {                                        \
        peek = pkt.lookahead<bit<32>>();                        \
        transition select(peek) {                               \
            0x00003224 &&& 0x00FCFFFF: options_0;               \
            0x00003224 &&& 0x0000FFFF: path_tracing;            \
            default:                   options_0;               \
        }                                                       \
    }
#define HOP_BY_HOP_STATES_1 state hop_by_hop_1 { transition options_1; }
#define HOP_BY_HOP_STATES_2 state hop_by_hop_2 { transition options_2; }
#define HOP_BY_HOP_STATES_3 state hop_by_hop_3 { transition options_3; }
#define HOP_BY_HOP_STATES_4 state hop_by_hop_4 { transition options_4; }
#else
#define PATH_TRACING_INSTANCES
#define PATH_TRACING_EMIT
#define PATH_TRACING_POP_0(HDR)
#define PATH_TRACING_POP_1(HDR)
#define PATH_TRACING_POP_2(HDR)
#define PATH_TRACING_POP_3(HDR)
#define PUSHED_PATH_TRACING_INSTANCES
#define PUSHED_PATH_TRACING_EMIT
#define PUSHED_TLV_INSTANCES
#define PUSHED_TLV_EMIT
#define MOVE_PATH_TRACING
#define HOP_BY_HOP_STATE(N) options_##N
#define HOP_BY_HOP_STATES_0
#define HOP_BY_HOP_STATES_1
#define HOP_BY_HOP_STATES_2
#define HOP_BY_HOP_STATES_3
#define HOP_BY_HOP_STATES_4
#endif

// The walk of options (extension.p4) meets them inverted. The first marking of a packet counts.
#ifdef WITH_ALTERNATE_MARKING
#define OPTION_MARKING 0xEDFB0000000000000000000000000000 &&& 0xFFFF0000000000000000000000000000
#define MARKING_CASE(N) (_, OPTION_MARKING): marking_##N;
#define MARKING_STATE(N, HEADER)                                                             \
    state marking_##N {                                                                      \
        transition select(md.unusual) {                                                      \
            UNUSUAL_MARKING &&& UNUSUAL_MARKING: skip_option_##N;                            \
            default:                             take_marking_##N;                           \
        }                                                                                    \
    }                                                                                        \
    state take_marking_##N {                                                                 \
        BEGIN(TELEMETRY)                                                                     \
        TELEMETRY.flow_mon_id = ~VERDICT.options[111:92];                                    \
        TELEMETRY.loss = ~VERDICT.options[91:91];                                            \
        TELEMETRY.delay = ~VERDICT.options[90:90];                                           \
        TELEMETRY.marking_offset = ((bit<32>)hdr.extension_##N.hdr_ext_len << 3) + 6 - length; \
        TELEMETRY.marking_header = HEADER;                                                   \
        md.unusual = md.unusual | UNUSUAL_MARKING;                                           \
        transition skip_option_##N;                                                          \
    }
#else
#define MARKING_CASE(N)
#define MARKING_STATE(N, HEADER)
#endif
#define MARKING_STATE_0 MARKING_STATE(0, hdr.ipv6.next_header)
#define MARKING_STATE_1 MARKING_STATE(1, IP_PROTO_DSTOPTS)
#define MARKING_STATE_2 MARKING_STATE(2, IP_PROTO_DSTOPTS)
#define MARKING_STATE_3 MARKING_STATE(3, IP_PROTO_DSTOPTS)

#endif  // SRV6_CORE_WIRE_TELEMETRY_P4_

#ifdef PARSER_STATES
#ifdef WITH_PATH_TRACING
    state path_tracing {
        BEGIN(VERDICT)
        pkt.extract(hdr.extension_0, 0);
        md.unusual = md.unusual | UNUSUAL_EXTENSION;
        md.extension_length = 8 + ((bit<16>)hdr.extension_0.hdr_ext_len << 3);
        pkt.extract(hdr.mcd_stack);
        transition select(hdr.extension_0.hdr_ext_len) {
            4:       after_0;
            5:       path_tracing_and_8;
            default: path_tracing_and_more;
        }
    }

    // What stands behind the stack is walked like the options of any header. The 8 octets of the shortest rest are
    // looked at alone, since 16 might be more than the packet has.
    state path_tracing_and_8 {
        BEGIN(TELEMETRY)
        TELEMETRY.eight = pkt.lookahead<bit<64>>();
        VERDICT.options = ~(TELEMETRY.eight ++ ~64w0);
        length = 64;
        transition path_tracing_options;
    }

    state path_tracing_and_more {
        VERDICT.options = pkt.lookahead<bit<128>>();
        VERDICT.options = ~VERDICT.options;
        length = ((bit<32>)hdr.extension_0.hdr_ext_len << 6) - 256;
        transition path_tracing_options;
    }

    state path_tracing_options {
        pkt.extract(hdr.behind_mcd_stack, length);
        length = ((bit<32>)hdr.extension_0.hdr_ext_len << 3) - 32;
        transition next_option_0;
    }
#endif
#endif  // PARSER_STATES
