# SPDX-License-Identifier: Apache-2.0
"""The mobile user plane (RFC 9433): SIDs and policies between SRv6 and GTP-U with each of their options.

End.Limit's rate depends on time, so that it is not limited here.
"""

from __future__ import annotations

from ipaddress import IPv6Address
from typing import Any

from diff.draw import Draw, Family
from diff.families.routing import LOCATOR, at
from harness import wire
from harness.wire import Frame, Part
from srv6cp.compile import tables

_GTP6: dict[str, dict[str, Any]] = {
    "9d00": {"behavior": "End.M.GTP6.D", "policy": "up1", "args-offset": 64},
    "9d01": {"behavior": "End.M.GTP6.D", "policy": "up-red", "args-offset": 51, "via": "2001:db8:2::2"},
    "9d02": {"behavior": "End.M.GTP6.D", "policy": "up7", "args-offset": 64, "payload": "ipv4", "echo": "answer"},
    "9d03": {"behavior": "End.M.GTP6.D", "policy": "up1", "args-offset": 64, "payload": "ethernet"},
    "9d10": {"behavior": "End.M.GTP6.D.Di", "policy": "up1"},
    "9d11": {"behavior": "End.M.GTP6.D.Di", "policy": "up-red", "args-offset": 64, "args-in": "penultimate"},
    "9d12": {"behavior": "End.M.GTP6.D.Di", "policy": "up7", "payload": "ipv6"},
}
_FROM_SRV6: dict[str, dict[str, Any]] = {
    "9e00": {"behavior": "End.M.GTP6.E", "source": f"{LOCATOR}::9"},
    "9e01": {"behavior": "End.M.GTP6.E", "source": f"{LOCATOR}::9", "source-port": 2152, "container": "always"},
    "9e02": {"behavior": "End.M.GTP6.E", "source": f"{LOCATOR}::9", "udp-checksum": "zero", "hop-limit": 9},
    "9e03": {"behavior": "End.M.GTP6.E", "source": f"{LOCATOR}::9", "container": "never", "pdu-type": "uplink"},
    "9a00": {"behavior": "End.MAP", "map-to": "fcbb:bb00:12::1"},
}
_GTP4 = "5f01:100::/48"
_GTP4_HASHED = "5f01:200::/40"
_UE = "10.45.0.2"


def _gtp(draw: Draw, between: tuple[str, str] | None = None) -> Part:
    """A G-PDU around a packet or a frame; an Echo Request, other messages, and headers that lie."""
    if draw.often(0.05):
        return wire.udp(bytes((0x32, 1, 0, 4, 0, 0, 0, 0, 0, 7, 0, 0)), 2152, 2152, between=between)
    inside = draw.one((3, lambda: draw.ip4(2)), (3, lambda: draw.ip6(2)), (1, lambda: draw.inner_frame(2)))
    if draw.often(0.3):
        flags = draw.random.choice((0x30, 0x32, 0x34, 0x36, 0x37, draw.byte()))
        kind = draw.random.choice((255, 255, 1, 2, 26, 254, draw.byte()))
        extra = draw.random.choice(
            (b"", b"\0\0\0\x85\x01\x00\x05\0", b"\0\x07\0\x40\x01\x08\x68\x85\x01\0\x05\0", draw.octets(16))
        )
        length = len(extra) + len(inside) if draw.often(0.9) else draw.random.randrange(65536)
        head = bytes((flags, kind)) + length.to_bytes(2, "big") + draw.random.randbytes(4)
        return wire.udp(head + extra + inside, 2152, 2152, between=between)
    container = draw.random.choice((b"", bytes((0, 5)), bytes((0x10, 9)), bytes((0, 0x49))))
    return wire.gtpu(
        inside, draw.random.getrandbits(32), container=container, sport=draw.port_number(), between=between
    )


def _session(draw: Draw, sid: str, at_bit: int) -> str:
    """The SID with Args.Mob.Session behind so many bits."""
    args = draw.random.choice((0, draw.random.getrandbits(40), 0x1400000123))
    return str(IPv6Address(int(IPv6Address(sid)) | args << 88 - at_bit))


def _frame(draw: Draw, port: int) -> Frame:
    pick = draw.random.random()
    if pick < 0.35:
        sid = f"{LOCATOR}:{draw.random.choice(list(_GTP6))}::"
        payload: Part = _gtp(draw, ("2001:db8:1::2", sid) if draw.often(0.5) else None)
        if draw.often(0.2):
            payload = wire.srh([draw.target6(), sid], sl=draw.random.choice((0, 0, 1)), payload=payload)
        return draw.ethernet(port, wire.ip6(draw.source6(), sid, payload, hl=draw.hop_limit(), tc=draw.traffic_class()))
    if pick < 0.55:
        source = draw.random.choice(("10.0.1.2", "10.0.1.2", "198.51.100.9"))
        packet = wire.ip4(
            source, draw.host4("10.99.0.0/28"), _gtp(draw), ttl=draw.hop_limit(), tos=draw.traffic_class()
        )
        return draw.ethernet(port, packet)
    inside = draw.one((3, lambda: draw.ip4(1)), (3, lambda: draw.ip6(1)), (1, lambda: draw.inner_frame(1)))
    source = draw.random.choice((draw.source6(), "2001:db8:1f:0:c633:6409::", "2001:db8:1f:c6:3364:900::"))
    if draw.often(0.5):
        target = _session(draw, f"{LOCATOR}:{draw.random.choice(list(_FROM_SRV6))}::", 64)
    elif draw.often(0.5):
        target = str(
            IPv6Address(int(IPv6Address("5f01:100::")) | 0x0A00_0202_0000_0000_00 << 8 | draw.random.getrandbits(48))
        )
    else:
        target = str(IPv6Address(int(IPv6Address("5f01:200::")) | 0x0A00_0302 << 56 | draw.random.getrandbits(56)))
    payload = inside
    if draw.often(0.7):
        listed = [draw.target6(), target][: draw.random.choice((1, 2))]
        payload = wire.srh(
            listed, sl=draw.random.choice((0, 1, 1)), payload=payload, tlvs=draw.random.choice((b"", bytes(8)))
        )
    if draw.often(0.1):
        payload = draw.extensions(payload)
    return draw.ethernet(port, wire.ip6(source, target, payload, hl=draw.hop_limit(), tc=draw.traffic_class()))


def _policy(name: str, mode: str, count: int, **encap: Any) -> dict[str, Any]:
    segments = [f"fcbb:bb00:{0x12 + number:x}::" for number in range(count)]
    return {"name": name, "encap": {"mode": mode, **encap}, "segments": segments}


FAMILY = Family(
    needs=((tables.MY_SID, "end_m_gtp6_d"), (tables.MY_SID, "end_m_gtp4_e")),
    config={
        "policies": [
            _policy("up1", "encap", 1),
            _policy("up-red", "encap.red", 2, **{"flow-label": "copy"}),
            _policy("up7", "encap", 7, **{"hop-limit": "inherit"}),
            _policy("gtp4", "gtp4.d", 2, **{"source": "2001:db8:1f::", "upf-prefix-length": 48}),
        ],
        "steering": [{"prefix": "10.99.0.0/24", "policy": "gtp4"}],
        "sids": [
            *at({**_GTP6, **_FROM_SRV6}),
            {"sid": f"{LOCATOR}:9b00:1:0:2710:1/128", "behavior": "End.Limit"},
            {"sid": _GTP4, "behavior": "End.M.GTP4.E", "source-port": 2152, "allow-outside-locator": True},
            {
                "sid": _GTP4_HASHED,
                "behavior": "End.M.GTP4.E",
                "source-prefix-length": 56,
                "hop-limit": 7,
                "container": "always",
                "allow-outside-locator": True,
            },
        ],
    },
    frame=_frame,
)
