# SPDX-License-Identifier: Apache-2.0
"""The stream: election, packets, digests, notifications, errors, disconnects and reconnects."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable

import pytest
from unit.p4rt.fake_server import FakeServer
from unit.p4rt.program import info

from p4rtlib.protos import p4runtime_pb2 as pb
from srv6cp.p4rt import (
    ArbitrationFailed,
    Client,
    Code,
    ConnectionFailed,
    Disconnected,
    EntityError,
    NotPrimary,
    PacketIn,
    Primacy,
    StreamClosed,
    StreamError,
    UnknownName,
)


def eventually(condition: Callable[[], object], timeout: float = 5.0) -> None:
    deadline = time.monotonic() + timeout
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.005)


# --- election -----------------------------------------------------------------------------------------------


def test_primary_and_backup(server: FakeServer, client: Client) -> None:
    seen: list[Primacy] = []
    client.on_status(lambda answer: seen.append(answer.primacy))
    assert client.become_primary().election_id == 1
    with Client(server.address, 1, election_id=(1, 0), p4info=info()) as other:
        assert other.become_primary().election_id == 1 << 64
        eventually(lambda: not client.is_primary)
        answer = client.arbitrate()
        assert (answer.primacy, answer.election_id) == (Primacy.BACKUP, 1 << 64)
        with pytest.raises(NotPrimary) as caught:
            client.become_primary()
        assert "election id 1 is not the highest, the primary has 18446744073709551616" in str(caught.value)
    eventually(lambda: client.is_primary)  # the other left
    assert seen[0] is Primacy.PRIMARY and Primacy.BACKUP in seen and seen[-1] is Primacy.PRIMARY


def test_force(server: FakeServer, client: Client) -> None:
    with Client(server.address, 1, election_id=41) as other:
        other.become_primary()
        assert client.become_primary(force=True).is_primary
        assert client.election_id == 42


def test_election_id_in_use(server: FakeServer, client: Client) -> None:
    client.become_primary()
    with Client(server.address, 1, p4info=info()) as other, pytest.raises(ArbitrationFailed) as caught:
        other.become_primary()
    assert str(caught.value) == (
        f"{server.address} device-id 1 election id 1: the switch refused arbitration: INVALID_ARGUMENT: "
        "Election id already exists"
    )


@pytest.mark.parametrize("election", [0, -1, 1 << 128])
def test_election_id_range(election: int) -> None:
    with pytest.raises(ValueError, match="outside 1"):
        Client(election_id=election)


# --- packets ------------------------------------------------------------------------------------------------


def packet(payload: bytes, reason: int) -> object:
    message = pb.StreamMessageResponse()
    message.packet.payload = payload
    message.packet.metadata.add(metadata_id=1, value=bytes([reason]))
    message.packet.metadata.add(metadata_id=2, value=b"\1\xfe")
    message.packet.metadata.add(metadata_id=99, value=b"\1")
    return message


def test_packet_in_by_queue_and_callback(server: FakeServer, client: Client) -> None:
    client.become_primary()
    got: list[PacketIn] = []
    remove = client.on_packet_in(got.append)
    with client.packets() as packets:
        server.push(packet(b"abc", 4))
        expected = PacketIn(b"abc", {"reason": 4, "ingress_port": 510})
        assert packets.get(timeout=5) == expected
        assert got == [expected]
        remove()
        server.push(packet(b"def", 5))
        assert packets.get(timeout=5) is not None
        assert len(got) == 1
        assert packets.get(timeout=0.01) is None
    assert list(packets) == []


def test_a_slow_reader_loses_the_oldest_and_knows(server: FakeServer, client: Client) -> None:
    client.become_primary()
    done = threading.Event()
    with client.packets(maxsize=3) as packets:
        client.on_packet_in(lambda p: done.set() if p.payload == b"9" else None)
        for number in range(10):
            server.push(packet(str(number).encode(), 1))
        assert done.wait(5)
        assert [p.payload for p in packets.drain()] == [b"7", b"8", b"9"]
        assert packets.dropped == 7


def test_a_callback_that_fails_disturbs_nobody(server: FakeServer, client: Client, caplog) -> None:
    client.become_primary()
    client.on_packet_in(lambda _: 1 / 0)
    with client.packets() as packets, caplog.at_level(logging.ERROR):
        server.push(packet(b"a", 1))
        server.push(packet(b"b", 1))
        assert packets.get(5) and packets.get(5)
    assert "a packet-in callback failed" in caplog.text


def test_packet_out(server: FakeServer, client: Client) -> None:
    with pytest.raises(StreamClosed, match="call become_primary"):
        client.packet_out(b"x", egress_port=1)
    client.become_primary()
    client.packet_out(b"frame", egress_port=258)
    message = server.received.get(timeout=5).packet
    assert message.payload == b"frame"
    assert [(m.metadata_id, m.value) for m in message.metadata] == [(1, b"\1\2"), (2, b"\0")]
    with pytest.raises(UnknownName, match="unknown packet-out field 'egres_port'; did you mean 'egress_port'"):
        client.packet_out(b"", egres_port=1)
    with pytest.raises(EntityError, match="packet-out field 'egress_port': 512 does not fit in 9 bits"):
        client.packet_out(b"", egress_port=512)


# --- digests and notifications ------------------------------------------------------------------------------


def test_digests_are_acknowledged(server: FakeServer, client: Client) -> None:
    client.become_primary()
    got: list[object] = []
    client.on_digest(got.append)
    message = pb.StreamMessageResponse()
    message.digest.digest_id, message.digest.list_id, message.digest.timestamp = 385875969, 17, 99
    element = message.digest.data.add().struct
    element.members.add(bitstring=b"\2\0\0\0\0\1")
    element.members.add(bitstring=b"\5")
    server.push(message)
    ack = server.received.get(timeout=5).digest_ack
    assert (ack.digest_id, ack.list_id) == (385875969, 17)
    assert got[0].data == ({"address": 0x020000000001, "port": 5},)
    assert (got[0].digest, got[0].timestamp) == ("learn", 99)


def test_idle_timeouts(server: FakeServer, client: Client) -> None:
    client.become_primary()
    got: list[object] = []
    client.on_idle_timeout(got.append)
    message = pb.StreamMessageResponse()
    entry = message.idle_timeout_notification.table_entry.add(table_id=33554434, priority=3)
    entry.match.add(field_id=3).optional.value = b"\x11"
    server.push(message)
    eventually(lambda: got)
    assert got[0].entries[0].match == {"next_header": 17}


def test_stream_errors(server: FakeServer, client: Client) -> None:
    client.become_primary()
    got: list[StreamError] = []
    client.on_stream_error(got.append)
    message = pb.StreamMessageResponse()
    message.error.canonical_code, message.error.message = 3, "no such port"
    message.error.packet_out.SetInParent()
    server.push(message)
    eventually(lambda: got)
    assert got == [StreamError(Code.INVALID_ARGUMENT, "no such port", "packet-out")]


def test_a_message_of_another_program_is_logged_and_survived(server: FakeServer, client: Client, caplog) -> None:
    client.become_primary()
    client.on_idle_timeout(lambda _: None)
    message = pb.StreamMessageResponse()
    message.idle_timeout_notification.table_entry.add(table_id=1)
    with caplog.at_level(logging.WARNING), client.packets() as packets:
        server.push(message)
        server.push(packet(b"a", 1))
        assert packets.get(5) is not None
    assert "table id 0x00000001 is not in unit.p4info.txtpb" in caplog.text


# --- losing and finding the switch ---------------------------------------------------------------------


def test_disconnect_and_reconnect() -> None:
    server = FakeServer()
    lost: list[Disconnected] = []
    gone = threading.Event()
    with Client(server.address, 1, p4info=info()) as client:
        client.on_disconnect(lambda event: (lost.append(event), gone.set()))
        client.become_primary()
        assert client.connected
        server.stop()
        assert gone.wait(5)
        assert not client.connected and not client.is_primary
        with pytest.raises(StreamClosed):
            client.packet_out(b"x")
        with pytest.raises(ConnectionFailed):
            client.reconnect(timeout=0.3)
        with FakeServer(server.port):
            answer = client.reconnect(timeout=5)
            assert answer is not None and answer.is_primary
            client.close()
    assert len(lost) == 1  # a close that was asked for is no disconnect


def test_arbitrate_from_a_callback_is_refused(server: FakeServer, client: Client) -> None:
    client.become_primary()
    caught: list[Exception] = []

    def call(_: PacketIn) -> None:
        try:
            client.arbitrate()
        except StreamClosed as error:
            caught.append(error)

    client.on_packet_in(call)
    server.push(packet(b"", 1))
    eventually(lambda: caught)
    assert "cannot be called from a stream callback" in str(caught[0])


def test_nothing_is_left_behind(server: FakeServer) -> None:
    before = threading.active_count()
    for _ in range(3):
        with Client(server.address, 1, p4info=info()) as client:
            client.become_primary()
            thread = next(t for t in threading.enumerate() if t.name == f"p4rt-stream-{server.address}-1")
        assert not thread.is_alive()
    eventually(lambda: threading.active_count() <= before + 16)  # the server's pool
