// SPDX-License-Identifier: Apache-2.0
// The parts of replicate.p4 that copies of packets have (core/router/copies.p4).
#ifndef SRV6_ARCH_V1MODEL_REPLICATE_PACKET_P4_
#define SRV6_ARCH_V1MODEL_REPLICATE_PACKET_P4_

#define PACKET_COPY_CONTROLS packet_copy() copies;

// The options in front of the SRH, and the O flag, have been seen to in the pass before.
#define SEEN_TO_BEFORE (UNUSUAL_OPTION | UNUSUAL_O_FLAG)
#define RESUME_PACKET_COPY_ACTIONS                                          \
    action resume_packet_copy() {                                           \
        md.unusual = md.unusual & ~SEEN_TO_BEFORE | UNUSUAL_COPY;           \
        md.origin = ORIGIN_ADVANCED;                                        \
    }                                                                       \
    action resume_in_context() {                                            \
        md.unusual = md.unusual & ~SEEN_TO_BEFORE | UNUSUAL_COPY;           \
        md.origin = ORIGIN_RECEIVED;                                        \
        CARRIED_IN_CONTEXT = 0;                                             \
    }
#define RESUME_PACKET_COPY                  \
    if (CARRIED_IN_CONTEXT == 1) {          \
        resume_in_context();                \
    } else if (IS_COPY_OF_PACKET) {         \
        resume_packet_copy();               \
        copies.apply(THE_PACKET);           \
    } else {                                \
        resume_frame();                     \
    }

// The policy counts what it sprays; its copies are counted by the numbers of its lists.
#define COUNT_SPRAYED                       \
    if (hdr.headend.isValid()) {            \
        set_policy_cell();                  \
        count_policy();                     \
    }

#endif  // SRV6_ARCH_V1MODEL_REPLICATE_PACKET_P4_
