# SPDX-License-Identifier: Apache-2.0
"""Functions on byte streams. A SID names one: opcode (16 bits) and parameters (32 bits) are its last 48 bits.

A function is a class of a few lines. One object serves one connection and gets its bytes in pieces of any size, so a
result must not depend on where one piece ends and the next begins. ``forward`` is from the client to the server.

    @register(0x0D15, "disemvowel")
    class Disemvowel(Function):
        def backward(self, data: bytes, end: bool) -> bytes:
            return data.translate(None, b"aeiou")

What it raises resets both connections; the proxy goes on with others.
"""

from __future__ import annotations

import ssl
import zlib
from collections.abc import Callable
from ipaddress import IPv6Address
from typing import ClassVar

#: What a function may make of one piece of `PIECE` octets, at most (deflate: 1032 for one).
LARGEST_RESULT = 2 << 20
PIECE = 1024  # of a function that says `expands`


class FunctionError(Exception):
    """A function cannot go on with a stream, or there is none of that name; the message says why."""


class Function:
    """Changes nothing, in either direction."""

    opcode: ClassVar[int] = 0
    name: ClassVar[str] = ""
    #: Nothing is looked at or changed: a proxy need not read what it forwards.
    transparent: ClassVar[bool] = False
    #: A short piece can become a long one: it is given short pieces, so that memory stays bounded.
    expands: ClassVar[bool] = False

    def __init__(self, parameters: int) -> None:
        self.parameters = parameters

    def forward(self, data: bytes, end: bool) -> bytes:
        """What the server gets for a piece of the client's; ``end``: there is no more."""
        return data

    def backward(self, data: bytes, end: bool) -> bytes:
        """What the client gets for a piece of the server's."""
        return data

    def answers(self) -> bytes:
        """What the client gets from the function itself, since it was asked last."""
        return b""


REGISTRY: dict[int, type[Function]] = {}


def register(opcode: int, name: str) -> Callable[[type[Function]], type[Function]]:
    """Give a class its opcode and its name. Raises FunctionError when one of them is taken."""

    def add(kind: type[Function]) -> type[Function]:
        if opcode in REGISTRY or any(other.name == name for other in REGISTRY.values()):
            raise FunctionError(f"opcode {opcode:#06x} or name {name!r} is taken")
        kind.opcode, kind.name = opcode, name
        REGISTRY[opcode] = kind
        return kind

    return add


def of_sid(sid: IPv6Address) -> Function:
    """A function for a connection whose list has this SID. Raises FunctionError."""
    opcode, parameters = int.from_bytes(sid.packed[10:12], "big"), int.from_bytes(sid.packed[12:], "big")
    kind = REGISTRY.get(opcode)
    if kind is None:
        known = ", ".join(f"{number:04x} ({each.name})" for number, each in sorted(REGISTRY.items()))
        raise FunctionError(f"{sid}: no function with opcode {opcode:04x}; there are {known}")
    return kind(parameters)


def sid_of(prefix: str | IPv6Address, name: str, parameters: int = 0) -> IPv6Address:
    """The SID of a function of a proxy whose SIDs begin with ``prefix`` (80 bits). Raises FunctionError."""
    kind = next((each for each in REGISTRY.values() if each.name == name), None)
    if kind is None:
        known = ", ".join(sorted(each.name for each in REGISTRY.values()))
        raise FunctionError(f"no function {name!r}; there are {known}")
    if not 0 <= parameters < 1 << 32:
        raise FunctionError(f"parameters of a function have 32 bits, not {parameters:#x}")
    return IPv6Address(int(IPv6Address(prefix)) & ~((1 << 48) - 1) | kind.opcode << 32 | parameters)


@register(0xBBBB, "pass")
class Pass(Function):
    """Changes nothing (the example of SRv6Pipes)."""

    transparent = True


@register(0xAAAA, "xor")
class Xor(Function):
    """Each octet with one of the four of the parameters, in turn; 0x80 with each where they are 0 (SRv6Pipes). Twice
    is not at all."""

    def __init__(self, parameters: int) -> None:
        super().__init__(parameters)
        self._key = parameters.to_bytes(4, "big") if parameters else b"\x80" * 4
        self._at = [0, 0]

    def _apply(self, data: bytes, direction: int) -> bytes:
        at = self._at[direction] % 4
        self._at[direction] += len(data)
        key = (self._key * (len(data) // 4 + 2))[at : at + len(data)]
        return (int.from_bytes(data, "big") ^ int.from_bytes(key, "big")).to_bytes(len(data), "big")

    def forward(self, data: bytes, end: bool) -> bytes:
        return self._apply(data, 0)

    def backward(self, data: bytes, end: bool) -> bytes:
        return self._apply(data, 1)


@register(0x1337, "leet")
class Leet(Function):
    """Letters to digits that look like them. Parameters: 1 what the client sends, 2 what the server sends, 0 both."""

    _TABLE = bytes.maketrans(b"aeglostAEGLOST", b"43910574391057")

    def forward(self, data: bytes, end: bool) -> bytes:
        return data if self.parameters == 2 else data.translate(self._TABLE)

    def backward(self, data: bytes, end: bool) -> bytes:
        return data if self.parameters == 1 else data.translate(self._TABLE)


class _Deflate:
    """One direction, compressed. What is there is flushed at once: whoever waits for an answer gets the question."""

    def __init__(self, level: int) -> None:
        self._stream = zlib.compressobj(level)

    def feed(self, data: bytes, end: bool) -> bytes:
        made = self._stream.compress(data) if data else b""
        return made + self._stream.flush(zlib.Z_FINISH if end else zlib.Z_SYNC_FLUSH) if data or end else made


class _Inflate:
    """One direction, decompressed. A stream that was cut, or that is too dense, ends with an error."""

    def __init__(self) -> None:
        self._stream = zlib.decompressobj()
        self._begun = False

    def feed(self, data: bytes, end: bool) -> bytes:
        self._begun |= bool(data)
        try:
            made = self._stream.decompress(data, LARGEST_RESULT + 1)
        except zlib.error as error:
            raise FunctionError(f"not a stream of zlib: {error}") from None
        if len(made) > LARGEST_RESULT:
            raise FunctionError(f"{len(data)} octets become more than {LARGEST_RESULT}")
        if self._stream.unused_data:
            raise FunctionError("octets behind the end of a stream of zlib")
        if end and self._begun and not self._stream.eof:
            raise FunctionError("the stream ends before its last block")
        return made


def _level(parameters: int) -> int:
    if parameters > 9:
        raise FunctionError(f"the parameter of compress is a level from 0 (default), 1 to 9, not {parameters}")
    return parameters or zlib.Z_DEFAULT_COMPRESSION


@register(0xC0C0, "compress")
class Compress(Function):
    """zlib (RFC 1950) towards the server, and undone towards the client. Parameters: a level, 0 for the default."""

    expands = True

    def __init__(self, parameters: int) -> None:
        super().__init__(parameters)
        self._to_server, self._to_client = _Deflate(_level(parameters)), _Inflate()

    def forward(self, data: bytes, end: bool) -> bytes:
        return self._to_server.feed(data, end)

    def backward(self, data: bytes, end: bool) -> bytes:
        return self._to_client.feed(data, end)


@register(0xC0C1, "decompress")
class Decompress(Function):
    """The other end of `Compress`."""

    expands = True

    def __init__(self, parameters: int) -> None:
        super().__init__(parameters)
        self._to_server, self._to_client = _Inflate(), _Deflate(_level(parameters))

    def forward(self, data: bytes, end: bool) -> bytes:
        return self._to_server.feed(data, end)

    def backward(self, data: bytes, end: bool) -> bytes:
        return self._to_client.feed(data, end)


@register(0x7150, "tls")
class TlsTermination(Function):
    """TLS towards the client, plain towards the server. ``context`` is the operator's: certificate and key."""

    context: ClassVar[ssl.SSLContext | None] = None

    def __init__(self, parameters: int) -> None:
        super().__init__(parameters)
        if self.context is None:
            raise FunctionError("tls has no certificate here")
        self._in, self._out = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._tls = self.context.wrap_bio(self._in, self._out, server_side=True)
        self._ready = False
        self._waiting = bytearray()  # of a server that speaks before the handshake is over

    def forward(self, data: bytes, end: bool) -> bytes:
        self._in.write(data)
        if end:
            self._in.write_eof()
        made = bytearray()
        try:
            if not self._ready:
                self._tls.do_handshake()
                self._ready = True
                if self._waiting:
                    self._tls.write(self._waiting)
                    self._waiting.clear()
            while part := self._tls.read(1 << 16):
                made += part
        except (ssl.SSLWantReadError, ssl.SSLZeroReturnError):
            pass
        except ssl.SSLError as error:
            if not (end and self._ready):  # many clients end without a closure alert
                raise FunctionError(f"TLS: {error.reason or error}") from None
        return bytes(made)

    def backward(self, data: bytes, end: bool) -> bytes:
        if data and not self._ready:
            self._waiting += data
            if len(self._waiting) > LARGEST_RESULT:
                raise FunctionError("the server sends, and the client does not begin TLS")
        elif data:
            self._tls.write(data)
        if end and self._ready:
            try:
                self._tls.unwrap()
            except ssl.SSLError:
                pass  # our alert is out; theirs may come or not
        return self._out.read()

    def answers(self) -> bytes:
        return self._out.read()
