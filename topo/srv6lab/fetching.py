# SPDX-License-Identifier: Apache-2.0
"""A text that one host gets from another by TCP, as with HTTP/1.0: the request, the answer, and what came of it."""

from __future__ import annotations

from dataclasses import dataclass, field

PORT = 80
LONGEST_REQUEST = 4096
_LINE = b"Bytes go through pipes: line %07d of a text that any function may change.\n"


@dataclass(frozen=True)
class Fetched:
    """What came: octets of the body, seconds from the connection to its end, and whether it is what was sent."""

    octets: int
    seconds: float
    same: bool
    beginning: str = ""
    error: str | None = None

    @property
    def rate(self) -> float:
        """bit/s of the body."""
        return 8 * self.octets / self.seconds if self.seconds else 0.0


def text(size: int) -> bytes:
    """The text of so many octets."""
    length = len(_LINE % 0)
    return b"".join(_LINE % number for number in range(size // length + 1))[:size]


def request(size: int) -> bytes:
    """What asks for it."""
    return b"GET /%d HTTP/1.0\r\n\r\n" % size


def answer(asked: bytes) -> bytes | None:
    """The answer to a request; None while it is not whole."""
    if b"\r\n\r\n" not in asked:
        return _ERROR if len(asked) > LONGEST_REQUEST else None
    words = asked.split(None, 2)
    path = words[1].lstrip(b"/") if len(words) > 1 and words[0] == b"GET" else b""
    if not path.isdigit() or len(path) > 9:
        return _ERROR
    body = text(int(path))
    return b"HTTP/1.0 200 OK\r\nContent-Type: text/plain\r\nContent-Length: %d\r\n\r\n" % len(body) + body


_ERROR = b"HTTP/1.0 400 Bad Request\r\nContent-Length: 0\r\n\r\n"


@dataclass
class Reader:
    """What the client makes of an answer, which functions may have changed: the head ends at the first empty line."""

    size: int
    received: bytearray = field(default_factory=bytearray)

    def result(self, seconds: float, error: str | None = None) -> Fetched:
        """What it was."""
        _, _, body = bytes(self.received).partition(b"\r\n\r\n")
        whole = answer(request(self.size)) or b""
        beginning = body[:40].decode("ascii", "backslashreplace")
        return Fetched(len(body), seconds, bytes(self.received) == whole, beginning, error)
