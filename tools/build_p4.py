#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Compile the P4 program into ``p4src/build`` and record what it was made from.

Each file of ``p4src/profiles`` that says ``#define PROFILE`` is a program. For each this writes ``PROFILE.json``
(for the switches) and ``PROFILE.p4info.txtpb`` (for the controllers), and for all of them ``manifest.json``
(digests of every source and artefact, the compiler's version, the options). They are committed, so that nobody
needs a P4 compiler; ``--check`` says whether they still belong to the sources.

The compiler is ``p4c-bm2-ss`` from PATH or, where a container engine runs, from the image ``p4lang/p4c``. The
result holds nothing of the machine: paths are relative to the repository, or bare names for the compiler's
own includes.

Exit codes: 0 done (or current), 1 stale, 3 the program does not compile, 4 no compiler.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
PROFILES = "p4src/profiles"
OUT = "p4src/build"
IMAGE = "p4lang/p4c"
# A profile does not use every constant, nor a control every verdict.
OPTIONS = ["--arch", "v1model", "--std", "p4-16", "--Wdisable=unused", "-I", "p4src"]

NO_COMPILER = f"""\
build: no P4 compiler here; the committed files in {OUT} are used as they are.
To recompile, do one of:
  - install p4c so that p4c-bm2-ss is on PATH (packages:
  https://github.com/p4lang/p4c#installing-packaged-versions-of-p4c);
  - install docker or podman and run again: the image {IMAGE} is then used.
"""


class CompileError(Exception):
    """The compiler refused the program; the message is what it printed."""


def profiles(root: Path = ROOT) -> dict[str, str]:
    """The profiles by name, each with the top of its program relative to ``root``."""
    found = {}
    for path in sorted((root / PROFILES).glob("*.p4")):
        named = re.search(r'^#define PROFILE "(\w+)"$', path.read_text(), re.M)
        if named is not None:
            found[named[1]] = str(path.relative_to(root))
    return found


def sources(program: str, root: Path = ROOT) -> list[str]:
    """Every file that ``program`` is made of, relative to ``root``, found by following ``#include "..."``.

    Conditions are not evaluated, so the files of families that a profile has not are among them.
    """
    found: set[Path] = set()
    todo = [root / program]
    while todo:
        path = todo.pop()
        if path in found:
            continue
        found.add(path)
        for name in re.findall(r'^\s*#\s*include\s+"([^"]+)"', path.read_text(), re.M):
            candidates = [path.parent / name, root / "p4src" / name]
            hit = next((c for c in candidates if c.is_file()), None)
            if hit is None:
                raise CompileError(f"{path.relative_to(root)}: no such include: {name}")
            todo.append(hit.resolve())
    return sorted(str(p.relative_to(root.resolve())) for p in (path.resolve() for path in found))


def digest(path: Path) -> str:
    """SHA-256 of a file, in hexadecimal."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def read_manifest(root: Path = ROOT, out: str = OUT) -> dict[str, Any]:
    """What the artefacts were made from. Raises OSError and ValueError."""
    manifest: dict[str, Any] = json.loads((root / out / "manifest.json").read_text())
    return manifest


def stale(root: Path = ROOT, out: str = OUT, programs: dict[str, str] | None = None) -> list[str]:
    """Why the committed artefacts do not belong to the sources: one line a reason, none when they do.

    ``programs`` are those that should be there, by name: the profiles unless told otherwise.
    """
    try:
        manifest = read_manifest(root, out)
    except (OSError, ValueError) as error:
        return [f"{out}/manifest.json cannot be read: {error}"]
    programs = profiles(root) if programs is None else programs
    then_programs: dict[str, Any] = manifest["profiles"]
    reasons = [f"profile {name} was never compiled" for name in sorted(programs.keys() - then_programs.keys())]
    reasons += [f"profile {name} is gone" for name in sorted(then_programs.keys() - programs.keys())]
    for name in sorted(programs.keys() & then_programs.keys()):
        now = {source: digest(root / source) for source in sources(programs[name], root)}
        then: dict[str, str] = then_programs[name]["sources"]
        reasons += [f"{source} is new" for source in sorted(now.keys() - then.keys())]
        reasons += [f"{source} is gone" for source in sorted(then.keys() - now.keys())]
        reasons += [f"{source} changed" for source in sorted(now.keys() & then.keys()) if now[source] != then[source]]
        for artefact, expected in then_programs[name]["artefacts"].items():
            path = root / out / artefact
            if not path.is_file():
                reasons.append(f"{out}/{artefact} is missing")
            elif digest(path) != expected:
                reasons.append(f"{out}/{artefact} is not what the compiler wrote")
    if manifest["options"] != OPTIONS:
        reasons.append("the options of the compiler changed")
    return list(dict.fromkeys(reasons))


Runner = Callable[[list[str], Path], "subprocess.CompletedProcess[str]"]


def _run_local(command: list[str], scratch: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, stdin=subprocess.DEVNULL, check=False)


def _run_in_container(engine: str) -> Runner:
    def run(command: list[str], scratch: Path) -> subprocess.CompletedProcess[str]:
        user = ["--user", f"{os.getuid()}:{os.getgid()}"] if engine == "docker" else []
        mounts = ["-v", f"{ROOT}:/p4:ro", "-v", f"{scratch}:{scratch}", "-w", "/p4"]
        return _run_local([engine, "run", "--rm", *user, *mounts, IMAGE, *command], scratch)

    return run


def find_compiler() -> tuple[str, Runner] | None:
    """What can compile here: a description of it and a function that runs a command with it."""
    if shutil.which("p4c-bm2-ss"):
        return "p4c-bm2-ss", _run_local
    for engine in ("docker", "podman"):
        if shutil.which(engine) and _run_local([engine, "info"], ROOT).returncode == 0:
            return f"{engine} image {IMAGE}", _run_in_container(engine)
    return None


def without_sources(node: Any) -> Any:
    """The compiler's JSON without the places in the sources: two thirds of its size, and paths of this machine."""
    if isinstance(node, dict):
        return {key: without_sources(value) for key, value in node.items() if key != "source_info"}
    if isinstance(node, list):
        return [without_sources(item) for item in node]
    return node


def to_text(tree: dict[str, Any]) -> str:
    """JSON with a line for each state, action, table, condition, ..., so that a change shows where it is."""

    def lines(node: Any, depth: int) -> str:
        if depth and isinstance(node, (dict, list)) and node:
            inner = (
                [f"{json.dumps(key)}: {lines(value, depth - 1)}" for key, value in node.items()]
                if isinstance(node, dict)
                else [lines(item, depth - 1) for item in node]
            )
            opened, closed = ("{", "}") if isinstance(node, dict) else ("[", "]")
            return f"{opened}\n" + ",\n".join(inner) + f"\n{closed}"
        return json.dumps(node, separators=(",", ":"))

    return lines(tree, 4) + "\n"


def compile_program(run: Runner, name: str, program: str) -> tuple[dict[str, str], str, str]:
    """Compile; returns the artefacts by file name, the compiler's version and its warnings.

    Raises CompileError with the compiler's own text.
    """
    asked = run(["p4c-bm2-ss", "--version"], ROOT)
    version = asked.stdout + asked.stderr
    found = re.search(r"\d+(?:\.\d+)+", version)
    if found is None:
        raise CompileError(f"p4c-bm2-ss --version says {version.strip()!r}: no version in it")
    with tempfile.TemporaryDirectory() as scratch:
        made, info = Path(scratch, f"{name}.json"), Path(scratch, f"{name}.p4info.txtpb")
        command = ["p4c-bm2-ss", *OPTIONS, "-o", str(made), "--p4runtime-files", str(info), program]
        done = run(command, Path(scratch))
        if done.returncode or not made.is_file() or not info.is_file():
            raise CompileError((done.stderr or done.stdout).strip() or f"exit code {done.returncode}")
        tree = without_sources(json.loads(made.read_text()))
        tree["program"] = program
        artefacts = {made.name: to_text(tree), info.name: info.read_text()}
        return artefacts, found[0], done.stderr.strip()


def write(name: str, program: str, artefacts: dict[str, str], version: str, out: str = OUT) -> None:
    """Write the artefacts of one profile, and what they were made from, into ``out``."""
    folder = ROOT / out
    folder.mkdir(parents=True, exist_ok=True)
    for file, text in artefacts.items():
        (folder / file).write_text(text)
    try:
        then = read_manifest(ROOT, out)["profiles"]
    except (OSError, ValueError, KeyError):
        then = {}
    then[name] = {
        "program": program,
        "version": version,
        "sources": {source: digest(ROOT / source) for source in sources(program)},
        "artefacts": {file: digest(folder / file) for file in sorted(artefacts)},
    }
    known = profiles()
    manifest = {
        "compiler": "p4c-bm2-ss",
        "options": OPTIONS,
        "profiles": {profile: then[profile] for profile in sorted(then) if profile in known or profile == name},
    }
    (folder / "manifest.json").write_text(json.dumps(manifest, indent=1) + "\n")


def main(argv: list[str] | None = None) -> int:
    known = profiles()
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--check", action="store_true", help="only say whether the artefacts belong to the sources")
    parser.add_argument("--profile", action="append", metavar="NAME", help=f"of {', '.join(known)} (default: all)")
    parser.add_argument("--program", metavar="FILE", help="a program that is no profile; named after its file")
    parser.add_argument("--out", default=OUT, help="folder of the artefacts (default %(default)s)")
    args = parser.parse_args(argv)
    unknown = [name for name in args.profile or [] if name not in known]
    if unknown:
        parser.error(f"no such profile: {', '.join(unknown)}; there are: {', '.join(known)}")

    programs = {Path(args.program).stem: args.program} if args.program else known
    if args.check:
        try:
            reasons = stale(ROOT, args.out, programs)
        except CompileError as error:
            reasons = [str(error)]
        print("\n".join([*reasons, "run: make build"]) if reasons else f"{args.out}: current")
        return 1 if reasons else 0
    compiler = find_compiler()
    if compiler is None:
        print(NO_COMPILER, end="", file=sys.stderr)
        return 4
    if args.profile:
        programs = {name: known[name] for name in args.profile}
    for name, program in programs.items():
        try:
            artefacts, version, warnings = compile_program(compiler[1], name, program)
            write(name, program, artefacts, version, args.out)
        except CompileError as error:
            print(f"build: {program} does not compile\n{error}", file=sys.stderr)
            return 3
        if warnings:
            print(warnings, file=sys.stderr)
        print(f"{args.out}: {', '.join(artefacts)}, by {compiler[0]} {version}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
