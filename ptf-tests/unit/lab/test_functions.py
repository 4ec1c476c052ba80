# SPDX-License-Identifier: Apache-2.0
"""Network functions of a lab, and the chain of topo/sfc.yaml with them."""

from __future__ import annotations

import json

import pytest

from harness import wire
from srv6cp.cli.exitcodes import REJECTED
from srv6cp.cli.main import main
from srv6cp.problems import InvalidError
from srv6lab.functions import Nat, Shaper, Tally, read
from srv6lab.loader import load_topology
from srv6lab.network import Network
from srv6lab.scenario import Player

INSIDE, OUTSIDE, HOST = "2001:db8:2::2", "2001:db8:aa::1", "2001:db8:1::2"


def packet(src: str, dst: str, port: int = 9) -> bytes:
    return bytes(wire.ip6(src, dst, wire.udp(b"payload", dport=port, between=(src, dst))))


def test_firewall() -> None:
    firewall, tally = read({"firewall": {"deny-udp": [53]}}), Tally()
    assert tally.of(firewall, packet(HOST, INSIDE)) == packet(HOST, INSIDE)
    assert tally.of(firewall, packet(HOST, INSIDE, 53)) is None
    assert str(tally) == "1 passed, 1 dropped"


def test_shaper() -> None:
    now = [0.0]
    shaper = Shaper(8000, 100, lambda: now[0])
    assert shaper(bytes(100)) is not None
    assert shaper(bytes(1)) is None
    now[0] = 0.05  # 50 bytes more
    assert shaper(bytes(50)) is not None
    assert shaper(bytes(1)) is None


def test_nat_in_both_directions() -> None:
    nat = Nat({OUTSIDE: INSIDE, "203.0.113.1": "10.0.2.2"})
    assert nat(packet(HOST, OUTSIDE)) == packet(HOST, INSIDE)
    assert nat(packet(INSIDE, HOST)) == packet(OUTSIDE, HOST)
    four = [
        bytes(wire.ip4("10.0.1.2", to, wire.udp(b"x", between=("10.0.1.2", to)))) for to in ("203.0.113.1", "10.0.2.2")
    ]
    assert nat(four[0]) == four[1]


@pytest.mark.parametrize(
    "wrong", ["router", {"firewall": {"deny": [1]}}, {"shaper": {}}, {"counter": {}, "nat": {}}, 3]
)
def test_what_is_no_function(wrong: object) -> None:
    with pytest.raises(InvalidError):
        read(wrong)


def test_the_chain_of_srext(capsys: pytest.CaptureFixture[str]) -> None:
    """The scenario; then one's own function takes the place of one, and what it drops is lost; what is cached is shown,
    and flushed, which takes the switch from its controller."""
    topology = load_topology("sfc")
    said: list[str] = []
    with Network(topology) as network:
        Player(network, said.append).run(topology.scenario)
        assert any("client pings server: no answer" in line for line in said)
        before = {name: tally.passed for name, tally in network.functions().items()}
        seen: list[bytes] = []
        network.hosts["fw"].function = lambda each: seen.append(each)  # type: ignore[func-returns-value]
        client = network.hosts["client"]
        client.send_ip(client.udp(INSIDE, b"to a function of one's own"))
        for controller in network.controllers.values():
            controller.settle()
        assert [each[-26:] for each in seen] == [b"to a function of one's own"]
        after = network.functions()
        assert after["fw"].dropped == 1 and after["shape"].passed == before["shape"]
        of_nfv = ["-c", str(network.file("nfv")), "--grpc-addr", network.server("nfv")]
        capsys.readouterr()
        assert main(["service", "show", "--json", *of_nfv]) == 0
        cached = {row["service"]: row["cached"] for row in json.loads(capsys.readouterr().out)}
        assert cached["shape"] == ["(fcbb:bb00:2::1,fcbb:bb00:3:d046::)"]
        assert cached["fw"][0].startswith("(fcbb:bb00:1::1,fcbb:bb00:2:a5::)(fcbb:bb00:3:d046::,fcbb:bb00:2:a5::,")
        assert main(["service", "flush", *of_nfv]) == REJECTED
        assert main(["service", "flush", "--force", "fw", *of_nfv]) == 0
        assert capsys.readouterr().out == "1 caches flushed\n"
