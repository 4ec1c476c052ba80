# SPDX-License-Identifier: Apache-2.0
"""``srv6 mac``, ``srv6 bridge fdb`` and ``srv6 bridge show``: addresses of a switch whose controller learns them."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from softswitch.switch import SoftSwitch
from srv6cp import rundir
from srv6cp.cli import cmd_mac
from srv6cp.cli.main import main
from srv6cp.config import load_node
from srv6cp.controller import macages
from srv6cp.controller.bridging import Ages
from srv6cp.controller.loop import ControllerOptions, NodeController
from srv6cp.p4rt import Client

NODE = """\
node: r1
locator: "fcbb:bb00:1::/48"
source: "fcbb:bb00:1::1"
ports:
  1: {mode: l2, interface: eth1}
  2: {addresses: ["2001:db8:2::1/64"], mac: "02:00:00:00:00:02"}
neighbors: [{address: "2001:db8:2::2", port: 2, mac: "02:00:00:00:00:99"}]
routes: [{prefix: "fcbb:bb00:2::/48", via: "2001:db8:2::2"}]
sids:
  - {sid: "fcbb:bb00:1:d20::/64", behavior: End.DT2U, bridge: lan}
policies:
  - {name: u2, encap: {mode: l2encap.red}, segments: ["fcbb:bb00:2::", "fcbb:bb00:2:d20::"]}
  - {name: m2, encap: {mode: l2encap.red}, segments: ["fcbb:bb00:2:d21::"]}
bridges:
  - name: lan  # all of it
    circuits: [{port: 1}, {port: 2, vlan: 100}]
    remotes: [{name: pe2, source: "fcbb:bb00:2::1", unicast: u2, flood: m2}]
    static: [{mac: "02:aa:00:00:00:01", at: pe2}]
"""
ONE, FAR = "02:aa:00:00:00:11", "02:aa:00:00:00:01"
EMPTY = {"vlan": None, "port": None, "remote": None, "sid": None}


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    found = tmp_path / "run"
    found.mkdir(mode=0o755)
    monkeypatch.setattr(rundir, "_candidates", lambda: [found])
    monkeypatch.setattr(rundir, "own", lambda: found)
    return found


class Bed:
    """A switch, its controller, and commands."""

    def __init__(self, switch: SoftSwitch, node: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.node, self.switch, self._capsys = node, switch, capsys
        self.client = Client(switch.address, device_id=1, election_id=9)
        options = ControllerOptions(mac_ages=macages.own_file(1, switch.address))
        self.controller = NodeController(self.client, load_node(node), options)
        self.controller.start()

    def learn(self, *macs: str, port: int = 1, tag: bytes = b"") -> None:
        """Have these send until they are known: while a command has the switch, nobody is told of them."""
        sources = [bytes.fromhex(mac.replace(":", "")) for mac in macs]

        def known() -> bool:
            there = {mac for _, mac in self.controller.addresses().seen}
            for source in sources:
                self.switch.inject(port, b"\xff" * 6 + source + tag + b"\x88\xb5" + bytes(46))
            return there >= {int.from_bytes(source, "big") for source in sources}

        self.eventually(known)

    def run(self, *words: str, code: int = 0) -> str:
        options = ["-c", str(self.node), "--grpc-addr", self.switch.address]
        assert main([*words, *options]) == code
        said = self._capsys.readouterr()
        return said.out if code == 0 else said.err

    def rows(self, *words: str) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = json.loads(self.run(*words, "--json"))
        return found

    def macs(self, *words: str) -> list[str]:
        return [row["mac"][-2:] for row in self.rows("mac", "show", *words)]

    @staticmethod
    def eventually(condition: Any) -> None:
        end = time.monotonic() + 60
        while not condition():
            assert time.monotonic() < end
            time.sleep(0.01)

    def close(self) -> None:
        self.controller.stop()
        self.client.close()


@pytest.fixture
def bed(switch: SoftSwitch, node: Path, folder: Path, capsys: pytest.CaptureFixture[str]) -> Iterator[Bed]:
    found = Bed(switch, node, capsys)
    yield found
    found.run("mac", "flush")  # the switch is that of the next test, too
    found.close()


def test_what_is_learned_and_what_is_configured(bed: Bed) -> None:
    bed.learn(ONE)
    bed.learn("02:aa:00:00:00:12", port=2, tag=b"\x81\x00\x00\x64")
    first, second, static = sorted(bed.rows("mac", "show"), key=lambda row: (row["type"], row["mac"]))
    assert 0 <= first.pop("age") < 60
    assert first.pop("packets") >= 0
    assert first == {**EMPTY, "bridge": "lan", "mac": ONE, "port": 1, "type": "dynamic"}
    assert (second["mac"], second["port"], second["vlan"]) == ("02:aa:00:00:00:12", 2, 100)
    remote = {"remote": "pe2", "sid": "fcbb:bb00:2:d20::"}
    assert static == {**EMPTY, **remote, "bridge": "lan", "mac": FAR, "type": "static", "age": None, "packets": 0}
    there = [row["mac"] for row in bed.rows("bridge", "fdb", "show", "br", "lan")]
    assert there == [row["mac"] for row in bed.rows("mac", "list")]
    header, *lines = bed.run("mac", "show").splitlines()
    assert header.split() == ["bridge", "mac", "vlan", "port", "remote", "sid", "type", "age", "packets"]
    assert len(lines) == 3


@pytest.mark.parametrize(
    ("words", "found"),
    [
        ("bridge lan", ["01", "11", "12"]),
        ("br other", []),
        ("port 1", ["11"]),
        ("dev eth1", ["11"]),
        ("brport 2.100", ["12"]),
        ("vlan 100", ["12"]),
        ("remote pe2", ["01"]),
        ("sid fcbb:bb00:2:d20:0::", ["01"]),
        ("dst fcbb:bb00:2::1", ["01"]),
        ("dynamic", ["11", "12"]),
        ("permanent", ["01"]),
        ("02:AA:00:00:00:11", ["11"]),
        ("dynamic port 2", ["12"]),
    ],
)
def test_which_are_shown(bed: Bed, words: str, found: list[str]) -> None:
    bed.learn(ONE)
    bed.learn("02:aa:00:00:00:12", port=2, tag=b"\x81\x00\x00\x64")
    assert bed.macs(*words.split()) == found


def test_flushed_ones_are_learned_again(bed: Bed) -> None:
    bed.learn(ONE, "02:aa:00:00:00:13")
    bed.learn("02:aa:00:00:00:12", port=2, tag=b"\x81\x00\x00\x64")
    assert bed.rows("bridge", "fdb", "flush", "dev", "2", "vlan", "100") == {"flushed": 1}  # type: ignore[comparison-overlap]
    assert bed.macs() == ["01", "11", "13"]
    bed.eventually(lambda: bed.controller.addresses().learned == 2)  # the controller has looked, too
    bed.learn("02:aa:00:00:00:12", port=2, tag=b"\x81\x00\x00\x64")
    assert bed.run("mac", "flush") == "3 learned addresses forgotten\n"
    assert bed.macs() == ["01"]
    assert "static addresses are configured" in bed.run("mac", "flush", "static", code=2)


def test_static_ones_are_in_the_node_file(bed: Bed) -> None:
    bed.run("mac", "add", "02:aa:00:00:00:21", "port", "2", "vlan", "100", "--no-apply")
    bed.run("bridge", "fdb", "add", "02:AA:00:00:00:22", "dev", "eth1", "master", "static", "--no-apply")
    bed.run("mac", "add", "02:aa:00:00:00:23", "bridge", "lan", "remote", "pe2", "--no-apply")
    bed.run("bridge", "fdb", "replace", "02:aa:00:00:00:23", "dst", "fcbb:bb00:2::1", "--no-apply")
    bed.run("mac", "replace", FAR, "port", "1", "--no-apply")
    assert "is there already" in bed.run("mac", "add", FAR, "port", "1", "--no-apply", code=3)
    text = bed.node.read_text()
    assert "# all of it" in text
    static = yaml.safe_load(text)["bridges"][0]["static"]
    assert static == [
        {"mac": FAR, "at": 1},
        {"mac": "02:aa:00:00:00:21", "at": "2.100"},
        {"mac": "02:aa:00:00:00:22", "at": 1},
        {"mac": "02:aa:00:00:00:23", "at": "pe2"},
    ]
    for item in static:
        bed.run("mac", "del", item["mac"], "--no-apply")
    assert "static" not in yaml.safe_load(bed.node.read_text())["bridges"][0]
    assert "has no static" in bed.run("mac", "del", FAR, "--no-apply", code=3)


def test_a_static_one_ends_what_was_learned_of_it(bed: Bed) -> None:
    bed.learn(ONE, "02:aa:00:00:00:12")
    bed.run("mac", "add", ONE, "port", "2.100", "--no-apply")
    bed.controller.apply(load_node(bed.node))
    rows = {row["mac"]: (row["port"], row["type"]) for row in bed.rows("mac", "show", "bridge", "lan")}
    assert rows[ONE] == (2, "static")
    assert rows["02:aa:00:00:00:12"] == (1, "dynamic")  # the rest stays known


@pytest.mark.parametrize(
    ("line", "code", "says"),
    [
        ("mac show 02:aa", 2, "02:aa"),
        ("mac show prt 1", 2, "unknown word 'prt'"),
        ("mac show port", 2, "the value of 'port' is missing"),
        ("mac show port nowhere", 2, "cannot find device 'nowhere'; valid: 1, 2, eth1"),
        ("mac show vlan 1 vlan 2", 2, "'vlan' is given twice"),
        ("mac add port 1", 2, "a MAC address is missing"),
        ("mac add 02:aa:00:00:00:21", 2, "one of 'port' and 'remote' is needed"),
        ("mac add 02:aa:00:00:00:21 port 1 remote pe2", 2, "one of 'port' and 'remote' is needed"),
        ("mac add 02:aa:00:00:00:21 port 1 dynamic", 2, "dynamic addresses are learned"),
        ("mac add 02:aa:00:00:00:21 bridge x port 1", 3, "no bridge x; there are: lan"),
        ("mac add 02:aa:00:00:00:21 remote pe9", 3, "unknown circuit or remote 'pe9'; valid: 1, 2.100, pe2"),
        ("mac add 02:aa:00:00:00:21 dst 2001:db8::9", 2, "no remote of lan has the source address 2001:db8::9"),
        ("mac del 02:aa:00:00:00:99", 3, "lan has no static 02:aa:00:00:00:99"),
    ],
)
def test_errors_name_what_is_valid(
    node: Path, capsys: pytest.CaptureFixture[str], line: str, code: int, says: str
) -> None:
    options = [] if line.startswith("mac show") else ["--no-apply"]
    assert main([*line.split(), *options]) == code
    said = capsys.readouterr().err
    assert says in said and len(said.splitlines()) == 1


def test_watch_prints_again_and_again(bed: Bed, monkeypatch: pytest.MonkeyPatch) -> None:
    pauses: list[float] = []

    def sleep(seconds: float) -> None:
        pauses.append(seconds)
        if len(pauses) == 3:
            raise KeyboardInterrupt

    monkeypatch.setattr(cmd_mac.time, "sleep", sleep)  # type: ignore[attr-defined]
    assert main(["mac", "show", "--watch", "2", "--grpc-addr", bed.switch.address, "-c", str(bed.node)]) == 130
    assert pauses == [2, 2, 2]


def test_bridges_are_shown_by_names(bed: Bed) -> None:
    bed.learn(ONE)
    out = {"bridge": "lan", "vlan": None, "remote": None, "source": None, "unicast": None, "flood": None}
    assert bed.rows("bridge", "show") == [
        {**out, "port": 1, "addresses": 1},
        {**out, "port": 2, "vlan": 100, "addresses": 0},
        {**out, "port": None, "remote": "pe2", "source": "fcbb:bb00:2::1", "unicast": "u2", "flood": "m2",
         "addresses": 1},
    ]  # fmt: skip


def test_ages_are_at_most_what_the_file_says(folder: Path) -> None:
    path = macages.own_file(1, "unix:/x")
    assert path is not None
    ages = Ages({(7, 0x11): (90.0, 4), (7, 0x12): (99.0, 1)}, 2, 3, 0, ("lan",))
    macages.write(path, ages, 100.0, 1000.0)
    found = macages.read(1, "unix:/x")
    assert found is not None and (found.refused, found.full) == (3, ("lan",))
    assert found.age((7, 0x11), 4, 1005.0) == 15
    assert found.age((7, 0x11), 5, 1005.0) == 5  # counted since
    assert found.age((7, 0x13), 0, 1005.0) == 5  # learned since
    assert macages.read(2, "unix:/x") is None
    path.write_text("{")
    assert macages.read(1, "unix:/x") is None


def test_what_was_not_learned_is_said(bed: Bed, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = macages.own_file(1, bed.switch.address)
    assert path is not None
    macages.write(path, Ages({}, 0, 12, 0, ("*",)), 0.0, time.time())
    assert main(["mac", "show", "-c", str(bed.node), "--grpc-addr", bed.switch.address]) == 0
    assert "not learned for want of room: 12 times (the table of the switch is full)" in capsys.readouterr().err
