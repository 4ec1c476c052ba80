# SPDX-License-Identifier: Apache-2.0
"""What keeps a switch from starting is told before, in one line: BMv2 itself says nothing, or takes another's port."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from p4rtlib.addresses import is_loopback
from srv6cp import rundir
from srv6cp.sync import preflight
from srv6cp.sync.launch import Launch, LaunchError, Switch, free_address


@pytest.fixture
def listener() -> Iterator[tuple[socket.socket, int]]:
    """A server that shares its port with whoever asks for that, as BMv2 does."""
    with socket.socket() as server:
        server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        server.bind(("127.0.0.1", 0))
        server.listen()
        yield server, server.getsockname()[1]


@pytest.mark.parametrize("host", ["127.0.0.1", "0.0.0.0", "localhost"])
def test_a_busy_port_is_not_shared(listener: tuple[socket.socket, int], host: str) -> None:
    with pytest.raises(LaunchError, match=rf"^somebody listens at {host}:{listener[1]} already; .*--switch none$"):
        preflight.address_is_free(f"{host}:{listener[1]}")


def test_the_path_of_a_server_that_lives_is_not_taken(tmp_path: Path) -> None:
    path = tmp_path / "s"
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(path))
        server.listen()
        with pytest.raises(LaunchError, match=r"somebody listens at unix:.*/s already"):
            preflight.address_is_free(f"unix:{path}")
    preflight.address_is_free(f"unix:{path}")  # what a killed one left


def test_two_that_start_at_once_do_not_get_one_port() -> None:
    """Neither listens yet when the other one looks."""
    address = free_address()
    first = preflight.Claim(address)
    try:
        with pytest.raises(LaunchError, match=f"another switch is being started at {address}"):
            Switch(Launch("softswitch", address))
    finally:
        first.close()
    with Switch(Launch("softswitch", address)) as switch:
        switch.wait_until_ready()


def test_two_that_start_at_once_do_not_get_one_socket(tmp_path: Path) -> None:
    """gRPC would take the name away from the first one."""
    address = f"unix:{tmp_path}/s"
    first = preflight.Claim(address)
    with pytest.raises(LaunchError, match=f"another switch is being started at {address}"):
        Switch(Launch("softswitch", address))
    first.close()
    preflight.Claim(address).close()
    assert list(tmp_path.iterdir()) == []


def test_what_killed_switches_left_is_removed(tmp_path: Path) -> None:
    """And nothing else: neither of one that lives, nor of one that is being started."""
    with socket.socket(socket.AF_UNIX) as alive:
        alive.bind(str(tmp_path / "alive.sock"))
        alive.listen()
        (tmp_path / "alive.sock.lock").touch()
        with socket.socket(socket.AF_UNIX) as dead:
            dead.bind(str(tmp_path / "dead.sock"))
        (tmp_path / "dead.sock.lock").touch()
        (tmp_path / "1-1.json").touch()
        starting = preflight.Claim(f"unix:{tmp_path}/starting.sock")
        preflight.sweep(tmp_path)
        left = {path.name for path in tmp_path.iterdir()}
        assert left == {"alive.sock", "alive.sock.lock", "starting.sock.lock", "1-1.json"}
        starting.close()


@pytest.mark.parametrize(
    ("address", "says"),
    [
        ("nonsense", "HOST:PORT is needed"),
        ("127.0.0.1:0", "HOST:PORT is needed"),
        ("127.0.0.1:99999", "HOST:PORT is needed"),
        ("127.0.0.1:²", "HOST:PORT is needed"),
        ("192.0.2.1:9559", "no interface of this machine has it"),
        ("no-such-host.invalid:9559", "unknown host name"),
        ("unix:/nowhere/s", "there is no directory /nowhere"),
        (f"unix:{__file__}", "a file of that name that is no socket"),
        (f"unix:/tmp/{'x' * 120}", "longer than 107 bytes"),
    ],
)
def test_addresses_where_nobody_can_listen(address: str, says: str) -> None:
    with pytest.raises(LaunchError, match=says):
        preflight.address_is_free(address)


@pytest.mark.parametrize("kind", ["softswitch", "bmv2"])
def test_an_interface_that_is_not_there_is_named(kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    silent = '#!/bin/sh\n[ "$1" = --help ] && exit 0\nexec sleep 100\n'  # it says nothing of the interface
    (tmp_path / "simple_switch_grpc").write_text(silent)
    (tmp_path / "simple_switch_grpc").chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
    with pytest.raises(
        LaunchError, match=f"^{kind} does not start: port 1: there is no interface 'nosuch0'; there are: "
    ):
        Switch(Launch(kind, f"unix:{tmp_path}/s", interfaces={1: "nosuch0"}))


def test_the_folder_of_recordings_is_made(tmp_path: Path) -> None:
    Launch("softswitch", f"unix:{tmp_path}/s", pcap=str(tmp_path / "a" / "b")).check()
    assert (tmp_path / "a" / "b").is_dir()
    with pytest.raises(LaunchError, match=r"^--pcap .*: File exists$"):
        preflight.folder_for_recordings(__file__)


def test_a_log_in_a_folder_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(LaunchError, match=r"^the log .*: there is no such directory$"):
        Launch("softswitch", f"unix:{tmp_path}/s", log_file=str(tmp_path / "nowhere" / "log")).check()


def test_loopback() -> None:
    assert all(map(is_loopback, ("127.0.0.1:1", "127.9.9.9:1", "[::1]:1", "localhost:1", "unix:/s")))
    assert not any(map(is_loopback, ("0.0.0.0:1", "[::]:1", ":1", "192.0.2.1:1", "no-such-host.invalid:1")))


def test_a_thrift_port_that_the_user_chose_is_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """BMv2 takes no flag twice."""
    (tmp_path / "simple_switch_grpc").write_text("#!/bin/sh\necho --thrift-port\n")
    (tmp_path / "simple_switch_grpc").chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
    monkeypatch.setenv("BMV2_ARGS", "--thrift-port 9191")
    assert Launch("bmv2", "unix:/s").words().count("--thrift-port") == 1


@pytest.mark.parametrize("privileged", [True, False])
def test_the_notifications_of_bmv2_have_no_name_in_tmp(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, privileged: bool
) -> None:
    """Its default is /tmp/bmv2-N-notifications.ipc, for whoever takes it first."""
    (tmp_path / "simple_switch_grpc").write_text("#!/bin/sh\necho --notifications-addr\n")
    (tmp_path / "simple_switch_grpc").chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
    monkeypatch.setattr(rundir, "_SYSTEM", tmp_path / "srv6")
    monkeypatch.setattr("srv6cp.sync.launch.is_privileged", lambda: privileged)
    words = Launch("bmv2", "unix:/s").words()
    assert ("--notifications-addr" in words) == privileged
    if privileged:
        assert words[words.index("--notifications-addr") + 1].startswith(f"ipc://{tmp_path}/srv6/bmv2-")
