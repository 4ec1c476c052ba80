# SPDX-License-Identifier: Apache-2.0
"""Unix sockets of servers: for their owner alone, in a place that nobody else can exchange."""

from __future__ import annotations

import os
import socket
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from p4rtlib import unixsockets
from p4rtlib.unixsockets import InUse, Unusable, clear, only_for_owner, path_of


@pytest.fixture
def open_umask() -> Iterator[None]:
    before = os.umask(0)
    yield
    os.umask(before)


def made(path: Path) -> socket.socket:
    server = socket.socket(socket.AF_UNIX)
    with only_for_owner(f"unix:{path}"):
        server.bind(str(path))
    server.listen()
    return server


def test_both_spellings() -> None:
    assert path_of("unix:/run/s") == path_of("unix:///run/s") == Path("/run/s")


@pytest.mark.usefixtures("open_umask")
def test_others_cannot_connect_whatever_the_umask(tmp_path: Path) -> None:
    with made(tmp_path / "s"):
        assert stat.S_IMODE((tmp_path / "s").lstat().st_mode) == 0o600
        assert unixsockets.usable_by(tmp_path / "s")
    (tmp_path / "file").touch()
    assert stat.S_IMODE((tmp_path / "file").lstat().st_mode) == 0o666, "the umask is as it was"


def test_where_somebody_listens_nobody_else_can(tmp_path: Path) -> None:
    with made(tmp_path / "s"), pytest.raises(InUse):
        clear(f"unix:{tmp_path}/s")


def test_the_socket_of_a_killed_one_is_removed(tmp_path: Path) -> None:
    made(tmp_path / "s").close()
    assert (tmp_path / "s").is_socket()
    clear(f"unix:{tmp_path}/s")
    assert not (tmp_path / "s").exists()


def test_a_link_is_not_followed(tmp_path: Path) -> None:
    made(tmp_path / "other").close()
    (tmp_path / "s").symlink_to(tmp_path / "other")
    with pytest.raises(Unusable, match="a link of that name"):
        clear(f"unix:{tmp_path}/s")
    assert (tmp_path / "other").is_socket()


def test_a_file_is_not_removed(tmp_path: Path) -> None:
    (tmp_path / "s").write_text("kept")
    with pytest.raises(Unusable, match="a file of that name that is no socket"):
        clear(f"unix:{tmp_path}/s")


@pytest.mark.parametrize(("mode", "usable"), [(0o777, False), (0o1777, True), (0o755, True)])
def test_a_folder_where_everybody_can_exchange_it_is_refused(tmp_path: Path, mode: int, usable: bool) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()
    folder.chmod(mode)
    if usable:
        clear(f"unix:{folder}/s")
    else:
        with pytest.raises(Unusable, match="everybody can exchange what is in"):
            clear(f"unix:{folder}/s")


@pytest.mark.root
@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")
def test_the_socket_of_somebody_else_is_not_removed(tmp_path: Path) -> None:
    made(tmp_path / "s").close()
    os.chown(tmp_path / "s", 65534, 65534)
    with pytest.raises(Unusable, match="a socket of user 65534"):
        clear(f"unix:{tmp_path}/s")
    assert (tmp_path / "s").is_socket()


@pytest.mark.root
@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")
def test_who_called_sudo_may_use_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SUDO_UID", "12345")
    monkeypatch.setenv("SUDO_GID", "23456")
    with made(tmp_path / "s"):
        found = (tmp_path / "s").lstat()
        assert (found.st_uid, found.st_gid, stat.S_IMODE(found.st_mode)) == (12345, 23456, 0o600)
