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
    )
    parser.add_argument("words", nargs=argparse.REMAINDER)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Hand over."""
    try:
        lab = import_module("srv6lab.cli")
    except ModuleNotFoundError as error:
        hint = (
            "reinstall the package"
            if (error.name or "").startswith(("srv6cp", "srv6lab", "softswitch"))
            else f"pip install {error.name}"
        )
        raise CliError(f"srv6 lab needs the module {error.name}: {hint}", exitcodes.CHECK_FAILED) from None
    return int(lab.main(args.words) or exitcodes.OK)
