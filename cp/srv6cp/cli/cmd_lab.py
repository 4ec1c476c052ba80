# SPDX-License-Identifier: Apache-2.0
"""``srv6 lab``: networks of several nodes, whose words the package ``srv6lab`` adds where it is installed.

It is found by name and not by an entry point: that would need an installation, and a source tree has none.
"""

from __future__ import annotations

import argparse
from importlib import import_module
from typing import Any

from srv6cp.cli import exitcodes
from srv6cp.cli.exitcodes import CliError


def register(subparsers: Any) -> None:
    """Add the command."""
    try:
        lab = import_module("srv6lab.cli")
    except ModuleNotFoundError:
        parser = subparsers.add_parser("lab", help="run a network of SRv6 routers (not installed)")
        parser.add_argument("words", nargs=argparse.REMAINDER)
        parser.set_defaults(run=run)
    else:
        lab.register(subparsers)


def run(_args: argparse.Namespace) -> int:
    """Say what is missing."""
    raise CliError("srv6 lab needs the package srv6lab: reinstall srv6-p4", exitcodes.CHECK_FAILED)
