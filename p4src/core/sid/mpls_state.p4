// SPDX-License-Identifier: Apache-2.0
// What End.BM keeps of a packet, beside what the headend keeps (headend/state.p4): policy_id is that of the SR-MPLS
// policy, segment_count the number of its labels.
#ifndef SRV6_CORE_SID_MPLS_STATE_P4_
#define SRV6_CORE_SID_MPLS_STATE_P4_

#define MPLS_STATE            \
    bit<4>         pad_label; \
    label_fields_t label_fields;   // of every entry: traffic class, S = 0, TTL

#define IS_LABELLED (md.unusual & UNUSUAL_LABELS != 0)
#define LABELS_LENGTH ((bit<16>)HEADEND.segment_count << 2)

#endif  // SRV6_CORE_SID_MPLS_STATE_P4_
