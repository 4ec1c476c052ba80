# SPDX-License-Identifier: Apache-2.0
"""A client that takes all it can get is refused, or ended, and the others are served on."""

from __future__ import annotations

import contextlib
import gc
import queue
import threading
import time
import weakref
from collections.abc import Callable, Iterator
from typing import Any

import grpc
import pytest
from conformance.raw import IDS, JSON, P4INFO, Code, RawClient, Refused, StreamEnd, action, entity, entry, pb

from softswitch.p4runtime import intake as intake_module
from softswitch.p4runtime import reads, server
from softswitch.p4runtime.arbitration import MAX_ROLE_NAME, MAX_ROLES, MAX_STREAMS
from softswitch.p4runtime.errors import MAX_TEXT, Fault
from softswitch.p4runtime.intake import MAX_MESSAGE, RECEIVING, Intake
from softswitch.p4runtime.reads import MAX_READS
from softswitch.p4runtime.stream import MAX_QUEUED_BYTES
from softswitch.switch import SoftSwitch

PATIENCE = 20.0


def eventually(condition: Callable[[], object]) -> None:
    end = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < end, "timed out"
        time.sleep(0.01)


@pytest.fixture
def switch() -> Iterator[SoftSwitch]:
    with SoftSwitch(JSON, P4INFO, ports=range(4), device_id=1) as made:
        yield made


@pytest.fixture
def other(switch: SoftSwitch) -> Iterator[RawClient]:
    """Somebody else, on a connection of his own."""
    with RawClient(switch.address) as made:
        yield made


def still_served(switch: SoftSwitch) -> None:
    """A new controller can do its work."""
    with RawClient(switch.address) as own:
        own.primary(1 << 70)
        own.insert(entry("route_table", {"ipv6_dst": (7 << 64, 64)}, action("drop")))
        assert len(own.read_tables(table_id=IDS["route_table"])) == 1


def test_silent_streams_lock_nobody_out(switch: SoftSwitch, other: RawClient) -> None:
    """Streams that never say who they are lock nobody out."""
    silent = [other.stream() for _ in range(3 * MAX_STREAMS)]
    eventually(lambda: len(switch.server._streams) == MAX_STREAMS)
    still_served(switch)
    with pytest.raises(StreamEnd) as end:
        silent[0].next(timeout=PATIENCE)
    assert end.value.code == Code.RESOURCE_EXHAUSTED


def test_silent_stream_is_ended(other: RawClient, monkeypatch: pytest.MonkeyPatch) -> None:
    """A stream that says nothing for long is ended."""
    monkeypatch.setattr(server, "FIRST_MESSAGE", 0.1)
    with pytest.raises(StreamEnd) as end:
        other.stream().next(timeout=PATIENCE)
    assert end.value.code == Code.DEADLINE_EXCEEDED
    assert "no arbitration update" in end.value.details


def test_roles_are_bounded(switch: SoftSwitch, other: RawClient) -> None:
    """Names of roles are bounded, and so is how many are remembered."""
    with pytest.raises(StreamEnd) as end:
        other.stream().arbitrate(1, "x" * (1 << 17))
    assert (end.value.code, f"at most {MAX_ROLE_NAME}" in end.value.details) == (Code.INVALID_ARGUMENT, True)
    refused = 0
    for number in range(MAX_ROLES + 20):
        stream = other.stream()
        try:
            stream.arbitrate(1, f"role {number}")
        except StreamEnd as full:
            assert full.code == Code.RESOURCE_EXHAUSTED
            refused += 1
        stream.close()
        eventually(lambda: len(switch.server._streams) < MAX_STREAMS)
    assert refused >= 20
    still_served(switch)


class Unread:
    """A stream whose answers nobody reads."""

    def __init__(self, client: RawClient) -> None:
        self._out: queue.SimpleQueue[Any] = queue.SimpleQueue()
        self.call = client._stream(iter(self._out.get, None))

    def send(self, **fields: Any) -> None:
        self._out.put(pb.StreamMessageRequest(**fields))


def test_unread_errors_take_little_memory(switch: SoftSwitch, other: RawClient) -> None:
    """Long packet-outs of a non-primary, each of which comes back in an error: what waits is bounded in bytes."""
    unread = Unread(other)
    for _ in range(150):
        unread.send(packet=pb.PacketOut(payload=bytes(1 << 17)))
    eventually(lambda: any(stream.dropped > 20 for stream in switch.server._streams))
    (stream,) = switch.server._streams
    assert stream._waiting <= MAX_QUEUED_BYTES
    still_served(switch)
    unread.call.cancel()


def test_unread_arbitration_ends_the_stream(
    switch: SoftSwitch, other: RawClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A client that does not read the answers it asked for is ended."""
    monkeypatch.setattr("softswitch.p4runtime.stream.MAX_QUEUED_BYTES", 1 << 14)
    monkeypatch.setattr(server, "FIRST_MESSAGE", 0.5)
    unread = Unread(other)
    role = pb.Role(name="r" * MAX_ROLE_NAME)
    for election in range(15000):
        unread.send(
            arbitration=pb.MasterArbitrationUpdate(device_id=1, role=role, election_id=pb.Uint128(low=election))
        )
    eventually(lambda: not switch.server._streams)
    unread.call.cancel()


def start_reading(client: RawClient, *messages: Any) -> Any:
    """A read of which nothing has been taken."""
    request = pb.ReadRequest(device_id=1, entities=[entity(message) for message in messages])
    return client._read(request)


EVERYTHING = (pb.CounterEntry(), pb.RegisterEntry(), pb.MeterEntry())


def test_many_reads_leave_room(switch: SoftSwitch, other: RawClient) -> None:
    """Reads that nobody takes do not keep others from writing, nor the switch from ending."""
    calls = [start_reading(other, *EVERYTHING * 1000) for _ in range(MAX_READS)]
    eventually(lambda: len(switch.server._reads._readings) == MAX_READS)
    with pytest.raises(grpc.RpcError) as refused:
        list(start_reading(other, *EVERYTHING))
    assert refused.value.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
    with RawClient(switch.address) as own:
        own.primary(1 << 70)
        own.insert(entry("route_table", {"ipv6_dst": (7 << 64, 64)}, action("drop")))
    switch.close()  # does not wait for them
    for call in calls:
        call.cancel()


def test_stalled_read_is_ended(switch: SoftSwitch, other: RawClient, monkeypatch: pytest.MonkeyPatch) -> None:
    """A read whose client takes nothing is ended."""
    monkeypatch.setattr(reads, "PATIENCE", 0.2)
    call = start_reading(other, *EVERYTHING * 3000)
    eventually(lambda: len(switch.server._reads._readings) == 1)
    eventually(lambda: not switch.server._reads._readings)
    call.cancel()


def test_read_is_of_one_moment(switch: SoftSwitch, other: RawClient) -> None:
    """What is read is the state of one moment, however long it takes."""
    count = 3000
    with RawClient(switch.address) as own:
        own.primary(2)
        routes = [entry("route_table", {"ipv6_dst": (n << 64, 64)}, action("drop")) for n in range(1, count + 1)]
        own.insert(*routes)
        request = pb.ReadRequest(device_id=1)
        for _ in range(20):  # more than gRPC buffers
            request.entities.add().table_entry.table_id = IDS["route_table"]
        call = other._read(request)
        found = len(next(call).entities)
        own.delete(*routes)
        found += sum(len(response.entities) for response in call)
        assert found == 20 * count
        assert own.read_tables(table_id=IDS["route_table"]) == []


def long_write(size: int) -> bytes:
    """About ``size`` bytes of updates that say nothing; 25 times as much when it is taken apart."""
    return bytes(pb.WriteRequest(device_id=1, updates=[pb.Update()] * (size // 2)).SerializeToString())


def refused(call: Callable[[], Any]) -> tuple[grpc.StatusCode, str]:
    with pytest.raises(grpc.RpcError) as error:
        call()
    return error.value.code(), error.value.details()


def test_long_requests_are_refused(switch: SoftSwitch, other: RawClient) -> None:
    """What is longer than a message may be, or has more elements than are looked at, is refused by its number."""
    write = other.channel.unary_unary("/p4.v1.P4Runtime/Write")
    code, text = refused(lambda: write(long_write(MAX_MESSAGE + 100)))
    assert (code, "larger than max" in text) == (grpc.StatusCode.RESOURCE_EXHAUSTED, True)
    code, text = refused(lambda: write(long_write(2 * (server.MAX_UPDATES + 1))))
    assert (code, text) == (
        grpc.StatusCode.RESOURCE_EXHAUSTED,
        f"{server.MAX_UPDATES + 1} updates in one Write; at most {server.MAX_UPDATES}",
    )
    code, text = refused(lambda: list(start_reading(other, *[pb.TableEntry()] * (server.MAX_ENTITIES + 1))))
    assert (code, text) == (
        grpc.StatusCode.RESOURCE_EXHAUSTED,
        f"{server.MAX_ENTITIES + 1} entities in one Read; at most {server.MAX_ENTITIES}",
    )
    stream = other.stream()
    stream.arbitrate(1)
    stream.send(pb.StreamMessageRequest(packet=pb.PacketOut(payload=bytes(server.MAX_STREAM_MESSAGE))))
    error = stream.next().error
    assert error.canonical_code == Code.RESOURCE_EXHAUSTED
    assert f"at most {server.MAX_STREAM_MESSAGE}" in error.message
    still_served(switch)


def test_many_faults_say_little(switch: SoftSwitch) -> None:
    """Thousands of failures in one batch: each has its code, and their texts are bounded together."""
    with RawClient(switch.address) as own:
        own.primary(1 << 70)
        with pytest.raises(Refused) as failure:
            own.insert(*[pb.TableEntry(table_id=7)] * 3000)
    texts = [error.message for error in failure.value.errors]
    assert [error.canonical_code for error in failure.value.errors] == [Code.INVALID_ARGUMENT] * 3000
    assert texts[0]
    assert sum(map(len, texts)) <= MAX_TEXT


def test_failed_request_is_forgotten(switch: SoftSwitch) -> None:
    """A request that was refused does not stay in memory until some garbage collection."""

    class Request:
        def fail(self) -> None:
            raise Fault(Code.NOT_FOUND, "nothing")

    class Context:
        def abort(self, code: grpc.StatusCode, text: str) -> None:
            raise RuntimeError(text)

    request = Request()
    gone = weakref.ref(request)
    collecting = gc.isenabled()
    gc.disable()
    try:
        with contextlib.suppress(RuntimeError):
            switch.server._guard(request.fail, Context())  # type: ignore[arg-type]
        del request
        assert gone() is None
    finally:
        if collecting:
            gc.enable()


class Sender:
    """An RPC whose client sends when it is told to."""

    def __init__(self, intake: Intake, size: int = 0) -> None:
        self.message: queue.SimpleQueue[bytes | None] = queue.SimpleQueue()
        self.used, self.release = threading.Event(), threading.Event()
        self.cancelled = False
        self.thread = threading.Thread(target=self._run, args=(intake,), daemon=True)
        if size:
            self.message.put(bytes(size))
        self.thread.start()

    def _run(self, intake: Intake) -> None:
        with intake.request(iter(self.message.get, None), self):
            self.used.set()
            self.release.wait(PATIENCE)

    def cancel(self) -> None:
        self.cancelled = True
        self.message.put(None)

    def is_active(self) -> bool:
        return not self.cancelled


def test_messages_wait_for_their_turn() -> None:
    """Of long messages no more are taken apart than the limit has room for, in their order; short ones pass."""
    intake = Intake(limit=10 << 20)
    first, second, third = (Sender(intake, size << 20) for size in (6, 4, 1))
    for sender in (first, second):
        assert sender.used.wait(PATIENCE)
    short = Sender(intake, 1000)
    assert short.used.wait(PATIENCE)
    assert not third.used.is_set()
    second.release.set()
    assert third.used.wait(PATIENCE)
    longest = Sender(intake, 11 << 20)  # as long as the limit and more: alone
    eventually(lambda: intake._waiting)
    for sender in (first, third):
        assert not longest.used.is_set()
        sender.release.set()
    assert longest.used.wait(PATIENCE)
    for sender in (short, longest):
        sender.release.set()
    for sender in (first, second, third, short, longest):
        sender.thread.join(PATIENCE)
    assert not (intake._bytes or intake._received or intake._receiving or intake._waiting)


def test_slow_senders_make_room(monkeypatch: pytest.MonkeyPatch) -> None:
    """Clients that begin requests and do not send them are ended when others wait for their places."""
    monkeypatch.setattr(intake_module, "PATIENCE", 0.1)
    intake = Intake()
    slow = [Sender(intake) for _ in range(RECEIVING)]
    eventually(lambda: len(intake._receiving) == RECEIVING)
    quick = Sender(intake, 1000)
    assert quick.used.wait(PATIENCE)
    assert sum(sender.cancelled for sender in slow) >= 1
    quick.release.set()
    for sender in slow:
        sender.cancel()
        sender.release.set()
