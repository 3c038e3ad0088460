"""The write gate: it sends only if everything allows it; a refusal names what does not."""

import asyncio
import math
from collections.abc import Callable

import pytest

from ionpy_auto.core.commands import (
    Command,
    Leases,
    Mode,
    ModeSwitch,
    OutcomeKind,
    Priority,
    Role,
)
from ionpy_auto.core.errors import (
    BadInput,
    Conflict,
    DeviceError,
    Forbidden,
    IonpyError,
    NotFound,
    Rejected,
    StorageError,
)
from tests.unit.core.fakes import Lab, command


class SessionLimit:
    """At most 20, whatever the device could."""

    def check(self, wanted: Command, value: float) -> None:
        if value > 20:
            msg = "the session allows at most 20 V"
            raise Rejected(msg, code="SESSION_LIMIT")


def press(lab: Lab) -> None:
    lab.latch.press("user:eva", "smoke", 1.0)


def open_door(lab: Lab) -> None:
    lab.door.is_closed = False


def lose_door(lab: Lab) -> None:
    lab.door.is_closed = None


def unplug(lab: Lab) -> None:
    lab.output.offline = "PSU_01 is offline"


def lease(lab: Lab) -> None:
    lab.gate.leases.acquire("run:7", ["PSU_01.u_set"])


def lease_device(lab: Lab) -> None:
    lab.gate.leases.acquire("run:7", ["PSU_01.*"])


def limit(lab: Lab) -> None:
    lab.gate.guards.append(SessionLimit())


def break_interlock(lab: Lab) -> None:
    lab.door.denies = lambda *_: 1 / 0


def nothing(lab: Lab) -> None:
    pass


REFUSALS = {
    "viewer": (nothing, command(role=Role.VIEWER), Forbidden, "viewer"),
    "panic": (press, command(), Conflict, "user:eva"),
    "panic, take-over": (press, command(kind=Priority.OPERATOR), Conflict, "user:eva"),
    "panic, admin": (press, command(role=Role.ADMIN), Conflict, "user:eva"),
    "owner": (lease, command(), Conflict, "run:7"),
    "owner, other run": (lease, command(kind=Priority.SEQUENCE, by="run:8"), Conflict, "run:7"),
    "owner, rule": (lease, command(kind=Priority.RULE, by="rule:a/b"), Conflict, "run:7"),
    "owner, script": (lease, command(kind=Priority.SCRIPT, by="script:s"), Conflict, "run:7"),
    "owner of device": (lease_device, command(), Conflict, "run:7"),
    "open door": (open_door, command(), Conflict, "door"),
    "unknown door": (lose_door, command(), Conflict, "door"),
    "door, take-over": (open_door, command(kind=Priority.OPERATOR), Conflict, "door"),
    "broken interlock": (break_interlock, command(), Conflict, "broke down"),
    "offline": (unplug, command(), Conflict, "offline"),
    "too high": (nothing, command(60.01), Rejected, "60.01"),
    "negative": (nothing, command(-0.01), Rejected, "-0.01"),
    "session": (limit, command(20.01), Rejected, "20 V"),
    "nan": (nothing, command(math.nan), Rejected, "nan"),
    "infinite": (nothing, command(math.inf), Rejected, "inf"),
    "minus infinite": (nothing, command(-math.inf), Rejected, "inf"),
    "true": (nothing, command(True), BadInput, "number"),
    "text": (nothing, command("12"), BadInput, "number"),
    "none": (nothing, command(None), BadInput, "NoneType"),
    "list": (nothing, command([12.0]), BadInput, "list"),
    "complex": (nothing, command(1 + 0j), BadInput, "complex"),
    "huge": (nothing, command(10**400), Rejected, "outside"),
    "read-only": (nothing, command(point="PSU_01.u_out"), Rejected, "read-only"),
    "unknown entity": (nothing, command(point="PSU_01.u_sett"), NotFound, "u_sett"),
    "unknown device": (nothing, command(point="PSU_99.u_set"), NotFound, "PSU_99"),
}


@pytest.mark.parametrize(
    ("arrange", "wish", "error", "named"), REFUSALS.values(), ids=list(REFUSALS)
)
async def test_a_refusal_names_what_is_in_the_way_and_sends_nothing(
    arrange: Callable[[Lab], None], wish: Command, error: type[IonpyError], named: str
) -> None:
    lab = Lab()
    arrange(lab)
    with pytest.raises(error, match=named) as caught:
        await lab.gate.write(wish)
    assert lab.sent == []
    assert lab.auditor.intents == []
    assert lab.auditor.refusals == [caught.value.message]
    assert lab.gate.counts["refused"] == 1


@pytest.mark.parametrize(
    "arrange",
    [press, open_door, lose_door, unplug, lease, break_interlock],
    ids=lambda f: f.__name__,
)
async def test_what_comes_between_intent_and_wire_still_stops_the_write(
    arrange: Callable[[Lab], None],
) -> None:
    lab = Lab()
    lab.auditor.meanwhile = lambda: arrange(lab)
    with pytest.raises(Conflict):
        await lab.gate.write(command())
    assert lab.sent == []
    assert len(lab.auditor.intents) == 1
    assert lab.auditor.results[1].startswith("refused: ")


async def test_a_device_exchanged_between_intent_and_wire_is_the_one_written() -> None:
    lab = Lab()
    old = lab.output
    lab.auditor.meanwhile = lambda: lab.bench.plug_in("PSU_01")
    await lab.gate.write(command(5))
    assert lab.output is not old
    assert (old.current, lab.output.current) == (0.0, 5.0)


async def test_a_value_that_would_go_out_differently_than_recorded_is_refused() -> None:
    lab = Lab()

    def coarser() -> None:
        lab.output.check = round

    lab.auditor.meanwhile = coarser
    with pytest.raises(Conflict, match="changed"):
        await lab.gate.write(command(12.34))
    assert lab.sent == []


async def test_a_check_that_makes_nan_of_a_number_sends_nothing() -> None:
    lab = Lab()
    lab.output.check = lambda value: math.nan
    with pytest.raises(Rejected):
        await lab.gate.write(command())
    assert lab.sent == []


async def test_a_write_tells_what_was_asked_sent_and_read_back() -> None:
    lab = Lab()
    outcome = await lab.gate.write(command(12.346))
    assert outcome.kind is OutcomeKind.DONE
    assert (outcome.requested, outcome.sent, outcome.read_back) == (12.346, 12.35, 12.35)
    assert outcome.confirmed_mono == 1.5
    assert lab.auditor.results == {1: "done"}


async def test_without_a_way_to_read_back_the_outcome_says_so() -> None:
    lab = Lab()
    lab.output.reads_back = False
    outcome = await lab.gate.write(command())
    assert (outcome.kind, outcome.read_back) == (OutcomeKind.UNCONFIRMED, None)
    assert lab.auditor.results == {1: "unconfirmed"}


async def test_a_new_gate_is_in_shadow() -> None:
    assert ModeSwitch().mode is Mode.SHADOW


async def test_in_shadow_a_write_is_checked_and_recorded_but_not_sent() -> None:
    lab = Lab()
    lab.gate.mode.mode = Mode.SHADOW
    outcome = await lab.gate.write(command())
    assert outcome.kind is OutcomeKind.SHADOWED
    assert (lab.sent, lab.auditor.results) == ([], {1: "shadowed"})
    with pytest.raises(Rejected):
        await lab.gate.write(command(999))


async def test_disarming_between_intent_and_wire_sends_nothing() -> None:
    lab = Lab()
    lab.auditor.meanwhile = lambda: setattr(lab.gate.mode, "mode", Mode.SHADOW)
    assert (await lab.gate.write(command())).kind is OutcomeKind.SHADOWED
    assert lab.sent == []


async def test_panic_ends_arming_so_that_rearming_the_latch_sends_nothing() -> None:
    lab = Lab()
    press(lab)
    assert lab.gate.mode.as_dict() == {"mode": "shadow", "armed_by": ""}
    lab.latch.rearm("user:eva", "cable replaced")
    assert (await lab.gate.write(command())).kind is OutcomeKind.SHADOWED
    assert lab.sent == []


async def test_panic_leaves_a_simulation_a_simulation() -> None:
    lab = Lab()
    lab.gate.mode.mode = Mode.SIMULATE
    press(lab)
    assert lab.gate.mode.mode is Mode.SIMULATE


async def test_an_audit_that_hangs_refuses_the_write_after_a_second() -> None:
    lab = Lab()
    lab.auditor.hang = True
    with pytest.raises(StorageError) as caught:
        await lab.gate.write(command())
    assert caught.value.error_code == "AUDIT_TIMEOUT"
    assert lab.clock.monotonic() == 1.0
    assert lab.sent == []


async def test_an_audit_that_fails_refuses_the_write() -> None:
    lab = Lab()
    lab.auditor.error = StorageError("disk full")
    with pytest.raises(StorageError, match="disk full"):
        await lab.gate.write(command())
    assert (lab.sent, lab.gate.counts["refused"]) == ([], 1)


@pytest.mark.parametrize("how", ["fails", "hangs"])
async def test_a_result_that_cannot_be_recorded_does_not_hide_that_it_was_sent(how: str) -> None:
    lab = Lab()
    lab.auditor.hang_result = how == "hangs"
    lab.auditor.result_error = StorageError("disk full")
    outcome = await lab.gate.write(command())
    assert outcome.kind is OutcomeKind.DONE
    assert len(lab.sent) == 1
    assert (lab.gate.counts["done"], lab.gate.counts["unrecorded"]) == (1, 1)


@pytest.mark.parametrize("error", [DeviceError("no echo"), OSError("gone"), TimeoutError()])
async def test_a_failing_wire_is_recorded_and_raised(error: Exception) -> None:
    lab = Lab()
    lab.output.error = error
    with pytest.raises(type(error)):
        await lab.gate.write(command())
    assert lab.auditor.results[1].startswith("failed: ")
    assert lab.gate.counts["failed"] == 1


async def test_a_caller_cancelled_on_the_wire_leaves_a_result_behind() -> None:
    lab = Lab()
    lab.output.gate = asyncio.Event()
    task = asyncio.create_task(lab.gate.write(command()))
    await lab.clock.sleep(0.1)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert len(lab.sent) == 1
    assert lab.auditor.results[1].startswith("failed: Cancelled")


async def test_a_caller_cancelled_before_the_wire_sends_nothing() -> None:
    lab = Lab()
    lab.auditor.hang = True
    task = asyncio.create_task(lab.gate.write(command()))
    await lab.clock.sleep(0.1)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert lab.sent == []


async def test_several_writes_stop_at_the_first_refusal() -> None:
    lab = Lab()
    with pytest.raises(Rejected):
        await lab.gate.write_all([command(1), command(99), command(2)])
    assert [value for _, value in lab.sent] == [1.0]


# -- who owns what ----------------------------------------------------------------------------


async def test_the_owner_writes_and_so_does_an_operator_who_takes_over() -> None:
    lab = Lab()
    lease(lab)
    await lab.gate.write(command(1, kind=Priority.SEQUENCE, by="run:7"))
    await lab.gate.write(command(2, kind=Priority.OPERATOR))
    await lab.gate.write(command(3, kind=Priority.LIMIT, by="limit:u"))
    assert [value for _, value in lab.sent] == [1.0, 2.0, 3.0]


async def test_after_release_everyone_may_write_again() -> None:
    lab = Lab()
    lease(lab)
    lab.gate.leases.release("run:7")
    await lab.gate.write(command())
    assert len(lab.sent) == 1


@pytest.mark.parametrize(
    ("held", "wanted", "conflict"),
    [
        (["A.u"], ["A.u"], True),
        (["A.u"], ["A.i"], False),
        (["A.*"], ["A.u"], True),
        (["A.u"], ["A.*"], True),
        (["A.*"], ["A.*"], True),
        (["A.*"], ["AB.u"], False),
        (["lab.x.u"], ["lab.*"], False),
        (["lab.*"], ["lab.x.u"], False),
        (["B.u"], ["A.u", "B.u"], True),
    ],
)
def test_what_overlaps_conflicts(held: list[str], wanted: list[str], conflict: bool) -> None:
    leases = Leases()
    leases.acquire("run:1", held)
    if conflict:
        with pytest.raises(Conflict, match="run:1"):
            leases.acquire("run:2", wanted)
        assert leases.held_by("run:2") == []  # all or none
    else:
        leases.acquire("run:2", wanted)
        assert leases.held_by("run:2") == sorted(wanted)
    assert leases.held_by("run:1") == sorted(held)


def test_a_part_of_ones_own_does_not_open_the_door_to_the_rest_of_a_device() -> None:
    leases = Leases()
    leases.acquire("run:1", ["A.u"])
    leases.acquire("run:2", ["A.i"])
    with pytest.raises(Conflict, match="run:2"):
        leases.acquire("run:1", ["A.*"])
    leases.release("run:2")
    leases.acquire("run:1", ["A.*"])
    assert leases.owner_of("A", "anything") == "run:1"


def test_a_point_without_a_device_is_no_output() -> None:
    with pytest.raises(BadInput):
        Leases().acquire("run:1", ["u_set"])
