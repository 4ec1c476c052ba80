# SPDX-License-Identifier: Apache-2.0
"""The headers that End.NSH takes off a packet, until the packet comes back (RFC 9491 5.2).

A packet whose headers are not those that the switch keeps for its service path comes here. They become entries: one by
which the switch knows them again, one by which it puts them back under <SPI, SI - 1>. The packet is sent once more when
they are written, so none is lost, and none waits longer than a write takes. For each service path there is one set of
headers, that of the last packet which had others; those that no packet uses are forgotten.

No thread, socket or clock of its own: packets and counts go in, entries to write come out.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from ipaddress import IPv6Address
from typing import TYPE_CHECKING, Any, NamedTuple

from srv6cp.behaviours.nsh import CHECKS, KEY, ODD_8, RETURNS, USUAL_AGE, ServicePath
from srv6cp.p4rt.entities import Action, TableEntry, Update, delete, insert, modify

if TYPE_CHECKING:
    from srv6cp.model import Node

_IPV6, _FIXED, _BLOCK = 40, 8, 16
_PROTOCOL_ROUTING, _PROTOCOL_NSH, _TYPE_SRH = 43, 145, 4
_BLOCKS = 20
#: Of the entry: bits of `pieces` with the number of blocks that each stands for, in the order of the wire.
_PIECES = ((0x02, 1), (0x04, 4), (0x08, 4), (0x10, 4), (0x20, 4), (0x40, 2), (0x80, 1))
_LOOKS = 4
_SHORTEST_PAUSE = 1.0

Path = tuple[int, int]  # SPI, SI as it comes from the SRv6 domain


class NotNsh(ValueError):
    """The packet is none that End.NSH takes."""


class Headers(NamedTuple):
    """What is in front of the NSH of a packet at End.NSH: the IPv6 header and the SRH, as they arrived."""

    ipv6: bytes
    srh: bytes
    path: Path

    @classmethod
    def of(cls, packet: bytes) -> Headers:
        """From an IPv6 packet. Raises ``NotNsh``."""
        if len(packet) < _IPV6 + _FIXED or packet[6] != _PROTOCOL_ROUTING:
            raise NotNsh("no SRH right behind the IPv6 header")
        end = _IPV6 + _FIXED + 8 * packet[_IPV6 + 1]
        srh, nsh = packet[_IPV6:end], packet[end : end + 8]
        if len(nsh) < 8 or srh[0] != _PROTOCOL_NSH or srh[2] != _TYPE_SRH:
            raise NotNsh("no NSH behind the SRH")
        if not 0 < srh[3] <= srh[1] // 2 or len(srh) - 16 > _BLOCK * _BLOCKS:
            raise NotNsh("an SRH that cannot be kept")
        return cls(packet[:_IPV6], srh, (int.from_bytes(nsh[4:7], "big"), nsh[7]))

    def check(self) -> TableEntry:
        """By which the switch knows them."""
        _, length, _, left, last_entry, flags, tag = struct.unpack_from("!BBBBBBH", self.srh)
        behind = _FIXED + _BLOCK * (left - 1)  # where the next segment is
        has_current = left <= last_entry
        rest = behind + _BLOCK * (1 + has_current)
        return TableEntry(
            CHECKS,
            {
                **_match(self.path),
                "ipv6_src": IPv6Address(self.ipv6[8:24]),
                "ipv6_dst": IPv6Address(self.ipv6[24:40]),
                "hdr_ext_len": length,
                "segments_left": left,
                "last_entry": last_entry,
                "flags": flags,
                "tag": tag,
                "segment_next": self._segment(left - 1),
                "segment_0": self._segment(0) if left > 1 else IPv6Address(0),
                "segment_current": self._segment(left) if has_current else IPv6Address(0),
                "before_hash": zlib.crc32(self.srh[_FIXED + _BLOCK : behind]) if left > 1 else 0,
                "after_hash": zlib.crc32(self.srh[rest:]),
            },
            Action("is_kept"),
        )

    def restore(self) -> TableEntry:
        """What the switch puts back: Segments Left is one lower, the destination is the next segment."""
        srh = self.srh[:3] + bytes((self.srh[3] - 1,)) + self.srh[4:]
        odd = len(srh) // 8 % 2 == 0
        first, rest = (srh[:8], srh[8:]) if odd else (bytes(8), srh)
        pieces, blocks = _cut(rest[8:])
        (word,) = struct.unpack_from("!I", self.ipv6)
        params = {
            "traffic_class": word >> 20 & 0xFF,
            "flow_label": word & 0xFFFFF,
            "hop_limit": self.ipv6[7],
            "ipv6_src": IPv6Address(self.ipv6[8:24]),
            "ipv6_dst": self._segment(self.srh[3] - 1),
            "length": len(srh),
            "pieces": pieces | ODD_8 * odd,
            "first": int.from_bytes(first, "big"),
            "srh": int.from_bytes(rest[:8], "big"),
            **{f"block_{number}": block for number, block in enumerate(blocks)},
        }
        spi, index = self.path
        return TableEntry(RETURNS, _match((spi, index - 1)), Action("restore_headers", params))

    def _segment(self, number: int) -> IPv6Address:
        at = _FIXED + _BLOCK * number
        return IPv6Address(self.srh[at : at + _BLOCK])


def _match(path: Path) -> dict[str, int]:
    return {"service_path_id": path[0], "service_index": path[1]}


def _cut(octets: bytes) -> tuple[int, list[int]]:
    """Blocks of 16 octets in the pieces that the switch has: which there are, and all of them, others being 0."""
    left = len(octets) // _BLOCK
    fours = min(left // 4, 4)
    chosen = {0x04 << each for each in range(fours)}
    rest = left - 4 * fours
    chosen |= {1: {0x02}, 2: {0x40}, 3: {0x02, 0x40}, 4: {0x02, 0x40, 0x80}}.get(rest, set())
    blocks: list[int] = []
    at = 0
    for bit, count in _PIECES:
        for _ in range(count):
            blocks.append(int.from_bytes(octets[at : at + _BLOCK], "big") if bit in chosen else 0)
            at += _BLOCK * (bit in chosen)
    return sum(chosen), blocks


@dataclass(slots=True)
class _Kept:
    headers: Headers
    seen: float
    packets: int = -1


@dataclass
class KeptHeaders:
    """The headers of a switch's service paths."""

    paths: Mapping[Path, ServicePath] = field(default_factory=dict)
    pending: list[Update] = field(default_factory=list)
    """What has to be written before packets are sent again."""
    _kept: dict[Path, _Kept] = field(default_factory=dict)
    _look_at: float | None = None
    _lost: int | None = None

    def __len__(self) -> int:
        return len(self._kept)

    def configure(self, node: Node, now: float) -> None:
        """The paths are these; headers of others are forgotten. Nothing of it is written here."""
        given = node.sections.get(KEY, {}).values()
        self.paths = {(path.spi, path.si): path for path in given}
        self._kept = {path: kept for path, kept in self._kept.items() if path in self.paths}
        self.pending.clear()
        self._look_at = now + pause if (pause := self._pause()) else None

    def entries(self) -> Iterator[TableEntry]:
        """What the switch must hold."""
        for kept in self._kept.values():
            yield kept.headers.check()
            yield kept.headers.restore()

    def keep(self, packet: bytes, now: float) -> Headers | None:
        """Keep the headers of an IPv6 packet at End.NSH; None where its path is not configured. Raises ``NotNsh``."""
        headers = Headers.of(packet)
        if headers.path not in self.paths:
            return None
        kept = self._kept.get(headers.path)
        if kept is not None and kept.headers.check() == headers.check():
            return kept.headers  # written already, or about to be
        self._kept[headers.path] = _Kept(headers, now)
        if kept is None:
            self.pending += [insert(headers.restore()), insert(headers.check())]
        else:
            # A packet on its way back gets headers of its path at any time, the old ones or the new ones.
            self.pending += [delete(kept.headers.check()), modify(headers.restore()), insert(headers.check())]
        return headers

    @property
    def next_look(self) -> float | None:
        """When `age` wants to be called."""
        return self._look_at

    def age(self, packets: Mapping[Path, int], now: float) -> list[Update]:
        """Forget what no packet has used for the age of its path; ``packets``: how many did, by path."""
        self._look_at = now + pause if (pause := self._pause()) else None
        gone = []
        for path, kept in self._kept.items():
            count = packets.get(path, kept.packets)
            if count != kept.packets:
                kept.packets, kept.seen = count, now
            elif (age := self.paths[path].age) and now - kept.seen >= age:
                gone.append(path)
        return self._deletes(gone)

    def lost(self, count: int) -> int:
        """How many packets have come back to no headers since the last time; ``count``: since the switch started."""
        before, self._lost = self._lost, count
        return max(count - before, 0) if before is not None else 0

    def forget(self) -> None:
        """Forget all of them; the tables are somebody else's now."""
        self._kept.clear()
        self.pending.clear()

    def flush(self) -> list[Update]:
        """Forget all of them."""
        return self._deletes(list(self._kept))

    def _deletes(self, paths: list[Path]) -> list[Update]:
        updates = []
        for path in paths:
            headers = self._kept.pop(path).headers
            updates += [delete(headers.check()), delete(headers.restore())]
        return updates

    def _pause(self) -> float:
        ages = [path.age or USUAL_AGE for path in self.paths.values()]
        return max(_SHORTEST_PAUSE, min(ages) / _LOOKS) if ages else 0.0


def used(counts: Mapping[str, Any], table: str) -> Path:
    """The path that an entry of either table is of."""
    return int(counts["service_path_id"]), int(counts["service_index"]) + (table == RETURNS)
