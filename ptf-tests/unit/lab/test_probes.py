# SPDX-License-Identifier: Apache-2.0
"""Ping and traceroute along segments, from hosts and routers of a network in one process (RFC 9259 A.1, A.2)."""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator

import pytest

from srv6cp.cli import probing
from srv6cp.cli.exitcodes import UsageError
from srv6lab import probes
from srv6lab.loader import load_topology
from srv6lab.network import Network
from srv6lab.topology import Topology


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
    return probes.run(network, verb, parser.parse_args(words))


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
    "words", [("h1", "nowhere"), ("h9", "r4"), ("h1", "ff02::1"), ("h1", "r4", "--via", "1.2.3.4")]
)
def test_what_makes_no_sense(network: Network, words: tuple[str, ...]) -> None:
    with pytest.raises(UsageError):
        _run(network, "ping", *words)
