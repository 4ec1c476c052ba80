#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Write the reference of the P4 program from what the compiler made of it.

    tools/p4_reference.py            write docs/p4-program.md and the figures in docs/porting.md
    tools/p4_reference.py --check    only say whether they are current (exit code 1: they are not)

Names, keys, actions and sizes come from ``p4src/build/full.p4info.txtpb``, widths of headers and metadata from
``p4src/build/full.json``, which profile has what from the other profiles there, flags from ``p4src/core/types.p4``,
reasons from ``srv6cp.model``.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT / "cp"), str(ROOT)]

from google.protobuf import text_format  # noqa: E402

from p4rtlib.protos import p4info_pb2  # noqa: E402
from srv6cp.model import DROP_REASONS, PUNT_REASONS, DropReason, PuntReason  # noqa: E402

#: From the smallest to the one with every family but those that have a profile of their own, and then these.
PROFILES = ("transit", "edge", "full", "hmac", "mobile", "telemetry", "services")
MAIN = "full"
REFERENCE = "docs/p4-program.md"
PORTING = "docs/porting.md"
BEGIN, END = "<!-- begin figures: written by tools/p4_reference.py -->", "<!-- end figures -->"

PREFACE = """\
# Reference of the P4 program

<!-- Written by tools/p4_reference.py from p4src/build; do not edit. -->

What a controller of `p4src/srv6.p4` needs to know. Names are those of the p4info; widths are in bits. How the
pieces work together is in [architecture.md](architecture.md); what each behaviour does, and the test that says
so, in [behaviours.md](behaviours.md). `srv6 show tables TABLE` prints the entries of a running switch.
"""

Rows = Iterable[Sequence[object]]


def load(profile: str = MAIN, root: Path = ROOT) -> tuple[Any, dict[str, Any]]:
    """The p4info message and the parsed BMv2 JSON of a committed program."""
    build = root / "p4src" / "build"
    info = p4info_pb2.P4Info()
    text_format.Parse((build / f"{profile}.p4info.txtpb").read_text(), info)
    return info, json.loads((build / f"{profile}.json").read_text())


def markdown_table(head: Sequence[str], rows: Rows) -> list[str]:
    """Lines of a Markdown table."""
    lines = ["| " + " | ".join(head) + " |", "| " + " | ".join("---" for _ in head) + " |"]
    return [*lines, *("| " + " | ".join(_cell(value) for value in row) + " |" for row in rows)]


def _cell(value: object) -> str:
    return f"{value:,}" if isinstance(value, int) else str(value).replace("|", "\\|")


class Info:
    """A p4info with names looked up."""

    def __init__(self, info: Any) -> None:
        self.raw = info
        self.actions = {action.preamble.id: action for action in info.actions}
        self.tables = {table.preamble.id: table for table in info.tables}
        self.profiles = {profile.preamble.id: profile for profile in info.action_profiles}
        self.direct = {counter.direct_table_id: counter for counter in info.direct_counters}

    def entry_actions(self, table: Any) -> Iterator[Any]:
        """Actions that entries of the table are meant to have."""
        for ref in table.action_refs:
            action = self.actions[ref.id]
            if ref.scope != p4info_pb2.ActionRef.DEFAULT_ONLY and "@defaultonly" not in action.preamble.annotations:
                yield action

    def data_bits(self, table: Any) -> int:
        """Width of the longest parameter list of an entry."""
        return max(sum(int(p.bitwidth) for p in action.params) for action in self.entry_actions(table))

    @staticmethod
    def key_bits(table: Any) -> str:
        """Widths of the key by kind of match, such as ``16 exact + 128 lpm``."""
        kinds: dict[str, int] = {}
        for field in table.match_fields:
            kinds[_match(field)] = kinds.get(_match(field), 0) + field.bitwidth
        return " + ".join(f"{bits} {kind}" for kind, bits in kinds.items())


def _match(field: Any) -> str:
    return str(p4info_pb2.MatchField.MatchType.Name(field.match_type)).lower()


def _format(annotations: Iterable[str]) -> str:
    """What an @format or @refers_to annotation says, for people."""
    said = []
    for annotation in annotations:
        if found := re.fullmatch(r"@format\((\w+)\)", annotation):
            said.append(
                {"IPV6_ADDRESS": "IPv6 address", "IPV4_ADDRESS": "IPv4 address", "MAC_ADDRESS": "MAC"}[found[1]]
            )
        elif found := re.fullmatch(r"@refers_to\((\w+)\s*,\s*(\w+)\)", annotation):
            said.append(f"refers to {found[1]}")
    return ", ".join(said)


def _parameters(action: Any) -> str:
    words = []
    for param in action.params:
        notes = _format(param.annotations)
        words.append(f"{param.name} {param.bitwidth}" + (f" ({notes})" if notes else ""))
    return ", ".join(words) or "none"


def _about(message: Any) -> str:
    doc = message.preamble.doc
    return ". ".join(text.strip().rstrip(".") for text in (doc.brief, doc.description) if text.strip())


def tables(info: Info) -> Iterator[str]:
    """All tables: an overview, then a section each."""
    yield from ("", "## Tables", "")
    yield from markdown_table(
        ("table", "key", "entries", "action data", "what"),
        (
            (
                f"[`{table.preamble.name}`](#{table.preamble.name})",
                info.key_bits(table),
                table.size,
                info.data_bits(table),
                table.preamble.doc.brief,
            )
            for table in info.raw.tables
        ),
    )
    yield ""
    yield "Action data is the widest parameter list of an entry. Tables with a selector take one-shot action sets."
    for table in info.raw.tables:
        yield from _table(info, table)


def _table(info: Info, table: Any) -> Iterator[str]:
    yield from ("", f"### {table.preamble.name}", "")
    about = _about(table)
    facts = [about + "."] if about else []
    if table.implementation_id:
        selector = info.profiles[table.implementation_id]
        limit, name = selector.max_group_size, selector.preamble.name
        facts.append(f"An entry holds a weighted set of actions, of total weight up to {limit} (`{name}`).")
    if table.preamble.id in info.direct:
        facts.append(f"Direct counter `{info.direct[table.preamble.id].preamble.name}`.")
    default = table.const_default_action_id or table.initial_default_action.action_id
    if default:
        constant = "" if table.const_default_action_id else ", which may be changed"
        facts.append(f"Default: `{info.actions[default].preamble.name}`{constant}.")
    yield from (" ".join(facts), "") if facts else ()
    yield from markdown_table(
        ("key field", "match", "width", ""),
        ((f"`{f.name}`", _match(f), f.bitwidth, _format(f.annotations)) for f in table.match_fields),
    )
    yield ""
    yield from markdown_table(
        ("action", "parameters", ""),
        ((f"`{a.preamble.name}`", _parameters(a), _about(a)) for a in info.entry_actions(table)),
    )


def own_tables(infos: dict[str, Info]) -> Iterator[str]:
    """Tables of the profiles behind the main one, which has them not."""
    known = {table.preamble.name for table in infos[MAIN].raw.tables}
    for profile in PROFILES[PROFILES.index(MAIN) + 1 :]:
        info = infos[profile]
        yield from ("", f"## Tables of the profile {profile}", "")
        for table in info.raw.tables:
            if table.preamble.name not in known:
                yield from _table(info, table)


def resources(info: Info) -> Iterator[str]:
    """Action profiles, counters, meters."""
    yield from ("", "## Counters, meters, action selectors", "")
    units = p4info_pb2.CounterSpec.Unit
    rows: list[Sequence[object]] = [
        (f"`{c.preamble.name}`", "counter", units.Name(c.spec.unit).lower(), c.size, _about(c))
        for c in info.raw.counters
    ]
    rows += [
        (f"`{c.preamble.name}`", "direct counter", units.Name(c.spec.unit).lower(), "",
         f"of {info.tables[c.direct_table_id].preamble.name}")
        for c in info.raw.direct_counters
    ]  # fmt: skip
    rows += [(f"`{m.preamble.name}`", "meter", "packets", m.size, _about(m)) for m in info.raw.meters]
    rows += [
        (f"`{p.preamble.name}`", "action selector", "", p.size,
         f"of {', '.join(info.tables[i].preamble.name for i in p.table_ids)}; groups of up to {p.max_group_size}")
        for p in info.raw.action_profiles
    ]  # fmt: skip
    yield from markdown_table(("name", "kind", "counts", "cells", "what"), rows)
    yield ""
    yield "`both` is packets and bytes. Bytes are those of the frame as it arrived, link-layer header included; the"
    yield "controller takes the header off again where a counter of RFC 8986 section 6 is shown."


def packet_io(info: Info) -> Iterator[str]:
    """The headers of packet-in and packet-out."""
    yield from ("", "## Packet-in and packet-out", "")
    yield "Packet-ins need clone session 1 with one replica, the CPU port (510), and no truncation. Frames start at the"
    yield "Ethernet header in both directions."
    source = (ROOT / "p4src/core/wire/packet_io.p4").read_text()
    for header in info.raw.controller_packet_metadata:
        notes = _field_notes(source, header.preamble.name)
        yield from ("", f"### {header.preamble.name}", "")
        yield from markdown_table(
            ("field", "width", ""),
            (
                (f"`{m.name}`", m.bitwidth, notes.get(m.name, ""))
                for m in header.metadata
                if "@padding" not in m.annotations
            ),
        )


def _field_notes(source: str, controller_header: str) -> dict[str, str]:
    """Descriptions of the fields of a controller header: the p4info has none for them."""
    body = re.search(rf'@controller_header\("{controller_header}"\)\s*header \w+ {{(.*?)}}', source, re.S)
    assert body is not None, controller_header
    pairs = re.findall(r'@description\("([^"]*)"\)\s*\S+\s+(\w+);', body[1])
    return {name: text for text, name in pairs}


def reasons() -> Iterator[str]:
    """Drop and punt reasons."""
    kinds: tuple[tuple[str, str, Any, Any], ...] = (
        ("Drop reasons", "drop_reason_t", DropReason, DROP_REASONS),
        ("Punt reasons", "punt_reason_t", PuntReason, PUNT_REASONS),
    )
    for title, enum, names, texts in kinds:
        punts = "`punt_counter` and, behind the port, of `port_punt_meter`"
        counters = "`drop_counter`" if enum == "drop_reason_t" else punts
        yield from ("", f"## {title}", "", f"`{enum}`, the index of {counters}.", "")
        yield from markdown_table(
            ("number", "reason", "what happened", "by"),
            (
                (member.value, f"`{member.name}`", texts[member].explanation, texts[member].rule)
                for member in names
                if member.value
            ),
        )


def flags() -> Iterator[str]:
    """Bit maps that controllers write."""
    source = (ROOT / "p4src/core/types.p4").read_text()
    yield from ("", "## Flags", "")
    yield "Bits of the parameters `flags`, `flavors` and `options`."
    yield ""
    wanted = {
        "interface_flags_t": "router interface",
        "srv6_flavors_t": "SID",
        "decap_options_t": "SID that decapsulates",
        "encap_flags_t": "policy",
        "mobile_options_t": "SID or policy of the mobile user plane",
    }
    rows = []
    for kind, name, value, comment in re.findall(r"^const (\w+) (\w+)\s*= (0x\w+);(?:[ \t]*// (.*))?$", source, re.M):
        if kind in wanted:
            rows.append((wanted[kind], f"`{name}`", value, comment or f"{name.rpartition('_')[2]} (RFC 8986 4.16)"))
    yield from markdown_table(("of a", "flag", "bit", "meaning"), rows)


def profiles(infos: dict[str, Info]) -> Iterator[str]:
    """What each profile has."""
    yield from ("", "## Profiles", "")
    yield "`make build PROFILE=NAME` compiles one, `srv6 run --profile NAME` runs it; `full` is the default. What two"
    yield "profiles have is the same in both, ids too."
    yield ""
    names = {
        profile: (
            {table.preamble.name for table in info.raw.tables},
            {a.preamble.name for table in info.raw.tables for a in info.entry_actions(table)},
        )
        for profile, info in infos.items()
    }
    rows, last = [], (set[str](), set[str]())
    for profile, have in names.items():
        more = [f"`{name}`" for now, before in zip(have, last, strict=True) for name in sorted(now - before)]
        less = [f"`{name}`" for now, before in zip(have, last, strict=True) for name in sorted(before - now)]
        text = ", ".join(more) or "the same as above"
        rows.append((f"`{profile}`", len(have[0]), len(have[1]), text + (f"; not {', '.join(less)}" if less else "")))
        last = have
    yield from markdown_table(("profile", "tables", "actions", "has beside those of the one above"), rows)


def reference(infos: dict[str, Info]) -> str:
    """The text of docs/p4-program.md."""
    info = infos[MAIN]
    parts = (profiles(infos), tables(info), own_tables(infos), resources(info), packet_io(info), reasons(), flags())
    return PREFACE + "\n".join(line for part in parts for line in part) + "\n"


def figure_rows(info: Info, program: dict[str, Any]) -> dict[str, object]:
    """Sizes of one profile."""
    types = {kind["name"]: kind for kind in program["header_types"]}
    lazy = [h for h in program["headers"] if h["header_type"].endswith("_state_t")]
    off_wire = {"packet_in", "packet_out"} | {h["name"] for h in lazy}
    wire = [h for h in program["headers"] if not h["metadata"] and h["name"] not in off_wire]

    def fixed(name: str) -> int:
        return sum(width for _, width, *_ in types[name]["fields"] if isinstance(width, int))

    metadata = [width for field, width, *_ in types["scalars_0"]["fields"] if field.startswith("local_metadata_t.")]
    varbits = [h for h in wire if any(width == "*" for _, width, *_ in types[h["header_type"]]["fields"])]
    return {
        "tables with entries": len(info.raw.tables),
        "header instances on the wire": len(wire),
        "... fixed bits of them, all valid at once": sum(fixed(h["header_type"]) for h in wire),
        "... of them with a varbit part": len(varbits),
        "metadata of a packet (`local_metadata_t`), bits": sum(metadata),
        "... lazy state of the families, bits": sum(fixed(h["header_type"]) for h in lazy),
        "parser states": len(program["parsers"][0]["parse_states"]),
        "branches of ingress": len(program["pipelines"][0]["conditionals"]),
        "actions that a controller can name": len(
            {action.preamble.name for table in info.raw.tables for action in info.entry_actions(table)}
        ),
        "widest action data, bits": max(info.data_bits(table) for table in info.raw.tables),
    }


def figures(infos: dict[str, Info], programs: dict[str, dict[str, Any]]) -> str:
    """The figures of docs/porting.md."""
    info = infos[MAIN]
    columns = {profile: figure_rows(infos[profile], programs[profile]) for profile in PROFILES}
    rows: list[tuple[object, ...]] = [
        (name, *(columns[profile][name] for profile in PROFILES)) for name in columns[PROFILES[0]]
    ]
    lines = markdown_table(("figure", *PROFILES), rows)
    lines.append("")
    lines += markdown_table(
        ("table", "key, bits", "entries", "action data, bits", "selector members"),
        (
            (
                f"`{table.preamble.name}`",
                info.key_bits(table),
                table.size,
                info.data_bits(table),
                info.profiles[table.implementation_id].size if table.implementation_id else "",
            )
            for table in info.raw.tables
        ),
    )
    return "\n".join(lines)


def with_figures(text: str, block: str) -> str:
    """``text`` with the block between the two marks replaced."""
    begin, end = text.index(BEGIN) + len(BEGIN), text.index(END)
    return f"{text[:begin]}\n\n{block}\n\n{text[end:]}"


def documents(root: Path = ROOT) -> dict[str, str]:
    """What the documents should hold, by path."""
    loaded = {profile: load(profile, root) for profile in PROFILES}
    infos = {profile: Info(raw) for profile, (raw, _) in loaded.items()}
    programs = {profile: program for profile, (_, program) in loaded.items()}
    porting = (root / PORTING).read_text()
    return {REFERENCE: reference(infos), PORTING: with_figures(porting, figures(infos, programs))}


def main(argv: Sequence[str] | None = None) -> int:
    """Write, or check; the exit code."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n\n")[0])
    parser.add_argument("--check", action="store_true", help="only say whether the documents are current")
    args = parser.parse_args(argv)
    stale = []
    for name, text in documents().items():
        path = ROOT / name
        if path.is_file() and path.read_text() == text:
            continue
        stale.append(name)
        if not args.check:
            path.write_text(text)
    said = "not current; run tools/p4_reference.py" if args.check else "written"
    print("\n".join(f"{name}: {said}" for name in stale) or "current")
    return 1 if stale and args.check else 0


if __name__ == "__main__":
    sys.exit(main())
