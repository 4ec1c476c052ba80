# SPDX-License-Identifier: Apache-2.0
"""Malformed P4Runtime requests to a switch in this process, and what is no P4Runtime at all."""

from __future__ import annotations

import logging
import pickle
import random
import socket
from pathlib import Path
from typing import ClassVar

import grpc
from conformance.fuzz import HIGHEST, Fuzzer, Refusals
from conformance.raw import DEVICE_ID, JSON, P4INFO, Code, RawClient

from fuzz.part import Part
from softswitch.switch import SoftSwitch

_EVERY = 50  # requests between looks at the whole state
_PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
_SETTINGS = b"\0\0\0\4\0\0\0\0\0"


class Requests(Part):
    """Valid requests with fields spoilt, damaged bytes, unknown methods, odd metadata, octets that are no HTTP/2."""

    name = "requests"
    count: ClassVar[int] = 100_000

    def __init__(self, seed: int, scratch: Path) -> None:
        super().__init__(seed, scratch)
        self._log = _Tracebacks()
        logging.getLogger().addHandler(self._log)
        self._switch = SoftSwitch(JSON, P4INFO, ports=range(8), device_id=DEVICE_ID, engine="python")
        self._client = RawClient(self._switch.address)
        # The highest election id there is: no mutated arbitration can take over.
        self._client.primary(HIGHEST)
        self._fuzzer = Fuzzer(seed, HIGHEST)
        self._refusals = Refusals(self._client)
        self._state = self._client.everything()
        self._since = 0

    def case(self, number: int) -> bytes:
        rng = self.rng(number)
        if rng.random() < 0.02:
            return pickle.dumps(("octets", _octets(rng)))
        if rng.random() < 0.02:
            method = rng.choice(("/", "//", "/p4.v1.P4Runtime/", "/x/y", "/p4.v1.P4Runtime/Write2", "/grpc.reflection"))
            return pickle.dumps(("path " + method, rng.randbytes(rng.randrange(40))))
        self._fuzzer.random = rng
        return pickle.dumps(self._fuzzer.next())

    def run(self, case: bytes) -> str:
        method, data = pickle.loads(case)
        if method == "octets":
            self._send(data)
            found = "not HTTP/2"
        elif method.startswith("path "):
            found = self._path(method.removeprefix("path "), data)
        else:
            found = self._request(method, data)
        self._log.check()
        return found

    def _request(self, method: str, data: bytes) -> str:
        codes = self._refusals.codes(method, data)
        changes = method in ("Write", "SetForwardingPipelineConfig")
        self._since += 1
        if changes and Code.OK in codes:
            self._state = b""
        if self._since >= _EVERY:
            self._since = 0
            now = self._client.everything()
            assert not self._state or now == self._state, "a request that was refused changed something"
            self._state = now
        return "accepted" if codes == {Code.OK} else "refused"

    def _path(self, path: str, data: bytes) -> str:
        try:
            self._client.channel.unary_unary(path, bytes, bytes)(
                data, timeout=10, metadata=(("x-odd-bin", data), ("grpc-tags-bin", data))
            )
        except grpc.RpcError as error:
            code = error.code()
            assert code in (grpc.StatusCode.UNIMPLEMENTED, grpc.StatusCode.INTERNAL), code
            return "unknown method"
        raise AssertionError(f"{path} is a method")

    def _send(self, data: bytes) -> None:
        """To the port of the server; afterwards it answers others."""
        host, _, port = self._switch.address.rpartition(":")
        with socket.create_connection((host, int(port)), 10) as connection:
            connection.sendall(data)
        self._client.capabilities()

    def close(self) -> None:
        logging.getLogger().removeHandler(self._log)
        self._client.close()
        self._switch.close()


def _octets(rng: random.Random) -> bytes:
    if rng.random() < 0.5:
        return rng.randbytes(rng.randrange(1, 400))
    frames = b"".join(
        rng.choice((rng.randrange(64), 1 << 20)).to_bytes(3, "big") + rng.randbytes(6 + rng.randrange(64))
        for _ in range(rng.randrange(1, 6))
    )
    return _PREFACE + _SETTINGS + frames


class _Tracebacks(logging.Handler):
    """What the server logs with a traceback."""

    def __init__(self) -> None:
        super().__init__()
        self._found: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        if record.exc_info:
            self._found.append(logging.Formatter().format(record))

    def check(self) -> None:
        """Raises AssertionError when there was one."""
        found, self._found = self._found, []
        assert not found, "\n".join(found)
