// SPDX-License-Identifier: Apache-2.0
// The cut of core/wire with WITH_SRH_LIST, and nothing else: what the macros of the shim read of an SRH goes into a
// report in front of the frame. This top is a shim of its own, so that no other file of p4src is part of it.
//
//   port 1: the frame as it is   2: advanced (SRH_ADVANCE)   3: advanced, and the SRH taken out (SRH_POP)
#include <core.p4>
#include <v1model.p4>

#define WITH_SRH_LIST

#define LAZY_STATE header
#define LAZY_STATE_IN_METADATA
#define HEADEND_METADATA
#define HEADEND_STATE
#define REPLICA_STATE
#define SERVICE_UNUSUAL_OF_PARSER 0
#define UNUSUAL_OF_NEXT_SEGMENT   0x4000
#define BEGIN(STATE) STATE.setValid();
#define VERDICT      hdr.verdict
#define LAZY_STATE_IN_HEADERS \
    verdict_state_t verdict;  \
    report_t        report;
#define PARSER_INTRINSIC , inout standard_metadata_t standard_metadata
#define PARSER_START state start { transition parse_ethernet; }

#include "core/types.p4"
#include "core/wire/packet_io.p4"
#include "core/wire/link.p4"
#include "core/wire/ip.p4"
#include "core/wire/csid.p4"
#include "core/wire/extension.p4"
#include "core/wire/srh.p4"
#include "core/wire/hmac.p4"
#include "core/wire/frame.p4"
#include "core/wire/gtp.p4"
#include "core/wire/pushed.p4"
#include "core/wire/telemetry.p4"
#include "core/wire/nsh.p4"
#include "core/state.p4"

// Which of the fields hold something, then the fields.
header report_t {
    bit<4>      pad;
    bit<1>      has_srh;
    bit<1>      has_current;
    bit<1>      has_exhausted;
    bit<1>      complete;        // all of the SRH is there: srh_after
    ipv6_addr_t first;           // Segment List[0]
    ipv6_addr_t next;            // [SL-1]
    ipv6_addr_t current;         // [SL]
    ipv6_addr_t exhausted;       // [0] of an exhausted SRH
    bit<16>     extension_length;
}

#include "core/wire/headers.p4"
#include "core/wire/parser.p4"
#include "arch/v1model/srh.p4"

control read_and_move(inout headers_t hdr, inout local_metadata_t md, inout standard_metadata_t standard_metadata) {
    action begin() {
        standard_metadata.egress_spec = 9;
        hdr.report.setValid();
        hdr.report = { 0, 0, 0, 0, 0, 0, 0, 0, 0, md.extension_length };
    }
    action read_srh() {
        hdr.report.has_srh = 1;
        hdr.report.next = SRH_NEXT_SEGMENT(hdr);
    }
    action read_current() {
        hdr.report.has_current = 1;
        hdr.report.current = SRH_CURRENT_SEGMENT(hdr);
    }
    action set_exhausted() {
        hdr.report.has_exhausted = 1;
    }
    action set_complete() {
        hdr.report.complete = 1;
    }
    action advance() {
        SRH_ADVANCE(hdr)
    }
    action pop() {
        SRH_POP(hdr)
    }

    apply {
        begin();
        if (hdr.srh.isValid()) {
            read_srh();
            SRH_READ_FIRST_SEGMENT(hdr, hdr.report.first)
            if (SRH_HAS_CURRENT_SEGMENT(hdr)) {
                read_current();
            }
            if (hdr.srh_after.isValid()) {
                set_complete();
            }
        }
        if (EXHAUSTED_SRH_HAS_SEGMENT(hdr)) {
            set_exhausted();
            EXHAUSTED_SRH_READ_SEGMENT(hdr, hdr.report.exhausted)
        }
        if (hdr.srh.isValid() && standard_metadata.ingress_port >= 2) {
            advance();
            if (standard_metadata.ingress_port == 3) {
                pop();
            }
        }
    }
}

control no_checksum(inout headers_t hdr, inout local_metadata_t md) {
    apply { }
}

control no_egress(inout headers_t hdr, inout local_metadata_t md, inout standard_metadata_t standard_metadata) {
    apply { }
}

control report_and_frame(packet_out pkt, in headers_t hdr) {
    srv6_deparser() frame;

    apply {
        pkt.emit(hdr.report);
        frame.apply(pkt, hdr);
    }
}

V1Switch(srv6_parser(), no_checksum(), read_and_move(), no_egress(), no_checksum(), report_and_frame()) main;
