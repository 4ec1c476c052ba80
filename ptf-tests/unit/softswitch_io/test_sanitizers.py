# SPDX-License-Identifier: Apache-2.0
"""Packet I/O compiled with sanitizers."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness import sanitizers

SCRIPT = Path(__file__).with_name("sanitized.py")


@pytest.mark.slow
def test_address_and_undefined_behaviour_sanitizers(tmp_path: Path) -> None:
    sanitizers.run(sanitizers.ADDRESS, SCRIPT, tmp_path)


@pytest.mark.slow
def test_thread_sanitizer(tmp_path: Path) -> None:
    # Python's own threads are no business of the sanitizer
    options = "halt_on_error=1:ignore_noninstrumented_modules=1"
    sanitizers.run(sanitizers.THREAD, SCRIPT, tmp_path, TSAN_OPTIONS=options)
