# SPDX-License-Identifier: Apache-2.0
"""Two connections and the functions between them; knows neither sockets nor time.

Who drives it gives it what arrives (`received`, `ended`, `failed`), takes what is to be sent (`take`, `finished`), and
reads from a side only while `wants` says so: what waits for a slow side is bounded by `LIMIT`, and the results of one
piece. Each direction ends on its own.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import IntEnum

from srv6host.functions import PIECE, Function, FunctionError

LIMIT = 256 << 10  # octets that wait for a side before the other is read no more
_WHOLE = 64 << 10


class Side(IntEnum):
    """Who is at the other end of a connection."""

    CLIENT = 0
    SERVER = 1

    @property
    def other(self) -> Side:
        """The other one."""
        return Side(1 - self)


class Relay:
    """One visit: the functions in order of travel, and what is under way."""

    def __init__(self, functions: Sequence[Function]) -> None:
        self._functions = tuple(functions)
        self._piece = PIECE if any(each.expands for each in functions) else _WHOLE
        self._answering = any(type(each).answers is not Function.answers for each in functions)
        self._raw = (bytearray(), bytearray())  # from each side, for the functions
        self._made = (bytearray(), bytearray())  # for each side
        self._over = [False, False]  # the side sends no more
        self._closed = [False, False]  # ... and the functions know
        self.error: str | None = None  # both connections are to be reset, for this reason
        self.octets = [0, 0]  # from each side

    @property
    def transparent(self) -> bool:
        """Whether nobody looks at what passes."""
        return all(each.transparent for each in self._functions)

    def wants(self, side: Side) -> bool:
        """Whether to read from a side."""
        waiting = len(self._made[side.other]) + len(self._raw[side])
        if self._answering and side is Side.CLIENT:  # who does not take answers is not asked for more
            waiting += len(self._made[side])
        return self.error is None and not self._over[side] and waiting < LIMIT

    def received(self, side: Side, data: bytes) -> None:
        """A side has sent ``data``."""
        if self.error is None and not self._over[side]:
            self.octets[side] += len(data)
            self._raw[side].extend(data)
            self._work(side)

    def ended(self, side: Side) -> None:
        """A side sends no more; it may still receive."""
        self._over[side] = True
        self._work(side)

    def failed(self, why: str) -> None:
        """One of the connections is gone: so is the other."""
        if self.error is None:
            self.error = why
            for each in (*self._raw, *self._made):
                each.clear()

    def take(self, side: Side, most: int) -> bytes:
        """What is to be sent to a side, at most so much; the caller sends it."""
        found = bytes(self._made[side][:most])
        del self._made[side][:most]
        self._work(side.other)
        return found

    def waiting(self, side: Side) -> int:
        """Octets that wait for a side."""
        return len(self._made[side])

    def finished(self, side: Side) -> bool:
        """Whether nothing more will be sent to a side: the connection there is to be half-closed."""
        return self._closed[side.other] and not self._made[side] and self.error is None

    @property
    def done(self) -> bool:
        """Whether both directions have ended."""
        return self.error is not None or all(self.finished(side) for side in Side)

    def _work(self, side: Side) -> None:
        """Have the functions do what there is room for."""
        raw, made = self._raw[side], self._made[side.other]
        try:
            while self.error is None and raw and len(made) < LIMIT:
                piece = bytes(raw[: self._piece])
                del raw[: self._piece]
                self._apply(side, piece, False)
            if self.error is None and self._over[side] and not raw and not self._closed[side]:
                self._closed[side] = True
                self._apply(side, b"", True)
        except FunctionError as error:
            self.failed(str(error))
        except Exception as error:  # a function's own mistake: this connection's end, not the proxy's
            self.failed(f"{type(error).__name__} in a function: {error}")

    def _apply(self, side: Side, data: bytes, end: bool) -> None:
        if side is Side.SERVER:
            self._made[Side.CLIENT].extend(self._back(len(self._functions), data, end))
            return
        for place, function in enumerate(self._functions):
            data = function.forward(data, end)
            if answers := function.answers():
                self._made[Side.CLIENT].extend(self._back(place, answers, False))
        self._made[Side.SERVER].extend(data)

    def _back(self, functions: int, data: bytes, end: bool) -> bytes:
        """Through so many of the functions, the last of them first, towards the client."""
        for function in reversed(self._functions[:functions]):
            data = function.backward(data, end)
        return data
