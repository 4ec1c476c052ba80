# SPDX-License-Identifier: Apache-2.0
"""Behaviours: spellings, operands and IANA code points (RFC 8986 10.2.2)."""

from __future__ import annotations

import pytest

from srv6cp.model import Behavior, Flavor, behavior_names, parse_behavior, parse_flavors

# plain, PSP, USP, PSP+USP, USD, PSP+USD, USP+USD, all three
FLAVORED = {
    Behavior.END: (1, 2, 3, 4, 28, 29, 30, 31),
    Behavior.END_X: (5, 6, 7, 8, 32, 33, 34, 35),
    Behavior.END_T: (9, 10, 11, 12, 36, 37, 38, 39),
}
PLAIN = {
    Behavior.END_B6_INSERT: 13,
    Behavior.END_B6_ENCAPS: 14,
    Behavior.END_DX6: 16,
    Behavior.END_DX4: 17,
    Behavior.END_DT6: 18,
    Behavior.END_DT4: 19,
    Behavior.END_DT46: 20,
    Behavior.END_DX2: 21,
    Behavior.END_B6_INSERT_RED: 26,
    Behavior.END_B6_ENCAPS_RED: 27,
}


def test_every_behaviour_has_a_code_point_here() -> None:
    assert set(Behavior) == set(FLAVORED) | set(PLAIN)


@pytest.mark.parametrize("behavior", FLAVORED)
def test_code_points_of_flavours(behavior: Behavior) -> None:
    order = [
        Flavor.NONE,
        Flavor.PSP,
        Flavor.USP,
        Flavor.PSP | Flavor.USP,
        Flavor.USD,
        Flavor.PSP | Flavor.USD,
        Flavor.USP | Flavor.USD,
        Flavor.PSP | Flavor.USP | Flavor.USD,
    ]
    assert tuple(behavior.code_point(flavors) for flavors in order) == FLAVORED[behavior]
    for flavors, point in zip(order, FLAVORED[behavior], strict=True):
        assert parse_behavior(str(point)) == (behavior, flavors)


@pytest.mark.parametrize("behavior", PLAIN)
def test_code_points_without_flavours(behavior: Behavior) -> None:
    assert behavior.code_point() == PLAIN[behavior]
    assert parse_behavior(str(PLAIN[behavior])) == (behavior, Flavor.NONE)


@pytest.mark.parametrize(
    ("text", "behavior"),
    [
        ("End", Behavior.END),
        ("end", Behavior.END),
        ("END.X", Behavior.END_X),
        ("End.DX4", Behavior.END_DX4),
        ("end_dx6", Behavior.END_DX6),
        ("end-dt46", Behavior.END_DT46),
        ("END_B6_ENCAPS_RED", Behavior.END_B6_ENCAPS_RED),
        ("End.B6", Behavior.END_B6_INSERT),
        (" end.t ", Behavior.END_T),
    ],
)
def test_spellings(text: str, behavior: Behavior) -> None:
    assert parse_behavior(text) == (behavior, Flavor.NONE)


def test_names_of_the_registry() -> None:
    assert parse_behavior("End with PSP") == (Behavior.END, Flavor.PSP)
    assert parse_behavior("End.X with PSP, USP & USD") == (Behavior.END_X, Flavor(7))
    assert parse_behavior("End.T with USP&USD") == (Behavior.END_T, Flavor.USP | Flavor.USD)


def test_unknown_behaviour_lists_the_valid_ones() -> None:
    with pytest.raises(ValueError, match=r"unknown behaviour 'End.DX5'; did you mean End\.DX") as caught:
        parse_behavior("End.DX5")
    for name in behavior_names():
        assert name in str(caught.value)


def test_flavours_where_there_are_none() -> None:
    with pytest.raises(ValueError, match=r"End\.DT4 takes no flavours"):
        parse_behavior("End.DT4 with PSP")


def test_flavours() -> None:
    assert parse_flavors(["psp", "USD"]) == Flavor.PSP | Flavor.USD
    assert (Flavor.PSP | Flavor.USD).names() == ("psp", "usd")
    with pytest.raises(ValueError, match="unknown flavour 'pspp'; valid: psp, usp, usd"):
        parse_flavors(["pspp"])
