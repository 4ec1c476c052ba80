# SPDX-License-Identifier: Apache-2.0
"""Each part for a short while, and what a campaign makes of processes that crash, hang and grow."""

from __future__ import annotations

import sys
from collections import Counter
from pathlib import Path
from typing import Any, ClassVar

import pytest

from fuzz.campaign import Campaign
from fuzz.greed import MOST, memory_taken
from fuzz.part import Part, Unavailable
from fuzz.parts import PARTS

#: Cases of a run of the tests.  Names, requests and frames have tests of their own: `test_names.py`,
#: `conformance/test_fuzz.py`, `diff/test_fuzz.py`, `softswitch_native/sanitized.py`.
SHORT = {"programs": 40, "nodes": 400, "topologies": 30, "recordings": 500, "punts": 2000}
#: What must be among what becomes of them: neither is everything refused nor anything taken.
EXPECTED = {
    "programs": {"program refused", "p4info loaded", "p4info refused"},
    "nodes": {"refused", "loaded"},
    "topologies": {"refused", "loaded"},
    "recordings": {"refused", "read"},
    "punts": {"answered", "nothing said"},
}


@pytest.mark.parametrize("name", SHORT)
def test_hostile_input_is_refused_in_a_line_or_taken(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from softswitch.engine.native.engine import NativeEngine

    # The part sets the options with which engines of its process compile.
    monkeypatch.setattr(NativeEngine.__init__, "__defaults__", NativeEngine.__init__.__defaults__)
    try:
        part = PARTS[name](8986, tmp_path)
    except Unavailable as error:
        pytest.skip(str(error))
    found: Counter[str] = Counter()
    for number in range(SHORT[name]):
        case = part.case(number)
        try:
            found[part.run(case)] += 1
        except Exception as error:
            (tmp_path / "case").write_bytes(case)
            raise AssertionError(f"case {number} of seed 8986: {tmp_path / 'case'}") from error
    part.close()
    assert set(found) >= EXPECTED[name], found


@pytest.mark.parametrize("kind", ["empty updates", "packet-outs"])
def test_many_greedy_clients_take_little_memory(kind: str, tmp_path: Path) -> None:
    """Long messages of which much becomes, from many at once: they wait for each other."""
    assert memory_taken(tmp_path, kind, 24) <= MOST


@pytest.mark.parametrize("name", PARTS)
def test_a_case_depends_on_seed_and_number_alone(name: str, tmp_path: Path) -> None:
    if name == "frames":
        pytest.skip("the generator of the differential run has a test of its own")
    try:
        one, other = PARTS[name](5, tmp_path), PARTS[name](5, tmp_path)
    except Unavailable as error:
        pytest.skip(str(error))
    forwards = [one.case(number) for number in range(6)]
    assert [other.case(number) for number in reversed(range(6))] == forwards[::-1]
    one.close()
    other.close()


# --- campaigns


class Made(Part):
    """Never made here: the child of the test takes its place."""

    name = "made"
    count: ClassVar[int] = 9
    patience = 3.0
    memory = 60

    def case(self, number: int) -> bytes:
        raise NotImplementedError

    def run(self, case: bytes) -> str:
        raise NotImplementedError


CHILD = """
import json, os, signal, sys, time
work = json.loads(sys.argv[1])
def say(**what): print(json.dumps(what), flush=True)
done = 0
for number in range(work["start"], work["end"]):
    with open(work["mark"], "r+") as mark:
        mark.write("%20d" % number)
    if work["keep"]:
        open(work["keep"], "wb").write(b"case %d" % number)
    if number == 2:
        print("it said this", file=sys.stderr)
        os.kill(os.getpid(), signal.SIGSEGV)
    if number == 4:
        signal.pause()
    if number == 6:
        kept = b"x" * (100 << 20)
        time.sleep(600)
    if number == 8:
        say(failure=number, case=b"case 8".hex(), text="Traceback\\nValueError: odd")
        continue
    done += 1
    say(counts={"fine": done})
say(done=True)
"""


def test_crashes_hangs_and_growth_are_kept_and_the_rest_goes_on(tmp_path: Path) -> None:
    said: list[str] = []
    script = tmp_path / "child.py"
    script.write_text(CHILD)
    campaign = Campaign(Made, 3, 0, 10, tmp_path / "corpus", say=said.append, child=[sys.executable, str(script)])
    outcome = campaign.run()
    assert outcome.counts == {"fine": 6}
    assert outcome.failures == {"crash": 1, "hang": 1, "memory": 1, "exception": 1}
    assert outcome.cases == 10
    kept: dict[str, Any] = {path.stem: path.read_bytes() for path in (tmp_path / "corpus").glob("*.case")}
    assert kept == {f"made-3-{number}": b"case %d" % number for number in (2, 4, 6, 8)}
    text = (tmp_path / "corpus/made-3-2.txt").read_text()
    assert "crash: signal SIGSEGV" in text and "it said this" in text and "make fuzz ARGS='--replay " in text


def test_a_child_that_never_starts_is_one_failure(tmp_path: Path) -> None:
    said: list[str] = []
    outcome = Campaign(
        Made, 3, 0, 10, tmp_path, say=said.append, child=[sys.executable, "-c", "raise SystemExit(3)"]
    ).run()
    assert outcome.failures == {"crash": 1}
    assert "exit status 3" in (tmp_path / "made-3--1.txt").read_text()


def test_a_run_whose_time_is_over_says_where_to_go_on(tmp_path: Path) -> None:
    script = tmp_path / "child.py"
    script.write_text(CHILD.replace("number == 4", "number == 1"))
    child = [sys.executable, str(script)]
    outcome = Campaign(Made, 3, 0, 10, tmp_path, seconds=0.3, say=lambda line: None, child=child).run()
    assert (outcome.next, outcome.failures.total()) == (1, 0)
