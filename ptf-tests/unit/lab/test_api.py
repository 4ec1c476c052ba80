# SPDX-License-Identifier: Apache-2.0
"""``from srv6lab import Lab``: start, apply, send, measure, break, wait, stop; and the example of its text."""

from __future__ import annotations

import inspect
import textwrap
from collections.abc import Iterator

import pytest

import srv6lab
from srv6cp.cli.exitcodes import UsageError
from srv6lab import Lab, api
from srv6lab.topology import TopologyError, UnknownName


@pytest.fixture(scope="module")
def lab() -> Iterator[Lab]:
    with Lab.start("quickstart") as running:
        yield running


def test_example_of_the_text() -> None:
    """It runs as it stands."""
    text = (inspect.getdoc(api) or "").split("\n\n")[1]
    exec(textwrap.dedent(text), {"Lab": Lab})  # of our own file


def test_steer_send_and_take_back(lab: Lab) -> None:
    lab.steer("r1", "h2", "r3", "r4/End.DT46")
    way = lab.send("h1", "h2")
    assert way.arrived and way.nodes == ("h1", "r1", "r3", "r4", "h2")
    assert [hop["does"] for hop in way.hops][1:4] == ["H.Encaps", "End (PSP)", "End.DT46 (decapsulates)"]
    assert [row["policy"] for row in lab.router("r1")["policies"]] == ["steer"]
    lab.apply("r1")
    assert lab.send("h1", "h2").nodes == ("h1", "r1", "r2", "r4", "h2")


def test_flow_is_measured_and_stops(lab: Lab) -> None:
    flow = lab.flow("h1", "h2", rate="2M")
    assert lab.load("r1", "r2") > 5
    report = lab.stop(flow)
    assert report["kind"] == "rate 2M" and report["received"] > 0
    assert lab.network.traffic.flows == {}


def test_link_goes_down_and_up_and_changes(lab: Lab) -> None:
    assert lab.link("r1", "r2", "down") == "r1 -- r2 is cut"
    assert lab.send("h1", "h2").nodes[:2] == ("h1", "r1") and not lab.send("h1", "h2").arrived
    lab.link("r1", "r2", "up")
    assert lab.link("r1", "r2", "delay 1ms") == "r1 -- r2: rate 10M delay 1ms"
    assert (lab.ping("h1", "2001:db8:2::2") or 0) > 0.002
    lab.link("r1", "r2", "delay 0")


def test_restart_and_settle(lab: Lab) -> None:
    lab.restart("r3")
    lab.settle()
    assert lab.router("r3")["state"] == "primary"


def test_mistakes(lab: Lab) -> None:
    with pytest.raises(UnknownName, match="no host 'h9'"):
        lab.send("h1", "h9")
    with pytest.raises(UsageError, match="is nothing that a cable has"):
        lab.link("r1", "r2", "colour red")
    with pytest.raises(TopologyError, match="policies"):
        lab.apply("r1", policies=[{"name": "p"}])
    with pytest.raises(AttributeError, match="no attribute 'Laboratory'"):
        srv6lab.Laboratory  # noqa: B018
