// SPDX-License-Identifier: Apache-2.0
// P4Runtime ids. The first byte is the kind (P4Runtime 6.3). An id is never changed and never reused: entries saved
// by a user stay valid. Take the next number of the kind and move the "next" line.
#ifndef SRV6_CORE_IDS_P4_
#define SRV6_CORE_IDS_P4_

// Tables (0x02). Next: 0x0200007C.
#define INGRESS_PORT_TABLE_ID    0x02000001
#define INGRESS_VLAN_TABLE_ID    0x02000002
#define SID_BLOCK_TABLE_ID       0x02000003
#define SR_DOMAIN_TABLE_ID       0x02000004
#define MY_SID_TABLE_ID          0x02000005
#define UPPER_LAYER_TABLE_ID     0x02000006
#define IPV6_TABLE_ID            0x02000007
#define IPV4_TABLE_ID            0x02000008
#define CLASSIFIER_IPV6_TABLE_ID 0x02000009
#define CLASSIFIER_IPV4_TABLE_ID 0x0200000A
#define SR_POLICY_TABLE_ID       0x0200000B
#define SIDLIST_1_4_TABLE_ID     0x0200000C
#define SIDLIST_5_8_TABLE_ID     0x0200000D
#define SIDLIST_9_12_TABLE_ID    0x0200000E
#define SIDLIST_13_16_TABLE_ID   0x0200000F
#define NEXTHOP_TABLE_ID         0x02000010
#define NEXTHOP_GROUP_TABLE_ID   0x02000011
#define DX2V_TABLE_ID            0x02000014
#define FLOW_SEED_TABLE_ID       0x02000015
#define SID_VISIT_LIMIT_TABLE_ID 0x02000016
#define SOURCE_IPV6_TABLE_ID     0x02000018
#define SOURCE_IPV4_TABLE_ID     0x02000019
#define URPF_IPV6_TABLE_ID       0x0200001A
#define URPF_IPV4_TABLE_ID       0x0200001B
#define TLV_SID_TABLE_ID         0x02000030
#define TLV_INTERFACE_TABLE_ID   0x02000031
#define HMAC_INNER_TABLE_ID      0x02000032
#define HMAC_OUTER_TABLE_ID      0x02000033
#define HMAC_POLICY_TABLE_ID     0x02000034

// Of copies and bridge domains.
#define BRIDGE_SOURCE_TABLE_ID      0x0200001C
#define BRIDGE_DESTINATION_TABLE_ID 0x0200001D
#define REPLICA_TABLE_ID            0x0200001E
#define BRIDGE_PEER_TABLE_ID        0x0200001F
// OAM, service chaining.
#define O_FLAG_TABLE_ID          0x02000038
// Telemetry, End.S, End.NSH: 0x02000058 to 0x0200005F.
#define ALTERNATE_MARKING_TABLE_ID   0x02000058
#define PATH_TRACING_TABLE_ID        0x02000059
#define PATH_TRACING_POLICY_TABLE_ID 0x0200005A
#define SEARCH_TABLE_ID              0x0200005B
#define NSH_PATH_TABLE_ID            0x0200005C
#define NSH_CHECK_TABLE_ID           0x0200005D
#define NSH_RETURN_TABLE_ID          0x0200005E

// Actions (0x01). Next: 0x010001A8. (0x01000021: a set_nexthop_group without a seed;
// 0x01000063, 0x01000064: branches, before anything led to them)
#define SET_ROUTER_INTERFACE_ID  0x01000001
#define SET_L2_PORT_ID           0x01000002
#define DENY_SID_BLOCK_ID        0x01000003
#define PERMIT_SOURCE_ID         0x01000004
#define ALLOW_UPPER_LAYER_ID     0x01000005
#define END_ID                   0x01000006
#define END_X_ID                 0x01000007
#define END_T_ID                 0x01000008
#define END_DX2_ID               0x01000009
#define END_DX4_ID               0x0100000A
#define END_DX6_ID               0x0100000B
#define END_DT4_ID               0x0100000C
#define END_DT6_ID               0x0100000D
#define END_DT46_ID              0x0100000E
#define END_B6_ENCAPS_ID         0x0100000F
#define END_B6_ENCAPS_RED_ID     0x01000010
#define END_B6_INSERT_ID         0x01000011
#define END_B6_INSERT_RED_ID     0x01000012
#define SET_NEXTHOP_ID           0x01000013
#define STEER_ID                 0x01000014
#define LOCAL_ID                 0x01000015
#define LOCAL_SID_ID             0x01000016
#define BLACKHOLE_ID             0x01000017
#define NO_ROUTE_ID              0x01000018
#define NO_STEERING_ID           0x01000019
#define H_ENCAPS_ID              0x0100001A
#define H_ENCAPS_RED_ID          0x0100001B
#define H_ENCAPS_L2_ID           0x0100001C
#define H_ENCAPS_L2_RED_ID       0x0100001D
#define H_INSERT_ID              0x0100001E
#define H_INSERT_RED_ID          0x0100001F
#define SET_ADJACENCY_ID         0x01000020
#define GLEAN_ID                 0x01000022
#define TO_LOCAL_SID_ID          0x01000023
#define NO_INTERFACE_ID          0x01000024
#define VLAN_UNKNOWN_ID          0x01000025
#define NO_SIDLIST_ID            0x01000027
#define NO_NEXTHOP_ID            0x01000028
#define CLASSIFY_STEER_ID        0x01000029
#define SEGMENTS_1_ID            0x0100002A
#define SEGMENTS_2_ID            0x0100002B
#define SEGMENTS_3_ID            0x0100002C
#define SEGMENTS_4_ID            0x0100002D
#define SEGMENTS_5_ID            0x0100002E
#define SEGMENTS_6_ID            0x0100002F
#define SEGMENTS_7_ID            0x01000030
#define SEGMENTS_8_ID            0x01000031
#define SEGMENTS_9_ID            0x01000032
#define SEGMENTS_10_ID           0x01000033
#define SEGMENTS_11_ID           0x01000034
#define SEGMENTS_12_ID           0x01000035
#define SEGMENTS_13_ID           0x01000036
#define SEGMENTS_14_ID           0x01000037
#define SEGMENTS_15_ID           0x01000038
#define SEGMENTS_16_ID           0x01000039
#define END_DX2V_ID              0x0100003D
#define FORWARD_FRAME_ID         0x0100003E
#define REWRITE_VLAN_ID          0x0100003F
#define POP_VLAN_ID              0x01000040
#define NOT_A_SID_ID             0x01000041
#define BROADCAST_ID             0x01000042
#define SET_NEXTHOP_GROUP_ID     0x01000043
#define SET_FLOW_SEED_ID         0x01000044
#define END_B6_INSERT_RETURN_ID     0x01000045
#define END_B6_INSERT_RED_RETURN_ID 0x01000046
#define TOO_MANY_VISITS_ID       0x01000047
#define FURTHER_VISIT_ID         0x01000048
#define SET_URPF_INTERFACE_ID    0x0100004C
#define BOGON_SOURCE_ID          0x0100004D
#define DOMAIN_SOURCE_ID         0x0100004E
#define OUTSIDE_SOURCE_ID        0x0100004F
#define URPF_PASS_ID             0x01000050
#define URPF_FAIL_ID             0x01000051
#define END_NEXT_CSID_ID               0x01000052
#define END_X_NEXT_CSID_ID             0x01000053
#define END_T_NEXT_CSID_ID             0x01000054
#define END_LBS_ID                     0x01000055
#define END_XLBS_ID                    0x01000056
#define END_B6_ENCAPS_NEXT_CSID_ID     0x01000057
#define END_B6_ENCAPS_RED_NEXT_CSID_ID 0x01000058
#define SET_TLV_POLICY_ID              0x010000B0
#define HMAC_INNER_STATE_ID            0x010000B1
#define HMAC_OUTER_STATE_ID            0x010000B2
#define ADD_HMAC_ID                    0x010000B3
#define ADD_SHORT_HMAC_ID              0x010000B4
// The mobile user plane: 0x010000E1 to 0x010000F8.
#define END_MAP_ID               0x010000E1
#define END_M_GTP6_D_ID          0x010000E2
#define END_M_GTP6_D_DI_ID       0x010000E3
#define END_M_GTP6_E_ID          0x010000E4
#define END_M_GTP4_E_ID          0x010000E5
#define H_M_GTP4_D_ID            0x010000E6
#define END_LIMIT_ID             0x010000E7

#define END_REPLACE_CSID_ID               0x01000075
#define END_X_REPLACE_CSID_ID             0x01000076
#define END_T_REPLACE_CSID_ID             0x01000077
#define END_LBS_REPLACE_CSID_ID           0x01000078
#define END_XLBS_REPLACE_CSID_ID          0x01000079
#define END_B6_ENCAPS_REPLACE_CSID_ID     0x0100007A
#define END_B6_ENCAPS_RED_REPLACE_CSID_ID 0x0100007B
#define END_DX6_REPLACE_CSID_ID           0x0100007C
#define END_DX4_REPLACE_CSID_ID           0x0100007D
#define END_DT6_REPLACE_CSID_ID           0x0100007E
#define END_DT4_REPLACE_CSID_ID           0x0100007F
#define END_DT46_REPLACE_CSID_ID          0x01000080
#define END_DX2_REPLACE_CSID_ID           0x01000081
#define END_DX2V_REPLACE_CSID_ID          0x01000082

// Of End.BM: the table, then actions.
#define MPLS_POLICY_TABLE_ID     0x02000026
#define END_BM_ID                0x01000083
#define END_BM_NEXT_CSID_ID      0x01000084
#define END_BM_REPLACE_CSID_ID   0x01000085
#define PUSH_LABELS_1_ID         0x01000086
#define PUSH_LABELS_2_ID         0x01000087
#define PUSH_LABELS_3_ID         0x01000088
#define PUSH_LABELS_4_ID         0x01000089
#define PUSH_LABELS_5_ID         0x0100008A
#define PUSH_LABELS_6_ID         0x0100008B
#define PUSH_LABELS_7_ID         0x0100008C
#define PUSH_LABELS_8_ID         0x0100008D
#define PUSH_NO_LABEL_ID         0x0100008E
#define NO_MPLS_POLICY_ID        0x0100008F

// Of steering and policies.
#define CLASSIFY_DROP_ID         0x010000A0
#define CLASSIFY_COUNT_ID        0x010000A1
// OAM, service chaining.
#define COPY_FOR_OAM_ID                0x010000C6
#define NO_COPY_FOR_OAM_ID             0x010000C7
#define REASSEMBLE_ID                  0x010000C8
// Telemetry, End.S, End.NSH: 0x01000120 to 0x0100013F.
#define COUNT_MARKED_ID                0x01000120
#define TRACE_PATH_ID                  0x01000121
#define ADD_PATH_TRACING_ID            0x01000122
#define END_S_ID                       0x01000123
#define FOUND_NEXTHOP_ID               0x01000124
#define END_NSH_ID                     0x01000125
#define TO_SFF_ID                      0x01000126
#define NO_PATH_ID                     0x01000127
#define IS_KEPT_ID                     0x01000128
#define RESTORE_HEADERS_ID             0x01000129
#define NO_HEADERS_ID                  0x0100012A

// Of copies and bridge domains.
#define SET_BRIDGE_CIRCUIT_ID           0x01000059
#define SET_BRIDGE_CIRCUIT_POP_ID       0x0100005A
#define SET_BRIDGE_CIRCUIT_TRANSLATE_ID 0x0100005B
#define BRIDGE_SOURCE_ID                0x0100005C
#define BRIDGE_STATIC_SOURCE_ID         0x0100005D
#define BRIDGE_DESTINATION_ID           0x0100005E
#define REPLICA_TO_PORT_ID              0x0100005F
#define REPLICA_TO_VLAN_ID              0x01000060
#define REPLICA_TO_TAGGED_ID            0x01000061
#define REPLICA_TO_POLICY_ID            0x01000062
#define NO_REPLICA_ID                   0x01000065
#define END_DT2U_ID                     0x01000066
#define END_DT2M_ID                     0x01000067
#define IS_PEER_ID                      0x01000068
// ... with REPLACE-C-SID: the table, then actions.
#define BRIDGE_SEGMENT_TABLE_ID         0x02000062
#define END_DT2U_REPLACE_CSID_ID        0x01000148
#define END_DT2M_REPLACE_CSID_ID        0x01000149
#define FLOOD_OTHERS_ID                 0x0100014A

// Of copies of packets: replication segments, policies that spray.
#define REPLICATION_SEGMENT_TABLE_ID 0x02000050
#define PACKET_COPY_TABLE_ID         0x02000051
#define END_REPLICATE_ID             0x01000100
#define REPLICATION_STATE_ID         0x01000101
#define NO_REPLICATION_STATE_ID      0x01000102
#define COPY_TO_ROUTE_ID             0x01000103
#define COPY_TO_NEXTHOP_ID           0x01000104
#define COPY_TO_POLICY_ID            0x01000105
#define DELIVER_COPY_ID              0x01000106
#define SPRAY_PACKET_ID              0x01000107
#define SPRAY_FRAME_ID               0x01000108
#define NO_PACKET_COPY_ID            0x01000109
#define SPRAY_ID                     0x0100010A

// Service programming: tables, then actions.
#define SERVICE_OUT_TABLE_ID     0x02000064
#define SERVICE_IN_TABLE_ID      0x02000065
#define SERVICE_FLOW_TABLE_ID    0x02000066
#define SERVICE_CHECK_TABLE_ID   0x02000067
#define SERVICE_CACHE_TABLE_ID   0x02000068
#define END_AS_ID                   0x01000150
#define END_AD_ID                   0x01000151
#define END_AD_FLOW_ID              0x01000152
#define END_EAD_ID                  0x01000153
#define END_AM_ID                   0x01000154
#define END_AN_ID                   0x01000155
#define SET_SERVICE_INTERFACE_ID    0x01000156
#define SET_SERVICE_CIRCUIT_ID      0x01000157
#define SET_SERVICE_CIRCUIT_POP_ID  0x01000158
#define PACKETS_TO_SERVICE_ID       0x01000159
#define FRAMES_TO_SERVICE_ID        0x0100015A
#define NO_SERVICE_ID               0x0100015B
#define FROM_CACHED_SERVICE_ID      0x0100015C
#define FROM_MASQUERADED_SERVICE_ID 0x0100015D
#define IS_OF_CACHE_ID              0x0100015E
#define IS_CACHED_ID                0x0100015F
#define NO_CACHE_ID                 0x01000160
#define CACHED_0_ID                     0x01000161
#define CACHED_1_ID                     0x01000162
#define CACHED_2_ID                     0x01000163
#define CACHED_3_ID                     0x01000164
#define CACHED_4_ID                     0x01000165
#define CACHED_5_ID                     0x01000166
#define CACHED_6_ID                     0x01000167
#define CACHED_7_ID                     0x01000168
#define CACHED_8_ID                     0x01000169
#define CACHED_9_ID                     0x0100016A
#define CACHED_10_ID                    0x0100016B
#define CACHED_11_ID                    0x0100016C
#define CACHED_12_ID                    0x0100016D
#define CACHED_13_ID                    0x0100016E
#define CACHED_14_ID                    0x0100016F
#define CACHED_15_ID                    0x01000170
#define CACHED_16_ID                    0x01000171

// Of bytestream functions: 0x010001A0 to 0x010001A7.
#define END_VNF_ID                      0x010001A0

// Action selectors (0x11). Next: 0x11000003.
#define SR_POLICY_SELECTOR_ID     0x11000001
#define NEXTHOP_GROUP_SELECTOR_ID 0x11000002

// Counters (0x12). Next: 0x12000018.
#define DROP_COUNTER_ID          0x12000001
#define PUNT_COUNTER_ID          0x12000002
#define MY_SID_COUNTER_ID        0x12000003
#define MY_SID_ERROR_COUNTER_ID  0x12000004
#define SR_POLICY_COUNTER_ID     0x12000005
#define EGRESS_PORT_COUNTER_ID   0x12000006
#define PORT_LIMIT_COUNTER_ID    0x12000007

#define BRIDGE_FLOOD_COUNTER_ID  0x12000008
// OAM, service chaining.
#define OAM_COUNTER_ID           0x1200000D

#define SERVICE_ERROR_COUNTER_ID 0x12000017   // service programming

// Meters (0x14). Next: 0x14000009. (0x14000001: a punt meter without ports)
#define PORT_PUNT_METER_ID       0x14000002
#define PASS_METER_ID            0x14000003
#define COPY_METER_ID            0x14000004
// OAM, service chaining.
#define OAM_METER_ID             0x14000006
#define GROUP_METER_ID           0x14000008   // the mobile user plane

// Digests (0x17). p4c takes no @id of them: it follows from the name of the struct.
#define BRIDGE_LEARN_DIGEST_ID   0x173645E9

#endif  // SRV6_CORE_IDS_P4_
