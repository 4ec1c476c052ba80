# SPDX-License-Identifier: Apache-2.0
"""Unified differences of texts, as `diff -u` and `patch` have them."""

from __future__ import annotations

import difflib


def text_diff(before: str, after: str, old: str, new: str) -> str:
    """From the text called ``old`` to the one called ``new``; empty where there is no difference."""
    made = difflib.unified_diff(before.splitlines(keepends=True), after.splitlines(keepends=True), old, new)
    return "".join(line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n" for line in made)
