# SPDX-License-Identifier: Apache-2.0
"""The queue in front of the controller's thread."""

from __future__ import annotations

import time

import pytest

from srv6cp.controller.inbox import Inbox, Order


def take(inbox: Inbox[int], most: int = 10) -> object:
    return inbox.take(time.monotonic(), most)


def orders(inbox: Inbox[int]) -> list[int]:
    """Everything that is there, one by one; an order is carried out, and is its result."""
    found = []
    while (work := take(inbox, 1)) is not None:
        if isinstance(work, Order):
            work.carry_out()
            found.append(work.done.result(0))
        else:
            assert isinstance(work, list)
            found += work
    return found


def test_an_order_does_not_wait_for_packets_unless_it_says_so() -> None:
    inbox: Inbox[int] = Inbox(10)
    inbox.put(1)
    inbox.put(2)
    inbox.order(lambda: 42, behind_packets=True)
    inbox.order(lambda: 41)
    inbox.put(3)
    assert orders(inbox) == [41, 1, 2, 42, 3]


def test_a_barrier_waits_for_the_packets_of_lower_classes_that_were_there() -> None:
    inbox: Inbox[tuple[int, int]] = Inbox(10, lambda packet: packet)
    for packet in ((2, 1), (1, 1)):
        inbox.put(packet)
    inbox.order(lambda: (9, 9), behind_packets=True)
    inbox.put((0, 1))
    assert orders(inbox) == [(0, 1), (1, 1), (2, 1), (9, 9)]  # type: ignore[comparison-overlap, arg-type]


def test_flood_of_one_port_does_not_delay_the_other_ports() -> None:
    inbox: Inbox[tuple[int, int]] = Inbox(1024, lambda packet: (0, packet[0]))
    for number in range(10_000):
        inbox.put((1, number))
    for number in range(10):
        inbox.put((2, number))
    taken = inbox.take(time.monotonic(), 20)
    assert taken == [(port, number) for number in range(10) for port in (1, 2)]
    assert inbox.dropped == 10_000 - 1024 + 10, "and those of port 2 pushed out as many of port 1"


def test_flood_of_one_class_does_not_delay_what_is_more_urgent_nor_starve_the_others() -> None:
    inbox: Inbox[tuple[int, int]] = Inbox(1024, lambda packet: (packet[0], 1), {0: 4, 1: 2})
    for number in range(10_000):
        inbox.put((1, number))
    for kind in (2, 0):
        for number in range(6):
            inbox.put((kind, number))
    taken = inbox.take(time.monotonic(), 14)
    assert isinstance(taken, list)
    assert [kind for kind, _ in taken] == [0, 0, 0, 0, 1, 1, 2, 0, 0, 1, 1, 2, 1, 1]


def test_full_of_single_packets_it_takes_no_further_one() -> None:
    inbox: Inbox[int] = Inbox(3, lambda packet: (0, packet))
    for number in range(5):
        inbox.put(number)
    assert (inbox.dropped, take(inbox)) == (2, [0, 1, 2])


def test_batches() -> None:
    inbox: Inbox[int] = Inbox(10)
    for n in range(5):
        inbox.put(n)
    assert [take(inbox, 2), take(inbox, 2), take(inbox, 2)] == [[0, 1], [2, 3], [4]]


def test_bounded_for_packets_only() -> None:
    inbox: Inbox[int] = Inbox(2)
    for n in range(5):
        inbox.put(n)
    inbox.order(lambda: None, behind_packets=True)
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
