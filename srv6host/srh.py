# SPDX-License-Identifier: Apache-2.0
"""The Segment Routing Header (RFC 8754 2) as a host writes and reads it, and the return-path TLV of SRv6Pipes.

Segments are in wire order: ``segments[0]`` is the last one, where the packet ends.

    Return path: | type 6 | length | reserved (40 bits) | Segments Left | Segment List[0] | ... |

The list of a return path is that of the SRH that packets of the other direction get, Segments Left the place in it at
which they start: 0 from the client, then each proxy writes its own. Without the TLV the way back is the list reversed.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from ipaddress import IPv6Address

ROUTING_TYPE = 4
MAX_SEGMENTS = 127
PAD1, PADN, RETURN_PATH = 0, 4, 6
_FIXED, _SEGMENT = 8, 16
_RETURN_PATH_FIXED = 6  # five reserved octets, Segments Left

Tlv = tuple[int, bytes]


class SrhError(ValueError):
    """Octets that are no Segment Routing Header, or a TLV that is none; the message says why."""


@dataclass(frozen=True)
class Srh:
    """A Segment Routing Header: a list in wire order, how much of it is left, TLVs without padding."""

    segments: tuple[IPv6Address, ...]
    segments_left: int
    tlvs: tuple[Tlv, ...] = ()
    flags: int = 0
    tag: int = 0

    def __post_init__(self) -> None:
        if not 1 <= len(self.segments) <= MAX_SEGMENTS:
            raise SrhError(f"a list has 1 to {MAX_SEGMENTS} segments, not {len(self.segments)}")
        if not 0 <= self.segments_left < len(self.segments):
            raise SrhError(f"Segments Left is 0 to {len(self.segments) - 1} in a list of {len(self.segments)}")

    @classmethod
    def by_way_of(
        cls,
        via: Sequence[str | IPv6Address],
        target: str | IPv6Address,
        back: Sequence[str | IPv6Address] = (),
        source: str | IPv6Address = "::",
    ) -> Srh:
        """From a host by some segments, in order of travel, to ``target``.

        ``back``: the functions of the other direction, in order of the way there, for a return path to ``source``;
        without any it is ``via`` reversed. Raises SrhError.
        """
        tlvs: tuple[Tlv, ...] = ()
        if back:
            tlvs = ((RETURN_PATH, ReturnPath((IPv6Address(source), *map(IPv6Address, back)), 0).value()),)
        return cls((IPv6Address(target), *map(IPv6Address, reversed(via))), len(via), tlvs)

    @classmethod
    def parse(cls, octets: bytes) -> Srh:
        """Read a header, which is all of ``octets`` or stands at their beginning. Raises SrhError."""
        if len(octets) < _FIXED:
            raise SrhError(f"an SRH has at least {_FIXED} octets, {len(octets)} are there")
        length, kind, left, last, flags = octets[1:6]
        end = _FIXED + 8 * length
        if kind != ROUTING_TYPE:
            raise SrhError(f"routing type {kind}, not {ROUTING_TYPE}")
        if len(octets) < end:
            raise SrhError(f"the header has {end} octets, {len(octets)} are there")
        tlvs = _FIXED + _SEGMENT * (last + 1)
        if tlvs > end:
            raise SrhError(f"Last Entry {last} is outside a header of {end} octets")
        segments = tuple(IPv6Address(octets[at : at + _SEGMENT]) for at in range(_FIXED, tlvs, _SEGMENT))
        return cls(segments, left, tuple(_tlvs(octets[tlvs:end])), flags, int.from_bytes(octets[6:8], "big"))

    def octets(self, next_header: int = 0) -> bytes:
        """The header as it goes into a packet, or to ``setsockopt``. Raises SrhError when it is too long."""
        body = b"".join(segment.packed for segment in self.segments)
        body += b"".join(bytes((kind, len(value))) + value for kind, value in self.tlvs)
        body += _padding(-len(body) % 8)
        if len(body) // 8 > 255:
            raise SrhError(f"an SRH of {_FIXED + len(body)} octets is longer than its length field says")
        last = len(self.segments) - 1
        fixed = (next_header, len(body) // 8, ROUTING_TYPE, self.segments_left, last, self.flags)
        return bytes(fixed) + self.tag.to_bytes(2, "big") + body

    @property
    def active(self) -> IPv6Address:
        """The destination of the packet."""
        return self.segments[self.segments_left]

    def return_path(self, source: IPv6Address) -> ReturnPath:
        """How packets get back: by its TLV or, where there is none, by the list reversed. Raises SrhError.

        ``source``: where they go to. Without a TLV what is behind the active segment was visited before.
        """
        for kind, value in self.tlvs:
            if kind == RETURN_PATH:
                return ReturnPath.parse(value)
        visited = tuple(reversed(self.segments[1:]))
        return ReturnPath((source, *visited), len(self.segments) - 1 - self.segments_left)

    def at(self, segments_left: int) -> Srh:
        """The same header at another place of its list."""
        return replace(self, segments_left=segments_left)

    def with_return_path(self, path: ReturnPath) -> Srh:
        """The same header with the TLV ``path`` in place of the one that it has, if it has one."""
        tlvs = ((kind, path.value() if kind == RETURN_PATH else value) for kind, value in self.tlvs)
        return replace(self, tlvs=tuple(tlvs))


@dataclass(frozen=True)
class ReturnPath:
    """The list of the other direction in wire order: the client first, then the functions in order of the forward
    direction. Packets back from here start at ``segments_left``; 0: straight to the client."""

    segments: tuple[IPv6Address, ...]
    segments_left: int

    @classmethod
    def parse(cls, value: bytes) -> ReturnPath:
        """Read the value of the TLV. Raises SrhError."""
        listed = value[_RETURN_PATH_FIXED:]
        if len(value) < _RETURN_PATH_FIXED + _SEGMENT or len(listed) % _SEGMENT:
            raise SrhError(f"a return path of {len(value)} octets: {_RETURN_PATH_FIXED}, and 16 for each segment")
        left = value[_RETURN_PATH_FIXED - 1]
        segments = tuple(IPv6Address(listed[at : at + _SEGMENT]) for at in range(0, len(listed), _SEGMENT))
        if left >= len(segments):
            raise SrhError(f"a return path that starts at {left} of {len(segments)} segments")
        return cls(segments, left)

    def value(self) -> bytes:
        """The value of the TLV. Raises SrhError for one that is too long."""
        octets = bytes(_RETURN_PATH_FIXED - 1) + bytes((self.segments_left,))
        octets += b"".join(segment.packed for segment in self.segments)
        if len(octets) > 255:
            raise SrhError(f"a return path has at most {(255 - _RETURN_PATH_FIXED) // _SEGMENT} segments")
        return octets

    def srh(self, target: IPv6Address) -> Srh | None:
        """The header of packets back to ``target``; None where they need none."""
        if not self.segments_left:
            return None
        return Srh((target, *self.segments[1:]), self.segments_left)


def _tlvs(octets: bytes) -> Iterable[Tlv]:
    """TLVs but for padding (RFC 8754 2.1). Raises SrhError."""
    at = 0
    while at < len(octets):
        kind = octets[at]
        if kind == PAD1:
            at += 1
            continue
        if at + 2 > len(octets) or at + 2 + octets[at + 1] > len(octets):
            raise SrhError(f"TLV {kind} runs past the end of the SRH")
        if kind != PADN:
            yield kind, octets[at + 2 : at + 2 + octets[at + 1]]
        at += 2 + octets[at + 1]


def _padding(length: int) -> bytes:
    """Pad1 or PadN (RFC 8754 2.1.1)."""
    return bytes(length) if length < 2 else bytes((PADN, length - 2)) + bytes(length - 2)
