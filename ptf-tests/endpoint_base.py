# SPDX-License-Identifier: Apache-2.0
"""What the tests of the endpoint side share: one node with every behaviour, and tests made for each of them.

The function bits of a SID are the code point of its behaviour in the IANA registry (RFC 8986 10.2.2), flavours
included: ``fcbb:bb00:1:1::`` is End, ``fcbb:bb00:1:1f::`` End with PSP, USP and USD.

A packet comes in by port 1 from ``HOST``. It leaves by port 2 when the default table decides, 3 or 6 by an adjacency,
4 by table blue, 5 as a frame, 7 towards the policies ``north`` and ``single``. Inner hosts ``IN*`` are behind port 1 in
the default table and behind port 4 in blue; ``OUT*`` behind port 2 and port 4.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from ipaddress import IPv6Address
from typing import Any

import variants

from srv6_base import Srv6Test, craft, wire
from srv6cp.behaviours import REGISTRY
from srv6cp.compile.capabilities import Capabilities

HOST = "2001:db8:1::2"
SOURCE = "fcbb:bb00:1::1"  # SR source address of the node, one of its own addresses
NEXT, THEN, LAST = "fcbb:bb00:2::", "fcbb:bb00:2:7::", "fcbb:bb00:2:9::"  # segments of other nodes
LOST = "fcbb:bb00:dead::"  # a segment without a route
IN6, OUT6 = "2001:db8:81::1", "2001:db8:92::1"
IN4, OUT4 = "203.0.113.1", "198.51.100.1"
B1, B2 = "fcbb:bb00:b1::", "fcbb:bb00:b2::"  # segments of policy north, in the order of travel

# The behaviours of this node and the ports that their packets leave by. One that needs more than an operand has a node
# and tests of its own.
EXITS = {
    "End": 2,
    "End.X": 3,
    "End.T": 4,
    "End.DX6": 6,
    "End.DX4": 6,
    "End.DT6": 4,
    "End.DT4": 4,
    "End.DT46": 4,
    "End.DX2": 5,
    "End.DX2V": 5,
    "End.B6.Encaps": 7,
    "End.B6.Encaps.Red": 7,
    "End.B6.Insert": 7,
    "End.B6.Insert.Red": 7,
}
OPERANDS = {
    "End.X": {"via": "2001:db8:3::2"},
    "End.T": {"vrf": "blue"},
    "End.DX6": {"via": "2001:db8:6::2"},
    "End.DX4": {"via": "10.0.6.2"},
    "End.DT6": {"vrf": "blue"},
    "End.DT4": {"vrf": "blue"},
    "End.DT46": {"vrf": "blue"},
    "End.DX2": {"port": 5},
    "End.DX2V": {"table": "wires"},
    **{name: {"policy": "north"} for name, port in EXITS.items() if port == 7},
}

_RECORDS = [record for record in REGISTRY.endpoints if record.name in EXITS]
CODES = {record.name: record.code_points for record in _RECORDS}
FLAVORS = ((), ("psp",), ("usp",), ("psp", "usp"), ("usd",), ("psp", "usd"), ("usp", "usd"), ("psp", "usp", "usd"))

FLAVORED = tuple(record.name for record in _RECORDS if record.flavours)
_BINDING = {record.name: REGISTRY.headend(record.binding_mode) for record in _RECORDS if record.binding_mode}
ENCAPS = tuple(name for name, headend in _BINDING.items() if not headend.inserts)
INSERTS = tuple(name for name, headend in _BINDING.items() if headend.inserts)
ADVANCING = FLAVORED + ENCAPS + INSERTS  # the skeleton of RFC 8986 4.1
DECAPSULATING = tuple(record.name for record in _RECORDS if record.decapsulates)
TAKES6 = tuple(record.name for record in _RECORDS if "ipv6" in record.takes)
TAKES4 = tuple(record.name for record in _RECORDS if "ipv4" in record.takes)
TAKES_FRAMES = tuple(record.name for record in _RECORDS if "ethernet" in record.takes)


@dataclass(frozen=True)
class Endpoint:
    """A behaviour with flavours, as one of the node's SIDs."""

    behaviour: str
    flavors: tuple[str, ...] = ()

    @property
    def sid(self) -> str:
        """Its SID, a /64 of the node's locator."""
        return f"fcbb:bb00:1:{CODES[self.behaviour][FLAVORS.index(self.flavors)]:x}::"

    @property
    def prefix(self) -> str:
        """Its SID as it is configured."""
        return f"{self.sid}/64"

    @property
    def label(self) -> str:
        """For names of tests: ``EndXPspUsd``."""
        return self.behaviour.replace(".", "") + "".join(flavor.capitalize() for flavor in self.flavors)

    @property
    def rows(self) -> tuple[str, ...]:
        """The rows of docs/behaviours.md that it counts for."""
        return (self.behaviour, *(flavor.upper() for flavor in self.flavors))

    @property
    def exit(self) -> int:
        """The port that packets leave by."""
        return EXITS[self.behaviour]

    @property
    def vrf(self) -> str:
        """The VRF that a packet is in afterwards."""
        return "blue" if "blue" in OPERANDS.get(self.behaviour, {}).values() else "default"

    @property
    def home(self) -> int:
        """The port behind which the inner hosts ``IN*`` are, seen from the VRF of the decapsulated packet."""
        return 4 if self.vrf == "blue" else 1

    def speaker(self, inner: craft.Packet) -> str:
        """Source of ICMP errors about a decapsulated packet: an address of its VRF (RFC 4443 2.2, RFC 1812 4.3.2.4)."""
        return f"2001:db8:{self.home}::1" if inner.version == 6 else f"10.0.{self.home}.1"

    @property
    def sid_config(self) -> dict[str, Any]:
        """Its entry under ``sids``."""
        found = {"sid": self.prefix, "behavior": self.behaviour, **OPERANDS.get(self.behaviour, {})}
        return {**found, "flavors": list(self.flavors)} if self.flavors else found

    def carried(self, packet: wire.Packet, at: int = 40) -> wire.Part:
        """What an advancing behaviour without flavours sends of ``packet``, whose SRH is at offset ``at``."""
        moved = wire.advanced(packet, at)
        if self.behaviour in ENCAPS:
            listed = [B2] if self.behaviour.endswith(".Red") else [B2, B1]
            tc = int.from_bytes(moved[:2], "big") >> 4 & 0xFF
            return wire.ip6(SOURCE, B1, wire.srh(listed, sl=1, payload=moved), hl=64, tc=tc)
        if self.behaviour in INSERTS:
            return inserted(moved, [B2] if self.behaviour.endswith(".Red") else [B2, B1], B1)
        return moved


def inserted(packet: wire.Part, listed: Sequence[str], first: str, at: int = 40, sl: int = 2) -> wire.Part:
    """``packet`` with an SRH at offset ``at``: its destination as Segment List[0], then ``listed`` in wire order."""
    before = 6 if at == 40 else 40
    header = wire.srh([IPv6Address(packet[24:40]), *listed], sl=sl, nh=packet[before])
    front = bytearray(packet[:at])
    front[4:6] = (int.from_bytes(packet[4:6], "big") + len(header)).to_bytes(2, "big")
    front[24:40] = wire.v6(first)
    front[before] = wire.ROUTING
    return wire.Part(bytes(front) + header + packet[at:], wire.IPV6)


def plain(behaviours: Iterable[str]) -> tuple[Endpoint, ...]:
    """These behaviours without flavours."""
    return tuple(Endpoint(name) for name in behaviours)


def flavored(
    *, with_any: Sequence[str] = (), without: Sequence[str] = (), behaviours: Iterable[str] = FLAVORED
) -> tuple[Endpoint, ...]:
    """End, End.X, End.T in every combination of flavours that has one of ``with_any`` and none of ``without``."""
    return tuple(
        Endpoint(name, flavors)
        for name in behaviours
        for flavors in FLAVORS
        if (not with_any or set(with_any) & set(flavors)) and not set(without) & set(flavors)
    )


EVERY = flavored() + plain(ENCAPS + INSERTS + DECAPSULATING)


def for_each(endpoints: Iterable[Endpoint]) -> Callable[[type], type]:
    """A test for each endpoint, which it finds as ``self.endpoint``."""
    return variants.for_each("endpoint", endpoints)


def _in(program: Capabilities, behaviour: str) -> bool:
    record = REGISTRY.programmed(behaviour, OPERANDS.get(behaviour, {}))
    return program.has("my_sid_table", record.action) and (not record.binding_mode or program.has("sr_policy_table"))


@cache
def _everything(program: Capabilities, tested: tuple[Endpoint, ...]) -> dict[str, Any]:
    """The node with every behaviour that the program has, and those under test whether it has them or not."""
    both = [("default", 2, 1), ("blue", 4, 4)]  # VRF, port of what goes out, port of what goes back
    routes = [{"prefix": "fcbb:bb00:b0::/44", "via": "2001:db8:7::2"}]
    for vrf, out, back in both:
        for prefix, port in (("fcbb:bb00:2::/48", out), ("2001:db8:92::/48", out), ("2001:db8:81::/48", back)):
            routes.append({"prefix": prefix, "vrf": vrf, "via": f"2001:db8:{port}::2"})
        for prefix, port in (("198.51.100.0/24", out), ("203.0.113.0/24", back)):
            routes.append({"prefix": prefix, "vrf": vrf, "via": f"10.0.{port}.2"})
    policies = [
        {"name": "north", "encap": {"mode": "encap", "flow-label": 0}, "segments": [B1, B2]},
        {"name": "single", "encap": {"mode": "encap", "flow-label": 0}, "segments": [B1]},
    ]
    wires = [{"name": "wires", "entries": [{"vlan": 0, "port": 5}]}]
    return {
        "vrfs": ["blue"],
        "ports": {
            1: {"vlans": {100: {"addresses": ["2001:db8:100::1/64", "10.0.100.1/24"]}}},
            4: {"vrf": "blue"},
            **({5: {"mode": "l2"}} if program.has("ingress_port_table", "set_l2_port") else {}),
        },
        "routes": routes,
        "sids": [each.sid_config for each in EVERY if each in tested or _in(program, each.behaviour)],
        "policies": policies if any(each.exit == 7 for each in tested) or program.has("sr_policy_table") else [],
        "vlan_tables": wires
        if any(each.behaviour == "End.DX2V" for each in tested) or program.has("dx2v_table")
        else [],
    }


class EndpointTest(Srv6Test):
    """The node with every behaviour. ``endpoint`` is the one under test, ``beside`` are others that the test needs:
    where the profile under test lacks one of them, the test is skipped."""

    endpoint = Endpoint("End")
    beside: tuple[Endpoint, ...] = ()

    def setUp(self) -> None:
        super().setUp()
        self.endpoints()

    def endpoints(
        self, *, sids: Iterable[dict[str, Any]] = (), routes: Iterable[dict[str, Any]] = (), **config: Any
    ) -> None:
        """Configure the node: ``sids`` and ``routes`` are added to its own, anything else replaces what is there."""
        base = _everything(self.router.capabilities, (self.endpoint, *self.beside))
        ports = {**base["ports"], **config.pop("ports", {})}
        self.node(
            **{**base, "sids": [*base["sids"], *sids], "routes": [*base["routes"], *routes], "ports": ports, **config}
        )

    @property
    def sid(self) -> str:
        """The SID under test."""
        return self.endpoint.sid

    def packet(
        self,
        segments: Sequence[str],
        sl: int,
        payload: craft.Packet | None = None,
        *,
        dst: str | None = None,
        hl: int = 64,
        src: str = HOST,
        **srh: Any,
    ) -> craft.Packet:
        """An IPv6 packet with an SRH to the SID under test, UDP behind it unless told otherwise."""
        upper = craft.udp(b"payload") if payload is None else payload
        return craft.srv6(src, segments, segments_left=sl, dst=dst or self.sid, payload=upper, hl=hl, **srh)

    def refused(
        self,
        packet: craft.Packet,
        kind: int,
        code: int,
        value: int,
        reason: str,
        *,
        port: int = 1,
        vlan: int | tuple[int, ...] = (),
        src: str | None = None,
        quoted: wire.Packet | None = None,
    ) -> None:
        """Send ``packet``: an ICMPv6 error to its source quoting it as it arrived, one drop, one error of the SID."""
        __tracebackhide__ = True
        self.send(port, packet, vlan=vlan)
        self.expect_icmp6(port, kind, code, value, packet if quoted is None else quoted, src=src)
        self.expect_nothing()
        self.expect_drop(reason)
        self.expect_sid_counter(self.endpoint.prefix, packets=0, errors=1)

    def discarded(self, packet: craft.Packet, reason: str, *, errors: int = 1) -> None:
        """Send ``packet``: it is dropped for ``reason`` and nobody is told."""
        __tracebackhide__ = True
        self.send(1, packet)
        self.expect_nothing()
        self.expect_drop(reason)
        self.expect_sid_counter(self.endpoint.prefix, packets=0, errors=errors)

    def passes(self, packet: craft.Packet, port: int, expected: wire.Packet) -> None:
        """Send ``packet``: ``expected`` leaves ``port``, and the SID under test counts one packet."""
        __tracebackhide__ = True
        self.send(1, packet)
        self.expect_only(port, expected)
        self.expect_no_drop()
        self.expect_sid_counter(self.endpoint.prefix, packets=1, size=len(packet))


def extension_chains() -> list[tuple[str, Callable[[craft.Packet], craft.Packet], int]]:
    """Extension headers to put in front of something: name, the builder, their length."""
    long = bytes((0x1E, 36)) + bytes(36)  # an option to be skipped, all of its header
    return [
        ("hop-by-hop", lambda p: craft.hbh(p), 8),
        ("destination options", lambda p: craft.dstopt(p), 8),
        ("long destination options", lambda p: craft.dstopt(p, long), 40),
        ("both", lambda p: craft.hbh(craft.dstopt(p, long)), 48),
        ("four", lambda p: craft.hbh(craft.dstopt(craft.dstopt(craft.dstopt(p)), long)), 64),
    ]
