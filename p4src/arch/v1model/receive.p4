// SPDX-License-Identifier: Apache-2.0
// From v1model's metadata to the core's: by which way a packet came, and what the parser thought of it.
#ifndef SRV6_ARCH_V1MODEL_RECEIVE_P4_
#define SRV6_ARCH_V1MODEL_RECEIVE_P4_

control receive(inout headers_t hdr, inout local_metadata_t md, inout standard_metadata_t standard_metadata) {
    admit() admission;

    action from_wire() {
        md.ingress_port = standard_metadata.ingress_port;
        md.frame_length = (bit<16>)standard_metadata.packet_length;
    }
    action set_header_error() {
        md.header_error = 1;
    }
    action set_checksum_error() {
        md.checksum_error = 1;
    }
    action as_received() {
        md.ingress_port = hdr.packet_out.ingress_port;
        md.frame_length = (bit<16>)standard_metadata.packet_length - PACKET_OUT_LENGTH;
        hdr.packet_out.setInvalid();
    }
    // The frame leaves by the port that the control plane names, as it is.
    action send() {
        md.egress_port = hdr.packet_out.egress_port;
        md.transmit = 1;
        hdr.packet_out.setInvalid();
    }
    action route_own(l3_kind_t l3) {
        md.ingress_port = CPU_PORT;
        md.vrf_id = hdr.packet_out.vrf_id;
        md.l3 = l3;
        md.from_cpu = 1;
        md.hop_limit_done = 1;
        hdr.packet_out.setInvalid();
    }
    action refuse() {
        md.drop_reason = drop_reason_t.PACKET_OUT_INVALID;
        hdr.packet_out.setInvalid();
    }
    action route_again(l3_kind_t l3) {
        md.l3 = l3;
        md.hop_limit_done = md.from_cpu;
    }

    apply {
        if (standard_metadata.parser_error != error.NoError) {
            set_header_error();
        }
        if (standard_metadata.checksum_error == 1) {
            set_checksum_error();
        }
        bool arrived = false;
        if (hdr.packet_out.isValid()) {
            if (hdr.packet_out.submit_to_ingress == 0) {
                send();
            } else if (hdr.packet_out.as_received == 1) {
                as_received();
                arrived = true;
            } else if (hdr.ipv6.isValid()) {
                route_own(L3_IPV6);
            } else if (hdr.ipv4.isValid()) {
                route_own(L3_IPV4);
            } else {
                refuse();
            }
        } else if (md.passes == 0) {
            from_wire();
            arrived = true;
        } else if (hdr.ipv6.isValid()) {
            route_again(L3_IPV6);
        } else {
            route_again(L3_IPV4);
        }
        if (arrived) {
            admission.apply(hdr, md);
        }
    }
}

#endif  // SRV6_ARCH_V1MODEL_RECEIVE_P4_
