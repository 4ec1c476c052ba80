# SPDX-License-Identifier: Apache-2.0
"""Packet I/O, digests, idle timeouts, stream errors (P4Runtime 1.5 sections 9.8, 16)."""

from __future__ import annotations

import queue
import time
from collections.abc import Iterator
from typing import Any

import pytest
from conformance.raw import (
    DELETE,
    IDS,
    INSERT,
    MODIFY,
    Code,
    RawClient,
    RawStream,
    StreamEnd,
    action,
    entry,
    pb,
)
from conformance.requirement import requirement

from softswitch.p4runtime.stream import MAX_QUEUED, MAX_QUEUED_BYTES
from softswitch.switch import SoftSwitch

PUNT = entry("acl_table", {}, action("punt"), 1)


@pytest.fixture
def stream(client: RawClient) -> Iterator[RawStream]:
    yield client.streams[0]


def mac(number: int) -> bytes:
    """A frame with source address ``number``."""
    return bytes(6) + number.to_bytes(6, "big") + b"\x12\x34" + bytes(46)


@requirement("16.1", "PacketIn: the packet_in header becomes metadata, canonical; the payload is the frame")
def test_packet_in(client: RawClient, stream: RawStream, switch: SoftSwitch) -> None:
    client.insert(PUNT)
    switch.inject(6, mac(1))
    packet = stream.next("packet")
    assert packet.payload == mac(1)
    assert [(m.metadata_id, m.value) for m in packet.metadata] == [(1, b"\6"), (2, b"\5"), (3, b"\0")]


@requirement("16.1", "PacketOut: metadata becomes the packet_out header; in any order, longer values accepted")
def test_packet_out(stream: RawStream, switch: SoftSwitch) -> None:
    out: list[bytes] = []
    switch.attach(4, out.append)
    request = pb.StreamMessageRequest()
    request.packet.payload = mac(1)
    request.packet.metadata.add(metadata_id=2, value=b"\0")
    request.packet.metadata.add(metadata_id=1, value=b"\0\0\4")
    stream.send(request)
    deadline = time.monotonic() + 3
    while not out and time.monotonic() < deadline:
        time.sleep(0.005)
    assert out == [mac(1)]


@requirement(
    "16.1",
    "A PacketOut with missing, unknown, repeated or too big metadata is dropped and reported",
    bmv2="missing metadata counts as 0",
)
@pytest.mark.parametrize(
    ("metadata", "code"),
    [
        ([], Code.INVALID_ARGUMENT),
        ([(1, b"\1"), (9, b"\1")], Code.INVALID_ARGUMENT),
        ([(1, b"\1"), (1, b"\1")], Code.INVALID_ARGUMENT),
        ([(1, b"\2\0")], Code.OUT_OF_RANGE),
        ([(1, b"")], Code.OUT_OF_RANGE),
    ],
)
def test_bad_packet_out(stream: RawStream, switch: SoftSwitch, metadata: list[tuple[int, bytes]], code: int) -> None:
    request = pb.StreamMessageRequest()
    request.packet.payload = mac(1)
    for identity, value in metadata:
        request.packet.metadata.add(metadata_id=identity, value=value)
    stream.send(request)
    error = stream.next("error")
    assert error.canonical_code == code
    assert error.packet_out.packet_out == request.packet
    assert switch.device.stats.received == 0
    assert "egress_port" in error.message or "metadata" in error.message


@requirement("16.1", "Only the primary takes part in packet I/O; a backup gets PERMISSION_DENIED")
def test_backup_packet_io(client: RawClient, stream: RawStream, switch: SoftSwitch) -> None:
    backup = client.stream()
    backup.arbitrate(0)
    backup.packet_out(mac(1), egress_port=1)
    assert backup.next("error").canonical_code == Code.PERMISSION_DENIED
    client.insert(PUNT)
    switch.inject(1, mac(1))
    stream.next("packet")
    backup.nothing()


@requirement("16.5", "A stream message before arbitration is reported, one without content ends the stream")
def test_premature(client: RawClient) -> None:
    early = client.stream()
    early.packet_out(mac(1), egress_port=1)
    assert early.next("error").canonical_code == Code.PERMISSION_DENIED
    early.send(pb.StreamMessageRequest())
    with pytest.raises(StreamEnd) as end:
        early.next()
    assert end.value.code == Code.INVALID_ARGUMENT


@requirement("16.1", "A controller that does not read loses packet-ins; the switch drops and counts them")
def test_slow_controller(switch: SoftSwitch) -> None:
    with RawClient(switch.address) as client:
        requests: queue.SimpleQueue[Any] = queue.SimpleQueue()
        call = client._stream(iter(requests.get, None))
        update = pb.StreamMessageRequest()
        update.arbitration.device_id, update.arbitration.election_id.low = 1, 1
        requests.put(update)
        assert next(call).arbitration.status.code == Code.OK
        # From here on nobody reads; gRPC itself buffers a few hundred of these.
        sent = 0
        while switch.server.packet_in(bytes(4000)):
            sent += 1
            assert sent < MAX_QUEUED, "the queue grows without bound"
        assert sent * 4000 >= 0.9 * MAX_QUEUED_BYTES
        assert switch.stats()["packet_ins_dropped"] == 1
        call.cancel()
        requests.put(None)


def learn(**config: int) -> Any:
    return pb.DigestEntry(digest_id=IDS["learn_t"], config=pb.DigestEntry.Config(**config))


def members(digest: Any) -> list[tuple[int, ...]]:
    return [tuple(int.from_bytes(member.bitstring, "big") for member in data.struct.members) for data in digest.data]


@requirement("9.8", "Digests are sent only when enabled, in the format of the p4info")
def test_digest(client: RawClient, stream: RawStream, switch: SoftSwitch) -> None:
    switch.inject(3, mac(7))
    assert switch.flush()
    stream.nothing()
    client.insert(learn(max_list_size=1))
    switch.inject(3, mac(7))
    digest = stream.next("digest")
    assert digest.digest_id == IDS["learn_t"]
    assert members(digest) == [(7, 3)]
    assert abs(digest.timestamp - time.time_ns()) < 10**10
    client.delete(learn())
    switch.inject(3, mac(8))
    assert switch.flush()
    stream.nothing()


@requirement("9.8", "A list is sent when it holds max_list_size distinct messages, or after max_timeout_ns")
def test_digest_limits(client: RawClient, stream: RawStream, switch: SoftSwitch) -> None:
    client.insert(learn(max_list_size=3, max_timeout_ns=10**11))
    for number in (1, 1, 2, 2):
        switch.inject(3, mac(number))
    assert switch.flush()
    stream.nothing()
    switch.inject(3, mac(3))
    assert members(stream.next("digest")) == [(1, 3), (2, 3), (3, 3)]
    client.modify(learn(max_timeout_ns=5 * 10**7))
    switch.inject(3, mac(4))
    switch.inject(3, mac(5))
    assert members(stream.next("digest")) == [(4, 3), (5, 3)]


@requirement("9.8", "A message is not sent again until its list is acknowledged or ack_timeout_ns is over")
def test_digest_ack(client: RawClient, stream: RawStream, switch: SoftSwitch) -> None:
    client.insert(learn(max_list_size=1, ack_timeout_ns=10**11))
    switch.inject(3, mac(7))
    digest = stream.next("digest")
    switch.inject(3, mac(7))
    assert switch.flush()
    stream.nothing()
    request = pb.StreamMessageRequest()
    request.digest_ack.digest_id, request.digest_ack.list_id = digest.digest_id, digest.list_id
    stream.send(request)
    deadline = time.monotonic() + 3
    while switch.server.pipeline and switch.server.pipeline.digests._learns[digest.digest_id].cache:
        assert time.monotonic() < deadline
        time.sleep(0.005)
    switch.inject(3, mac(7))
    assert stream.next("digest").list_id > digest.list_id
    client.modify(learn(max_list_size=1, ack_timeout_ns=3 * 10**7))
    switch.inject(3, mac(8))
    assert members(stream.next("digest")) == [(8, 3)]
    time.sleep(0.15)
    switch.inject(3, mac(8))
    assert members(stream.next("digest")) == [(8, 3)]


@requirement("9.8", "Errors of digests: enabled twice, not enabled, unknown; a wrong acknowledgement is reported")
def test_digest_errors(client: RawClient, stream: RawStream) -> None:
    client.insert(learn())
    assert client.refused(INSERT, learn()).canonical_code == Code.ALREADY_EXISTS
    assert client.refused(MODIFY, learn(max_list_size=-1)).canonical_code == Code.INVALID_ARGUMENT
    client.delete(learn())
    assert client.refused(MODIFY, learn()).canonical_code == Code.NOT_FOUND
    assert client.refused(DELETE, learn()).canonical_code == Code.NOT_FOUND
    assert client.refused(INSERT, pb.DigestEntry(digest_id=3)).canonical_code == Code.INVALID_ARGUMENT
    request = pb.StreamMessageRequest()
    request.digest_ack.digest_id = 3
    stream.send(request)
    error = stream.next("error")
    assert error.canonical_code == Code.INVALID_ARGUMENT
    assert error.digest_list_ack.digest_list_ack.digest_id == 3


@requirement("16.4", "Idle entries are announced, again after each further TTL, and not while they are hit")
def test_idle_timeout(client: RawClient, stream: RawStream, switch: SoftSwitch) -> None:
    key = {"src_addr": 9}
    message = entry("timeout_table", key, action("no_op"), idle_timeout_ns=25 * 10**7, metadata=b"m")
    start = time.monotonic()
    client.insert(message)
    first = stream.next("idle_timeout_notification")
    assert time.monotonic() - start >= 0.25
    (found,) = first.table_entry
    assert (found.table_id, found.match, found.idle_timeout_ns, found.metadata) == (
        message.table_id, message.match, message.idle_timeout_ns, b"m",
    )  # fmt: skip
    again = stream.next("idle_timeout_notification")
    assert again.timestamp - first.timestamp >= 24 * 10**7
    deadline = time.monotonic() + 0.6
    while time.monotonic() < deadline:
        switch.inject(1, mac(9))
        time.sleep(0.01)
    stream.nothing(0.02)
    client.delete(message)
    stream.nothing(0.4)


@requirement("16.6", "Architecture-specific stream messages are reported as errors")
def test_other(stream: RawStream) -> None:
    request = pb.StreamMessageRequest()
    request.other.type_url = "x/y"
    stream.send(request)
    error = stream.next("error")
    assert error.canonical_code == Code.INVALID_ARGUMENT
    assert error.other.other.type_url == "x/y"
