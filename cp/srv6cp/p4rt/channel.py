# SPDX-License-Identifier: Apache-2.0
"""The gRPC channel to a switch and the six methods of the service."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import grpc

from p4rtlib.protos import p4runtime_pb2
from p4rtlib.tls import TlsFileError, check_authority, check_identity

from .errors import P4RuntimeError
from .messages import TLS

__all__ = ["Service", "open_channel"]

_OPTIONS: list[tuple[str, Any]] = [
    # Errors of a batch travel in the trailers, 100 bytes an update and more: the default of 8 kB loses them.
    ("grpc.max_metadata_size", 16 << 20),
    ("grpc.absolute_max_metadata_size", 16 << 20),
    ("grpc.max_receive_message_length", -1),
    ("grpc.max_send_message_length", -1),
    # A switch that comes back is found within a second, not after gRPC's backoff of up to two minutes.
    ("grpc.initial_reconnect_backoff_ms", 100),
    ("grpc.min_reconnect_backoff_ms", 500),
    ("grpc.max_reconnect_backoff_ms", 1000),
    # Two clients of one switch in one process are two connections, so that one's fate is not the other's.
    ("grpc.use_local_subchannel_pool", 1),
    # A switch is never behind the web proxy that http_proxy names.
    ("grpc.enable_http_proxy", 0),
]


class Service:
    """Callables for the methods of p4.v1.P4Runtime on ``channel``."""

    def __init__(self, channel: grpc.Channel) -> None:
        def unary(name: str) -> Any:
            return channel.unary_unary(
                f"/p4.v1.P4Runtime/{name}",
                request_serializer=getattr(p4runtime_pb2, f"{name}Request").SerializeToString,
                response_deserializer=getattr(p4runtime_pb2, f"{name}Response").FromString,
            )

        self.write = unary("Write")
        self.set_pipeline = unary("SetForwardingPipelineConfig")
        self.get_pipeline = unary("GetForwardingPipelineConfig")
        self.capabilities = unary("Capabilities")
        self.read: Any = channel.unary_stream(
            "/p4.v1.P4Runtime/Read",
            request_serializer=p4runtime_pb2.ReadRequest.SerializeToString,
            response_deserializer=p4runtime_pb2.ReadResponse.FromString,
        )
        self.stream: Any = channel.stream_stream(
            "/p4.v1.P4Runtime/StreamChannel",
            request_serializer=p4runtime_pb2.StreamMessageRequest.SerializeToString,
            response_deserializer=p4runtime_pb2.StreamMessageResponse.FromString,
        )


def open_channel(address: str, tls: TLS | None) -> grpc.Channel:
    """A channel to ``address`` (``host:port`` or ``unix:path``); it connects when first used. The files of ``tls`` are
    read anew each time, so that renewed ones are used after a reconnect."""
    options = list(_OPTIONS)
    if tls is None:
        return grpc.insecure_channel(address, options)
    if bool(tls.cert) != bool(tls.key):
        raise P4RuntimeError(f"{address}: TLS needs both a client certificate and its key, or neither")
    try:
        if tls.ca:
            check_authority(Path(tls.ca))
        if tls.cert and tls.key:
            check_identity(Path(tls.cert), Path(tls.key))
    except TlsFileError as error:
        raise P4RuntimeError(str(error)) from None
    if tls.server_name:
        options.append(("grpc.ssl_target_name_override", tls.server_name))
    ca, key, cert = (Path(file).read_bytes() if file else None for file in (tls.ca, tls.key, tls.cert))
    return grpc.secure_channel(address, grpc.ssl_channel_credentials(ca, key, cert), options)
