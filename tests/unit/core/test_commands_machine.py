"""Whatever people, runs, doors and panics do in any order: a send happens only if all allow it."""

import asyncio
import math

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from ionpy_auto.core.commands import Mode, OutcomeKind, Priority, Role
from ionpy_auto.core.errors import Conflict, IonpyError
from tests.unit.core.fakes import Lab, command

POINTS = st.sampled_from(["PSU_01.u_set", "PSU_01.i_set", "LOAD_01.u_set"])
OWNERS = ["run:1", "run:2"]
MEANWHILE = ["nothing", "panic", "door", "shadow", "lease"]


class Gate(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.runner = asyncio.Runner()
        self.lab = Lab()
        self.owners: dict[str, str] = {}  # our own book of who holds what
        self.after_intent = 0

    def teardown(self) -> None:
        self.runner.close()

    @rule()
    def panic(self) -> None:
        self.lab.latch.press("user:eva", "", 0.0)

    @rule()
    def rearm(self) -> None:
        self.lab.latch.rearm("user:eva", "looked at it")

    @rule(mode=st.sampled_from(Mode))
    def switch_mode(self, mode: Mode) -> None:
        if not (mode is Mode.ARMED and self.lab.latch.pressed):  # arming refuses then
            self.lab.gate.mode.mode = mode

    @rule(closed=st.sampled_from([True, False, None]))
    def turn_door(self, closed: bool | None) -> None:
        self.lab.door.is_closed = closed

    @rule(point=POINTS, offline=st.booleans())
    def plug(self, point: str, offline: bool) -> None:
        self.lab.bench.outputs[point].offline = f"{point} is offline" if offline else None

    @rule(point=POINTS, owner=st.sampled_from(OWNERS), whole=st.booleans())
    def take(self, point: str, owner: str, whole: bool) -> None:
        device = point.split(".", maxsplit=1)[0]
        wanted = [f"{device}.{e}" for e in ("u_set", "i_set")] if whole else [point]
        is_free = all(self.owners.get(p, owner) == owner for p in wanted)
        try:
            self.lab.gate.leases.acquire(owner, [f"{device}.*"] if whole else [point])
        except Conflict:
            assert not is_free
        else:
            assert is_free
            self.owners.update(dict.fromkeys(wanted, owner))

    @rule(owner=st.sampled_from(OWNERS))
    def give_back(self, owner: str) -> None:
        self.lab.gate.leases.release(owner)
        self.owners = {p: o for p, o in self.owners.items() if o != owner}

    @rule(
        point=POINTS,
        value=st.one_of(
            st.floats(-1, 70),
            st.sampled_from([math.nan, math.inf, -math.inf, True, "12", None, 0, 60, -0.0]),
        ),
        kind=st.sampled_from(Priority),
        by=st.sampled_from([*OWNERS, "user:anna", "rule:a/b"]),
        role=st.sampled_from(Role),
        meanwhile=st.sampled_from(MEANWHILE),
    )
    def write(
        self, point: str, value: object, kind: Priority, by: str, role: Role, meanwhile: str
    ) -> None:
        lab = self.lab
        before, intents = len(lab.sent), len(lab.auditor.intents)
        lab.auditor.meanwhile = lambda: self.happen(meanwhile, point)
        wish = command(value, point=point, kind=kind, by=by, role=role)
        allowed_before = self.allows(point, value, kind, by, role)
        try:
            outcome = self.runner.run(lab.gate.write(wish))
        except IonpyError:
            outcome = None
        has_intent = len(lab.auditor.intents) > intents
        allowed = allowed_before and self.allows(point, value, kind, by, role)
        mode = lab.gate.mode.mode
        assert has_intent == allowed_before
        assert (outcome is not None) == allowed
        if allowed and mode is not Mode.SHADOW:
            assert outcome.kind is OutcomeKind.DONE
            assert lab.sent[before:] == [(point, round(float(value), 2))]
        else:
            assert lab.sent[before:] == []
            self.after_intent += has_intent

    def happen(self, what: str, point: str) -> None:
        if what == "panic":
            self.lab.latch.press("user:eva", "", 0.0)
        elif what == "door":
            self.lab.door.is_closed = None
        elif what == "shadow":
            self.lab.gate.mode.mode = Mode.SHADOW
        elif what == "lease" and point not in self.owners:
            self.lab.gate.leases.acquire("run:9", [point])
            self.owners[point] = "run:9"

    def allows(self, point: str, value: object, kind: Priority, by: str, role: Role) -> bool:
        """The rules of the house, written down a second time."""
        is_number = isinstance(value, int | float) and not isinstance(value, bool)
        owner = self.owners.get(point)
        return (
            role is not Role.VIEWER
            and not self.lab.latch.pressed
            and self.lab.bench.outputs[point].offline is None
            and (owner in {None, by} or kind <= Priority.OPERATOR)
            and is_number
            and math.isfinite(value)
            and 0 <= value <= 60
            # Nothing denies the safe state.
            and (self.lab.door.is_closed is True or round(float(value), 2) == 0)
        )

    @invariant()
    def every_intent_was_sent_or_refused_afterwards(self) -> None:
        lab = self.lab
        assert len(lab.auditor.intents) == len(lab.sent) + self.after_intent
        assert len(lab.auditor.results) == len(lab.auditor.intents)
        assert lab.gate.counts["done"] == len(lab.sent)

    @invariant()
    def nothing_is_armed_after_a_panic(self) -> None:
        assert not (self.lab.latch.pressed and self.lab.gate.mode.mode is Mode.ARMED)


TestGate = Gate.TestCase
TestGate.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)
