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
from harness.inproc import InProcess
from srv6cp.compile import compile_state
from srv6cp.config import load_node_dict

PACKETS = {"full": 6000, "hmac": 3000, "mobile": 3000}
SEED = 11

#: Reasons to drop that no frame on a configured port meets, or only with rates.
NEVER = {"NONE", "NO_INTERFACE", "PUNT_RATE_LIMITED", "RECIRCULATION_LIMIT", "SID_VISIT_LIMIT", "PASS_BUDGET"}
NEVER |= {"NEXTHOP_INVALID", "POLICY_INVALID", "PACKET_OUT_INVALID", "REPLICA_INVALID", "COPY_BUDGET", "GROUP_LIMIT"}
NEVER |= {"FRAGMENT_AT_SID"}  # fragments are put together
SELDOM = {"EXTENSION_CHAIN", "TLV_CHAIN", "CE_ON_NOT_ECT"}
_BRIDGE, _CSID = {"SPLIT_HORIZON", "BRIDGE_ALONE"}, {"CSID_ZERO"}
_HMAC, _MOBILE = {"HMAC", "HMAC_ABSENT", "TLV"}, {"GTP_INVALID", "NOT_GTP", "GTP_PAYLOAD", "NO_LAST_SEGMENT"}
# The node of these runs has no replication segments.
_REPLICATION = {"REPLICATION_STATE", "REPLICATION_HOP_LIMIT", "REPLICATION_CONTEXT", "REPLICATION_SEGMENTS_LEFT"}
#: Of families that no random run draws (``NOT_DRAWN`` of test_diff.py).
NOT_DRAWN = {"REPLICATION_STATE", "REPLICATION_SEGMENTS_LEFT", "NO_TARGET", "NSH_PATH", "NSH_HEADERS"}
NOT_DRAWN |= {name for name in reasons.DROP if name.startswith("SERVICE_")} | {"SID_NOT_IN_LIST", "NOT_TCP"}
#: Those of families that the profile has not; and port 7 is a circuit, so that no port lacks a policy, where it can be.
ELSEWHERE = {
    "full": _HMAC | _MOBILE | _REPLICATION | {"L2_PORT_NO_POLICY"},
    "hmac": _BRIDGE | _CSID | _MOBILE | _REPLICATION,
    "mobile": _BRIDGE | _CSID | _HMAC | _REPLICATION,
}


@pytest.fixture(scope="module", params=PACKETS)
def side(request: pytest.FixtureRequest) -> Iterator[Side]:
    """Everything of a profile on the Python engine."""
    side = Side(InProcess(), request.param)
    side.program(compile_state(load_node_dict(node.config(side.bed, request.param)), side.info))
    yield side
    side.close()


def test_every_frame_has_one_fate(side: Side) -> None:
    """An exception of the engine would surface here: frames are processed in this thread."""
    before = side.fates()
    outcomes = 0
    count = PACKETS[side.profile]
    cases = Generator(SEED, ANY, side.profile).cases(count)
    while window := list(islice(cases, 200)):
        outcomes += sum(side.run(window).values())
    assert side.fates() - before == count
    assert outcomes > count // 4


def test_most_reasons_are_reached(side: Side) -> None:
    """The frames above met nearly every reason to drop: the generator goes where the program can go wrong."""
    met = {index for (name, index), count in side.counters().items() if name == "drop_counter" and count.packets}
    unmet = {name for name, number in reasons.DROP.items() if number not in met}
    assert unmet <= NEVER | SELDOM | NOT_DRAWN | ELSEWHERE[side.profile], unmet
