# SPDX-License-Identifier: Apache-2.0
"""The node files of a running lab: what commands leave in them, and what each leaves of the others."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from srv6cp.cli.exitcodes import CliError, UsageError
from srv6cp.config import load_node
from srv6lab.intent import Intent, data_of
from srv6lab.loader import load_topology
from srv6lab.topology import Topology, TopologyError, UnknownName

OVER_R3: dict[str, Any] = {
    "policies": [{"name": "steer", "segments": ["r3", "r4/End.DT46"]}],
    "steering": [{"prefix": "2001:db8:2::/64", "policy": "steer"}],
}


@pytest.fixture
def topology() -> Topology:
    return load_topology("quickstart")


@pytest.fixture
def intent(topology: Topology, tmp_path: Path) -> Intent:
    return Intent(topology, tmp_path)


def test_files_are_node_files(intent: Intent, topology: Topology) -> None:
    for router in topology.routers:
        assert load_node(intent.file(router)) == intent.nodes[router]
        assert not intent.changed(router)


@pytest.mark.parametrize("edited_first", [True, False])
def test_edits_and_steering_leave_each_other_alone(intent: Intent, edited_first: bool) -> None:
    """`steer` used to forget whatever had been added before."""
    edit = ["sid", "add", "fcbb:bb00:1:77::/64", "End"]
    if edited_first:
        intent.edit("r1", edit)
    node = intent.change("r1", OVER_R3)
    if not edited_first:
        node = intent.edit("r1", edit)
    assert str(node.sids[-1].prefix) == "fcbb:bb00:1:77::/64" and set(node.policies) == {"steer"}
    node = intent.change("r1", {})
    assert str(node.sids[-1].prefix) == "fcbb:bb00:1:77::/64" and not node.policies and not node.prefix_steering
    node = intent.edit("r1", ["sid", "del", "fcbb:bb00:1:77::/64"])
    assert intent.changed("r1") is False


def test_what_is_taken_back_is_as_it_was(tmp_path: Path) -> None:
    """In the topology r1 has the policy and the steering already: they are replaced, and come back."""
    intent = Intent(load_topology("binding"), tmp_path)
    before = data_of(intent.file("r1"))
    changed = intent.change(
        "r1",
        {
            "policies": [{"name": "steer", "segments": ["r2", "r5/End.DT46"]}],
            "steering": [{"prefix": "2001:db8:2::/64", "policy": "steer"}],
        },
    )
    assert [rule.policy for rule in changed.prefix_steering] == ["steer"]
    assert intent.changed("r1")
    intent.change("r1", {})
    assert data_of(intent.file("r1")) == before and not intent.changed("r1")


def test_segments_by_name_in_the_words_of_an_edit(intent: Intent) -> None:
    node = intent.edit("r1", ["policy", "add", "p", "segs", "r3,r4/End.DT46", "weight", "2", "segs", "r2/End.X/r4"])
    lists = [[str(segment) for segment in each.segments] for each in node.policies["p"].lists]
    assert lists == [["fcbb:bb00:3:e000::", "fcbb:bb00:4:d046::"], ["fcbb:bb00:2:ea02::"]]
    node = intent.edit("r1", ["policy", "add", "q", "path", "a", "segs", "r3", "path", "b", "segs", "r2,r3"])
    paths = [[str(segment) for each in path.lists for segment in each.segments] for path in node.policies["q"].paths]
    assert paths == [["fcbb:bb00:3:e000::"], ["fcbb:bb00:2:e000::", "fcbb:bb00:3:e000::"]]
    node = intent.edit("r1", ["policy", "del", "q"])
    node = intent.edit("r1", ["sid", "add", "fcbb:bb00:1:b6::", "End.B6.Encaps", "srh", "segs", "r3,r4"])
    (made,) = (policy for name, policy in node.policies.items() if name != "p")
    assert str(made.lists[0].segments[0]) == "fcbb:bb00:3:e000::"


def test_a_sid_that_was_added_has_a_name(intent: Intent) -> None:
    intent.edit("r4", ["vrf", "add", "blue"])
    intent.edit("r4", ["sid", "add", "fcbb:bb00:4:b::/64", "End.DT46", "vrf", "blue"])
    node = intent.edit("r1", ["policy", "add", "p", "segs", "r3,r4/End.DT46/blue"])
    assert str(node.policies["p"].lists[0].segments[1]) == "fcbb:bb00:4:b::"


@pytest.mark.parametrize(
    ("words", "error", "message"),
    [
        ("", UsageError, "one of sid, policy, steer"),
        ("dance add x", UsageError, "is needed, not 'dance'"),
        ("sid", UsageError, "sid: add, replace, del or show is needed"),
        ("sid jump x", UsageError, "sid: add, replace, del or show is needed, not 'jump'"),
        ("sid add", UsageError, "usage: sid add SID BEHAVIOUR"),
        ("sid del fcbb::1", CliError, "no sid fcbb::1"),
        ("sid add fcbb:bb00:1:7:: End.Dance", TopologyError, "router r1: sids[4].behavior: unknown behaviour"),
        ("sid add fcbb:bb00:1:7:: End.DT46 vrf no", TopologyError, "router r1: sids[4].vrf: unknown VRF 'no'"),
        ("policy add p segs r9", UnknownName, "segment 'r9': no router 'r9'"),
    ],
)
def test_edit_that_makes_no_sense_changes_nothing(
    intent: Intent, words: str, error: type[Exception], message: str
) -> None:
    before, text = intent.nodes["r1"], intent.file("r1").read_text()
    with pytest.raises(error) as caught:
        intent.edit("r1", words.split())
    assert message in str(caught.value) and len(str(caught.value).splitlines()) == 1
    assert intent.file("r1").read_text() == text and intent.nodes["r1"] == before


def test_change_that_makes_no_sense_changes_nothing(intent: Intent) -> None:
    intent.change("r1", OVER_R3)
    text = intent.file("r1").read_text()
    with pytest.raises(TopologyError, match=r"^router r1: policies\[0\]\.segments\[16\]: .*at most 16"):
        intent.change("r1", {"policies": [{"name": "steer", "segments": ["r2"] * 17}]})
    assert intent.file("r1").read_text() == text
    assert set(intent.change("r1", {}).policies) == set()


def test_file_that_somebody_broke_is_named(intent: Intent) -> None:
    text = intent.file("r1").read_text()
    intent.file("r1").write_text(text + "node: r1\n")
    for attempt in (lambda: intent.change("r1", OVER_R3), lambda: intent.edit("r1", ["sid", "del", "x"])):
        with pytest.raises(TopologyError, match=r"r1\.yaml:\d+: duplicate key 'node'$"):
            attempt()
    intent.file("r1").write_text(text)
    assert intent.change("r1", OVER_R3).policies


def test_what_a_switch_refuses_is_taken_back(intent: Intent) -> None:
    """File and what `steer` takes back alike."""
    steered = intent.change("r1", OVER_R3)
    intent.change("r1", {})
    assert intent.undo("r1") == steered
    intent.edit("r1", ["sid", "add", "fcbb:bb00:1:77::/64", "End"])
    assert intent.undo("r1") == steered
    intent.change("r1", {})
    assert not intent.changed("r1")


def packed(intent: Intent, router: str) -> list[str]:
    (policy,) = intent.nodes[router].policies.values()
    return [str(segment) for segment in policy.lists[0].segments]


def test_routers_are_told_of_the_c_sids_of_others(tmp_path: Path) -> None:
    """As they are when the router gets a policy; what somebody has written himself stays."""
    intent = Intent(load_topology("usid"), tmp_path)
    steer = {"policies": [{"name": "p", "compress": "auto", "segments": ["r2/uN", "r3/uN", "r5/End.DT46"]}]}
    intent.change("r1", steer)
    assert packed(intent, "r1") == ["fcbb:bb00:2:3:5:d046::"]
    assert not intent.changed("r2")
    assert not any(
        "fcbb:bb00:1:" in sid for item in data_of(intent.file("r1"))["sid-structures"] for sid in item["sids"]
    )
    intent.edit("r4", ["sid", "add", "fcbb:bb00:4:f1::/64", "uA", "via", "2001:db8:ff00:3::2"])
    intent.edit("r1", ["policy", "replace", "p", "segs", "r2/uN,r4/uA,r5/End.DT46", "compress", "auto"])
    assert packed(intent, "r1") == ["fcbb:bb00:2:4:f1:5:d046:0"]
    intent.edit("r4", ["sid", "del", "fcbb:bb00:4:f1::/64"])
    intent.change("r1", {**steer, "policies": [{**steer["policies"][0], "name": "q"}]})
    intent.edit("r1", ["policy", "del", "p"])
    assert packed(intent, "r1") == ["fcbb:bb00:2:3:5:d046::"]
    text = intent.file("r1").read_text()
    assert "fcbb:bb00:4:f1::" not in text
    assert text.count("csid: next") == 2  # uN and uA


def test_a_lab_without_c_sids_says_nothing_of_sids(intent: Intent) -> None:
    assert "sid-structures" not in data_of(intent.file("r1"))
