# SPDX-License-Identifier: Apache-2.0
"""The HMAC of an SRH, from RFC 8754 2.1.2.1 and the standard library alone: for tests of what makes and checks it."""

from __future__ import annotations

import hmac
from collections.abc import Sequence
from ipaddress import IPv6Address


def digest(
    key: bytes,
    key_id: int,
    source: str,
    segments: Sequence[str],
    *,
    flags: int = 0,
    d: bool = False,
    algorithm: str = "sha256",
    linux: bool = False,
) -> bytes:
    """The digest over ``segments`` in the order of the wire; without D and reserved for ``linux``."""
    text = IPv6Address(source).packed + bytes((len(segments) - 1, flags))
    if not linux:
        text += b"\x80\0" if d else b"\0\0"
    text += key_id.to_bytes(4, "big") + b"".join(IPv6Address(segment).packed for segment in segments)
    return hmac.new(key, text, algorithm).digest()
