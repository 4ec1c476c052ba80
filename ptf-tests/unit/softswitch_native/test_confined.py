# SPDX-License-Identifier: Apache-2.0
"""The child of the compiler: limits, no network, nothing to gain, nothing left."""

from __future__ import annotations

import os
import subprocess
import sys
from functools import partial
from pathlib import Path

import pytest

from softswitch.native import compiler, confined
from softswitch.native.confined import Limits, Outcome, run

MIB = 1 << 20
TIGHT = Limits(seconds=1, patience=60, memory=512 * MIB, file=MIB, processes=64)


def shell(folder: Path, script: str, limits: Limits = TIGHT) -> Outcome:
    return run(["/bin/sh", "-c", script], folder, {}, limits)


@pytest.mark.parametrize(
    ("script", "says"),
    [
        ("while :; do :; done", "/bin/sh wanted more than 1 s of processor time"),
        ("exec dd if=/dev/zero of=big bs=1048576 count=8", "/bin/sh wanted more than a file of 1 MiB"),
        ("echo 'cc1: out of memory allocating 5 bytes' >&2; exit 1", "/bin/sh wanted more than 512 MiB of memory"),
        ("echo first >&2; echo 'x.c:1: error: no' >&2; echo last >&2; exit 1", "/bin/sh failed: x.c:1: error: no"),
        ("exit 3", "/bin/sh failed: exit status 3"),
    ],
)
def test_what_goes_wrong_is_one_line(tmp_path: Path, script: str, says: str) -> None:
    assert shell(tmp_path, script).failure == says


def test_one_that_does_not_end_is_ended_with_its_children(tmp_path: Path) -> None:
    limits = TIGHT._replace(patience=0.5)
    outcome = shell(tmp_path, "sleep 1000 & echo $! >pid; exec sleep 1000", limits)
    assert outcome.failure == "/bin/sh did not end within 0.5 s"
    child = int((tmp_path / "pid").read_text())
    try:
        status = Path(f"/proc/{child}/stat").read_text()
    except OSError:
        return
    assert status.rpartition(")")[2].split()[0] in "ZX"


def test_limits_and_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SECRET", "token")
    said = shell(tmp_path, "ulimit -v; ulimit -t; ulimit -c; env; grep NoNewPrivs /proc/self/status").output
    lines = said.split("\n")
    assert lines[:3] == [str(TIGHT.memory >> 10), "1", "0"]
    assert "NoNewPrivs:\t1" in lines
    assert "SECRET" not in said
    assert {line.partition("=")[0] for line in lines[3:] if "=" in line} <= {"HOME", "LC_ALL", "PATH", "PWD", "TMPDIR"}
    assert f"HOME={tmp_path}" in lines
    with open("/proc/thread-self/status", encoding="ascii") as own:
        before = [line for line in own if line.startswith("NoNewPrivs")]
    assert before in ([], ["NoNewPrivs:\t0\n"]) or os.environ.get("CI"), "this thread is as it was"


def test_there_is_no_network(tmp_path: Path) -> None:
    if not confined._alone():
        pytest.skip("the kernel gives this user no network namespace")
    links = [line.split(":")[0].strip() for line in shell(tmp_path, "cat /proc/net/dev").output.splitlines()[2:]]
    assert links == ["lo"]


def test_where_there_are_no_namespaces_the_limits_hold(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(confined, "_alone", tuple)
    assert shell(tmp_path, "ulimit -v").output == f"{TIGHT.memory >> 10}\n"


def test_a_lower_limit_stays(tmp_path: Path) -> None:
    script = (
        "import resource, pathlib; from softswitch.native.confined import run;"
        f"resource.setrlimit(resource.RLIMIT_FSIZE, ({MIB}, {MIB}));"
        f"print(run(['/bin/sh', '-c', 'ulimit -f'], pathlib.Path({str(tmp_path)!r})).output)"
    )
    done = subprocess.run(
        [sys.executable, "-c", script],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[3])},
    )
    assert done.stdout.split() == [str(MIB >> 9)]


@pytest.mark.parametrize(
    ("limits", "source", "says"),
    [
        (TIGHT, "char x[1 << 24] = {1};", "wanted more than a file of 1 MiB"),
        (
            TIGHT._replace(memory=8192 * MIB),
            "#define A(x) x x x x x x x x x x\n#define B(x) A(A(A(A(x))))\nB(B(int a;))",
            "wanted more than 1 s of processor time",
        ),
        (
            TIGHT._replace(seconds=60, memory=256 * MIB),
            "#define A(x) x x x x x x x x x x\n#define B(x) A(A(A(A(x))))\nB(B(int a;))",
            "wanted more than 256 MiB of memory",
        ),
    ],
    ids=["file", "processor time", "memory"],
)
def test_a_compiler_that_exceeds_a_limit_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, limits: Limits, source: str, says: str
) -> None:
    if not compiler.has_compiler():
        pytest.skip("no C compiler")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setattr(confined, "run", partial(run, limits=limits))
    with pytest.raises(compiler.NoCompiler) as error:
        compiler.build(source)
    assert str(error.value).endswith(says)
    assert "\n" not in str(error.value)
    assert list((tmp_path / "softswitch").iterdir()) == []
