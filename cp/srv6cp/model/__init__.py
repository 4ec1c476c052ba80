# SPDX-License-Identifier: Apache-2.0
"""Pure data: what a node is meant to do. Nothing here does I/O or knows P4Runtime."""

from srv6cp.model.flavours import CSID_FLAVOURS, FLAVOUR_NAMES, Flavour, parse_flavours
from srv6cp.model.interfaces import (
    DEFAULT_MTU,
    DEFAULT_VRF,
    Interface,
    InterfaceId,
    IPAddress,
    IPInterface,
    IPNetwork,
    NeighborKey,
    Port,
    Urpf,
)
from srv6cp.model.limits import MAX_VISITS, USUAL_ICMP_LIMIT, USUAL_LIMITS, Limits, RateLimit
from srv6cp.model.local_sids import LocalSids
from srv6cp.model.node import ICMPV6, Link, Node, Origin, SrDomain
from srv6cp.model.numbers import DropReason, PuntReason
from srv6cp.model.policies import (
    MAX_ARGS_OFFSET,
    MAX_SEGMENTS,
    MAX_SOURCE_PREFIX,
    MAX_TOTAL_WEIGHT,
    MAX_UPF_PREFIX,
    MAX_WEIGHT,
    ClassifierRule,
    Encap,
    FlowLabel,
    Fragmentation,
    Policy,
    PrefixSteering,
    SegmentList,
)
from srv6cp.model.reasons import DROP_REASONS, PUNT_REASONS, Reason
from srv6cp.model.routing import Neighbor, NeighborLimits, NextHop, NextHopObject, OwnAddress, Route
from srv6cp.model.sids import Locator, Sid

__all__ = [
    "CSID_FLAVOURS",
    "DEFAULT_MTU",
    "DEFAULT_VRF",
    "DROP_REASONS",
    "FLAVOUR_NAMES",
    "ICMPV6",
    "MAX_ARGS_OFFSET",
    "MAX_SEGMENTS",
    "MAX_SOURCE_PREFIX",
    "MAX_TOTAL_WEIGHT",
    "MAX_UPF_PREFIX",
    "MAX_VISITS",
    "MAX_WEIGHT",
    "PUNT_REASONS",
    "USUAL_ICMP_LIMIT",
    "USUAL_LIMITS",
    "ClassifierRule",
    "DropReason",
    "Encap",
    "Flavour",
    "FlowLabel",
    "Fragmentation",
    "IPAddress",
    "IPInterface",
    "IPNetwork",
    "Interface",
    "InterfaceId",
    "Limits",
    "Link",
    "LocalSids",
    "Locator",
    "Neighbor",
    "NeighborKey",
    "NeighborLimits",
    "NextHop",
    "NextHopObject",
    "Node",
    "Origin",
    "OwnAddress",
    "Policy",
    "Port",
    "PrefixSteering",
    "PuntReason",
    "RateLimit",
    "Reason",
    "Route",
    "SegmentList",
    "Sid",
    "SrDomain",
    "Urpf",
    "parse_flavours",
]
