// SPDX-License-Identifier: Apache-2.0
// What a REPLACE-C-SID (sid/csid_replace.p4) reads of an SRH besides the next segment: Segment List[SL], the container
// that its Index points into. The parser knows no SIDs; but an Index is in the last bits of the destination, and most
// SIDs have zeros there. So the segment is read for a destination that might have an Index, and nothing is cut
// differently: it is copied into lazy state on the way. What others pay is the destination in one select for an SRH
// with segments left.
#ifndef SRV6_CORE_WIRE_CSID_P4_
#define SRV6_CORE_WIRE_CSID_P4_

#ifdef WITH_CSID
// Three bits hold the Index of any container that there is (RFC 9800 4.2).
#define NO_INDEX 0 &&& 7

// Segments left: parse_srh (srh.p4) goes to the states below, which come back to parse_srh_after.
#define SRH_KEYS hdr.srh.segments_left, hdr.ipv6.dst_addr
#define ANY_SRH _, _
#define SRH_CASES(FLAGS)                                           \
            (1, NO_INDEX FLAGS): parse_srh_last;                   \
            (2, NO_INDEX FLAGS): parse_srh_one_before;             \
            (_, NO_INDEX FLAGS): parse_srh_before;                 \
            (1, _ FLAGS):        index_srh_last;                   \
            (2, _ FLAGS):        index_srh_one_before;             \
            default:             index_srh_before;

// No segment left: the SRH is one extension header among others. The first one counts (RP-3): Segment List[0] is copied
// between the 8 bytes of its slot and the rest of it, which has a header of its own: what is behind 8 bytes cannot be
// looked at otherwise. In an SRH without room for a segment everything is taken for a C-SID (RP-12): Last Entry is then
// wrong.
#define SELECT_BY_INDEX(N)                                                                               \
        transition select(peek, hdr.ipv6.dst_addr, md.unusual) {                                         \
            (_, NO_INDEX, _):                                take_##N;                                   \
            (_, _, UNUSUAL_EXHAUSTED &&& UNUSUAL_EXHAUSTED): take_##N;                                   \
            (0x00000400 &&& 0x00FEFF00, _, _):               index_no_segment_##N;                       \
            (0x00000400 &&& 0x0000FF00, _, _):               index_segment_##N;                          \
            default:                                         take_##N;                                   \
        }
// The length of the chain is told before what may not be there is read: it is then longer than the packet.
#define INDEX_STATES(N)                                                                                  \
    state index_no_segment_##N {                                                                         \
        BEGIN(CSID)                                                                                      \
        CSID.exhausted = IPV6_ALL_ONES;                                                                  \
        CSID.exhausted_length = 0;                                                                       \
        CSID.exhausted_at = md.extension_length;                                                         \
        md.unusual = md.unusual | UNUSUAL_EXHAUSTED;                                                     \
        transition take_##N;                                                                             \
    }                                                                                                    \
    state index_segment_##N {                                                                            \
        BEGIN(CSID)                                                                                      \
        pkt.extract(hdr.extension_##N, 0);                                                               \
        CSID.exhausted_length = hdr.extension_##N.hdr_ext_len;                                           \
        CSID.exhausted_last_entry = hdr.extension_##N.data[31:24];                                       \
        CSID.exhausted_at = md.extension_length;                                                         \
        md.unusual = md.unusual | UNUSUAL_EXTENSION;                                                     \
        md.extension_length = md.extension_length + 8 + (bit<16>)(length >> 3);                          \
        CSID.exhausted = pkt.lookahead<bit<128>>();                                                      \
        md.unusual = md.unusual | UNUSUAL_EXHAUSTED;                                                     \
        pkt.extract(hdr.exhausted_##N, length);                                                          \
        AFTER_TAKEN(N)                                                                                   \
    }
#else
#define SELECT_BY_INDEX(N) transition take_##N;
#define INDEX_STATES(N)
#endif

#endif  // SRV6_CORE_WIRE_CSID_P4_

#ifdef PARSER_STATES
#ifdef WITH_CSID
    // The states of srh.p4, and Segment List[SL] where there is one: Segments Left is not above Last Entry. Where an
    // SRH lies about its length the copy may fail: then srh_after is not there, as in srh.p4.
    state index_srh_last {
        pkt.extract(hdr.srh_next);
        length = (bit<32>)hdr.srh.last_entry - 1;
        transition index_current;
    }

    state index_srh_one_before {
        length = 128;
        transition index_srh_next;
    }

    state index_srh_before {
        length = (bit<32>)(hdr.srh.segments_left - 1) << 7;
        transition index_srh_next;
    }

    state index_srh_next {
        pkt.extract(hdr.srh_before, length);
        pkt.extract(hdr.srh_next);
        length = (bit<32>)hdr.srh.last_entry - (bit<32>)hdr.srh.segments_left;
        transition index_current;
    }

    state index_current {
        transition select(length) {
            0x80000000 &&& 0x80000000: index_behind_next;
            default:                   copy_current;
        }
    }

    state copy_current {
        BEGIN(CSID)
        CSID.current = pkt.lookahead<bit<128>>();
        transition index_behind_next;
    }

    state index_behind_next {
        length = ((bit<32>)hdr.srh.hdr_ext_len << 6) - ((bit<32>)hdr.srh.segments_left << 7);
        transition parse_srh_after;
    }
#endif
#endif  // PARSER_STATES
