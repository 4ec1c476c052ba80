# SPDX-License-Identifier: Apache-2.0
"""Networks of namespaces, with the commands that a user types: real ping and iperf3 through both switches."""

from __future__ import annotations

import io
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path

import pytest

from harness import testbed
from srv6cp.artifacts import DEFAULT
from srv6cp.cli.main import main
from srv6lab import control
from srv6lab.shipped import shipped

RUN = Path("/var/run/netns")
TCP_LISTEN = "0A"  # in /proc/net/tcp6
SLOW = 60.0  # s; for a busy machine


def _missing() -> str | None:
    """Why no network of namespaces can be made here."""
    if reason := testbed.veth_missing():
        return reason
    from srv6lab import namespaces

    scratch = f"srv6-test-{os.getpid()}"
    try:
        namespaces.create(scratch)
    except OSError as error:
        return f"network namespaces cannot be made: {error}"
    namespaces.clear([scratch])
    return None


MISSING = _missing()
pytestmark = [pytest.mark.root, pytest.mark.skipif(MISSING is not None, reason=str(MISSING))]
BMV2 = pytest.param(
    "bmv2",
    marks=[
        pytest.mark.bmv2,
        pytest.mark.skipif(testbed.bmv2_missing() is not None, reason=str(testbed.bmv2_missing())),
    ],
)


@dataclass(frozen=True)
class Lab:
    """A lab and the command line for it."""

    name: str
    folder: Path
    switch: str

    def start(self, *words: str) -> subprocess.Popen[str]:
        """Start ``srv6 lab WORDS``."""
        environment = {
            **os.environ,
            "SRV6LAB_DIR": str(self.folder),
            "PYTHONPATH": os.pathsep.join(filter(None, sys.path)),
        }
        return subprocess.Popen(
            [sys.executable, "-m", "srv6cp.cli.main", "lab", *words],
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def run(self, *words: str) -> tuple[int, str, str]:
        """``srv6 lab WORDS``: exit code, output, errors. In this process where the command does not replace it."""
        if words[0] == "exec":
            process = self.start(*words)
            out, err = process.communicate(timeout=SLOW)
            return process.returncode, out, err
        output, errors = io.StringIO(), io.StringIO()
        with pytest.MonkeyPatch.context() as patch, redirect_stdout(output), redirect_stderr(errors):
            patch.setenv("SRV6LAB_DIR", str(self.folder))
            code = main(["lab", *words])
        return code, output.getvalue(), errors.getvalue()

    def __call__(self, *words: str, code: int = 0) -> str:
        """Run ``srv6 lab WORDS`` and expect an exit code; what it printed, errors last."""
        got, out, err = self.run(*words)
        assert got == code, (words, got, out, err)
        return out + err

    def up(self, topology: str = "quickstart", *words: str, code: int = 0) -> str:
        return self("up", topology, "--netns", "--switch", self.switch, "--name", self.name, *words, code=code)

    def state(self) -> dict[str, object]:
        """``srv6 lab status --json`` of this lab; its exit code follows from it."""
        code, out, err = self.run("status", self.name, "--json")
        assert not err
        found: dict[str, object] = json.loads(out)[self.name]
        assert code == (0 if found["well"] else 1)
        return found

    def remains(self) -> list[str]:
        """Everything of this lab that is on the machine."""
        found = [f"namespace {path.name}" for path in RUN.glob(f"srv6-{self.name}[-.]*")]
        found += [f"file {path}" for path in self.folder.rglob("*")]
        for entry in Path("/proc").glob("[0-9]*/cmdline"):
            try:
                words = entry.read_bytes().decode(errors="replace").split("\0")
            except OSError:
                continue
            if any(str(self.folder) in word or word == self.name for word in words):
                found.append(f"process {entry.parent.name} {words}")
        return found


def veths() -> set[str]:
    """The veth interfaces of the namespace of the tests."""
    return {path.name for path in Path("/sys/class/net").iterdir() if path.name.startswith(("veth", "eth"))}


@pytest.fixture(scope="module", params=["softswitch", BMV2])
def lab(request: pytest.FixtureRequest) -> Iterator[Lab]:
    """The quick start, up, its scenario played."""
    yield from _lab(request.param, up=True)


@pytest.fixture
def idle(request: pytest.FixtureRequest) -> Iterator[Lab]:
    """A lab that has not been started, on softswitch unless the test says otherwise."""
    yield from _lab(getattr(request, "param", "softswitch"), up=False)


def _lab(switch: str, *, up: bool) -> Iterator[Lab]:
    with tempfile.TemporaryDirectory(prefix="lab-") as folder:
        made = Lab(f"t{os.getpid()}{'up' if up else 'idle'}", Path(folder), switch)
        try:
            if up:
                made.up()
            yield made
        finally:
            made.run("down", made.name)


def _need(program: str) -> None:
    if shutil.which(program) is None:
        pytest.skip(f"{program} is not installed")


def pid_of(lab: Lab, router: str) -> int:
    routers = lab.state()["routers"]
    assert isinstance(routers, dict)
    return int(routers[router]["pid"])


def test_ping(lab: Lab) -> None:
    """softswitch loses nothing; BMv2 may lose a frame in front of the switch when the machine is busy."""
    _need("ping")
    needed = 5 if lab.switch == "softswitch" else 3
    for version in ("-6", "-4"):
        out = lab("exec", lab.name, "h1", "--", "ping", version, "-c", "5", "-i", "0.2", "-W", "5", "h2")
        assert out.count("bytes from h2") >= needed, out


@pytest.mark.parametrize("segments", [[], ["r2/End.X/r3", "r3", "r4/End.DT46"]], ids=["routed", "steered"])
def test_iperf3(lab: Lab, segments: list[str]) -> None:
    """TCP needs checksums, segments that fit, and Packet Too Big where the encapsulation makes them too long."""
    _need("iperf3")
    lab("unsteer", lab.name, "r1")
    if segments:
        lab("steer", lab.name, "r1", "h2", *segments)
    server = lab.start("exec", lab.name, "h2", "--", "iperf3", "-s", "-1", "-J")
    try:
        _wait_for_listener(lab)
        report = json.loads(lab("exec", lab.name, "h1", "--", "iperf3", "-J", "-t", "1", "-c", "h2"))
    finally:
        server.kill()
        server.communicate()
    assert "error" not in report, report["error"]
    assert report["end"]["sum_received"]["bytes"] > 100_000


def _wait_for_listener(lab: Lab) -> None:
    from srv6lab import namespaces

    end = time.monotonic() + SLOW
    sockets = Path("/proc/thread-self/net/tcp6")
    while True:
        rows = namespaces.inside(f"srv6-{lab.name}-h2", sockets.read_text).splitlines()[1:]
        if any(row.split()[1].endswith(f":{5201:04X}") and row.split()[3] == TCP_LISTEN for row in rows):
            return
        assert time.monotonic() < end
        time.sleep(0.05)


def test_path_steer_and_unsteer(lab: Lab) -> None:
    lab("steer", lab.name, "r1", "h2", "r3", "r4/End.DT46")
    rows = [line.split() for line in lab("path", lab.name, "h1", "h2").splitlines()]
    assert [row[0] for row in rows[1:6]] == ["h1", "r1", "r3", "r4", "h2"]
    assert [row[1] for row in rows[1:6]] == ["sends", "H.Encaps", "End", "End.DT46", "receives"]
    lab("unsteer", lab.name, "r1")
    rows = [line.split() for line in lab("path", lab.name, "h1", "h2", "-4").splitlines()]
    assert [row[0] for row in rows[1:6]] == ["h1", "r1", "r2", "r4", "h2"]


def test_apply_file(lab: Lab, tmp_path: Path) -> None:
    file = tmp_path / "changes.yaml"
    file.write_text(
        "policies: [{name: in, encap: {mode: insert}, segment-lists: [{segments: [r3]}]}]\n"
        "steering: [{prefix: '2001:db8:2::/64', policy: in}]\n"
    )
    lab("apply", lab.name, "r1", str(file))
    assert "r1    H.Insert" in lab("path", lab.name, "h1", "h2")
    lab("unsteer", lab.name, "r1")
    file.write_text("policies: [{name: in, segment-lists: [{segments: [r9]}]}]\n")
    wanted = f"{file}:1: policies[0].segment-lists[0].segments[0]: segment 'r9': no router 'r9'"
    assert wanted in lab("apply", lab.name, "r1", str(file), code=3)


def test_router_is_edited_while_its_controller_runs_and_keeps_it(lab: Lab) -> None:
    """What `srv6 sid add --grpc-addr unix:...` wrote was taken back."""
    sid = "fcbb:bb00:1:77::/64"
    assert "1 inserted" in lab("edit", lab.name, "r1", "sid", "add", sid, "End")
    lab("steer", lab.name, "r1", "h2", "r3", "r4/End.DT46")
    lab("unsteer", lab.name, "r1")
    lab("restart", lab.name, "r1")
    assert sid in lab("edit", lab.name, "r1", "sid", "show")
    assert sid in lab("show", lab.name, "r1")
    assert "controller primary, configuration changed" in lab("status", lab.name)
    assert "1 deleted" in lab("edit", lab.name, "r1", "sid", "del", sid)
    assert "configuration changed" not in lab("status", lab.name)
    lab("edit", lab.name, "r1", "sid", "add", sid, "End.Dance", code=3)
    lab("edit", lab.name, "r9", "sid", "add", sid, "End", code=2)


def test_node_file_of_a_router_is_watched(lab: Lab) -> None:
    """Also what ``srv6`` does to it where it runs in the namespace of the router."""
    file = lab.folder / lab.name / "r1.yaml"
    before = file.read_text()

    def until(condition: Callable[[], bool]) -> None:
        end = time.monotonic() + SLOW
        while not condition():
            assert time.monotonic() < end
            time.sleep(0.05)

    file.write_text(before.replace("behavior: End.DT46", "behavior: End.Dance"))
    until(lambda: not lab.state()["well"])
    assert "not applied: " in lab("status", lab.name, code=1)
    file.write_text(before)
    assert main(["policy", "add", "mine", "segs", "fcbb:bb00:3:e000::", "-c", str(file), "--no-apply"]) == 0
    until(lambda: "mine" in lab("edit", lab.name, "r1", "policy", "show"))
    assert lab.state()["well"]
    words = ("exec", lab.name, "r1", "--", sys.executable, "-m", "srv6cp.cli.main")
    assert "mine" in lab(*words, "policy", "show")
    lab(*words, "sid", "add", "fcbb:bb00:1:78::/64", "End")
    until(lambda: "fcbb:bb00:1:78::/64" in lab("edit", lab.name, "r1", "sid", "show"))
    file.write_text(before)
    until(lambda: "mine" not in lab("edit", lab.name, "r1", "policy", "show"))


def test_half_a_node_file_of_a_router_deletes_nothing(lab: Lab) -> None:
    file = lab.folder / lab.name / "r1.yaml"
    before = file.read_text()
    many = "".join(f"- {{sid: 'fcbb:bb00:1:{number:x}::/64', behavior: End}}\n" for number in range(0x100, 0x120))

    def until(condition: Callable[[], bool]) -> None:
        end = time.monotonic() + SLOW
        while not condition():
            assert time.monotonic() < end
            time.sleep(0.05)

    file.write_text(before.replace("sids:\n", f"sids:\n{many}"))
    until(lambda: "fcbb:bb00:1:11f::/64" in lab("edit", lab.name, "r1", "sid", "show"))
    file.write_text(before)
    until(lambda: not lab.state()["well"])
    said = lab("status", lab.name, code=1)
    assert "it takes away 32 of " in said and f"srv6 apply --accept-removals {file}" in said
    assert "fcbb:bb00:1:11f::/64" in lab("edit", lab.name, "r1", "sid", "show")
    assert main(["apply", "--accept-removals", str(file)]) == 0
    until(lambda: "fcbb:bb00:1:11f::/64" not in lab("edit", lab.name, "r1", "sid", "show"))
    assert lab.state()["well"]


def ports(lab: Lab, router: str) -> list[str]:
    """The ports of a router, as `lab status` tells them."""
    routers = lab.state()["routers"]
    assert isinstance(routers, dict)
    return [f"{port['to']} {port['up']} {port['cut']}" for port in routers[router]["ports"].values()]


def test_cut_cable_is_down_at_both_ends(lab: Lab) -> None:
    _need("ping")
    lab("cut", lab.name, "r1", "r2")
    try:
        here = lab("exec", lab.name, "h1", "--", "ping", "-c", "3", "-W", "5", "2001:db8:1::1")
        assert "bytes from 2001:db8:1::1" in here  # the switch hears its other ports
        assert ports(lab, "r1") == ["r2 False True", "r3 True False", "h1 True False"]
        assert ports(lab, "r2")[0] == "r1 False True"
        assert "ports: 1 to r2 down (cable cut), 2 to r3 up, 3 to h1 up" in lab("status", lab.name)
    finally:
        lab("restore", lab.name, "r1", "r2")
    assert ports(lab, "r1")[0] == "r2 True False"
    lab("cut", lab.name, "h1", "r1")
    try:
        assert ports(lab, "r1")[2] == "h1 False True"
        assert "2001:db8:1::2" in lab("exec", lab.name, "h1", "--", "ip", "address")
    finally:
        lab("restore", lab.name, "h1", "r1")
    out = lab("exec", lab.name, "h1", "--", "ping", "-c", "3", "-W", "5", "h2")
    assert "bytes from h2" in out
    assert "h1 and h2 share no cable; h1 has those to r1" in lab("cut", lab.name, "h1", "h2", code=2)


def test_load_of_the_cables_is_counted_in_both_directions(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the page and `lab top` show: by the kernel's counters, on both switches."""
    _need("ping")
    monkeypatch.setenv("SRV6LAB_DIR", str(lab.folder))
    lab("unsteer", lab.name, "r1")
    running = control.attach(lab.name)
    before = running.carried()
    lab("exec", lab.name, "h1", "--", "ping", "-c", "5", "-i", "0.2", "h2")
    after = running.carried()
    for link in running.topology.links:
        ends = {end.node for end in link.ends}
        used = ends in ({"h1", "r1"}, {"r1", "r2"}, {"r2", "r4"}, {"r4", "h2"})
        for now, then in zip(after[link.number], before[link.number], strict=True):
            assert (now.frames - then.frames >= 5 and now.octets - then.octets >= 5 * 104) is used, ends
    assert running.health().routers == dict.fromkeys(running.topology.routers, "primary")
    assert "r1    r2" in lab("top", lab.name, "--once")


def test_cable_is_reported_cut(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    """As cut, and in the log of the controllers, which the page shows."""
    monkeypatch.setenv("SRV6LAB_DIR", str(lab.folder))
    running = control.attach(lab.name)
    assert running.logged() == []
    lab("link", lab.name, "r1", "r3", "down")
    try:
        assert control.attach(lab.name).health().cut == {3}
        told = running.logged()
        assert [warned for warned, text in told if text.startswith("r1") and text.endswith("port 2 is down")] == [True]
    finally:
        lab("link", lab.name, "r1", "r3", "up")
    assert control.attach(lab.name).health().cut == set()
    assert "of labs in one process" in lab("link", lab.name, "r1", "r3", "rate", "5M", code=1)


def test_port_that_is_down_without_being_cut_is_not_well(lab: Lab) -> None:
    def unplug(state: str) -> None:
        subprocess.run(["ip", "-n", f"srv6-{lab.name}.cables", "link", "set", "cable3a", state], check=True)

    _need("ip")
    unplug("down")
    try:
        assert ports(lab, "r1")[1] == "r3 False False" and not lab.state()["well"]
        assert "2 to r3 down, " in lab("status", lab.name, code=1)
    finally:
        unplug("up")
    assert lab.state()["well"]


def test_second_up_is_refused(lab: Lab) -> None:
    assert lab.up(code=1) == f"srv6: {lab.name} is up already; `srv6 lab down {lab.name}` stops it\n"
    state = lab.state()
    assert state["well"] and state["profile"] == DEFAULT


def test_exec_has_the_exit_code_of_the_command(lab: Lab) -> None:
    lab("exec", lab.name, "h1", "--", "sh", "-c", "exit 7", code=7)
    assert "nonsense: there is no such command" in lab("exec", lab.name, "r1", "--", "nonsense", code=127)
    assert "there are r1, r2, r3, r4, h1, h2" in lab("exec", lab.name, "r9", "--", "true", code=2)


def test_names_for_completion(lab: Lab) -> None:
    assert lab.name in lab("names").split()
    assert lab("names", lab.name).split() == ["r1", "r2", "r3", "r4", "h1", "h2"]
    assert lab("names", lab.name, "--hosts").split() == ["h1", "h2"]


def test_interfaces_of_a_host(lab: Lab) -> None:
    links = json.loads(lab("exec", lab.name, "h1", "--", "ip", "-j", "address"))
    (eth0,) = [link for link in links if link["ifname"] == "eth0"]
    assert eth0["address"] == "02:00:00:ff:00:01"
    addresses = {row["local"]: row for row in eth0["addr_info"]}
    assert {"2001:db8:1::2", "10.0.1.2"} <= set(addresses)
    assert not any("tentative" in row for row in addresses.values())
    assert lab("exec", lab.name, "h1", "--", "ls", "/sys/class/net").split() == ["eth0", "lo"]


def test_router_namespace_is_silent(lab: Lab) -> None:
    links = json.loads(lab("exec", lab.name, "r1", "--", "ip", "-j", "address"))
    ports = {link["ifname"]: link for link in links if link["ifname"] != "lo"}
    assert set(ports) == {"eth1", "eth2", "eth3"}
    assert all(link["addr_info"] == [] and link["operstate"] == "UP" for link in ports.values())


def test_killed_switch_is_noticed_and_filled_again(lab: Lab) -> None:
    lab("steer", lab.name, "r1", "h2", "r3", "r4/End.DT46")
    os.kill(pid_of(lab, "r1"), signal.SIGKILL)
    end = time.monotonic() + SLOW
    while (state := lab.state())["well"]:
        assert time.monotonic() < end
    assert state["routers"]["r1"]["state"] == "ended (signal SIGKILL)"  # type: ignore[index]
    assert f"`srv6 lab restart {lab.name} r1` starts it again" in lab("status", lab.name, code=1)
    assert "its switch does not answer" in lab("unsteer", lab.name, "r1", code=1)
    lab("steer", lab.name, "r1", "h2", "r3", "r4/End.DT46", code=1)
    assert "r1: switch restarted, its controller filled it" in lab("restart", lab.name, "r1")
    assert lab.state()["well"]
    assert "r1    H.Encaps" in lab("path", lab.name, "h1", "h2")
    lab("unsteer", lab.name, "r1")


# Those that other tests start: the fixture here, test_netns_l2.py; those whose hosts are in one process only.
ELSEWHERE = ("quickstart", "vpls", "l2", "mobile", "mpls", "sfc")


@pytest.mark.parametrize("idle", ["softswitch", BMV2], indirect=True)
@pytest.mark.parametrize("topology", [name for name in shipped() if name not in ELSEWHERE])
def test_shipped_topology(idle: Lab, topology: str) -> None:
    """The steps `expect` and `ping` of the file are the assertions."""
    out = idle.up(topology)
    assert f"  srv6 lab down {idle.name}" in out


def test_name_in_a_vpn_is_the_host_that_can_be_reached(idle: Lab) -> None:
    """`exec red1 -- ping red2` pinged the address of blue2, which is that of red2 in another VRF, by IPv6."""
    _need("ping")
    idle.up("vpn", "--no-scenario")
    out = idle("exec", idle.name, "red1", "--", "ping", "-c", "1", "-W", "5", "red2")
    assert "PING red2 (10.0.2.2)" in out and " 0% packet loss" in out
    hosts = idle("exec", idle.name, "red1", "--", "cat", "/etc/hosts")
    assert hosts.splitlines()[2:] == ["2001:db8:1::2 red1", "10.0.1.2 red1", "10.0.2.2 red2"]
    way = idle("edit", idle.name, "r1", "steer", "add", "2001:db8:2::/64", "vrf", "red", "policy", "red-to-r3")
    assert way.startswith("r1: ")
    hosts = idle("exec", idle.name, "red1", "--", "cat", "/etc/hosts")
    assert "2001:db8:2::2 red2" in hosts


def test_down_leaves_nothing(idle: Lab) -> None:
    before = veths()
    idle.up("quickstart", "--no-scenario")
    assert len(idle.remains()) > 10
    background = idle.start("exec", idle.name, "h1", "--", "sleep", "1000")
    idle("down", idle.name)
    background.communicate(timeout=SLOW)
    assert background.returncode != 0
    assert idle.remains() == []
    assert veths() == before


def test_down_after_a_crash_leaves_nothing(idle: Lab) -> None:
    idle.up("quickstart", "--no-scenario")
    os.kill(int((idle.folder / idle.name / "pid").read_text()), signal.SIGKILL)
    _until_released(idle)
    assert "its controllers have crashed" in idle("status", idle.name, code=1)
    assert "is left from a crash" in idle.up(code=1)
    idle("down", idle.name)
    assert idle.remains() == []


def _until_released(lab: Lab) -> None:
    end = time.monotonic() + SLOW
    while "is up already" in lab.up(code=1):
        assert time.monotonic() < end


@pytest.mark.parametrize("moment", ["directory", "daemon", "namespaces", "switches", "ready"])
def test_interrupted_up_leaves_nothing(idle: Lab, moment: str) -> None:
    process = idle.start("up", "quickstart", "--netns", "--switch", idle.switch, "--name", idle.name)
    folder = idle.folder / idle.name
    reached = {
        "directory": folder.exists,
        "daemon": (folder / "pid").exists,
        "namespaces": lambda: any(RUN.glob(f"srv6-{idle.name}-*")),
        "switches": lambda: any(folder.glob("*.sock")),
        "ready": (folder / "control").exists,
    }[moment]
    end = time.monotonic() + SLOW
    while not reached():
        assert process.poll() is None and time.monotonic() < end
        time.sleep(0.005)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=SLOW)
    assert process.returncode == 130 and err.endswith("srv6: interrupted\n"), err
    assert idle.remains() == []


@pytest.mark.parametrize("idle", [BMV2], indirect=True)
def test_switch_that_does_not_start(idle: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BMV2_ARGS", "--no-such-option")
    assert "bmv2 does not start (exit status" in idle.up(code=1)
    assert idle.remains() == []


@pytest.mark.parametrize("idle", [BMV2], indirect=True)
def test_foreground_run_cleans_up(idle: Lab) -> None:
    """Without --netns the network lives as long as the command, on BMv2 as well."""
    out = idle("up", "quickstart", "--switch", "bmv2", "--name", idle.name, "-q")
    assert "h1 pings h2 (2001:db8:2::2): 3 of 3 answered" in out
    assert idle.remains() == []


def test_curl_through_functions(idle: Lab) -> None:
    """As docs/pipes.md has it: curl and a server that know nothing of SRv6, functions by routes, and no server."""
    for program in ("curl", "ip"):
        _need(program)
    idle.up("pipes", "--no-scenario")
    first, second = "fcbb:bb00:2:f0:0:c0c0::", "fcbb:bb00:3:f0:0:c0c1::"
    for host, target, segments, gateway in (
        ("client", "2001:db8:4::2", f"{first},{second}", "2001:db8:1::1"),
        ("server", "2001:db8:1::2", f"{second},{first}", "2001:db8:4::1"),
        ("vnf2", "2001:db8:1::2", first, "2001:db8:3::1"),
    ):
        route = ("route", "add", target, "encap", "seg6", "mode", "inline", "segs", segments)
        idle("exec", idle.name, host, "--", "ip", "-6", *route, "via", gateway, "dev", "eth0")
    (idle.folder / "served").mkdir()
    (idle.folder / "served" / "page").write_bytes(bytes(range(256)) * 4000)
    serve = (sys.executable, "-m", "http.server", "--bind", "::", "--directory", str(idle.folder / "served"), "80")
    server = idle.start("exec", idle.name, "server", "--", *serve)
    page = str(idle.folder / "page")
    retry = ("--retry", "30", "--retry-all-errors", "--retry-delay", "1", "--max-time", "30")
    curl = ("exec", idle.name, "client", "--", "curl", "-s", "-S", "-o", page, "http://[2001:db8:4::2]/page")
    idle(*curl, *retry)
    assert Path(page).read_bytes() == bytes(range(256)) * 4000
    server.terminate()
    server.communicate(timeout=SLOW)
    # -v: a reset that comes before curl has looked at its connection is "couldn't connect" without
    code, _, errors = idle.run(*curl, "-v")
    assert code != 0 and "reset" in errors.lower()
    log = (idle.folder / idle.name / "daemon.log").read_text()
    assert "vnf2: [2001:db8:1::2]" in log and "reset: server: [Errno 111] Connect call failed" in log
