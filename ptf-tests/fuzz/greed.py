# SPDX-License-Identifier: Apache-2.0
"""Many clients at once that take all the memory they can get of a switch in a process of its own."""

from __future__ import annotations

import pickle
import re
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import ClassVar

import grpc
from conformance.raw import DEVICE_ID, JSON, P4INFO, RawClient, pb

from fuzz.part import Part

#: MiB above those of the idle switch (docs/security.md).
MOST = 300
#: Clients, each with a connection of its own.
CLIENTS = 96
#: Requests of each.
_ROUNDS = 2
_PATIENCE = 60.0
_LONG = (4 << 20) - 200


def _updates() -> bytes:
    return bytes(pb.WriteRequest(device_id=DEVICE_ID, updates=[pb.Update()] * (_LONG // 2)).SerializeToString())


def _entries() -> bytes:
    one = pb.Update(type=pb.Update.INSERT, entity=pb.Entity(table_entry=pb.TableEntry(match=[pb.FieldMatch()] * 9)))
    count = 1 << 17
    return bytes(pb.WriteRequest(device_id=DEVICE_ID, updates=[one] * count).SerializeToString())[:_LONG]


def _role() -> bytes:
    return bytes(pb.WriteRequest(device_id=DEVICE_ID, role="r" * _LONG).SerializeToString())


def _failing_read() -> bytes:
    entities = [pb.Entity(table_entry=pb.TableEntry(table_id=7))] * (1 << 14)
    return bytes(pb.ReadRequest(device_id=DEVICE_ID, entities=entities).SerializeToString())


def _stream() -> bytes:
    packet = pb.PacketOut(metadata=[pb.PacketMetadata()] * (_LONG // 2))
    return bytes(pb.StreamMessageRequest(packet=packet).SerializeToString())


def _trace() -> bytes:
    return b'{"port": [' + b"[]," * (_LONG // 3 - 10) + b"[]]}"


#: What a client sends, by the RPC.
KINDS: dict[str, tuple[str, Callable[[], bytes]]] = {
    "empty updates": ("/p4.v1.P4Runtime/Write", _updates),
    "broken updates": ("/p4.v1.P4Runtime/Write", _entries),
    "long role": ("/p4.v1.P4Runtime/Write", _role),
    "program": ("/p4.v1.P4Runtime/SetForwardingPipelineConfig", _updates),
    "failing read": ("/p4.v1.P4Runtime/Read", _failing_read),
    "packet-outs": ("/p4.v1.P4Runtime/StreamChannel", _stream),
    "trace": ("/softswitch.v1.Debug/Trace", _trace),
}


class Greed(Part):
    """Requests as long as they may be, of which most becomes of few bytes, from many clients at a time."""

    name = "greed"
    count: ClassVar[int] = len(KINDS)
    patience: ClassVar[float] = 200.0

    def case(self, number: int) -> bytes:
        kinds = list(KINDS)
        return pickle.dumps((kinds[number % len(kinds)], CLIENTS))

    def run(self, case: bytes) -> str:
        kind, clients = pickle.loads(case)
        above = memory_taken(self.scratch, kind, clients)
        assert above <= MOST, f"{kind}: {clients} clients took {above:.0f} MiB; at most {MOST} may be"
        return "bounded"


def memory_taken(scratch: Path, kind: str, clients: int) -> float:
    """MiB above those of the idle switch, at the highest."""
    method, make = KINDS[kind]
    port_file = scratch / "greed.port"
    port_file.unlink(missing_ok=True)
    with subprocess.Popen(
        [sys.executable, "-m", "softswitch", "--engine", "python", "--device-id", str(DEVICE_ID),
         "--port-file", str(port_file), "--p4info", str(P4INFO), str(JSON), "--", "--grpc-server-addr", "127.0.0.1:0"],
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    ) as process:  # fmt: skip
        try:
            end = time.monotonic() + _PATIENCE
            while not port_file.exists():
                assert process.poll() is None and time.monotonic() < end, "the switch does not start"
                time.sleep(0.05)
            address = f"127.0.0.1:{int(port_file.read_text())}"
            with RawClient(address) as client:
                client.capabilities()
            idle = _mebibytes(process.pid, "VmRSS")
            data = make()
            threads = [threading.Thread(target=_client, args=(address, method, data)) for _ in range(clients)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            assert process.poll() is None, "the switch has ended"
            with RawClient(address) as client:  # and serves others
                client.capabilities()
            return _mebibytes(process.pid, "VmHWM") - idle
        finally:
            process.kill()


def _client(address: str, method: str, data: bytes) -> None:
    channel = grpc.insecure_channel(
        address, options=[("grpc.max_send_message_length", -1), ("grpc.use_local_subchannel_pool", 1)]
    )
    with channel:
        call = channel.stream_stream(method, None, None)
        for _ in range(_ROUNDS):
            try:
                for _ in call(iter([data] * (8 if method.endswith("StreamChannel") else 1)), timeout=_PATIENCE):
                    pass
            except grpc.RpcError:
                pass


def _mebibytes(pid: int, what: str) -> float:
    found = re.search(rf"^{what}:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text(), re.MULTILINE)
    assert found is not None
    return int(found[1]) / 1024
