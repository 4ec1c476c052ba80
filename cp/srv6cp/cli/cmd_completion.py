# SPDX-License-Identifier: Apache-2.0
"""``srv6 completion bash|zsh``: commands, verbs and options, straight from the parsers."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from typing import Any

from srv6cp.cli import exitcodes

_BASH = """_srv6() {{
    local word="${{COMP_WORDS[COMP_CWORD]}}" path="" each
    for each in "${{COMP_WORDS[@]:1:COMP_CWORD-1}}"; do
        case "$each" in -*) ;; *) path="$path $each" ;; esac
    done
    path="${{path# }}"
    local words=""
    while :; do
        case "$path" in
{cases}
        esac
        [ -n "$words" ] || [ -z "$path" ] && break
        case "$path" in *" "*) path="${{path% *}}" ;; *) path="" ;; esac
    done
    COMPREPLY=( $(compgen -W "$words" -- "$word") $(compgen -f -- "$word") )
}}
complete -o filenames -F _srv6 srv6
"""


def register(subparsers: Any) -> None:
    """Add the command."""
    parser = subparsers.add_parser(
        "completion",
        help="print a shell completion script",
        description='bash: eval "$(srv6 completion bash)"; zsh: the same after bashcompinit.',
    )
    parser.add_argument("shell", choices=("bash", "zsh"))
    parser.set_defaults(run=run)


def run(_args: argparse.Namespace) -> int:
    """Print the script."""
    from srv6cp.cli.main import build_parser

    cases = [f'            "{path}") words="{" ".join(words)}" ;;' for path, words in _tree(build_parser(), "")]
    print(_BASH.format(cases="\n".join(cases)), end="")
    return exitcodes.OK


def _tree(parser: argparse.ArgumentParser, path: str) -> Iterator[tuple[str, list[str]]]:
    """(path of commands, words that may follow) of every parser."""
    words: list[str] = []
    for action in parser._actions:
        words += [option for option in action.option_strings if option.startswith("--")]
        if isinstance(action, argparse._SubParsersAction):
            for name, child in action.choices.items():
                words.append(name)
                yield from _tree(child, f"{path} {name}".strip())
        elif action.choices is not None:
            words += [str(choice) for choice in action.choices]
    yield path, words
