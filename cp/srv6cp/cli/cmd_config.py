# SPDX-License-Identifier: Apache-2.0
"""``srv6 config check|schema``; the verbs for revisions are in `cmd_config_revisions`."""

from __future__ import annotations

import argparse
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from srv6cp.cli import cmd_config_revisions, exitcodes, session
from srv6cp.cli.output import emit

if TYPE_CHECKING:
    from srv6cp.config import Problem


def register(subparsers: Any) -> None:
    """Add the command."""
    parser = subparsers.add_parser("config", help="check node files, go back to what they were, print their schema")
    parser.set_defaults(parser=parser)
    verbs = parser.add_subparsers(dest="verb", metavar="VERB")
    check = verbs.add_parser(
        "check", help="report everything that is wrong in node files", parents=[session.json_option()]
    )
    check.add_argument("files", nargs="+", metavar="NODE.YAML")
    check.set_defaults(run=run_check)
    cmd_config_revisions.register(verbs)
    schema = verbs.add_parser("schema", help="print the JSON schema of node files, for editors")
    schema.set_defaults(run=run_schema)


def run_check(args: argparse.Namespace) -> int:
    """3 when a file is not valid; what may not be meant is said, and no mistake."""
    from srv6cp.config import ConfigError, warnings

    report = []
    lines = []
    code = exitcodes.OK
    for file in args.files:
        try:
            node = session.load(Path(file))
        except ConfigError as error:
            code = exitcodes.CONFIG
            report.append({"file": file, "ok": False, "problems": _problems(error.problems)})
            lines.append(str(error))
            continue
        counts = {
            "sids": len(node.sids),
            "routes": len(node.routes),
            "policies": len(node.policies),
            "steering": len(node.prefix_steering) + len(node.classifiers),
            "ports": len(node.ports),
        }
        doubtful = warnings(node)
        report.append({"file": file, "ok": True, "node": node.name, **counts, "warnings": _problems(doubtful)})
        lines.append(f"{file}: {node.name} ok, " + ", ".join(f"{count} {what}" for what, count in counts.items()))
        lines += [f"warning: {each}" for each in doubtful]
    emit(report, args.json, "\n".join(lines))
    return code


def _problems(problems: Iterable[Problem]) -> list[dict[str, Any]]:
    return [{"file": p.file, "line": p.line, "path": list(p.path), "message": p.message} for p in problems]


def run_schema(_args: argparse.Namespace) -> int:
    """Print the schema."""
    from srv6cp.config.schema import schema_text

    print(schema_text(), end="")
    return exitcodes.OK
