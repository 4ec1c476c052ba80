# SPDX-License-Identifier: Apache-2.0
"""Locators and local SIDs (RFC 8986 sections 3 and 4)."""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import IPv6Network

from srv6cp.model.behaviors import Behavior, Flavor
from srv6cp.model.interfaces import DEFAULT_VRF
from srv6cp.model.routing import NextHop


@dataclass(frozen=True)
class Locator:
    """A locator B:N::/(block+node) out of which the node takes its SIDs."""

    prefix: IPv6Network
    block: int
    node: int


@dataclass(frozen=True)
class Sid:
    """A local SID: what a packet whose destination lies in ``prefix`` meets.

    ``in_vrf`` is the VRF in which the SID can be reached, ``vrf`` the operand of End.T and End.DT*.
    End.DX4 and End.DX6 without next hop look the inner packet up in ``vrf`` (iproute2's ``nh6 ::``).
    """

    prefix: IPv6Network
    behavior: Behavior
    flavors: Flavor = Flavor.NONE
    in_vrf: str = DEFAULT_VRF
    vrf: str = DEFAULT_VRF
    nexthops: tuple[NextHop, ...] = ()
    port: int | None = None
    policy: str | None = None

    @property
    def code_point(self) -> int:
        """IANA number of the behaviour with its flavours."""
        return self.behavior.code_point(self.flavors)
