# SPDX-License-Identifier: Apache-2.0
"""``srv6 telemetry show``, and what ``srv6 trace`` says of a packet with these options."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from harness import wire
from softswitch.switch import SoftSwitch
from srv6cp.cli.main import main

NODE = """\
node: r1
source: "fcbb:bb00:1::1"
ports:
  1: {addresses: ["2001:db8:1::1/64"], mac: "02:00:00:00:00:01"}
  2: {addresses: ["2001:db8:2::1/64"]}
neighbors: [{address: "2001:db8:2::2", port: 2, mac: "02:00:00:00:00:99"}]
routes: [{prefix: "2001:db8:9::/48", via: "2001:db8:2::2"}]
policies: [{name: sent, encap: {path-tracing: 77}, segments: ["2001:db8:2::2"]}]
steering: [{prefix: "2001:db8:a::/48", policy: sent}]
telemetry:
  path-tracing: [{interface: 2, id: 17, load: 3, template: 1}]
  alternate-marking: [{flow: 0x12345, ports: [1]}]
"""
HOST, TARGET = "2001:db8:1::2", "2001:db8:9::1"


def test_other_programs_measure_nothing(switch: SoftSwitch, node: Path, capsys: pytest.CaptureFixture[str]) -> None:
    node.write_text("node: r1\n")
    assert main(["apply", str(node), "--grpc-addr", switch.address, "--profile", "edge"]) == 0
    capsys.readouterr()
    assert main(["telemetry", "show", "-c", str(node), "--grpc-addr", switch.address]) == 1
    assert "profiles that have it: telemetry" in capsys.readouterr().err


def test_what_was_counted(switch: SoftSwitch, node: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Counters of the flow by colour, the interfaces, the sources; with --all the colours that no packet had."""
    words = ["-c", str(node), "--grpc-addr", switch.address]
    assert main(["apply", str(node), "--grpc-addr", switch.address, "--profile", "telemetry"]) == 0
    marking = b"\x12\x04" + (0x12345 << 12 | 1 << 11).to_bytes(4, "big")
    packet = wire.ip6(HOST, TARGET, wire.hbh(wire.udp(b"data", between=(HOST, TARGET)), marking))
    frame = bytes(wire.ether(packet, dst="02:00:00:00:00:01", src="02:00:00:00:00:02"))
    for _ in range(3):
        switch.inject(1, frame)
    capsys.readouterr()
    assert main(["telemetry", "show", *words, "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert said["alternate-marking"] == [
        {"flow": 0x12345, "port": 1, "loss": 1, "delay": 0, "packets": 3, "bytes": 3 * len(frame)}
    ]
    assert said["path-tracing"] == [{"interface": "2", "id": 17, "load": 3, "template": 1}]
    assert said["sources"] == [{"policy": "sent", "session": 77}]
    assert main(["telemetry", "show", *words, "--json", "--all"]) == 0
    assert len(json.loads(capsys.readouterr().out)["alternate-marking"]) == 4
    assert main(["telemetry", "show", *words]) == 0
    assert "74565" in capsys.readouterr().out
    assert main(["trace", frame.hex(), "--port", "1", *words]) == 0
    assert "alternate_marking_table" in capsys.readouterr().out
