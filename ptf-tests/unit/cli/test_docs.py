# SPDX-License-Identifier: Apache-2.0
"""The examples of docs/cli.md and docs/configuration.md work."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

from srv6cp.cli import cmd_objects, exitcodes, grammar
from srv6cp.cli.cmd_ip import translate_route
from srv6cp.cli.main import build_parser
from srv6cp.config import load_node, loader, policies, ports, sids, steering
from srv6cp.model import Behavior

DOCS = Path(__file__).resolve().parents[3] / "docs"
CLI = (DOCS / "cli.md").read_text()
CONFIGURATION = (DOCS / "configuration.md").read_text()


def blocks(text: str, language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)


COMMANDS = [line for block in blocks(CLI, "sh") for line in block.splitlines() if line.startswith("srv6 ")]


@pytest.mark.parametrize("text", blocks(CONFIGURATION, "yaml"))
def test_configuration_examples_are_valid(text: str) -> None:
    assert load_node(text).name == "r1"


@pytest.mark.parametrize("line", COMMANDS)
def test_commands_of_the_manual_are_understood(line: str) -> None:
    args = build_parser().parse_args(shlex.split(line)[1:])
    assert callable(args.run)
    words = getattr(args, "words", [])
    if args.command in cmd_objects.SECTIONS and args.verb == "add":
        assert getattr(grammar, args.command)(words)
    elif args.command == "ip" and words[:2] == ["route", "add"]:
        assert translate_route(words[2:])


def test_exit_codes_of_the_manual() -> None:
    listed = {int(code) for code in re.findall(r"^\| (\d+) \|", CLI, re.MULTILINE)}
    assert listed == {
        value for name, value in vars(exitcodes).items() if name.isupper() and isinstance(value, int)
    }


def test_every_key_is_in_the_manual() -> None:
    keys = loader.NODE_KEYS | loader.DOMAIN_KEYS | loader.ICMP_KEYS | ports.PORT_KEYS | ports.VRF_KEYS
    keys |= sids.SID_KEYS | policies.POLICY_KEYS | policies.ENCAP_KEYS | steering.MATCH_KEYS
    missing = [key for key in keys if not re.search(rf"\b{key}\b", CONFIGURATION)]
    assert not missing


def test_code_points_of_the_manual() -> None:
    table = dict(re.findall(r"^\| (`End[^|]*) \|[^|]*\| ([\d, ]+) \|$", CONFIGURATION, re.MULTILINE))
    found = {}
    for names, numbers in table.items():
        behaviors = re.findall(r"`([^`]+)`", names)
        values = [int(number) for number in re.findall(r"\d+", numbers)]
        for index, name in enumerate(behaviors):
            found[name] = tuple(values) if len(behaviors) == 1 else (values[index],)
    assert found == {behavior.value: behavior.spec.code_points for behavior in Behavior}
