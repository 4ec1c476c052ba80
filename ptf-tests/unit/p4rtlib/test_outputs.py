# SPDX-License-Identifier: Apache-2.0
"""What a process with privileges writes: closed to others, and never through what they have put there."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from p4rtlib import outputs
from p4rtlib.outputs import open_output
from p4rtlib.pcap import PcapError, PcapWriter

NEW = os.O_WRONLY | os.O_CREAT | os.O_TRUNC


@pytest.fixture
def shared(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder as /tmp, and privileges."""
    monkeypatch.setattr(outputs, "is_privileged", lambda: True)
    folder = tmp_path / "shared"
    folder.mkdir()
    folder.chmod(0o1777)
    return folder


def test_a_recording_is_for_nobody_else(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for privileged, mode in ((True, 0o600), (False, 0o666 & ~0o022)):
        monkeypatch.setattr(outputs, "is_privileged", lambda privileged=privileged: privileged)
        before = os.umask(0o022)
        try:
            PcapWriter(tmp_path / f"{privileged}.pcap").close()
        finally:
            os.umask(before)
        assert stat.S_IMODE((tmp_path / f"{privileged}.pcap").stat().st_mode) == mode


def test_a_recording_does_not_follow_a_link_of_somebody_else(shared: Path, tmp_path: Path) -> None:
    valuable = tmp_path / "valuable"
    valuable.write_text("kept")
    (shared / "veth1_in.pcap").symlink_to(valuable)
    with pytest.raises(PcapError, match="cannot be written"):
        PcapWriter(shared / "veth1_in.pcap")
    assert valuable.read_text() == "kept"


def test_a_file_with_another_name_is_not_cut(shared: Path, tmp_path: Path) -> None:
    valuable = tmp_path / "valuable"
    valuable.write_text("kept")
    os.link(valuable, shared / "log")
    with pytest.raises(PermissionError, match="another user's"):
        open_output(shared / "log", NEW)
    assert valuable.read_text() == "kept"


def test_a_pipe_of_somebody_is_not_written_to(shared: Path) -> None:
    os.mkfifo(shared / "log")
    reader = os.open(shared / "log", os.O_RDONLY | os.O_NONBLOCK)
    try:
        with pytest.raises(PermissionError, match="plain file"):
            open_output(shared / "log", NEW)
    finally:
        os.close(reader)


def test_own_files_are_written_again(shared: Path) -> None:
    for text in ("longer", "short"):
        with open(shared / "log", "w", opener=open_output, encoding="ascii") as file:
            file.write(text)
    assert (shared / "log").read_text() == "short"


@pytest.mark.root
@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")
def test_a_file_that_somebody_can_read_is_not_taken(shared: Path) -> None:
    (shared / "log").touch()
    os.chown(shared / "log", 65534, 65534)
    with pytest.raises(PermissionError, match="another user's"):
        open_output(shared / "log", NEW)


@pytest.mark.root
@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")
def test_who_called_sudo_gets_the_file(shared: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SUDO_UID", "12345")
    monkeypatch.setenv("SUDO_GID", "23456")
    os.close(open_output(shared / "log", NEW))
    found = (shared / "log").stat()
    assert (found.st_uid, found.st_gid, stat.S_IMODE(found.st_mode)) == (12345, 23456, 0o600)
