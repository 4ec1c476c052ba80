# SPDX-License-Identifier: Apache-2.0
"""Programs that are spoilt, and programs with hostile names: refused in one line, or loaded and run by both engines.

Every second mutated program is one whose p4info is spoilt, to softswitch and to the controller.
"""

from __future__ import annotations

import json
import random
from functools import cache
from pathlib import Path
from typing import Any, ClassVar

from google.protobuf import text_format
from unit.softswitch_engine import variants
from unit.softswitch_engine.renamed import hostile, rename
from unit.softswitch_engine.rigs import EXCEPT, NAMES, PROGRAMS

from fuzz import mutate
from fuzz.part import Part, Unavailable, one_line
from harness import testbed
from p4rtlib.errors import P4InfoError
from p4rtlib.p4info import parse_p4info
from p4rtlib.protos import p4info_pb2
from softswitch.bmv2json import ProgramError, load_program
from softswitch.device import Device
from softswitch.engine.native.engine import NativeEngine
from softswitch.p4runtime.errors import Fault
from softswitch.switch import SoftSwitch
from srv6cp.p4rt import P4Info

SRV6 = Path(__file__).resolve().parents[2] / "p4src/build/full.json"
FRAMES = 8
#: Compiles in a third of the time.
_OPTIONS = ("-O0",)


class Loading(Part):
    """What programs and p4infos have in common."""

    patience = 60.0

    def __init__(self, seed: int, scratch: Path) -> None:
        super().__init__(seed, scratch)
        if (reason := testbed.native_missing()) is not None:
            raise Unavailable(reason)
        self.canary = scratch / "canary"
        NativeEngine.__init__.__defaults__ = (_OPTIONS,)

    def load(self, code: bytes, engine: str) -> tuple[bool, list[Any]]:
        """Load it and send frames: whether it loads, and what came out."""
        device = Device(cpu_port=510, engine=engine)
        left: list[Any] = []
        device.set_output(lambda port, frame: left.append((port, frame)))
        try:
            device.load(load_program(code))
        except ProgramError as error:
            one_line(error)
            return False, []
        rng = random.Random(len(code))
        for number in range(FRAMES):
            device.process(number % 4, bytes((rng.randrange(16),)) + rng.randbytes(rng.randrange(80)))
        return True, left

    def untouched(self) -> None:
        """Nothing that stood in a name was executed."""
        assert not self.canary.exists(), "a name was executed"


@cache
def _originals() -> tuple[bytes, ...]:
    return tuple((PROGRAMS / f"{name}.json").read_bytes() for name in NAMES)


class Programs(Loading):
    """JSON programs and p4infos with values changed, moved, doubled, removed, or damaged as text."""

    name = "programs"
    count: ClassVar[int] = 10_000

    def case(self, number: int) -> bytes:
        rng = self.rng(number)
        return self._program(rng) if number % 2 else self._p4info(rng)

    def _program(self, rng: random.Random) -> bytes:
        given = _originals()
        original = rng.choices(given, [1 / len(each) ** 2 for each in given])[0]  # a compiler's time is dear
        if rng.random() < 0.15:
            return mutate.octets(original, rng, rng.choice((1, 1, 3, 10)))
        program = json.loads(original)
        if rng.random() < 0.5:
            mutate.nearby(program, rng)
            return json.dumps(program).encode()
        for _ in range(rng.choice((1, 1, 1, 2, 3))):
            mutate.tree(program, rng)
        return json.dumps(program).encode()

    def _p4info(self, rng: random.Random) -> bytes:
        name = rng.choice(NAMES)
        given = (PROGRAMS / f"{name}.p4info.txtpb").read_text()
        if rng.random() < 0.3:
            info = mutate.text(given, rng, rng.choice((1, 2, 5))).encode(errors="replace")
        else:
            message = text_format.Parse(given, p4info_pb2.P4Info())
            info = message.SerializeToString()
            if rng.random() < 0.3:
                info = mutate.octets(info, rng, rng.choice((1, 1, 3)))
            else:
                for _ in range(rng.choice((1, 1, 2, 4))):
                    spoil(message, rng)
                info = text_format.MessageToString(message).encode()
        return name.encode() + b"\n" + info

    def run(self, case: bytes) -> str:
        name, _, info = case.partition(b"\n")
        if name.decode(errors="replace") in NAMES:
            return self._load_p4info(name.decode(), info)
        loads, _ = self.load(case, "python")
        native, _ = self.load(case, "native")
        self.untouched()
        return f"program loaded by {'both' if native else 'Python'}" if loads else "program refused"

    def _load_p4info(self, name: str, info: bytes) -> str:
        code = (PROGRAMS / f"{name}.json").read_bytes()
        try:
            message = parse_p4info(info)
        except P4InfoError as error:
            one_line(error)
            return "p4info no p4info"
        try:
            P4Info(message)
        except P4InfoError as error:
            one_line(error)
        switch = SoftSwitch(device_id=1, address=None, engine="python")
        try:
            switch.server.load(message, code)
        except Fault as error:
            one_line(error)
            return "p4info refused"
        finally:
            switch.close()
        return "p4info loaded"


def spoil(message: Any, rng: random.Random) -> None:
    """Change one field somewhere below a protobuf message."""
    while True:
        inner: list[Any] = []
        for known, held in message.ListFields():
            if known.message_type is not None and not known.message_type.GetOptions().map_entry:
                inner += list(held) if hasattr(held, "add") else [held]
        if not inner or rng.random() < 0.15:
            break
        message = rng.choice(inner)
    fields = [field for field in message.DESCRIPTOR.fields if field.message_type is None]
    if not fields:
        return
    field = rng.choice(fields)
    container = getattr(message, field.name)
    if rng.random() < 0.25:
        message.ClearField(field.name)
        return
    kind = field.cpp_type
    value: Any
    if kind == field.CPPTYPE_STRING:
        value = hostile(rng.randrange(64)).encode("utf-8", "replace")
        value = value if field.type == field.TYPE_BYTES else value.decode()
    elif kind == field.CPPTYPE_BOOL:
        value = rng.random() < 0.5
    elif kind == field.CPPTYPE_ENUM:
        value = rng.randrange(8)
    elif kind in (field.CPPTYPE_DOUBLE, field.CPPTYPE_FLOAT):
        value = rng.random()
    else:
        value = rng.choice((0, 1, 2, 8, 128, 2**16, 2**31 - 1))
    if hasattr(container, "append") and not isinstance(container, (str, bytes)):
        container.append(value)
    else:
        setattr(message, field.name, value)


class Names(Loading):
    """Hostile names in the place of every name of a program, and of every name of its p4info."""

    name = "names"
    count: ClassVar[int] = 160
    patience = 120.0

    def _programs(self) -> list[str]:
        return ["srv6", *NAMES, *variants.VARIANTS]

    def case(self, number: int) -> bytes:
        rng = self.rng(number)
        programs = self._programs()
        return f"{programs[number % len(programs)]}\n{rng.randrange(1 << 16)}".encode()

    def run(self, case: bytes) -> str:
        name, _, start = case.decode().partition("\n")
        program = json.loads(SRV6.read_bytes() if name == "srv6" else variants.load(name))
        given = rename(program, lambda n: f"n{n}")
        spoilt = rename(program, lambda n: self._hostile(int(start), n))
        plain, hostile_ones = json.dumps(given).encode(), json.dumps(spoilt).encode()
        # srv6 takes a compiler a minute; its code with such names is compared with that of plain ones in test_names.py.
        engines = ["python"] if name == "srv6" or name in EXCEPT["native"] else ["python", "native"]
        for engine in engines:
            assert self.load(plain, engine)[0] and self.load(hostile_ones, engine)[0], engine
        self._p4info(name, int(start))
        self.untouched()
        return f"loaded by {' and '.join(engines)}"

    def _hostile(self, start: int, number: int) -> str:
        """A name of its own for each number, which would make a file where it was code; long ones among them."""
        text = hostile(start + number, long=4096)
        return f"{text}{number}'; open({str(self.canary)!r}, 'w'); system(\"touch {self.canary}\"); /*{number}*/ \\"

    def _p4info(self, name: str, start: int) -> None:
        base = variants.VARIANTS.get(name, (name, None))[0]
        path = SRV6.with_suffix(".p4info.txtpb") if name == "srv6" else PROGRAMS / f"{base}.p4info.txtpb"
        message = text_format.Parse(path.read_text(), p4info_pb2.P4Info())
        self._rename(message, [start])
        try:
            P4Info(message)
        except P4InfoError as error:
            one_line(error)

    def _rename(self, message: Any, count: list[int]) -> None:
        for field, value in list(message.ListFields()):
            if field.message_type is not None:
                if field.message_type.GetOptions().map_entry:
                    continue
                for inner in value if hasattr(value, "add") else [value]:
                    self._rename(inner, count)
            elif field.name in ("name", "alias", "brief", "description") and isinstance(value, str):
                count[0] += 1
                setattr(message, field.name, self._hostile(count[0], count[0]).encode("utf-8", "replace").decode())
