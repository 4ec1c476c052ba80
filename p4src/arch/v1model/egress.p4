// SPDX-License-Identifier: Apache-2.0
// Work on each copy behind the traffic manager: the packet-in header, recirculation.
#ifndef SRV6_ARCH_V1MODEL_EGRESS_P4_
#define SRV6_ARCH_V1MODEL_EGRESS_P4_

control srv6_egress(inout headers_t hdr, inout local_metadata_t md, inout standard_metadata_t standard_metadata) {
    action add_packet_in() {
        hdr.packet_in.setValid();
        hdr.packet_in.reason = md.punt_reason;
        hdr.packet_in.ingress_port = md.ingress_port;
        hdr.packet_in.pad0 = 0;
        hdr.packet_in.vrf_id = md.vrf_id;
        hdr.packet_in.offset = md.offset;
        hdr.packet_in.pointer = md.pointer;
        hdr.packet_in.mtu = md.mtu;
        hdr.packet_in.egress_port = md.egress_port;
        hdr.packet_in.pad1 = 0;
        hdr.packet_in.nexthop_id = md.nexthop_id;
    }
    // A clone was parsed anew. In a later pass no packet_out header is in front of the frame, though the parser, which
    // knows the first ingress port only, took its first bytes for one: they are emitted again as they were.
    action remove_packet_out() {
        hdr.packet_out.setInvalid();
    }
    action recirculate_packet() {
        recirculate_preserving_field_list(FIELD_LIST_RECIRCULATE);
    }
    apply {
        if (standard_metadata.egress_port >= RECIRCULATION_PORT) {
            if (standard_metadata.egress_port == RECIRCULATION_PORT) {
                recirculate_packet();
            } else {
                add_packet_in();
                if (md.passes == 0) {
                    remove_packet_out();
                }
            }
        }
    }
}

#endif  // SRV6_ARCH_V1MODEL_EGRESS_P4_
