// SPDX-License-Identifier: Apache-2.0
// Per-packet state. All of local_metadata_t is zero when a packet arrives. What leaves the core is a request in here (fate,
// drop_reason, punt_reason, egress_port); the shim of the target turns requests into its own metadata.
//
// A software switch clears every metadata field for every packet, so that only what the usual packet needs is here; the
// rest is in scratch_t, which is written before it is read by whoever makes it valid.
#ifndef SRV6_CORE_METADATA_P4_
#define SRV6_CORE_METADATA_P4_

// Field lists that survive a clone to the control plane and a recirculation.
#define FIELD_LIST_PUNT        1
#define FIELD_LIST_RECIRCULATE 2

struct local_metadata_t {
    // Where the packet comes from.
    @field_list(FIELD_LIST_PUNT, FIELD_LIST_RECIRCULATE)
    port_id_t         ingress_port;      // CPU_PORT: made by this node
    bit<32>           frame_length;      // bytes, Ethernet header included
    bit<1>            checksum_error;    // of hdr.ipv4
    @field_list(FIELD_LIST_PUNT, FIELD_LIST_RECIRCULATE)
    bit<8>            passes;            // how often the packet was recirculated

    // Filled by the parser.
    l3_kind_t         l3;
    bit<1>            tagged;            // arrived with a VLAN tag
    bit<1>            link_scope;        // an address in the IPv6 header that is not forwarded: multicast, link-local ...
    bit<16>           extension_length;  // bytes of the extension headers before the SRH or the upper layer
    chain_end_t       chain_end;         // what ended the walk of the extension headers

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
    bit<1>            processed;         // a behaviour changed the packet in this pass
    bit<1>            decapsulated;
    bit<1>            hop_limit_done;    // decremented, or not to be decremented
    bit<1>            ttl_changed;       // the IPv4 checksum is to be written
    bit<1>            link_changed;      // the EtherType, or a tag, is to be written

    // Policy and next hop.
    policy_id_t       policy_id;
    @field_list(FIELD_LIST_PUNT)
    nexthop_id_t      nexthop_id;
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
