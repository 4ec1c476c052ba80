# SPDX-License-Identifier: Apache-2.0
"""``srv6 completion SHELL``: a completion script, from the parser of all commands."""

from __future__ import annotations

import argparse
from typing import Any

from srv6cp.cli import exitcodes

_SHELLS = ("bash", "zsh", "fish", "tcsh")
_HOW = """bash:  eval "$(srv6 completion bash)"
zsh:   eval "$(srv6 completion zsh)"              (behind compinit)
fish:  srv6 completion fish | source
tcsh:  srv6 completion tcsh > ~/.srv6.tcsh; source ~/.srv6.tcsh"""


def register(subparsers: Any) -> None:
    """Add the command."""
    parser = subparsers.add_parser(
        "completion",
        help="print a shell completion script",
        description="Print a script that completes commands, options and their words in a shell.",
        epilog=_HOW,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("shell", choices=_SHELLS)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Print the script."""
    from srv6cp.cli.completion import script

    print(script(args.build_parser(), args.shell))
    return exitcodes.OK
