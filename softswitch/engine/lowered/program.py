# SPDX-License-Identifier: Apache-2.0
"""A program of the model, lowered."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import lru_cache

from softswitch.bmv2json import model
from softswitch.engine.lowered import statements as s
from softswitch.engine.lowered.controls import Controls
from softswitch.engine.lowered.expressions import Operands
from softswitch.engine.lowered.layout import Layout
from softswitch.engine.lowered.model import (
    Apply,
    Checksum,
    Digest,
    InstanceType,
    KeptFields,
    Kind,
    Program,
    Step,
)
from softswitch.engine.lowered.objects import Field
from softswitch.engine.lowered.parsers import lower_parser
from softswitch.engine.lowered.primitives import Primitives
from softswitch.engine.lowered.storage import Storage
from softswitch.engine.lowered.values import Constant, Number, Read, Source, Supplied, cut

#: Fields that steps look at, whether the program mentions them or not.
_LOOKED_AT = ("standard_metadata.egress_spec", "standard_metadata.ingress_port", "intrinsic_metadata.mcast_grp")


_Standard = Callable[[str], Field | None]


@lru_cache(maxsize=2 * model.KEPT)  # for packets and for traces
def lower(program: model.Program, drop_port: int, every_field: bool = False) -> Program:
    """``program``, lowered.  ``every_field``: fields that nothing reads are variables as well, for a trace.

    Raises UnsupportedProgram for what no engine executes.
    """
    return _Lowering(program, drop_port, every_field).lower()


class _Lowering:
    def __init__(self, program: model.Program, drop_port: int, every_field: bool) -> None:
        wanted = [ref for ref in map(program.standard, _LOOKED_AT) if ref is not None]
        if every_field:
            headers = [header for header in program.headers.values() if not header.metadata]
            wanted += [model.FieldRef(header.name, f.name) for header in headers for f in header.type.fields]
        self.program = program
        self.drop_port = drop_port
        self.storage = Storage(program, Layout(program, wanted))

    def lower(self) -> Program:
        program, storage = self.program, self.storage
        controls = Controls(program, storage, self.drop_port)
        deparser = Primitives(Operands(storage, "deparser"), self.drop_port).body(program.deparser_primitives)
        ingress, egress = map(controls.pipeline, (program.ingress, program.egress))
        standard = storage.standard
        spec = standard("standard_metadata.egress_spec")
        assert spec is not None  # the loader requires it
        uses = frozenset(type(statement) for action in controls.actions.values() for statement in _each(action.body))
        return Program(
            name=program.name,
            headers=tuple(storage.headers.values()),
            stacks=(*storage.stacks.values(), *storage.union_stacks.values()),
            registers=tuple(storage.registers.values()),
            counters=tuple(storage.counters.values()),
            meters=tuple(storage.meters.values()),
            value_sets=tuple(storage.value_sets.values()),
            profiles=tuple(storage.profiles.values()),
            calculations=tuple(storage.calculations.values()),
            actions=tuple(controls.actions.values()),
            tables=tuple(n for p in (ingress, egress) for n in p.nodes.values() if isinstance(n, Apply)),
            parser=lower_parser(program, storage, self.drop_port),
            ingress=ingress,
            egress=egress,
            deparser_body=deparser,
            emitted=tuple(h for h in map(storage.headers.__getitem__, program.deparser) if not h.metadata),
            verified=tuple(self._checksum(c, True) for c in program.checksums if c.verify),
            updated=tuple(self._checksum(c, False) for c in program.checksums if c.update),
            field_lists=tuple(
                KeptFields(item.id, fields)
                for item in program.field_lists.values()
                if (fields := tuple(storage.field(e) for e in item.elements if isinstance(e, model.FieldRef)))
            ),
            digests=tuple(map(self._digest, program.learn_lists.values())),
            errors={code: name for name, code in program.errors.items()},
            entering=self._entering(),
            parsed=self._assign(("standard_metadata.parser_error", Supplied(Source.PARSER_ERROR))),
            cloned=self._assign(
                ("standard_metadata.instance_type", Constant(InstanceType.INGRESS_CLONE.value)),
                ("intrinsic_metadata.egress_rid", Supplied(Source.INSTANCE)),
            ),
            replicated=self._assign(("standard_metadata.instance_type", Constant(InstanceType.REPLICATION.value))),
            queued=self._assign(("standard_metadata.instance_type", Constant(InstanceType.NORMAL.value))),
            dequeued=self._dequeued(),
            after_ingress=_after_ingress(uses, standard),
            after_egress=_after_egress(uses),
            egress_spec=spec,
            multicast_group=standard("intrinsic_metadata.mcast_grp"),
            priority=standard("intrinsic_metadata.priority"),
            checksum_error=standard("standard_metadata.checksum_error"),
            instance_type=standard("standard_metadata.instance_type"),
            drop_port=self.drop_port,
            needs_length=standard("standard_metadata.packet_length") is not None,
            uses=uses,
        )

    def _assign(self, *what: tuple[str, Number]) -> tuple[s.Assign, ...]:
        """Assignments to those of the fields that the program mentions."""
        return tuple(
            s.Assign(field, value) for name, value in what if (field := self.storage.standard(name)) is not None
        )

    def _entering(self) -> dict[Kind, tuple[s.Assign, ...]]:
        port = ("standard_metadata.ingress_port", Supplied(Source.PORT))
        length = ("standard_metadata.packet_length", Supplied(Source.FRAME_LENGTH))
        kind = "standard_metadata.instance_type"
        time = ("intrinsic_metadata.ingress_global_timestamp", Supplied(Source.MICROSECONDS))
        return {
            Kind.RECEIVED: self._assign(port, length, time),
            Kind.RESUBMITTED: self._assign((kind, Constant(InstanceType.RESUBMIT.value)), length),
            Kind.RECIRCULATED: self._assign((kind, Constant(InstanceType.RECIRC.value)), length),
            Kind.CLONE_I2E: self._assign(port),
            Kind.REPLICA: self._assign(("intrinsic_metadata.egress_rid", Supplied(Source.INSTANCE))),
        }

    def _dequeued(self) -> tuple[s.Assign, ...]:
        """One queue that is always empty; egress_spec is no port, not even the drop port, until egress sets it."""
        zero, time = Constant(0), Supplied(Source.MICROSECONDS)
        return self._assign(
            ("intrinsic_metadata.egress_global_timestamp", time),
            ("queueing_metadata.enq_timestamp", time),
            ("queueing_metadata.enq_qdepth", zero),
            ("queueing_metadata.deq_timedelta", zero),
            ("queueing_metadata.deq_qdepth", zero),
            ("standard_metadata.egress_port", Supplied(Source.EGRESS_PORT)),
            ("standard_metadata.egress_spec", Constant(self.drop_port + 1)),
            ("standard_metadata.packet_length", Supplied(Source.PACKET_LENGTH)),
        )

    def _checksum(self, checksum: model.Checksum, verify: bool) -> Checksum:
        operands = Operands(self.storage, f"checksum {checksum.name}")
        target = self.storage.field(checksum.target)
        return Checksum(
            checksum.name,
            target.header if verify and not target.header.metadata else None,
            None if checksum.condition is None else operands.truth(checksum.condition),
            self.storage.calculations[checksum.calculation.name],
            target,
        )

    def _digest(self, item: model.LearnList) -> Digest:
        values: list[Number] = []
        for element in item.elements:
            if isinstance(element, model.FieldRef):
                field: Field = self.storage.field(element)
                values.append(Read(field) if field.varbit else cut(Read(field), field.width))
            elif isinstance(element, model.Const):
                values.append(Constant(element.value))
        return Digest(item.id, item.name, tuple(values))


def _after_ingress(uses: frozenset[type], standard: _Standard) -> tuple[Step, ...]:
    return tuple(
        step
        for step, wanted in (
            (Step.CLONE_INGRESS, s.Clone in uses),
            (Step.DIGEST, s.SendDigest in uses),
            (Step.RESUBMIT, s.Resubmit in uses),
            (Step.MULTICAST, standard("intrinsic_metadata.mcast_grp") is not None),
            (Step.DROP_INGRESS, True),
            # simple_switch has one queue per port unless told otherwise, and drops what asks for another
            (Step.DROP_QUEUE, standard("intrinsic_metadata.priority") is not None),
            (Step.ENQUEUE, True),
        )
        if wanted
    )


def _after_egress(uses: frozenset[type]) -> tuple[Step, ...]:
    return tuple(
        step
        for step, wanted in (
            (Step.CLONE_EGRESS, s.Clone in uses),
            (Step.DROP_EGRESS, True),
            (Step.UPDATE, True),
            (Step.DEPARSE, True),
            (Step.RECIRCULATE, s.Recirculate in uses),
            (Step.SEND, True),
        )
        if wanted
    )


def _each(body: s.Body) -> Iterator[s.Statement]:
    for block in body.blocks:
        yield from block.statements
