# SPDX-License-Identifier: Apache-2.0
"""Waiting for a network of switches and controllers; threads of RPCs."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import ExitStack

import pytest
from conformance.raw import JSON, P4INFO, RawClient, action, entry

from softswitch.p4runtime.pool import DaemonPool
from softswitch.settle import settle
from softswitch.switch import SoftSwitch

FRAME = bytes(5) + b"\1" + bytes(6) + b"\x12\x34" + bytes(46)


@pytest.fixture
def pair() -> Iterator[list[SoftSwitch]]:
    """Two switches that forward address 1 from port 0 to port 2, which is port 0 of the other."""
    with ExitStack() as stack:
        switches = [stack.enter_context(SoftSwitch(JSON, P4INFO, ports=[0, 2, 3])) for _ in range(2)]
        for switch in switches:
            client = stack.enter_context(RawClient(switch.address))
            client.primary()
            forward = action("forward", port=2, dst_addr=1)
            client.insert(entry("exact_table", {"dst_addr": 1, "ingress_port": 0}, forward))
        first, second = switches
        first.attach(2, lambda frame: second.inject(0, frame))
        yield switches


class Sender:
    """A controller that answers what it was given by sending so many frames, one each time that it is asked."""

    def __init__(self, switch: SoftSwitch, frames: int) -> None:
        self.switch = switch
        self.frames = frames

    def settle(self, timeout: float) -> None:
        if self.frames:
            self.frames -= 1
            self.switch.inject(0, FRAME)


def test_settled_is_when_every_switch_and_controller_is(pair: list[SoftSwitch]) -> None:
    arrived: list[bytes] = []
    pair[1].attach(2, arrived.append)
    pair[0].inject(0, FRAME)
    assert settle(pair, [Sender(pair[0], 3), Sender(pair[1], 2)])
    assert arrived == [FRAME] * 6


def test_what_does_not_settle_in_time_is_said(pair: list[SoftSwitch]) -> None:
    pair[1].attach(2, lambda frame: pair[0].inject(0, frame))  # round and round
    pair[0].inject(0, FRAME)
    assert not settle(pair, timeout=0.2)
    go = threading.Event()
    pair[1].attach(2, lambda frame: bool(go.wait(5)))
    assert not settle(pair, timeout=0.2)
    go.set()


def test_threads_of_the_pool_are_daemons_and_work_is_done_in_all_of_them() -> None:
    pool = DaemonPool(3, "test pool")
    together = threading.Barrier(3)
    threads = [pool.submit(lambda: (together.wait(5), threading.current_thread())[1]) for _ in range(3)]
    assert len({done.result(5) for done in threads}) == 3
    assert all(done.result().daemon for done in threads)
    again = pool.submit(threading.current_thread)
    assert again.result(5) in {done.result() for done in threads}
    with pytest.raises(ZeroDivisionError):
        pool.submit(lambda: 1 / 0).result(5)
    pool.shutdown()
    for done in threads:
        done.result().join(5)
        assert not done.result().is_alive()
    with pytest.raises(RuntimeError):
        pool.submit(print)


def test_more_calls_than_threads_wait_for_one() -> None:
    pool = DaemonPool(1, "test pool")
    go = threading.Event()
    first, second = pool.submit(go.wait, 5), pool.submit(lambda: 2)
    assert not second.done()
    go.set()
    assert first.result(5) and second.result(5) == 2
    pool.shutdown()
