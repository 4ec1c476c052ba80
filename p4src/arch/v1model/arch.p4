// SPDX-License-Identifier: Apache-2.0
// The externs of v1model under the names that core/ uses. Another target provides the same macros; where it must count by
// hand (PSA, TNA) DIRECT_COUNTER becomes an extern and TABLE_DIRECT_COUNTER empty.
#ifndef SRV6_ARCH_V1MODEL_ARCH_P4_
#define SRV6_ARCH_V1MODEL_ARCH_P4_

#ifndef CPU_PORT
#define CPU_PORT 510
#endif
// simple_switch's default drop port is 511.

// standard_metadata.instance_type of a recirculated packet.
#define INSTANCE_TYPE_RECIRCULATED 4

// What the parser is given beside the packet, and its first states: the way a packet comes by decides what it begins
// with. md.ingress_port and md.frame_length are filled here, since an assignment of the parser costs less than an action.
//
// The port is looked at first: in a recirculated packet it is 0, and in the clone of a punted packet, which simple_switch
// parses once more, it is all that is right (instance_type is that of some earlier packet).
#define PARSER_INTRINSIC , inout standard_metadata_t standard_metadata
#define PARSER_START                                                                             \
    state start {                                                                                \
        transition select(standard_metadata.ingress_port, standard_metadata.instance_type) {     \
            (CPU_PORT, _):                   parse_packet_out;                                   \
            (_, INSTANCE_TYPE_RECIRCULATED): parse_ethernet;                                     \
            default:                         from_wire;                                          \
        }                                                                                        \
    }                                                                                            \
    state from_wire {                                                                            \
        md.ingress_port = standard_metadata.ingress_port;                                        \
        md.frame_length = standard_metadata.packet_length;                                       \
        transition parse_ethernet;                                                               \
    }

// Where recirculated packets queue on their way through the traffic manager; no frame ever leaves by it.
#define RECIRCULATION_PORT 509

// RFC 2698 colours as execute_meter() gives them; yellow (1) passes.
typedef bit<2> MeterColor_t;
const MeterColor_t METER_GREEN  = 0;
const MeterColor_t METER_RED    = 2;

// Clone session that carries punted packets; the control plane maps it to CPU_PORT.
#define PUNT_SESSION 1

#define STRING(TEXT) #TEXT
#define DIRECT_COUNTER(NAME) @name(STRING(.NAME)) direct_counter(CounterType.packets_and_bytes) NAME;
#define TABLE_DIRECT_COUNTER(NAME) counters = NAME;

#define WCMP_SELECTOR(ID, NAME, ALGORITHM) \
    @id(ID) @name(STRING(.NAME)) @max_group_size(WCMP_MAX_GROUP_SIZE) \
    action_selector(HashAlgorithm.ALGORITHM, WCMP_MEMBERS_SIZE, 16) NAME;
#define TABLE_SELECTOR(NAME) implementation = NAME;

// 32 bits of CRC-32 over a list of fields.
#define CRC32_HASH(RESULT, FIELDS...) hash(RESULT, HashAlgorithm.crc32, (bit<32>)0, FIELDS, 33w0x100000000);

#endif  // SRV6_ARCH_V1MODEL_ARCH_P4_
