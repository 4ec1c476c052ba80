# SPDX-License-Identifier: Apache-2.0
"""Writes ``docs/p4runtime-compliance.md`` from the marks of the conformance tests.

``python ptf-tests/conformance/matrix.py`` rewrites the file; ``test_matrix.py`` fails when it is stale.
"""

from __future__ import annotations

import importlib
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
DOCUMENT = ROOT / "docs" / "p4runtime-compliance.md"

_INTRODUCTION = """\
# P4Runtime compliance

<!-- Generated from the tests by `python ptf-tests/conformance/matrix.py`; do not edit. -->

softswitch implements P4Runtime 1.5.0. Each row below is a requirement of the
[specification](https://p4.org/specifications/) in our words, with the test that checks it on softswitch
(`ptf-tests/conformance/`). The last column says what `simple_switch_grpc` (BMv2 with PI) does, as read in PI's
source; "yes" means that it does the same. Numbers are sections of version 1.5; *PINS* and *p4-constraints* mark
conventions of SAI-P4 that the specification does not have.

## Decisions where the specification leaves room

* **Device id 0** is served when the switch was started with it (the default of `simple_switch_grpc`).
* **Updates of a batch** are carried out in order, so dependent updates may share a batch. A client that wants to be
  portable does not rely on it (12.1).
* **Values that do not fit** are `OUT_OF_RANGE` (8.4), also in match fields and action parameters, where 9.1 speaks of
  `INVALID_ARGUMENT`. Bytes that are no protobuf message are `INVALID_ARGUMENT`.
* **Rolled back batches**: the update that failed carries its error, all others `ABORTED`.
* **Reads that find nothing** answer nothing; only direct resources of an entry that does not exist are `NOT_FOUND`
  (9.3.1, 9.4.1).
* **Roles**: any role name may be used, and the default role may do everything. What other roles may do is said by the
  program, by the controller, or both:
  * A table, counter, meter, register, digest, value set or controller header annotated `@p4runtime_role("r")` belongs to
    role `r`: other named roles may not write it and do not see it when they read with their role as the filter.
  * `role.config` is understood in the scheme of stratum, `stratum.P4RoleConfig`, which ONOS and finsy send. The role
    writes and reads the objects of `exclusive_p4_ids` and `shared_p4_ids` alone; replication belongs to no id and stays
    open to it. `can_push_pipeline`, `receives_packet_ins` and `packet_in_filter` say what they are called. What is
    exclusive to one role is refused in the configuration of another, and to roles without configuration when they
    write. The configuration is that of the role's last primary, also while it is away; one that brings none takes it
    back. It comes back in the answer to arbitration. Other schemes are `INVALID_ARGUMENT`.
* **`@refers_to`**: see the module `softswitch.p4runtime.references`. A missing target is `NOT_FOUND`; taking away the
  last target of a reference is `FAILED_PRECONDITION`.
* **`@entry_restriction`, `@action_restriction`**: the language is described in `softswitch.p4runtime.constraints`;
  a restriction that is not understood refuses the pipeline.
* **RECONCILE_AND_COMMIT** keeps all entities, counter values and registers whose ids and types the new program has,
  and is refused when some entity does not fit. With an unchanged program only the cookie changes.
* **Tables that no packet can reach** are in the p4info and not in the program, since p4c writes the p4info before it
  optimises. Such a table is read as empty, and writing into it is `FAILED_PRECONDITION`; direct resources and references
  of it go with it. A table of the program that the p4info lacks still refuses the pair.
* **Types translated to numbers** (`@p4runtime_translation` with a width): a number goes to the data plane as it is, and
  must fit there; the width for the controller is not asked.
* **Keys of type `error`** have no width in p4c's p4info; they take that of the program, 32 bits.
* **Controller headers** of no whole number of bytes are filled up at their end, as by PI.
* **Watch ports**: with every choice of a group down, a packet runs no action.
* **Idle timeouts** are checked every 20 ms; a notification is repeated after each further TTL without a hit.

## Not supported

| what | answer | why |
| --- | --- | --- |
| backup replicas of multicast groups | `UNIMPLEMENTED` | optional (9.5.1) |
| `group_action`, per-group selection mode and size semantics of one-shot sets | `UNIMPLEMENTED` | optional (9.2.3) |
| colour counters of meters, excess bursts | `UNIMPLEMENTED` | optional (9.4) |
| direct counters and meters of default entries | `INVALID_ARGUMENT` | BMv2 has none |
| value set members with mask, prefix or range | `UNIMPLEMENTED` | BMv2's parser compares whole values |
| types translated to strings | pipeline refused | which string is which number is agreed outside of P4Runtime |
| externs | pipeline refused | no v1model program of p4c's BMv2 back end has them |
| constant entries in a table with other initial entries | taken as changeable | p4c's BMv2 JSON does not tell them apart |

gRPC carries the errors of a batch in its trailing metadata, of which clients accept 8 kB unless told otherwise. A
client that writes large batches sets `grpc.max_metadata_size` (and `grpc.absolute_max_metadata_size`) to
8192 + 150 bytes an update; else it sees `RESOURCE_EXHAUSTED` instead of the errors.

## Requirements
"""  # noqa: E501


def render() -> str:
    """The document."""
    folder = Path(__file__).parent
    for path in (str(folder.parent), str(ROOT)):
        if path not in sys.path:
            sys.path.insert(0, path)
    from conformance import requirement

    requirement.ALL.clear()
    for test in sorted(folder.glob("test_*.py")):
        name = f"conformance.{test.stem}"
        sys.modules.pop(name, None)
        importlib.import_module(name)
    rows = sorted(requirement.ALL, key=lambda row: (_order(row.section), row.test))
    lines = [
        _INTRODUCTION,
        "| section | requirement | test | softswitch | BMv2 |",
        "| --- | --- | --- | --- | --- |",
    ]
    lines += [f"| {row.section} | {row.text} | `{row.test}` | yes | {row.bmv2} |" for row in rows]
    return "\n".join(lines) + "\n"


def _order(section: str) -> tuple[int, tuple[int, ...], str]:
    if section[0].isdigit():
        return 0, tuple(int(part) for part in section.split(".")), ""
    return 1, (), section


if __name__ == "__main__":
    DOCUMENT.parent.mkdir(exist_ok=True)
    DOCUMENT.write_text(render(), encoding="utf-8")
    print(f"{DOCUMENT.relative_to(ROOT)}: written")
