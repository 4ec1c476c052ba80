# SPDX-License-Identifier: Apache-2.0
"""The topology with HMACs: its scenario, with the profile that it needs, and what a wrong key does."""

from __future__ import annotations

import pytest

from srv6cp import artifacts
from srv6lab.loader import load_topology
from srv6lab.network import Network
from srv6lab.scenario import Failed, Player
from srv6lab.steps import Apply, Ping


def test_scenario_and_a_wrong_key(monkeypatch: pytest.MonkeyPatch) -> None:
    topology = load_topology("hmac")
    lines: list[str] = []
    with Network(topology, artifacts.find("hmac")) as running:
        player = Player(running, lines.append)
        player.run(topology.scenario)
        assert sum("3 of 3 answered" in line for line in lines) == 2
        *_, last = (step for step in topology.scenario if isinstance(step, Apply))
        wrong = [{"id": 43, "secret": "something else"}]
        player.apply({"r1": {**last.changes["r1"], "hmac-keys": wrong}})
        monkeypatch.setattr("srv6lab.scenario.PATIENCE", 0.3)
        with pytest.raises(Failed, match="no answer to 1 of 1"):
            player.ping(Ping("h1", "h2"))
