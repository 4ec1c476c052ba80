# SPDX-License-Identifier: Apache-2.0
"""A bridge domain with every kind of circuit, two remotes and an Ethernet segment: frames from circuits, and from
remotes behind End.DT2U and End.DT2M (RFC 8986 4.11, 4.12).

Nobody learns from the digests, so that addresses stay where the node has them.
"""

from __future__ import annotations

from typing import Any

from diff.draw import Draw, Family
from diff.families import csid
from diff.families.routing import LOCATOR, at
from harness import wire
from harness.wire import Frame
from srv6cp.compile import tables

_PEERS = ("fcbb:bb00:32::1", "fcbb:bb00:33::1")
_ADDRESSES = ("02:aa:00:00:00:01", "02:aa:00:00:00:02", "02:aa:00:00:00:03", "02:aa:00:00:00:0f", "02:aa:00:00:00:10")
_ALL = ("ff:ff:ff:ff:ff:ff", "33:33:00:00:00:01", "02:bb:00:00:00:99")
_UNICAST, _FLOOD, _ARGUMENT = f"{LOCATOR}:d20::", f"{LOCATOR}:d21::", f"{LOCATOR}:d21:1::"
_TAGS = {2: 300, 3: 300, 4: 400, 8: 300}  # of the circuits that are VLANs, by port
_ALONE = 301  # of port 2, in a domain that has nobody else
_SEGMENTS = {"u2": 0x32D20, "f2": 0x32D21, "e2": 0x32D22, "u3": 0x33D20, "f3": 0x33D21}


def _policy(name: str, mode: str, *segments: str) -> dict[str, Any]:
    return {"name": name, "encap": {"mode": mode}, "segments": list(segments)}


def _inner(draw: Draw) -> Frame:
    """A frame of the domain, tagged or not."""
    source = draw.random.choice((*_ADDRESSES, *_ADDRESSES, "02:cc:00:00:00:01", "03:00:00:00:00:01"))
    tags: int | tuple[int, ...] = draw.random.choice(((), (), 7, (7, 8), 300, 400))
    payload = draw.ip6(1) if draw.often(0.3) else draw.octets(200)
    if draw.often(0.05):
        payload = bytes(draw.random.choice((1480, 1500, 1504, 1600)))
    kind = 0x86DD if draw.often(0.3) else 0x88B5
    return wire.ether(payload, dst=draw.random.choice((*_ADDRESSES, *_ALL)), src=source, vlan=tags, ethertype=kind)


def _frame(draw: Draw, port: int) -> Frame:
    """Into a circuit, where the port is one; else from a remote, or from somebody who is none."""
    frame = _inner(draw)
    if port == 7 or (port in _TAGS and draw.often(0.5)):
        if port in _TAGS:
            vlan = _ALONE if port == 2 and draw.often(0.1) else _TAGS[port]
            tag = (draw.random.randrange(8) << 13 | vlan).to_bytes(2, "big")
            frame = Frame(frame[:12] + b"\x81\x00" + tag + frame[12:])
        return frame
    sid = draw.random.choice((_UNICAST, _FLOOD, _ARGUMENT))
    source = draw.random.choice((*_PEERS, *_PEERS, "fcbb:bb00:34::1"))
    payload = wire.Part(frame, wire.ETHERNET)
    if draw.often(0.4):
        segments = [sid, draw.sid()]
        payload = wire.srh(
            segments[: draw.random.choice((1, 2))], sl=0, payload=payload, flags=draw.random.choice((0, 0x20))
        )
    if draw.often(0.1):
        payload = draw.extensions(payload)
    return draw.ethernet(port, wire.ip6(source, sid, payload, hl=draw.hop_limit(), tc=draw.traffic_class()))


FAMILY = Family(
    needs=((tables.MY_SID, "end_dt2m"),),
    config={
        "bridges": [
            {
                "name": "lan",
                "circuits": [
                    {"port": 7},
                    {"port": 2, "vlan": _TAGS[2], "tag": "pop"},
                    {"port": 3, "vlan": _TAGS[3], "tag": 700, "segment": "es1"},
                    {"port": 4, "vlan": _TAGS[4]},
                    {"port": 8, "vlan": _TAGS[8], "segment": "es1"},
                ],
                "remotes": [
                    {"name": "pe2", "source": _PEERS[0], "unicast": "u2", "flood": "f2", "segments": {"es1": "e2"}},
                    {"name": "pe3", "source": _PEERS[1], "unicast": "u3", "flood": "f3"},
                ],
                "static": [
                    {"mac": _ADDRESSES[0], "at": "7"},
                    {"mac": _ADDRESSES[1], "at": "2.300"},
                    {"mac": _ADDRESSES[2], "at": "3.300"},
                    {"mac": _ADDRESSES[3], "at": "pe2"},
                    {"mac": _ADDRESSES[4], "at": "pe3"},
                ],
            },
            {"name": "alone", "circuits": [{"port": 2, "vlan": _ALONE}]},
        ],
        "policies": [
            _policy(name, "l2encap.red", f"fcbb:bb00:{number >> 12:x}:{number & 0xFFF:x}::")
            for name, number in _SEGMENTS.items()
        ],
        "sids": [
            *at(
                {
                    "d20": {"behavior": "End.DT2U", "bridge": "lan"},
                    "d21": {"behavior": "End.DT2M", "bridge": "lan"},
                }
            ),
            {"sid": f"{_ARGUMENT}/80", "behavior": "End.DT2M", "bridge": "lan", "exclude": "es1"},
        ],
    },
    frame=_frame,
)
CSID = Family(needs=((tables.MY_SID, "end_dt2m_replace_csid"),), config={"sids": csid.sids("End.DT2U", "End.DT2M")})
