# SPDX-License-Identifier: Apache-2.0
"""Completion: the scripts are run in their shells, and the words that they offer looked at."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from srv6cp.artifacts import PROFILES
from srv6cp.behaviours import REGISTRY
from srv6cp.cli.main import main

BASH = """\
source "$1"; shift
COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); COMPREPLY=()
_shtab_srv6
printf '%s\\n' "${COMPREPLY[@]}"
"""
FISH = "source $argv[1]; complete -C $argv[2] | string split -f1 \\t"

Complete = Callable[..., set[str]]


def script(shell: str, capsys: pytest.CaptureFixture[str]) -> str:
    assert main(["completion", shell]) == 0
    return capsys.readouterr().out


def need(shell: str) -> str:
    found = shutil.which(shell)
    if found is None:
        pytest.skip(f"{shell} is not installed")
    return found


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    """A place with a node file, a pcap file and a folder, and ``srv6`` on PATH; no lab is up."""
    place = tmp_path / "here"
    (place / "folder").mkdir(parents=True)
    for name in ("node.yaml", "capture.pcap", "notes.txt"):
        (place / name).touch()
    command = tmp_path / "bin" / "srv6"
    command.parent.mkdir()
    command.write_text(f'#!/bin/sh\nexec {sys.executable} -m srv6cp.cli.main "$@"\n')
    command.chmod(0o755)
    return {
        **os.environ,
        "PATH": os.pathsep.join((str(command.parent), os.environ["PATH"])),
        "PYTHONPATH": os.pathsep.join(filter(None, sys.path)),
        "SRV6LAB_DIR": str(tmp_path / "labs"),
    }


@pytest.fixture
def bash(tmp_path: Path, environment: dict[str, str], capsys: pytest.CaptureFixture[str]) -> Complete:
    """What bash offers behind these words; the last one is being typed."""
    shell = need("bash")
    file = tmp_path / "srv6.bash"
    file.write_text(script("bash", capsys))

    def complete(*words: str) -> set[str]:
        command = [shell, "--norc", "-c", BASH, "bash", str(file), "srv6", *words]
        done = subprocess.run(
            command, env=environment, cwd=tmp_path / "here", capture_output=True, text=True, check=True
        )
        assert done.stderr == ""
        return set(done.stdout.split())

    return complete


def test_verbs(bash: Complete) -> None:
    assert {"apply", "run", "sid", "lab", "show", "completion"} <= bash("")
    assert {"up", "down", "exec", "path", "graph"} <= bash("lab", "")
    assert bash("lab", "un") == {"unsteer"}
    assert bash("-v", "config", "") == {"check", "schema"}


def test_options_and_their_words(bash: Complete) -> None:
    assert "--netns" in bash("lab", "up", "--")
    assert bash("lab", "up", "--switch", "") == {"auto", "softswitch", "bmv2"}
    assert bash("run", "--switch", "n") == {"none"}
    for command in (("run",), ("apply",), ("lab", "up")):
        assert bash(*command, "--profile", "") == set(PROFILES)


def test_topologies_and_nodes(bash: Complete) -> None:
    assert {"quickstart", "vpn", "node.yaml", "folder"} <= bash("lab", "up", "")
    assert "notes.txt" not in bash("lab", "up", "")
    assert bash("lab", "graph", "qu") == {"quickstart"}
    assert bash("lab", "config", "quickstart", "") == {"r1", "r2", "r3", "r4"}
    assert bash("lab", "exec", "quickstart", "") == {"r1", "r2", "r3", "r4", "h1", "h2"}
    assert bash("lab", "path", "-4", "quickstart", "h1", "") == {"h1", "h2"}
    assert bash("lab", "steer", "quickstart", "r1", "h2", "r3", "r4") == {"r4"}
    assert bash("lab", "down", "") == set()


def test_behaviours_and_words_of_the_grammars(bash: Complete) -> None:
    assert bash("sid", "add", "fc00::1", "End") == {record.name for record in REGISTRY.endpoints}
    assert {"vrf", "via"} == bash("sid", "add", "fc00::1", "End.DT4", "v")
    assert {"segs", "hop-limit", "encap.red", "insert"} <= bash("policy", "add", "north", "")
    assert bash("neigh", "del", "") == {"port", "vrf"}
    assert {"seg6local", "End.DT4", "nh6"} <= bash("ip", "route", "add", "fc00::1", "encap", "")
    assert {"localsid", "end.dx4"} <= bash("srconf", "")


def test_tables(bash: Complete) -> None:
    assert bash("show", "tables", "my") == {"my_sid_table"}


@pytest.mark.parametrize(
    ("words", "offered"),
    [
        (("apply", ""), {"node.yaml", "folder"}),
        (("run", "--pcap", ""), {"folder"}),
        (("sid", "show", "-c", ""), {"node.yaml", "folder"}),
        (("trace", ""), {"node.yaml", "capture.pcap", "notes.txt", "folder"}),
        (("show", "drops", ""), set()),
        (("sid", "show", ""), set()),
        (("apply", "--device-id", ""), set()),
        (("lab", "exec", "quickstart", "h1", "--", "node.y"), set()),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
)
def test_files_where_files_are_meant(bash: Complete, words: tuple[str, ...], offered: set[str]) -> None:
    assert bash(*words) == offered


def test_fish(tmp_path: Path, environment: dict[str, str], capsys: pytest.CaptureFixture[str]) -> None:
    shell = need("fish")
    file = tmp_path / "srv6.fish"
    file.write_text(script("fish", capsys))

    def complete(line: str) -> set[str]:
        command = [shell, "--no-config", "-c", FISH, str(file), line]
        done = subprocess.run(command, env=environment, cwd=tmp_path / "here", capture_output=True, text=True)
        return set(done.stdout.split())

    assert {"up", "down", "exec"} <= complete("srv6 lab ")
    assert complete("srv6 lab steer quickstart r1 ") == {"h1", "h2"}
    assert complete("srv6 show tables my") == {"my_sid_table"}


@pytest.mark.parametrize("shell", ["zsh", "tcsh"])
def test_script_is_read(shell: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    program = need(shell)
    file = tmp_path / "srv6"
    file.write_text(script(shell, capsys))
    flags = ["-f", "-n", str(file)] if shell == "zsh" else ["-f", "-c", f"source {file}"]
    done = subprocess.run([program, *flags], capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")


def test_every_word_of_a_grammar_in_zsh(capsys: pytest.CaptureFixture[str]) -> None:
    """Not only the first."""
    text = script("zsh", capsys)
    assert '"*:WORD:(End End.X ' in text and '"(*):' not in text


def test_unknown_shell(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["completion", "csh"]) == 2
    assert "invalid choice: 'csh'" in capsys.readouterr().err
