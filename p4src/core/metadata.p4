// SPDX-License-Identifier: Apache-2.0
// Per-packet state. All of it is zero when a packet arrives. What leaves the core is a request in here (fate, drop_reason,
// punt_reason, egress_port); the shim of the target turns requests into its own metadata.
#ifndef SRV6_CORE_METADATA_P4_
#define SRV6_CORE_METADATA_P4_

// Field lists that survive a clone to the control plane and a recirculation.
#define FIELD_LIST_PUNT        1
#define FIELD_LIST_RECIRCULATE 2

struct local_metadata_t {
    // Filled by the shim.
    @field_list(FIELD_LIST_PUNT, FIELD_LIST_RECIRCULATE)
    port_id_t         ingress_port;
    bit<16>           frame_length;      // bytes, Ethernet header included
    bit<1>            checksum_error;    // of hdr.ipv4
    bit<1>            admitted;          // did not come from the wire just now
    @field_list(FIELD_LIST_RECIRCULATE)
    bit<1>            from_cpu;          // made by this node
    @field_list(FIELD_LIST_PUNT, FIELD_LIST_RECIRCULATE)
    bit<8>            passes;            // how often the packet was recirculated

    // Filled by the parser.
    l3_kind_t         l3;
    bit<1>            tagged;            // arrived with a VLAN tag
    bit<1>            link_scope;        // a multicast or link-local address in the IPv6 header
    bit<16>           extension_length;  // bytes of the extension headers before the SRH or the upper layer
    bit<1>            fragment;          // a Fragment header of a packet in several pieces
    bit<1>            routing_type_unknown;  // a routing header of another type wants to be processed

    // Admission.
    @field_list(FIELD_LIST_PUNT, FIELD_LIST_RECIRCULATE)
    vrf_id_t          vrf_id;
    mac_addr_t        interface_mac;
    interface_flags_t interface_flags;
    policy_id_t       interface_policy_id;

    // Local SID.
    sid_class_t       sid_class;
    srv6_flavors_t    flavors;
    sid_index_t       sid_index;
    vrf_id_t          sid_vrf_id;        // table of End.T and End.DT*
    bit<8>            upper_layer;       // next header of the last header of the chain
    bit<1>            processed;         // a behaviour changed the packet in this pass
    bit<1>            link_changed;      // the EtherType, or a tag, is to be written
    bit<1>            decapsulated;
    bit<1>            hop_limit_done;    // decremented, or not to be decremented
    bit<1>            ttl_changed;       // the IPv4 checksum is to be written

    // Policy and next hop.
    policy_id_t       policy_id;
    headend_kind_t    headend;
    bit<1>            reduced;
    encap_flags_t     encap_flags;
    sidlist_id_t      sidlist_id;
    bit<8>            segment_count;
    bit<16>           overhead;          // bytes that the policy adds
    bit<128>          flow_src;          // what flow_hash is computed from
    bit<128>          flow_dst;
    bit<20>           flow_label;
    bit<8>            flow_protocol;
    bit<32>           flow_ports;
    bit<32>           flow_hash;
    bit<16>           l4_src_port;
    bit<16>           l4_dst_port;
    @field_list(FIELD_LIST_PUNT)
    nexthop_id_t      nexthop_id;
    nexthop_group_id_t nexthop_group_id;
    vlan_id_t         egress_vlan;

    // Requests to the shim.
    fate_t            fate;
    @field_list(FIELD_LIST_PUNT)
    port_id_t         egress_port;
    bit<8>            drop_reason;       // drop_reason_t
    @field_list(FIELD_LIST_PUNT)
    bit<8>            punt_reason;       // punt_reason_t
    @field_list(FIELD_LIST_PUNT)
    bit<16>           pointer;
    @field_list(FIELD_LIST_PUNT)
    bit<16>           offset;
    @field_list(FIELD_LIST_PUNT)
    mtu_t             mtu;
}

#endif  // SRV6_CORE_METADATA_P4_
