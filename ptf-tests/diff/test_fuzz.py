# SPDX-License-Identifier: Apache-2.0
"""Random and mutated frames of any length into softswitch: no crash, and every frame has a fate that is
counted.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

import pytest

from diff import node
from diff.compare import Side
from diff.generator import ANY, Generator
from harness import reasons
from harness.flow import DELIVERED
from harness.inproc import InProcess
from srv6cp.compile import compile_state
from srv6cp.config import load_node_dict

PACKETS = 4000


@pytest.fixture(scope="module")
def side() -> Iterator[Side]:
    side = Side(InProcess())
    side.program(compile_state(load_node_dict(node.config(side.bed)), side.info))
    yield side
    side.close()


def _fates(side: Side) -> int:
    total = 0
    for (name, index), count in side.counters().items():
        if name in ("drop_counter", "egress_port_counter") or (name == "punt_counter" and index in DELIVERED):
            total += count.packets
    return total


@pytest.mark.parametrize("seed", [11, 12, 13])
def test_every_frame_has_one_fate(side: Side, seed: int) -> None:
    """An exception of the engine would surface here: frames are processed in this thread."""
    before = _fates(side)
    outcomes = 0
    cases = Generator(seed, ANY).cases(PACKETS // 2)
    while window := list(islice(cases, 200)):
        outcomes += sum(side.run(window).values())
    assert _fates(side) - before == PACKETS // 2
    assert outcomes > PACKETS // 8


def test_most_reasons_are_reached(side: Side) -> None:
    """The frames above met nearly every reason to drop: the generator goes where the program can go wrong."""
    met = {index for (name, index), count in side.counters().items() if name == "drop_counter" and count.packets}
    unmet = {name for name, number in reasons.DROP.items() if number not in met}
    # not reachable by frames on configured ports, or only with rates
    assert unmet <= {
        "NONE",
        "NO_INTERFACE",
        "PUNT_RATE_LIMITED",
        "RECIRCULATION_LIMIT",
        "SID_VISIT_LIMIT",
        "PASS_BUDGET",
        "NEXTHOP_INVALID",
        "POLICY_INVALID",
        "PACKET_OUT_INVALID",
        # of behaviours and rules that the node of these runs has not
        *("CSID_ZERO", "CLASSIFIED", "HMAC", "HMAC_ABSENT", "TLV", "TLV_CHAIN"),
        *("SPLIT_HORIZON", "BRIDGE_ALONE", "REPLICA_INVALID", "COPY_BUDGET"),
        *("GTP_INVALID", "NOT_GTP", "GTP_PAYLOAD", "NO_LAST_SEGMENT", "GROUP_LIMIT"),
        *("SID_NOT_IN_LIST", "NOT_TCP"),
    }, unmet
