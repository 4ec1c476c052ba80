// SPDX-License-Identifier: Apache-2.0
// What the headend keeps of a packet that enters a policy.
#ifndef SRV6_CORE_HEADEND_STATE_P4_
#define SRV6_CORE_HEADEND_STATE_P4_

#define HEADEND_METADATA policy_id_t interface_policy_id;   // for everything routed from the interface; 0: none

LAZY_STATE headend_state_t {
    policy_id_t   policy_id;
    sidlist_id_t  sidlist_id;
    bit<8>        segment_count;   // entries that come from the segment list tables
    encap_flags_t encap_flags;     // of an encapsulation
    mtu_t         tunnel_mtu;
    bit<32>       flow_hash;
    bit<32>       flow_number;     // what a segment list is chosen by
    bit<32>       policy_cell;     // of sr_policy_counter
    MPLS_STATE
}
#define HEADEND_STATE headend_state_t headend;

// The outer header, once there is one, stands for what is inside.
#define IS_PUSHED hdr.outer_ipv6.isValid()
#define OUTERMOST_IPV6 hdr.outer_ipv6   // of a packet with one
#define FLOW_OF_PUSHED take(hdr.outer_ipv6.src_addr, hdr.outer_ipv6.dst_addr, hdr.outer_ipv6.flow_label, 0, 0, 0);

#endif  // SRV6_CORE_HEADEND_STATE_P4_
