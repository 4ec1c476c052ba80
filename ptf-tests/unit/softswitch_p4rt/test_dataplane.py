# SPDX-License-Identifier: Apache-2.0
"""Frames over gRPC, as with ``--dp-grpc-server-addr`` of simple_switch_grpc; the client is the one for BMv2."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import Any

import grpc
import pytest
from conformance.raw import JSON, P4INFO, RawClient, action, entry

from harness.dataplane import FrameService
from softswitch.switch import SoftSwitch

FRAME = bytes(5) + b"\1" + bytes(6) + b"\x12\x34" + bytes(46)
SENT = bytes(5) + b"\xaa" + FRAME[6:]
STATUS = "/p4.bm.DataplaneInterface/SetPortOperStatus"
STREAM = "/p4.bm.DataplaneInterface/PacketStream"


def _set_port(address: str, request: bytes) -> None:
    with grpc.insecure_channel(address) as channel:
        channel.unary_unary(STATUS)(request, timeout=5)


@pytest.fixture(params=["python", "native"])
def served(request: pytest.FixtureRequest) -> Iterator[tuple[SoftSwitch, RawClient, str]]:
    """A switch of any ports, a client of it, and where its frames are: to address 1 they go from ports 0-3 to 2."""
    with SoftSwitch(JSON, P4INFO, device_id=1, engine=request.param) as switch, RawClient(switch.address) as client:
        client.primary()
        forward = action("forward", port=2, dst_addr=0xAA)
        client.insert(*(entry("exact_table", {"dst_addr": 1, "ingress_port": port}, forward) for port in range(4)))
        yield switch, client, switch.listen_dataplane("127.0.0.1:0")


Served = tuple[SoftSwitch, RawClient, str]


def test_frames_leave_with_the_id_of_their_cause(served: Served) -> None:
    switch, _, address = served
    with closing(FrameService(address, 1, lambda: True)) as frames:
        for _ in range(2):  # a second stream, after the first
            found = frames.exchange([(0, FRAME), (5, FRAME), (3, FRAME)])
            assert found == [[(2, SENT)], [], [(2, SENT)]]
    assert switch.stats()["ports"]["2"]["tx_packets"] == 4


def test_frames_of_another_device_are_passed_over(served: Served) -> None:
    switch, _, address = served
    with closing(FrameService(address, 9, lambda: True)) as frames:
        assert frames.exchange([(0, FRAME)]) == [[]]
    assert switch.stats()["device"]["received"] == 0


@contextmanager
def streaming(address: str) -> Iterator[Any]:
    """A stream that has sent a frame from port 0 and received what became of it; it ends with the context."""
    end = threading.Event()

    def requests() -> Iterator[bytes]:
        yield b"\x10\1\x22" + bytes([len(FRAME)]) + FRAME  # device id 1, port 0
        end.wait(10)

    with grpc.insecure_channel(address) as channel:
        stream = channel.stream_stream(STREAM)(requests(), timeout=10)
        assert next(stream) == b"\x10\1\x18\2\x22" + bytes([len(SENT)]) + SENT
        yield stream
        end.set()


def test_one_stream_at_a_time(served: Served) -> None:
    _, _, address = served
    with streaming(address), grpc.insecure_channel(address) as channel:
        with pytest.raises(grpc.RpcError) as refusal:
            next(channel.stream_stream(STREAM)(iter(()), timeout=10))
        assert refusal.value.code() == grpc.StatusCode.RESOURCE_EXHAUSTED


def test_a_client_that_goes_leaves_the_stream_to_the_next(served: Served) -> None:
    _, _, address = served
    with streaming(address) as stream, closing(FrameService(address, 1, lambda: True)) as frames:
        stream.cancel()
        assert frames.exchange([(0, FRAME)]) == [[(2, SENT)]]


def test_what_leaves_without_a_client_is_counted(served: Served) -> None:
    switch, _, _ = served
    switch.inject(0, FRAME)
    assert switch.flush()
    assert switch.stats()["ports"]["2"]["tx_dropped"] == 1


def test_packet_outs_leave_without_id(served: Served) -> None:
    _, client, address = served
    with streaming(address) as stream:
        client.streams[0].packet_out(FRAME, egress_port=4, pad=0)
        assert next(stream) == b"\x10\1\x18\4\x22" + bytes([len(FRAME)]) + FRAME


def test_ports_go_down_and_up(served: Served) -> None:
    switch, _, address = served
    with closing(FrameService(address, 1, lambda: True)) as frames:
        _set_port(address, b"\x08\1\x10\2\x18\1")  # device 1, port 2, down
        assert not switch.board.is_up(2)
        assert frames.exchange([(0, FRAME)]) == [[]]
        _set_port(address, b"\x08\1\x10\2\x18\2")
        assert frames.exchange([(0, FRAME)]) == [[(2, SENT)]]
    for request, code in ((b"\x08\7\x10\2\x18\2", "NOT_FOUND"), (b"\x08\1\x10\2", "INVALID_ARGUMENT")):
        with pytest.raises(grpc.RpcError) as refusal:
            _set_port(address, request)
        assert refusal.value.code().name == code
