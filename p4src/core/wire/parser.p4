// SPDX-License-Identifier: Apache-2.0
// Parser and deparser, put together from the files of this folder.
//
//   ethernet [vlan] ipv6 [extension_0..3] [srh before next after] [frame | ipv6 | ipv4] [l4]
//
// Nothing is rejected here: where the walk stops the rest of the packet is payload, and a router that is not the
// destination forwards it as it is (END-15). verify() is not used for the same reason. Of a frame
// inside IPv6 the first bytes are parsed where the profile has behaviours for frames; what it carries is payload, and
// so is what GTP-U carries (gtp.p4).
#ifndef SRV6_CORE_WIRE_PARSER_P4_
#define SRV6_CORE_WIRE_PARSER_P4_

parser srv6_parser(packet_in pkt, out headers_t hdr, inout local_metadata_t md PARSER_INTRINSIC) {
    bit<32> peek;    // the first bytes of an extension header: next header, length, routing type, Segments Left
    bit<32> length;  // of a varbit, bits

    PARSER_START   // the target's first states; they lead to parse_packet_out or parse_ethernet

#define PARSER_STATES
#include "packet_io.p4"
#include "link.p4"
#include "ip.p4"
#include "extension.p4"
#include "csid.p4"
#include "telemetry.p4"
#include "srh.p4"
#include "hmac.p4"
#include "frame.p4"
#include "gtp.p4"
#include "nsh.p4"
#undef PARSER_STATES
}

control srv6_deparser(packet_out pkt, in headers_t hdr) {
    apply {
        PACKET_IO_EMIT
        LINK_EMIT
        PUSHED_EMIT
        pkt.emit(hdr.ipv6);
        EXTENSION_EMIT
        SRH_EMIT
        HMAC_SRH_EMIT
        GTP_PUSHED_EMIT
        NSH_EMIT
        FRAME_EMIT
        INNER_IP_EMIT
        GTP_EMIT
    }
}

#endif  // SRV6_CORE_WIRE_PARSER_P4_
