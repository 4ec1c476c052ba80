# SPDX-License-Identifier: Apache-2.0
"""Packets as bytes: views and builders for the controller and the lab's hosts, and one line about a packet.

* `raw`       views over bytes and the checksums
* `notation`  one line in the notation of RFC 8754 6.1
* `icmp`, `ndp`, `arp`  what a router says and answers
"""

from .notation import frame_notation, notation

__all__ = ["frame_notation", "notation"]
