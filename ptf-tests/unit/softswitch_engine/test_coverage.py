# SPDX-License-Identifier: Apache-2.0
"""The small programs and their variants use everything that the loader accepts, and are what the compiler made."""

from __future__ import annotations

import hashlib

import pytest

from softswitch.bmv2json import load_program
from softswitch.bmv2json.primitives import PRIMITIVES

from . import variants
from .constructs import accepted, used
from .rigs import EXCEPT, NAMES, PROGRAMS
from .stimuli import SIZES


def coverage(kind: str) -> set[str]:
    """What the programs use that run on a kind of switch."""
    names = [name for name in (*NAMES, *variants.VARIANTS) if name not in EXCEPT.get(kind, {})]
    return set().union(*(used(load_program(variants.load(name))) for name in names))


def test_every_construct_is_in_a_program() -> None:
    assert not accepted() - coverage("python")
    assert not coverage("python") - accepted()


def test_what_only_one_engine_runs_is_little() -> None:
    """Programs that the native engine refuses, or on which BMv2 stops, cover nothing that others do not cover."""
    assert accepted() - coverage("native") == {"hash round_robin_consistent"}
    assert not accepted() - coverage("bmv2")


def test_a_missing_construct_would_be_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(PRIMITIVES, "teleport", 2)
    assert accepted() - coverage("python") == {"primitive teleport"}


def test_programs_are_current() -> None:
    """Sources and what the compiler made of them, by their digests; build.py writes both."""
    lines = (line.split() for line in (PROGRAMS / "SHA256SUMS").read_text().splitlines())
    recorded = {name: digest for digest, name in lines}
    files = [path for path in PROGRAMS.iterdir() if path.suffix in (".p4", ".json", ".txtpb")]
    assert recorded == {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in files}, "run build.py"
    assert set(SIZES) == set(NAMES)
