# SPDX-License-Identifier: Apache-2.0
"""The debug service of softswitch, ``softswitch.v1.Debug``: methods whose request and response are JSON texts."""

from __future__ import annotations

import json
import logging
import threading
from collections.abc import Callable, Mapping
from typing import Any

import grpc

from .channel import open_channel
from .errors import Code
from .messages import TLS
from .status import code_of, failed

__all__ = ["PortWatch", "ports", "trace"]

log = logging.getLogger(__name__)

_TRACE = "/softswitch.v1.Debug/Trace"
_STATS = "/softswitch.v1.Debug/Stats"
_PORTS = "/softswitch.v1.Debug/Ports"
_TIMEOUT = 30.0


def trace(address: str, device_id: int, port: int, frame: bytes, tls: TLS | None = None) -> dict[str, Any]:
    """What would happen to ``frame`` at ``port``, and nothing does: ``port``, ``frame``, ``steps``, ``text``.

    Raises:
        ConnectionFailed: no server answers.
        RpcFailed: it refuses; with ``Code.UNIMPLEMENTED`` it is no softswitch.
    """
    request = json.dumps({"port": port, "frame": frame.hex()}).encode()
    with open_channel(address, tls) as channel:
        try:
            answer = channel.unary_unary(_TRACE, bytes, bytes)(request, timeout=_TIMEOUT)
        except grpc.RpcError as error:
            raise failed("Trace", error, address, device_id) from None
    tree: dict[str, Any] = json.loads(answer)
    return tree


def ports(channel: grpc.Channel, address: str, device_id: int) -> dict[int, bool] | None:
    """Which ports there are, and which of them are up; None for a switch that cannot tell, any but softswitch.

    Raises:
        ConnectionFailed: no server answers.
    """
    try:
        return _states(channel.unary_unary(_STATS, bytes, bytes)(b"", timeout=_TIMEOUT))
    except grpc.RpcError as error:
        if code_of(error) in (Code.UNAVAILABLE, Code.DEADLINE_EXCEEDED):
            raise failed("Stats", error, address, device_id) from None
        return None  # switches differ in how they refuse a service that they do not have


class PortWatch:
    """Tells the states of the ports of a softswitch, all at once and then whenever one changes, in a thread of its own.

    It ends with the channel; for a switch that cannot tell it ends at once, and nothing is reported.
    """

    def __init__(self, channel: grpc.Channel, report: Callable[[Mapping[int, bool]], object], where: str) -> None:
        self._report = report
        self._where = where
        self._call: Any = channel.unary_stream(_PORTS, bytes, bytes)(b"")
        threading.Thread(target=self._run, name=f"ports of {where}", daemon=True).start()

    def _run(self) -> None:
        try:
            for answer in self._call:
                self._report(_states(answer))
        except grpc.RpcError as error:
            if code_of(error) not in (Code.UNIMPLEMENTED, Code.CANCELLED, Code.UNAVAILABLE):
                log.warning("%s: does not tell the states of its ports: %s", self._where, error.details())

    def close(self) -> None:
        """Stop watching."""
        self._call.cancel()


def _states(answer: bytes) -> dict[int, bool]:
    return {int(number): bool(port["up"]) for number, port in json.loads(answer)["ports"].items()}
