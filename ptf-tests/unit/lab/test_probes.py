# SPDX-License-Identifier: Apache-2.0
"""Ping and traceroute along segments, from hosts and routers of a network in one process (RFC 9259 A.1, A.2)."""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator

import pytest

from srv6cp.cli import probing
from srv6cp.cli.exitcodes import UsageError
from srv6cp.packets.probes import Probe
from srv6lab import probes
from srv6lab.loader import load_topology
from srv6lab.network import Network
from srv6lab.scenario import Failed, Player
from srv6lab.shell import Shell
from srv6lab.topology import Topology, UnknownName


@pytest.fixture(scope="module", params=["usid", "replace-csid"])
def compressed(request: pytest.FixtureRequest) -> Iterator[Network]:
    """A network with NEXT-C-SIDs, one with REPLACE-C-SIDs."""
    with Network(load_topology(request.param)) as made:
        yield made


@pytest.fixture(scope="module")
def network() -> Iterator[Network]:
    topology: Topology = load_topology("quickstart")
    with Network(topology) as made:
        yield made


def _run(network: Network, verb: str, *words: str) -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("node")
    parser.add_argument("target")
    probing.add_options(parser, traceroute=verb == "traceroute")
    return probes.run(probes.OfLab(network), verb, parser.parse_args(words))


def _end_sid(network: Network, router: str) -> str:
    return next(str(sid.prefix.network_address) for sid in network.nodes[router].sids if sid.behaviour == "End")


@pytest.mark.parametrize("node", ["h1", "r1"])
def test_ping_of_a_sid(network: Network, node: str, capsys: pytest.CaptureFixture[str]) -> None:
    """OAM-4: the reply comes from the SID."""
    target = _end_sid(network, "r3")
    assert _run(network, "ping", node, target, "-c", "2", "-i", "0", "--json") == 0
    said = json.loads(capsys.readouterr().out)
    assert (said["transmitted"], said["received"], said["loss_percent"]) == (2, 2, 0.0)
    assert {row["from"] for row in said["probes"]} == {target}
    assert said["probes"][0]["node"] == "r3 End"
    assert said["rtt_ms"]["min"] <= said["rtt_ms"]["avg"] <= said["rtt_ms"]["max"]


@pytest.mark.parametrize("node", ["h1", "r1"])
def test_ping_along_segments(network: Network, node: str, capsys: pytest.CaptureFixture[str]) -> None:
    via = ",".join(_end_sid(network, router) for router in ("r2", "r3"))
    assert _run(network, "ping", node, "r4", "--via", via, "-c", "1") == 0
    out = capsys.readouterr().out
    assert f"via {via.replace(',', ', ')}" in out
    assert "1 packets transmitted, 1 received, 0% packet loss" in out


def test_names_along_the_way_are_sids(network: Network, capsys: pytest.CaptureFixture[str]) -> None:
    """A router in ``--via`` is its End, as in a topology, which names other SIDs as well; the target is an address."""
    topology = network.topology
    first, second = _end_sid(network, "r2"), topology.segment("r3/End")
    assert _run(network, "ping", "h1", "r4", "--via", "r2,r3/End", "-c", "1") == 0
    out = capsys.readouterr().out
    assert out.startswith(f"PING {topology.routers['r4'].source} via {first}, {second} from ")
    assert _run(network, "ping", "h1", "r3/End", "-c", "1") == 0
    assert capsys.readouterr().out.startswith(f"PING {second} from ")


@pytest.mark.parametrize("via", ["r9", "h1", "r2/End.DX9", "1.2.3.4"])
def test_names_that_are_no_sids(network: Network, via: str) -> None:
    with pytest.raises(UnknownName, match=f"segment '{via}'"):
        _run(network, "ping", "h1", "r4", "--via", via, "-c", "1")


@pytest.mark.parametrize("node", ["h1", "r1"])
@pytest.mark.parametrize("icmp", [(), ("-I",)])
def test_traceroute_names_hops_and_behaviours(
    network: Network, node: str, icmp: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    """OAM-5: Time Exceeded from each node on the way, with the active segment; code 4 or a reply at the SID."""
    first, last = _end_sid(network, "r2"), _end_sid(network, "r3")
    assert _run(network, "traceroute", node, last, "--via", first, "-q", "1", "--json", *icmp) == 0
    said = json.loads(capsys.readouterr().out)
    assert said["reached"]
    hops = [hop["probes"][0] for hop in said["hops"]]
    nodes = [row["node"] for row in hops]
    assert nodes[-1] == "r3 End" and "r2 End" in nodes
    expected = "echo reply" if icmp else "upper layer not allowed at the SID"
    assert hops[-1]["says"].startswith(expected)
    assert all(row["expired"] for row in hops[:-1])


def test_no_answer(network: Network, capsys: pytest.CaptureFixture[str]) -> None:
    assert _run(network, "ping", "h1", "2001:db8:dead::1", "-c", "1", "-W", "0.3") == 1
    out = capsys.readouterr().out
    assert "100% packet loss" in out


def test_interrupted(network: Network, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """Ctrl-C ends with the statistics, and the exit code says whether there were answers."""

    def interrupt(_seconds: float) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(probing.time, "sleep", interrupt)
    assert _run(network, "ping", "h1", "r4") == 0
    assert "1 packets transmitted, 1 received" in capsys.readouterr().out


@pytest.mark.parametrize(
    "words", [("h1", "nowhere"), ("h9", "r4"), ("h1", "ff02::1"), ("h1", "r4", "--via", "ff02::1")]
)
def test_what_makes_no_sense(network: Network, words: tuple[str, ...]) -> None:
    with pytest.raises(UsageError):
        _run(network, "ping", *words)


# --- compressed SIDs ------------------------------------------------------------------------------------------------

#: By topology: segments and a target, the list that a headend makes of them, and what the target sees as destination.
PACKED = {
    "usid": (["r2/uN", "r3/uN"], "r5/End.DT46", ["fcbb:bb00:2:3:5:d046::"], "fcbb:bb00:5:d046::"),
    "replace-csid": (
        ["fcbb:bb00:2:1::", "fcbb:bb00:4:1::"],
        "fcbb:bb00:5:6::",
        ["fcbb:bb00:2:1::", "::5:6:4:1"],
        "fcbb:bb00:5:6::2",
    ),
}


@pytest.mark.parametrize("node", ["h1", "r1"])
def test_packed_as_a_headend_does(compressed: Network, node: str, capsys: pytest.CaptureFixture[str]) -> None:
    """RFC 9800 6.5: the checksum is over the destination that the last node sees, so there is an answer."""
    via, target, packed, arrives_at = PACKED[compressed.topology.name]
    assert _run(compressed, "ping", node, target, "--via", ",".join(via), "--packed", "-c", "1", "--json") == 0
    said = json.loads(capsys.readouterr().out)
    assert (said["packed"], said["received"]) == (packed, 1)
    assert len(said["segments"]) == len(via) + 1
    if len(packed) == 1 or arrives_at != packed[-1]:
        assert said["arrives_at"] == arrives_at


@pytest.mark.parametrize("icmp", [(), ("-I",)])
def test_a_container_as_target(compressed: Network, icmp: tuple[str, ...], capsys: pytest.CaptureFixture[str]) -> None:
    """A list that somebody has packed, each hop with the behaviour of its C-SID."""
    _, _, packed, arrives_at = PACKED[compressed.topology.name]
    *via, target = packed
    words = ["--via", ",".join(via)] if via else []
    assert _run(compressed, "traceroute", "h1", target, *words, "-q", "1", "--json", *icmp) == 0
    said = json.loads(capsys.readouterr().out)
    assert said["reached"] and said["arrives_at"] == arrives_at and "packed" not in said
    hops = [hop["probes"][0]["node"] for hop in said["hops"]]
    kind = "NEXT" if compressed.topology.name == "usid" else "REPLACE"
    assert f"r2 End with {kind}-CSID" in hops
    assert hops[-1].startswith("r5 End.DT46")


def test_an_address_inside_a_csid_is_none(network: Network, compressed: Network) -> None:
    """The address of a node in the prefix of its uN is no container."""
    assert _run(compressed, "ping", "h1", "r4", "-c", "1", "-q") == 0


def test_what_cannot_be_packed(compressed: Network) -> None:
    """CS-13: behind a REPLACE-C-SID comes a C-SID of its length, and an address is none. As it is, it is sent."""
    via, _, _, _ = PACKED[compressed.topology.name]
    words = ("ping", "h1", "2001:db8:2::2", "--via", via[0], "-c", "1", "-W", "0.3", "-q")
    if compressed.topology.name == "usid":
        assert _run(compressed, *words, "--packed") == 0
        return
    with pytest.raises(UsageError, match="REPLACE-C-SID"):
        _run(compressed, *words, "--packed")
    assert _run(compressed, *words) == 1


# --- a shell, and a lab of another process --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("ping r1 r4 --via r2,r3 -c 1", "1 packets transmitted, 1 received"),
        ("ping r1 r3/End", "3 packets transmitted, 3 received"),
        ("ping h1 h2", "h1 pings h2"),
        ("traceroute h1 r3/End --via r2 -q 1", "(r2 End) at"),
    ],
)
def test_lines_of_the_shell(network: Network, line: str, expected: str) -> None:
    said: list[str] = []
    Shell(Player(network, said.append)).run_line(line)
    assert expected in "\n".join(said)


@pytest.mark.parametrize(
    ("line", "error", "message"),
    [
        ("traceroute h1", UsageError, "required: TARGET; usage: traceroute NODE TARGET"),
        ("traceroute h1 nowhere", UsageError, "target 'nowhere': neither an address nor a node"),
        ("ping r9 r1 -c 1", UsageError, "no node 'r9'"),
        ("ping r1 2001:db8:dead::1 -c 1 -W 0.2", Failed, "the target did not answer"),
    ],
)
def test_mistakes_in_the_shell(network: Network, line: str, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        Shell(Player(network, lambda _: None)).run_line(line)


def test_probes_go_to_another_process_and_back() -> None:
    probe = Probe(bytes(16), (bytes(range(16)), bytes(16)), 7, 8, 9, 10, True, 0x20, bytes(range(16)))
    assert probes.from_json(json.loads(json.dumps(probes.to_json(probe)))) == probe
