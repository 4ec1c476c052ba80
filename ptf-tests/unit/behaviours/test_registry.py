# SPDX-License-Identifier: Apache-2.0
"""Records of behaviours: spellings, IANA code points (RFC 8986 10.2.2), and the actions that implement them."""

from __future__ import annotations

import pytest

from srv6cp.artifacts import PROFILES, find
from srv6cp.behaviours import REGISTRY
from srv6cp.behaviours.operands import Choice, Option
from srv6cp.compile import tables
from srv6cp.compile.capabilities import UNUSED_PARAMETERS, Capabilities
from srv6cp.compile.sids import NOT_A_SID
from srv6cp.model import Flavour, parse_flavours
from srv6cp.p4rt import P4Info

# plain, PSP, USP, PSP+USP, USD, PSP+USD, USP+USD, all three
FLAVOURED: dict[str, tuple[int | None, ...]] = {
    "End.AN": (161, *[None] * 7),
    "End": (1, 2, 3, 4, 28, 29, 30, 31),
    "End.X": (5, 6, 7, 8, 32, 33, 34, 35),
    "End.T": (9, 10, 11, 12, 36, 37, 38, 39),
    "End with NEXT-CSID": (43, 44, 45, 46, 47, 48, 49, 50),
    "End.X with NEXT-CSID": (52, 53, 54, 55, 56, 57, 58, 59),
    "End.T with NEXT-CSID": (85, 86, 87, 88, 89, 90, 91, 92),
    "End with REPLACE-CSID": (101, 102, 103, 104, 128, 129, 130, 131),
    "End.X with REPLACE-CSID": (105, 106, 107, 108, 132, 133, 134, 135),
    "End.T with REPLACE-CSID": (109, 110, 111, 112, 136, 137, 138, 139),
}
PLAIN: dict[str, int | None] = {
    "End.B6.Insert": 13,
    "End.B6.Encaps": 14,
    "End.DX6": 16,
    "End.DX4": 17,
    "End.DT6": 18,
    "End.DT4": 19,
    "End.DT46": 20,
    "End.DX2": 21,
    "End.DX2V": 22,
    "End.DT2U": 23,
    "End.DT2M": 24,
    "End.Replicate": 75,
    "End.B6.Insert.Red": 26,
    "End.B6.Encaps.Red": 27,
    "End.B6.Encaps with NEXT-CSID": 93,
    "End.B6.Encaps.Red with NEXT-CSID": 94,
    "End.BM": 15,
    "End.BM with NEXT-CSID": 95,
    "End.BM with REPLACE-CSID": 115,
    "End.LBS": 96,
    "End.XLBS": 97,
    "End.B6.Encaps with REPLACE-CSID": 114,
    "End.B6.Encaps.Red with REPLACE-CSID": 127,
    "End.DX6 with REPLACE-CSID": 116,
    "End.DX4 with REPLACE-CSID": 117,
    "End.DT6 with REPLACE-CSID": 118,
    "End.DT4 with REPLACE-CSID": 119,
    "End.DT46 with REPLACE-CSID": 120,
    "End.DX2 with REPLACE-CSID": 121,
    "End.DX2V with REPLACE-CSID": 122,
    "End.DT2U with REPLACE-CSID": 123,
    "End.DT2M with REPLACE-CSID": 124,
    "End.LBS with REPLACE-CSID": 140,
    "End.XLBS with REPLACE-CSID": 141,
    "End.MAP": 40,
    "End.Limit": 41,
    "End.NSH": 84,
    "End.M.GTP6.D": 69,
    "End.M.GTP6.D.Di": 70,
    "End.M.GTP6.E": 71,
    "End.M.GTP4.E": 72,
    "End.AS": 162,
    "End.AD": 163,
    "End.AM": 164,
    # of VPP and srext: no code point is assigned
    "End.AD.FLOW": None,
    "End.EAD": None,
    "End.VNF": None,  # of SRv6Pipes: none is registered
}
PROGRAMS = [Capabilities(P4Info.from_file(find(name).p4info)) for name in PROFILES]


def entry_actions(table: str) -> set[str]:
    """Actions that entries of a table of the committed programs may have."""
    return {name for program in PROGRAMS for name in program.info.actions if program.has(table, name)}


def parameters(action: str) -> set[str]:
    """Parameters of an action of ``my_sid_table``, the same in all programs that have it."""
    found = [set(program.parameters(action)) for program in PROGRAMS if program.has(tables.MY_SID, action)]
    assert all(each == found[0] for each in found)
    return found[0]


def test_every_behaviour_has_a_code_point_here() -> None:
    """End.S has none: the draft that had it dropped it before there was a registry."""
    assert {record.name for record in REGISTRY.endpoints} == set(FLAVOURED) | set(PLAIN) | {"End.S"}


@pytest.mark.parametrize("name", FLAVOURED)
def test_code_points_of_flavours(name: str) -> None:
    record = REGISTRY.endpoint(name)
    order = [
        Flavour.NONE,
        Flavour.PSP,
        Flavour.USP,
        Flavour.PSP | Flavour.USP,
        Flavour.USD,
        Flavour.PSP | Flavour.USD,
        Flavour.USP | Flavour.USD,
        Flavour.PSP | Flavour.USP | Flavour.USD,
    ]
    assert tuple(record.code_point(flavours) for flavours in order) == FLAVOURED[name]
    for flavours, point in zip(order, FLAVOURED[name], strict=True):
        if point is not None:
            assert REGISTRY.parse_endpoint(str(point)) == (record, flavours)


@pytest.mark.parametrize("name", PLAIN)
def test_code_points_without_flavours(name: str) -> None:
    record = REGISTRY.endpoint(name)
    assert record.code_point() == PLAIN[name]
    assert REGISTRY.parse_endpoint(str(PLAIN[name] or name)) == (record, Flavour.NONE)


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("End", "End"),
        ("end", "End"),
        ("END.X", "End.X"),
        ("End.DX4", "End.DX4"),
        ("end_dx6", "End.DX6"),
        ("end-dt46", "End.DT46"),
        ("END_B6_ENCAPS_RED", "End.B6.Encaps.Red"),
        ("End.B6", "End.B6.Insert"),
        (" end.t ", "End.T"),
    ],
)
def test_spellings(text: str, name: str) -> None:
    assert REGISTRY.parse_endpoint(text) == (REGISTRY.endpoint(name), Flavour.NONE)


def test_names_of_the_iana_registry() -> None:
    end, end_x, end_t = map(REGISTRY.endpoint, ("End", "End.X", "End.T"))
    assert REGISTRY.parse_endpoint("End with PSP") == (end, Flavour.PSP)
    assert REGISTRY.parse_endpoint("End.X with PSP, USP & USD") == (end_x, Flavour(7))
    assert REGISTRY.parse_endpoint("End.T with USP&USD") == (end_t, Flavour.USP | Flavour.USD)


def test_short_names_of_compressed_sids() -> None:
    """With a C-SID flavour it is another record; a behaviour without one is the last of a container as it is."""
    for short, name in (("uN", "End"), ("uA", "End.X"), ("uT", "End.T")):
        record, flavours = REGISTRY.parse_endpoint(short)
        assert (record.behaviour, record.flavour_names(), flavours) == (name, ("next-csid",), Flavour.NONE)
        assert REGISTRY.parse_endpoint(f"{name} with NEXT-CSID & PSP") == (record, Flavour.PSP)
        assert REGISTRY.parse_endpoint(f"{name} with NEXT-C-SID") == (record, Flavour.NONE)
    for kind in ("DX6", "DX4", "DT6", "DT4", "DT46", "DX2", "DX2V"):
        assert REGISTRY.parse_endpoint(f"u{kind}") == (REGISTRY.endpoint(f"End.{kind}"), Flavour.NONE)
    with pytest.raises(ValueError, match=r"End\.DT4 takes no flavour next-csid; valid for End, End\.X, End\.T, "):
        REGISTRY.parse_endpoint("End.DT4 with NEXT-CSID")


def test_unknown_behaviour_lists_the_valid_ones() -> None:
    with pytest.raises(ValueError, match=r"unknown behaviour 'End.DX5'; did you mean End\.DX") as caught:
        REGISTRY.parse_endpoint("End.DX5")
    for record in REGISTRY.endpoints:
        assert (f"{record.name}," in f"{caught.value},") is not bool(record.of)


def test_flavours_where_there_are_none() -> None:
    with pytest.raises(ValueError, match=r"End\.DT4 takes no flavours; End, End\.X, End\.T and End\.AN do"):
        REGISTRY.parse_endpoint("End.DT4 with PSP")


def test_flavours() -> None:
    assert parse_flavours(["psp", "USD"]) == Flavour.PSP | Flavour.USD
    assert (Flavour.PSP | Flavour.USD).names() == ("psp", "usd")
    with pytest.raises(ValueError, match="unknown flavour 'pspp'; valid: psp, usp, usd"):
        parse_flavours(["pspp"])


@pytest.mark.parametrize(
    ("text", "mode"),
    [
        ("encap", "encap"),
        ("encap.red", "encap.red"),
        ("H.Encaps.Red", "encap.red"),
        ("T.Encaps", "encap"),
        ("l2encap.red", "l2encap.red"),
        ("H.Encaps.L2", "l2encap"),
        ("inline", "insert"),
        ("T.Insert", "insert"),
        ("H.Insert.Red", "insert.red"),
    ],
)
def test_headend_modes(text: str, mode: str) -> None:
    assert REGISTRY.parse_headend(text) is REGISTRY.headend(mode)


def test_properties_of_headends() -> None:
    assert [each.mode for each in REGISTRY.headends if each.reduced] == [
        "encap.red",
        "l2encap.red",
        "insert.red",
        "gtp4.d",
    ]
    assert [each.mode for each in REGISTRY.headends if each.layer2] == ["l2encap", "l2encap.red"]
    assert [each.mode for each in REGISTRY.headends if each.gtp] == ["gtp4.d"]
    assert [each.mode for each in REGISTRY.headends if each.inserts] == ["insert", "insert.red"]
    assert REGISTRY.encapsulation(layer2=True, reduced=False).name == "H.Encaps.L2"
    with pytest.raises(ValueError, match=r"unknown encap mode 'encaps\.green'; valid: encap, encap\.red"):
        REGISTRY.parse_headend("encaps.green")


def test_records_are_the_actions_of_the_program() -> None:
    assert {action for record in REGISTRY.endpoints for action in record.actions} == (
        entry_actions(tables.MY_SID) - {NOT_A_SID}
    )
    # One makes no header: the copies that it stands for do.
    assert {record.action for record in REGISTRY.headends} == entry_actions(tables.POLICY) - {"spray"}
    held = {table for program in PROGRAMS for table in program.info.tables}
    assert {table for section in REGISTRY.sections for table in section.tables} <= held


@pytest.mark.parametrize("name", [*FLAVOURED, *PLAIN, "End.S"])
def test_parameters_come_from_operands(name: str) -> None:
    """Each parameter of the action has one source, and the first of every operand is a parameter, if it has any."""
    record = REGISTRY.endpoint(name)
    given = {"sid_index", *UNUSED_PARAMETERS} | ({"flavors"} if record.flavours else set())
    options = [operand for operand in record.operands if isinstance(operand, Option)]
    bits = [bits for each in options for bits in (each.flags if isinstance(each, Choice) else (each.bit,)) if bits]
    assert len(set(bits)) == len(bits)
    for operand in record.operands:
        if operand in options:
            assert operand.parameters.keys() == {"options"} <= parameters(record.action)
            continue
        if not operand.parameters:
            continue
        assert not given & operand.parameters.keys()
        given |= operand.parameters.keys()
        assert next(iter(operand.parameters)) in parameters(record.action)
    assert given >= parameters(record.action) >= given - UNUSED_PARAMETERS


def test_what_a_record_refers_to_exists() -> None:
    for record in REGISTRY.endpoints:
        if record.binding_mode:
            assert REGISTRY.headend(record.binding_mode)
        if record.lookup:
            assert REGISTRY.endpoint(record.lookup).takes == record.takes
        assert bool(record.label) == record.decapsulates


@pytest.mark.parametrize("name", ["End.AD4", "end.ead6", "END_AS6", "End.DT2M", "End.BPF"])
def test_a_behaviour_of_others_is_no_misspelling_of_ours(name: str) -> None:
    if any(record.name.lower() == name.lower() for record in REGISTRY.endpoints):
        pytest.skip("it is ours")
    with pytest.raises(ValueError, match="is none that this router has") as caught:
        REGISTRY.parse_endpoint(name)
    assert "did you mean" not in str(caught.value)
