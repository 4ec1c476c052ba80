# SPDX-License-Identifier: Apache-2.0
"""Networks in this process: every shipped topology does what its scenario says; a scenario that fails says so."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from srv6cp import artifacts
from srv6cp.p4rt import Client
from srv6cp.sync.program import Program
from srv6lab.loader import load_topology, read_topology
from srv6lab.network import Network
from srv6lab.scenario import Failed, Player
from srv6lab.shell import Shell
from srv6lab.shipped import shipped
from srv6lab.topology import TopologyError


@pytest.fixture(scope="module")
def network() -> Iterator[Network]:
    """The quick start, running."""
    with Network(load_topology("quickstart")) as running:
        yield running


@pytest.fixture
def player(network: Network) -> Iterator[Player]:
    """A player on the quick start; what it says is in its attribute ``lines``. The routers are put back at the end."""
    lines: list[str] = []
    made = Player(network, lines.append)
    made.lines = lines  # type: ignore[attr-defined]
    yield made
    for router in network.topology.routers:
        network.apply(router, {})


@pytest.mark.parametrize("name", [name for name in shipped() if name != "quickstart"])
def test_shipped_topology(name: str) -> None:
    """The steps `expect` and `ping` of the file are the assertions."""
    with Network(load_topology(name)) as running:
        Player(running, lambda _: None).run(running.topology.scenario)


def test_example_of_the_guide() -> None:
    """The topology in topo/README.md."""
    text = (Path(__file__).resolve().parents[3] / "topo" / "README.md").read_text()
    topology = read_topology(yaml.safe_load(text.split("```yaml\n")[1].split("```")[0]))
    with Network(topology) as running:
        Player(running, lambda _: None).run(topology.scenario)


def test_quick_start_shows_what_it_promises(player: Player, network: Network) -> None:
    player.run(network.topology.scenario)
    text = "\n".join(player.lines)  # type: ignore[attr-defined]
    rows = [line.split() for line in text.splitlines()]
    ways, way = [], []
    for row in filter(None, rows):
        if row[0] in ("h1", "h2", *network.topology.routers) and row[1] != "pings":
            way.append(row[0])
        if row[0] == "h2":
            ways.append(way)
            way = []
    assert ways == [
        ["h1", "r1", "r2", "r4", "h2"],
        ["h1", "r1", "r3", "r4", "h2"],
        ["h1", "r1", "r2", "r3", "r4", "h2"],
    ]
    assert "(r1,r3 End)(r4 End.DT46,r3 End; SL=1)(h1,h2)" in text
    assert text.count("packet: (source,destination)") == 1
    assert [hop.did for hop in player.last_path] == [
        "",
        "H.Encaps.Red",
        "End.X",
        "End (PSP)",
        "End.DT46 (decapsulates)",
        "",
    ]
    assert [hop.segments_left for hop in player.last_path] == [None, 2, 1, None, None, None]


def test_hosts_reach_each_other_and_the_routers(network: Network) -> None:
    for address in ("2001:db8:2::2", "10.0.2.2", "2001:db8:1::1", "10.0.1.1", "fcbb:bb00:4::1", "fcbb:bb00:3:e000::"):
        assert network.ping("h1", address, 3.0) is not None, address
    assert network.ping("h1", "2001:db8:1::77", 0.1) is None


def test_shell_steers_and_takes_back(player: Player, capsys: pytest.CaptureFixture[str]) -> None:
    shell = Shell(player)
    way = {"from": "h1", "to": "h2"}
    shell.onecmd("steer r1 h2 r3 r4/End.DT46")
    for family in (6, 4):
        player.path({**way, "family": family})
        assert [hop.node for hop in player.last_path] == ["h1", "r1", "r3", "r4", "h2"]
    shell.onecmd("unsteer r1")
    player.path(way)
    assert [hop.node for hop in player.last_path] == ["h1", "r1", "r2", "r4", "h2"]
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("steer r1 h2 r9", "segment 'r9': no router 'r9'; there are r1, r2, r3, r4\n"),
        ("steer r1 h9 r2", "no host 'h9'; there are h1, h2\n"),
        ("steer r9 h2 r4/End.DT46", "no router 'r9'; there are r1, r2, r3, r4\n"),
        ("steer r1", "usage: steer ROUTER HOST SEGMENT..., such as: steer r1 h2 r3 r4/End.DT46\n"),
        ("unsteer", "usage: unsteer ROUTER\n"),
        ("unsteer r9", "no router 'r9'; there are r1, r2, r3, r4\n"),
        ("path h1", "usage: path HOST HOST [-4]\n"),
        ("path h1 2001:db8::1", "the destination must be a host\n"),
        ("ping h9 h2", "{from: HOST, to: HOST or address} is needed; hosts are h1, h2\n"),
        ("ping h1 nobody", "'nobody' is neither a host (h1, h2) nor an address\n"),
        ("ping h1 h2 many", "count: 'many' is not a number from 1 to 1000\n"),
        (
            "dance",
            "srv6 lab: no command 'dance'; there are flows, graph, help, path, ping, quit, show, steer, unsteer\n",
        ),
    ],
)
def test_shell_explains_mistakes(player: Player, capsys: pytest.CaptureFixture[str], line: str, message: str) -> None:
    assert not Shell(player).onecmd(line)
    assert capsys.readouterr().out == message


def test_shell_shows_the_names_of_sids(player: Player, capsys: pytest.CaptureFixture[str]) -> None:
    Shell(player).onecmd("show")
    out = capsys.readouterr().out
    assert "r2/End.X/r3             fcbb:bb00:2:ea03::" in out
    assert f"P4Runtime {player.network.server('r1')}, device id 1" in out


def test_seventeenth_segment_is_refused_and_changes_nothing(player: Player, network: Network) -> None:
    before = network.nodes["r1"]
    policy = {"name": "long", "segment-lists": [{"segments": ["r2"] * 17}]}
    with pytest.raises(TopologyError, match=r"^router r1: .*16"):
        player.apply({"r1": {"policies": [policy]}})
    assert network.nodes["r1"] is before


def test_lost_packet_fails(player: Player) -> None:
    player.apply({"r2": {"routes": [{"prefix": "2001:db8:2::/65", "blackhole": True}]}})
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("srv6lab.scenario.PATIENCE", 0.2)
        with pytest.raises(
            Failed, match=r"^the packet did not reach h2 within 0\.2 s; it was last seen on the way to r2$"
        ):
            player.path({"from": "h1", "to": "h2"})
        with pytest.raises(Failed, match=r"^h1 pings h2: no answer to 1 of 2 in 0\.2 s$"):
            player.ping({"from": "h1", "to": "h2", "count": 2})
    assert player.last_path[-1].node == "r2" and player.last_path[-1].did == "loses it"


@pytest.mark.parametrize(
    ("expected", "message"),
    [
        (
            {"path": ["h1", "r1", "r3", "r4", "h2"]},
            "the packet went h1 - r1 - r2 - r4 - h2, not h1 - r1 - r3 - r4 - h2",
        ),
        ({"does": {"r2": "End"}}, "r2 did route, not End"),
        ({"does": {"r3": "End"}}, "r3 did not see the packet, not End"),
        ({"share": {"r2": 0.5}}, "100% of the flows went over r2, not about 50%"),
    ],
)
def test_expectation_that_does_not_hold_fails(player: Player, expected: dict[str, Any], message: str) -> None:
    way = {"from": "h1", "to": "h2"}
    with pytest.raises(Failed) as caught:
        player.run([{"path": way}, {"flows": {**way, "count": 4}}, {"expect": expected}])
    assert str(caught.value) == message


@pytest.mark.parametrize(
    ("step", "message"),
    [
        ("ping", "scenario, step 1: one of say, ping, path, flows, apply, expect is needed, not 'ping'"),
        ({"jump": 1}, "scenario, step 1: one of say, ping, path, flows, apply, expect is needed, not {'jump': 1}"),
        ({"ping": "h1"}, "scenario, step 1 (ping): {from: HOST, to: HOST or address} is needed; hosts are h1, h2"),
        ({"apply": []}, "scenario, step 1 (apply): {ROUTER: {policies: ..., steering: ...}} is needed"),
        ({"apply": {"r1": [1]}}, "scenario, step 1 (apply): r1: a mapping is needed, not [1]"),
        (
            {"expect": {"way": []}},
            "scenario, step 1 (expect): "  # noqa: ISC004
            "{path: [NODE, ...]}, {does: {NODE: BEHAVIOUR}} or {share: {NODE: 0.5}} is needed",
        ),
    ],
)
def test_step_that_makes_no_sense(player: Player, step: Any, message: str) -> None:
    with pytest.raises(TopologyError) as caught:
        player.run([step])
    assert str(caught.value) == message


def test_invalid_router_starts_nothing() -> None:
    sids = [{"sid": "fcbb:bb00:2:5::/64", "behavior": "End.DT46", "vrf": "green"}]
    topology = read_topology({"routers": {"r1": {}, "r2": {"sids": sids}}, "links": ["r1 -- r2"]})
    with pytest.raises(TopologyError, match=r"^router r2: .*green"):
        Network(topology)


def test_every_router_runs_the_program_that_is_given(tmp_path: Path) -> None:
    full = artifacts.find()
    other = artifacts.Artifacts("other", tmp_path / "other.json", full.p4info, full.manifest)
    other.json.write_bytes(full.json.read_bytes() + b"\n")
    topology = read_topology({"routers": {"r1": {}, "r2": {}}, "links": ["r1 -- r2"]})
    with Network(topology, other) as network:
        for name in topology.routers:
            with Client(network.server(name), device_id=network.nodes[name].device_id) as client:
                assert Program.read(other).runs_on(client)
