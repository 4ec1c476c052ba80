# SPDX-License-Identifier: Apache-2.0
"""A small program's p4info that has one of everything the client encodes, written by hand."""

from __future__ import annotations

from functools import cache

from srv6cp.p4rt import P4Info

__all__ = ["P4INFO", "info"]


@cache
def info() -> P4Info:
    """The program below."""
    return P4Info.from_text(P4INFO, "unit.p4info.txtpb")


P4INFO = """
pkg_info { name: "unit.p4" version: "1" arch: "v1model" }
tables {
  preamble { id: 33554433 name: "ipv6_table" alias: "ipv6_table" doc { brief: "Routes" } }
  match_fields { id: 1 name: "vrf_id" bitwidth: 16 match_type: EXACT }
  match_fields { id: 2 name: "ipv6_dst" annotations: "@format(IPV6_ADDRESS)" bitwidth: 128 match_type: LPM }
  action_refs { id: 16777217 }
  action_refs { id: 16777218 }
  action_refs { id: 16777219 annotations: "@defaultonly" scope: DEFAULT_ONLY }
  direct_resource_ids: 318767105
  size: 1024
}
tables {
  preamble { id: 33554434 name: "ingress.acl_table" alias: "acl_table" }
  match_fields { id: 1 name: "ipv4_src"
    annotations: "@format(IPV4_ADDRESS)" bitwidth: 32 match_type: TERNARY }
  match_fields { id: 2 name: "l4_port" bitwidth: 16 match_type: RANGE }
  match_fields { id: 3 name: "next_header" bitwidth: 8 match_type: OPTIONAL }
  match_fields { id: 4 name: "src_mac" annotations: "@format(MAC_ADDRESS)" bitwidth: 48 match_type: TERNARY }
  action_refs { id: 16777218 }
  direct_resource_ids: 352321537
  size: 64
  idle_timeout_behavior: NOTIFY_CONTROL
}
tables {
  preamble { id: 33554435 name: "group_table" alias: "group_table" }
  match_fields { id: 1 name: "group_id" bitwidth: 16 match_type: EXACT }
  action_refs { id: 16777220 }
  implementation_id: 285212673
  size: 16
}
tables {
  preamble { id: 33554436 name: "number_table" alias: "number_table" }
  match_fields { id: 1 name: "key" bitwidth: 12 match_type: LPM }
  action_refs { id: 16777218 scope: TABLE_ONLY }
  action_refs { id: 16777219 scope: DEFAULT_ONLY }
  const_default_action_id: 16777219
  size: 16
}
actions {
  preamble { id: 16777217 name: "set_nexthop" alias: "set_nexthop" }
  params { id: 1 name: "nexthop_id" bitwidth: 16 }
}
actions { preamble { id: 16777218 name: "ingress.blackhole" alias: "blackhole" } }
actions { preamble { id: 16777219 name: "NoAction" alias: "NoAction" } }
actions {
  preamble { id: 16777220 name: "set_adjacency" alias: "set_adjacency" }
  params { id: 1 name: "egress_port" bitwidth: 9 }
  params { id: 2 name: "dst_mac" annotations: "@format(MAC_ADDRESS)" bitwidth: 48 }
}
action_profiles {
  preamble { id: 285212673 name: "selector" alias: "selector" }
  table_ids: 33554435 with_selector: true size: 64 max_group_size: 8
}
counters {
  preamble { id: 301989889 name: "drop_counter" alias: "drop_counter" } spec { unit: BOTH } size: 32
}
direct_counters {
  preamble { id: 318767105 name: "route_counter" alias: "route_counter" } spec { unit: BOTH }
  direct_table_id: 33554433
}
meters { preamble { id: 335544321 name: "punt_meter" alias: "punt_meter" } spec { unit: PACKETS } size: 16 }
direct_meters {
  preamble { id: 352321537 name: "acl_meter" alias: "acl_meter" } spec { unit: BYTES }
  direct_table_id: 33554434
}
controller_packet_metadata {
  preamble { id: 67108865 name: "packet_in" alias: "packet_in" }
  metadata { id: 1 name: "reason" bitwidth: 8 }
  metadata { id: 2 name: "ingress_port" bitwidth: 9 }
  metadata { id: 3 name: "pad" bitwidth: 7 }
}
controller_packet_metadata {
  preamble { id: 67108866 name: "packet_out" alias: "packet_out" }
  metadata { id: 1 name: "egress_port" bitwidth: 9 }
  metadata { id: 2 name: "pad" bitwidth: 7 }
}
value_sets {
  preamble { id: 50331649 name: "tpids" alias: "tpids" }
  match { id: 1 name: "ether_type" bitwidth: 16 match_type: EXACT }
  size: 4
}
registers {
  preamble { id: 369098753 name: "state" alias: "state" }
  type_spec { struct { name: "state_t" } }
  size: 8
}
digests {
  preamble { id: 385875969 name: "learn" alias: "learn" }
  type_spec { struct { name: "learn_t" } }
}
type_info {
  structs {
    key: "state_t"
    value {
      members { name: "seen" type_spec { bool {} } }
      members { name: "delta" type_spec { bitstring { int { bitwidth: 16 } } } }
    }
  }
  structs {
    key: "learn_t"
    value {
      members { name: "address" type_spec { bitstring { bit { bitwidth: 48 } } } }
      members { name: "port" type_spec { bitstring { bit { bitwidth: 9 } } } }
    }
  }
}
"""
