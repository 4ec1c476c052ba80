# SPDX-License-Identifier: Apache-2.0
"""Names of the program's tables and externs, as its p4info has them."""

from __future__ import annotations

PORT = "ingress_port_table"
VLAN = "ingress_vlan_table"
SID_BLOCK = "sid_block_table"
SR_DOMAIN = "sr_domain_table"
SOURCES = {6: "source_ipv6_table", 4: "source_ipv4_table"}
URPF = {6: "urpf_ipv6_table", 4: "urpf_ipv4_table"}
MY_SID = "my_sid_table"
UPPER_LAYER = "upper_layer_table"
ROUTES = {6: "ipv6_table", 4: "ipv4_table"}
CLASSIFIERS = {6: "classifier_ipv6_table", 4: "classifier_ipv4_table"}
POLICY = "sr_policy_table"
FLOW_SEED = "flow_seed_table"
TLV_SID = "tlv_sid_table"
TLV_INTERFACE = "tlv_interface_table"
HMAC_INNER = "hmac_inner_table"
HMAC_OUTER = "hmac_outer_table"
HMAC_POLICY = "hmac_policy_table"
#: Segment lists are chained: the first four SIDs of a list in the first table, and so on.
SIDLISTS = (
    "srv6_sidlist_1_4_table",
    "srv6_sidlist_5_8_table",
    "srv6_sidlist_9_12_table",
    "srv6_sidlist_13_16_table",
)
SEGMENTS_PER_SIDLIST = 4
NEXTHOP = "nexthop_table"
NEXTHOP_GROUP = "nexthop_group_table"

PUNT_METER = "port_punt_meter"
PORT_LIMIT_COUNTER = "port_limit_counter"
PASS_METER = "pass_meter"
COPY_METER = "copy_meter"
GROUP_METER = "group_meter"
O_FLAG = "o_flag_table"
OAM_METER = "oam_meter"
PATH_TRACING = "path_tracing_table"
PATH_TRACING_POLICY = "path_tracing_policy_table"
ALTERNATE_MARKING = "alternate_marking_table"
OAM_COUNTER = "oam_counter"
PACKET_COPY = "packet_copy_table"
REPLICATION_SEGMENT = "replication_segment_table"
SID_VISIT_LIMIT = "sid_visit_limit_table"
SID_COUNTER = "my_sid_counter"
SID_ERROR_COUNTER = "my_sid_error_counter"
POLICY_COUNTER = "sr_policy_counter"
