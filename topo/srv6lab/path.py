# SPDX-License-Identifier: Apache-2.0
"""The way of a packet through a network: which nodes it passed, what it looked like, what was done to it.

Told from the frames on the cables and the routers' configuration, so that it is told alike for every kind of switch.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from ipaddress import IPv6Address, ip_address
from typing import Protocol

from srv6cp.model import Node
from srv6cp.packets import notation, raw
from srv6lab.topology import Topology


class Frame(Protocol):
    """A frame on a cable."""

    @property
    def sender(self) -> str: ...
    @property
    def receiver(self) -> str: ...
    @property
    def frame(self) -> bytes: ...


@dataclass(frozen=True)
class Hop:
    """A node, what it did (``""`` at the ends), and the packet that it sent on; none at the last node."""

    node: str
    did: str
    destination: str
    segments_left: int | None
    packet: str


def hops(frames: Sequence[Frame], nodes: Mapping[str, Node], topology: Topology | None = None) -> list[Hop]:
    """The hops that ``frames``, in the order of the way, tell of."""
    found = []
    for place, passage in enumerate(frames):
        arrived = frames[place - 1].frame if place else None
        did = "" if arrived is None else behavior(nodes.get(passage.sender), arrived, passage.frame)
        found.append(Hop(passage.sender, did, *_look(passage.frame)))
    if frames:
        found.append(Hop(frames[-1].receiver, "", "", None, ""))
    return found


def _look(frame: bytes) -> tuple[str, int | None, str]:
    packet = frame[14:]
    view = raw.parse_ip(packet)
    srhs = view.srhs if isinstance(view, raw.Ipv6View) else ()
    return str(ip_address(view.dst)), srhs[0].segments_left if srhs else None, notation(packet)


def behavior(node: Node | None, arrived: bytes, left: bytes) -> str:
    """What a router did to a packet, in the words of RFC 8986, from its SIDs and the packet before and after."""
    if node is None:
        return ""
    before, after = raw.parse_ip(arrived[14:]), raw.parse_ip(left[14:])
    did = []
    if isinstance(before, raw.Ipv6View) and (sid := _sid(node, before.dst)) is not None:
        popped = len(before.srhs) > len(after.srhs if isinstance(after, raw.Ipv6View) else ())
        shorter = len(left) < len(arrived)
        inside = _inner(before) is not None and shorter and before.src != after.src
        note = " (decapsulates)" if inside else " (PSP)" if popped and shorter else ""
        did.append(f"{sid}{note}")
    if len(left) > len(arrived) and isinstance(after, raw.Ipv6View):
        did.append("H.Encaps" if after.src != before.src else "H.Insert")
    return ", then ".join(did) or "route"


def _inner(view: raw.Ipv6View) -> int | None:
    return view.upper_protocol if view.upper_protocol in (4, 41, 143) else None


def _sid(node: Node, destination: bytes) -> str | None:
    address = IPv6Address(destination)
    matching = [sid for sid in node.sids if address in sid.prefix]
    return max(matching, key=lambda sid: sid.prefix.prefixlen).behavior.value if matching else None


def render(found: Sequence[Hop], width: int = 0) -> str:
    """The hops as a table."""
    rows = [("node", "does", "sends to", "SL", "packet")]
    for hop in found:
        left = "" if hop.segments_left is None else str(hop.segments_left)
        rows.append(
            (
                hop.node,
                hop.did or ("receives" if not hop.packet else "sends"),
                hop.destination,
                left,
                hop.packet,
            )
        )
    widths = [max(len(row[column]) for row in rows) for column in range(4)]
    lines = []
    for row in rows:
        line = "  ".join(text.ljust(size) for text, size in zip(row[:4], widths, strict=True)) + "  " + row[4]
        lines.append(line.rstrip()[: width or None])
    return "\n".join(lines)
