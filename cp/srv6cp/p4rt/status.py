# SPDX-License-Identifier: Apache-2.0
"""gRPC failures as exceptions of this package.

A failed Write carries a google.rpc.Status in its trailers whose details hold one p4.v1.Error an update, in
order (P4Runtime 12.3). Servers differ: BMv2 sends OK entries for updates that succeeded, others only what
failed or nothing at all, so whatever is missing is made up from the status itself.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import grpc
from google.protobuf.message import DecodeError as ProtobufError

from p4rtlib.protos import p4runtime_pb2, status_pb2

from .entities import Update
from .errors import (
    Code,
    ConnectionFailed,
    Failure,
    NoPipeline,
    NotPrimary,
    P4RuntimeError,
    RpcFailed,
    WriteError,
)

__all__ = ["CLOSED", "RESET", "code_of", "failed", "reason", "write_failed"]

CLOSED, RESET = "connection closed", "connection reset"
_TRAILER = "grpc-status-details-bin"


def code_of(error: grpc.RpcError) -> Code:
    """The canonical code of a gRPC error."""
    code = getattr(error, "code", lambda: None)()
    return Code.of(code.value[0]) if code is not None else Code.UNKNOWN


def failed(rpc: str, error: grpc.RpcError, address: str, device_id: int) -> P4RuntimeError:
    """The exception for a failed ``rpc`` other than a Write with per-update errors."""
    code, message = code_of(error), _message(error)
    where = f"{address} device-id {device_id}"
    if code is Code.UNAVAILABLE:
        return ConnectionFailed(address, device_id, reason(message))
    if code is Code.DEADLINE_EXCEEDED:
        return ConnectionFailed(address, device_id, f"no answer to {rpc} in time")
    if code is Code.PERMISSION_DENIED and rpc in ("Write", "SetForwardingPipelineConfig"):
        return NotPrimary(rpc, code, message, where)
    if code is Code.FAILED_PRECONDITION and ("pipeline" in message.lower() or "config" in message.lower()):
        return NoPipeline(rpc, code, message, where)
    return RpcFailed(rpc, code, message, where)


def write_failed(
    error: grpc.RpcError, updates: Sequence[Update], first: int, address: str, device_id: int
) -> list[Failure] | P4RuntimeError:
    """The updates refused by a failed Write of ``updates``, numbered from ``first``; or why the whole was
    refused.
    """
    status = _status(error)
    reports = [] if status is None else [_report(detail) for detail in status.details]
    if not any(report is not None for report in reports):
        code = code_of(error)
        if code in (
            Code.UNAVAILABLE,
            Code.DEADLINE_EXCEEDED,
            Code.PERMISSION_DENIED,
            Code.FAILED_PRECONDITION,
        ):
            return failed("Write", error, address, device_id)
        if len(updates) == 1:
            return [Failure(first, updates[0], code, _message(error))]
        return RpcFailed("Write", code, _message(error), f"{address} device-id {device_id}")
    failures = []
    for position, (update, report) in enumerate(zip(updates, reports, strict=False)):
        if report is not None and report.canonical_code != Code.OK:
            code = Code.of(report.canonical_code)
            failures.append(Failure(first + position, update, code, report.message))
    denied = [f for f in failures if f.code is Code.PERMISSION_DENIED]
    if len(denied) == len(updates) > 1 and "primary" in denied[0].message.lower():
        return NotPrimary("Write", Code.PERMISSION_DENIED, denied[0].message, f"{address} device-id {device_id}")
    if not failures:
        return RpcFailed("Write", code_of(error), _message(error), f"{address} device-id {device_id}")
    return failures


def reason(message: str) -> str:
    """The useful part of gRPC's connection error text."""
    for phrase, text in (
        ("Connection refused", "connection refused"),
        ("Connection reset", RESET),
        ("Name or service not known", "unknown host name"),
        ("DNS resolution failed", "unknown host name"),
        ("hostname lookup error", "unknown host name"),
        ("Network is unreachable", "network unreachable"),
        ("No route to host", "no route to host"),
        ("certificate has expired", "its TLS certificate has expired"),
        ("certificate is not yet valid", "its TLS certificate is not valid yet"),
        ("CERTIFICATE_VERIFY_FAILED", "its TLS certificate is not signed by the given CA"),
        ("Hostname Verification Check failed", "its TLS certificate is for another host name"),
        ("is not in peer certificate", "its TLS certificate is for another host name"),  # an older gRPC
        ("WRONG_VERSION_NUMBER", "it does not speak TLS"),
        ("Ssl handshake failed", "TLS handshake failed"),
        ("SSL_ERROR", "TLS handshake failed"),
        ("Socket closed", CLOSED),
        ("Trying to connect an http1.x server", "it speaks HTTP/1, not gRPC"),
        ("SETTINGS frame", "it accepts connections but does not speak gRPC, or is too slow"),
        ("Connection timed out", "connection timed out"),
    ):
        if phrase.lower() in message.lower():
            return text
    return " ".join(message.split()) or "no reason given"


def raise_failures(failures: list[Failure], total: int, address: str, device_id: int) -> None:
    """Raise :class:`WriteError` when there are failures."""
    if failures:
        raise WriteError(failures, total, f"{address} device-id {device_id}")


def _status(error: grpc.RpcError) -> Any:
    trailers = getattr(error, "trailing_metadata", lambda: ())() or ()
    for key, value in trailers:
        if key == _TRAILER:
            status = status_pb2.Status()
            try:
                status.ParseFromString(value)
            except (ProtobufError, TypeError):  # TypeError: a trailer that is no bytes
                return None
            return status
    return None


def _report(detail: Any) -> Any:
    report = p4runtime_pb2.Error()
    try:
        return report if detail.Unpack(report) else None
    except ProtobufError:  # it claims the type but does not parse
        return None


def _message(error: grpc.RpcError) -> str:
    text = str(getattr(error, "details", lambda: "")() or "")
    if not text:
        status = _status(error)
        text = str(status.message) if status is not None else ""
    return text
