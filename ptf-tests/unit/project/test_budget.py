# SPDX-License-Identifier: Apache-2.0
"""The usual packet costs what its budget says: no more, and the budget no more than that."""

from __future__ import annotations

import copy
import importlib.util
import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from softswitch.trace import Step, Trace

ROOT = Path(__file__).resolve().parents[3]


def _load_tool() -> Any:
    spec = importlib.util.spec_from_file_location("budget", ROOT / "tools" / "budget.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


budget = _load_tool()


@pytest.fixture(scope="module")
def now() -> Any:
    """What is measured."""
    return budget.measured()


@pytest.fixture
def copied(tmp_path: Path) -> Path:
    """A root with the budget and the page, to be changed."""
    for name in (budget.BUDGET, budget.PAGE):
        (tmp_path / name).parent.mkdir()
        shutil.copy(ROOT / name, tmp_path / name)
    return tmp_path


def _change(root: Path, by: int) -> None:
    """End in transit may have ``by`` conditions more."""
    content = json.loads((root / budget.BUDGET).read_text())
    content["transit"]["End"]["conditions"] += by
    (root / budget.BUDGET).write_text(json.dumps(content))


def test_the_usual_packet_keeps_its_budget(now: Any) -> None:
    complaints = budget.complaints(now=now)
    assert not complaints, "\n".join(complaints)


def test_the_compiler_needs_no_temporary(now: Any) -> None:
    """But in the profile ``hmac``, whose parser looks ahead in TLVs, which costs next to its hashes nothing, and for
    the members of a digest, of which p4c takes one each."""
    profiles = now.keys() - {"hmac"}
    found = {profile: now[profile]["program"]["temporaries of the compiler"] for profile in profiles}
    assert found == {**dict.fromkeys(profiles, 0), "full": 3}


def test_more_than_the_budget_is_named(now: Any, copied: Path) -> None:
    _change(copied, -1)
    number = now["transit"]["End"]["conditions"]
    assert budget.complaints(copied, now) == [
        f"transit, End: conditions: budget {number - 1}, now {number}",
        "The usual packet costs more: spare it that, or run tools/budget.py --write, and say in the commit why.",
        "docs/performance.md has not the table of p4src/budget.json: run tools/budget.py --write.",
    ]


def test_less_than_the_budget_is_named(now: Any, copied: Path) -> None:
    _change(copied, 1)
    number = now["transit"]["End"]["conditions"]
    assert budget.complaints(copied, now)[:2] == [
        f"transit, End: conditions: budget {number + 1}, now {number}",
        "The usual packet costs less: lower the budget (run tools/budget.py --write, and say in the commit why).",
    ]


def test_what_has_no_budget_is_too_much(now: Any) -> None:
    """A new profile, packet or kind needs a budget; one that is gone has none to keep."""
    less = copy.deepcopy(now)
    del less["edge"]["End"]["tables"]
    (change,) = budget.compare(less, now)
    assert change == ("edge", "End", "tables", None, now["edge"]["End"]["tables"]) and change.higher
    (change,) = budget.compare(now, less)
    assert not change.higher


def test_a_costlier_program_is_seen() -> None:
    """A metadata field, a header instance and a temporary more; an operator within an operator."""
    program = json.loads((ROOT / "p4src/build/transit.json").read_text())
    before = budget.of_program(program)
    scalars = next(kind for kind in program["header_types"] if kind["name"] == "scalars_0")
    scalars["fields"] += [["local_metadata_t.more", 8, False], ["tmp_7", 1, False], ["here_0", 8, False]]
    program["headers"].append({"name": "more", "id": 99, "header_type": "srh_t", "metadata": False})
    assert budget.of_program(program) == {kind: number + 1 for kind, number in before.items()}
    field = {"type": "field", "value": ["ipv6", "hop_limit"]}
    expression = {"type": "expression", "value": {"op": "+", "left": field, "right": field}}
    assert budget.operators(field) == 0 and budget.operators(expression) == 1
    assert budget.operators({"type": "expression", "value": {"op": "?", "cond": expression, "left": expression}}) == 3


def test_a_costlier_select_is_seen() -> None:
    """A key of two fields and its cases until one fits; a longer key, or a case in front, is dearer."""
    program: dict[str, Any] = {
        "header_types": [{"name": "ipv6_t", "fields": [["version", 4, False], ["hop_limit", 8, False]]}],
        "headers": [{"name": "ipv6", "header_type": "ipv6_t"}],
        "parsers": [{"parse_states": []}],
    }
    keys = [{"type": "field", "value": ["ipv6", "version"]}, {"type": "field", "value": ["ipv6", "hop_limit"]}]
    ends = {"type": "hexstr", "value": "0x0000", "mask": "0x00fe", "next_state": "ends"}
    six = {"type": "hexstr", "value": "0x0640", "mask": None, "next_state": "six"}
    default = {"type": "default", "value": None, "mask": None, "next_state": None}

    def cost(key: int, keys: list[Any], transitions: list[Any]) -> tuple[int, int]:
        program["parsers"][0]["parse_states"] = [{"name": "start", "transition_key": keys, "transitions": transitions}]
        select = Step("select", {"key": key, "next": "any"})
        trace = Trace(1, b"", [Step("parser", {}, [Step("state", {"name": "start"}, [select])])])
        return tuple(budget.of_selects(program, trace).values())

    assert cost(0x0640, keys, [six, ends, default]) == (12, 1)
    assert cost(0x0640, keys, [ends, six, default]) == (12, 2)
    assert cost(0x0601, keys, [six, ends, default]) == (12, 2)
    assert cost(0x0641, keys, [six, ends, default]) == (12, 2)  # the default is compared with nothing
    assert cost(0x0640, [*keys, {"type": "lookahead", "value": [0, 32]}], [six, default]) == (44, 1)
