# SPDX-License-Identifier: Apache-2.0
"""Flows between hosts: what a receiver says of packets that are lost, late and in another order; and in a network."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator

import pytest

from srv6lab.impairments import Impairments
from srv6lab.loader import load_topology
from srv6lab.network import Network
from srv6lab.topology import UnknownName
from srv6lab.traffic import HEAD, MARK, Flow, Received, Traffic, rows


def test_receiver_counts_loss_delay_jitter_and_order() -> None:
    got = Received()
    for number, sent, now in ((0, 0.0, 0.010), (1, 1.0, 1.010), (4, 4.0, 4.030), (3, 3.0, 4.040)):
        got.take(number, sent, 100, now)
    assert (got.packets, got.octets, got.lost, got.reordered) == (4, 400, 1, 1)
    assert (got.least, got.most) == pytest.approx((0.010, 1.040))
    assert got.mean == pytest.approx((0.010 + 0.010 + 0.030 + 1.040) / 4)
    assert got.jitter == pytest.approx((0.020 / 16) + (1.010 - 0.020 / 16) / 16)  # RFC 3550, 6.4.1
    assert got.rate(5.0) == 8 * 200


class Loop:
    """A channel that hands every packet on at once, but each tenth; ``enough`` is set after a hundred."""

    def __init__(self, *arguments: object) -> None:
        self._arrive: Callable[[bytes], None] = arguments[4]  # type: ignore[assignment]
        self._answer: Callable[[bytes], None] = arguments[5]  # type: ignore[assignment]
        self.sent = 0
        self.closed = False

    def forward(self, payload: bytes) -> None:
        self.sent += 1
        if self.sent % 10:
            self._arrive(payload)
        if self.sent >= 100:
            enough.set()

    def backward(self, payload: bytes) -> None:
        self._answer(payload)

    def close(self) -> None:
        self.closed = True


enough = threading.Event()


@pytest.mark.parametrize("rate", [100_000_000, None])
def test_loss_is_what_did_not_arrive(rate: int | None) -> None:
    enough.clear()
    traffic = Traffic(Loop)
    flow = traffic.start("h1", "h2", rate)
    assert enough.wait(10)
    report = traffic.stop(flow.number)
    assert report["received"] == report["sent"] - report["sent"] // 10
    assert report["loss"] == pytest.approx(0.1, abs=0.02)
    assert report["reordered"] == 0
    assert traffic.reports() == []
    assert rows([report])[0]["from"] == "h1"


def test_foreign_packets_count_nothing() -> None:
    flow = Flow(1, "h1", "h2", 1000, Loop, None)
    flow.stop()
    before = flow.received.packets
    for payload in (b"", b"short", HEAD.pack(b"evil", 1, 0, 0.0), HEAD.pack(MARK, 2, 0, 0.0)):
        flow._arrive(payload)
        flow._acknowledge(payload)
    assert flow.received.packets == before


@pytest.fixture(scope="module")
def network() -> Iterator[Network]:
    with Network(load_topology("quickstart")) as running:
        yield running


def _until(network: Network, number: int, packets: int) -> dict[str, object]:
    """The report of a flow that has brought so many packets."""
    changed = threading.Event()
    end = network.watch(lambda passage: changed.set())
    try:
        while network.traffic.flows[number].received.packets < packets:
            assert changed.wait(20)
            changed.clear()
    finally:
        end()
    return network.traffic.stop(number)


def test_flow_over_the_routers(network: Network) -> None:
    network.impair("r1", "r2", Impairments(delay=0.005))
    before = {number: counts[0].frames for number, counts in network.carried().items()}
    report = _until(network, network.traffic.start("h1", "h2", 1_000_000).number, 50)
    network.impair("r1", "r2", Impairments())
    assert report["lost"] == 0
    assert report["delay-min"] >= 0.005  # type: ignore[operator]
    used = {number for number, counts in network.carried().items() if counts[0].frames - before[number] >= 50}
    ends = {tuple(end.node for end in link.ends) for link in network.topology.links if link.number in used}
    assert {("r1", "r2"), ("r2", "r4")} <= ends
    assert not ends & {("r1", "r3"), ("r3", "r4")}


def test_saturating_flow_keeps_to_the_slowest_cable(network: Network) -> None:
    """The queue of the cable stays bounded and its window grows beyond what it began with."""
    network.impair("r2", "r4", Impairments(rate=4_000_000, queue=20))
    report = _until(network, network.traffic.start("h1", "h2").number, 400)
    network.impair("r2", "r4", Impairments())
    assert report["received"] >= 400  # type: ignore[operator]
    assert report["loss"] < 0.2  # type: ignore[operator]


def test_flow_of_ipv4(network: Network) -> None:
    assert _until(network, network.traffic.start("h2", "h1", 1_000_000, 4).number, 10)["lost"] == 0


def test_unknown_hosts_and_flows(network: Network) -> None:
    with pytest.raises(UnknownName, match="no host 'r1'; there are h1, h2"):
        network.traffic.start("h1", "r1")
    with pytest.raises(UnknownName, match="no flow 77 runs"):
        network.traffic.stop(77)


def test_switch_restarts_and_is_filled(network: Network) -> None:
    assert "its controller filled it" in network.restart("r2")
    assert network.health().routers["r2"] == "primary"
    assert network.ping("h1", "2001:db8:2::2", 5.0) is not None
