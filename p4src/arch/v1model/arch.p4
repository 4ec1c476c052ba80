// SPDX-License-Identifier: Apache-2.0
// What core/ knows a target by: the packet that a control is given, intrinsic metadata, lazy state and externs under
// neutral names. Another target provides the same macros; where it must count by hand (PSA, TNA) DIRECT_COUNTER
// becomes an extern and TABLE_DIRECT_COUNTER empty.
#ifndef SRV6_ARCH_V1MODEL_ARCH_P4_
#define SRV6_ARCH_V1MODEL_ARCH_P4_

#ifndef CPU_PORT
#define CPU_PORT 510
#endif
// simple_switch's default drop port is 511.

#define STRING(TEXT) #TEXT

// Parameters of every control, and the arguments it passes on. Intrinsic metadata is used where it stands: copies of
// it in local_metadata_t would cost every packet.
#define PACKET     inout headers_t hdr, inout local_metadata_t md, inout standard_metadata_t standard_metadata
#define THE_PACKET hdr, md, standard_metadata

#define INGRESS_PORT        standard_metadata.ingress_port    // CPU_PORT: made by this node
#define FRAME_LENGTH        standard_metadata.packet_length   // bytes, Ethernet header included
#define EGRESS_PORT         standard_metadata.egress_spec
#define IPV4_CHECKSUM_ERROR standard_metadata.checksum_error == 1   // of hdr.ipv4

// Lazy state (core/state.p4). simple_switch clears every field of metadata for every packet, but of a header one bit:
// so it is in headers here, which are never emitted. (To make one valid clears its fields: families keep theirs
// apart, and small.)
#define LAZY_STATE   header
#define BEGIN(STATE) STATE.setValid();
#define FLOW         hdr.flow
#define VERDICT      hdr.verdict
#define HEADEND      hdr.headend
#define CSID         hdr.csid
#define GTP          hdr.gtp
#define TELEMETRY    hdr.telemetry
#define SEARCH       hdr.search
#define SFC          hdr.sfc
#define MOBILE       hdr.mobile
#define SERVICE      hdr.service
#define LAZY_STATE_IN_HEADERS LAZY_STATE_INSTANCES
#define LAZY_STATE_IN_METADATA

// What the parser is given beside the packet, and its first states: the way a packet comes by decides what it begins
// with. Of a recirculated packet the port is 0; in the clone of a punted packet, which simple_switch parses once
// more, it is all that is right.
#define PARSER_INTRINSIC , inout standard_metadata_t standard_metadata
#define PARSER_START                                            \
    state start {                                               \
        transition select(standard_metadata.ingress_port) {     \
            CPU_PORT: parse_packet_out;                         \
            default:  parse_ethernet;                           \
        }                                                       \
    }

// Where recirculated packets queue on their way through the traffic manager; no frame ever leaves by it.
#define RECIRCULATION_PORT 509

// RFC 2698 colours as execute_meter() gives them; yellow (1) passes.
typedef bit<2> MeterColor_t;
const MeterColor_t METER_GREEN  = 0;
const MeterColor_t METER_RED    = 2;

// Clone session that carries punted packets; the control plane maps it to CPU_PORT.
#define PUNT_SESSION 1
// In packet_in.reason beside another reason: the copy is one for OAM as well (core/sid/oam.p4).
#define O_FLAG_TOO 128
// In egress: the port, and the time since the switch was started.
#define LEAVING_BY         standard_metadata.egress_port
#define EGRESS_NANOSECONDS ((bit<64>)standard_metadata.egress_global_timestamp * 1000)
// Whole seconds of it. There is no division: 2 ** 68 / 10 ** 6, rounded up, is right for 48 bits of microseconds.
#define EGRESS_SECONDS     (((bit<128>)standard_metadata.egress_global_timestamp * 295147905179353 >> 68)[31:0])
// In egress: a clone, not the packet.
#define IS_COPY standard_metadata.instance_type == 1

#define DIRECT_COUNTER(NAME) @name(STRING(.NAME)) direct_counter(CounterType.packets_and_bytes) NAME;
#define TABLE_DIRECT_COUNTER(NAME) counters = NAME;
#define INDEXED_COUNTER(ID, NAME, INDEX_TYPE, SIZE) \
    @id(ID) @name(STRING(.NAME)) counter<INDEX_TYPE>(SIZE, CounterType.packets_and_bytes) NAME;

#define INDEXED_METER(ID, NAME, UNIT, INDEX_TYPE, SIZE) \
    @id(ID) @name(STRING(.NAME)) meter<INDEX_TYPE>(SIZE, MeterType.UNIT) NAME;

// A copy of the packet as it came into this pass, for the control plane, while the packet itself goes on: with the
// fields of packet_in_t as far as the offset in md.carried, whose lower half is that of receive.p4. simple_switch keeps
// one copy of a pass, the last one that was asked for, and gives it md.carried as it is at the end.
#define COPY_TO_CONTROL_PLANE(REASON)                                                                          \
    md.carried = REASON ++ INGRESS_PORT ++ 6w0 ++ (bit<1>)(md.carried[32:25] != 0) ++ md.vrf_id                \
                 ++ (ETHERNET_HEADER_LENGTH + ((bit<16>)md.unusual[8:8] << 2)) ++ md.carried[63:0];            \
    clone_preserving_field_list(CloneType.I2E, PUNT_SESSION, FIELD_LIST_CARRIED);

#define WCMP_SELECTOR(ID, NAME, ALGORITHM)                            \
    @id(ID) @name(STRING(.NAME)) @max_group_size(WCMP_MAX_GROUP_SIZE) \
    action_selector(HashAlgorithm.ALGORITHM, WCMP_MEMBERS_SIZE, 16) NAME;
#define TABLE_SELECTOR(NAME) implementation = NAME;

// 32 bits of CRC-32 over the fields of a state; a list of fields would be copied into temporaries first.
#define CRC32_HASH(RESULT, STATE) hash(RESULT, HashAlgorithm.crc32, (bit<32>)0, STATE, 33w0x100000000);

// The frame ends after FRAME_LENGTH bytes, counted when it leaves. simple_switch forgets it of a packet that is
// recirculated or cloned. An action of its own: p4c would move what another statement of the action has assigned into
// the argument, and take a temporary for it.
#define END_FRAME truncate(FRAME_LENGTH);

// RFC 1071: 16 bits, the carry comes in again at the low end.
#define ONES_COMPLEMENT_SUM(A, B) \
    ((((bit<32>)(A) + (bit<32>)(bit<16>)(B))[15:0]) + ((bit<16>)((((bit<32>)(A) + (bit<32>)(bit<16>)(B))[31:16]))))

#endif  // SRV6_ARCH_V1MODEL_ARCH_P4_
