# SPDX-License-Identifier: Apache-2.0
"""Starting a switch: flags of both kinds, readiness, last words, and an end that leaves nothing."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from srv6cp.p4rt import wait_for_switch
from srv6cp.sync import launch
from srv6cp.sync.launch import Launch, LaunchError, NotInstalled, Switch, free_address

PATIENCE = 20.0


@pytest.fixture(autouse=True)
def no_flags(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever the environment of the tests says."""
    monkeypatch.delenv("BMV2_ARGS", raising=False)
    monkeypatch.delenv("SOFTSWITCH_ARGS", raising=False)


@pytest.fixture
def bmv2(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], Path]:
    """Puts a ``simple_switch_grpc`` on PATH that says ``help`` and is a softswitch otherwise; the file of its flags."""

    def make(help_text: str) -> Path:
        folder = tmp_path / "bin"
        folder.mkdir()
        program = folder / "simple_switch_grpc"
        program.write_text(
            "#!/bin/sh\n"
            f'if [ "$1" = --help ]; then echo "{help_text}"; exit 0; fi\n'
            f'echo "$@" > {tmp_path}/flags\n'
            f'exec {sys.executable} -m softswitch "$@"\n'
        )
        program.chmod(0o755)
        monkeypatch.setenv("PATH", str(folder), prepend=os.pathsep)
        return tmp_path / "flags"

    return make


def wait_for(condition: Callable[[], bool]) -> None:
    end = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < end, "timed out"
        time.sleep(0.02)


def test_flags_of_softswitch() -> None:
    words = Launch("softswitch", "unix:/s", 7, {1: "veth1", 2: "veth2"}, pcap="captures").words()
    assert words == [
        sys.executable, "-m", "softswitch", "--log-level", "warn", "-i", "1@veth1", "-i", "2@veth2",
        "--pcap=captures", "--no-p4", "--device-id", "7", "--",
        "--grpc-server-addr", "unix:/s", "--cpu-port", "510", "--drop-port", "511",
    ]  # fmt: skip


def test_a_log_file_gets_everything(bmv2: Callable[[str], Path]) -> None:
    bmv2("")
    softswitch = Launch("softswitch", "unix:/s", log_file="all.txt").words()
    assert softswitch[3:5] == ["--log-file", "all.txt"] and "--log-level" not in softswitch
    words = Launch("bmv2", "unix:/s", log_file="all.txt").words()
    assert words[1:3] == ["--log-file", "all"] and "--log-level" not in words


def test_flags_of_the_environment(bmv2: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch) -> None:
    bmv2("")
    assert Launch("bmv2", "unix:/s").words()[1:3] == ["--log-level", "off"]
    monkeypatch.setenv("BMV2_ARGS", "--log-console --log-level info")
    monkeypatch.setenv("SOFTSWITCH_ARGS", "--engine python")
    assert Launch("bmv2", "unix:/s").words()[1:5] == ["--log-console", "--log-level", "info", "--no-p4"]
    assert Launch("softswitch", "unix:/s").words()[3:8] == ["--log-level", "warn", "--engine", "python", "--no-p4"]


@pytest.mark.parametrize("thrift", [True, False], ids=["with Thrift", "without"])
def test_bmv2_with_and_without_thrift(bmv2: Callable[[str], Path], thrift: bool) -> None:
    """With it, every instance gets a port of its own; without, the flag would be an error."""
    flags = bmv2("  --thrift-port arg  TCP port" if thrift else "  --device-id arg")
    with Switch(Launch("bmv2", free_address())) as one, Switch(Launch("bmv2", free_address())) as other:
        for switch in (one, other):
            switch.wait_until_ready(PATIENCE)
        assert wait_for_switch(other.address, 1) >= 0
    words = flags.read_text().split()
    assert ("--thrift-port" in words) == thrift
    if thrift:
        ports = {Launch("bmv2", "unix:/s").words()[4] for _ in range(4)}
        assert len(ports) > 1 and "9090" not in ports


def test_what_is_not_there_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    assert launch.missing("bmv2") == "simple_switch_grpc is not on PATH"
    assert launch.choose("auto") == "softswitch"
    with pytest.raises(NotInstalled, match="simple_switch_grpc is not on PATH; install BMv2, or use --switch softswit"):
        Switch(Launch("bmv2", "unix:/s"))


def test_a_switch_that_does_not_start_says_why(tmp_path: Path) -> None:
    with Switch(Launch("softswitch", free_address(), flags=("--no-such-flag",)), tmp_path / "log") as switch:
        with pytest.raises(LaunchError) as caught:
            switch.wait_until_ready(PATIENCE)
        assert switch.ending == "exit status 2" and not switch.alive
    assert str(caught.value).startswith("softswitch does not start (exit status 2: softswitch: unrecognized arguments")
    assert "no-such-flag" in (tmp_path / "log").read_text()


def test_an_address_that_is_taken_is_refused(bmv2: Callable[[str], Path]) -> None:
    """BMv2 would listen there as well, and clients would reach either."""
    bmv2("")
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        address = f"127.0.0.1:{other.getsockname()[1]}"
        with pytest.raises(LaunchError, match=f"bmv2 does not start: somebody listens at {address} already"):
            Switch(Launch("bmv2", address))


def test_reading_what_it_says_does_not_disturb_it(tmp_path: Path) -> None:
    log = tmp_path / "log"
    log.write_text("of before\n")
    with Switch(Launch("softswitch", f"unix:{tmp_path}/s"), log) as switch:
        switch.wait_until_ready(PATIENCE)
        wait_for(lambda: "P4Runtime on" in switch.tail())
        assert switch.tail().startswith("of before\n")
        assert "P4Runtime on" in switch.last_words()
        assert (switch.ending, switch.alive) == (None, True)
    assert not switch.alive
    switch.stop()


STARTER = """
import sys, time
from srv6cp.sync.launch import Launch, Switch
switch = Switch(Launch("softswitch", sys.argv[1]))
switch.wait_until_ready()
print(switch.pid, flush=True)
time.sleep(1000)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="Linux tells a process of the end of its parent")
def test_a_switch_ends_with_who_started_it(tmp_path: Path) -> None:
    """Also when gRPC runs in it: nothing is done in Python between fork and exec."""
    environment = launch.python_environment("srv6cp", "softswitch")
    command = [sys.executable, "-c", STARTER, f"unix:{tmp_path}/s"]
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) as starter:
        assert starter.stdout is not None
        pid = int(starter.stdout.readline())
        starter.send_signal(signal.SIGKILL)
        starter.wait()
    wait_for(lambda: not Path(f"/proc/{pid}").exists() or " Z " in Path(f"/proc/{pid}/stat").read_text())
