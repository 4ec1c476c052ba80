# SPDX-License-Identifier: Apache-2.0
"""Cases of one part in a process of their own, which may crash, hang or grow: ``child.py JSON``.

It writes the number of the case that it is at into a file, and prints a JSON object a line: ``counts`` now and then,
``failure`` for each, ``unavailable`` instead, and ``done``.
"""

from __future__ import annotations

import json
import os
import sys
import time
import traceback
from collections import Counter
from pathlib import Path
from typing import Any

TESTS = Path(__file__).resolve().parent.parent
for _path in (TESTS.parent, TESTS.parent / "cp", TESTS.parent / "topo", TESTS):
    if str(_path) not in sys.path:
        sys.path.insert(0, str(_path))

from fuzz.part import Unavailable  # noqa: E402
from fuzz.parts import PARTS  # noqa: E402

_TELL = 0.5  # s


def say(**what: Any) -> None:
    """One line to the parent."""
    print(json.dumps(what), flush=True)


def main(given: str) -> None:
    """Run cases ``start`` to ``end`` of a part, or the case in a file."""
    work = json.loads(given)
    os.environ.pop("LD_PRELOAD", None)  # it would slow the compiler down
    kind = PARTS[work["part"]]
    if work["options"]:
        kind.options = tuple(work["options"])  # type: ignore[attr-defined]
    scratch = Path(work["scratch"])
    try:
        part = kind(work["seed"], scratch)
    except Unavailable as error:
        say(unavailable=str(error))
        return
    mark = os.open(work["mark"], os.O_WRONLY)
    counts: Counter[str] = Counter()
    told = time.monotonic()
    for number in range(work["start"], work["end"]):
        os.pwrite(mark, b"%20d" % number, 0)
        case = b""
        try:
            case = Path(work["file"]).read_bytes() if work["file"] else part.case(number)
            if work["keep"]:
                Path(work["keep"]).write_bytes(case)
            counts[part.run(case)] += 1
        except Exception:
            say(failure=number, case=case[: 1 << 20].hex(), text=traceback.format_exc())
        if time.monotonic() > told + _TELL:
            told = time.monotonic()
            say(counts=counts)
    say(counts=counts)
    part.close()
    say(done=True)
    sys.stdout.flush()
    os._exit(0)  # threads of gRPC and of the engines have nothing left to do


if __name__ == "__main__":
    main(sys.argv[1])
