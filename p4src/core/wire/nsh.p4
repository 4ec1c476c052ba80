// SPDX-License-Identifier: Apache-2.0
// The base header and the service path header of NSH (RFC 8300 2.2, 2.3): behind an SRH with segments left (RFC 9491
// 5.2), or in a frame of its own. Context and payload are carried, not read.
#ifndef SRV6_CORE_WIRE_NSH_P4_
#define SRV6_CORE_WIRE_NSH_P4_

const bit<16> ETHERTYPE_NSH = 0x894F;
const bit<8>  IP_PROTO_NSH  = 145;

header nsh_t {
    bit<2>  version;
    bit<1>  o;
    bit<1>  unassigned_bit;
    bit<6>  ttl;
    bit<6>  length;          // of all of NSH, in words of 4 octets
    bit<4>  unassigned_bits;
    bit<4>  md_type;
    bit<8>  next_protocol;
    bit<24> service_path_id;
    bit<8>  service_index;
}

// Eight octets of an SRH that is put back.
header srh_eight_t {
    bit<64> octets;
}

#ifdef WITH_NSH
#define NSH_INSTANCES nsh_t nsh;
#define PUSHED_EIGHT_INSTANCE srh_eight_t outer_eight;
#define PUSHED_EIGHT_EMIT     pkt.emit(hdr.outer_eight);
#define NSH_EMIT      pkt.emit(hdr.nsh);
#define NSH_ETHERTYPE ETHERTYPE_NSH: parse_nsh;
#define NSH_STATE     IP_PROTO_NSH: parse_nsh;
#else
#define PUSHED_EIGHT_INSTANCE
#define PUSHED_EIGHT_EMIT
#define NSH_INSTANCES
#define NSH_EMIT
#define NSH_ETHERTYPE
#define NSH_STATE
#endif

#endif  // SRV6_CORE_WIRE_NSH_P4_

#ifdef PARSER_STATES
#ifdef WITH_NSH
    state parse_nsh {
        pkt.extract(hdr.nsh);
        transition accept;
    }
#endif
#endif  // PARSER_STATES
