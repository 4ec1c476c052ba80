// SPDX-License-Identifier: Apache-2.0
// Work on each copy behind the traffic manager: the packet-in header, recirculation.
#ifndef SRV6_ARCH_V1MODEL_EGRESS_P4_
#define SRV6_ARCH_V1MODEL_EGRESS_P4_

control srv6_egress(PACKET) {
    action add_packet_in() {
        hdr.packet_in.setValid();
        hdr.packet_in.reason = md.carried[119:112];
        hdr.packet_in.ingress_port = md.carried[111:103];
        hdr.packet_in.pad0 = 0;
        hdr.packet_in.vrf_id = md.carried[95:80];
        hdr.packet_in.offset = md.carried[79:64];
        hdr.packet_in.pointer = md.carried[63:48];
        hdr.packet_in.mtu = md.carried[47:32];
        hdr.packet_in.egress_port = md.carried[31:23];
        hdr.packet_in.pad1 = 0;
        hdr.packet_in.nexthop_id = md.carried[15:0];
    }
    // A clone was parsed anew, and of a frame from the control plane that was a packet_out header in the first pass
    // only: the parser, which knows the first ingress port only, has taken the first bytes of a later pass for one,
    // so they are emitted again as they were.
    action remove_packet_out() {
        hdr.packet_out.setInvalid();
    }
    OAM_EGRESS_ACTIONS
    PATH_TRACING_CONTROLS
    action recirculate_packet() {
        CARRY_REPLICA
        recirculate_preserving_field_list(FIELD_LIST_CARRIED);
    }
    apply {
        if (standard_metadata.egress_port >= RECIRCULATION_PORT) {
            if (standard_metadata.egress_port == RECIRCULATION_PORT) {
                recirculate_packet();
            } else {
                add_packet_in();
                if (hdr.packet_out.isValid() && md.carried[96:96] == 0) {
                    remove_packet_out();
                }
                OAM_EGRESS
            }
        } PATH_TRACING_EGRESS
    }
}

#endif  // SRV6_ARCH_V1MODEL_EGRESS_P4_
