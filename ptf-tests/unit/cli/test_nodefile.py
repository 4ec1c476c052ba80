# SPDX-License-Identifier: Apache-2.0
"""Editing node files: comments and layout stay, what cannot be edited safely is refused."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from srv6cp.cli.exitcodes import CliError
from srv6cp.cli.lockedfile import LockedFile
from srv6cp.cli.nodefile import NodeFile
from srv6cp.cli.yamledit import flow, replaced
from srv6cp.config import ConfigError, Source

SID = {"sid": "fc00::9", "behavior": "End"}


def edited(tmp_path: Path, text: str, *edits: tuple[Any, ...]) -> str:
    """The text of a file after edits, each ("add", section, item), ("remove", section, index) or
    ("set", key, value), ("replace", section, index, item)."""
    path = tmp_path / "node.yaml"
    path.write_text(text)
    file = NodeFile(path)
    for verb, *arguments in edits:
        getattr(file, {"set": "set_scalar"}.get(verb, verb))(*arguments)
    return file.text


ADDING = [
    ("node: r1\n", 'node: r1\nsids:\n  - {sid: "fc00::9", behavior: End}\n'),
    ("node: r1", 'node: r1\nsids:\n  - {sid: "fc00::9", behavior: End}\n'),
    ("node: r1\nsids:\nroutes: []\n", 'node: r1\nsids:\n  - {sid: "fc00::9", behavior: End}\nroutes: []\n'),
    ("node: r1\nsids: []  # none yet\n", 'node: r1\nsids: [{sid: "fc00::9", behavior: End}]  # none yet\n'),
    (
        "node: r1\nsids: [{sid: a, behavior: End}]\n",
        'node: r1\nsids: [{sid: a, behavior: End}, {sid: "fc00::9", behavior: End}]\n',
    ),
    (
        "node: r1\nsids:\n- {sid: a, behavior: End}  # one\n\n# end\nroutes: []\n",
        ('node: r1\nsids:\n- {sid: a, behavior: End}  # one\n- {sid: "fc00::9", behavior: End}\n\n# end\nroutes: []\n'),
    ),
    (
        "node: r1\nsids:\n    # first\n    - sid: a\n      behavior: End\n\n\nroutes: []\n",
        (
            "node: r1\nsids:\n    # first\n    - sid: a\n      behavior: End\n"
            '    - {sid: "fc00::9", behavior: End}\n\n\nroutes: []\n'
        ),
    ),
    (
        "node: r1\nsids:\n  - sid: a\n    behavior: End",
        'node: r1\nsids:\n  - sid: a\n    behavior: End\n  - {sid: "fc00::9", behavior: End}\n',
    ),
]


@pytest.mark.parametrize(("before", "after"), ADDING)
def test_adding(tmp_path: Path, before: str, after: str) -> None:
    assert edited(tmp_path, before, ("add", "sids", SID)) == after


THREE = """\
node: r1
sids:
  # first
  - {sid: a, behavior: End}
  - sid: b        # second
    behavior: End

  - {sid: c, behavior: End}
routes: []
"""


@pytest.mark.parametrize(
    ("index", "gone"),
    [
        (0, "  - {sid: a, behavior: End}\n"),
        (1, "  - sid: b        # second\n    behavior: End\n"),
        (2, "  - {sid: c, behavior: End}\n"),
    ],
)
def test_removing_from_a_block(tmp_path: Path, index: int, gone: str) -> None:
    assert edited(tmp_path, THREE, ("remove", "sids", index)) == THREE.replace(gone, "")


@pytest.mark.parametrize(("index", "after"), [(0, "[b, c]"), (1, "[a, c]"), (2, "[a, b]")])
def test_removing_from_a_flow_list(tmp_path: Path, index: int, after: str) -> None:
    text = "node: r1\nvrfs: [a, b, c]  # three\n"
    assert edited(tmp_path, text, ("remove", "vrfs", index)) == f"node: r1\nvrfs: {after}  # three\n"


def test_removing_the_last_item_leaves_an_empty_section(tmp_path: Path) -> None:
    text = "node: r1\nvrfs:\n  - a\nroutes: []\n"
    assert edited(tmp_path, text, ("remove", "vrfs", 0)) == "node: r1\nvrfs:\nroutes: []\n"
    assert edited(tmp_path, text, ("remove", "vrfs", 0), ("add", "vrfs", "b")) == text.replace("- a", "- b")


CLASSIFIERS = """\
node: r1
policies:
  - name: gold     # the dear one
    encap: {mode: encap}
    segment-lists:
      # north
      - {weight: 3, segments: ["fc00::1", "fc00::2"]}  # by way of 1
      - segments: ["fc00::3"]      # south
  - {name: lead, segments: ["fc00::4"]}
steering:
  - match: {src: "2001:db8::/32"}   # first
    policy: gold
  # and then
  - {match: {protocol: udp}, policy: lead}   # second
"""


@pytest.mark.parametrize(
    ("index", "item", "old", "new"),
    [
        (0, {"match": {"src": "2001:db8::/32"}, "policy": "lead"}, "policy: gold", "policy: lead"),
        (1, {"match": {"protocol": "udp"}, "policy": None}, "policy: lead}   #", "policy: null}   #"),
        (
            0,
            {"match": {"src": "2001:db8::/32"}, "priority": 7, "policy": "gold"},
            "policy: gold\n",
            "policy: gold\n    priority: 7\n",
        ),
        (1, {"match": {"protocol": "udp"}, "priority": 9, "policy": "lead"}, "lead}   #", "lead, priority: 9}   #"),
    ],
)
def test_a_replaced_rule_keeps_its_place_and_its_comments(
    tmp_path: Path, index: int, item: Any, old: str, new: str
) -> None:
    assert CLASSIFIERS.count(old) == 1
    assert edited(tmp_path, CLASSIFIERS, ("replace", "steering", index, item)) == CLASSIFIERS.replace(old, new)


def test_a_replaced_policy_keeps_the_comments_of_its_lists(tmp_path: Path) -> None:
    item = {
        "name": "gold",
        "segment-lists": [
            {"weight": 3, "segments": ["fc00::1", "fc00::9"]},
            {"segments": ["fc00::3"]},
            {"segments": ["fc00::5"]},
        ],
    }
    after = CLASSIFIERS.replace('"fc00::2"', '"fc00::9"').replace("    encap: {mode: encap}\n", "")
    after = after.replace("# south\n", '# south\n      - {segments: ["fc00::5"]}\n')
    assert edited(tmp_path, CLASSIFIERS, ("replace", "policies", 0, item)) == after
    item["segment-lists"] = [{"segments": ["fc00::1"]}]
    text = edited(tmp_path, after, ("replace", "policies", 0, item))
    assert text.splitlines()[2:6] == [
        "  - name: gold     # the dear one",
        "    segment-lists:",
        "      # north",
        '      - {segments: ["fc00::1"]}  # by way of 1',
    ]
    assert "south" not in text


def test_what_is_replaced_by_another_shape_keeps_its_place(tmp_path: Path) -> None:
    text = "node: r1\nvrfs:\n  - name: red  # one\n    id: 4\n\n  - blue   # two\n"
    after = edited(tmp_path, text, ("replace", "vrfs", 1, {"name": "blue", "id": 9}), ("replace", "vrfs", 0, "red"))
    assert after == "node: r1\nvrfs:\n  - red\n\n  - {name: blue, id: 9}   # two\n"


def test_setting_a_scalar(tmp_path: Path) -> None:
    text = 'node: r1  # name\nsource: "fc00::1"  # T\n'
    assert edited(tmp_path, text, ("set", "source", "fc00::2")) == text.replace("fc00::1", "fc00::2")
    assert (
        edited(tmp_path, "node: r1  # name\nvrfs: []\n", ("set", "source", "fc00::2"))
        == 'node: r1  # name\nsource: "fc00::2"\nvrfs: []\n'
    )


@pytest.mark.parametrize(
    "text",
    [
        "node: r1\nx: &a [b]\nvrfs: *a\n",
        "{node: r1}\n",
    ],
)
def test_what_cannot_be_edited_is_refused(tmp_path: Path, text: str) -> None:
    with pytest.raises(CliError, match="cannot be edited in place") as caught:
        edited(tmp_path, text, ("add", "vrfs", "c"))
    assert caught.value.code == 3


def test_an_invalid_result_is_not_saved(tmp_path: Path) -> None:
    path = tmp_path / "node.yaml"
    path.write_text("node: r1\n")
    file = NodeFile(path)
    file.add("sids", {"sid": "fc00::1", "behavior": "End.X"})
    with pytest.raises(ConfigError, match=r"node.yaml:3: sids\[0\]: End.X needs 'via'"):
        file.save()
    assert path.read_text() == "node: r1\n"
    assert list(tmp_path.iterdir()) == [path]


INSIDE = [
    ("ports: {1: {mtu: 1500}}\n", "ports: {1: {mtu: 9000}}\n"),
    ("ports: {1: {vrf: a}}  # one\n", "ports: {1: {vrf: a, mtu: 9000}}  # one\n"),
    ("ports: {1: {}}\n", "ports: {1: {mtu: 9000}}\n"),
    ("ports: {}\n", "ports: {1: {mtu: 9000}}\n"),
    ("ports:\n", "ports: {1: {mtu: 9000}}\n"),
    ("ports:\n  1:  # customer\n  2: {}\n", "ports:\n  1: {mtu: 9000}  # customer\n  2: {}\n"),
    ("ports:\n  1:\n    vrf: a  # b\n\nvrfs: [a]\n", "ports:\n  1:\n    vrf: a  # b\n    mtu: 9000\n\nvrfs: [a]\n"),
    ("ports:\n  2: {}\n# end\n", "ports:\n  2: {}\n  1: {mtu: 9000}\n# end\n"),
    ("node: r1\n", "node: r1\nports: {1: {mtu: 9000}}\n"),
    ("node: r1", "node: r1\nports: {1: {mtu: 9000}}\n"),
]


@pytest.mark.parametrize(("before", "after"), INSIDE)
def test_setting_a_value_inside(tmp_path: Path, before: str, after: str) -> None:
    path = tmp_path / "node.yaml"
    path.write_text(before)
    file = NodeFile(path)
    file.set_in(["ports", 1, "mtu"], 9000)
    assert file.text == after


@pytest.mark.parametrize(
    "text", ["ports: [1]\n", "ports: {1: {mtu: [1]}}\n", "base: &b {mtu: 1}\nports: {1: *b}\n", "ports: {1: 7}\n"]
)
def test_setting_inside_what_is_no_mapping(tmp_path: Path, text: str) -> None:
    path = tmp_path / "node.yaml"
    path.write_text(text)
    with pytest.raises(CliError, match="cannot be edited in place"):
        NodeFile(path).set_in(["ports", 1, "mtu"], 9000)
    assert path.read_text() == text


def test_saving_keeps_the_mode_of_the_file(tmp_path: Path) -> None:
    path = tmp_path / "node.yaml"
    path.write_text("node: r1\n")
    path.chmod(0o640)
    file = NodeFile(path)
    file.add("vrfs", "blue")
    assert "blue" in file.save().vrfs
    assert path.stat().st_mode & 0o777 == 0o640
    assert list(tmp_path.iterdir()) == [path]


def add(path: Path, name: str = "blue") -> None:
    """One edit, saved."""
    with NodeFile(path) as file:
        file.add("vrfs", name)
        file.save()


def test_a_link_to_a_node_file_stays_a_link(tmp_path: Path) -> None:
    (tmp_path / "etc").mkdir()
    path, link = tmp_path / "etc" / "node.yaml", tmp_path / "link.yaml"
    path.write_text("node: r1\n")
    link.symlink_to("etc/node.yaml")
    add(link)
    assert link.is_symlink()
    assert link.read_text() == path.read_text() == "node: r1\nvrfs:\n  - blue\n"
    assert list((tmp_path / "etc").iterdir()) == [path]


def test_hard_links_to_a_node_file_stay_one_file(tmp_path: Path) -> None:
    path, other = tmp_path / "node.yaml", tmp_path / "other.yaml"
    path.write_text("node: r1  # of two names\n")
    other.hardlink_to(path)
    with NodeFile(path) as file:
        file.set_scalar("node", "r")  # shorter than it was
        file.save()
    assert path.samefile(other)
    assert other.read_text() == "node: r  # of two names\n"


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")
def test_an_edit_by_root_leaves_the_owner(tmp_path: Path) -> None:
    path = tmp_path / "node.yaml"
    path.write_text("node: r1\n")
    path.chmod(0o664)
    os.chown(path, 1234, 4321)
    add(path)
    found = path.stat()
    assert (found.st_uid, found.st_gid, found.st_mode & 0o7777) == (1234, 4321, 0o664)


def test_line_ends_of_windows_stay(tmp_path: Path) -> None:
    path = tmp_path / "node.yaml"
    path.write_bytes(b"node: r1\r\nvrfs: [red]  # one\r\n")
    add(path)
    assert path.read_bytes() == b"node: r1\r\nvrfs: [red, blue]  # one\r\n"


def test_what_an_editor_saves_meanwhile_is_not_lost(tmp_path: Path) -> None:
    path = tmp_path / "node.yaml"
    path.write_text("node: r1\n")
    with NodeFile(path) as file:
        file.add("vrfs", "blue")
        path.write_text("node: r1  # by hand\n")
        with pytest.raises(CliError, match="changed by something else meanwhile; nothing is saved"):
            file.save()
    assert path.read_text() == "node: r1  # by hand\n"


def test_a_pipe_is_no_node_file_to_edit(tmp_path: Path) -> None:
    path = tmp_path / "node.yaml"
    os.mkfifo(path)
    with pytest.raises(CliError, match="not a regular file"):
        NodeFile(path)


def test_the_new_content_is_on_the_disk_before_it_takes_the_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "node.yaml"
    path.write_text("node: r1\n")
    calls: list[str] = []
    for name in ("fsync", "replace"):
        real = getattr(os, name)
        monkeypatch.setattr(os, name, lambda *given, name=name, real=real: (calls.append(name), real(*given))[1])
    add(path)
    assert calls == ["fsync", "replace", "fsync"]


def test_a_full_disk_leaves_the_file_as_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "node.yaml"
    path.write_text("node: r1\n")

    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space left"):
        add(path)
    assert path.read_text() == "node: r1\n"
    assert list(tmp_path.iterdir()) == [path]


EDITS = """
import sys
from srv6cp.cli.main import main
for number in range(2):
    assert main(["vrf", "add", "--no-apply", f"{sys.argv[2]}-{number}", "-c", sys.argv[1]]) == 0
"""


def test_an_edit_that_is_saved_and_not_applied_yet_keeps_others_out(tmp_path: Path) -> None:
    """The file that took the place of the locked one was anybody's."""
    path = tmp_path / "node.yaml"
    path.write_text("old")
    first = LockedFile(path)
    for text in ("new", "newer"):
        first.write(text)
        with pytest.raises(BlockingIOError):
            LockedFile(path, wait=False)
    first.close()
    LockedFile(path, wait=False).close()


def test_edits_of_several_processes_are_all_kept(tmp_path: Path) -> None:
    """Eight at once, half of them by another name, two edits each."""
    path, link = tmp_path / "node.yaml", tmp_path / "link.yaml"
    path.write_text("node: r1\n" + "# a line that takes time to parse\n" * 500)
    link.symlink_to(path)
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    running = [
        subprocess.Popen(
            [sys.executable, "-c", EDITS, str((path, link)[number % 2]), f"v{number}"],
            env=environment,
            stdout=subprocess.DEVNULL,
        )
        for number in range(8)
    ]
    assert [process.wait() for process in running] == [0] * 8
    names = Source(path.read_text()).load()["vrfs"]
    assert sorted(names) == sorted(f"v{process}-{number}" for process in range(8) for number in range(2))


VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**9), 10**9)
    | st.text(st.characters(codec="utf-8", exclude_categories=("Cc", "Cs", "Zl", "Zp", "Cn", "Co")), max_size=12),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.from_regex(r"[a-z]{1,5}", fullmatch=True), inner, max_size=3)
    ),
    max_leaves=6,
)


@given(VALUES)
def test_flow_style_loads_as_what_it_was(value: Any) -> None:
    assert Source(f"k: {flow({'v': value})}\n").load() == {"k": {"v": value}}


ITEMS = st.dictionaries(st.from_regex(r"[a-z]{1,3}", fullmatch=True), VALUES, min_size=1, max_size=4)


def block(value: Any, indent: str) -> str:
    """An item of a list in block style, a comment beside each of its keys."""
    lines = [f"{key}: {flow(each)}  # of {key}" for key, each in value.items()]
    return f"{indent}- " + f"\n{indent}  ".join(lines) + "\n"


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])  # a busy machine is no mistake
@given(ITEMS, ITEMS, st.booleans(), st.booleans())
def test_a_replaced_item_is_what_was_asked_for(before: Any, after: Any, blocks: bool, last: bool) -> None:
    """In both styles, at the end of the file and before something else; comments of keys that stay, stay."""
    text = block(before, "  ") if blocks else f"  - {flow(before)}  # beside\n"
    text = "items:\n  # in front\n" + text + ("" if last else "  # behind\n  - end\nmore: 1\n")
    made = replaced(text, "items", 0, after)
    assert made is not None
    loaded = Source(made).load()
    assert loaded["items"][0] == after
    assert loaded["items"][1:] == ([] if last else ["end"])
    kept = {f"# of {key}" for key in before.keys() & after.keys()} if blocks else {"# beside"}
    if blocks and next(iter(before)) not in after:
        return  # the first key is beside the dash
    assert all(comment in made for comment in {"# in front", *kept})
