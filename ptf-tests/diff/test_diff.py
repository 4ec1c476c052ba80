# SPDX-License-Identifier: Apache-2.0
"""Engines and BMv2 side by side, a short run of what ``make diff`` does at length; and what compares is tested
itself.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

import pytest

from diff import node
from diff.compare import Difference, Side, counter_differences, differences
from diff.generator import BLOCK, ETHERNET, Case, Generator
from diff.parallel import BlockReport, Switches, Work, random_blocks
from diff.run import Tally
from harness import show, testbed
from harness.inproc import InProcess
from srv6cp.compile import compile_state
from srv6cp.config import load_node_dict

PACKETS = 3000
WINDOW = 24


def test_same_seed_same_packets() -> None:
    assert list(Generator(3).cases(200)) == list(Generator(3).cases(200))
    assert list(Generator(3).cases(200)) != list(Generator(4).cases(200))


def test_a_run_goes_on_where_it_was_stopped() -> None:
    """Cases have their numbers and bytes wherever the sequence begins."""
    whole = list(Generator(3).cases(BLOCK + 20))
    assert [case.number for case in whole] == list(range(BLOCK + 20))
    assert list(Generator(3).cases(30, BLOCK - 10)) == whole[-30:]
    work = Work((), (), seed=3, start=BLOCK - 10, count=2 * BLOCK, window=1, shortest=ETHERNET)
    blocks = [*work.blocks(0, 2), *work.blocks(1, 2)]
    assert sorted(blocks) == [(BLOCK - 10, 10), (BLOCK, BLOCK), (2 * BLOCK, BLOCK - 10)]
    tally = Tally(["one", "other"], 2 * BLOCK)
    for start, count in blocks[:2]:
        tally.add(BlockReport(start=start, frames=count))
    assert tally.next_case(BLOCK - 10) == BLOCK


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
        found = differences([softswitch, other], cases)
        assert [difference.case.number for difference in found] == [99]
        text = found[0].text(("one", "other"))
        assert "(2001:db8:1::2, 2001:db8:f1::1)" in text
        assert "only one:\n  1 x port 8" in text
        lines = counter_differences(before, [side.counters() for side in (softswitch, other)], ("one", "other"))
        assert any(line.startswith("egress_port_counter[8]: one 2 packets") for line in lines)
    finally:
        other.close()


def test_one_of_three_disagrees(softswitch: Side) -> None:
    """The report says which: what all do is left out."""
    frame = bytes(60)
    same = Counter({("port 1", frame): 1})
    outcomes = [same, same, same + Counter({("port 2", frame): 1})]
    text = Difference(Case(5, 1, frame), outcomes).text(("a", "b", "c"))
    assert "only a: nothing\nonly b: nothing\nonly c:\n  1 x port 2" in text
    assert "x port 1" not in text


@pytest.mark.slow
@pytest.mark.diff
@pytest.mark.bmv2
@pytest.mark.skipif(testbed.bmv2_grpc_missing() is not None, reason=str(testbed.bmv2_grpc_missing()))
def test_engines_equal_bmv2() -> None:
    """Random and mutated packets: the same frames, ports, packet-ins and counters."""
    names = ["softswitch", "bmv2-grpc"]
    if testbed.native_missing() is None:
        names.insert(1, "softswitch-native")
    work = Work(tuple(names), tuple(names), seed=2026, start=0, count=PACKETS, window=WINDOW, shortest=ETHERNET)
    switches = Switches(names, names)
    try:
        found = list(random_blocks(work, switches))
    finally:
        switches.close()
    assert sum(report.frames for report in found) == PACKETS
    assert not any(report.found for report in found), "\n".join(text for report in found for text in report.texts)
