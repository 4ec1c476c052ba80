#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Compile the small programs of this folder and record sources and results in ``SHA256SUMS``.

    build.py            all of them
    build.py flow       one

Needs ``p4c-bm2-ss`` on PATH or a container engine, as ``make build`` does.
Exit codes: 0 done, 3 a program does not compile, 4 no compiler.
"""

from __future__ import annotations

import re
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[3]
sys.path.insert(0, str(ROOT / "tools"))

import build_p4  # noqa: E402


def compile_one(source: Path, run: build_p4.Runner) -> dict[str, str]:
    """The artefacts of one program by file name, as the compiler writes them but without folders."""
    with tempfile.TemporaryDirectory() as scratch:
        made, info = Path(scratch, f"{source.stem}.json"), Path(scratch, f"{source.stem}.p4info.txtpb")
        command = ["p4c-bm2-ss", "--arch", "v1model", "-o", str(made), "--p4runtime-files", str(info)]
        done = run([*command, str(source.relative_to(ROOT))], Path(scratch))
        if done.returncode or not made.is_file() or not info.is_file():
            raise build_p4.CompileError((done.stderr or done.stdout).strip() or f"exit code {done.returncode}")
        text = re.sub(r'"(filename|program)" : "[^"]*/([^"/]+)"', r'"\1" : "\2"', made.read_text())
        return {made.name: text, info.name: info.read_text()}


def main(names: list[str]) -> int:
    compiler = build_p4.find_compiler()
    if compiler is None:
        print("build.py: no P4 compiler: p4c-bm2-ss is not on PATH, and no container engine runs", file=sys.stderr)
        return 4
    sources = sorted(HERE.glob("*.p4"))
    unknown = set(names) - {source.stem for source in sources}
    if unknown:
        print(f"build.py: no program {', '.join(sorted(unknown))} here", file=sys.stderr)
        return 3
    for source in sources:
        if names and source.stem not in names:
            continue
        try:
            artefacts = compile_one(source, compiler[1])
        except build_p4.CompileError as error:
            print(f"build.py: {source.name} does not compile\n{error}", file=sys.stderr)
            return 3
        for name, text in artefacts.items():
            (HERE / name).write_text(text)
        print(f"{source.name}: {', '.join(artefacts)}")
    files = sorted(path for path in HERE.iterdir() if path.suffix in (".p4", ".json", ".txtpb"))
    (HERE / "SHA256SUMS").write_text("".join(f"{build_p4.digest(path)}  {path.name}\n" for path in files))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
