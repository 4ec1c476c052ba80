# SPDX-License-Identifier: Apache-2.0
"""Replication segments and policies that spray: node file, words, numbers that keep their owner, and the way back."""

from __future__ import annotations

from typing import Any

import pytest

from srv6cp.artifacts import find
from srv6cp.behaviours import REGISTRY
from srv6cp.behaviours.interfaces import Entry
from srv6cp.behaviours.replicate import KEY
from srv6cp.cli.grammar import policy as policy_words
from srv6cp.cli.grammar import section as section_words
from srv6cp.cli.readback import Names
from srv6cp.compile import Compilation, CompiledNode, compile_state, ids_for
from srv6cp.config import ConfigError, load_node_dict
from srv6cp.p4rt import Action, MulticastGroup, P4Info, TableEntry
from srv6cp.problems import InvalidError

INFO = P4Info.from_file(find().p4info)
[SECTION] = REGISTRY.endpoint("End.Replicate").sections
NEAR, FAR, CONTEXT = "fcbb:bb00:2:e::", "fcbb:bb00:3:e::", "fcbb:bb00:1:d46::"
TREE: dict[str, Any] = {"name": "tv", "branches": [{"sid": NEAR}, {"sid": FAR, "via": "2001:db8:2::2"}]}
LISTS = [{"segments": ["fcbb:bb00:2::"]}, {"segments": ["fcbb:bb00:3::", "fcbb:bb00:4::"]}]


def node(segment: Any = TREE, lists: Any = LISTS, **more: Any) -> Any:
    return load_node_dict(
        {
            "node": "r1",
            "locator": "fcbb:bb00:1::/48",
            "source": "fcbb:bb00:1::1",
            "ports": {1: {"addresses": ["2001:db8:1::1/64"]}, 2: {"addresses": ["2001:db8:2::1/64"]}},
            "neighbors": [{"address": f"2001:db8:{port}::2", "mac": f"02:00:00:00:02:0{port}"} for port in (1, 2)],
            "routes": [
                {"prefix": "fcbb:bb00:2::/48", "via": "2001:db8:1::2"},
                {"prefix": "fcbb:bb00:3::/48", "via": "2001:db8:2::2"},
            ],
            "sids": [
                {"sid": "fcbb:bb00:1:e::/64", "behavior": "End.Replicate", "replication": "tv"},
                {"sid": f"{CONTEXT}/64", "behavior": "End.DT46", "vrf": "default"},
                {"sid": "fcbb:bb00:1:1::/64", "behavior": "End"},
            ],
            "replication-segments": [segment],
            "policies": [{"name": "all", "encap": {"mode": "encap.red"}, "spray": True, "segment-lists": lists}],
            **more,
        }
    )


@pytest.mark.parametrize(
    ("segment", "message"),
    [
        ({"name": "tv"}, "a replication segment needs branches, or 'leaf: true' or a 'context'"),
        ({"name": "tv", "branches": [{}]}, "branches[0]: 'sid' is missing"),
        ({"name": "tv", "branches": [{"sid": NEAR}, {"sid": NEAR}]}, f"there is another branch to {NEAR}"),
        ({"name": "tv", "branches": [{"sid": NEAR, "via": "2001:db8:1::2", "policy": "all"}]}, "not both"),
        ({"name": "tv", "branches": [{"sid": NEAR, "policy": "none"}]}, "branches[0].policy: unknown policy 'none'"),
        ({"name": "tv", "context": CONTEXT, "leaf": False}, "only a leaf has a context"),
        ({"name": "tv", "context": NEAR}, f"context {NEAR} of 'tv' is no SID of this node"),
        ({"name": "tv", "context": "fcbb:bb00:1:1::"}, "is End, which takes nothing out"),
        ({"name": "tv", "leaf": True, "hop-limit-threshold": 256}, "from 0 to 255"),
    ],
)
def test_what_is_wrong_is_said_with_its_place(segment: Any, message: str) -> None:
    with pytest.raises(ConfigError) as caught:
        node(segment)
    assert message in str(caught.value) and "replication-segments[0]" in str(caught.value)


def test_a_policy_that_sprays_takes_no_weights() -> None:
    with pytest.raises(ConfigError, match="it takes no weights"):
        node(lists=[{"segments": ["fcbb:bb00:2::"], "weight": 2}])


def test_words() -> None:
    given = f"tv branch {NEAR} branch {FAR} via 2001:db8:2::2 port 2 context {CONTEXT} hop-limit-threshold 3"
    [edit] = section_words(SECTION, given.split())
    assert (edit.section, edit.item) == (
        KEY,
        {
            "name": "tv",
            "branches": [{"sid": NEAR}, {"sid": FAR, "via": {"address": "2001:db8:2::2", "port": 2}}],
            "context": CONTEXT,
            "hop-limit-threshold": 3,
        },
    )
    assert SECTION.words(["leaf"]) == {"leaf": True}
    for words, message in (("via A", "'branch SID' comes first"), ("branch", "needs a value"), ("leef", "leaf")):
        with pytest.raises(InvalidError, match=message):
            SECTION.words(words.split())
    [edit] = policy_words(["p", "segs", "fcbb:bb00:2::", "spray", "true"])
    assert edit.item["spray"] is True


def copies(compilation: Compilation) -> dict[bytes, int]:
    """What each copy stands for, and its number."""
    return {
        entry.metadata: int(str(entry.match["replica_id"]))
        for entry in compilation.entities
        if isinstance(entry, TableEntry) and entry.table == "packet_copy_table"
    }


def groups(compilation: Compilation) -> dict[int, set[int]]:
    return {
        each.group_id: {replica.instance for replica in each.replicas}
        for each in compilation.entities
        if isinstance(each, MulticastGroup)
    }


def test_numbers_keep_their_owner() -> None:
    """Branches and lists that are taken out or put in front leave the numbers of the others alone, also for who comes
    anew and asks the switch. Numbers of copies are none that bridge domains have, those of groups none that BMv2
    refuses."""
    before = compile_state(node(), INFO)
    assert min(copies(before).values()) > 0x8000 and all(0x7000 < group < 0x8000 for group in groups(before))
    assert set.union(*groups(before).values()) == set(copies(before).values())
    later = node(
        {"name": "tv", "branches": [{"sid": "fcbb:bb00:3:f::"}, TREE["branches"][1]], "leaf": True},
        [{"segments": ["fcbb:bb00:3::"]}, LISTS[1]],
    )
    ids = ids_for(INFO)
    ids.adopt(before.entities, REGISTRY.sections)
    after = compile_state(later, INFO, ids=ids)
    kept = copies(before).keys() & copies(after).keys()
    assert len(kept) == 2
    assert all(copies(before)[key] == copies(after)[key] for key in kept)
    assert not {copies(after)[key] for key in copies(after).keys() - kept} & set(copies(before).values())
    assert groups(before).keys() == groups(after).keys()


def test_a_list_leaves_the_group_before_its_copy_goes() -> None:
    """A port that goes down takes the lists behind it out of the group; one that comes brings them back."""
    compiled = CompiledNode(node(), INFO, {}, ids_for(INFO))
    delta = compiled.change({}, down={2})
    [(was, now)] = [pair for pair in delta.modifies if isinstance(pair[0], MulticastGroup)]
    assert isinstance(was, MulticastGroup) and isinstance(now, MulticastGroup)
    assert len(was.replicas) == 2 and len(now.replicas) == 1
    gone = [each.table for each in delta.deletes if isinstance(each, TableEntry)]
    assert "packet_copy_table" in gone and "sr_policy_table" in gone
    delta = compiled.change({}, down=())
    [(was, now)] = [pair for pair in delta.modifies if isinstance(pair[0], MulticastGroup)]
    assert isinstance(now, MulticastGroup) and len(now.replicas) == 2


def test_the_way_back() -> None:
    """`srv6 replication show`: a row a copy, with the role of the node."""
    given = node({**TREE, "context": CONTEXT, "hop-limit-threshold": 3})
    compilation = compile_state(given, INFO)
    found = [
        Entry(each.table, each.match, each.action.name, each.action.params, packets=7)
        for each in compilation.entities
        if isinstance(each, TableEntry)
        and each.table in (*SECTION.tables, *SECTION.shown)
        and isinstance(each.action, Action)
    ]
    found += [
        Entry("", {"multicast_group": group}, "replicate", {"replicas": tuple(replicas)})
        for group, replicas in groups(compilation).items()
    ]
    rows = SECTION.rows(found, Names(given, compilation))
    assert [(row["segment"], row["role"], row["threshold"], row["packets"]) for row in rows] == [
        ("tv", "bud", 3, 7)
    ] * 3
    assert [(row["branch"], row["via"]) for row in rows] == [
        (NEAR, "route"),
        (FAR, "2001:db8:2::2 port 2"),
        (None, f"this node, context {CONTEXT}"),
    ]
