# SPDX-License-Identifier: Apache-2.0
"""Engines and BMv2 side by side, a short run of what ``make diff`` does at length; and what compares is tested
itself.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from ipaddress import IPv6Network

import pytest

from diff import node
from diff.compare import Difference, Side, counter_differences, differences
from diff.generator import BLOCK, ETHERNET, Case, Generator
from diff.parallel import BlockReport, Switches, Work, random_blocks
from diff.run import Tally
from harness import show, testbed
from harness.inproc import InProcess
from srv6cp import artifacts
from srv6cp.behaviours import REGISTRY
from srv6cp.compile import compile_state
from srv6cp.config import load_node_dict
from srv6cp.model import parse_flavours

PACKETS = {"full": 3000, "hmac": 1000, "mobile": 1000}
PROFILES = tuple(PACKETS)  # what smaller ones have is in these
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


#: Of the catalogue, what no random run has, and why.
NOT_DRAWN = {
    **dict.fromkeys(("End.AS", "End.AD", "End.AD.FLOW", "End.EAD", "End.AM", "End.AN"), "no family of services"),
    **dict.fromkeys(("services",), "no family of services"),
    "End.VNF": "what it does is a process beside the switch",
    **dict.fromkeys(("End.NSH", "service-paths", "End.S", "search-tables"), "no family of telemetry"),
    **dict.fromkeys(("End.Replicate", "replication-segments"), "no family of replication"),
}


def test_the_whole_catalogue_is_drawn() -> None:
    """Every behaviour of the registry is in the node of the profile that has it; so are every mode of a policy, every
    section of a node file that a behaviour brings, and the O flag.
    """
    nodes = [node.own(profile) for profile in artifacts.PROFILES]
    sids = [entry for each in nodes for entry in each["sids"]]
    there = set()
    for sid in sids:
        record, _ = REGISTRY.parse_endpoint(sid["behavior"])
        there.add(REGISTRY.variant(record, parse_flavours(sid.get("flavors", ())))[0].name)
    missing = {record.name for record in REGISTRY.endpoints} - there - set(NOT_DRAWN)
    assert not missing, missing
    modes = {policy["encap"]["mode"] for each in nodes for policy in each.get("policies", ())}
    assert {record.mode for record in REGISTRY.headends} - modes <= set(NOT_DRAWN)
    assert {section.key for section in REGISTRY.sections} - set().union(*nodes) <= set(NOT_DRAWN)
    assert any("oam" in each for each in nodes)


@pytest.mark.parametrize("profile", PROFILES)
def test_packets_reach_what_there_is_to_reach(profile: str) -> None:
    """Every SID of the node, every steered prefix and every kind of header turns up."""
    text = "\n".join(show.summary(case.frame) for case in Generator(1, profile=profile).cases(6000))
    own = node.own(profile)
    for entry in own["sids"]:
        bits = IPv6Network(entry["sid"])
        sid = str(bits.network_address).removesuffix(":")
        assert re.search(rf"(, |\(){re.escape(sid)}", text), entry
    for entry in own.get("steering", ()):
        if ":" in entry.get("prefix", ""):
            assert f", {entry['prefix'].split('::')[0]}:" in text, entry
    assert "SL=126" in text


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
@pytest.mark.parametrize("profile", PROFILES)
def test_engines_equal_bmv2(profile: str) -> None:
    """Random and mutated packets: the same frames, ports, packet-ins and counters."""
    names = ["softswitch", "bmv2-grpc"]
    if testbed.native_missing() is None:
        names.insert(1, "softswitch-native")
    count = PACKETS[profile]
    work = Work(
        tuple(names), tuple(names), seed=2026, start=0, count=count, window=WINDOW, shortest=ETHERNET, profile=profile
    )
    switches = Switches(names, names, profile)
    try:
        found = list(random_blocks(work, switches))
    finally:
        switches.close()
    assert sum(report.frames for report in found) == count
    assert not any(report.found for report in found), "\n".join(text for report in found for text in report.texts)
