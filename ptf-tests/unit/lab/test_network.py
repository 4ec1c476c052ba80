# SPDX-License-Identifier: Apache-2.0
"""Networks in this process: every shipped topology does what its scenario says; a scenario that fails says so."""

from __future__ import annotations

import pathlib
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
import yaml

from p4rtlib.unixsockets import path_of
from srv6cp import artifacts
from srv6cp.cli import exitcodes
from srv6cp.cli.main import main
from srv6cp.p4rt import Client
from srv6cp.sync.program import Program
from srv6lab.errors import Terminated
from srv6lab.loader import load_topology, read_topology
from srv6lab.mistakes import Mistakes
from srv6lab.network import Network
from srv6lab.scenario import Failed, Player
from srv6lab.script import read_scenario
from srv6lab.shell import Shell
from srv6lab.shipped import shipped
from srv6lab.steps import Path, Ping, Step
from srv6lab.topology import TopologyError

_WORDS = (
    "cut edit fetch flow flows graph help link path ping quit receivers restart restore show steer traceroute unsteer"
)
COMMANDS = _WORDS.split()


def script(player: Player, *items: Any) -> list[Step]:
    """Steps as a topology file has them."""
    mistakes = Mistakes()
    steps = read_scenario(list(items), player.network.topology, mistakes)
    assert not mistakes.found
    return list(steps)


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


def test_routers_are_not_for_every_local_user(network: Network) -> None:
    """Who reaches a router's P4Runtime address can be its controller."""
    for router in network.topology.routers:
        path = path_of(network.server(router))
        assert (path.stat().st_mode & 0o777, path.parent.stat().st_mode & 0o777) == (0o600, 0o700)


def test_example_of_the_guide() -> None:
    """The topology in topo/README.md."""
    text = (pathlib.Path(__file__).resolve().parents[3] / "topo" / "README.md").read_text()
    text = text.split("## A file")[1]
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
    shell.onecmd("steer r1 h2 r3 r4/End.DT46")
    for family in (6, 4):
        player.path(Path("h1", "h2", family))
        assert [hop.node for hop in player.last_path] == ["h1", "r1", "r3", "r4", "h2"]
    shell.onecmd("unsteer r1")
    player.path(Path("h1", "h2"))
    assert [hop.node for hop in player.last_path] == ["h1", "r1", "r2", "r4", "h2"]
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("steer r1 h2 r9", "segment 'r9': no router 'r9'; there are r1, r2, r3, r4\n"),
        ("steer r1 h9 r2", "no host 'h9'; there are h1, h2\n"),
        ("steer r9 h2 r4/End.DT46", "no router 'r9'; there are r1, r2, r3, r4\n"),
        (
            "steer r1 h2 fcbb::zz",
            "router r1: policies[0].segment-lists[0].segments[0]: a segment must be an IPv6 address, not 'fcbb::zz'\n",
        ),
        ("steer r1", "usage: steer ROUTER HOST SEGMENT..., such as: steer r1 h2 r3 r4/End.DT46\n"),
        ("unsteer", "usage: unsteer ROUTER\n"),
        ("unsteer r9", "no router 'r9'; there are r1, r2, r3, r4\n"),
        ("path h1", "usage: path HOST HOST [-4|-6]\n"),
        ("path h1 2001:db8::1", "no host '2001:db8::1'; there are h1, h2\n"),
        ("ping h9 h2", "no host 'h9'; there are h1, h2\n"),
        ("ping h1 nobody", "'nobody' is neither a host (h1, h2) nor an address\n"),
        ("ping h1 h2 many", "count must be a number from 1 to 1000, not 'many'\n"),
        ("link r1", "usage: link NODE NODE [down|up|ideal|rate 10M|delay 20ms|loss 1% ...]\n"),
        ("link r1 r4 down", "r1 and r4 share no cable; r1 has those to r2, r3, h1\n"),
        ("link r1 r2 rate fast", "rate must be bit/s from 1k to 100G, such as 10M, not 'fast'\n"),
        ("flow start h1 h9", "no host 'h9'; there are h1, h2\n"),
        ("flow stop 99", "no flow 99 runs; there are none\n"),
        ("restart r9", "no router 'r9'; there are r1, r2, r3, r4\n"),
        (
            "dance",
            f"no command 'dance'; there are {', '.join(COMMANDS)}\n",
        ),
    ],
)
def test_shell_explains_mistakes(player: Player, capsys: pytest.CaptureFixture[str], line: str, message: str) -> None:
    assert not Shell(player).onecmd(line)
    assert capsys.readouterr().out == message


def test_shell_shows_the_names_of_sids(player: Player) -> None:
    Shell(player).onecmd("show")
    out = "\n".join(player.lines)  # type: ignore[attr-defined]
    assert "    r2/End.X/r3  fcbb:bb00:2:ea03::\n" in out
    assert "    ports: 1 to r2 up, 2 to r3 up, 3 to h1 up\n" in out
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
            player.path(Path("h1", "h2"))
        with pytest.raises(Failed, match=r"^h1 pings h2: no answer to 1 of 2 in 0\.2 s$"):
            player.ping(Ping("h1", "h2", 2))
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
        player.run(script(player, {"path": way}, {"flows": {**way, "count": 4}}, {"expect": expected}))
    assert str(caught.value) == message


def test_invalid_router_starts_nothing() -> None:
    sids = [{"sid": "fcbb:bb00:2:5::/64", "behavior": "End.DT46", "vrf": "green"}]
    with pytest.raises(TopologyError, match=r"^routers\.r2\.sids\[0\]\.vrf: .*green"):
        read_topology({"routers": {"r1": {}, "r2": {"sids": sids}}, "links": ["r1 -- r2"]})
    right = read_topology({"routers": {"r1": {}, "r2": {}}, "links": ["r1 -- r2"]})
    topology = replace(right, routers={**right.routers, "r2": replace(right.routers["r2"], extra={"sids": sids})})
    with pytest.raises(TopologyError, match=r"^router r2: .*green"):
        Network(topology)


def test_every_router_runs_the_program_that_is_given(tmp_path: pathlib.Path) -> None:
    full = artifacts.find()
    other = artifacts.Artifacts("other", tmp_path / "other.json", full.p4info, full.manifest)
    other.json.write_bytes(full.json.read_bytes() + b"\n")
    topology = read_topology({"routers": {"r1": {}, "r2": {}}, "links": ["r1 -- r2"]})
    with Network(topology, other) as network:
        for name in topology.routers:
            with Client(network.server(name), device_id=network.nodes[name].device_id) as client:
                assert Program.read(other).runs_on(client)


@pytest.mark.parametrize(
    ("name", "line", "way"),
    [
        ("vpn", "steer r1 blue2 r2 r3/End.DT46/blue", ("blue1", "blue2")),
        ("binding", "steer r1 h2 r2 r5/End.DT46", ("h1", "h2")),
    ],
)
def test_steer_takes_the_place_of_the_topology_s_own_steering(name: str, line: str, way: tuple[str, str]) -> None:
    """It was refused as "steered twice"."""
    with Network(load_topology(name)) as running:
        player = Player(running, lambda _: None)
        shell = Shell(player)
        shell.run_line(line)
        player.path(Path(*way))
        did = [hop.did for hop in player.last_path]
        assert did[1:3] == ["H.Encaps", "End (PSP)"]
        shell.run_line("unsteer r1")
        player.path(Path(*way))
        assert [hop.did for hop in player.last_path] != did


def test_steer_is_for_the_family_that_the_last_segment_takes() -> None:
    """What End.DT4 cannot take went there, too."""
    with Network(load_topology("vpn")) as running:
        player = Player(running, lambda _: None)
        Shell(player).run_line("steer r1 red2 r2 r3/End.DT4/red")
        (rule,) = (each for each in running.nodes["r1"].prefix_steering if each.policy == "steer")
        assert str(rule.prefix) == "10.0.2.0/24"
        player.ping(Ping("red1", "red2"))


def test_host_of_a_vpn_pings_the_name_in_its_own_vrf_and_family() -> None:
    """red2 was blue2's address, and one of IPv6, for which red has no way."""
    lines: list[str] = []
    with Network(load_topology("vpn")) as running:
        player = Player(running, lines.append)
        player.ping(Ping("red1", "red2"))
        assert lines[0].startswith("red1 pings red2 (10.0.2.2): 1 of 1 answered")
        player.path(Path("red1", "red2"))
        assert player.last_path[-1].node == "red2" and player.last_path[0].packet == "(red1,red2) UDP 40000>9"
        with pytest.raises(Failed, match=r"^blue1 cannot reach red2: in VRF blue, 2001:db8:2::2 is blue2$"):
            player.ping(Ping("blue1", "red2"))


def test_router_is_edited_in_the_words_of_its_command(player: Player, capsys: pytest.CaptureFixture[str]) -> None:
    shell = Shell(player)
    shell.onecmd("edit r1 policy add p segs r3,r4/End.DT46")
    shell.onecmd("edit r1 steer add 2001:db8:2::/64 policy p")
    assert [line[:4] for line in player.lines] == ["r1: ", "r1: "]  # type: ignore[attr-defined]
    player.path(Path("h1", "h2"))
    assert [hop.node for hop in player.last_path] == ["h1", "r1", "r3", "r4", "h2"]
    shell.onecmd("edit r1 policy show p")
    shell.onecmd("show r1")
    out = capsys.readouterr().out
    assert "p       encap" in out and "policy: p}" in player.lines[-1]  # type: ignore[attr-defined]
    shell.onecmd("edit r1 steer del 2001:db8:2::/64")
    shell.onecmd("edit r1 policy del p")
    player.path(Path("h1", "h2"))
    assert [hop.node for hop in player.last_path] == ["h1", "r1", "r2", "r4", "h2"]


def test_command_that_writes_to_a_lab_router_past_its_controller_is_refused(
    network: Network, capsys: pytest.CaptureFixture[str]
) -> None:
    """It wrote, said so, and the controller took it back."""
    file, server = network.file("r1"), network.server("r1")
    before = network.controllers["r1"].status()
    assert main(["apply", str(file), "--grpc-addr", server]) == exitcodes.REJECTED
    assert "another controller is primary" in capsys.readouterr().err
    after = network.controllers["r1"].status()
    assert (after.role, after.election_id, after.reconciliations) == (
        "primary",
        before.election_id,
        before.reconciliations,
    )


def test_cut_cable_takes_the_link_from_both_ends(player: Player, network: Network) -> None:
    assert all(port.up for port in network.ports("r1").values())
    player.run(script(player, {"cut": "r1 -- r2"}))
    assert [str(port) for port in network.ports("r1").values()] == ["to r2 down (cable cut)", "to r3 up", "to h1 up"]
    assert not network.ports("r2")[1].up
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("srv6lab.scenario.PATIENCE", 0.2)
        with pytest.raises(Failed):
            player.ping(Ping("h1", "fcbb:bb00:2::1"))
    Shell(player).run_line("restore r2 r1")
    assert all(port.up for router in ("r1", "r2") for port in network.ports(router).values())
    player.ping(Ping("h1", "fcbb:bb00:2::1"))


def test_interrupt_at_the_prompt_clears_the_line_and_keeps_the_network(
    player: Player, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ctrl-C in a half-typed line ended the shell, and the network with it."""
    typed: list[str | type[BaseException]] = [KeyboardInterrupt, "graph", KeyboardInterrupt, "quit"]

    def read(_prompt: str) -> str:
        word = typed.pop(0)
        if isinstance(word, str):
            return word
        raise word

    monkeypatch.setattr("builtins.input", read)
    Shell(player).cmdloop()
    out = capsys.readouterr().out
    assert typed == [] and out.count("(`quit` or Ctrl-D leaves)") == 2
    assert "  h1 -- r1 port 3" in player.lines[-1]  # type: ignore[attr-defined]
    assert out.count("Commands: ") == 1


def test_interrupt_ends_a_command_and_termination_the_shell(player: Player, monkeypatch: pytest.MonkeyPatch) -> None:
    raised: list[type[BaseException]] = [KeyboardInterrupt, Terminated]

    def interrupted(*_: object) -> None:
        raise raised.pop(0)

    monkeypatch.setattr(player.network, "ping", interrupted)
    lines = iter(["ping h1 h2", "ping h1 h2"])
    monkeypatch.setattr("builtins.input", lambda _prompt: next(lines))
    with pytest.raises(Terminated):
        Shell(player).cmdloop()
    assert raised == []
