#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Compile the P4 program into ``p4src/build`` and record what it was made from.

Writes ``srv6.json`` (for the switches), ``srv6.p4info.txtpb`` (for the controllers) and ``manifest.json``
(digests of every source and artefact, the compiler's version, the command). The three are committed, so that
nobody needs a P4 compiler; ``--check`` says whether they still belong to the sources.

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
PROGRAM = "p4src/srv6.p4"
OUT = "p4src/build"
IMAGE = "p4lang/p4c"
OPTIONS = ["--arch", "v1model", "--std", "p4-16", "-I", "p4src"]

NO_COMPILER = f"""\
build: no P4 compiler here; the committed files in {OUT} are used as they are.
To recompile, do one of:
  - install p4c so that p4c-bm2-ss is on PATH (packages:
  https://github.com/p4lang/p4c#installing-packaged-versions-of-p4c);
  - install docker or podman and run again: the image {IMAGE} is then used.
"""


class CompileError(Exception):
    """The compiler refused the program; the message is what it printed."""


def sources(root: Path = ROOT, program: str = PROGRAM) -> list[str]:
    """Every file that the program is made of, relative to ``root``, found by following ``#include "..."``."""
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
    return sorted(str(p.relative_to(root)) for p in found)


def digest(path: Path) -> str:
    """SHA-256 of a file, in hexadecimal."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def stale(root: Path = ROOT, program: str = PROGRAM, out: str = OUT) -> list[str]:
    """Why the committed artefacts do not belong to the sources: one line a reason, none when they do."""
    where = root / out / "manifest.json"
    try:
        manifest = json.loads(where.read_text())
    except (OSError, ValueError) as error:
        return [f"{out}/manifest.json cannot be read: {error}"]
    now = {name: digest(root / name) for name in sources(root, program)}
    then: dict[str, str] = manifest["sources"]
    reasons = [f"{name} is new" for name in sorted(now.keys() - then.keys())]
    reasons += [f"{name} is gone" for name in sorted(then.keys() - now.keys())]
    reasons += [f"{name} changed" for name in sorted(now.keys() & then.keys()) if now[name] != then[name]]
    for name, expected in manifest["artefacts"].items():
        path = root / out / name
        if not path.is_file():
            reasons.append(f"{out}/{name} is missing")
        elif digest(path) != expected:
            reasons.append(f"{out}/{name} is not what the compiler wrote")
    if manifest["options"] != OPTIONS:
        reasons.append("the options of the compiler changed")
    return reasons


Runner = Callable[[list[str], Path], "subprocess.CompletedProcess[str]"]


def _run_local(command: list[str], scratch: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True, stdin=subprocess.DEVNULL, check=False
    )


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


def without_machine(node: Any) -> Any:
    """The compiler's JSON without paths of this machine."""
    if isinstance(node, dict):
        return {
            key: Path(value).name
            if key == "filename" and str(value).startswith("/")
            else without_machine(value)
            for key, value in node.items()
        }
    if isinstance(node, list):
        return [without_machine(item) for item in node]
    return node


def compile_program(run: Runner, program: str = PROGRAM) -> tuple[dict[str, str], str, str]:
    """Compile; returns the artefacts by file name, the compiler's version and its warnings.

    Raises CompileError with the compiler's own text.
    """
    name = Path(program).stem
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
        tree = without_machine(json.loads(made.read_text()))
        tree["program"] = program
        artefacts = {made.name: json.dumps(tree, indent=1) + "\n", info.name: info.read_text()}
        return artefacts, found[0], done.stderr.strip()


def write(artefacts: dict[str, str], version: str, program: str = PROGRAM, out: str = OUT) -> None:
    """Write the artefacts and their manifest into ``out``."""
    folder = ROOT / out
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in artefacts.items():
        (folder / name).write_text(text)
    manifest = {
        "program": program,
        "compiler": "p4c-bm2-ss",
        "version": version,
        "options": OPTIONS,
        "sources": {name: digest(ROOT / name) for name in sources(ROOT, program)},
        "artefacts": {name: digest(folder / name) for name in sorted(artefacts)},
    }
    (folder / "manifest.json").write_text(json.dumps(manifest, indent=1) + "\n")


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument(
        "--check", action="store_true", help="only say whether the artefacts belong to the sources"
    )
    parser.add_argument("--program", default=PROGRAM, help="top of the program (default %(default)s)")
    parser.add_argument("--out", default=OUT, help="folder of the artefacts (default %(default)s)")
    args = parser.parse_args(argv)

    try:
        if args.check:
            reasons = stale(ROOT, args.program, args.out)
            print("\n".join([*reasons, "run: make build"]) if reasons else f"{args.out}: current")
            return 1 if reasons else 0
        compiler = find_compiler()
        if compiler is None:
            print(NO_COMPILER, end="", file=sys.stderr)
            return 4
        artefacts, version, warnings = compile_program(compiler[1], args.program)
        write(artefacts, version, args.program, args.out)
    except CompileError as error:
        print(f"build: {args.program} does not compile\n{error}", file=sys.stderr)
        return 3
    if warnings:
        print(warnings, file=sys.stderr)
    print(f"{args.out}: {', '.join(artefacts)} and manifest.json, by {compiler[0]} {version}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
