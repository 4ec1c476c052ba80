# SPDX-License-Identifier: Apache-2.0
"""A switch that is started with privileges: its socket is its starter's alone, and commands find it."""

from __future__ import annotations

import json
import os
import signal
import stat
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from pathlib import Path
from types import SimpleNamespace

import pytest
from unit.cli.running import NODE, TIMEOUT, Router, node_file, wait_for

from p4rtlib import unixsockets
from softswitch.switch import SoftSwitch
from srv6cp import rundir
from srv6cp.cli import cmd_run
from srv6cp.cli.main import main
from srv6cp.controller.following import Follower, Saying
from srv6cp.p4rt import Client
from srv6cp.sync import launch
from srv6cp.sync.launch import Launch, Switch, missing, private_address

needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root has a folder in /run")

Serve = Callable[[str, int], str]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where processes find each other, apart from those of the machine; no node file, no address is said."""
    found = tmp_path / "run" / "srv6"
    found.parent.mkdir()
    monkeypatch.setattr(rundir, "_SYSTEM", found)
    monkeypatch.setattr(rundir, "_temporary", lambda: tmp_path / "none")
    for variable in ("SRV6_GRPC_ADDR", "SRV6_NODE", "XDG_RUNTIME_DIR"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.chdir(tmp_path)
    return found


@pytest.fixture
def serve(folder: Path, tmp_path: Path) -> Iterator[Serve]:
    """Starts a switch with a socket there, and says of it what its controller would."""
    with ExitStack() as stack:

        def start(name: str, device_id: int) -> str:
            address = rundir.socket_address(name)
            stack.enter_context(SoftSwitch(address=address, device_id=device_id))
            with closing(Client(address, device_id)) as client:
                stack.enter_context(Saying(Follower.of(client, name, tmp_path / f"{name}.yaml")))
            return address

        yield start


def test_the_folder_is_its_owner_s(folder: Path) -> None:
    assert rundir.own() == folder
    assert stat.S_IMODE(folder.stat().st_mode) & 0o022 == 0
    folder.chmod(0o777)
    with pytest.raises(PermissionError):
        rundir.own()
    folder.rmdir()
    folder.symlink_to("/tmp")
    with pytest.raises(OSError, match=r"not this user's|File exists"):
        rundir.own()
    assert folder not in rundir.folders()


def test_the_session_s_folder_is_theirs_or_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rundir, "_SYSTEM", tmp_path / "nowhere" / "srv6")
    session = tmp_path / "session"
    session.mkdir(mode=0o700)
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(session))
    assert rundir.own() == session / "srv6"
    session.chmod(0o777)
    assert rundir.own() != session / "srv6"
    monkeypatch.setenv("XDG_RUNTIME_DIR", "relative")
    assert rundir.own().is_absolute()


@pytest.mark.parametrize(("privileged", "address"), [(True, "unix:{}/r1.sock"), (False, "127.0.0.1:9559")])
def test_without_privileges_it_is_loopback(
    folder: Path, monkeypatch: pytest.MonkeyPatch, privileged: bool, address: str
) -> None:
    monkeypatch.setattr(launch, "is_privileged", lambda: privileged)
    assert private_address("r1", otherwise="127.0.0.1:9559") == address.format(folder)


def test_the_only_switch_is_found_by_every_command(serve: Serve, capsys: pytest.CaptureFixture[str]) -> None:
    address = serve("r7", 7)
    assert main(["apply", "--dry-run", "/nonexistent.yaml"]) == 3
    for words in (["show", "sessions"], ["sid", "show"], ["trace", "-p", "1", "00" * 64]):
        assert main([*words, "--json"]) in (0, 5), words
        said = capsys.readouterr()
        assert "9559" not in said.out + said.err, words
        if said.err:
            assert address in said.err


def test_of_two_switches_one_has_to_be_named(
    serve: Serve, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    one, other = serve("r1", 1), serve("r2", 2)
    assert main(["sid", "show"]) == 2
    assert capsys.readouterr().err == (
        f"srv6: several switches run here: {one} (r1), {other} (r2); say which: --grpc-addr, or the node file (-c)\n"
    )
    node_file(NODE.replace("node: r1", "node: r2\ndevice-id: 2"), tmp_path, monkeypatch)
    assert main(["sid", "show"]) == 5
    assert other in capsys.readouterr().err


def test_somebody_else_s_switch_is_said_to_be_theirs(
    serve: Serve, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """As for a user who may not connect to root's."""
    from srv6cp.p4rt import diagnosis

    address = serve("r1", 1)
    monkeypatch.setattr(unixsockets, "usable_by", lambda path: False)
    monkeypatch.setattr(diagnosis, "usable_by", lambda path: False)
    assert diagnosis.not_for_this_user(address) == "it is user root's alone; ask as that user, or with sudo"


@pytest.mark.root
@needs_root
def test_root_s_router_is_not_for_every_local_user(tmp_path: Path) -> None:
    """Two side by side, found without being told where, and nothing is left."""
    numbers = [os.getpid(), os.getpid() + 1]
    routers = []
    try:
        for number in numbers:
            text = NODE.replace("node: r1", f"node: t{number}\ndevice-id: {number}")
            path = Path(f"/run/srv6/t{number}.sock")
            router = Router(tmp_path / f"t{number}", node=text, address=f"unix:{path}", private=True)
            routers.append(router)
            wait_for(lambda router=router: router.said("Ctrl-C stops"))  # type: ignore[misc]
            assert (path.lstat().st_uid, stat.S_IMODE(path.lstat().st_mode)) == (0, 0o600)
            assert router.sids() == {"fcbb:bb00:1:1::/128"}
        routers[0].process.send_signal(signal.SIGINT)
        assert routers[0].process.wait(TIMEOUT) == 0
        assert not Path(f"/run/srv6/t{numbers[0]}.sock").exists()
        routers[1].stop()  # killed: its socket stays, and does not hinder the next one
        text = NODE.replace("node: r1", f"node: t{numbers[1]}\ndevice-id: {numbers[1]}")
        routers.append(Router(tmp_path / "again", node=text, address=routers[1].address, private=True))
        wait_for(lambda: routers[2].said("Ctrl-C stops"))
        routers[2].process.send_signal(signal.SIGINT)
        assert routers[2].process.wait(TIMEOUT) == 0
        assert not any(path.name.startswith(f"t{numbers[1]}.") for path in Path("/run/srv6").iterdir())
    finally:
        for router in routers:
            router.stop()


@pytest.mark.root
@pytest.mark.bmv2
@needs_root
@pytest.mark.skipif(missing("bmv2") is not None, reason="no BMv2")
def test_the_socket_of_bmv2_is_its_starter_s(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SUDO_UID", "12345")
    monkeypatch.setenv("SUDO_GID", "23456")
    with Switch(Launch("bmv2", f"unix:{tmp_path}/s")) as switch:
        switch.wait_until_ready()
        found = (tmp_path / "s").lstat()
        assert (found.st_uid, stat.S_IMODE(found.st_mode) & 0o077) == (12345, 0)
    assert not (tmp_path / "s").exists()


def test_thrift_is_said_to_be_open(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cmd_run, "is_privileged", lambda: True)
    said = cmd_run._warnings(SimpleNamespace(kind="bmv2", thrift=9091))  # type: ignore[arg-type]
    assert said[0].startswith("BMv2 keeps the privileges")
    assert said[1].startswith("BMv2 serves Thrift at TCP port 9091 of every address: whoever reaches it")
    assert cmd_run._warnings(SimpleNamespace(kind="softswitch", thrift=None)) == []  # type: ignore[arg-type]


def test_a_user_for_bmv2_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    node_file(NODE, tmp_path, monkeypatch)
    assert main(["run", "node.yaml", "--switch", "none", "--user", "nobody"]) == 2
    assert json.dumps(main(["run", "node.yaml", "--switch", "bmv2", "--user", "nobody"])) in ("2", "4")
