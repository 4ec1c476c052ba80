# SPDX-License-Identifier: Apache-2.0
"""The debug service of softswitch, ``softswitch.v1.Debug``: methods whose request and response are JSON texts."""

from __future__ import annotations

import json
from typing import Any

import grpc

from .channel import open_channel
from .messages import TLS
from .status import failed

__all__ = ["trace"]

_TRACE = "/softswitch.v1.Debug/Trace"
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
