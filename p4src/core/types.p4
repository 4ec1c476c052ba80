// SPDX-License-Identifier: Apache-2.0
// Identifiers, and the bit maps that the control plane writes. A bit is never reused.
#ifndef SRV6_CORE_TYPES_P4_
#define SRV6_CORE_TYPES_P4_

typedef bit<48>  mac_addr_t;
typedef bit<32>  ipv4_addr_t;
typedef bit<128> ipv6_addr_t;
typedef bit<9>   port_id_t;
typedef bit<12>  vlan_id_t;
typedef bit<16>  vrf_id_t;
typedef bit<16>  nexthop_id_t;
typedef bit<16>  nexthop_group_id_t;
typedef bit<16>  policy_id_t;
typedef bit<16>  sidlist_id_t;
typedef bit<32>  sid_index_t;
typedef bit<8>   csid_length_t;   // bits; a shift takes 8 bits at most
typedef bit<16>  mtu_t;
typedef bit<32>  urpf_id_t;

// Flags of a router interface.
typedef bit<8> interface_flags_t;
const interface_flags_t INTERFACE_EXTERNAL     = 0x01;  // RFC 8754 5.1: packets to the SID block are dropped
const interface_flags_t INTERFACE_STEER        = 0x02;  // the classifiers and the interface's policy are consulted
const interface_flags_t INTERFACE_CHECK_SOURCE = 0x04;  // packets to a SID need a source inside the SR domain

// Flavours of End, End.X and End.T (RFC 8986 4.16).
typedef bit<8> srv6_flavors_t;
const srv6_flavors_t FLAVOR_PSP = 0x01;
const srv6_flavors_t FLAVOR_USP = 0x02;
const srv6_flavors_t FLAVOR_USD = 0x04;

// How a behaviour decapsulates IP. The bits are none of the flavours', since both travel in one field (state.p4).
typedef bit<8> decap_options_t;
const decap_options_t DECAP_TTL_UNIFORM  = 0x10;  // hop limit or TTL not above that of the outer header (RFC 3443 3.1)
const decap_options_t DECAP_DSCP_UNIFORM = 0x20;  // DSCP of the outer header (RFC 2983 4.2)
const decap_options_t DECAP_ECN_KEEP     = 0x40;  // ECN of the inner header alone, not combined (RFC 6040 4.2)
#define DECAP_OPTIONS_RESTRICTION \
    "options==0||options==16||options==32||options==48||options==64||options==80||options==96||options==112"

// Flags of a packet_out.
typedef bit<5> packet_out_flags_t;
const packet_out_flags_t PACKET_OUT_OPTIONS_WALKED = 0x01;  // with as_received: all options are to be skipped

// How the outer header of a headend behaviour is filled.
typedef bit<8> encap_flags_t;
const encap_flags_t ENCAP_TC_INHERIT      = 0x01;  // traffic class of the inner packet
const encap_flags_t ENCAP_FLOW_LABEL_COPY = 0x02;  // flow label of the inner IPv6 packet
const encap_flags_t ENCAP_FLOW_LABEL_HASH = 0x04;  // hash of the inner flow (RFC 6437, RFC 6438)

const encap_flags_t ENCAP_ROUTED          = 0x08;  // the new destination is looked up, in another pass

// How a behaviour of the mobile user plane treats GTP-U. What is named after nobody is what RFC 9433 says or implies.
typedef bit<8> mobile_options_t;
const mobile_options_t GTP_ANSWER_ECHO        = 0x01;  // echo requests are answered for the other side
const mobile_options_t GTP_ARGUMENT_BEFORE_IT = 0x02;  // Di: Args.Mob.Session in Segment List[1] (VPP's drop-in)
const mobile_options_t GTP_SOURCE_PORT_2152   = 0x04;  // UDP source port (Linux); else a hash of the flow
const mobile_options_t GTP_UDP_CHECKSUM_ZERO  = 0x08;  // over IPv6 (RFC 6935)
const mobile_options_t GTP_UPLINK             = 0x10;  // PDU type 1 in the container, without R
const mobile_options_t GTP_CONTAINER_ALWAYS   = 0x20;  // PDU Session Container with QFI 0 as well (Linux, pdu_type)
const mobile_options_t GTP_CONTAINER_NEVER    = 0x40;  // none (Linux)
const mobile_options_t GTP_KEEP_DESTINATION   = 0x80;  // of the program: End.M.GTP6.D.Di

// What a service takes, and how its proxy treats packets.
typedef bit<8> service_options_t;
const service_options_t SERVICE_TAKES_IPV4    = 0x01;
const service_options_t SERVICE_TAKES_IPV6    = 0x02;
const service_options_t SERVICE_TAKES_FRAMES  = 0x04;
const service_options_t SERVICE_MOVES_ON_BACK = 0x08;  // End.AM: SL and hop limit when the packet comes back (2018)
const service_options_t SERVICE_NAT           = 0x10;  // End.AM: the service translates the destination
const service_options_t SERVICE_PSP           = 0x20;  // End.AM: with SERVICE_MOVES_ON_BACK
const service_options_t SERVICE_MASQUERADES   = 0x40;  // End.AM

#endif  // SRV6_CORE_TYPES_P4_
