# SPDX-License-Identifier: Apache-2.0
"""What a node that puts fragments together again spends on it (RFC 8200 4.5)."""

from __future__ import annotations

from dataclasses import dataclass

FRAGMENT_HEADER = 44
"""Next header of fragments."""


@dataclass(frozen=True)
class Reassembly:
    """Memory is at most ``packets`` times ``size``, plus some octets a fragment."""

    size: int = 9000
    """Octets of the longest packet that is put together, IPv6 header included."""
    packets: int = 64
    """Packets that may be incomplete at a time."""
    timeout: int = 60
    """Seconds from the first fragment that arrives to the last one."""
