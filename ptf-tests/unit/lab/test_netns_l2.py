# SPDX-License-Identifier: Apache-2.0
"""One Ethernet between Linux hosts in namespaces: a VPLS of three sites and an E-Line; ping, ARP, neighbour discovery
and TCP through them."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from unit.lab.test_netns import BMV2, MISSING, SLOW, Lab

from srv6cp.cli.main import main

pytestmark = [pytest.mark.root, pytest.mark.skipif(MISSING is not None, reason=str(MISSING))]
BYTES = 100_000
SERVER = """
import socket
with socket.create_server(("{address}", 5201), family=socket.{family}) as server:
    print("listening", flush=True)
    with server.accept()[0] as one:
        total = 0
        while data := one.recv(65536):
            total += len(data)
        one.sendall(str(total).encode())
"""
CLIENT = """
import socket
with socket.create_connection(("{address}", 5201), timeout=50) as one:
    one.sendall(bytes({bytes}))
    one.shutdown(socket.SHUT_WR)
    print(one.recv(100).decode())
"""
HOSTS = {"vpls": {"h1": "11", "h2": "12", "h3": "13"}, "l2": {"h1": "11", "h2": "12"}}
ADDRESSES = {"AF_INET": "10.0.7.{}", "AF_INET6": "2001:db8:7::{}"}


@pytest.fixture(scope="module", params=["softswitch", BMV2])
def switch(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module", params=["vpls", "l2"])
def lab(request: pytest.FixtureRequest, switch: str) -> Iterator[tuple[Lab, str]]:
    """The topology, up, its scenario played: it pings by both families."""
    topology = str(request.param)
    with tempfile.TemporaryDirectory(prefix="lab-") as folder:
        made = Lab(f"t{os.getpid()}{topology}", Path(folder), switch)
        try:
            made.up(topology)
            yield made, topology
        finally:
            made.run("down", made.name)


def started(lab: Lab, host: str, *words: str) -> subprocess.Popen[str]:
    """A command on a host."""
    from srv6lab import namespaces

    return namespaces.inside(
        f"srv6-{lab.name}-{host}", lambda: subprocess.Popen(words, stdout=subprocess.PIPE, text=True)
    )


def on(lab: Lab, host: str, *words: str) -> str:
    """What it prints."""
    process = started(lab, host, *words)
    out, _ = process.communicate(timeout=SLOW)
    assert process.returncode == 0, (host, words, out)
    return out


def mac(lab: Lab, host: str) -> str:
    """The Ethernet address of a host."""
    links = json.loads(on(lab, host, "ip", "-j", "link", "show"))
    return str(next(link["address"] for link in links if link["ifname"] != "lo"))


def test_hosts_are_neighbours(lab: tuple[Lab, str]) -> None:
    """Everybody has everybody's own Ethernet address, by ARP and by neighbour discovery."""
    if shutil.which("ping") is None:
        pytest.skip("ping is not installed")
    made, topology = lab
    macs = {host: mac(made, host) for host in HOSTS[topology]}
    for other in macs.keys() - {"h1"}:
        for form in ADDRESSES.values():
            address = form.format(HOSTS[topology][other])
            assert "bytes from" in on(made, "h1", "ping", "-c", "2", "-i", "0.2", "-W", "5", address)
            for host, known in (("h1", other), (other, "h1")):
                address = form.format(HOSTS[topology][known])
                assert f"lladdr {macs[known]}" in on(made, host, "ip", "neigh", "show", "to", address)


def test_tcp(lab: tuple[Lab, str]) -> None:
    """Between hosts that are far apart, in segments as long as the Ethernet takes; IPv4 here and IPv6 there."""
    made, topology = lab
    *_, last = HOSTS[topology]
    family = {"vpls": "AF_INET", "l2": "AF_INET6"}[topology]
    address = ADDRESSES[family].format(HOSTS[topology][last])
    if shutil.which("iperf3") is not None:
        server = started(made, last, "iperf3", "-s", "-1", "-B", address, "--forceflush")
        client: tuple[str, ...] = ("iperf3", "-J", "-t", "1", "-c", address)
    else:
        server = started(made, last, sys.executable, "-c",
                            SERVER.format(address=address, family=family))  # fmt: skip
        client = (sys.executable, "-c", CLIENT.format(address=address, bytes=BYTES))
    try:
        assert server.stdout is not None
        while "listening" not in (line := server.stdout.readline()):
            assert line, "the server has ended"
        said = on(made, "h1", *client)
    finally:
        server.kill()
        server.communicate()
    found = json.loads(said)["end"]["sum_received"]["bytes"] if said.startswith("{") else int(said)
    assert found >= BYTES


def learned(lab: Lab) -> dict[str, tuple[Any, ...]]:
    """Where r1 has which host: port, remote, SID."""
    macs = {mac(lab, host): host for host in HOSTS["vpls"]}
    rows = json.loads(lab("edit", lab.name, "r1", "mac", "show", "--json", "bridge", "lan"))
    return {macs[row["mac"]]: (row["port"], row["remote"], row["sid"]) for row in rows if row["mac"] in macs}


def test_what_the_routers_have_learned(lab: tuple[Lab, str], capsys: pytest.CaptureFixture[str]) -> None:
    """`srv6 mac show` of a router has each host where it is; what is flushed is learned again."""
    made, topology = lab
    if topology != "vpls":
        pytest.skip("an E-Line learns nothing")
    everybody = {
        "h1": (3, None, None),
        "h2": (None, "r2", "fcbb:bb00:2:d20::"),
        "h3": (None, "r3", "fcbb:bb00:3:d20::"),
    }
    assert learned(made) == everybody
    routers = made.state()["routers"]
    assert isinstance(routers, dict)
    here = ["--grpc-addr", routers["r1"]["address"], "--device-id", str(routers["r1"]["device-id"])]
    assert main(["mac", "flush", "remote", "r2", "-c", routers["r1"]["file"], *here]) == 0
    assert "1 learned addresses forgotten" in capsys.readouterr().out
    end = time.monotonic() + SLOW
    while learned(made) != everybody:  # while the controller takes the switch back, it is not told of any
        on(made, "h2", "ping", "-c", "1", "-W", "5", ADDRESSES["AF_INET"].format(HOSTS["vpls"]["h1"]))
        assert time.monotonic() < end
