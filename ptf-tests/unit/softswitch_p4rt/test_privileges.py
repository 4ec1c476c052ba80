# SPDX-License-Identifier: Apache-2.0
"""Privileges of the command ``softswitch``: what it has left when it serves."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import stat
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from conformance.raw import JSON, P4INFO

from p4rtlib.pcap import read_pcap
from softswitch import privileges
from softswitch.privileges import PrivilegeError, choose

from .test_tls import make

ROOT = Path(__file__).parents[3]

needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root becomes another user")

Start = Callable[..., "Started"]


class Started:
    """A ``softswitch`` that has said that it serves."""

    def __init__(self, folder: Path, *words: str, prefix: tuple[str, ...] = (), **environment: str) -> None:
        self.socket = folder / "s"
        command = [*prefix, sys.executable, "-m", "softswitch", *words]
        self.process = subprocess.Popen(
            [*command, "--", "--grpc-server-addr", f"unix:{self.socket}", "--cpu-port", "510"],
            cwd=folder,
            env={**os.environ, "PYTHONPATH": str(ROOT), **environment},
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        assert self.process.stdout is not None
        self.said = self.process.stdout.readline()

    def status(self) -> dict[str, set[str]]:
        """What /proc says of its threads, and how many different things."""
        found: dict[str, set[str]] = {}
        for path in Path(f"/proc/{self.process.pid}/task").glob("*/status"):
            for line in path.read_text().splitlines():
                name, _, value = line.partition(":")
                found.setdefault(name, set()).add(" ".join(value.split()))
        return found

    def capabilities(self, name: str) -> int:
        """The bit map ``name`` of all threads together."""
        result = 0
        for text in self.status()[name]:
            result |= int(text, 16)
        return result

    def stop(self) -> str:
        """End it; what it complained of."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.communicate(timeout=60)[1]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    with ExitStack() as stack:

        def begin(*words: str, **options: str) -> Started:
            started = Started(tmp_path, *words, **options)  # type: ignore[arg-type]
            stack.callback(started.process.wait)
            stack.callback(started.process.kill)
            return started

        yield begin


@pytest.mark.root
@needs_root
def test_root_does_not_stay_root(start: Start) -> None:
    account = choose(None)
    assert account is not None and account.user != 0
    switch = start("--p4info", str(P4INFO), str(JSON))
    status = switch.status()
    assert status["Uid"] == {" ".join([str(account.user)] * 4)}
    assert status["Gid"] == {" ".join([str(account.group)] * 4)}
    assert status["NoNewPrivs"] == {"1"}
    for name in ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"):
        assert switch.capabilities(name) == 0, name
    assert switch.said.rstrip().endswith(f", user {account.name}")
    found = switch.socket.lstat()
    assert (found.st_uid, stat.S_IMODE(found.st_mode)) == (0, 0o600)
    assert "(user root alone)" in switch.said
    assert switch.stop() == ""


@pytest.mark.root
@needs_root
def test_ports_work_without_privileges(start: Start, tmp_path: Path) -> None:
    """A frame arrives, is recorded by the user that the switch became, and the file is for root alone."""
    if shutil.which("ip") is None:
        pytest.skip("needs iproute2")
    near, far = f"near{os.getpid() % 10000}", f"far{os.getpid() % 10000}"
    subprocess.run(["ip", "link", "add", near, "type", "veth", "peer", "name", far], check=True)
    try:
        for name in (near, far):
            Path(f"/proc/sys/net/ipv6/conf/{name}/disable_ipv6").write_text("1")
            subprocess.run(["ip", "link", "set", name, "up"], check=True)
        recordings = tmp_path / "pcap"
        log = tmp_path / "log"
        switch = start("-i", f"1@{near}", f"--pcap={recordings}", "--log-file", str(log), "--no-p4", SUDO_UID="12345",
                       SUDO_GID="23456")  # fmt: skip
        assert "(user 12345 alone)" in switch.said
        assert switch.status()["Uid"] != {"0 0 0 0"}
        frame = bytes(12) + b"\x12\x34" + os.urandom(50)
        with socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0) as sender:
            sender.bind((far, 0))
            sender.send(frame)
        recording = recordings / f"{near}_in.pcap"
        while recording.stat().st_size < 24 + 16 + len(frame):
            assert switch.process.poll() is None
        assert [data for _, data in read_pcap(recording)] == [frame]
        for path in (recording, log, switch.socket):
            found = path.lstat()
            assert (found.st_uid, found.st_gid, stat.S_IMODE(found.st_mode)) == (12345, 23456, 0o600), path
    finally:
        subprocess.run(["ip", "link", "del", near], check=True)


@pytest.mark.root
@needs_root
@pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl is not on PATH")
def test_a_key_that_cannot_be_read_again_is_said(start: Start, tmp_path: Path) -> None:
    certificate, key = make(tmp_path, "own")
    key.chmod(0o600)
    tls = ["--grpc-server-ssl", "--grpc-server-cert", str(certificate), "--grpc-server-key", str(key)]
    switch = start("--no-p4", *tls)
    assert "(TLS, any client)" in switch.said
    said = switch.stop()
    assert "certificates are not read again when they are renewed: user " in said
    assert str(key) in said


@pytest.mark.root
@needs_root
def test_user_and_group_are_chosen(start: Start) -> None:
    status = start("--user", "daemon:12345", "--no-p4").status()
    number = " ".join(["1"] * 4)
    assert (status["Uid"], status["Gid"], status["Groups"]) == ({number}, {" ".join(["12345"] * 4)}, {"12345"})


@pytest.mark.root
@needs_root
def test_root_that_stays_root_has_no_capabilities_of_the_network(start: Start) -> None:
    switch = start("--user", "root", "--no-p4")
    assert switch.status()["Uid"] == {"0 0 0 0"}
    left = 1 << privileges.CAP_CHOWN | 1 << privileges.CAP_DAC_OVERRIDE
    assert switch.capabilities("CapEff") | switch.capabilities("CapPrm") == left
    assert switch.capabilities("CapBnd") == 0
    assert switch.status()["NoNewPrivs"] == {"1"}


@pytest.mark.root
@needs_root
def test_capabilities_of_an_unprivileged_user_are_given_up(start: Start, tmp_path: Path) -> None:
    """As systemd's AmbientCapabilities gives them."""
    if shutil.which("setpriv") is None or not os.access(os.path.realpath(sys.executable), os.X_OK):
        pytest.skip("needs setpriv")
    tmp_path.chmod(0o777 | stat.S_ISVTX)
    raw = "+net_raw,+net_admin"
    prefix = ("setpriv", "--reuid=1", "--regid=1", "--clear-groups", f"--inh-caps={raw}", f"--ambient-caps={raw}")
    probe = subprocess.run([*prefix, sys.executable, "-c", ""], capture_output=True)
    if probe.returncode != 0:
        pytest.skip("another user cannot run this Python")
    switch = start("--no-p4", prefix=prefix)  # type: ignore[arg-type]
    for name in ("CapInh", "CapPrm", "CapEff", "CapAmb"):
        assert switch.capabilities(name) == 0, name


@pytest.mark.root
@needs_root
def test_a_user_namespace_without_nobody_keeps_its_only_user(start: Start) -> None:
    prefix = ("unshare", "--user", "--map-root-user")
    if shutil.which("unshare") is None or subprocess.run([*prefix, "true"], capture_output=True).returncode:
        pytest.skip("no user namespaces here")
    switch = start("--no-p4", prefix=prefix)  # type: ignore[arg-type]
    assert "P4Runtime on" in switch.said
    assert switch.status()["NoNewPrivs"] == {"1"}


@pytest.mark.root
@needs_root
def test_a_port_that_comes_later_is_not_recorded_and_that_is_said(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    from softswitch.switch import SoftSwitch

    folder = tmp_path / "pcap"
    with SoftSwitch(address=None, pcap_dir=folder) as switch:
        shutil.rmtree(folder)
        switch.attach(3, lambda frame: None)
        assert switch.board.ports[3].pcap_in is None
    assert "port 3 is not recorded: " in caplog.text


@needs_root
@pytest.mark.parametrize(
    ("asked", "says"),
    [
        ("no-such-user", "--user no-such-user: there is no user 'no-such-user'"),
        ("nobody:no-such-group", "--user nobody:no-such-group: there is no group 'no-such-group'"),
        ("4294967295123", "there is no user"),
    ],
)
def test_a_user_that_is_not_there_is_named(asked: str, says: str) -> None:
    with pytest.raises(PrivilegeError, match=says):
        choose(asked)


def test_only_root_chooses_a_user(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    assert choose(None) is None
    with pytest.raises(PrivilegeError, match=r"^--user nobody: only root becomes another user"):
        choose("nobody")


@needs_root
def test_the_own_user_comes_before_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(privileges, "DEFAULT_USERS", ("daemon", "nobody"))
    account = choose(None)
    assert account is not None and account.name == "daemon"


@pytest.mark.root
@needs_root
def test_the_folder_for_compiled_code_is_the_user_s(tmp_path: Path) -> None:
    account = choose("daemon")
    assert account is not None
    own = account.prepare(str(tmp_path))[0]
    assert own == tmp_path / "softswitch-daemon"
    assert (own.stat().st_uid, stat.S_IMODE(own.stat().st_mode)) == (account.user, 0o700)
    own.rmdir()
    own.symlink_to("/etc")
    assert own not in account.prepare(str(tmp_path)), "no link is followed"
    tmp_path.chmod(0o777)
    assert all(folder.parent != tmp_path for folder in account.prepare(str(tmp_path))), "others can write there"
