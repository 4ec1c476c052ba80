# SPDX-License-Identifier: Apache-2.0
"""A barrier on a P4Runtime stream: a message that softswitch sends back, behind everything that it sent before.

It travels as ``other``, the place of P4Runtime for messages of a target (16), in both directions. Other switches refuse
it or are silent.
"""

from __future__ import annotations

from typing import Any

from p4rtlib.protos import p4runtime_pb2

__all__ = ["answer", "number", "request"]

_TYPE_URL = "type.googleapis.com/softswitch.v1.Barrier"


def request(count: int) -> Any:
    """The ``StreamMessageRequest`` of barrier ``count``, which is at least 0."""
    message = p4runtime_pb2.StreamMessageRequest()
    message.other.type_url = _TYPE_URL
    message.other.value = count.to_bytes(8, "big")
    return message


def answer(message: Any) -> Any | None:
    """The ``StreamMessageResponse`` to a request with ``other``; None when that is no barrier."""
    if message.other.type_url != _TYPE_URL:
        return None
    response = p4runtime_pb2.StreamMessageResponse()
    response.other.CopyFrom(message.other)
    return response


def number(message: Any) -> int | None:
    """Which barrier a ``StreamMessageResponse`` with ``other`` answers; None when it answers none."""
    return int.from_bytes(message.other.value, "big") if message.other.type_url == _TYPE_URL else None
