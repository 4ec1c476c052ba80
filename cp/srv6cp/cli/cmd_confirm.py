# SPDX-License-Identifier: Apache-2.0
"""``srv6 confirm``: a change that was made with ``--confirm`` stays."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from srv6cp.cli import exitcodes, session
from srv6cp.cli.exitcodes import CliError
from srv6cp.cli.lockedfile import LockedFile
from srv6cp.cli.output import emit
from srv6cp.cli.pending import Pendings, told


def register(subparsers: Any) -> None:
    """Add the command."""
    parser = subparsers.add_parser(
        "confirm",
        help="keep a change that would go back by itself",
        description="Keep the change of the node file that was made with --confirm SECONDS.",
        parents=[session.node_options(), session.json_option()],
    )
    parser.add_argument("--wait", action="store_true", help=argparse.SUPPRESS)  # see goback
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """1 when nothing waits to be confirmed, or it is too late."""
    path = session.node_file(args)
    assert path is not None
    if args.wait:
        from srv6cp.cli import goback

        goback.wait(path)
        return exitcodes.OK
    with _locked(path):  # whoever goes back holds it as well
        pendings = Pendings(path)
        try:
            pending = pendings.read()
        except CliError:
            pendings.clear()  # what cannot be read goes nowhere
        else:
            if pending is None:
                raise CliError(f"{path}: nothing waits to be confirmed", exitcodes.CHECK_FAILED)
            if pending.written:
                raise CliError(f"{path}: too late: it {told(pending)}", exitcodes.CHECK_FAILED)
            pendings.clear()
        newest = pendings.revisions.newest()
    number = newest.number if newest is not None else None
    emit({"file": str(path), "revision": number}, args.json, f"{path}: confirmed: revision {number} stays")
    return exitcodes.OK


def _locked(path: Path) -> LockedFile:
    try:
        return LockedFile(path)
    except FileNotFoundError:
        raise CliError(f"{path}: not there", exitcodes.CONFIG) from None
