# SPDX-License-Identifier: Apache-2.0
"""Shell completion: `shtab` makes the script from the parser; here is what stands for each kind of word.

What an argument takes follows from its metavar, so a command that calls a file FILE and a router ROUTER is completed
without a line here. For words of the grammars (``sid add ...``) and names of the node file the script asks
:mod:`srv6cp.cli.candidates`. An argument that is not known here is not completed; files are offered where files are
meant and nowhere else.
"""

from __future__ import annotations

import argparse
import re
from collections.abc import Iterable
from typing import Any

import shtab

__all__ = ["script"]

# What shtab takes: for each shell the function or pattern that yields the words, and the text that defines it.
Completer = dict[str, Any]


def _nodes(kind: str) -> Completer:
    """Nodes of the lab or topology that is named behind ``lab VERB``; ``kind``: of `lab names`, ``routers`` or so."""
    name = f"_srv6_{kind or 'nodes'}"
    ask = f"srv6 lab names --{kind}" if kind else "srv6 lab names"
    return {
        "bash": name,
        "zsh": name,
        "fish": f"({name})",
        "preamble": {
            "bash": f"""\
{name}() {{
  local word words=()
  for word in "${{COMP_WORDS[@]:1:COMP_CWORD-1}}"; do
    case "$word" in -*) ;; *) words+=("$word") ;; esac
  done
  compgen -W "$({ask} "${{words[2]}}" 2>/dev/null)" -- "$1"
}}
""",
            "zsh": f"""\
{name}() {{
  local -a given=(${{${{words[2,CURRENT-1]}}:#-*}})
  compadd -- ${{(f)"$({ask} "$given[1]" 2>/dev/null)"}}
}}
""",
            "fish": f"""\
function {name}
  set -l words (commandline -opc | string match -v -- '-*')
  {ask} "$words[4]" 2>/dev/null
end
""",
        },
    }


def _topologies(names: Iterable[str]) -> Completer:
    listed = " ".join(names)
    return {
        "bash": "_srv6_topology_files",
        "zsh": "_srv6_topologies",
        "fish": "(_srv6_topologies)",
        "tcsh": "f:*.yaml",
        "preamble": {
            "bash": f"""\
_srv6_topology_files() {{
  compgen -W "{listed}" -- "$1"
  compgen -f -X '!*.y*ml' -- "$1"
  compgen -d -- "$1"
}}
""",
            "zsh": f"""\
_srv6_topologies() {{
  compadd {listed}
  _files -g '*.(yaml|yml)'
}}
""",
            "fish": f"""\
function _srv6_topologies
  string split ' ' '{listed}'
  # fish's own function for a suffix offers every other file as well.
  set -l word (commandline -ct)
  for file in $word*.yaml $word*.yml $word*/
    echo $file
  end
end
""",
        },
    }


_LABS: Completer = {
    "bash": "_srv6_labs",
    "zsh": "_srv6_labs",
    "fish": "(srv6 lab names)",
    "tcsh": "`srv6 lab names`",
    "preamble": {
        "bash": '_srv6_labs() { compgen -W "$(srv6 lab names 2>/dev/null)" -- "$1"; }\n',
        "zsh": '_srv6_labs() { compadd -- ${(f)"$(srv6 lab names 2>/dev/null)"}; }\n',
    },
}

# What only the grammars and the node file know, by the line as it stands.
_ASK: Completer = {
    "bash": "_srv6_ask",
    "zsh": "_srv6_ask",
    "fish": "(_srv6_ask)",
    "preamble": {
        "bash": """\
_srv6_ask() {
  local line="${COMP_LINE:0:COMP_POINT}"
  srv6 completion --words "${line:-${COMP_WORDS[*]:0:COMP_CWORD+1}}" 2>/dev/null
}
""",
        "zsh": """\
_srv6_ask() {
  compadd -- ${(f)"$(srv6 completion --words "$LBUFFER" 2>/dev/null)"}
}
""",
        "fish": """\
function _srv6_ask
  srv6 completion --words (commandline -cp | string collect) 2>/dev/null
end
""",
    },
}

# To bash a colon ends a word: addresses are put together in front of shtab's function, and cut off behind it.
_BASH_COLONS = """
_srv6() {
  local line="${COMP_LINE:0:COMP_POINT}" words word i
  read -ra words <<< "$line"
  case "$line" in *[[:space:]]) words+=("") ;; esac
  word="${words[${#words[@]}-1]}"
  COMP_WORDS=("${words[@]}") COMP_CWORD=$((${#words[@]} - 1))
  _shtab_srv6
  case "$COMP_WORDBREAKS" in *:*) word="${word%"${word##*:}"}" ;; *) word="" ;; esac
  for i in "${!COMPREPLY[@]}"; do
    COMPREPLY[$i]="${COMPREPLY[$i]#"$word"}"
  done
}

"""

_COMMAND: Completer = {
    "bash": "_srv6_commands",
    "zsh": "_command_names -e",
    "fish": "(__fish_complete_command)",
    "tcsh": "c",
    "preamble": {"bash": '_srv6_commands() { compgen -c -- "$1"; }\n'},
}

# tcsh cannot ask. Words of commands that speak another program's language, besides those of their usage:
_FOREIGN: dict[tuple[str, ...], tuple[str, ...]] = {
    ("ip",): ("encap", "seg6", "seg6local", "action", "mode", "segs", "via", "dev", "table", "vrf", "nh4", "nh6",
              "nexthop", "blackhole", "lladdr", "tunsrc", "set", "show"),
    ("srconf",): ("ip",),
}  # fmt: skip


_ASKED = frozenset(("WORD", "TEXT", "SID", "PORT", "KEY[=VALUE]", "REVISION"))


def script(parser: argparse.ArgumentParser, shell: str) -> str:
    """The completion script of a command line. ``parser`` is changed: it is of no use for parsing afterwards.

    Raises:
        ArtifactError: the compiled program is missing, whose tables are completed.
    """
    _annotate(parser, (), asks=shell != "tcsh")
    text: str = shtab.complete(parser, shell)
    if shell == "bash":
        function, registration = "_shtab_srv6", re.compile(r"^complete .*$", re.M)
        return registration.sub(lambda found: _BASH_COLONS + found[0].replace(function, "_srv6"), text)
    # "(*)" in front of a message stands for one word, the first; "*" for every one.
    return re.sub(r'^( +)"\(\*\):', r'\1"*:', text, flags=re.M) if shell == "zsh" else text


def _annotate(parser: argparse.ArgumentParser, path: tuple[str, ...], asks: bool) -> None:
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            for name, child in action.choices.items():
                _annotate(child, (*path, name), asks)
        elif action.nargs != 0 and action.choices is None:
            kind = str(action.metavar or action.dest)
            if asks and kind in _ASKED:
                action.complete = _ASK  # type: ignore[attr-defined]
            elif (words := _words(kind, parser, path)) is not None:
                action.choices = words
            elif (completer := _completer(kind)) is not None:
                action.complete = completer  # type: ignore[attr-defined]


def _completer(kind: str) -> Completer | None:
    if kind == "TOPOLOGY":
        from importlib import import_module

        return _topologies(import_module("srv6lab.shipped").shipped())
    known: dict[str, Completer] = {
        "NODE.YAML": shtab.glob("*.yaml", "*.yml"),
        "FILE": shtab.FILE,
        "PACKET|PCAP": shtab.FILE,
        "DIR": shtab.DIRECTORY,
        "LAB": _LABS,
        "NODE": _nodes(""),
        "ROUTER": _nodes("routers"),
        "HOST": _nodes("hosts"),
        "SEGMENT": _nodes("routers"),
        "-- COMMAND": _COMMAND,
    }
    return known.get(kind)


def _words(kind: str, parser: argparse.ArgumentParser, path: tuple[str, ...]) -> list[str] | None:
    """The words that may stand there, where they are known beforehand."""
    if kind == "PROFILE":
        from srv6cp.artifacts import PROFILES

        return list(PROFILES)
    if kind == "table":
        return _tables()
    if kind == "WORD":
        # "srv6 sid add [options] SID BEHAVIOUR [via A] ...": what is written in small letters is typed as it stands.
        usage = re.sub(r"\(.*?\)|\[options\]", "", " ".join((parser.usage or "").split()[2 if len(path) == 1 else 3 :]))
        words = re.findall(r"(?<![\w.-])[a-z][a-z0-9.-]*", usage)
        if "BEHAVIOUR" in usage or path in _FOREIGN:
            spelled = _behaviours()
            words = [*(map(str.lower, spelled) if path == ("srconf",) else spelled), *words]
        if "[mode M]" in usage or path == ("ip",):
            words += _modes()
        return list(dict.fromkeys([*words, *_FOREIGN.get(path, ())]))
    return None


def _tables() -> list[str]:
    from srv6cp.artifacts import find
    from srv6cp.p4rt import P4Info

    return list(P4Info.from_file(find().p4info).tables)


def _behaviours() -> list[str]:
    from srv6cp.behaviours import REGISTRY

    return [record.name for record in REGISTRY.endpoints]


def _modes() -> list[str]:
    from srv6cp.behaviours import REGISTRY

    return [record.mode for record in REGISTRY.headends]
