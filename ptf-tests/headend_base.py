# SPDX-License-Identifier: Apache-2.0
"""What the tests of the headend share: a policy, what it must make of a packet, and the property of its flow
label.

The expected packets are written from RFC 8986 section 5 and the rules HE-1 to HE-16, with ``harness.wire``
alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from ipaddress import IPv6Address
from typing import Any

from srv6_base import Srv6Test, craft, wire

SOURCE = "fcbb:bb00:1::1"  # T, the SR source address of the node under test
HOST = "2001:db8:1::2"  # sends into port 1
DESTINATION = "2001:db8:99::9"  # steered into the policy
HOST4, DESTINATION4 = "10.0.1.2", "198.51.100.9"
NAME = "north"
MAX_SEGMENTS = 16


def sid(number: int) -> str:
    """A SID of another node, 1..4095; all of them are routed out of port 2."""
    return f"fcbb:bb00:f{number:03x}::"


def sids(count: int) -> list[str]:
    """S1 .. Sn in the order of travel."""
    return [sid(number) for number in range(1, count + 1)]


def srh_of(mode: str, segments: Sequence[str], payload: bytes, nh: int | None = None) -> wire.Part | bytes:
    """The SRH that a policy pushes in front of ``payload`` (HE-1, HE-2, HE-3); ``segments`` in the order of
    travel."""
    listed = segments[1:] if mode.endswith(".red") else segments
    if not listed:
        return payload if nh is None else wire.Part(payload, nh)
    return wire.srh(wire.path(*listed), sl=len(segments) - 1, payload=payload, nh=nh)


def encapsulated(
    inner: wire.Packet,
    segments: Sequence[str],
    *,
    mode: str = "encap",
    source: str = SOURCE,
    hl: int = 64,
    tc: int | None = None,
    fl: int = 0,
) -> wire.Part:
    """H.Encaps of a packet that was received as ``inner``: its hop limit lowered (HE-4), the outer headers in
    front.

    ``tc`` None: that of the inner packet.
    """
    carried = wire.hop(inner)
    if tc is None:
        tc = carried[1] if carried[0] >> 4 == 4 else int.from_bytes(carried[:2], "big") >> 4 & 0xFF
    return wire.ip6(source, segments[0], srh_of(mode, segments, carried), hl=hl, tc=tc, fl=fl)


def encapsulated_frame(
    frame: wire.Packet,
    segments: Sequence[str],
    *,
    mode: str = "l2encap",
    source: str = SOURCE,
    hl: int = 64,
    tc: int = 0,
    fl: int = 0,
) -> wire.Part:
    """H.Encaps.L2: the frame whole and untouched, next header 143 (HE-9)."""
    payload = srh_of(mode, segments, wire.Part(bytes(frame), wire.ETHERNET))
    return wire.ip6(source, segments[0], payload, hl=hl, tc=tc, fl=fl)


def inserted(packet: wire.Packet, segments: Sequence[str], *, mode: str = "insert", at: int = 40) -> wire.Part:
    """H.Insert into a packet that was received as ``packet`` (HE-14): the SRH at offset ``at``, behind the
    IPv6 header or behind the Hop-by-Hop header; Segment List[0] is the destination, hop limit one lower."""
    moved = wire.hop(packet)
    before = 6 if at == 40 else 40
    old_next, old_destination = moved[before], IPv6Address(moved[24:40])
    listed = segments[1:] if mode.endswith(".red") else segments
    header = wire.srh([old_destination, *wire.path(*listed)], sl=len(segments), nh=old_next)
    front = bytearray(moved[:at])
    front[before] = wire.ROUTING
    front[4:6] = (int.from_bytes(moved[4:6], "big") + len(header)).to_bytes(2, "big")
    front[24:40] = wire.v6(segments[0])
    return wire.Part(bytes(front) + header + moved[at:], wire.IPV6)


def flow_label(frame: bytes) -> int:
    """The flow label of the IPv6 header right behind an untagged Ethernet header."""
    return int.from_bytes(frame[14:18], "big") & 0xFFFFF


class HeadendTest(Srv6Test):
    """A node whose policy ``north`` sends everything to the test prefixes out of port 2."""

    def policy(
        self,
        mode: str,
        segments: Sequence[str] | None = None,
        *,
        lists: Sequence[dict[str, Any]] | None = None,
        encap: dict[str, Any] | None = None,
        **policy: Any,
    ) -> dict[str, Any]:
        """A policy in the schema of node files; without ``flow-label`` it writes 0, so that frames can be
        compared."""
        full = {"mode": mode, "flow-label": 0, **(encap or {})}
        if mode.startswith("insert"):
            full = {"mode": mode}
        body = {"segment-lists": list(lists)} if lists is not None else {"segments": list(segments or sids(2))}
        return {"name": NAME, "encap": full, **body, **policy}

    def headend(
        self,
        mode: str,
        segments: Sequence[str] | None = None,
        *,
        steering: Any = None,
        routes: Any = (),
        policies: Any = (),
        lists: Any = None,
        encap: Any = None,
        invalid: str = "forward",
        **config: Any,
    ) -> None:
        """Configure the node: one policy, the test prefixes steered into it, port 3 an L2 port for an L2
        policy."""
        north = self.policy(mode, segments, lists=lists, encap=encap, invalid=invalid)
        if mode.startswith("l2"):
            config.setdefault("ports", {}).setdefault(3, {"mode": "l2", "policy": NAME})
            steering = steering or []
        elif steering is None:
            steering = [{"prefix": "2001:db8:99::/64", "policy": NAME}]
            if mode.startswith("encap"):
                steering.append({"prefix": "198.51.100.0/24", "policy": NAME})
        self.node(
            policies=[north, *policies],
            steering=steering,
            routes=[{"prefix": "fcbb:bb00::/32", "via": "2001:db8:2::2"}, *routes],
            **config,
        )

    def packet6(self, payload: craft.Payload | None = None, **fields: Any) -> craft.Packet:
        """An IPv6 packet from the host behind port 1 to the steered prefix."""
        return craft.ip6(HOST, DESTINATION, craft.udp(b"payload") if payload is None else payload, **fields)

    def packet4(self, payload: craft.Payload | None = None, **fields: Any) -> craft.Packet:
        """An IPv4 packet from the host behind port 1 to the steered prefix."""
        return craft.ip4(HOST4, DESTINATION4, craft.udp(b"payload") if payload is None else payload, **fields)

    def outer_flow_label(self, port: int, packet: Any) -> int:
        """Send ``packet`` into ``port``; the flow label of what leaves port 2."""
        __tracebackhide__ = True
        self.send(port, packet)
        frame = self.receive(2)
        if frame is None:
            self._fail("nothing left port 2")
        assert frame is not None
        return flow_label(frame)
