# SPDX-License-Identifier: Apache-2.0
"""What holds for every packet test, and the documents generated from them."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Any

import pytest

from harness.clauses import Clause, behaviours, behaviours_of, clauses_of, only_on, rfc, rule, switches_of

ROOT = Path(__file__).resolve().parents[3]


def _load(name: str) -> Any:
    spec = importlib.util.spec_from_file_location(name, ROOT / "ptf-tests" / "tools" / f"{name}.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


tool = _load("behaviours")
run_ptf = _load("run_ptf")
CLASSES = tool.packet_test_classes()


def _name(cls: type) -> str:
    return f"{cls.__module__}.{cls.__name__}"


def test_there_are_packet_tests() -> None:
    assert CLASSES


def test_every_packet_test_names_a_clause() -> None:
    assert [_name(cls) for cls in CLASSES if not clauses_of(cls)] == []


def test_every_packet_test_names_a_behaviour() -> None:
    assert [_name(cls) for cls in CLASSES if not behaviours_of(cls)] == []


def test_every_packet_test_says_what_it_checks() -> None:
    assert [_name(cls) for cls in CLASSES if "__doc__" not in vars(cls) or not cls.__doc__] == []


def test_names_are_unique() -> None:
    """ptf keeps the classes of a module by name; docs/behaviours.md speaks of module and class."""
    names = [_name(cls) for cls in CLASSES]
    assert len(names) == len(set(names))


def test_behaviours_document_is_current() -> None:
    """Fails when packet tests changed and docs/behaviours.md did not: run make docs."""
    assert tool.TARGET.is_file(), "run: make docs"
    assert tool.TARGET.read_text() == tool.render(CLASSES), "stale, run: make docs"


def test_ptf_sees_the_same_classes(tmp_path: Path) -> None:
    """The files that the plain ptf command is given are those in which pytest finds packet tests."""
    files = {path.stem for path in run_ptf.packet_tests()}
    assert files == {cls.__module__ for cls in CLASSES}


def test_clauses_are_kept_in_order_and_inherited() -> None:
    @rfc("8986", "4.1", "S09", "S10")
    @rule("END-4")
    class Parent:
        pass

    @rule("END-17")
    class Child(Parent):
        pass

    assert clauses_of(Parent) == (
        Clause("END-4"),
        Clause("RFC 8986", "4.1", "S09"),
        Clause("RFC 8986", "4.1", "S10"),
    )
    assert clauses_of(Child)[-1] == Clause("END-17")
    assert len(clauses_of(Child)) == 4


def test_lines_belong_to_the_section_in_front_of_them() -> None:
    @rfc("8986", "4.1", "S09", "4.13", "S15", "5.1")
    class Example:
        pass

    assert [str(clause) for clause in clauses_of(Example)] == [
        "RFC 8986 4.1 S09",
        "RFC 8986 4.13 S15",
        "RFC 8986 5.1",
    ]
    with pytest.raises(ValueError, match=r"neither a line"):
        rfc("8986", "4.1", "line 9")


def test_switches_follow_only_on() -> None:
    @only_on("softswitch", "because")
    class One:
        pass

    class Both:
        pass

    assert switches_of(One) == ("softswitch",)
    assert switches_of(Both) == ("softswitch", "bmv2")


@pytest.mark.parametrize("name", ["END-18", "END-0", "ENDE-1", "END", "END-4a"])
def test_unknown_rules_are_refused(name: str) -> None:
    with pytest.raises(ValueError, match=r"no such rule"):
        rule(name)


def test_unknown_behaviours_and_documents_are_refused() -> None:
    with pytest.raises(ValueError, match=r"no such behaviour"):
        behaviours("End.Y")
    with pytest.raises(ValueError, match=r"not the number"):
        rfc("RFC 8986", "4.1")
    with pytest.raises(ValueError, match=r"no such switch"):
        only_on("tofino", "")


def test_document_groups_lines_and_rules() -> None:
    @behaviours("End")
    @rfc("8986", "4.1", "S09")
    @rfc("8986", "4.1", "S10")
    @rule("END-4", "END-17")
    class Example:
        pass

    text = tool.render([Example])
    assert "| End | RFC 8986 4.1 | 1 | both | RFC 8986 4.1 S09, S10; END-4, 17 |" in text
    assert f"| RFC 8986 4.1 S09 | 1 in `{Example.__module__}` |" in text
    assert "| END-17 | Hdr Ext Len 0 or 1: no Last Entry is small enough | 1 in" in text


def test_an_unknown_switch_platform_or_profile_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    """`make ptf` said it once a test, or with a traceback of ptf."""
    monkeypatch.delenv("PROFILE", raising=False)
    with pytest.raises(SystemExit, match=r"^run_ptf: --platform foo: no such platform; one of inproc, softveth, veth$"):
        run_ptf.command("x", ["--platform", "foo"])
    monkeypatch.setenv("SWITCH", "foo")
    with pytest.raises(SystemExit, match=r"^run_ptf: SWITCH=foo: no such switch; one of auto, "):
        run_ptf.command("x", [])
    monkeypatch.setenv("PROFILE", "foo")
    known = r"^run_ptf: PROFILE=foo: no such profile; one of edge, full, hmac, mobile, services, telemetry, transit$"
    with pytest.raises(SystemExit, match=known):
        run_ptf.command("x", [])
