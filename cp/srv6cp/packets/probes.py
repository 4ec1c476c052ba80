# SPDX-License-Identifier: Apache-2.0
"""Probes of ping and traceroute along segments (RFC 9259 A.1, A.2), and what comes back.

A probe is (source, first segment)(last segment .. first segment; SL) with an echo request or a UDP datagram behind it,
without an SRH where there is nothing but a target.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from srv6cp.packets import icmp, ip, raw

_NO_PORT = 33434  # of traceroute: nobody listens there
_UNREACHABLE, _TOO_BIG, _TIME_EXCEEDED, _PARAMETER_PROBLEM = 1, 2, 3, 4
_MEANINGS = {
    (_UNREACHABLE, 0): "no route",
    (_UNREACHABLE, 1): "administratively prohibited",
    (_UNREACHABLE, 3): "address unreachable",
    (_UNREACHABLE, 4): "port unreachable",
    (_TOO_BIG, 0): "packet too big",
    (_TIME_EXCEEDED, 0): "hop limit exceeded",
    (_PARAMETER_PROBLEM, 0): "parameter problem",
    (_PARAMETER_PROBLEM, 1): "next header not known",
    (_PARAMETER_PROBLEM, 2): "option not known",
    (_PARAMETER_PROBLEM, 4): "upper layer not allowed at the SID",
}


@dataclass(frozen=True)
class Probe:
    """One probe. ``segments`` as they are in the SRH, in the order of travel, the target last; addresses are 16 bytes.

    ``identifier`` and ``sequence`` come back in the reply, or in the quote of an error. ``arrives_at``: the destination
    that the last node sees, where the last segment holds several C-SIDs; b"": the last segment.
    """

    source: bytes
    segments: tuple[bytes, ...]
    identifier: int
    sequence: int
    hop_limit: int = ip.HOP_LIMIT
    size: int = 56
    udp: bool = False
    flags: int = 0
    arrives_at: bytes = b""

    @property
    def packet(self) -> bytes:
        """The bytes. The checksum is over the destination that the last node sees (RFC 8200 8.1, RFC 9800 6.5)."""
        target = self.arrives_at or self.segments[-1]
        mark = self.identifier.to_bytes(2, "big") + self.sequence.to_bytes(2, "big")
        if self.udp:
            payload = mark + bytes(max(0, self.size - 4))
            whole = ip.udp(self.source, target, self.identifier | 0x8000, _NO_PORT + self.sequence % 256, payload)
        else:
            body = bytes((icmp.ECHO_REQUEST_V6, 0, 0, 0)) + mark + bytes(index & 255 for index in range(self.size))
            whole = icmp.icmpv6(self.source, target, body)
        header, upper = whole[6], whole[40:]
        if len(self.segments) > 1 or self.flags:
            upper, header = srh(header, self.segments, self.flags) + upper, raw.ROUTING
        return ip.ipv6(self.source, self.segments[0], header, upper, self.hop_limit)


def srh(next_header: int, segments: Sequence[bytes], flags: int = 0) -> bytes:
    """An SRH (RFC 8754 2) at the source: every segment in it, the first one active."""
    last = len(segments) - 1
    fixed = bytes((next_header, 2 * len(segments), raw.SEGMENT_ROUTING, last, last, flags, 0, 0))
    return fixed + b"".join(reversed(segments))


@dataclass(frozen=True)
class Answer:
    """What a probe has brought: who says what; ``active`` is the destination that the probe had there, where it is
    told (by an error, which quotes it)."""

    responder: bytes
    kind: int
    code: int
    active: bytes | None = None
    value: int = 0
    """Pointer or MTU of an error."""
    hop_limit: int = 0

    @property
    def reached(self) -> bool:
        """Whether it comes from the target: an echo reply, or what a target says of a UDP probe (RFC 9259 A.2)."""
        return self.kind == icmp.ECHO_REPLY_V6 or (self.kind, self.code) in ((_UNREACHABLE, 4), (_PARAMETER_PROBLEM, 4))

    @property
    def expired(self) -> bool:
        """Whether the hop limit ended there."""
        return (self.kind, self.code) == (_TIME_EXCEEDED, 0)

    @property
    def meaning(self) -> str:
        """In words."""
        if self.kind == icmp.ECHO_REPLY_V6:
            return "echo reply"
        text = _MEANINGS.get((self.kind, self.code), f"ICMPv6 type {self.kind} code {self.code}")
        if self.kind == _PARAMETER_PROBLEM:
            return f"{text}, pointer {self.value}"
        return f"{text}, MTU {self.value}" if self.kind == _TOO_BIG else text


def answer(probe: Probe, packet: bytes) -> Answer | None:
    """What the IPv6 packet says of the probe; None when it says nothing of it."""
    try:
        view = raw.parse_ipv6(packet)
        if view.upper_protocol != raw.ICMPV6 or view.dst != probe.source or view.end - view.upper < 8:
            return None
        body = packet[view.upper : view.end]
        if body[0] == icmp.ECHO_REPLY_V6:
            if probe.udp or body[4:8] != _mark(probe):
                return None
            return Answer(view.src, body[0], body[1], hop_limit=view.hop_limit)
        if body[0] >= 128:
            return None
        quoted = raw.parse_ipv6(body, 8)
        if quoted.src != probe.source or not _is_of(probe, body, quoted):
            return None
        return Answer(view.src, body[0], body[1], quoted.dst, int.from_bytes(body[4:8], "big"), view.hop_limit)
    except raw.TruncatedError:
        return None


def is_answer(probe: Probe, packet: bytes) -> bool:
    """Whether the packet, of any version of IP, says something of the probe."""
    return answer(probe, packet) is not None


def _mark(probe: Probe) -> bytes:
    return probe.identifier.to_bytes(2, "big") + probe.sequence.to_bytes(2, "big")


def _is_of(probe: Probe, data: bytes, quoted: raw.Ipv6View) -> bool:
    if probe.udp:
        mark = data[quoted.upper + 8 : quoted.upper + 12]
        return quoted.upper_protocol == raw.UDP and mark == _mark(probe)
    return quoted.upper_protocol == raw.ICMPV6 and data[quoted.upper + 4 : quoted.upper + 8] == _mark(probe)
