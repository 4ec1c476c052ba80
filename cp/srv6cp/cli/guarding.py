# SPDX-License-Identifier: Apache-2.0
"""Options of commands that hold back what takes away too much, and how an operator says that it is meant."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from srv6cp.cli import exitcodes
from srv6cp.cli.arguments import number
from srv6cp.cli.exitcodes import CliError

if TYPE_CHECKING:
    from srv6cp.controller.following import Follower
    from srv6cp.sync.removals import Guard, TakesAway

ACCEPT = "--accept-removals"


def add_options(parser: argparse.ArgumentParser, accept: str) -> None:
    """``--accept-removals``, which ``accept`` explains, and the two numbers of a guard."""
    group = parser.add_argument_group("changes that take away much")
    group.add_argument(ACCEPT, action="store_true", help=accept)
    group.add_argument(
        "--removal-share",
        type=number(0, 100),
        default=50,
        metavar="PERCENT",
        help="more than so many percent of all SIDs, routes, policies ... are much; 100: nothing is (default: 50)",
    )
    group.add_argument(
        "--removal-minimum",
        type=number(1, 1_000_000_000),
        default=10,
        metavar="N",
        help="less than so many of a kind are never much (default: 10)",
    )


def guard(args: argparse.Namespace) -> Guard:
    """The guard that the options describe, but for ``--accept-removals``."""
    from srv6cp.sync.removals import Guard

    return Guard(args.removal_share, args.removal_minimum)


def refused(error: TakesAway, path: Path) -> CliError:
    """The line that says what was held back and what to do."""
    return CliError(f"{path}: not applied: {error}; if that is meant: {ACCEPT}", exitcodes.CHECK_FAILED)


def agreed(error: TakesAway, path: Path) -> bool:
    """Ask at the terminal; False where there is none, or where the answer is not yes."""
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        return False
    print(f"{path}: {error}. Apply it? [y/N] ", end="", file=sys.stderr, flush=True)
    return sys.stdin.readline().strip().lower() in ("y", "yes")


def consent(path: Path, text: str, follower: Follower) -> None:
    """Tell the controllers that follow a node file that this content of it is meant. Raises CliError."""
    from srv6cp.controller import consent

    if not consent.reaches(follower):
        raise CliError(
            f"{path}: the controller that follows it (process {follower.pid}) is another user's and does not believe "
            f"this one; give the command as that user, or as root",
            exitcodes.REJECTED,
        )
    consent.give(path, text)
