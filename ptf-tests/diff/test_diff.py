# SPDX-License-Identifier: Apache-2.0
"""softswitch against BMv2, a short run of what ``make diff`` does at length; and what compares is tested
itself.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

import pytest

from diff import node
from diff.compare import Side, counter_differences, differences
from diff.generator import Case, Generator
from harness import show, testbed
from harness.inproc import InProcess
from srv6cp.apps.compile import compile_state
from srv6cp.config import load_node_dict

PACKETS = 3000
WINDOW = 24


def test_same_seed_same_packets() -> None:
    assert list(Generator(3).cases(200)) == list(Generator(3).cases(200))
    assert list(Generator(3).cases(200)) != list(Generator(4).cases(200))


def test_packets_reach_what_there_is_to_reach() -> None:
    """Every SID of the node, every steered prefix and every kind of header turns up."""
    text = [show.summary(case.frame) for case in Generator(1).cases(4000)]
    for sid in (entry["sid"].split("/")[0] for entry in node.sids()):
        assert any(f", {sid}" in line for line in text), sid
    for prefix in node.STEERED6:
        assert any(f", {prefix.split('::')[0]}:" in line for line in text), prefix
    assert any("SL=126" in line for line in text)


@pytest.fixture(scope="module")
def softswitch() -> Iterator[Side]:
    side = Side(InProcess())
    side.program(compile_state(load_node_dict(node.config(side.bed)), side.info))
    yield side
    side.close()


def test_a_difference_is_found_and_explained(softswitch: Side) -> None:
    """A second switch without one route: the one case that uses it is named, with both outcomes."""
    other = Side(InProcess())
    try:
        config = node.config(other.bed)
        config["routes"] = [route for route in config["routes"] if route["prefix"] != "2001:db8:f1::/48"]
        other.program(compile_state(load_node_dict(config), other.info))
        frame = bytes.fromhex(
            "020000000101"
            "020000000201"
            "86dd"
            "60000000"
            "0000"
            "3b40"
            "20010db8000100000000000000000002"
            "20010db800f100000000000000000001"
        )
        cases = [*Generator(9).cases(3), Case(99, 1, frame)]
        before = [side.counters() for side in (softswitch, other)]
        found = differences(softswitch, other, cases)
        assert [difference.case.number for difference in found] == [99]
        text = found[0].text("one", "other")
        assert "(2001:db8:1::2, 2001:db8:f1::1)" in text
        assert "only one:\n  1 x port 8" in text
        lines = counter_differences(before, [side.counters() for side in (softswitch, other)], ("one", "other"))
        assert any(line.startswith("egress_port_counter[8]: one 2 packets") for line in lines)
    finally:
        other.close()


@pytest.mark.diff
@pytest.mark.bmv2
@pytest.mark.root
@pytest.mark.skipif(testbed.bmv2_missing() is not None, reason=str(testbed.bmv2_missing()))
def test_softswitch_equals_bmv2(softswitch: Side) -> None:
    """Random and mutated packets: the same frames, ports, packet-ins and counters."""
    other = Side(testbed.make("bmv2"))
    try:
        other.program(compile_state(load_node_dict(node.config(other.bed)), other.info))
        before = [side.counters() for side in (softswitch, other)]
        cases = Generator(2026).cases(PACKETS)
        found = []
        while window := list(islice(cases, WINDOW)):
            found += differences(softswitch, other, window)
        assert not found, "\n".join(difference.text("softswitch", "bmv2") for difference in found[:3])
        after = [side.counters() for side in (softswitch, other)]
        assert counter_differences(before, after, ("softswitch", "bmv2")) == []
    finally:
        other.close()
