# SPDX-License-Identifier: Apache-2.0
"""Packet tests that must fail, do, and say why."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from harness import testbed
from srv6_base import Frame, Srv6Test, craft, wire
from srv6cp.p4rt import TableEntry

PACKET = craft.ip6("2001:db8:1::2", "2001:db8:99::1", craft.udp(b"data"))
EXPIRED = craft.ip6("2001:db8:1::2", "2001:db8:99::1", craft.udp(b"data"), hl=1)


def run(body: Callable[[Srv6Test], object]) -> str:
    """Run ``body`` as a packet test on a router with one route; the text of its failure, empty when it
    passes.
    """

    class Case(Srv6Test):
        def runTest(self) -> None:
            self.node(routes=[{"prefix": "2001:db8:99::/64", "via": "2001:db8:2::2"}])
            body(self)

    try:
        testbed.current()
    except testbed.Unavailable as error:
        pytest.skip(str(error))
    case = Case("runTest")
    case.setUp()
    try:
        try:
            case.runTest()
        finally:
            case.tearDown()
    except AssertionError as error:
        return str(error)
    return ""


def test_right_expectation_passes() -> None:
    def body(test: Srv6Test) -> None:
        test.send(1, PACKET)
        test.expect(2, wire.hop(PACKET))

    assert run(body) == ""


def test_a_packet_is_a_packet_however_it_is_written() -> None:
    """Scapy's with and without Ethernet header, bytes of it, a frame: the same is sent, and expected."""

    def body(test: Srv6Test) -> None:
        stations: dict[str, Any] = {"dst": test.mac(1), "src": test.neighbor_mac(1)}
        framed = craft.ether(PACKET.copy(), **stations)
        for packet in (PACKET, bytes(PACKET), framed, Frame(framed)):
            assert test.send(1, packet) == wire.ether(wire.unchanged(PACKET), **stations)
            test.expect_only(2, wire.hop(PACKET))
        onward: craft.Packet = PACKET.copy()
        onward.hlim -= 1
        test.send(1, PACKET)
        test.expect_only(2, onward)

    assert run(body) == ""


def test_what_is_no_packet_is_not_sent() -> None:
    def body(test: Srv6Test) -> None:
        for packet in (b"\xff", craft.udp(b"x"), craft.arp(1, test.mac(1), "10.0.1.2", test.mac(1), "10.0.1.1")):
            with pytest.raises(ValueError, match="neither an IP packet nor a frame"):
                test.send(1, packet)

    assert run(body) == ""


def test_wrong_byte_is_named() -> None:
    def body(test: Srv6Test) -> None:
        test.send(1, PACKET)
        test.expect(2, PACKET)

    said = run(body)
    assert "wrong frame on port 2" in said
    assert "expected 64, received 63" in said
    assert "sent into port 1: 66 bytes (2001:db8:1::2, 2001:db8:99::1)" in said


def test_longer_frame_is_a_difference() -> None:
    """Padding at the end counts: whole frames are compared."""

    def body(test: Srv6Test) -> None:
        test.send(1, PACKET)
        test.expect(2, wire.hop(PACKET) + b"\0")

    assert "lengths: expected 67, received 66" in run(body)


def test_frame_on_another_port_is_named() -> None:
    def body(test: Srv6Test) -> None:
        test.send(1, PACKET)
        test.expect(3, wire.hop(PACKET))

    said = run(body)
    assert "nothing left port 3" in said
    assert "\nport 2: 66 bytes" in said


def test_frame_that_nobody_expected_fails() -> None:
    assert "1 frame(s) that nobody expected" in run(lambda test: test.send(1, PACKET))


def test_answer_of_the_controller_that_nobody_expected_fails() -> None:
    """Punted, answered by the controller, come out: all of it before the test is over."""
    said = run(lambda test: test.send(1, EXPIRED))
    assert "icmpv6.type, code: 3, 0" in said


def test_wrong_reason_is_named() -> None:
    def body(test: Srv6Test) -> None:
        test.send(1, EXPIRED)
        test.expect_icmp6(1, 3, 0, 0, EXPIRED)
        test.expect_drop("NO_ROUTE")

    assert "expected drops {'NO_ROUTE': 1}, counted {'HOP_LIMIT_EXCEEDED': 1}" in run(body)


def test_wrong_pointer_is_named() -> None:
    def body(test: Srv6Test) -> None:
        test.send(1, EXPIRED)
        test.expect_icmp6(1, 3, 0, 1, EXPIRED)

    assert "icmpv6.header data" in run(body)


def test_counters_start_anew_with_each_node() -> None:
    def body(test: Srv6Test) -> None:
        test.send(1, PACKET)
        test.expect(2, wire.hop(PACKET))
        assert test.port_counter(2).packets == 1
        test.node(routes=[{"prefix": "2001:db8:99::/64", "via": "2001:db8:3::2"}])
        assert test.port_counter(2).packets == 0
        test.send(1, PACKET)
        test.expect(3, wire.hop(PACKET))
        assert test.port_counter(2).packets == 0

    assert run(body) == ""


def test_trace_is_part_of_a_failure_on_softswitch() -> None:
    def body(test: Srv6Test) -> None:
        test.send(1, PACKET)
        test.expect(3, PACKET)

    said = run(body)
    if testbed.current().name == "softswitch" and testbed.current().synchronous:
        assert "trace of the last frame sent" in said
        assert "ipv6_table" in said


def test_a_node_that_the_switch_is_already_is_not_applied_again_unless_its_tables_were_touched() -> None:
    reconciliations: list[int] = []

    def body(test: Srv6Test) -> None:
        def again() -> None:
            test.node(routes=[{"prefix": "2001:db8:99::/64", "via": "2001:db8:2::2"}])
            test.send(1, PACKET)
            test.expect_only(2, wire.hop(PACKET))
            assert test.port_counter(2).packets == 1, "counting starts anew"
            controller = test.router.controller
            assert controller is not None
            reconciliations.append(controller.status().reconciliations)

        again()
        again()
        (route,) = [
            entry
            for entry in test.router.client.read(TableEntry("ipv6_table"))
            if isinstance(entry, TableEntry) and str(entry.match["ipv6_dst"]) == "2001:db8:99::/64"
        ]
        test.router.client.delete(route)
        again()

    assert run(body) == ""
    first, second, third = reconciliations
    assert (second - first, third - second) == (0, 1)
