# SPDX-License-Identifier: Apache-2.0
"""The cache of compiled code: only what this user wrote, whole, is executed; nothing outside of it is touched."""

from __future__ import annotations

import multiprocessing
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from harness import testbed
from softswitch.native import cache, compiler

SOURCE = "int answer(void) { return 42; }"

needs_compiler = pytest.mark.skipif(testbed.native_missing() is not None, reason=str(testbed.native_missing()))


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where objects are kept in this test; what is without a cache is warned of anew."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    compiler._of_this_process.cache_clear()
    return tmp_path / "softswitch"


def stored(folder: Path, data: bytes = b"\x7fELF, say") -> Path:
    """An object that a compiler made."""
    checked = cache.checked_folder(folder)
    path = checked / "0123.so"
    with cache.scratch(path) as scratch:
        (scratch / "object.so").write_bytes(data)
        cache.store(scratch / "object.so", path)
    return path


# ---------------------------------------------------------------------------- the folder


def test_relative_folder_counts_for_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", "cache")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert cache.default_folder() == tmp_path / ".cache" / "softswitch"


def test_folder_of_somebody_else_is_refused(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder.mkdir(0o700)
    me = os.geteuid()
    monkeypatch.setattr(os, "geteuid", lambda: me + 1)
    with pytest.raises(cache.CacheUnusable, match=f"softswitch belongs to user {me}, and this is user {me + 1}"):
        cache.checked_folder(folder)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root gives folders away")
def test_folder_in_that_of_somebody_else_is_refused(tmp_path: Path) -> None:
    (tmp_path / "home").mkdir(0o755)
    os.chown(tmp_path / "home", 12345, -1)
    with pytest.raises(cache.CacheUnusable, match=r"lies in .*home, which belongs to user 12345"):
        cache.checked_folder(tmp_path / "home" / "softswitch")


@pytest.mark.parametrize("mode", [0o770, 0o707])
def test_folder_that_others_write_is_refused(folder: Path, mode: int) -> None:
    folder.mkdir()
    folder.chmod(mode)
    with pytest.raises(cache.CacheUnusable, match="can be written by others; chmod 700"):
        cache.checked_folder(folder)


def test_folder_that_others_can_exchange_is_refused(folder: Path) -> None:
    folder.parent.chmod(0o777)
    with pytest.raises(cache.CacheUnusable, match=f"lies in {folder.parent}, which others can write"):
        cache.checked_folder(folder)
    folder.parent.chmod(0o1777)
    assert cache.checked_folder(folder) == folder


def test_folder_that_is_a_link_or_a_file_is_refused(folder: Path) -> None:
    (folder.parent / "elsewhere").mkdir()
    folder.symlink_to("elsewhere")
    with pytest.raises(cache.CacheUnusable, match="is a symbolic link"):
        cache.checked_folder(folder)
    folder.unlink()
    folder.touch()
    with pytest.raises(cache.CacheUnusable, match="is no folder"):
        cache.checked_folder(folder)


@needs_compiler
def test_without_a_cache_the_engine_compiles_for_itself(folder: Path, caplog: pytest.LogCaptureFixture) -> None:
    folder.mkdir()
    folder.chmod(0o777)
    made = compiler.build(SOURCE)
    assert made.parent != folder
    assert made.exists()
    assert list(folder.iterdir()) == []
    assert compiler.build(SOURCE) == made
    (record,) = caplog.records
    assert record.message.startswith(f"no cache of compiled code: {folder} can be written by others")


@needs_compiler
def test_its_own_folder_goes_with_the_process(folder: Path) -> None:
    folder.symlink_to("/nonexistent")
    script = f"from softswitch.native import compiler; print(compiler.build({SOURCE!r}))"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    made = Path(done.stdout.strip())
    assert made.suffix == ".so"
    assert not made.parent.exists()


# ---------------------------------------------------------------------------- objects


def test_object_is_found_again(folder: Path) -> None:
    path = stored(folder)
    assert cache.fetch(path)
    assert path.stat().st_mode & 0o777 == 0o700
    assert not cache.fetch(path.with_name("4567.so"))


@pytest.mark.parametrize("left", [0, 1, 9, 40, -1])
def test_object_cut_short_is_removed(folder: Path, left: int) -> None:
    """Mapped, it would end the process with SIGBUS."""
    path = stored(folder)
    path.write_bytes(path.read_bytes()[:left])
    assert not cache.fetch(path)
    assert not path.exists()


def test_object_of_other_content_is_removed(folder: Path) -> None:
    path = stored(folder)
    data = bytearray(path.read_bytes())
    data[0] ^= 1
    path.write_bytes(data)
    assert not cache.fetch(path)
    assert not path.exists()


def test_object_of_somebody_else_is_removed(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = stored(folder)
    me = os.geteuid()
    monkeypatch.setattr(os, "geteuid", lambda: me + 1)
    assert not cache.fetch(path)


def test_object_that_others_write_is_removed(folder: Path) -> None:
    path = stored(folder)
    path.chmod(0o702)
    assert not cache.fetch(path)


def test_what_is_no_file_is_removed(folder: Path) -> None:
    path = stored(folder)
    elsewhere = folder.parent / "elsewhere"
    path.rename(elsewhere)
    path.symlink_to(elsewhere)
    assert not cache.fetch(path)
    assert elsewhere.exists(), "what a link leads to is left alone"
    os.mkfifo(path)
    assert not cache.fetch(path)
    path.mkdir()
    assert not cache.fetch(path)
    assert list(folder.iterdir()) == []


@needs_compiler
def test_damaged_object_is_compiled_again(folder: Path) -> None:
    made = compiler.build(SOURCE)
    whole = made.read_bytes()
    made.write_bytes(whole[: len(whole) // 2])
    assert compiler.build(SOURCE) == made
    assert len(made.read_bytes()) == len(whole)


# ---------------------------------------------------------------------------- locks, leftovers


@needs_compiler
@pytest.mark.parametrize("name", ["lock", "so"])
def test_link_is_not_followed(folder: Path, name: str) -> None:
    """As root's switch would, into any file, for who can write to the folder."""
    made = compiler.build(SOURCE)
    made.unlink()
    valuable = folder.parent / "valuable"
    valuable.write_text("kept")
    made.with_suffix(f".{name}").symlink_to(valuable)
    if name == "lock":
        with pytest.raises(compiler.NoCompiler, match="cannot keep what the compiler makes"):
            compiler.build(SOURCE)
    else:
        assert compiler.build(SOURCE) == made
    assert valuable.read_text() == "kept"


def hold(path: Path) -> None:
    with cache.only_one(path), cache.scratch(path) as scratch:
        (scratch / "source.c").write_text("x")
        path.with_suffix(".held").touch()
        time.sleep(60)


def test_what_a_killed_process_left_is_removed(folder: Path) -> None:
    checked = cache.checked_folder(folder)
    mine, other = checked / "mine.so", checked / "other.so"
    holder = multiprocessing.get_context("fork").Process(target=hold, args=(other,))
    holder.start()
    while not other.with_suffix(".held").exists():
        time.sleep(0.01)
    other.with_suffix(".held").unlink()
    cache.sweep(checked, mine)
    assert {path.name for path in checked.iterdir()} == {"other.lock", "build-other"}, "it is at work"
    os.kill(int(holder.pid or 0), signal.SIGKILL)
    holder.join()
    cache.sweep(checked, mine)
    assert list(checked.iterdir()) == []


def test_old_objects_are_removed(folder: Path) -> None:
    path = stored(folder)
    long_ago = time.time() - (cache.KEEP_DAYS + 1) * 86400
    os.utime(path, (long_ago, long_ago))
    cache.sweep(folder, folder / "another.so")
    assert not path.exists()


def enter(path: Path, log: Path) -> None:
    with cache.only_one(path), log.open("a") as file:
        file.write("in\n")
        file.flush()
        time.sleep(0.02)
        file.write("out\n")


def test_one_process_at_a_time_compiles(folder: Path) -> None:
    path, log = cache.checked_folder(folder) / "x.so", folder.parent / "log"
    processes = [multiprocessing.get_context("fork").Process(target=enter, args=(path, log)) for _ in range(8)]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
    assert log.read_text() == "in\nout\n" * 8
    assert list(folder.iterdir()) == []
