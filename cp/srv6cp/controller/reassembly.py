# SPDX-License-Identifier: Apache-2.0
"""Fragments that are put together again (RFC 8200 4.5), as a function of packets and time.

    fragment ──► add() ──► the whole packet | an ICMP error to be sent | nothing, and why
                 expire() ──► first fragments of packets that never became whole

Packets are told apart by VRF, source, destination and Identification. Fragments that overlap make an end of their
packet, those that are still to come included (RFC 5722 4); an exact repetition is passed over. Memory is bounded by
:class:`srv6cp.model.Reassembly`: where there is no room the oldest packet of the port that has the most gives way, so
that who floods displaces itself.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from dataclasses import dataclass, field, replace
from typing import NamedTuple

from srv6cp.model import Reassembly
from srv6cp.packets import raw

from .icmp_errors import Problem
from .punt import PacketIn

MAX_PAYLOAD_LENGTH = 0xFFFF

# Octets of upper-layer headers, which the first fragment has to hold (RFC 8200 4.5, RFC 7112 5).
_UPPER_LAYER_HEADERS = {raw.IPV4: 20, raw.TCP: 20, raw.UDP: 8, raw.IPV6: 40, raw.ICMPV6: 8, raw.ETHERNET: 14}

_NOT_ECT, _CE = 0, 3


class Fragment(NamedTuple):
    """One fragment. ``headers`` are the Per-Fragment headers; ``next_header_at`` is the offset in them of the field
    that says that a Fragment header follows, ``next_header`` what that one says; ``field`` the offset of its Fragment
    Offset from the start of the packet."""

    headers: bytes
    next_header_at: int
    next_header: int
    field: int
    identification: bytes
    offset: int
    more: bool
    data: bytes


class Verdict(NamedTuple):
    """What became of a fragment: its packet is ``whole``; or its source is told of a ``problem``; else ``why`` it was
    discarded, empty when it waits for others."""

    whole: PacketIn | None = None
    problem: Problem | None = None
    parameter: int = 0
    why: str = ""


@dataclass
class _Incomplete:
    """A packet of which something is there. ``given_up``: all that arrives of it is discarded."""

    port: int
    deadline: float
    offsets: list[int] = field(default_factory=list)
    data: dict[int, bytes] = field(default_factory=dict)
    held: int = 0
    length: int | None = None  # of the fragmentable part, once the last fragment is there
    first: tuple[PacketIn, Fragment] | None = None
    ecn: set[int] = field(default_factory=set)
    o_flag: bool = False
    given_up: bool = False

    def give_up(self) -> None:
        self.given_up = True
        self.first = None
        self.offsets.clear()
        self.data.clear()

    def overlaps(self, fragment: Fragment) -> bool:
        """With what is there, or with where the packet ends."""
        start, end = fragment.offset, fragment.offset + len(fragment.data)
        if self.length is not None and (end > self.length or (not fragment.more and end != self.length)):
            return True
        if not fragment.more and self.offsets and self._end(self.offsets[-1]) > end:
            return True
        at = bisect_left(self.offsets, start)
        behind = at < len(self.offsets) and self.offsets[at] < end
        return behind or (at > 0 and self._end(self.offsets[at - 1]) > start)

    def put(self, fragment: Fragment) -> None:
        at = bisect_left(self.offsets, fragment.offset)
        self.offsets.insert(at, fragment.offset)
        self.data[fragment.offset] = fragment.data
        self.held += len(fragment.data)
        if not fragment.more:
            self.length = fragment.offset + len(fragment.data)

    def _end(self, offset: int) -> int:
        return offset + len(self.data[offset])


_Key = tuple[int, bytes, bytes, bytes]


class Reassembler:
    """The incomplete packets of a node. Time is an argument."""

    def __init__(self, limits: Reassembly) -> None:
        self.limits = limits
        self._packets: dict[_Key, _Incomplete] = {}  # the oldest first

    def __len__(self) -> int:
        return len(self._packets)

    def add(self, packet: PacketIn, now: float) -> Verdict:
        """Take a fragment. Raises ``TruncatedError`` for what is no IPv6 packet."""
        view = raw.parse_ipv6(packet.payload, packet.offset)
        fragment = parse_fragment(view)
        if fragment is None:
            return Verdict(why="no fragment")
        if fragment.more and len(fragment.data) % 8:
            return Verdict(problem=Problem.PARAMETER_PROBLEM, parameter=4)  # the Payload Length
        end = fragment.offset + len(fragment.data)
        if len(fragment.headers) - 40 + end > MAX_PAYLOAD_LENGTH:
            return Verdict(problem=Problem.PARAMETER_PROBLEM, parameter=fragment.field)
        if not fragment.data:
            return Verdict(why="empty fragment")
        if fragment.offset == 0 and not _holds_all_headers(view):
            return Verdict(problem=Problem.INCOMPLETE_HEADER_CHAIN)
        return self._put(packet, view, fragment, now)

    def _put(self, packet: PacketIn, view: raw.Ipv6View, fragment: Fragment, now: float) -> Verdict:
        key = packet.vrf_id, view.src, view.dst, fragment.identification
        known = self._packets.get(key)
        if known is None:
            self._make_room()
            known = self._packets[key] = _Incomplete(packet.ingress_port, now + self.limits.timeout)
        if known.given_up:
            return Verdict(why="fragment of a packet that was given up")
        if known.data.get(fragment.offset) == fragment.data and fragment.more == (
            fragment.offset + len(fragment.data) != known.length
        ):
            return Verdict(why="fragment came twice")
        if known.overlaps(fragment):
            known.give_up()
            return Verdict(why="fragments overlap")
        if len(fragment.headers) + fragment.offset + len(fragment.data) > self.limits.size:
            known.give_up()
            return Verdict(why="fragments are too long together")
        known.put(fragment)
        known.ecn.add(view.traffic_class & 3)
        known.o_flag |= packet.o_flag
        if fragment.offset == 0:
            known.first = packet, fragment
        if known.first is None or known.held != known.length:
            return Verdict()
        return self._complete(key, known, *known.first)

    def _complete(self, key: _Key, known: _Incomplete, packet: PacketIn, first: Fragment) -> Verdict:
        if len(first.headers) + known.held > self.limits.size:  # the headers of the first one count
            known.give_up()
            return Verdict(why="fragments are too long together")
        del self._packets[key]
        headers = bytearray(first.headers)
        if _CE in known.ecn:
            if _NOT_ECT in known.ecn:
                return Verdict(why="fragments with and without ECN")  # RFC 3168 5.3
            headers[1] |= _CE << 4
        headers[4:6] = (len(headers) - 40 + known.held).to_bytes(2, "big")
        headers[first.next_header_at] = first.next_header
        body = b"".join(known.data[offset] for offset in known.offsets)
        payload = packet.payload[: packet.offset] + bytes(headers) + body
        return Verdict(whole=replace(packet, payload=payload, o_flag=known.o_flag))

    def _make_room(self) -> None:
        if len(self._packets) < self.limits.packets:
            return
        ((crowded, _),) = Counter(each.port for each in self._packets.values()).most_common(1)
        del self._packets[next(key for key, each in self._packets.items() if each.port == crowded)]

    def next_deadline(self) -> float | None:
        """When `expire` has something to do; None while nothing waits."""
        return next((each.deadline for each in self._packets.values()), None)

    def expire(self, now: float) -> list[PacketIn]:
        """Forget the packets whose time is over. Returns the first fragment of each that had it: its source is told."""
        over = [key for key, each in self._packets.items() if each.deadline <= now]
        gone = [self._packets.pop(key) for key in over]
        return [each.first[0] for each in gone if each.first is not None]


def parse_fragment(view: raw.Ipv6View) -> Fragment | None:
    """The fragment in ``view``; None when it is none, or a whole packet with a Fragment header (RFC 6946)."""
    data, next_header_at = view.data, view.offset + 6
    for extension in view.extensions:
        at = extension.offset
        if extension.protocol == raw.FRAGMENT:
            word = int.from_bytes(data[at + 2 : at + 4], "big")
            if word & 0xFFF9:
                return Fragment(
                    data[view.offset : at],
                    next_header_at - view.offset,
                    data[at],
                    at + 2 - view.offset,
                    data[at + 4 : at + 8],
                    word & 0xFFF8,
                    bool(word & 1),
                    data[at + 8 : view.end],
                )
        next_header_at = at
    return None


def _holds_all_headers(view: raw.Ipv6View) -> bool:
    if view.upper_protocol is None:
        return False
    return view.end - view.upper >= _UPPER_LAYER_HEADERS.get(view.upper_protocol, 0)
