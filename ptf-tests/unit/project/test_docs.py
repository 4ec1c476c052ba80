# SPDX-License-Identifier: Apache-2.0
"""What the documents say is there: links, verbs, commands, names. And nothing of a machine is in them."""

from __future__ import annotations

import argparse
import importlib.util
import re
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from srv6cp.cli.main import build_parser
from srv6cp.config import load_node
from srv6cp.model import DropReason

ROOT = Path(__file__).resolve().parents[3]
DOCUMENTS = sorted(
    [
        ROOT / "README.md",
        ROOT / "CHANGELOG.md",
        ROOT / "CONTRIBUTING.md",
        *(ROOT / "docs").glob("*.md"),
        *(ROOT / folder / "README.md" for folder in ("p4src", "ptf-tests", "topo")),
    ]
)
FENCE = re.compile(r"^( *)```(\w*)\n(.*?)^\1```", re.M | re.S)


def name(path: Path) -> str:
    return str(path.relative_to(ROOT))


each_document = pytest.mark.parametrize("path", DOCUMENTS, ids=name)


def prose(text: str) -> str:
    """The text without its code blocks."""
    return FENCE.sub("", text)


def anchors(path: Path) -> set[str]:
    """The anchors that GitHub makes of the headings, without those of repeated headings."""
    found = set()
    for title in re.findall(r"^#+ +(.*)$", prose(path.read_text()), re.M):
        words = re.sub(r"\[([^]]*)\]\([^)]*\)", r"\1", title).replace("`", "")
        found.add(re.sub(r"[^\w\- ]", "", words.lower()).replace(" ", "-"))
    return found


def broken_links(path: Path) -> Iterator[str]:
    """Links of a document that lead nowhere in this repository."""
    text = prose(path.read_text())
    targets = re.findall(r"\]\(([^)\s]+)\)", text) + re.findall(r"^\[[^]]+\]: (\S+)$", text, re.M)
    for target in targets:
        if re.match(r"https?://", target):
            continue
        file, _, anchor = target.partition("#")
        there = (path.parent / file).resolve() if file else path
        if not there.exists():
            yield f"{target}: no such file"
        elif anchor and anchor not in anchors(there):
            yield f"{target}: no such heading"
    defined = set(re.findall(r"^\[([^]]+)\]: ", text, re.M))
    for shown, label in re.findall(r"\[([^]]+)\]\[([^]]*)\]", text):
        if (label or shown) not in defined:
            yield f"[{shown}][{label}]: no such reference"


@each_document
def test_links_lead_somewhere(path: Path) -> None:
    assert list(broken_links(path)) == []


def test_a_broken_link_is_found(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("# One thing\n[a](#one-thing) [b](#another) [c](gone.md) [d][e]\n```\n[f](code.md)\n```\n")
    assert list(broken_links(page)) == [
        "#another: no such heading",
        "gone.md: no such file",
        "[d][e]: no such reference",
    ]


@each_document
def test_nothing_of_a_machine(path: Path) -> None:
    """No path of somebody's machine, and no address of a package index or mirror."""
    text = path.read_text()
    private = re.findall(r"(?<![\w.])/(?:home|root|Users|work|opt|tmp|usr)/\S*", text)
    hosts = re.findall(r"\S*(?:pypi|artifactory|nexus|simple/|index-url|download\.opensuse)\S*", text)
    assert private + hosts == []


@each_document
def test_text_is_tidy(path: Path) -> None:
    lines = path.read_text().splitlines()
    assert [number for number, line in enumerate(lines, 1) if line != line.rstrip()] == []


def commands(path: Path) -> Iterator[list[str]]:
    """Command lines of a document: in blocks of shell code, and `in line` when they begin like one."""
    text = path.read_text()
    found = [line for _, kind, block in FENCE.findall(text) if kind in ("sh", "") for line in block.splitlines()]
    found += re.findall(r"`([^`\n]+)`", prose(text))
    for line in found:
        words = line.split("  #")[0].split(" # ")[0].replace(".venv/bin/", "").split()
        while words and re.fullmatch(r"[A-Z_0-9]+=\S*", words[0]):
            words.pop(0)
        if len(words) > 1:
            yield words


@each_document
def test_make_verbs_exist(path: Path) -> None:
    makefile = (ROOT / "Makefile").read_text()
    verbs = set(re.findall(r"^([a-z]+):", makefile, re.M))
    asked = {words[1] for words in commands(path) if words[0] == "make" and re.fullmatch(r"[a-z]+", words[1])}
    assert asked - verbs == set()


def _choices(parser: argparse.ArgumentParser) -> dict[str, argparse.ArgumentParser]:
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            return dict(action.choices)
    return {}


@cache
def _whole_command_line() -> argparse.ArgumentParser:
    return build_parser()


def unknown_srv6(words: list[str]) -> str:
    """What of an ``srv6`` command line does not exist; empty when all of it does."""
    parser, rest = _whole_command_line(), words[1:]
    while rest and (below := _choices(parser)):
        if re.fullmatch(r"-v+", rest[0]):
            rest = rest[1:]
            continue
        if not re.fullmatch(r"[a-z][a-z0-9-]*", rest[0]):  # a placeholder, or prose
            return ""
        if rest[0] not in below:
            return f"{' '.join(words)}: no command {rest[0]}"
        parser, rest = below[rest[0]], rest[1:]
    options = {option for action in parser._actions for option in action.option_strings}
    wrong = [word for word in rest if re.fullmatch(r"--?[a-z][a-z-]*", word) and word not in options]
    foreign = words[1] in ("ip", "srconf") or words[1:3] == ["lab", "exec"]  # the words of other programs
    return f"{' '.join(words)}: no option {wrong[0]}" if wrong and not foreign else ""


@each_document
def test_srv6_commands_exist(path: Path) -> None:
    assert [problem for words in commands(path) if words[0] == "srv6" and (problem := unknown_srv6(words))] == []


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ("srv6 show drops", ""),
        ("srv6 -v run node.yaml", ""),
        ("srv6 show drips", "srv6 show drips: no command drips"),
        ("srv6 lab up quickstart --shell", ""),
        ("srv6 lab upp quickstart", "srv6 lab upp quickstart: no command upp"),
        ("srv6 apply node.yaml --dry-runs", "srv6 apply node.yaml --dry-runs: no option --dry-runs"),
    ],
)
def test_a_wrong_command_is_found(line: str, problem: str) -> None:
    assert unknown_srv6(line.split()) == problem


def test_softswitch_options_exist() -> None:
    from softswitch import options

    known = options._parser()._option_string_actions
    words = [word for path in DOCUMENTS for line in commands(path) if line[0] == "softswitch" for word in line]
    asked = {word for word in words if re.fullmatch(r"--[a-z][a-z-]*", word)}
    assert asked and asked <= set(known)


def test_the_node_file_of_the_readme_is_valid() -> None:
    (block,) = (text for _, kind, text in FENCE.findall((ROOT / "README.md").read_text()) if kind == "yaml")
    node = load_node(block)
    assert (node.name, len(node.sids), len(node.policies)) == ("r1", 2, 1)


def test_troubleshooting_knows_every_drop_reason() -> None:
    text = (ROOT / "docs" / "troubleshooting.md").read_text()
    listed = re.findall(r"^\| `([A-Z0-9_]+)` \|", text, re.M)
    assert listed == [reason.name for reason in DropReason if reason]


def _p4_reference() -> Any:
    spec = importlib.util.spec_from_file_location("p4_reference", ROOT / "tools" / "p4_reference.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_reference_of_the_program_is_current() -> None:
    """Run tools/p4_reference.py when this fails."""
    for document, text in _p4_reference().documents().items():
        assert (ROOT / document).read_text() == text, f"{document}: run tools/p4_reference.py"


def test_readme_shows_what_make_run_prints() -> None:
    """Paste the end of the output of `make run` when this fails."""
    picture = (ROOT / "README.md").read_text().split("<!-- begin: make run -->")[1].split("<!-- end: make run -->")[0]
    shown = [line for line in picture.splitlines() if line and not line.startswith("```")]
    command = [sys.executable, "-m", "srv6cp.cli.main", "lab", "up", "topo/quickstart.yaml"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    printed = done.stdout.splitlines()
    assert len(shown) > 5
    assert [line for line in shown if line not in printed] == []
