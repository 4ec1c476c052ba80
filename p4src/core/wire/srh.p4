// SPDX-License-Identifier: Apache-2.0
// The segment routing header (RFC 8754 2), cut where an endpoint needs it, whatever its length: fixed part, the
// segments before the next one, the next one, and the rest with the TLVs. What is varbit stays in here and in the
// shim (srh.p4 of the target), so that a target with a stack of SIDs replaces these states and the shim's macros.
//
// A profile whose behaviours read more than the next segment defines WITH_SRH_LIST: Segment List[0] and [SL] are then
// cut out as well, and [0] of an exhausted SRH (extension.p4). They are read through the macros of the shim.
#ifndef SRV6_CORE_WIRE_SRH_P4_
#define SRV6_CORE_WIRE_SRH_P4_

const bit<8> ROUTING_TYPE_SRH = 4;
const bit<8> SRH_FLAG_O       = 0x20;   // RFC 9259 2.1

// The fixed part, with Segments Left > 0.
header srh_t {
    bit<8>  next_header;
    bit<8>  hdr_ext_len;
    bit<8>  routing_type;
    bit<8>  segments_left;
    bit<8>  last_entry;
    bit<8>  flags;
    bit<16> tag;
}

// A run of an SRH that is carried, not read.
header srh_run_t {
    varbit<16320> octets;
}

// One entry of a Segment List.
header srh_segment_t {
    ipv6_addr_t sid;
}

#ifdef WITH_SRH_LIST
#define SRH_INSTANCES                                                                       \
    srh_t         srh;                                                                      \
    srh_segment_t srh_first;    /* Segment List[0], where it is not the next one: SL > 1 */ \
    srh_run_t     srh_before;   /* Segment List[1] .. [SL-2] */                             \
    srh_segment_t srh_next;     /* Segment List[SL-1] */                                    \
    srh_segment_t srh_current;  /* Segment List[SL], where there is one: SL <= LE */        \
    srh_run_t     srh_after;    /* what follows, to [LE], and TLVs */
#define SRH_EMIT               \
    pkt.emit(hdr.srh);         \
    pkt.emit(hdr.srh_first);   \
    pkt.emit(hdr.srh_before);  \
    pkt.emit(hdr.srh_next);    \
    pkt.emit(hdr.srh_current); \
    pkt.emit(hdr.srh_after);
#else
#define SRH_INSTANCES                                           \
    srh_t         srh;                                          \
    srh_run_t     srh_before;   /* Segment List[0] .. [SL-2] */ \
    srh_segment_t srh_next;     /* Segment List[SL-1] */        \
    srh_run_t     srh_after;    /* Segment List[SL] .. [LE] and TLVs */
#define SRH_EMIT              \
    pkt.emit(hdr.srh);        \
    pkt.emit(hdr.srh_before); \
    pkt.emit(hdr.srh_next);   \
    pkt.emit(hdr.srh_after);
#endif

// What follows the fixed part, by Segments Left; with C-SIDs by the destination, too (csid.p4). FLAGS: what stands for
// the flags where they are a key.
#ifndef WITH_CSID
#define SRH_KEYS hdr.srh.segments_left
#define ANY_SRH _
#ifdef WITH_SRH_LIST
#define SRH_CASES(FLAGS)                                           \
            (1 FLAGS): parse_srh_last;                             \
            (2 FLAGS): parse_srh_none_between;                     \
            default:   parse_srh_between;
#else
#define SRH_CASES(FLAGS)                                           \
            (1 FLAGS): parse_srh_last;                             \
            (2 FLAGS): parse_srh_one_before;                       \
            default:   parse_srh_before;
#endif
#endif

// What is behind an SRH with segments left is a payload, but for behaviours that take it out all the same.
#if defined(WITH_SERVICES) || defined(WITH_NSH)
#define BEHIND_SRH behind_srh
#else
#define BEHIND_SRH accept
#endif

#endif  // SRV6_CORE_WIRE_SRH_P4_

#ifdef PARSER_STATES
    // With the O flag (RFC 9259 2.1) a packet is not a usual one.
#ifdef WITH_OAM
#define ANY_FLAGS , _
    state parse_srh {
        pkt.extract(hdr.srh);
        transition select(SRH_KEYS, hdr.srh.flags) {
            (ANY_SRH, SRH_FLAG_O &&& SRH_FLAG_O): mark_o_flag;
            SRH_CASES(ANY_FLAGS)
        }
    }

    state mark_o_flag {
        md.unusual = md.unusual | UNUSUAL_O_FLAG;
        transition select(SRH_KEYS) {
            SRH_CASES()
        }
    }
#else
    state parse_srh {
        pkt.extract(hdr.srh);
        transition select(SRH_KEYS) {
            SRH_CASES()
        }
    }
#endif

    // A length is computed in one of two states and used in a third: in one state, or in two that follow each other
    // only, p4c keeps it in a temporary, which is cleared for every packet.
#ifdef WITH_SRH_LIST
    // Segment List[0] is the next one.
    state parse_srh_last {
        pkt.extract(hdr.srh_next);
        length = (bit<32>)hdr.srh.last_entry - 1;
        transition parse_srh_behind_next;
    }

    state parse_srh_none_between {
        length = 0;
        transition parse_srh_next;
    }

    state parse_srh_between {
        length = (bit<32>)(hdr.srh.segments_left - 2) << 7;
        transition parse_srh_next;
    }

    state parse_srh_next {
        pkt.extract(hdr.srh_first);
        pkt.extract(hdr.srh_before, length);
        pkt.extract(hdr.srh_next);
        length = (bit<32>)hdr.srh.last_entry - (bit<32>)hdr.srh.segments_left;
        transition parse_srh_behind_next;
    }

    // Last Entry less Segments Left: negative for a reduced SRH, whose list ends before Segment List[SL].
    state parse_srh_behind_next {
        transition select(length) {
            0x80000000 &&& 0x80000000: parse_srh_reduced;
            default:                   parse_srh_current;
        }
    }

    state parse_srh_reduced {
        length = ((bit<32>)hdr.srh.hdr_ext_len << 6) - ((bit<32>)hdr.srh.segments_left << 7);
        transition parse_srh_after;
    }

    state parse_srh_current {
        pkt.extract(hdr.srh_current);
        length = ((bit<32>)hdr.srh.hdr_ext_len << 6) - ((bit<32>)hdr.srh.segments_left << 7) - 128;
        transition parse_srh_after;
    }
#else
    // Segment List[0] is the next one.
    state parse_srh_last {
        pkt.extract(hdr.srh_next);
        length = ((bit<32>)hdr.srh.hdr_ext_len << 6) - 128;
        transition parse_srh_after;
    }

    state parse_srh_one_before {
        length = 128;
        transition parse_srh_next;
    }

    state parse_srh_before {
        length = (bit<32>)(hdr.srh.segments_left - 1) << 7;
        transition parse_srh_next;
    }

    state parse_srh_next {
        pkt.extract(hdr.srh_before, length);
        pkt.extract(hdr.srh_next);
        length = ((bit<32>)hdr.srh.hdr_ext_len << 6) - ((bit<32>)hdr.srh.segments_left << 7);
        transition parse_srh_after;
    }
#endif

    // Where Segments Left points outside the header (SL > HEL / 2) the length is out of all range: srh_after is not
    // extracted, which is how an endpoint knows. (With WITH_SRH_LIST also where Last Entry alone does.)
    state parse_srh_after {
        pkt.extract(hdr.srh_after, length);
        transition select(hdr.srh_next.sid) {
            NO_SCOPE:    mark_next_segment;
            IPV4_MAPPED: mark_next_segment;
            default:     BEHIND_SRH;
        }
    }

    state mark_next_segment {
        md.unusual = md.unusual | UNUSUAL_NEXT_SEGMENT;
        transition BEHIND_SRH;
    }

#if defined(WITH_SERVICES) || defined(WITH_NSH)
    // A proxy takes out what is behind an SRH whatever its Segments Left is (sid/proxy.p4), End.NSH the NSH.
    state behind_srh {
        transition select(hdr.srh.next_header) {
#ifdef WITH_SERVICES
            IP_PROTO_IPV4: parse_ipv4;
            IP_PROTO_IPV6: parse_inner_ipv6;
            FRAME_STATE
#endif
            NSH_STATE
            default:       accept;
        }
    }
#endif
#endif  // PARSER_STATES
