# SPDX-License-Identifier: Apache-2.0
"""Classifier rules: DSCP and each field of an SRH as a condition, drop, count and exempt as actions (RFC 9256 8.6)."""

from __future__ import annotations

from diff.draw import Draw, Family
from harness import wire
from harness.wire import Frame
from srv6cp.compile import tables

_TAGS = (0xC001, 0xC002, 0xC003, 0xC004)


def _frame(draw: Draw, port: int) -> Frame:
    """On its way through, with what the rules ask for."""
    tc = draw.random.choice((46, 26, 48, 8, 0)) << 2 | draw.random.randrange(4)
    if draw.often(0.2):
        packet = wire.ip4("10.0.1.2", draw.target4(), draw.upper(2), tos=tc, ttl=draw.hop_limit())
        return draw.ethernet(port, packet)
    count = draw.random.choice((1, 2, 3, 4, 5, 9))
    segments = [draw.host6("fcbb:bb00:44::/48") if draw.often(0.7) else draw.target6() for _ in range(count)]
    left = draw.random.randint(0, count)
    tlvs = wire.tlv(1, bytes(6)) if draw.often(0.2) else b""
    payload = wire.srh(segments, sl=left, tag=draw.random.choice((*_TAGS, 0)), tlvs=tlvs, payload=draw.upper(2))
    if draw.often(0.2):
        payload = draw.extensions(payload)
    target = segments[left] if left < count and draw.often(0.8) else draw.target6()
    return draw.ethernet(port, wire.ip6(draw.source6(), target, payload, hl=draw.hop_limit(), tc=tc))


FAMILY = Family(
    needs=((tables.CLASSIFIERS[6], "classify_drop"), (tables.CLASSIFIERS[6], "classify_count")),
    config={
        "steering": [
            {"match": {"dscp": "ef", "srh-tag": _TAGS[0]}, "priority": 900, "action": "drop"},
            {"match": {"dscp": "af31"}, "priority": 890, "action": "count"},
            {"match": {"srh-tag": _TAGS[1], "srh-segments-left": "1-6"}, "priority": 880, "policy": "one"},
            {"match": {"srh-tag": _TAGS[1], "srh-segments-left": 0}, "priority": 870, "policy": "insert2"},
            {"match": {"srh-tag": _TAGS[2], "srh-last-entry": "<3"}, "priority": 860, "action": "drop"},
            {"match": {"srh-tag": _TAGS[2], "srh-length": ">8"}, "priority": 850, "policy": "red4"},
            {"match": {"srh-tag": _TAGS[2], "srh-next-header": "udp"}, "priority": 840, "policy": None},
            {"match": {"srh-tag": _TAGS[3], "srh-next-segment": "fcbb:bb00::/32"}, "priority": 830, "policy": "red16"},
            {"match": {"src": "10.0.1.2", "protocol": "udp", "dscp": "cs6"}, "priority": 820, "action": "drop"},
            {"match": {"srh": True, "dscp": "cs1"}, "priority": 810, "action": "count"},
        ]
    },
    frame=_frame,
)
