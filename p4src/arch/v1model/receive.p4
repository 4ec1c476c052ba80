// SPDX-License-Identifier: Apache-2.0
// By which way a packet came: from a wire, from the control plane, or from this pipeline. The parser has taken over what
// v1model says of a frame from a wire (arch.p4, state from_wire).
#ifndef SRV6_ARCH_V1MODEL_RECEIVE_P4_
#define SRV6_ARCH_V1MODEL_RECEIVE_P4_

control receive(inout headers_t hdr, inout local_metadata_t md, inout standard_metadata_t standard_metadata) {
    admit() admission;

    action set_checksum_error() {
        md.checksum_error = 1;
    }
    action as_received() {
        md.ingress_port = hdr.packet_out.ingress_port;
        md.frame_length = standard_metadata.packet_length - PACKET_OUT_LENGTH;
        hdr.packet_out.setInvalid();
    }
    // The frame leaves by the port that the control plane names, as it is.
    action send() {
        md.egress_port = hdr.packet_out.egress_port;
        md.fate = FATE_TRANSMIT;
        hdr.packet_out.setInvalid();
    }
    action route_own() {
        md.ingress_port = CPU_PORT;
        md.vrf_id = hdr.packet_out.vrf_id;
        md.frame_length = standard_metadata.packet_length;
        md.hop_limit_done = 1;
        hdr.packet_out.setInvalid();
    }
    action refuse() {
        md.fate = FATE_DROP;
        md.drop_reason = drop_reason_t.PACKET_OUT_INVALID;
        hdr.packet_out.setInvalid();
    }
    action route_again() {
        md.frame_length = standard_metadata.packet_length;
    }

    action keep_hop_limit() {
        md.hop_limit_done = 1;
    }

    apply {
        if (hdr.ipv4.isValid() && standard_metadata.checksum_error == 1) {
            set_checksum_error();
        }
        if (hdr.packet_out.isValid() && hdr.packet_out.submit_to_ingress == 1 && hdr.packet_out.as_received == 1) {
            as_received();
        }
        if (hdr.packet_out.isValid() || md.passes != 0) {
            if (!hdr.packet_out.isValid()) {
                route_again();
                if (md.ingress_port == CPU_PORT) {
                    keep_hop_limit();
                }
            } else if (hdr.packet_out.submit_to_ingress == 0) {
                send();
            } else if (hdr.ipv6.isValid() || (md.l3 == L3_IPV4 && hdr.ipv4.isValid())) {
                route_own();
            } else {
                refuse();
            }
        } else {
            admission.apply(hdr, md);
        }
    }
}

#endif  // SRV6_ARCH_V1MODEL_RECEIVE_P4_
