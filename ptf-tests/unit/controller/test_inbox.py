# SPDX-License-Identifier: Apache-2.0
"""The queue in front of the controller's thread."""

from __future__ import annotations

import time
from concurrent.futures import Future

import pytest

from srv6cp.controller.inbox import Inbox, Order


def take(inbox: Inbox[int], most: int = 10) -> object:
    return inbox.take(time.monotonic(), most)


def test_order_of_packets_and_orders() -> None:
    inbox: Inbox[int] = Inbox(10)
    done: list[Future[int]] = []
    inbox.put(1)
    inbox.put(2)
    done.append(inbox.order(lambda: 42))
    inbox.put(3)
    assert take(inbox) == [1, 2]
    order = take(inbox)
    assert isinstance(order, Order)
    order.carry_out()
    assert done[0].result(0) == 42
    assert take(inbox) == [3]
    assert take(inbox) is None


def test_batches() -> None:
    inbox: Inbox[int] = Inbox(10)
    for n in range(5):
        inbox.put(n)
    assert [take(inbox, 2), take(inbox, 2), take(inbox, 2)] == [[0, 1], [2, 3], [4]]


def test_bounded_for_packets_only() -> None:
    inbox: Inbox[int] = Inbox(2)
    for n in range(5):
        inbox.put(n)
    inbox.order(lambda: None)
    assert (inbox.dropped, len(inbox)) == (3, 3)
    assert take(inbox) == [0, 1]
    inbox.put(9)
    assert inbox.dropped == 3, "there is room again"


def test_errors_reach_who_asked() -> None:
    inbox: Inbox[int] = Inbox(2)
    done = inbox.order(lambda: 1 // 0)
    order = take(inbox)
    assert isinstance(order, Order)
    order.carry_out()
    with pytest.raises(ZeroDivisionError):
        done.result(0)


def test_abandoned_orders_are_cancelled() -> None:
    inbox: Inbox[int] = Inbox(2)
    done = inbox.order(lambda: None)
    inbox.put(1)
    inbox.abandon()
    assert done.cancelled()
    assert take(inbox) is None
