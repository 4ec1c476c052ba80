# SPDX-License-Identifier: Apache-2.0
"""Locators and local SIDs (RFC 8986 sections 3 and 4)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from ipaddress import IPv6Network
from typing import Any

from srv6cp.model.flavours import Flavour
from srv6cp.model.hmac import TlvPolicy
from srv6cp.model.interfaces import DEFAULT_VRF


@dataclass(frozen=True)
class Locator:
    """A locator B:N::/(block+node) out of which the node takes its SIDs."""

    prefix: IPv6Network
    block: int
    node: int


@dataclass(frozen=True)
class Sid:
    """A local SID: what a packet whose destination lies in ``prefix`` meets.

    ``behaviour`` is the name of a record of :mod:`srv6cp.behaviours`, which says what its ``operands`` (by their
    keys in the node file) are. ``in_vrf`` is the VRF in which the SID can be reached. ``tlv``
    None: what the interface says that a packet came by.
    """

    prefix: IPv6Network
    behaviour: str
    flavours: Flavour = Flavour.NONE
    operands: Mapping[str, Any] = field(default_factory=dict)
    in_vrf: str = DEFAULT_VRF
    tlv: TlvPolicy | None = None
