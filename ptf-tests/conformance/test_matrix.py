# SPDX-License-Identifier: Apache-2.0
"""The compliance matrix is up to date."""

from __future__ import annotations

import subprocess
import sys

from conformance.matrix import DOCUMENT, ROOT


def test_document_is_current() -> None:
    # In a process of its own: importing the tests once more must not touch this one.
    code = "from conformance.matrix import render; import sys; sys.stdout.buffer.write(render().encode())"
    made = subprocess.run(
        [sys.executable, "-c", f"import sys; sys.path.insert(0, {str(ROOT / 'ptf-tests')!r}); {code}"],
        capture_output=True, check=True, timeout=60,
    ).stdout.decode()  # fmt: skip
    assert DOCUMENT.read_text(encoding="utf-8") == made, "run: python ptf-tests/conformance/matrix.py"
