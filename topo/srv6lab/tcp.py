# SPDX-License-Identifier: Apache-2.0
"""TCP (RFC 9293) of hosts in this process: one connection, without sockets, threads or clock.

What a connection between two of them needs to be honest: retransmission by a timer (RFC 6298) and by duplicate
acknowledgements (RFC 5681, 6582), slow start and congestion avoidance, flow control with window scaling (RFC 7323) and
probes of a closed window, half-close, resets that are checked (RFC 5961). Not there: selective acknowledgements,
timestamps, urgent data, path MTU discovery.

Whoever owns a `Connection` gives it segments and the time, and sends what `output` has.
"""

from __future__ import annotations

import struct
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

FIN, SYN, RST, PSH, ACK = 1, 2, 4, 8, 16
BUFFER = 256 << 10  # octets, of each direction
SCALE = 3  # of our window: 65535 << 3 is more than the buffer
FIRST_TIMEOUT, LEAST_TIMEOUT, LONGEST_TIMEOUT = 1.0, 0.2, 8.0  # s
ATTEMPTS = 6  # of one segment, or of a probe
LINGER = 1.0  # s for which a closed connection still answers (TIME-WAIT)
_HEADER = 20
_OUT_OF_ORDER = 512  # pieces that wait for what is in front of them


class SegmentError(ValueError):
    """Octets that are no TCP segment."""


@dataclass(frozen=True)
class Segment:
    """A TCP segment without ports. ``mss`` and ``scale`` are options of a SYN."""

    sequence: int
    acknowledgement: int
    flags: int
    window: int
    payload: bytes = b""
    mss: int | None = None
    scale: int | None = None

    def octets(self, source_port: int, port: int) -> bytes:
        """The segment with checksum 0."""
        options = b"" if self.mss is None else struct.pack("!BBH", 2, 4, self.mss)
        options += b"" if self.scale is None else bytes((1, 3, 3, self.scale))
        offset = (_HEADER + len(options)) // 4 << 12
        numbers = (self.sequence & 0xFFFFFFFF, self.acknowledgement & 0xFFFFFFFF)
        head = struct.pack("!HHIIHHHH", source_port, port, *numbers, offset | self.flags, self.window, 0, 0)
        return head + options + self.payload

    @classmethod
    def parse(cls, octets: bytes) -> tuple[int, int, Segment]:
        """Source port, port, and the segment. Raises SegmentError."""
        if len(octets) < _HEADER:
            raise SegmentError("cut short")
        source, port, sequence, acknowledgement, word, window, _, _ = struct.unpack_from("!HHIIHHHH", octets)
        header = (word >> 12) * 4
        if not _HEADER <= header <= len(octets):
            raise SegmentError("its header is longer than it is")
        mss = scale = None
        at = _HEADER
        while at < header and (kind := octets[at]) != 0:
            length = 1 if kind == 1 else octets[at + 1] if at + 1 < header else 0
            if length < 1 or (kind != 1 and length < 2) or at + length > header:
                break
            if kind == 2 and length == 4:
                mss = int.from_bytes(octets[at + 2 : at + 4], "big")
            elif kind == 3 and length == 3:
                scale = min(octets[at + 2], 14)
            at += length
        return source, port, cls(sequence, acknowledgement, word & 0x3F, window, octets[header:], mss, scale)


def _near(number: int, expected: int) -> int:
    """The 32-bit number as the integer that is nearest to ``expected``."""
    return expected + (number - expected + 0x80000000) % 0x100000000 - 0x80000000


class Connection:
    """One end of a connection. ``mss``: what fits a packet of this side, its own SRH counted.

    ``changed`` is called without arguments when there is something for the owner to look at: it became `established`,
    there is more to `read`, more room for `write`, the other side `ended`, or it is `closed`.
    """

    def __init__(self, isn: int, mss: int, now: float, changed: Callable[[], None]) -> None:
        self._changed = changed
        self._mss, self._offered_mss = mss, mss
        self.output: deque[Segment] = deque()
        self.established = False
        self.ended = False  # the other side sends no more
        self.closed = False
        self.error: str | None = None  # it did not close as both sides wanted
        self._initial = isn
        # Sequence numbers are integers that do not wrap. What is sent: una <= next <= sent.
        self._una, self._next, self._sent = isn, isn, isn
        self._out = bytearray()  # from `_una` on, without SYN
        self._syn_acknowledged = False
        self._finishing = False  # nothing is added to `_out`
        self._fin: int | None = None  # sequence number of our FIN
        self._window, self._scale = mss, 0
        self._congestion, self._threshold = 10.0 * mss, float(1 << 30)
        self._duplicates, self._recover = 0, -1
        self._round_trip: float | None = None
        self._variance, self._timeout = 0.0, FIRST_TIMEOUT
        self._timed: tuple[int, float] | None = None  # end of a segment and when it was sent
        self._attempts = 0
        self.deadline: float | None = None
        # What is received.
        self._expected = 0
        self._in = bytearray()
        self._later: dict[int, bytes] = {}
        self._fin_at: int | None = None
        self._acknowledge = False
        self._opened = False  # we answer a SYN
        self._told = 0  # right edge of the window that the other side knows
        self._own_scale = SCALE
        self.retransmitted = 0
        self.octets_sent = self.octets_received = 0
        self._now = now

    # --- opening ---------------------------------------------------------------------------------------------

    def connect(self, now: float) -> None:
        """Send a SYN."""
        self._now = now
        self._send_syn()

    def accept(self, syn: Segment, now: float) -> None:
        """Answer a SYN."""
        self._now, self._opened = now, True
        self._take_syn(syn)
        self._send_syn()

    def _take_syn(self, syn: Segment) -> None:
        self._expected = syn.sequence + 1
        self._mss = max(64, min(self._mss, syn.mss or 536))
        self._congestion = 10.0 * self._mss
        if syn.scale is None:
            self._own_scale = 0
        else:
            self._scale = syn.scale
        self._window = syn.window

    def _send_syn(self) -> None:
        flags = SYN | (ACK if self._opened else 0)
        scale = SCALE if not self._opened or self._own_scale else None
        self.output.append(
            Segment(self._initial, self._expected, flags, min(0xFFFF, BUFFER), b"", self._offered_mss, scale)
        )
        self._next = self._sent = self._initial + 1
        self._told = self._expected + min(0xFFFF, BUFFER)
        self._arm()

    # --- the owner's side ----------------------------------------------------------------------------------------

    @property
    def room(self) -> int:
        """How many octets `write` takes."""
        return 0 if self._finishing or self.closed else max(0, BUFFER - len(self._out))

    @property
    def readable(self) -> int:
        """How many octets there are to `read`."""
        return len(self._in)

    def write(self, data: bytes, now: float) -> int:
        """Send ``data``, or the beginning of it that there is room for; how much that was."""
        taken = data[: self.room]
        self._out += taken
        self._now = now
        self._transmit()
        return len(taken)

    def read(self, most: int, now: float) -> bytes:
        """Take what has arrived, in order."""
        found = bytes(self._in[:most])
        del self._in[:most]
        self._now = now
        # Tell of room when there is much of it (RFC 9293 3.8.6.2.2).
        if found and self._expected + self._room() - self._told >= min(BUFFER // 2, 2 * self._offered_mss):
            self._acknowledge = True
        return found

    def shutdown(self, now: float) -> None:
        """Send no more: a FIN follows what has been written."""
        self._finishing, self._now = True, now
        self._transmit()

    def abort(self, now: float, why: str = "aborted") -> None:
        """Reset it."""
        if not self.closed:
            self.output.append(Segment(self._next, self._expected, RST | ACK, 0))
            self._close(why)

    # --- what arrives -----------------------------------------------------------------------------------------

    def arrived(self, segment: Segment, now: float) -> None:
        """A segment of the other side."""
        self._now = now
        if self.closed:
            if self.error is None and segment.flags & FIN:
                self.output.append(self._bare())  # our acknowledgement was lost
            return
        if not (self._syn_acknowledged or self._opened):
            self._answered(segment)
            return
        sequence = _near(segment.sequence, self._expected)
        if segment.flags & RST:
            if sequence == self._expected:
                self._close("reset by the other side")
            elif self._expected < sequence < self._expected + BUFFER:
                self._acknowledge = True  # RFC 5961 3.2
            return
        if segment.flags & SYN:
            if self._syn_acknowledged:
                self._acknowledge = True  # RFC 5961 4.2
            else:
                self._send_syn()  # our answer was lost
            return
        if not segment.flags & ACK:
            return
        if not self._acknowledged(segment):
            return
        if not self.closed:
            self._take(sequence, segment.payload, bool(segment.flags & FIN))
        if not self.closed:
            self._transmit()

    def _answered(self, segment: Segment) -> None:
        """In SYN-SENT."""
        right = segment.flags & ACK and _near(segment.acknowledgement, self._next) == self._next
        if segment.flags & RST:
            if right:
                self._close("refused by the other side")
        elif segment.flags & SYN and right:
            self._take_syn(segment)
            self._acknowledged(segment)
            self._acknowledge = True
            self._transmit()

    def _acknowledged(self, segment: Segment) -> bool:
        """False: it acknowledges what was never sent."""
        number = _near(segment.acknowledgement, self._una)
        if number > self._sent:
            self._acknowledge = True
            return False
        window = segment.window << (0 if segment.flags & SYN else self._scale)
        same = window == self._window
        if number >= self._una:
            self._window = window
        if number > self._una:
            self._advance(number)
        elif number == self._una and not window:
            self._attempts = min(self._attempts, 3)  # it is there, and has no room
        elif number == self._una and not segment.payload and same and self._sent > self._una:
            if not segment.flags & (FIN | SYN):
                self._duplicate()
        elif window and self._attempts and self._out:
            self._attempts, self._next = 0, self._una  # the window has opened: the probe found no room
            self._arm()
        return True

    def _advance(self, number: int) -> None:
        """Something new is acknowledged."""
        acknowledged = number - self._una
        if not self._syn_acknowledged:
            self._syn_acknowledged = self.established = True
            acknowledged -= 1
            self._changed()
        self._una = number
        self._next = max(self._next, number)
        data = min(acknowledged, len(self._out))  # a FIN is one more
        del self._out[:data]
        self._attempts = 0
        if self._timed is not None and number >= self._timed[0]:
            self._measure(self._now - self._timed[1])
            self._timed = None
        if self._recover >= 0 and number < self._recover:  # a partial one: the next hole (RFC 6582 3.2)
            self._congestion = max(self._congestion - acknowledged + self._mss, self._mss)
            self._retransmit()
        elif self._recover >= 0:
            self._congestion, self._recover = self._threshold, -1
        elif self._congestion < self._threshold:
            self._congestion += min(acknowledged, self._mss)
        else:
            self._congestion += self._mss * self._mss / self._congestion
        self._congestion = min(self._congestion, 4.0 * BUFFER)
        self._duplicates = 0
        self._arm()
        self._maybe_over()
        if data:
            self._changed()

    def _duplicate(self) -> None:
        self._duplicates += 1
        if self._recover >= 0:
            self._congestion += self._mss
        elif self._duplicates == 3:
            self._threshold = max((self._sent - self._una) / 2, 2.0 * self._mss)
            self._recover = self._sent
            self._congestion = self._threshold + 3 * self._mss
            self._retransmit()

    def _measure(self, trip: float) -> None:
        """RFC 6298 2."""
        if self._round_trip is None:
            self._round_trip, self._variance = trip, trip / 2
        else:
            self._variance += (abs(self._round_trip - trip) - self._variance) / 4
            self._round_trip += (trip - self._round_trip) / 8
        self._timeout = min(max(self._round_trip + 4 * self._variance, LEAST_TIMEOUT), LONGEST_TIMEOUT)

    def _take(self, sequence: int, payload: bytes, fin: bool) -> None:
        if fin and self._fin_at is None and sequence + len(payload) <= self._expected + self._room():
            self._fin_at = sequence + len(payload)
        if payload or fin:
            self._acknowledge = True
        if payload:
            end = self._expected + self._room()
            if sequence > self._expected:
                if sequence < end and len(self._later) < _OUT_OF_ORDER:
                    held = self._later.get(sequence, b"")
                    piece = payload[: end - sequence]
                    self._later[sequence] = piece if len(piece) > len(held) else held
                self.output.append(self._bare())  # at once: a duplicate acknowledgement
            else:
                self._append(payload[self._expected - sequence :][: self._room()])
                for start in sorted(self._later):
                    if start > self._expected:
                        break
                    self._append(self._later.pop(start)[self._expected - start :][: self._room()])
        if self._fin_at is not None and self._expected == self._fin_at and not self.ended:
            self._expected += 1
            self.ended = True
            self._maybe_over()
            self._changed()

    def _append(self, payload: bytes) -> None:
        if payload:
            self._in += payload
            self._expected += len(payload)
            self.octets_received += len(payload)
            self._changed()

    def _room(self) -> int:
        return max(0, BUFFER - len(self._in))

    # --- what is sent ------------------------------------------------------------------------------------------

    def flush(self) -> None:
        """Acknowledge what has not been with what was sent."""
        if self._acknowledge and not self.closed:
            self.output.append(self._bare())

    def _bare(self) -> Segment:
        return self._segment(self._next, b"", ACK)

    def _segment(self, sequence: int, payload: bytes, flags: int) -> Segment:
        self._acknowledge = False
        window = min(self._room() >> self._own_scale, 0xFFFF)
        self._told = max(self._told, self._expected + (window << self._own_scale))
        return Segment(sequence, self._expected, flags, window, payload)

    def _transmit(self) -> None:
        """Send what both windows allow."""
        if not self.established or self.closed:
            return
        end = self._una + len(self._out)
        right = self._una + min(int(self._congestion), self._window)
        while self._next < end:
            size = min(self._mss, end - self._next, right - self._next)
            if size <= 0 or (size < self._mss and size < end - self._next and self._next > self._una):
                break
            self._put(size)
        if self._finishing and self._next == end and self._fin in (None, end):
            self._fin = end
            self.output.append(self._segment(self._next, b"", FIN | ACK))
            self._next += 1
            self._sent = max(self._sent, self._next)
        if (self._sent > self._una or self._out) and self.deadline is None:
            self._arm()  # also for a probe of a closed window

    def _put(self, size: int) -> None:
        at = self._next - self._una
        payload = bytes(self._out[at : at + size])
        self.output.append(self._segment(self._next, payload, ACK | (PSH if at + size == len(self._out) else 0)))
        self._next += size
        if self._next > self._sent:
            self.octets_sent += self._next - self._sent
            self._sent = self._next
            if self._timed is None:
                self._timed = (self._next, self._now)
        if self.deadline is None:
            self._arm()

    def _retransmit(self) -> None:
        """The first segment that is not acknowledged."""
        self._timed = None
        self.retransmitted += 1
        if not self._syn_acknowledged:
            self._send_syn()
            return
        size = min(self._mss, len(self._out))
        if size:
            self.output.append(self._segment(self._una, bytes(self._out[:size]), ACK))
        else:
            self.output.append(self._segment(self._una, b"", FIN | ACK))

    def _arm(self) -> None:
        busy = self._sent > self._una or (self.established and self._out)
        self.deadline = self._now + min(self._timeout * 2**self._attempts, LONGEST_TIMEOUT) if busy else None

    def timer(self, now: float) -> None:
        """``deadline`` has come."""
        self._now, self.deadline = now, None
        if self.closed:
            return
        self._attempts += 1
        if self._attempts > ATTEMPTS:
            self.abort(now, "the other side does not answer")
            return
        if self.established and self._sent == self._una:  # a window that is closed: probe it (RFC 9293 3.8.6.1)
            if self._out:
                self._put(1)
        else:
            self._threshold = max((self._sent - self._una) / 2, 2.0 * self._mss)
            self._congestion, self._recover, self._duplicates = float(self._mss), -1, 0
            self._retransmit()
            if self._syn_acknowledged:  # go back: what follows is sent again as the window opens
                self._next = min(self._una + max(1, min(self._mss, len(self._out))), self._sent)
        self._arm()

    # --- its end -----------------------------------------------------------------------------------------------

    def _maybe_over(self) -> None:
        """Both sides have ended, and know it of each other."""
        if self.ended and self._fin is not None and self._una > self._fin:
            self._close(None)

    def _close(self, why: str | None) -> None:
        if self._acknowledge and why is None:
            self.output.append(self._bare())
        self.closed, self.error, self.deadline = True, why, None
        self._changed()
