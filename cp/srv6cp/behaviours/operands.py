# SPDX-License-Identifier: Apache-2.0
"""What behaviours need besides their SID: read from the node file, bound to action parameters, and told again.

``VIA6``            an adjacency or a weighted set of them (End.X); ``CROSS6``, ``CROSS4`` for cross-connects
``VRF``             the table in which the packet is looked up
``PORT``            a port to leave by, as a frame
``policy(MODE)``    an SR policy, in the headend mode that the behaviour prescribes
``item(SECTION)``   an item of a section that the record brings
``DECAP``           options of a behaviour that takes an IP packet out
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from srv6cp import values
from srv6cp.behaviours.interfaces import Binder, Names, Number, Schema, Scope
from srv6cp.behaviours.section import Section
from srv6cp.model import DEFAULT_VRF, MAX_WEIGHT
from srv6cp.model.numbers import DecapOption
from srv6cp.problems import InvalidError, with_path

Bind = Callable[[Any, Binder], Number]

NAME: Schema = {"type": ["string", "integer"]}
ADDRESS: Schema = {"type": "string"}
INTERFACE: Schema = {"type": ["integer", "string"], "description": '1, or "1.100" for VLAN 100 of port 1'}
WEIGHT: Schema = {"type": "integer", "minimum": 1, "maximum": MAX_WEIGHT}
_HOP: Schema = {
    "type": "object",
    "properties": {"address": ADDRESS, "port": INTERFACE, "weight": WEIGHT},
    "additionalProperties": False,
}
#: ``via`` of routes and SIDs.
HOPS: Schema = {
    "anyOf": [ADDRESS, _HOP, {"type": "array", "items": {"anyOf": [ADDRESS, _HOP]}, "minItems": 1}],
}

_MAIN_TABLES = ("main", "254", "0")


@dataclass(frozen=True)
class Operand:
    """An operand. ``key`` names it in the node file, on the command line and in ``Sid.operands``.

    ``summary`` is its cell in tables of the documentation, ``usage`` its words on the command line.
    """

    key: str
    summary: str
    usage: str

    @property
    def keys(self) -> tuple[str, ...]:
        """Keys of a SID that :meth:`read` looks at, ``key`` first."""
        return (self.key,)

    @property
    def schema(self) -> Schema:
        """JSON Schema of its value in the node file."""
        return NAME

    @property
    def synonyms(self) -> Mapping[str, Callable[[Any], Any] | None]:
        """Words of iproute2 and srext for ``key``, each with what its value is translated by."""
        return {}

    @property
    def bare(self) -> bool:
        """True when srext writes the value without a word in front: ``end.dx2 INTERFACE``."""
        return False

    @property
    def parameters(self) -> Mapping[str, Bind]:
        """Action parameters that it can give, the one that :meth:`text` understands first."""
        raise NotImplementedError

    def read(self, item: dict[Any, Any], scope: Scope, behaviour: str) -> dict[str, Any]:
        """Its part of ``Sid.operands``. Raises ``InvalidError`` with a path inside the SID."""
        raise NotImplementedError

    def text(self, value: Any, names: Names) -> str:
        """Its words for the value of its first parameter, read back from a switch; ``""``: nothing to be said."""
        raise NotImplementedError

    def told(self, params: Mapping[str, Any], names: Names) -> str:
        """Its words for the parameters of an action, read back from a switch; ``""``: nothing to be said."""
        first = next(iter(self.parameters))
        return self.text(params[first], names) if first in params else ""


@dataclass(frozen=True)
class Via(Operand):
    """Next hops. ``version`` is that of the packets sent there; IPv4 packets may go to an IPv6 neighbour (RFC 8950).

    A cross-connect (``crosses``) may also name the unspecified address: then it has no next hop and looks the packet up
    in ``vrf``, as iproute2's ``nh6 ::`` does. A port alone is no next hop: whose MAC would the frame go to?
    """

    version: int = 6
    crosses: bool = False

    @property
    def keys(self) -> tuple[str, ...]:
        return ("via", "vrf")

    @property
    def schema(self) -> Schema:
        return HOPS

    @property
    def synonyms(self) -> Mapping[str, Callable[[Any], Any] | None]:
        return {"nh6": None, "nh4": None, "nexthop": None}

    @property
    def parameters(self) -> Mapping[str, Bind]:
        return {"nexthop_id": lambda hops, binder: binder.nexthop_id(hops)}

    def read(self, item: dict[Any, Any], scope: Scope, behaviour: str) -> dict[str, Any]:
        vrf = scope.vrf(item) if item.get("vrf") is not None else None
        via = item.get("via")
        if via is None:
            raise InvalidError(f"{behaviour} needs 'via', the address of the next hop")
        if self.crosses and via in ("::", "0.0.0.0"):
            return {"via": (), "vrf": vrf or DEFAULT_VRF}
        hops = with_path("via", scope.nexthops, via, vrf)
        for hop in hops:
            if hop.address is not None and hop.address.version == 4 and self.version == 6:
                raise InvalidError(f"the next hop of {behaviour} must be an IPv6 address, not {hop.address}", "via")
            if hop.address is None:
                raise InvalidError(f"{behaviour} needs the address of its next hop, not only its port", "via")
        return {"via": hops}

    def text(self, value: Any, names: Names) -> str:
        return names.nexthop(value)


@dataclass(frozen=True)
class Vrf(Operand):
    """A VRF, to be named even where it is ``default``."""

    @property
    def synonyms(self) -> Mapping[str, Callable[[Any], Any] | None]:
        return {"table": _table, "vrftable": _table}

    @property
    def parameters(self) -> Mapping[str, Bind]:
        return {"vrf_id": lambda name, binder: binder.vrf_id(name)}

    def read(self, item: dict[Any, Any], scope: Scope, behaviour: str) -> dict[str, Any]:
        if item.get("vrf") is None:
            raise InvalidError(f"{behaviour} needs 'vrf' (a declared VRF, or default)")
        return {"vrf": scope.vrf(item)}

    def text(self, value: Any, names: Names) -> str:
        return names.vrf(value)


def _table(value: Any) -> Any:
    """A routing table of Linux: the main one is the VRF ``default``."""
    return DEFAULT_VRF if str(value) in _MAIN_TABLES else value


@dataclass(frozen=True)
class OutPort(Operand):
    """A port that frames leave by."""

    @property
    def schema(self) -> Schema:
        return {"type": ["integer", "string"]}

    @property
    def synonyms(self) -> Mapping[str, Callable[[Any], Any] | None]:
        return {"oif": None, "dev": None}

    @property
    def bare(self) -> bool:
        return True

    @property
    def parameters(self) -> Mapping[str, Bind]:
        return {
            "egress_port": lambda number, _: number,
            "mtu": lambda number, binder: binder.port(number).mtu,
        }

    def read(self, item: dict[Any, Any], scope: Scope, behaviour: str) -> dict[str, Any]:
        if item.get("port") is None:
            raise InvalidError(f"{behaviour} needs 'port', the port that frames leave by")
        return {"port": with_path("port", out_port, item["port"], scope)}

    def text(self, value: Any, names: Names) -> str:
        return str(value)


def out_port(value: Any, scope: Scope) -> int:
    """A declared port by number. Raises ``InvalidError``."""
    port = values.integer(value, "port", 0, values.MAX_PORT)
    if port not in scope.ports:
        valid = ", ".join(map(str, scope.ports)) or "none is declared"
        raise InvalidError(f"unknown port {port}; valid: {valid}")
    return port


@dataclass(frozen=True)
class OfPolicy(Operand):
    """An SR policy, used in the headend mode ``mode`` whatever its own mode is."""

    mode: str = "encap"

    @property
    def parameters(self) -> Mapping[str, Bind]:
        return {"policy_id": lambda name, binder: binder.policy_id(name, self.mode)}

    def read(self, item: dict[Any, Any], scope: Scope, behaviour: str) -> dict[str, Any]:
        if item.get("policy") is None:
            raise InvalidError(f"{behaviour} needs 'policy'")
        return {"policy": with_path("policy", values.reference, item["policy"], scope.policy_names, "policy")}

    def text(self, value: Any, names: Names) -> str:
        return names.policy(value)


@dataclass(frozen=True)
class Item(Operand):
    """An item of a section of the node file that a record brings, bound to ``parameter`` by its number."""

    section: Section
    parameter: str

    @property
    def parameters(self) -> Mapping[str, Bind]:
        return {self.parameter: lambda name, binder: binder.number(self.section.key, name)}

    def read(self, item: dict[Any, Any], scope: Scope, behaviour: str) -> dict[str, Any]:
        value = item.get(self.key)
        if value is None:
            raise InvalidError(f"{behaviour} needs {self.key!r}, a {self.section.what}")
        declared = scope.declared(self.section.key)
        return {self.key: with_path(self.key, values.reference, value, declared, self.section.what)}

    def text(self, value: Any, names: Names) -> str:
        return names.item(self.section.key, value)


@dataclass(frozen=True)
class Option(Operand):
    """A choice that may be left out. The parameter ``options`` holds the bits of all that are not the default.

    ``choices``: the default, and the word that ``bit`` stands for. What is left out is not in ``Sid.operands``.
    """

    choices: tuple[str, ...] = ("", "")
    bit: int = 0

    @property
    def schema(self) -> Schema:
        return {"enum": list(self.choices)}

    @property
    def parameters(self) -> Mapping[str, Bind]:
        return {"options": self.bits}

    def bits(self, word: str, _: Binder) -> int:
        """Its part of the parameter."""
        return int(self.bit) if word == self.choices[1] else 0

    def read(self, item: dict[Any, Any], scope: Scope, behaviour: str) -> dict[str, Any]:
        word = item.get(self.key)
        if word is None:
            return {}
        return {self.key: with_path(self.key, values.choice, word, self.choices, f"{self.key!r}")}

    def text(self, value: Any, names: Names) -> str:
        return self.choices[1] if value & self.bit else ""


@dataclass(frozen=True)
class Choice(Option):
    """An option of more than two words; ``flags`` are the bits of each, the default's 0."""

    flags: tuple[int, ...] = ()

    def bits(self, word: str, _: Binder) -> int:
        return int(self.flags[self.choices.index(word)])

    def text(self, value: Any, names: Names) -> str:
        return next((word for word, bits in zip(self.choices, self.flags, strict=True) if bits and value & bits), "")


def _option(key: str, choices: tuple[str, str], bit: DecapOption) -> Option:
    return Option(key, f"[`{key}`]", f"{key} {'|'.join(choices)}", choices, bit)


VIA6 = Via("via", "`via` (one IPv6 next hop or several)", "via A [port P]")
CROSS6 = Via("via", "`via`, looked for in every VRF unless `vrf` is given", "via A [port P]", crosses=True)
CROSS4 = replace(CROSS6, version=4)
VRF = Vrf("vrf", "`vrf`", "vrf V")
PORT = OutPort("port", "`port`", "port P")

#: RFC 3443 3 and RFC 2983 4: the inner fields stay (pipe), or the outer ones go on (uniform); RFC 6040 4.2.
DECAP = (
    _option("ttl", ("pipe", "uniform"), DecapOption.TTL_UNIFORM),
    _option("dscp", ("pipe", "uniform"), DecapOption.DSCP_UNIFORM),
    _option("ecn", ("combine", "keep"), DecapOption.ECN_KEEP),
)


def policy(mode: str) -> OfPolicy:
    """A policy in this headend mode."""
    return OfPolicy("policy", "`policy`", "policy NAME", mode)


def item(key: str, section: Section, parameter: str) -> Item:
    """An item of ``section``, named by ``key`` of the SID."""
    return Item(key, f"`{key}` (an item of `{section.key}`)", f"{key} NAME", section, parameter)
