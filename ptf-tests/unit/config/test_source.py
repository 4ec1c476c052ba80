# SPDX-License-Identifier: Apache-2.0
"""YAML text to values: which scalars are special, what is refused, and lines of paths."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from srv6cp.config import ConfigError, Source, load_node
from srv6cp.config.source import MAX_DEPTH


def error(text: str) -> tuple[int, str]:
    with pytest.raises(ConfigError) as caught:
        Source(text, "f.yaml").load()
    return caught.value.line, caught.value.message


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1.100", "1.100"),
        ("10:20:30:40:50:01", "10:20:30:40:50:01"),
        ("on", "on"),
        ("no", "no"),
        ("1e3", "1e3"),
        ("2026-01-01", "2026-01-01"),
        ("010", 10),
        ("0xb8", 0xB8),
        ("0o17", 15),
        ("-3", -3),
        ("1_000", "1_000"),
        ("true", True),
        ("False", False),
        ("~", None),
        ("", None),
        ("null", None),
        ('"1"', "1"),
        ("'true'", "true"),
        ("! 7", "7"),
    ],
)
def test_scalars(text: str, value: Any) -> None:
    loaded = Source(f"key: {text}\n").load()
    assert loaded == {"key": value}
    assert type(loaded["key"]) is type(value)


def test_anchors_aliases_and_merge() -> None:
    text = "a: &x {k: 1, l: 2}\nb: *x\nc: {<<: *x, l: 3}\nd: {<<: [*x, {m: 4}]}\n"
    assert Source(text).load() == {
        "a": {"k": 1, "l": 2},
        "b": {"k": 1, "l": 2},
        "c": {"k": 1, "l": 3},
        "d": {"k": 1, "l": 2, "m": 4},
    }


@pytest.mark.parametrize(
    ("text", "line", "message"),
    [
        ("a: 1\nb: 2\na: 3\n", 3, "duplicate key 'a'"),
        ("a: 1\nb: [\n", 3, "not valid YAML"),
        ("a: 1\n\tb: 2\n", 2, "not valid YAML"),
        (
            "a: 1\nb: !!python/object:os.system x\n",
            2,
            "tag tag:yaml.org,2002:python/object:os.system is not used",
        ),
        ("a: !thing {}\n", 1, "tag !thing is not used"),
        ("a: &x [1, *x]\n", 1, "alias *x stands before the end of its anchor"),
        ("a: *y\n", 1, "alias *y"),
        ("a: 1\n---\nb: 2\n", 2, "one document"),
        ("? [a]\n: 1\n", 1, "a key must be a plain word"),
        ("a: {<<: 3}\n", 1, "<< merges mappings only"),
        ("a: \x07\n", 0, "not valid YAML"),
    ],
)
def test_what_is_refused(text: str, line: int, message: str) -> None:
    found_line, found = error(text)
    assert message in found
    assert found_line == line


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("[" * 100_000, 1),
        ("- " * 100_000, 1),
        ("{a: " * 100_000, 1),
        ("a: 1\nb: ['[', \"]]\", [1], " + "[" * 100_000, 2),
        ("[\n" * 100_000, MAX_DEPTH + 1),
        ("- [a]\n- " + "[" * (MAX_DEPTH + 1) + "1" + "]" * (MAX_DEPTH + 1), 2),
    ],
)
def test_deep_nesting_is_an_error_and_no_crash(text: str, line: int) -> None:
    assert error(text) == (line, f"nested deeper than {MAX_DEPTH} levels")


def test_the_deepest_nesting_that_is_taken() -> None:
    value = Source("[" * MAX_DEPTH + "]" * MAX_DEPTH).load()
    for _ in range(MAX_DEPTH - 1):
        (value,) = value
    assert value == []


class _Refusing:
    """A parser that finds a text wrong where it ends, in words of its own."""

    def __init__(self, text: str) -> None:
        self._text = text

    def get_event(self) -> None:
        mark = yaml.Mark("f.yaml", len(self._text), self._text.count("\n"), 0, None, None)
        raise yaml.scanner.ScannerError("whatever", mark, "the library says", mark)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a: 1\nb: " + "[{" * MAX_DEPTH, f"nested deeper than {MAX_DEPTH} levels"),
        ("[" * MAX_DEPTH, "not valid YAML: whatever the library says"),
        ("[]{}" * MAX_DEPTH, "not valid YAML: whatever the library says"),
        ("'" + "[" * 2 * MAX_DEPTH + "'", "not valid YAML: whatever the library says"),
        ("[\n" * MAX_DEPTH + "[", "not valid YAML: whatever the library says"),
    ],
)
def test_too_deep_is_said_in_one_way_whatever_the_library_says(
    text: str, message: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("srv6cp.config.source._Parser", _Refusing)
    assert error(text) == (text.count("\n") + 1, message)


def test_lines_of_paths() -> None:
    items = "  # a comment\n  - {sid: a, behavior: b}\n  - sid: c\n    via:\n      - d\n      - e\n"
    source = Source(f"node: r1\nsids:\n{items}")
    assert source.line(("node",)) == 1
    assert source.line(("sids",)) == 2
    assert source.line(("sids", 0, "behavior")) == 4
    assert source.line(("sids", 1)) == 5
    assert source.line(("sids", 1, "via")) == 6
    assert source.line(("sids", 1, "via", 1)) == 8
    # What is missing is at the nearest thing around it.
    assert source.line(("sids", 1, "behavior")) == 5
    assert source.line(("policies", 3)) == 1


@given(st.text(max_size=200))
def test_any_text_loads_or_is_refused(text: str) -> None:
    try:
        Source(text).load()
    except ConfigError as refused:
        assert refused.message


@pytest.mark.parametrize(
    ("text", "line", "address"),
    [
        ("sid: fcbb::\n", 1, "fcbb::"),
        ("x:\n  - {sid: fcbb:bb00:1::, behavior: End}\n", 2, "fcbb:bb00:1::"),
        ('x: ["fc00::", fcbb::]  # not ::1\n', 1, "fcbb::"),
        ("segments:\n- fcbb::\n", 2, "fcbb::"),
        ("segments:\n- ::\n", 2, "::"),
        ("{via: ::1}\n", 1, "::1"),
        ("{prefix: ::/0}\n", 1, "::/0"),
        ("via: ::\n", 1, "::"),
    ],
)
def test_an_address_without_its_quotes_is_said_to_need_them(text: str, line: int, address: str) -> None:
    at, message = error(text)
    assert (at, message.startswith(f"{address} must be quoted, "), message.endswith(f': "{address}"')) == (
        line,
        True,
        True,
    )


@pytest.mark.parametrize("text", ["a: x: y\n", "{a: 'fcbb::': x}\n", "a: @fcbb:\n", "key:: b: c\n"])
def test_other_colons_are_not_taken_for_addresses(text: str) -> None:
    assert "must be quoted" not in error(text)[1]


ALIASES = "node: r1\nx: &a {prefix: zz}\nroutes: [" + ",".join(["*a"] * 100_000) + "]\n"
KEYS = ",".join(f"key{number}: 1" for number in range(200_000))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("x: &a '" + "A" * 16_000 + "'\ny: [" + ",".join(["*a"] * 10_000) + "]\n", "repeat too much"),
        ("x: '" + "A" * 1_000_000 + "'\n", "a value of 1000000 characters; at most"),
        (f"x: &a {{{','.join(f'k{n}: 1' for n in range(9000))}}}\ny: [{','.join(['{<<: *a}'] * 2000)}]", "too much"),
        (f"ports: {{1: {{{KEYS}}}}}", "a mapping has at most 10000 keys"),
        ("x: " + "[" * 100_000, "nested deeper than 32 levels"),
        ("{a: " * 5_000, "nested deeper than 32 levels"),
    ],
)
def test_text_made_to_take_time_or_memory_is_refused(text: str, message: str) -> None:
    assert message in error(text)[1]


@pytest.mark.parametrize("digits", ["9" * 5_000, "0x" + "f" * 5_000])
@pytest.mark.parametrize(
    "text",
    [
        "device-id: N",
        "ports: {N: {}}",
        "ports: {1: {mtu: N, vlans: {'N': {}}}}",
        "routes: [{prefix: 'fc00::/7', via: {port: '1.N'}}]",
        "routes: [{prefix: 'fc00::/N', via: {port: N}}]",
        "sids: [{sid: 'fc00::/N', behavior: N}]",
        "vrfs: [{name: a, id: 'N'}]",
        "grpc-addr: 'a:N'",
        "steering: [{match: {protocol: N, port: N, vrf: N}, priority: N, policy: N}]",
    ],
)
def test_numbers_of_thousands_of_digits_are_refused(text: str, digits: str) -> None:
    with pytest.raises(ConfigError) as caught:
        load_node(f"node: r1\n{text.replace('N', digits)}\n")
    assert all(len(problem.message) < 1000 for problem in caught.value.problems)


def test_a_hundred_thousand_mistakes_end_early() -> None:
    with pytest.raises(ConfigError) as caught:
        load_node(ALIASES)
    assert str(caught.value).endswith("what is behind them was not read")


@pytest.mark.parametrize("size", [6 << 30, None])
def test_what_has_no_end_is_no_configuration(tmp_path: Path, size: int | None) -> None:
    path = Path("/dev/zero")
    if size:
        path = tmp_path / "sparse.yaml"
        with path.open("wb") as file:
            file.truncate(size)
    with pytest.raises(ConfigError, match="longer than 64 MiB"):
        load_node(path)


def test_every_duplicate_key_is_named() -> None:
    with pytest.raises(ConfigError) as caught:
        Source("a: 1\na: 2\nb: {c: 1, c: 2}\n").load()
    assert [(problem.line, problem.message) for problem in caught.value.problems] == [
        (2, "duplicate key 'a'"),
        (3, "duplicate key 'c'"),
    ]
