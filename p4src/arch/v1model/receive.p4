// SPDX-License-Identifier: Apache-2.0
// By which way a packet came: from a wire, from the control plane, or from this pipeline. Behind it intrinsic
// metadata says of each what it says of a packet from a wire.
#ifndef SRV6_ARCH_V1MODEL_RECEIVE_P4_
#define SRV6_ARCH_V1MODEL_RECEIVE_P4_

// What a recirculated packet takes along in md.carried. No interface: its filters and its policy have been applied.
// But a packet that was inside another one has met no filter: those of the interface that the tunnel came by are its
// own. What a policy has pushed is this node's word, and passes.
#define FILTERS 5   // UNUSUAL_EXTERNAL, UNUSUAL_CHECK_SOURCE
#define CARRY_INTO_LATER_PASS(PASSES)                                                                            \
    md.carried = OAM_CARRIED ++ (bit<1>)(md.origin == ORIGIN_DECAPSULATED && !IS_PUSHED)                         \
                 ++ (CARRIED_FILTERS | md.unusual[2:0] & FILTERS) ++ IS_PADDED                                   \
                 ++ (PASSES) ++ INGRESS_PORT ++ md.vrf_id;
#define CARRIED_DECAPSULATED md.carried[37:37]
#define CARRIED_FILTERS      md.carried[36:34]
#define CARRIED_PADDING      md.carried[33:33]
#define CARRIED_PASSES       md.carried[32:25]
#define CARRIED_INGRESS_PORT md.carried[24:16]
#define CARRIED_VRF_ID       md.carried[15:0]

control receive(PACKET) {
    VERDICTS
    admit() admission;
    HMAC_PASS_CONTROLS
    PACKET_COPY_CONTROLS

    // As if it had arrived by the port that the control plane names.
    action as_received() {
        INGRESS_PORT = hdr.packet_out.ingress_port;
        FRAME_LENGTH = FRAME_LENGTH - PACKET_OUT_LENGTH;
        hdr.packet_out.setInvalid();
    }
    // Its options are to be skipped, all of them: the control plane has looked.
    action forget_options() {
        md.unusual = md.unusual & ~UNUSUAL_OPTION;
    }
    // The frame leaves by the port that the control plane names, as it is.
    action send() {
        transmit(hdr.packet_out.egress_port);
        hdr.packet_out.setInvalid();
    }
    action route_own() {
        md.vrf_id = hdr.packet_out.vrf_id;
        md.origin = ORIGIN_OWN;
        hdr.packet_out.setInvalid();
    }
    action refuse_packet_out() {
        refuse(drop_reason_t.PACKET_OUT_INVALID);
        hdr.packet_out.setInvalid();
    }
    action resume() {
        INGRESS_PORT = CARRIED_INGRESS_PORT;
        md.vrf_id = CARRIED_VRF_ID;
        md.unusual = md.unusual | (unusual_t)CARRIED_PADDING << 13;
    }
    action filter_what_was_inside() {
        md.unusual = md.unusual | (unusual_t)CARRIED_FILTERS;
    }
    action resume_own() {
        md.origin = ORIGIN_OWN;
    }
    HMAC_RESUME_ACTIONS
    NSH_RESUME_ACTION

    RESUME_COPY_ACTION

    apply {
        if (hdr.packet_out.isValid() && hdr.packet_out.submit_to_ingress == 1 && hdr.packet_out.as_received == 1) {
            if (hdr.packet_out.flags == PACKET_OUT_OPTIONS_WALKED) {
                forget_options();
            }
            as_received();
        }
        if (md.carried == 0 && !hdr.packet_out.isValid()) {
            admission.apply(THE_PACKET);
        } else if (!hdr.packet_out.isValid()) {
            resume();
            if (CARRIED_DECAPSULATED == 1) {
                filter_what_was_inside();
            }
            if (INGRESS_PORT == CPU_PORT) {
                resume_own();
            }
            RESUME_COPY
            HMAC_RESUME
            NSH_RESUME
            HMAC_PASS
        } else if (hdr.packet_out.submit_to_ingress == 0) {
            send();
        } else if (hdr.ipv6.isValid() || hdr.ipv4.isValid()) {
            route_own();
        } else {
            refuse_packet_out();
        }
    }
}

#endif  // SRV6_ARCH_V1MODEL_RECEIVE_P4_
