# SPDX-License-Identifier: Apache-2.0
"""The message classes: on the compiled back end, one set of them, under the names that others import."""

from __future__ import annotations

import subprocess
import sys

import p4rtlib.protos as protos


def test_compiled_back_end() -> None:
    from google.protobuf.internal import api_implementation

    assert api_implementation.Type() != "python"
    request = protos.p4runtime_pb2.WriteRequest(device_id=7)
    assert protos.p4runtime_pb2.WriteRequest.FromString(request.SerializeToString()) == request


def test_usual_names() -> None:
    from p4.config.v1 import p4info_pb2
    from p4.v1 import p4runtime_pb2

    assert p4runtime_pb2 is protos.p4runtime_pb2
    assert p4info_pb2 is protos.p4info_pb2


def test_no_grpc() -> None:
    """Whoever needs the messages alone does not pay for gRPC."""
    code = "import sys, p4rtlib.p4info, p4rtlib.references; sys.exit('grpc' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
