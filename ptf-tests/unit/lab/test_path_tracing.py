# SPDX-License-Identifier: Apache-2.0
"""The topology with path tracing: its scenario, and what the routers write into the packets."""

from __future__ import annotations

from srv6cp import artifacts
from srv6lab.lab import Passage
from srv6lab.loader import load_topology
from srv6lab.network import Network
from srv6lab.scenario import Player


def test_stacks_on_the_cables() -> None:
    """Empty behind the source, with the exit of the midpoint behind that; the list decides which one it is."""
    topology = load_topology("path-tracing")
    passed: list[Passage] = []
    with Network(topology, artifacts.find("telemetry")) as running:
        end = running.watch(passed.append)
        Player(running, lambda _: None).run(topology.scenario)
        end()
    stacks = {
        (each.sender, each.receiver): each.frame[58:94]
        for each in passed
        if each.frame[12:14] == b"\x86\xdd" and each.frame[20] == 0 and each.frame[56:58] == b"\x32\x24"
    }
    assert stacks["r1", "r2"] == stacks["r1", "r3"] == bytes(36)
    for way, number, load in ((("r2", "r4"), 224, 3), (("r3", "r4"), 334, 9)):
        assert stacks[way][:2] == (number << 4 | load).to_bytes(2, "big")
        assert stacks[way][3:] == bytes(33)
