# SPDX-License-Identifier: Apache-2.0
"""Pure data: what a node is meant to do. Nothing here does I/O or knows P4Runtime."""

from srv6cp.model.flavours import FLAVOUR_NAMES, Flavour, parse_flavours
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
)
from srv6cp.model.local_sids import LocalSids
from srv6cp.model.node import ICMPV6, Link, Node, Origin, RateLimit, SrDomain
from srv6cp.model.numbers import DropReason, PuntReason
from srv6cp.model.policies import (
    MAX_SEGMENTS,
    MAX_TOTAL_WEIGHT,
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
    "DEFAULT_MTU",
    "DEFAULT_VRF",
    "DROP_REASONS",
    "FLAVOUR_NAMES",
    "ICMPV6",
    "MAX_SEGMENTS",
    "MAX_TOTAL_WEIGHT",
    "MAX_WEIGHT",
    "PUNT_REASONS",
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
    "parse_flavours",
]
