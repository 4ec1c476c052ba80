# SPDX-License-Identifier: Apache-2.0
"""The headers that service proxies put back (PX-2): learned of packets on their way to a service, written as entries,
forgotten when they age.

The switch hands over a packet whose headers its cache has not. They are noted here and written before the packet is
sent again, so it is not lost; the queue of packet-ins is what bounds how many wait. What the switch has checked already
(hop limit, bounds of the SRH, that it can be pushed again) is not checked again. No thread, socket or clock.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, IPv6Network
from typing import TYPE_CHECKING, Any, NamedTuple

from srv6cp.behaviours.proxy import CACHES, CHECKS, FLOWS, KEY, PROXIES, SLOT_BITS, Proxy, Service
from srv6cp.compile.ids import short_key
from srv6cp.p4rt.entities import Action, MatchValue, TableEntry, Update, delete, insert, modify
from srv6cp.packets import raw

if TYPE_CHECKING:
    from srv6cp.model import Node

_FIXED_SRH, _SEGMENT = 8, 16
_LOOKS = 4
_SHORTEST_PAUSE = 1.0
_DSCP = 0xFC
_WITH_PORTS = (raw.TCP, raw.UDP)

FlowKey = tuple[IPv6Address, IPv6Address, int, int, int]
"""Source, destination (IPv4 ones as numbers), protocol and ports of a packet inside."""


class Headers(NamedTuple):
    """Headers as a packet has them on its way to the service, END-5 done.

    ``blocks``: of 16 bytes, behind the fixed part of the SRH.
    """

    source: IPv6Address
    destination: IPv6Address
    traffic_class: int
    flow_label: int
    hop_limit: int
    segments_left: int
    last_entry: int
    flags: int
    tag: int
    blocks: tuple[bytes, ...]

    @classmethod
    def of(cls, packet: bytes) -> Headers:
        """Of a packet with an SRH right behind its IPv6 header, as it arrived. Raises ``raw.TruncatedError``."""
        view = raw.parse_ipv6(packet, 0)
        srh = packet[view.offset + 40 :]
        length = _FIXED_SRH + 8 * srh[1] if len(srh) > 1 else 0
        if (
            packet[6] != raw.ROUTING
            or not length
            or len(srh) < length
            or (length - _FIXED_SRH) % _SEGMENT
            or not srh[3]
        ):
            raise raw.TruncatedError("no SRH that can be pushed again")
        blocks = tuple(srh[at : at + _SEGMENT] for at in range(_FIXED_SRH, length, _SEGMENT))
        left = srh[3] - 1
        if left >= len(blocks):
            raise raw.TruncatedError("no segment where Segments Left points")
        return cls(
            IPv6Address(packet[8:24]),
            IPv6Address(blocks[left]),
            int.from_bytes(packet[0:2], "big") >> 4 & 0xFF,
            int.from_bytes(packet[1:4], "big") & 0xFFFFF,
            packet[7] - 1,
            left,
            srh[4],
            srh[5],
            int.from_bytes(srh[6:8], "big"),
            blocks,
        )

    def same(self, other: Headers) -> bool:
        """Whether the switch takes both for one (service_check_table): flow label, ECN and hop limit aside."""
        mine = self._replace(flow_label=0, hop_limit=0, traffic_class=self.traffic_class & _DSCP)
        return mine == other._replace(flow_label=0, hop_limit=0, traffic_class=other.traffic_class & _DSCP)

    def key(self, cache: int) -> dict[str, MatchValue]:
        """The key of service_check_table."""
        received = self.segments_left + 1
        has_current = received <= self.last_entry
        before = b"".join(self.blocks[1 : received - 1]) if received > 1 else b""
        return {
            "cache_id": cache,
            "ipv6_src": self.source,
            "ipv6_dst": self.destination,
            "dscp": self.traffic_class & _DSCP,
            "hdr_ext_len": 2 * len(self.blocks),
            "segments_left": self.segments_left,
            "last_entry": self.last_entry,
            "flags": self.flags,
            "tag": self.tag,
            "segment_0": IPv6Address(self.blocks[0] if received > 1 else 0),
            "segment_current": IPv6Address(self.blocks[received] if has_current else 0),
            "list_hash": zlib.crc32(before),
            "rest_hash": zlib.crc32(b"".join(self.blocks[received + has_current :])),
        }

    def entry(self, cache: int, name: bytes) -> TableEntry:
        """The entry of service_cache_table."""
        params: dict[str, Any] = {
            "source_address": self.source,
            "destination_address": self.destination,
            "traffic_class": self.traffic_class & _DSCP,
            "flow_label": self.flow_label,
            "outer_hop_limit": self.hop_limit,
            "segments_left": self.segments_left,
            "last_entry": self.last_entry,
            "flags": self.flags,
            "tag": self.tag,
        }
        for index, block in enumerate(self.blocks):
            params[f"segment_list_{index}"] = IPv6Address(block)
        return TableEntry(CACHES, {"cache_id": cache}, Action(f"cached_{len(self.blocks)}", params), metadata=name)


@dataclass(slots=True)
class _Cache:
    headers: Headers
    service: int
    flow: FlowKey | None
    seen: float
    packets: int = -1


class ServiceCaches:
    """The learned caches of a switch."""

    def __init__(self) -> None:
        self.refused = 0
        """Packets whose headers were not cached: no such service any more, or not to be understood."""
        self._services: dict[int, Service] = {}
        self._names: dict[int, str] = {}
        self._sids: list[tuple[int, IPv6Network, int]] = []
        self._known: dict[int, _Cache] = {}
        self._flows: dict[tuple[int, FlowKey], int] = {}
        self._updates: list[Update] = []
        self._look_at: float | None = None

    def __len__(self) -> int:
        return len(self._known)

    def configure(self, node: Node, names: Mapping[int, str], now: float) -> None:
        """The services are these, by number; what one that is otherwise than before had cached is forgotten."""
        self.stale(node)
        given = node.sections.get(KEY, {})
        self._services = {number: given[name] for number, name in names.items() if name in given}
        self._names = {number: name for number, name in names.items() if name in given}
        numbers = {name: number for number, name in self._names.items()}
        self._sids = [
            (node.vrfs[sid.in_vrf], sid.prefix, numbers[sid.operands["service"]])
            for sid in node.sids
            if PROXIES.get(sid.behaviour) in (Proxy.DYNAMIC, Proxy.PER_FLOW) and sid.operands["service"] in numbers
        ]
        self._sids.sort(key=lambda each: -each[1].prefixlen)
        self._look_at = now + self._pause() if self._pause() else None

    def stale(self, node: Node) -> None:
        """Before `configure`: forget what a node that may be another has no use for."""
        given = node.sections.get(KEY, {})
        for cache in [
            cache
            for cache, known in self._known.items()
            if given.get(self._names.get(known.service, "")) != self._services.get(known.service)
        ]:
            self._forget(cache)
        self._updates.clear()

    def entries(self) -> Iterator[TableEntry]:
        """What the switch must hold of them."""
        for cache, known in self._known.items():
            yield from self._entries(cache, known)

    def take(self, packet: bytes, vrf_id: int, now: float) -> bool:
        """Cache the headers of an IPv6 packet that is on its way to a service; whether the switch can have it again.

        ``updates`` has what is to be written before. Raises ``raw.TruncatedError``.
        """
        destination = IPv6Address(packet[24:40])
        number = next((each for vrf, prefix, each in self._sids if vrf == vrf_id and destination in prefix), 0)
        service = self._services.get(number)
        if service is None:
            self.refused += 1
            return False
        headers = Headers.of(packet)
        if service.proxy is Proxy.PER_FLOW:
            flow = _flow_of(packet)
            cache = self._flows.get((number, flow)) or self._slot(number, service)
            self._remember(cache, _Cache(headers, number, flow, now))
        else:
            self._remember(number, _Cache(headers, number, None, now))
        return True

    def updates(self) -> list[Update]:
        """What is to be written, given once."""
        found, self._updates = self._updates, []
        return found

    @property
    def next_look(self) -> float | None:
        """When `age` wants to be called."""
        return self._look_at if self._known else None

    def age(self, counts: Mapping[int, int], now: float) -> list[Update]:
        """Forget what has not been counted for the age of its service; ``counts``: packets by cache."""
        self._look_at = now + self._pause() if self._pause() else None
        gone = []
        for cache, known in self._known.items():
            packets = counts.get(cache, known.packets)
            if packets != known.packets:
                known.packets, known.seen = packets, now
            elif (age := self._services[known.service].age) and now - known.seen >= age:
                gone.append(cache)
        return self._deletes(gone)

    def flush(self, service: str | None = None) -> list[Update]:
        """Forget those of a service, or (None) all."""
        return self._deletes(
            [cache for cache, known in self._known.items() if service in (None, self._names.get(known.service))]
        )

    def forget(self) -> None:
        """Forget all; the tables are somebody else's now."""
        self._known.clear()
        self._flows.clear()
        self._updates.clear()

    def _slot(self, number: int, service: Service) -> int:
        """A number for the cache of a flow that is new: that of the one least recently used, when there are enough."""
        mine = {cache: known for cache, known in self._known.items() if known.service == number}
        if len(mine) >= service.limit:
            oldest = min(mine, key=lambda cache: mine[cache].seen)
            self._updates += self._deletes([oldest])
            return oldest
        first = number << SLOT_BITS
        return next(cache for cache in range(first + 1, first + (1 << SLOT_BITS)) if cache not in mine)

    def _remember(self, cache: int, new: _Cache) -> None:
        old = self._known.get(cache)
        self._known[cache] = new
        if new.flow is not None:
            self._flows[new.service, new.flow] = cache
        entries = {entry.table: entry for entry in self._entries(cache, new)}
        if old is None:
            # The switch asks by the check and by the flow: last, what it then uses is there.
            self._updates += [insert(entries[table]) for table in (CACHES, CHECKS, FLOWS) if table in entries]
            return
        before = {entry.table: entry for entry in self._entries(cache, old)}
        self._updates.append(modify(entries[CACHES]))
        if before[CHECKS].match == entries[CHECKS].match:
            self._updates.append(modify(entries[CHECKS]))
        else:
            self._updates += [delete(before[CHECKS]), insert(entries[CHECKS])]

    def _deletes(self, caches: list[int]) -> list[Update]:
        updates = []
        for cache in caches:
            updates += [delete(each) for each in reversed(tuple(self._entries(cache, self._known[cache])))]
            self._forget(cache)
        return updates

    def _forget(self, cache: int) -> None:
        known = self._known.pop(cache)
        if known.flow is not None:
            self._flows.pop((known.service, known.flow), None)

    def _entries(self, cache: int, known: _Cache) -> Iterator[TableEntry]:
        margin = self._services[known.service].margin
        name = short_key(self._names[known.service].encode())
        hop_limit = known.headers.hop_limit
        window = {
            "lowest_hop_limit": max(1, hop_limit - margin),
            "highest_hop_limit": min(255, hop_limit + margin),
        }
        yield known.headers.entry(cache, name)
        yield TableEntry(CHECKS, known.headers.key(cache), Action("is_cached", window), metadata=name)
        if known.flow is not None:
            source, destination, protocol, source_port, destination_port = known.flow
            match: dict[str, MatchValue] = {
                "service_id": known.service,
                "src": source,
                "dst": destination,
                "protocol": protocol,
                "src_port": source_port,
                "dst_port": destination_port,
            }
            yield TableEntry(FLOWS, match, Action("is_of_cache", {"cache_id": cache}), metadata=name)

    def _pause(self) -> float:
        """Between two looks; 0: nothing ages."""
        ages = [each.age for each in self._services.values() if each.age]
        return max(_SHORTEST_PAUSE, min(ages) / _LOOKS) if ages else 0.0


def _flow_of(packet: bytes) -> FlowKey:
    """The flow of what is behind the SRH. Raises ``raw.TruncatedError``."""
    at = 40 + _FIXED_SRH + 8 * packet[41]
    inner = packet[at:]
    if packet[40] == raw.IPV4:
        view4 = raw.parse_ipv4(inner, 0)
        protocol, behind = inner[9], 4 * (inner[0] & 0xF)
        source, destination = IPv4Address(view4.src), IPv4Address(view4.dst)
        fragment = int.from_bytes(inner[6:8], "big") & 0x3FFF
        ends = IPv6Address(int(source)), IPv6Address(int(destination))
    else:
        view6 = raw.parse_ipv6(inner, 0)
        protocol, behind, fragment = inner[6], 40, 0
        ends = IPv6Address(view6.src), IPv6Address(view6.dst)
    ports = (0, 0)
    if protocol in _WITH_PORTS and not fragment and len(inner) >= behind + 4:
        ports = (
            int.from_bytes(inner[behind : behind + 2], "big"),
            int.from_bytes(inner[behind + 2 : behind + 4], "big"),
        )
    return (*ends, protocol, *ports)
