# SPDX-License-Identifier: Apache-2.0
"""The record of a behaviour: everything that only it knows. What is general reads it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from srv6cp.behaviours.interfaces import Scope
from srv6cp.behaviours.operands import OfPolicy, Operand, Option
from srv6cp.behaviours.section import Section
from srv6cp.model import Flavour

ALL_FLAVOURS = Flavour.PSP | Flavour.USP | Flavour.USD


@dataclass(frozen=True)
class Endpoint:
    """An endpoint behaviour (RFC 8986 section 4).

    ``name`` is the RFC's spelling, ``aliases`` are further ones. ``action`` of ``my_sid_table`` implements it; its
    parameters come from ``operands`` by name. ``code_points`` are the IANA "SRv6 Endpoint Behaviors" numbers: one,
    or with ``flavours`` one for each value of their bit map (0 where none is assigned). ``takes`` is what it accepts
    inside the header that it removes, ``label`` what the lab adds to its name. ``lookup`` names the behaviour that it
    is when ``via`` is the unspecified address. ``returning`` stands for ``action`` at a binding SID whose policy says
    so (``Encap.returns_to_sid``). ``sections`` are the parts of the node file that it brings. ``of`` is the behaviour
    that it is the C-SID flavour ``csid`` of, ``argument`` the bits of its Argument where that is not all behind it.
    """

    name: str
    action: str
    operands: tuple[Operand, ...] = ()
    code_points: tuple[int, ...] = ()
    flavours: Flavour = Flavour.NONE
    spec: str = ""
    takes: tuple[str, ...] = ()
    label: str = ""
    aliases: tuple[str, ...] = ()
    lookup: str = ""
    returning: str = ""
    sections: tuple[Section, ...] = ()
    of: str = ""
    csid: Flavour = Flavour.NONE
    argument: int = 0

    def __post_init__(self) -> None:
        wanted = 1 + int(self.flavours)
        if self.code_points and len(self.code_points) != wanted:
            raise ValueError(f"{self.name}: {wanted} code points, not {len(self.code_points)}")

    @property
    def actions(self) -> tuple[str, ...]:
        """The actions of ``my_sid_table`` that implement it."""
        return (self.action, self.returning) if self.returning else (self.action,)

    @property
    def behaviour(self) -> str:
        """Its name without a C-SID flavour."""
        return self.of or self.name

    @property
    def compressed(self) -> bool:
        """True when its SIDs are compressed ones, with a structure (RFC 9800)."""
        return {"lblen", "nflen"} <= self.keys

    def flavour_names(self, flavours: Flavour = Flavour.NONE) -> tuple[str, ...]:
        """Names of the flavours that it has with ``flavours``, its C-SID flavour among them."""
        return (flavours | self.csid).names()

    @property
    def decapsulates(self) -> bool:
        """True when it removes the outer header."""
        return bool(self.takes)

    @property
    def moves_on(self) -> bool:
        """True when it moves a packet on to its next segment, and so processes an SRH (RFC 8754 section 4.3.1.1)."""
        return not self.takes or bool(self.flavours)

    @property
    def binding_mode(self) -> str:
        """The headend mode of a binding SID, ``""`` for every other behaviour."""
        return next((operand.mode for operand in self.operands if isinstance(operand, OfPolicy)), "")

    @property
    def keys(self) -> frozenset[str]:
        """Keys of the node file that its operands are read from."""
        return frozenset(key for operand in self.operands for key in operand.keys)

    @property
    def options(self) -> tuple[str, ...]:
        """Keys that say how it decapsulates."""
        return tuple(operand.key for operand in self.operands if isinstance(operand, Option))

    def code_point(self, flavours: Flavour = Flavour.NONE) -> int | None:
        """IANA number with these flavours (RFC 8986 section 10.2.2); None where none is assigned."""
        return (self.code_points[int(flavours) if self.flavours else 0] or None) if self.code_points else None

    def read(self, item: dict[Any, Any], scope: Scope) -> Mapping[str, Any]:
        """``Sid.operands`` of a SID in a node file. Raises ``InvalidError``."""
        if len(self.operands) == 1:
            return self.operands[0].read(item, scope, self.name)
        found: dict[str, Any] = {}
        for operand in self.operands:
            found |= operand.read(item, scope, self.name)
        return found


@dataclass(frozen=True)
class Headend:
    """A headend behaviour (RFC 8986 section 5).

    ``mode`` is its spelling in the node file and in iproute2, ``name`` the RFC's, ``aliases`` are further ones.
    ``action`` of ``sr_policy_table`` implements it. ``reduced``: the first segment is left out of the SRH (RFC 8754
    section 4.1.1); ``layer2``: it takes whole frames; ``inserts``: the SRH goes into the packet instead of a new
    outer header; ``gtp``: it takes what GTP-U over IPv4 carries (RFC 9433 6.7).
    """

    mode: str
    name: str
    action: str
    spec: str = ""
    reduced: bool = False
    layer2: bool = False
    inserts: bool = False
    gtp: bool = False
    aliases: tuple[str, ...] = ()

    @property
    def pushes_packets(self) -> bool:
        """True when it takes a packet and puts an outer header in front of it."""
        return not (self.layer2 or self.inserts or self.gtp)
