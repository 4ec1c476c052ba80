# SPDX-License-Identifier: Apache-2.0
"""``srv6 lab ...``: networks of several nodes, done by the package ``srv6lab``."""

from __future__ import annotations

import argparse
from importlib import import_module
from typing import Any

from srv6cp.cli import exitcodes
from srv6cp.cli.exitcodes import CliError


def register(subparsers: Any) -> None:
    """Add the command. Everything behind ``lab`` belongs to the lab's own command line."""
    parser = subparsers.add_parser(
        "lab",
        help="run a network of SRv6 routers from a topology file (up, down, exec, graph)",
        add_help=False,
        prefix_chars="\0",  # so that no word is an option of this parser: --help is the lab's
    )
    parser.add_argument("words", nargs=argparse.REMAINDER)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Hand over."""
    try:
        lab = import_module("srv6lab.cli")
    except ModuleNotFoundError as error:
        own = (error.name or "").partition(".")[0] in ("srv6lab", "softswitch", "srv6cp")
        hint = "reinstall the package" if own else f"pip install {error.name}"
        raise CliError(f"srv6 lab needs the module {error.name}: {hint}", exitcodes.CHECK_FAILED) from None
    try:
        return int(lab.main(args.words) or exitcodes.OK)
    except SystemExit as stop:  # argparse of the lab has printed the reason, or the help
        return stop.code if isinstance(stop.code, int) else exitcodes.USAGE
