// SPDX-License-Identifier: Apache-2.0
// What the service proxies keep of a packet, and their parts of the common stages (sid/proxy.p4).
#ifndef SRV6_CORE_SID_PROXY_STATE_P4_
#define SRV6_CORE_SID_PROXY_STATE_P4_

typedef bit<16> service_id_t;   // 0: none
typedef bit<32> cache_id_t;     // 0: none

// Which way a packet goes, and by which behaviour. Up to WAY_EXTENDED the last segment may be the proxy.
typedef bit<8> service_way_t;
const service_way_t WAY_BACK       = 0;   // from the service
const service_way_t WAY_STATIC     = 1;   // End.AS
const service_way_t WAY_EXTENDED   = 2;   // End.EAD
const service_way_t WAY_DYNAMIC    = 3;   // End.AD
const service_way_t WAY_FLOW       = 4;   // End.AD, a cache for each flow
const service_way_t WAY_MASQUERADE = 5;   // End.AM

LAZY_STATE service_state_t {
    service_id_t      service_id;
    service_way_t     way;
    service_options_t options;             // of the service (types.p4)
    cache_id_t        cache_id;
    encap_flags_t     encap_flags;         // of what is pushed
    bit<8>            inner;               // next header of what is inside
    bit<8>            lowest_hop_limit;    // between these the cache is not written again
    bit<8>            highest_hop_limit;
    port_id_t         egress_port;         // of a frame to the service
    vlan_id_t         vlan_id;
    bit<3>            pad;
    bit<16>           length;              // of that frame
    ipv6_addr_t       segment;             // Segment List[0]
    ipv6_addr_t       destination;         // of a packet whose pushed destination is looked up
    bit<8>            dscp;                // traffic class without ECN
    bit<32>           list_hash;           // of the SRH behind its fixed part ...
    bit<32>           rest_hash;           // ... in two runs
}

#define SERVICE_STATE service_state_t service;

// The part of the stages of router/pipeline.p4. What comes back from a service meets no SID: it may be anything.
#define SERVICE_CONTROLS proxy() service;
#define UNLESS_FROM_SERVICE && !SERVICE.isValid()
#define SERVICE_STAGE                                  \
    if (SERVICE.isValid() && md.next < FATE_TRANSMIT) { \
        service.apply(THE_PACKET);                     \
    }
// The route is that of the pushed destination. Where it leads into a policy, or to a SID of this node, that is the
// next pass's.
#define SERVICE_ROUTE_ACTIONS                                               \
    VERDICTS                                                                \
    action look_up_pushed() {                                               \
        SERVICE.destination = hdr.ipv6.dst_addr;                            \
        hdr.ipv6.setValid();                                                \
        hdr.ipv6.dst_addr = hdr.outer_ipv6.dst_addr;                        \
    }                                                                       \
    action restore_destination() {                                          \
        hdr.ipv6.dst_addr = SERVICE.destination;                            \
    }                                                                       \
    action forget_ipv6() {                                                  \
        hdr.ipv6.setInvalid();                                              \
    }                                                                       \
    /* In the next pass it is this node's: not what comes from the port of the service. */ \
    action make_own() {                                                     \
        INGRESS_PORT = CPU_PORT;                                            \
    }                                                                       \
    action add_hop() {                                                      \
        hdr.outer_ipv6.hop_limit = hdr.outer_ipv6.hop_limit |+| 1;          \
    }
#define BEFORE_ROUTE                                                        \
            if (SERVICE.isValid() && IS_PUSHED) {                           \
                look_up_pushed();                                           \
            }
#define BEHIND_ROUTE                                                        \
            if (SERVICE.isValid() && IS_PUSHED) {                           \
                if (SERVICE.inner == IP_PROTO_IPV6) {                       \
                    restore_destination();                                  \
                } else {                                                    \
                    forget_ipv6();                                          \
                }                                                           \
                if (md.next == NEXT_POLICY) {                               \
                    add_hop();                                              \
                    go_again();                                             \
                }                                                           \
            }                                                               \
            if (SERVICE.isValid() && md.next == FATE_RECIRCULATE) {         \
                make_own();                                                 \
            }
// Hop limits of what goes to a service and of what comes back are the proxy's.
#define UNLESS_SERVICE && !SERVICE.isValid()

// The parts of admit.p4: interfaces that a service sends to.
#define FROM_SERVICE(SERVICE_ID)             \
    BEGIN(SERVICE)                           \
    SERVICE.service_id = SERVICE_ID;         \
    SERVICE.way = WAY_BACK;                  \
    SERVICE.cache_id = 0;
#define FRAME_FROM_SERVICE(SERVICE_ID, MAC, VRF_ID)                               \
    FROM_SERVICE(SERVICE_ID)                                                 \
    md.vrf_id = VRF_ID;                                                      \
    md.unusual = md.unusual | (hdr.ethernet.dst_addr == MAC ? 0 : UNUSUAL_NOT_MY_MAC);  \
    md.origin = ORIGIN_FRAME;                                                \
    md.next = NEXT_POLICY;
#define SERVICE_PARAM @refers_to(service_in_table, service_id) service_id_t service_id
#define SERVICE_PORT_ACTIONS                                                                                   \
    @id(SET_SERVICE_INTERFACE_ID) @name(".set_service_interface")                                              \
    @brief("A routed interface by which packets come back from a service: IFACE-IN")                           \
    action set_service_interface(vrf_id_t vrf_id, @format(MAC_ADDRESS) mac_addr_t mac, SERVICE_PARAM) {        \
        FROM_SERVICE(service_id)                                                                               \
        md.vrf_id = vrf_id;                                                                                    \
        md.unusual = md.unusual | (hdr.ethernet.dst_addr == mac ? 0 : UNUSUAL_NOT_MY_MAC);                     \
    }                                                                                                          \
    @id(SET_SERVICE_CIRCUIT_ID) @name(".set_service_circuit")                                                  \
    @brief("A port, or VLAN, by which frames come back from a service")                                        \
    @description("mac: frames to it are not the chain's; vrf_id: where the next segment is looked up")         \
    action set_service_circuit(vrf_id_t vrf_id, @format(MAC_ADDRESS) mac_addr_t mac, SERVICE_PARAM) {          \
        FRAME_FROM_SERVICE(service_id, mac, vrf_id)                                                                    \
    }
#define SERVICE_PORT_ACTION_NAMES set_service_interface; set_service_circuit;
#define SERVICE_VLAN_ACTIONS                                                                                   \
    @id(SET_SERVICE_CIRCUIT_POP_ID) @name(".set_service_circuit_pop")                                          \
    @brief("A VLAN by which frames come back from a service, behind a tag that is taken off")                  \
    action set_service_circuit_pop(vrf_id_t vrf_id, @format(MAC_ADDRESS) mac_addr_t mac, SERVICE_PARAM) {      \
        FRAME_FROM_SERVICE(service_id, mac, vrf_id)                                                                    \
        hdr.ethernet.ether_type = hdr.vlan.ether_type;                                                         \
        hdr.vlan.setInvalid();                                                                                 \
        FRAME_LENGTH = FRAME_LENGTH - 4;                                                                       \
    }
#define SERVICE_VLAN_ACTION_NAMES set_service_circuit_pop;
// A VLAN interface of a port that is a service's is no service's unless it says so.
#define FORGET_SERVICE        SERVICE.setInvalid();
#define UNLESS_SERVICE_CIRCUIT && !SERVICE.isValid()

#endif  // SRV6_CORE_SID_PROXY_STATE_P4_
