# SPDX-License-Identifier: Apache-2.0
"""TLVs and HMACs of the SRH (RFC 8754 2.1): every policy of interfaces and SIDs, keys of each algorithm and text, and
headends that make them. Half of the HMACs are right.
"""

from __future__ import annotations

from typing import Any

from diff.draw import Draw, Family
from diff.families.routing import at
from harness import hmac, wire
from harness.wire import Frame
from srv6cp.compile import tables

#: By key id: what ``hmac.digest`` is told, the secret, and the length of the digest in the TLV.
_KEYS: dict[int, tuple[dict[str, Any], str, int]] = {
    42: ({}, "the first key", 32),
    43: ({}, "the one that comes after it " * 5, 32),
    44: ({"algorithm": "sha1"}, "an old one", 24),
    45: ({"linux": True}, "of Linux", 32),
    46: ({"algorithm": "sha1", "linux": True}, "an old one of Linux", 32),
}
_POLICIES = ("validate", "verify", "require", "off")
_SIDS = at(
    {
        f"a{number:02x}": {"behavior": behaviour, "tlv": policy, **rest}
        for number, (policy, (behaviour, rest)) in enumerate(
            (policy, what)
            for policy in _POLICIES
            for what in (
                ("End", {}),
                ("End", {"flavors": ["psp", "usp", "usd"]}),
                ("End.X", {"via": "2001:db8:2::2"}),
                ("End.T", {"vrf": "blue"}),
                ("End.B6.Encaps", {"policy": "signed3"}),
            )
        )
    }
)


def _tlv(draw: Draw, source: str, segments: list[str], flags: int) -> bytes:
    """An HMAC TLV for the list: right, with another bit, of a key that nobody has, or of another length."""
    number = draw.random.choice(list(_KEYS))
    how, secret, length = _KEYS[number]
    d = draw.often(0.2)
    made = bytearray(
        hmac.digest(secret.encode(), number, source, segments, flags=flags, d=d and not how.get("linux"), **how)
    ).ljust(length, b"\0")
    if draw.often(0.3):
        made[draw.random.randrange(len(made))] ^= 1 << draw.random.randrange(8)
    if draw.often(0.1):
        number = draw.random.choice((0, 99, 43))
    if draw.often(0.05):
        made = made[: draw.random.choice((8, 16, 24))]
    return wire.hmac_tlv(number, bytes(made), d=d)


def _frame(draw: Draw, port: int) -> Frame:
    """With TLVs, at a SID whose policy minds them: an HMAC alone, behind others, two of them."""
    count = draw.random.choice((1, 2, 2, 3, 3, 4, 5, 6, 9))
    sids = [entry["sid"].split("/")[0] for entry in _SIDS]
    segments = [draw.random.choice(sids) if draw.often(0.6) else draw.target6() for _ in range(count)]
    left = draw.random.choice((0, count - 1, count - 1, count - 1, count))
    source, flags = draw.source6(), draw.random.choice((0, 0, 0x20))
    tlvs = b"" if draw.often(0.15) else _tlv(draw, source, segments, flags)
    if draw.often(0.2):
        tlvs = draw.random.choice((wire.PAD1 * 8, wire.padn(7) + wire.PAD1, wire.tlv(10, bytes(6)))) + tlvs
    if draw.often(0.15):
        tlvs += draw.random.choice((wire.PAD1 * 8, draw.random.randbytes(8), tlvs))
    target = segments[left] if left < count else draw.random.choice(sids)
    payload = wire.srh(
        segments, sl=left, flags=flags, tlvs=tlvs.ljust(-(-len(tlvs) // 8) * 8, b"\0"), payload=draw.upper(1)
    )
    if draw.often(0.1):
        payload = draw.extensions(payload)
    return draw.ethernet(port, wire.ip6(source, target, payload, hl=draw.hop_limit()))


FAMILY = Family(
    needs=((tables.TLV_SID, None), (tables.HMAC_POLICY, None)),
    config={
        "hmac-keys": [
            {
                "id": number,
                "secret": secret,
                "algorithm": how.get("algorithm", "sha256"),
                "text": "linux" if how.get("linux") else "rfc",
            }
            for number, (how, secret, _) in _KEYS.items()
        ],
        "ports": {1: {"tlv": "validate"}, 2: {"tlv": "verify"}, 3: {"tlv": "require"}},
        "sids": _SIDS,
        "policies": [
            {
                "name": f"signed{size}",
                "encap": {"mode": mode, "hmac": key},
                "segments": [f"fcbb:bb00:{0x10 + number:x}::" for number in range(size)],
            }
            for size, mode, key in (
                (1, "encap", 42),
                (2, "encap.red", 43),
                (3, "encap", 44),
                (5, "encap.red", 45),
                (7, "insert", 42),
                (16, "encap", 46),
            )
        ],
        "steering": [
            {"prefix": f"2001:db8:a{number:x}::/48", "policy": f"signed{size}"}
            for number, size in enumerate((1, 2, 3, 5, 7, 16), 0x20)
        ]
        + [{"prefix": "172.17.0.0/24", "policy": "signed1"}],
    },
    frame=_frame,
)
