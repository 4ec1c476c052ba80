# SPDX-License-Identifier: Apache-2.0
"""When a run with a sanitizer fails and when it is skipped."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness import sanitizers, testbed

pytestmark = pytest.mark.skipif(testbed.native_missing() is not None, reason=str(testbed.native_missing()))

TAKEN = "FATAL: ThreadSanitizer: unexpected memory mapping 0x5b00-0x5c00"


def script(folder: Path, message: str, code: int) -> Path:
    """A script that says something on stderr and ends with an exit code."""
    path = folder / "script.py"
    path.write_text(f"import sys\nprint({message!r}, file=sys.stderr)\nsys.exit({code})\n")
    return path


def compiler(folder: Path, monkeypatch: pytest.MonkeyPatch, body: str) -> None:
    """A C compiler that answers with lines of shell."""
    path = folder / "cc"
    path.write_text(f"#!/bin/sh\n{body}\n")
    path.chmod(0o755)
    monkeypatch.setenv("CC", str(path))


def test_what_a_sanitizer_finds_fails(tmp_path: Path) -> None:
    with pytest.raises(AssertionError, match="heap-buffer-overflow"):
        sanitizers.run(sanitizers.ADDRESS, script(tmp_path, "heap-buffer-overflow", 1), tmp_path)


def test_a_script_that_does_not_reach_its_end_fails(tmp_path: Path) -> None:
    with pytest.raises(AssertionError, match="does not reach its end"):
        sanitizers.run(sanitizers.ADDRESS, script(tmp_path, "", 0), tmp_path)


def test_a_random_address_space_is_a_reason_to_skip(tmp_path: Path) -> None:
    with pytest.raises(pytest.skip.Exception) as reason:
        sanitizers.run(sanitizers.THREAD, script(tmp_path, TAKEN, 66), tmp_path)
    if TAKEN not in str(reason.value):  # there is no thread sanitizer here
        raise reason.value
    assert "vm.mmap_rnd_bits" in str(reason.value)


def test_without_runtime(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    compiler(tmp_path, monkeypatch, "echo libasan.so")
    with pytest.raises(pytest.skip.Exception, match=r"the compiler has no libasan\.so"):
        sanitizers.run(sanitizers.ADDRESS, script(tmp_path, "", 0), tmp_path)


def test_compiler_that_cannot_link_the_runtime(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    compiler(tmp_path, monkeypatch, f"test $# = 1 && echo {tmp_path} && exit 0\necho cannot find -lubsan >&2\nexit 1")
    with pytest.raises(pytest.skip.Exception, match="cannot find -lubsan"):
        sanitizers.run(sanitizers.ADDRESS, script(tmp_path, "", 0), tmp_path)
