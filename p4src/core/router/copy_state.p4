// SPDX-License-Identifier: Apache-2.0
// Copies of packets (router/copies.p4): what tells them from copies of frames, and from packets that came by a wire.
#ifndef SRV6_CORE_ROUTER_COPY_STATE_P4_
#define SRV6_CORE_ROUTER_COPY_STATE_P4_

// Replicas with this bit are of packets, the others of frames (router/bridge.p4).
#define IS_COPY_OF_PACKET VERDICT.replica_id[15:15] == 1

// With UNUSUAL_COPY. Nobody is asked for a neighbour because of it, since the packet that the control
// plane sends again would be copied again; and nobody is told of it but who may be told of a multicast packet, that
// it is too big (RFC 9524 2.2.3; RFC 4443 2.4 e). What was inside it is a packet like others.
#define COPIES_TELL_NOBODY                                                                               \
    else if (md.unusual & UNUSUAL_COPY != 0 && md.next == FATE_DROP && md.origin != ORIGIN_DECAPSULATED  \
             && VERDICT.punt_reason != punt_reason_t.PACKET_TOO_BIG) {                                   \
        tell_nobody();                                                                                   \
    }

// A copy for this node itself that no SID takes, since its context is none here, goes no further. One test more than
// for who comes from outside, for packets that have something unusual.
#define IS_FOR_THIS_NODE (md.unusual & UNUSUAL_COPY != 0 && md.origin == ORIGIN_RECEIVED)
#define NO_SID_HERE                                          \
    if (md.unusual >= UNUSUAL_COPY) {                        \
        if (md.unusual >= UNUSUAL_SID_BLOCK) {               \
            domain.apply(THE_PACKET);                        \
        } else if (IS_FOR_THIS_NODE) {                       \
            refuse(drop_reason_t.REPLICATION_CONTEXT);       \
        }                                                    \
    }

#endif  // SRV6_CORE_ROUTER_COPY_STATE_P4_
