# SPDX-License-Identifier: Apache-2.0
"""``make bench``: it runs, writes what it prints, and draws it. No figure is judged here."""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from harness import testbed

ROOT = Path(__file__).resolve().parents[3]
BENCH = ROOT / "bench"


def bench(*words: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run ``bench/run.py``."""
    command = [sys.executable, str(BENCH / "run.py"), *words]
    surroundings = {**os.environ, **environment}
    return subprocess.run(command, env=surroundings, capture_output=True, text=True, check=False, timeout=300)


@pytest.fixture(scope="module")
def result(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, dict[str, Any]]:
    """What a short run prints and writes."""
    file = tmp_path_factory.mktemp("bench") / "result.json"
    done = bench("--only", "memory", "--only", "load", "--seconds", "0.02", "--rounds", "1", "--json", str(file))
    assert done.returncode == 0, done.stderr
    return done.stdout, json.loads(file.read_text())


def test_figures(result: tuple[str, dict[str, Any]]) -> None:
    """Every figure is printed and written; each behaviour has a rate and the time of a packet."""
    out, content = result
    figures = content["figures"]
    series = {"Python engine"} if testbed.native_missing() else {"Python engine", "native engine"}
    for name in series:
        rates = {f["case"]: f["value"] for f in figures if f["series"] == name and f["unit"] == "packets/s"}
        times = {f["case"]: f["value"] for f in figures if f["series"] == name and f["unit"] == "ns/packet"}
        assert {"End", "End.X", "End, PSP", "End.DT4", "H.Encaps, 3 SIDs", "IPv6 route"} <= set(rates)
        assert all(rates[case] * times[case] == pytest.approx(1e9, rel=1e-3) for case in rates)
        assert f"{name}: End.DT4" in out
    assert len(content["skipped"]) == 2 * (len(series) == 1)


def test_bars(result: tuple[str, dict[str, Any]]) -> None:
    """A figure with a bar says whether it reached it."""
    out, content = result
    judged = [f for f in content["figures"] if f["bar"]]
    assert all((f["value"] <= float(f["bar"].split()[1])) == f["reached"] for f in judged)
    assert out.count("bar ") == len(judged)


@pytest.mark.skipif(importlib.util.find_spec("matplotlib") is None, reason="matplotlib is not installed")
def test_picture(result: tuple[str, dict[str, Any]], tmp_path: Path) -> None:
    figures, picture = tmp_path / "result.json", tmp_path / "result.svg"
    figures.write_text(json.dumps(result[1]))
    command = [sys.executable, str(BENCH / "plot.py"), str(figures), str(picture)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "Python engine" in picture.read_text()


@pytest.mark.skipif(importlib.util.find_spec("matplotlib") is None, reason="matplotlib is not installed")
def test_sections_without_rates(tmp_path: Path) -> None:
    """``make bench`` always asks for a picture; a section without packet rates has none, and that is no error."""
    picture = tmp_path / "result.svg"
    without_compiler = {"PATH": "/nonexistent", "CC": ""}
    done = bench("--only", "load", "--rounds", "1", "--plot", str(picture), **without_compiler)
    assert (done.returncode, done.stderr) == (0, "")
    assert "no picture: there are no packet rates" in done.stdout
    assert not picture.exists()


def test_picture_of_nothing(tmp_path: Path) -> None:
    """One line that says what is wrong, for a file without rates and for one that is not there."""
    empty = tmp_path / "empty.json"
    empty.write_text('{"machine": {}, "figures": [], "skipped": []}')
    for file in (empty, tmp_path / "absent.json"):
        command = [sys.executable, str(BENCH / "plot.py"), str(file), str(tmp_path / "x.svg")]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert (done.returncode, len(done.stderr.splitlines())) == (1, 1)
        assert str(file) in done.stderr


@pytest.mark.parametrize("sizes", ["", "10,5", "0", "ten"])
def test_wrong_sizes(sizes: str) -> None:
    done = bench("--sizes", sizes)
    assert done.returncode == 2
    assert "increasing numbers" in done.stderr
