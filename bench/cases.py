# SPDX-License-Identifier: Apache-2.0
"""What the benchmarks send, and the node they send it to."""

from __future__ import annotations

from dataclasses import dataclass, field
from ipaddress import IPv6Address
from typing import Any

from harness import defaults, hmac, wire

LOCATOR = "fcbb:bb00:1:"
END, END_PSP, END_X, DT4, DT46 = (f"{LOCATOR}{function:x}::" for function in (0xE000, 0xE001, 0xE00A, 0xD004, 0xD046))
NEXT = "fcbb:bb00:3::"
HOST = "2001:db8:1::2"
_HMAC_KEY = "of the benchmark"


@dataclass(frozen=True)
class Case:
    """A packet that comes by port 1 and leaves by port 3."""

    name: str
    packet: bytes
    config: dict[str, Any] = field(default_factory=dict)


def policy(count: int) -> dict[str, Any]:
    """A policy of ``count`` segments whose first is behind port 3."""
    return {
        "name": f"p{count}",
        "encap": {"mode": "encap"},
        "segment-lists": [{"segments": [NEXT, *(f"fcbb:bb00:4:{i:x}::" for i in range(1, count))]}],
    }


def transit_node() -> dict[str, Any]:
    """As much of the node as the profile ``transit`` has behaviours for."""
    whole = node()
    return {"sids": [sid for sid in whole["sids"] if sid["behavior"] in ("End", "End.X")], "routes": whole["routes"]}


def node() -> dict[str, Any]:
    """The node of all cases."""
    return {
        "sids": [
            {"sid": f"{END}/64", "behavior": "End"},
            {"sid": f"{END_PSP}/64", "behavior": "End", "flavors": ["psp"]},
            {"sid": f"{END_X}/64", "behavior": "End.X", "via": "2001:db8:3::2"},
            {"sid": f"{DT4}/64", "behavior": "End.DT4", "vrf": "default"},
            {"sid": f"{DT46}/64", "behavior": "End.DT46", "vrf": "default"},
        ],
        "policies": [policy(count) for count in (1, 3, 10)],
        "routes": [{"prefix": "fcbb:bb00:3::/48", "via": "2001:db8:3::2"}],
        "steering": [{"prefix": f"2001:db8:{0xF0 + count:x}::/48", "policy": f"p{count}"} for count in (1, 3, 10)],
    }


def hmac_node() -> dict[str, Any]:
    """Two SIDs, one of which asks for an HMAC; no limit of the passes that this takes."""
    return {
        "hmac-keys": [{"id": 42, "secret": _HMAC_KEY}],
        "limits": {"passes": None},
        "sids": [
            {"sid": f"{END}/64", "behavior": "End"},
            {"sid": f"{END_PSP}/64", "behavior": "End", "tlv": "require"},
        ],
        "routes": [{"prefix": "fcbb:bb00:3::/48", "via": "2001:db8:3::2"}],
    }


def hmac_packet(verified: bool) -> bytes:
    """Three segments and an HMAC, to the SID that asks for it or to the other."""
    sid = END_PSP if verified else END
    segments = ["2001:db8:3::2", f"{NEXT[:-2]}:1::", sid]
    tlv = wire.hmac_tlv(42, hmac.digest(_HMAC_KEY.encode(), 42, HOST, segments))
    return wire.ip6(HOST, sid, wire.srh(segments, sl=2, tlvs=tlv, payload=wire.udp(bytes(30))))


#: SID, port and IPv6 address of each service of a chain.
_SERVICES = tuple((f"{LOCATOR}ad{port}::", port, f"2001:db8:{port}::2") for port in (4, 5, 6))


def services_node() -> dict[str, Any]:
    """Three services with one interface each, and a SID that is End."""
    return {
        "limits": {"passes": None},
        "services": [{"name": f"s{port}", "via": address} for _, port, address in _SERVICES],
        "sids": [
            {"sid": f"{END}/64", "behavior": "End"},
            *({"sid": f"{sid}/64", "behavior": "End.AD", "service": f"s{port}"} for sid, port, _ in _SERVICES),
        ],
        "routes": [{"prefix": "fcbb:bb00:3::/48", "via": "2001:db8:3::2"}],
    }


def chain_frames() -> dict[str, tuple[int, bytes]]:
    """What goes into a port on each leg of the way of a packet through the chain."""
    inner = wire.ip6("2001:db8:81::1", "2001:db8:92::1", wire.udp(bytes(30)))
    path = [*(sid for sid, _, _ in _SERVICES), NEXT]
    first = wire.ip6(HOST, path[0], wire.srh(wire.path(*path), sl=3, payload=inner))
    legs = {"to the first service": (1, frame(first))}
    for count, (_, port, _) in enumerate(_SERVICES, 1):
        leg = "behind the last" if count == len(_SERVICES) else f"from service {count} to {count + 1}"
        legs[leg] = (port, frame(bytes(wire.hop(inner, count - 1)), port))
    return legs


def end_frame() -> bytes:
    """A packet of as many segments to the SID that is End."""
    inner = wire.ip6("2001:db8:81::1", "2001:db8:92::1", wire.udp(bytes(30)))
    return frame(wire.ip6(HOST, END, wire.srh(wire.path(END, NEXT, NEXT, NEXT), sl=3, payload=inner)))


def cases() -> list[Case]:
    """One packet of each kind, with 30 bytes of UDP payload."""
    payload = wire.udp(bytes(30))
    inner6 = wire.ip6(HOST, "2001:db8:3::2", wire.udp(bytes(30)))
    inner4 = wire.ip4("10.0.1.2", "10.0.3.2", wire.udp(bytes(30)))
    segments = ["2001:db8:3::2", END]

    def through(sid: str) -> bytes:
        return wire.ip6(HOST, sid, wire.srh([segments[0], sid], sl=1, payload=payload))

    return [
        Case("End", through(END)),
        Case("End.X", through(END_X)),
        Case("End, PSP", through(END_PSP)),
        Case("End.DT4", wire.ip6(HOST, DT4, inner4)),
        Case("End.DT46, IPv6 inside", wire.ip6(HOST, DT46, inner6)),
        *(
            Case(f"H.Encaps, {count} SIDs", wire.ip6(HOST, f"2001:db8:{0xF0 + count:x}::1", payload))
            for count in (1, 3, 10)
        ),
        Case("IPv6 route", wire.ip6(HOST, "2001:db8:3::2", payload)),
    ]


def frame(packet: bytes, port: int = 1) -> bytes:
    """The frame that carries a packet from the neighbour of a port to the router."""

    def mac(text: str) -> bytes:
        return bytes.fromhex(text.replace(":", ""))

    return mac(defaults.port_mac(port)) + mac(defaults.neighbor_mac(port)) + b"\x86\xdd" + packet


def big_node(sids: int, routes: int, device_id: int = 1) -> str:
    """A node with many SIDs and routes, as YAML text."""
    lines = [
        "node: big",
        f"device-id: {device_id}",
        'locator: {prefix: "fcbb:bb00:1::/48", block: 32, node: 16}',
        'source: "fcbb:bb00:1::1"',
        "ports:",
        '  1: {mac: "02:00:00:00:01:01", addresses: ["2001:db8:1::1/64"]}',
        '  2: {mac: "02:00:00:00:01:02", addresses: ["2001:db8:2::1/64"]}',
        "neighbors:",
        '  - {address: "2001:db8:2::2", port: 2, mac: "02:00:00:00:02:02"}',
        "sids:",
    ]
    base = int(IPv6Address("fcbb:bb00:1::"))
    lines += [
        f'  - {{sid: "{IPv6Address(base | (i + 1) << 48)}/80", behavior: End, flavors: [psp]}}' for i in range(sids)
    ]
    lines.append("routes:")
    base = int(IPv6Address("2001:db9::"))
    lines += [f'  - {{prefix: "{IPv6Address(base | i << 64)}/64", via: "2001:db8:2::2"}}' for i in range(routes)]
    return "\n".join(lines) + "\n"
