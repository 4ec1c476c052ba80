#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What the usual packet costs in each profile of the P4 program, held against what it may cost.

    tools/budget.py            compare with p4src/budget.json and docs/performance.md (exit code 1: not the same)
    tools/budget.py --write    make what is measured the budget, in both

Of a program, from ``p4src/build/PROFILE.json``: what a software switch pays for with every packet, used or not. Of a
packet, from the trace of softswitch's Python engine with the node of ``bench/cases.py``: what lies on its way, the
keys and cases of the parser's selects among it.
Operators are those of a whole condition, although ``&&`` and ``||`` evaluate their right side only where it matters.
Nothing is timed, so the numbers are the same everywhere.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT / folder) for folder in ("cp", "ptf-tests", "bench", ".")]

import cases  # noqa: E402

from harness import defaults  # noqa: E402
from harness.inproc import InProcess  # noqa: E402
from harness.router import Router  # noqa: E402
from softswitch.trace import Trace  # noqa: E402
from srv6cp import artifacts  # noqa: E402

BUDGET = "p4src/budget.json"
PAGE = "docs/performance.md"
BEGIN, END = "<!-- begin budget: written by tools/budget.py -->", "<!-- end budget -->"
ACCEPT = "run tools/budget.py --write, and say in the commit why"

#: The packets of each profile, by their names in ``bench/cases.py``.
PACKETS = {
    "transit": ("End",),
    "edge": ("End", "End.DT46, IPv6 inside", "H.Encaps, 3 SIDs"),
    "mobile": ("End", "End.DT46, IPv6 inside", "H.Encaps, 3 SIDs"),
    "services": ("End", "End.DT46, IPv6 inside", "H.Encaps, 3 SIDs"),
    "full": ("End", "End.DT46, IPv6 inside", "H.Encaps, 3 SIDs"),
    "telemetry": ("End", "End.DT46, IPv6 inside", "H.Encaps, 3 SIDs"),
    "hmac": ("End", "End.DT46, IPv6 inside", "H.Encaps, 3 SIDs"),
}
PORT_IN, PORT_OUT = 1, 3

#: What a program or a packet has of each kind of thing.
Counts = dict[str, int]
#: Profile, then ``program`` or the name of a packet, then kind.
Budget = dict[str, dict[str, Counts]]
PROGRAM = "program"


class Change(NamedTuple):
    """A number that is not the one of the budget; None: the kind, packet or profile is not there."""

    profile: str
    what: str
    kind: str
    budget: int | None
    measured: int | None

    def __str__(self) -> str:
        return f"{self.profile}, {self.what}: {self.kind}: budget {self.budget}, now {self.measured}"

    @property
    def higher(self) -> bool:
        """Whether it costs more than it may."""
        return (self.measured or 0) > (self.budget or 0)


def of_program(program: Mapping[str, Any]) -> Counts:
    """What every packet pays for, of a program in BMv2's JSON: fields are cleared, headers marked invalid."""
    types = {kind["name"]: kind["fields"] for kind in program["header_types"]}
    scalars = next(header for header in program["headers"] if header["name"] == "scalars")
    fields = [name for name, *_ in types[scalars["header_type"]]]
    metadata = [name for name in fields if name.startswith("local_metadata_t.")]
    temporaries = [name for name in fields if name.startswith(("tmp", "_tmp"))]
    return {
        "header instances": sum(not header["metadata"] for header in program["headers"]),
        "metadata fields": len(metadata),
        "local variables": len(fields) - len(metadata) - len(temporaries),
        "temporaries of the compiler": len(temporaries),
    }


def operators(expression: Any) -> int:
    """Operators of an expression in BMv2's JSON."""
    if isinstance(expression, dict):
        own = "op" in expression
        return own + sum(operators(part) for part in expression.values())
    return 0


def of_selects(program: Mapping[str, Any], trace: Trace) -> Counts:
    """What the parser compares on the way of a traced packet: the bits of its keys, the cases until one fits."""
    kinds = {header["name"]: header["header_type"] for header in program["headers"]}
    widths = {kind["name"]: {name: width for name, width, *_ in kind["fields"]} for kind in program["header_types"]}
    states = {state["name"]: state for part in program["parsers"] for state in part["parse_states"]}
    bits = cases = 0
    for step in trace.find("state"):
        state = states[step.data["name"]]
        # Header and field by name; what is looked ahead at is given by its offset and its width.
        for part in state["transition_key"]:
            first, second = part["value"]
            bits += widths[kinds[first]][second] if part["type"] == "field" else second
        key = next((each.data["key"] for each in step.children if each.kind == "select" and "key" in each.data), None)
        if key is not None:
            cases += _cases_tried(key, state["transitions"])
    return {"bits of the select keys": bits, "cases of the selects": cases}


def _cases_tried(key: int, transitions: Sequence[Mapping[str, Any]]) -> int:
    """Cases of a select in BMv2's JSON that are compared with ``key``, in their order; the default is not."""
    compared = [each for each in transitions if each["type"] == "hexstr"]
    for number, case in enumerate(compared, 1):
        mask = -1 if case["mask"] is None else int(case["mask"], 16)
        if key & mask == int(case["value"], 16) & mask:
            return number
    return len(compared)


def of_packet(program: Mapping[str, Any], trace: Trace) -> Counts:
    """What lies on the way of a traced packet."""
    conditions = {
        each["name"]: operators(each["expression"]) for part in program["pipelines"] for each in part["conditionals"]
    }
    steps = Counter(step.kind for step in trace.walk())
    parser = [step for state in trace.find("state") for step in state.children if step.kind != "select"]
    effects = [effect for action in trace.find("action") for effect in action.children]
    called_by_tables = sum(step.kind == "action" for each in trace.find("table") for step in each.children)
    counters = sum(effect.data["text"].startswith("count(") for effect in effects)
    return {
        "parser states": steps["state"],
        "extracts": sum(step.kind == "extract" for step in parser),
        "assignments of the parser": sum(step.kind != "extract" for step in parser),
        **of_selects(program, trace),
        "conditions": steps["condition"],
        "operators of the conditions": sum(conditions[step.data["text"]] for step in trace.find("condition")),
        "tables": steps["table"],
        "bare action calls": steps["action"] - called_by_tables,
        "primitives of the actions": len(effects) - counters,
        "counters": counters,
    }


def _node(profile: str) -> dict[str, Any]:
    node = cases.node()
    if profile == "transit":  # knows neither decapsulation nor policies
        return {"routes": node["routes"], "sids": [sid for sid in node["sids"] if sid["behavior"] == "End"]}
    return node


def measure(profile: str) -> dict[str, Counts]:
    """The counts of a profile as it is in p4src/build. Raises ValueError for a packet that is not forwarded."""
    files = artifacts.find(profile)
    program = json.loads(files.json.read_bytes())
    found = {PROGRAM: of_program(program)}
    frames = {case.name: cases.frame(case.packet) for case in cases.cases()}
    bed = InProcess("python")
    try:
        router = Router(bed, files)
        try:
            router.apply(defaults.node(_node(profile), bed))
            for name in PACKETS[profile]:
                trace = bed.switch.trace(PORT_IN, frames[name])
                if [port for port, _ in trace.outputs] != [PORT_OUT]:
                    raise ValueError(f"{profile}: {name} does not leave by port {PORT_OUT}\n{trace.to_text()}")
                found[name] = of_packet(program, trace)
        finally:
            router.close()
    finally:
        bed.close()
    return found


def measured() -> Budget:
    """The counts of all profiles."""
    return {profile: measure(profile) for profile in PACKETS}


def committed(root: Path = ROOT) -> Budget:
    """The budget; empty where there is none yet."""
    path = root / BUDGET
    found: Budget = json.loads(path.read_text()) if path.is_file() else {}
    return found


def _flat(budget: Budget) -> Iterator[tuple[tuple[str, str, str], int]]:
    for profile, parts in budget.items():
        for what, counts in parts.items():
            for kind, number in counts.items():
                yield (profile, what, kind), number


def compare(budget: Budget, now: Budget) -> list[Change]:
    """Every number that differs, those that are too high first."""
    old, new = dict(_flat(budget)), dict(_flat(now))
    changes = [Change(*key, old.get(key), new.get(key)) for key in old | new if old.get(key) != new.get(key)]
    return sorted(changes, key=lambda change: not change.higher)


def table(budget: Budget) -> str:
    """The budget as a Markdown table: a column for each profile and packet."""
    columns = [(profile, name) for profile in budget for name in budget[profile] if name != PROGRAM]
    kinds = [(what, kind) for what in (PROGRAM, columns[0][1]) for kind in budget[columns[0][0]][what]]
    rows = [["", *(f"`{profile}`: {name}" for profile, name in columns)], ["---", *("---:" for _ in columns)]]
    rows += [
        [kind, *(str(budget[profile][what if what == PROGRAM else name][kind]) for profile, name in columns)]
        for what, kind in kinds
    ]
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def with_table(page: str, budget: Budget) -> str:
    """``page`` with the table between the two marks replaced."""
    begin, end = page.index(BEGIN) + len(BEGIN), page.index(END)
    return f"{page[:begin]}\n\n{table(budget)}\n\n{page[end:]}"


def complaints(root: Path = ROOT, now: Budget | None = None) -> list[str]:
    """What is not as the budget has it, a line each; ``now`` is measured unless given."""
    budget = committed(root)
    changes = compare(budget, measured() if now is None else now)
    lines = [str(change) for change in changes]
    if any(change.higher for change in changes):
        lines.append(f"The usual packet costs more: spare it that, or {ACCEPT}.")
    elif changes:
        lines.append(f"The usual packet costs less: lower the budget ({ACCEPT}).")
    page = (root / PAGE).read_text()
    if budget and page != with_table(page, budget):
        lines.append(f"{PAGE} has not the table of {BUDGET}: run tools/budget.py --write.")
    return lines


def write(root: Path = ROOT) -> None:
    """Make what is measured the budget."""
    budget = measured()
    (root / BUDGET).write_text(json.dumps(budget, indent=2) + "\n")
    page = root / PAGE
    page.write_text(with_table(page.read_text(), budget))


def main(argv: Sequence[str] | None = None) -> int:
    """Compare, or write; the exit code."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n\n")[0])
    parser.add_argument("--write", action="store_true", help="make what is measured the budget")
    if parser.parse_args(argv).write:
        write()
        print(f"{BUDGET}, {PAGE}: written")
        return 0
    lines = complaints()
    print("\n".join(lines) or "as the budget has it")
    return 1 if lines else 0


if __name__ == "__main__":
    sys.exit(main())
