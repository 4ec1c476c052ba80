# SPDX-License-Identifier: Apache-2.0
"""The examples of docs/cli.md and docs/configuration.md work."""

from __future__ import annotations

import importlib.util
import re
import shlex
from pathlib import Path

import pytest

from srv6cp.behaviours import REGISTRY
from srv6cp.cli import exitcodes
from srv6cp.cli.cmd_ip import translate_route
from srv6cp.cli.kinds import kinds
from srv6cp.cli.main import build_parser
from srv6cp.config import limits, load_node, loader, nexthops, policies, ports, routing, sids, steering

DOCS = Path(__file__).resolve().parents[3] / "docs"
CLI = (DOCS / "cli.md").read_text()
CONFIGURATION = (DOCS / "configuration.md").read_text()


def blocks(text: str, language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)


COMMANDS = [line for block in blocks(CLI, "sh") for line in block.splitlines() if line.startswith("srv6 ")]


@pytest.mark.parametrize("text", blocks(CONFIGURATION, "yaml"))
def test_configuration_examples_are_valid(text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in re.findall(r"file: ([\w.-]+)", text):  # of a key
        Path(name).write_text("a secret of some length\n")
        Path(name).chmod(0o600)
    assert load_node(text).name == "r1"


@pytest.mark.parametrize("line", COMMANDS)
def test_commands_of_the_manual_are_understood(line: str) -> None:
    args = build_parser().parse_args(shlex.split(line)[1:])
    assert callable(args.run)
    words = getattr(args, "words", [])
    if args.command in kinds() and args.verb == "add":
        assert kinds()[args.command].parse(words)
    elif args.command == "ip" and words[:2] == ["route", "add"]:
        assert translate_route(words[2:])


def test_exit_codes_of_the_manual() -> None:
    listed = {int(code) for code in re.findall(r"^\| (\d+) \|", CLI, re.MULTILINE)}
    assert listed == {value for name, value in vars(exitcodes).items() if name.isupper() and isinstance(value, int)}


def test_every_key_is_in_the_manual() -> None:
    keys = (
        loader.NODE_KEYS | loader.DOMAIN_KEYS | limits.LIMIT_KEYS | limits.RATE_KEYS | ports.PORT_KEYS | ports.VRF_KEYS
    )
    keys |= {operand.key for operand in REGISTRY.operands} | {section.key for section in REGISTRY.sections}
    keys |= (
        nexthops.NEXTHOP_KEYS
        | routing.ROUTE_KEYS
        | sids.SID_KEYS
        | policies.POLICY_KEYS
        | policies.ENCAP_KEYS
        | steering.MATCH_KEYS
    )
    missing = [key for key in keys if not re.search(rf"\b{key}\b", CONFIGURATION)]
    assert not missing


def test_tables_of_behaviours_are_current() -> None:
    """Run tools/behaviour_tables.py when this fails."""
    spec = importlib.util.spec_from_file_location("behaviour_tables", DOCS.parent / "tools/behaviour_tables.py")
    assert spec is not None and spec.loader is not None
    tool = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(tool)
    assert tool.rendered(CONFIGURATION) == CONFIGURATION
    for record in (*REGISTRY.endpoints, *REGISTRY.headends):
        assert f"| {record.name} |" in CONFIGURATION.replace("`", "")
    with pytest.raises(SystemExit, match="no place for the table 'endpoints'"):
        tool.rendered("")
