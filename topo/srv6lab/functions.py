# SPDX-License-Identifier: Apache-2.0
"""Network functions that know nothing of SRv6, for hosts of a network in this process (``function`` of a host).

A function takes an IP packet and returns what becomes of it: the packet, another one, or None. It sees no SRH. One of
one's own is a callable: ``network.hosts["fw"].function = lambda packet: packet``.

    {function: counter}                                   # everything passes
    {function: {firewall: {deny-udp: [53], deny-tcp: [22]}}}
    {function: {shaper: {rate: 1M, burst: 15000}}}        # what is over the rate is lost
    {function: {nat: {"2001:db8:aa::1": "2001:db8:2::2"}}}  # of destinations, and back of sources
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from ipaddress import ip_address
from typing import Any

from srv6cp import values
from srv6cp.packets import raw
from srv6cp.problems import InvalidError, with_path
from srv6lab.impairments import read_rate

Function = Callable[[bytes], "bytes | None"]

_CHECKSUM_AT = {raw.TCP: 16, raw.UDP: 6, raw.ICMPV6: 2}


@dataclass
class Tally:
    """What a function has let pass and dropped."""

    passed: int = 0
    dropped: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock, repr=False, compare=False)

    def of(self, function: Function, packet: bytes) -> bytes | None:
        """Apply the function and count."""
        found = function(packet)
        with self.lock:
            if found is None:
                self.dropped += 1
            else:
                self.passed += 1
        return found

    def __str__(self) -> str:
        return f"{self.passed} passed, {self.dropped} dropped"


def counter(packet: bytes) -> bytes | None:
    """All of it passes; who uses it counts."""
    return packet


@dataclass(frozen=True)
class Firewall:
    """Drops what goes to these ports."""

    udp: frozenset[int] = frozenset()
    tcp: frozenset[int] = frozenset()

    def __call__(self, packet: bytes) -> bytes | None:
        view = raw.parse_ip(packet)
        denied = {raw.UDP: self.udp, raw.TCP: self.tcp}.get(view.upper_protocol or 0, frozenset())
        port = int.from_bytes(view.data[view.upper + 2 : view.upper + 4], "big")
        return None if port in denied else packet


class Shaper:
    """A token bucket of bytes: what there is no token for is lost."""

    def __init__(self, rate: int, burst: int, now: Callable[[], float] = time.monotonic) -> None:
        """``rate`` in bit/s, ``burst`` in bytes."""
        self._rate, self._burst, self._now = rate, burst, now
        self._tokens, self._at = float(burst), now()

    def __call__(self, packet: bytes) -> bytes | None:
        at = self._now()
        self._tokens = min(self._burst, self._tokens + (at - self._at) * self._rate / 8)
        self._at = at
        if len(packet) > self._tokens:
            return None
        self._tokens -= len(packet)
        return packet


class Nat:
    """One to one: destinations that are keys become their values, sources that are values become their keys."""

    def __init__(self, pairs: Mapping[str, str]) -> None:
        self._inside = {ip_address(one).packed: ip_address(other).packed for one, other in pairs.items()}
        self._outside = {other: one for one, other in self._inside.items()}

    def __call__(self, packet: bytes) -> bytes | None:
        view = raw.parse_ip(packet)
        octets = bytearray(packet)
        at, size = (8, 16) if view.version == 6 else (12, 4)
        for place, pairs in ((at, self._outside), (at + size, self._inside)):
            before = bytes(octets[place : place + size])
            after = pairs.get(before)
            if after is not None:
                octets[place : place + size] = after
                _update(octets, view, before, after)
        return bytes(octets)


def _update(octets: bytearray, view: raw.IpView, before: bytes, after: bytes) -> None:
    """The checksums that cover the addresses (RFC 1624 equation 3)."""
    places = [10] if view.version == 4 else []
    upper = _CHECKSUM_AT.get(view.upper_protocol or 0)
    if upper is not None and view.upper + upper + 2 <= len(octets):
        places.append(view.upper + upper)
    for place in places:
        old = int.from_bytes(octets[place : place + 2], "big")
        if not old and view.upper_protocol == raw.UDP and place != 10:
            continue  # none was computed
        inverse = bytes(each ^ 0xFF for each in before)
        total = raw.checksum(inverse + after, old ^ 0xFFFF)
        octets[place : place + 2] = total.to_bytes(2, "big")


def read(value: Any) -> Function:
    """A function from what YAML gave. Raises ``InvalidError``."""
    kind: Any = value if isinstance(value, str) else None
    options: Any = {}
    if isinstance(value, Mapping) and len(value) == 1:
        ((kind, options),) = value.items()
    if kind not in _READERS or not isinstance(options, Mapping):
        raise InvalidError(f"one of {', '.join(_READERS)}, with what it needs, not {values.show(value)}")
    return _READERS[kind](options)


def _firewall(options: Mapping[Any, Any]) -> Function:
    values.check_keys(dict(options), ("deny-udp", "deny-tcp"))
    ports = {
        key: frozenset(
            with_path(key, values.integer, each, "a port", 0, 65535)
            for each in values.one_or_more(options.get(key, ()))
        )
        for key in ("deny-udp", "deny-tcp")
    }
    return Firewall(ports["deny-udp"], ports["deny-tcp"])


def _shaper(options: Mapping[Any, Any]) -> Function:
    values.check_keys(dict(options), ("rate", "burst"), ("rate",))
    return Shaper(read_rate(options["rate"]), values.integer(options.get("burst", 15000), "burst", 1, 1 << 30))


def _nat(options: Mapping[Any, Any]) -> Function:
    for one, other in options.items():
        if values.ip_address(one, "address").version != values.ip_address(other, "address").version:
            raise InvalidError(f"{one} and {other} are of two families")
    return Nat({str(one): str(other) for one, other in options.items()})


_READERS: Mapping[Any, Callable[[Mapping[Any, Any]], Function]] = {
    "counter": lambda _: counter,
    "firewall": _firewall,
    "shaper": _shaper,
    "nat": _nat,
}
KINDS = tuple(_READERS)
