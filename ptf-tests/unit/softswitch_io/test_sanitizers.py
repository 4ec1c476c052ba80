# SPDX-License-Identifier: Apache-2.0
"""Packet I/O compiled with sanitizers, in a process of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from softswitch.native.compiler import find_compiler


def runtime(name: str) -> str:
    """The library that has to be loaded before Python."""
    words = [find_compiler(), f"-print-file-name={name}"]
    path = subprocess.run(words, capture_output=True, text=True, check=False).stdout.strip()
    if not os.path.isabs(path) or not os.path.exists(path):
        pytest.skip(f"the compiler has no {name}")
    return path


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "flags"),
    [("libasan.so", "-fsanitize=address,undefined"), ("libtsan.so", "-fsanitize=thread")],
    ids=["address", "thread"],
)
def test_sanitizers(name: str, flags: str, tmp_path: Path) -> None:
    environment = {
        **os.environ,
        "LD_PRELOAD": runtime(name),
        "ASAN_OPTIONS": "detect_leaks=0",
        "UBSAN_OPTIONS": "halt_on_error=1",
        "TSAN_OPTIONS": "halt_on_error=1:ignore_noninstrumented_modules=1",
        "XDG_CACHE_HOME": str(tmp_path),
    }
    script = Path(__file__).with_name("sanitized.py")
    answer = subprocess.run(
        [sys.executable, str(script), flags], env=environment, capture_output=True, text=True, check=False, timeout=300
    )
    assert answer.returncode == 0, answer.stderr[-4000:]
    assert "no error" in answer.stdout
