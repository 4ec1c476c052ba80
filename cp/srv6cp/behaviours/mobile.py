# SPDX-License-Identifier: Apache-2.0
"""The mobile user plane (RFC 9433): SIDs between SRv6 and GTP-U.

Args.Mob.Session, 40 bits of QFI, R, U and PDU Session ID (6.1), stands right behind locator and function of a SID, and
behind the embedded IPv4 address of an End.M.GTP4.E SID. Where that is is the prefix length of this node's own SIDs, and
``args-offset`` for the SID of somebody else that a policy ends with.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from ipaddress import IPv6Address
from typing import Any, NamedTuple

from srv6cp import values
from srv6cp.behaviours.interfaces import Binder, Names, Schema, Scope
from srv6cp.behaviours.operands import ADDRESS, HOPS, Bind, Choice, Operand, Option, Via, policy
from srv6cp.behaviours.record import Endpoint
from srv6cp.model import MAX_ARGS_OFFSET, MAX_SOURCE_PREFIX, MAX_UPF_PREFIX
from srv6cp.model.numbers import MobileOption
from srv6cp.problems import InvalidError, with_path

_ADDRESS_LENGTH = 128
#: Where Linux has the IPv4 source address as well.
_SOURCE_PREFIX = 64
_INHERIT = "inherit"


@dataclass(frozen=True)
class ArgsOffset(Operand):
    """Bits in front of Args.Mob.Session, ``ahead`` of them an IPv4 address, in a SID of somebody else."""

    required: bool = True

    @property
    def schema(self) -> Schema:
        return {"type": "integer", "minimum": 1, "maximum": MAX_ARGS_OFFSET}

    @property
    def parameters(self) -> Mapping[str, Bind]:
        return {"argument_shift": lambda bits, _: 0 if bits is None else MAX_ARGS_OFFSET - bits}

    def read(self, item: dict[Any, Any], scope: Scope, behaviour: str) -> dict[str, Any]:
        value = item.get(self.key)
        if value is None:
            if self.required:
                raise InvalidError(
                    f"{behaviour} needs {self.key!r}: how many bits of the last segment of its policy are in front of"
                    " Args.Mob.Session"
                )
            return {self.key: None}
        return {self.key: with_path(self.key, values.integer, value, self.key, 1, MAX_ARGS_OFFSET)}

    def text(self, value: Any, names: Names) -> str:
        return str(MAX_ARGS_OFFSET - value)


@dataclass(frozen=True)
class PrefixLength(Operand):
    """The prefix of the SID ends where its arguments begin. Nothing is written for it in a node file."""

    longest: int = MAX_ARGS_OFFSET

    @property
    def schema(self) -> Schema:
        return {"type": "integer", "minimum": 1, "maximum": self.longest}

    @property
    def parameters(self) -> Mapping[str, Bind]:
        return {"argument_shift": lambda bits, _: self.longest - bits}

    def read(self, item: dict[Any, Any], scope: Scope, behaviour: str) -> dict[str, Any]:
        given = item.get(self.key)
        if given is not None:
            return {self.key: with_path(self.key, values.integer, given, self.key, 1, self.longest)}
        prefix = with_path("sid", values.ipv6_prefix, item.get("sid"), "SID")
        if prefix.prefixlen > self.longest:
            raise InvalidError(
                f"the arguments of {behaviour} stand behind the prefix of the SID, which has at most {self.longest}"
                f" bits, not {prefix.prefixlen}",
                "sid",
            )
        return {self.key: prefix.prefixlen}

    def text(self, value: Any, names: Names) -> str:
        return str(self.longest - value)


@dataclass(frozen=True)
class SourcePrefixLength(Operand):
    """Bits of the Source UPF Prefix, in front of the IPv4 address in the source address (RFC 9433 6.6)."""

    @property
    def schema(self) -> Schema:
        return {"type": "integer", "minimum": 0, "maximum": MAX_SOURCE_PREFIX}

    @property
    def parameters(self) -> Mapping[str, Bind]:
        return {"source_shift": lambda bits, _: MAX_SOURCE_PREFIX - bits}

    def read(self, item: dict[Any, Any], scope: Scope, behaviour: str) -> dict[str, Any]:
        value = item.get(self.key, _SOURCE_PREFIX)
        return {self.key: with_path(self.key, values.integer, value, self.key, 0, MAX_SOURCE_PREFIX)}

    def text(self, value: Any, names: Names) -> str:
        return str(MAX_SOURCE_PREFIX - value)


@dataclass(frozen=True)
class Address(Operand):
    """An IPv6 address that goes into a packet."""

    parameter: str = ""
    what: str = ""

    @property
    def schema(self) -> Schema:
        return ADDRESS

    @property
    def parameters(self) -> Mapping[str, Bind]:
        return {self.parameter: lambda address, _: address}

    def read(self, item: dict[Any, Any], scope: Scope, behaviour: str) -> dict[str, Any]:
        if item.get(self.key) is None:
            raise InvalidError(f"{behaviour} needs {self.key!r}, {self.what}")
        address = with_path(self.key, _unicast, item[self.key], self.key)
        if self.key == "map-to" and address in with_path("sid", values.ipv6_prefix, item.get("sid"), "SID"):
            raise InvalidError(f"{address} is this SID itself", self.key)
        return {self.key: address}

    def text(self, value: Any, names: Names) -> str:
        return str(IPv6Address(value))


def _unicast(value: Any, what: str) -> IPv6Address:
    address = values.ipv6_address(value, what)
    if values.not_forwarded(address):
        raise InvalidError(f"{address} is no routable unicast address")
    return address


@dataclass(frozen=True)
class HopLimit(Operand):
    """Hop limit or TTL of the header that is pushed; by default that of the packet, less one."""

    @property
    def schema(self) -> Schema:
        return {"anyOf": [{"type": "integer", "minimum": 1, "maximum": 255}, {"enum": [_INHERIT]}]}

    @property
    def parameters(self) -> Mapping[str, Bind]:
        return {"hop_limit": lambda limit, _: limit or 0}

    def read(self, item: dict[Any, Any], scope: Scope, behaviour: str) -> dict[str, Any]:
        value = item.get(self.key)
        if value is None or value == _INHERIT:
            return {self.key: None}
        return {self.key: with_path(self.key, values.integer, value, "a hop limit, unless it is 'inherit',", 1, 255)}

    def text(self, value: Any, names: Names) -> str:
        return str(value) if value else ""


#: Bytes of a group at once, at least: two packets of the usual MTU.
SMALLEST_BURST = 3000


class Group(NamedTuple):
    """Packets that share a rate: locator, function and group-id of their SID (RFC 9433 6.8); bytes a second, 0: no
    limit."""

    key: bytes
    rate: int


@dataclass(frozen=True)
class Limit(Operand):
    """The group and its rate, which the SID says: ``LOC+FUNC | group-id | limit-rate``."""

    @property
    def keys(self) -> tuple[str, ...]:
        return (self.key, RATE_UNIT.key, UNLIMITED.key)

    @property
    def schema(self) -> Schema:
        return {"type": "integer", "minimum": 1, "maximum": 64}

    @property
    def parameters(self) -> Mapping[str, Bind]:
        return {"limit": lambda group, binder: binder.group(group.key)}

    def read(self, item: dict[Any, Any], scope: Scope, behaviour: str) -> dict[str, Any]:
        prefix = with_path("sid", values.ipv6_prefix, item.get("sid"), "SID")
        bits = with_path(self.key, values.integer, item.get(self.key, 32), self.key, 1, 64)
        if prefix.prefixlen != _ADDRESS_LENGTH:
            raise InvalidError(
                f"a SID of {behaviour} says group and rate, so it is an address, not a prefix of {prefix.prefixlen}",
                "sid",
            )
        address = int(prefix.network_address)
        number = address & (1 << bits) - 1 or UNLIMITED.number(item)
        return {self.key: Group((address >> bits).to_bytes(16, "big"), number * RATE_UNIT.number(item) // 8)}

    def text(self, value: Any, names: Names) -> str:
        return ""


@dataclass(frozen=True)
class PartOfLimit(Operand):
    """A number that `Limit` reads."""

    low: int = 0
    default: int = 0

    @property
    def schema(self) -> Schema:
        return {"type": "integer", "minimum": self.low, "maximum": _HIGHEST_RATE}

    @property
    def parameters(self) -> Mapping[str, Bind]:
        return {}

    def number(self, item: dict[Any, Any]) -> int:
        """Its value in a SID of a node file. Raises ``InvalidError``."""
        given = item.get(self.key, self.default)
        value: int = with_path(self.key, values.integer, given, self.key, self.low, _HIGHEST_RATE)
        return value

    def read(self, item: dict[Any, Any], scope: Scope, behaviour: str) -> dict[str, Any]:
        return {}

    def told(self, params: Mapping[str, Any], names: Names) -> str:
        return ""


_HIGHEST_RATE = 10**12
RATE_UNIT = PartOfLimit("rate-unit", "[`rate-unit`]", "rate-unit BITS_PER_SECOND", 1, 1_000_000)
UNLIMITED = PartOfLimit("unlimited-rate", "[`unlimited-rate`]", "unlimited-rate N")
LIMIT = Limit("rate-bits", "[`rate-bits`]", "rate-bits N")


#: What GTP-U carries, by the next header that says so; 0: IPv4 or IPv6, as the packet itself says.
_PAYLOADS = {"ip": 0, "ipv4": 4, "ipv6": 41, "ethernet": 143}


@dataclass(frozen=True)
class Payload(Operand):
    """The type of the PDU sessions of the SID (RFC 9433 7)."""

    @property
    def schema(self) -> Schema:
        return {"enum": list(_PAYLOADS)}

    @property
    def parameters(self) -> Mapping[str, Bind]:
        return {"next_header": lambda kind, _: _PAYLOADS[kind]}

    def read(self, item: dict[Any, Any], scope: Scope, behaviour: str) -> dict[str, Any]:
        kind = item.get(self.key, "ip")
        return {self.key: with_path(self.key, values.choice, kind, tuple(_PAYLOADS), f"{self.key!r}")}

    def text(self, value: Any, names: Names) -> str:
        return next((kind for kind, number in _PAYLOADS.items() if number == value), str(value)) if value else ""


@dataclass(frozen=True)
class Messages(Via):
    """The next hop of messages that are no G-PDU. Without it they are dropped."""

    def read(self, item: dict[Any, Any], scope: Scope, behaviour: str) -> dict[str, Any]:
        if item.get("via") is None:
            return {"via": ()}
        return super().read(item, scope, behaviour)

    @property
    def schema(self) -> Schema:
        return HOPS

    @property
    def parameters(self) -> Mapping[str, Bind]:
        return {"nexthop_id": _nexthop}

    def text(self, value: Any, names: Names) -> str:
        return names.nexthop(value) if value else ""


def _nexthop(hops: Any, binder: Binder) -> int:
    return binder.nexthop_id(hops) if hops else 0


MAP_TO = Address("map-to", "`map-to`", "map-to SID", "mapped_sid", "the SID that takes its place")
ECHO = Option("echo", "[`echo`]", "echo forward|answer", ("forward", "answer"), MobileOption.ANSWER_ECHO)
MESSAGES = Messages("via", "[`via`]", "via A [port P]")
PAYLOAD = Payload("payload", "[`payload`]", "payload ip|ipv4|ipv6|ethernet")
ARGS = PrefixLength("args-offset", "[`args-offset`]", "args-offset BITS")
_HOP_LIMIT = HopLimit("hop-limit", "[`hop-limit`]", "hop-limit N|inherit")
_PORT = Option(
    "source-port", "[`source-port`]", "source-port hash|2152", ("hash", "2152"), MobileOption.SOURCE_PORT_2152
)
_CHECKSUM = Option(
    "udp-checksum", "[`udp-checksum`]", "udp-checksum compute|zero", ("compute", "zero"), MobileOption.UDP_CHECKSUM_ZERO
)
_PDU_TYPE = Option("pdu-type", "[`pdu-type`]", "pdu-type downlink|uplink", ("downlink", "uplink"), MobileOption.UPLINK)
_CONTAINER = Choice(
    "container",
    "[`container`]",
    "container qfi|always|never",
    ("qfi", "always", "never"),
    flags=(0, MobileOption.CONTAINER_ALWAYS, MobileOption.CONTAINER_NEVER),
)
_ARGS_IN = Option(
    "args-in", "[`args-in`]", "args-in policy|penultimate", ("policy", "penultimate"), MobileOption.ARGUMENT_BEFORE_IT
)

ENDPOINTS = (
    Endpoint(
        "End.MAP",
        action="end_map",
        operands=(MAP_TO,),
        code_points=(40,),
        spec="RFC 9433 6.2",
    ),
    Endpoint(
        "End.Limit",
        action="end_limit",
        operands=(LIMIT, RATE_UNIT, UNLIMITED),
        code_points=(41,),
        spec="RFC 9433 6.8",
    ),
    Endpoint(
        "End.M.GTP6.D",
        action="end_m_gtp6_d",
        operands=(
            policy(""),
            ArgsOffset("args-offset", "`args-offset`", "args-offset BITS"),
            PAYLOAD,
            MESSAGES,
            ECHO,
        ),
        code_points=(69,),
        spec="RFC 9433 6.3",
    ),
    Endpoint(
        "End.M.GTP6.D.Di",
        action="end_m_gtp6_d_di",
        operands=(
            policy(""),
            ArgsOffset("args-offset", "[`args-offset`]", "args-offset BITS", required=False),
            PAYLOAD,
            MESSAGES,
            ECHO,
            _ARGS_IN,
        ),
        code_points=(70,),
        spec="RFC 9433 6.4",
        aliases=("End.M.GTP6.Di",),  # IANA
    ),
    Endpoint(
        "End.M.GTP6.E",
        action="end_m_gtp6_e",
        operands=(
            Address("source", "`source`", "source A", "source_address", "source of the GTP-U packets"),
            ARGS,
            _HOP_LIMIT,
            _PORT,
            _CHECKSUM,
            _PDU_TYPE,
            _CONTAINER,
        ),
        code_points=(71,),
        spec="RFC 9433 6.5",
    ),
    Endpoint(
        "End.M.GTP4.E",
        action="end_m_gtp4_e",
        operands=(
            PrefixLength("args-offset", "[`args-offset`]", "args-offset BITS", MAX_UPF_PREFIX),
            SourcePrefixLength("source-prefix-length", "[`source-prefix-length`]", "source-prefix-length BITS"),
            _HOP_LIMIT,
            _PORT,
            _PDU_TYPE,
            _CONTAINER,
        ),
        code_points=(72,),
        spec="RFC 9433 6.6",
    ),
)

#: What takes a packet out of GTP-U into a policy, in the policy's own mode.
POLICY_OF_GTP = frozenset(("End.M.GTP6.D", "End.M.GTP6.D.Di"))
