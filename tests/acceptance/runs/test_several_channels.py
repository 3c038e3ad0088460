"""Several channels at once: what they share, and what one of them must not do to another."""

import asyncio
import itertools

import pytest

from ionpy_auto.automation.wiring import read_channel
from ionpy_auto.core.commands import Command, Origin, Priority
from ionpy_auto.core.errors import Conflict, Rejected
from tests.acceptance.runs.bench import config, table

BENCHES = "ABCD"


def wiring(number, *more, source="", sink=""):
    text = f"""
source: {source or f"PSU_0{number}"}
sink: {sink or f"LOAD_0{number}"}
voltage: {{from: DMM_0{number}.cell_v, wires: 4, back_check: 200 mV}}
current: {{charge: PSU_0{number}.i_out, discharge: LOAD_0{number}.load_i}}
path_resistance: 40 mΩ
"""
    return text + "".join(f"{line}\n" for line in more)


FIRST = wiring(1)
SECOND = wiring(2, "source_output: Ch2", source="PSU_01").replace("PSU_02.i_out", "PSU_01.i_out_2")


def add(lab, channel_id, text):
    file, found = read_channel(text, f"channels/{channel_id}.yaml")
    assert file is not None, found
    lab.site.channels[channel_id] = file


def twins():
    return [
        config("PSU_01", "virtual_twin_psu", 500, soc=0.5),
        config("LOAD_01", "virtual_load", 500),
        config("DMM_01", "virtual_meter", 500),
        config("LOAD_02", "virtual_load", 500, bench="B"),
        config("DMM_02", "virtual_meter", 500, bench="B"),
    ]


def flow(name, *steps, channel="CH1"):
    head = f"version: 1\nid: {name}\ncell: cells/inr18650-25r\nchannel: {channel}\nsequence:\n"
    return head + "".join(f"  - {step}\n" for step in steps)


UP = "{id: up, charge: {current: 1 A, voltage: 4.2 V}, until: step.time > 10 min}"
DOWN = "{id: down, discharge: {current: 1 A}, until: step.time > 10 min}"


def supply(lab, bench):
    return lab.devices.benches.get(bench).advanced()[0].supply


async def both(lab):
    add(lab, "CH2", SECOND)
    first = await lab.start(flow("one", UP))
    second = await lab.start(flow("two", UP, channel="CH2"))
    await lab.clock.sleep(60.0)
    assert supply(lab, "A").output
    assert supply(lab, "B").output
    return first, second


@pytest.mark.parametrize("how", ["stop_run", "abort"])
async def test_a_run_that_ends_leaves_the_other_output_of_its_supply_on(how):
    async with table(channel=FIRST, instruments=twins()) as lab:
        first, second = await both(lab)
        await getattr(lab.runs, how)(first.id)
        await first.done.wait()
        assert not supply(lab, "A").output
        assert supply(lab, "B").output
        await second.done.wait()
        assert (second.verdict, second.ended_by) == ("pass", "done"), second.message
        assert not supply(lab, "B").output


async def test_a_trip_of_one_output_leaves_the_other_on():
    async with table(channel=FIRST, instruments=twins()) as lab:
        first, second = await both(lab)
        lab.devices.benches.get("A").bench.faults.extra_ohm = 5.0
        await first.done.wait()
        assert first.verdict != "pass"
        assert not supply(lab, "A").output
        assert second.is_active
        assert supply(lab, "B").output


async def test_the_safe_state_action_of_one_run_leaves_the_other_output_on():
    async with table(channel=FIRST, instruments=twins()) as lab:
        first, second = await both(lab)
        await lab.lab.safe_state(first.leased, first.owner)
        assert not supply(lab, "A").output
        assert supply(lab, "B").output
        await lab.runs.abort(first.id)
        await second.done.wait()
        assert second.verdict == "pass", second.message


async def test_panic_takes_both_outputs():
    async with table(channel=FIRST, instruments=twins()) as lab:
        first, second = await both(lab)
        await lab.lab.panic("a person", "test")
        await first.done.wait()
        await second.done.wait()
        assert not supply(lab, "A").output
        assert not supply(lab, "B").output
        assert {first.ended_by, second.ended_by} == {"panic"}


async def test_a_lost_link_takes_both_outputs_and_both_runs():
    async with table(channel=FIRST, instruments=twins()) as lab:
        first, second = await both(lab)
        lab.devices.benches.get("A").bench.faults.link_lost = "supply"
        await lab.clock.sleep(1.0)
        lab.devices.benches.get("A").bench.faults.link_lost = "none"
        await first.done.wait()
        await second.done.wait()
        assert {first.verdict, second.verdict} <= {"fail", "error", "aborted"}
        await lab.clock.sleep(10.0)
        assert not supply(lab, "A").output
        assert not supply(lab, "B").output


async def test_both_channels_may_not_take_the_same_output():
    async with table(channel=FIRST, instruments=twins()) as lab:
        same = SECOND.replace("source_output: Ch2", "source_output: Ch1")
        add(lab, "CH2", same)
        first = await lab.start(flow("one", UP))
        with pytest.raises(Conflict) as refused:
            await lab.start(flow("two", UP, channel="CH2"))
        assert refused.value.error_code == "OWNED"
        assert refused.value.arguments["owner"] == first.owner


async def test_an_output_held_by_one_run_takes_no_write_of_a_rule():
    async with table(channel=FIRST, instruments=twins()) as lab:
        first, _ = await both(lab)
        origin = Origin(Priority.RULE, "rule:x")
        with pytest.raises(Conflict) as refused:
            await lab.gate.write(Command("PSU_01", "i_set", 0.5, origin))
        assert refused.value.arguments["owner"] == first.owner


def four():
    found = []
    for number, bench in enumerate(BENCHES, 1):
        found += [
            config(f"PSU_0{number}", "virtual_psu", 500, bench=bench, soc=0.1 + 0.2 * number),
            config(f"LOAD_0{number}", "virtual_load", 500, bench=bench),
            config(f"DMM_0{number}", "virtual_meter", 500, bench=bench),
        ]
    return found


def wire_all(lab):
    for number in (2, 3, 4):
        add(lab, f"CH{number}", wiring(number))


def begins(run):
    return run.step_rows()[0]["started"]


async def test_runs_that_start_together_begin_half_a_second_apart():
    async with table(channel=wiring(1), instruments=four()) as lab:
        wire_all(lab)
        for name in ("CH1", "CH2", "CH3"):
            lab.runs.channel(name)
        await lab.clock.sleep(15.0)
        runs = await asyncio.gather(
            *(lab.start(flow(f"f{n}", DOWN, channel=f"CH{n}")) for n in (1, 2, 3))
        )
        await asyncio.gather(*(run.done.wait() for run in runs))
        started = sorted(run.started for run in runs)
        gaps = [b - a for a, b in itertools.pairwise(started)]
        assert all(gap >= 0.5 - 1e-6 for gap in gaps), gaps


async def test_a_run_stopped_while_it_waits_for_its_turn_switches_nothing():
    async with table(channel=wiring(1), instruments=four()) as lab:
        wire_all(lab)
        await lab.clock.sleep(15.0)
        lab.runs._next_start = lab.clock.monotonic() + 60.0
        starting = asyncio.ensure_future(lab.start(flow("f1", DOWN)))
        await lab.clock.sleep(30.0)
        (run,) = lab.runs.active()
        await lab.runs.abort(run.id)
        with pytest.raises(Conflict):
            await starting
        assert not any(value is True for _, _, value, _ in lab.wires.log)
        assert lab.runs.holder("CH1") is None


MEET = "{sync: half, with: [%s], timeout: 20 min}"


@pytest.mark.parametrize("count", [False, True])
async def test_three_channels_meet_and_go_on_in_the_same_moment(count):
    async with table(channel=wiring(1), instruments=four()) as lab:
        wire_all(lab)
        runs = []
        for number in (1, 2, 3):
            others = ", ".join(f"CH{n}" for n in (1, 2, 3) if n != number)
            meet = "{sync: half, count: 3, timeout: 20 min}" if count else MEET % others
            rest = f"{{id: wait, rest: {number} min}}"
            last = "{id: after, rest: 1 min}"
            text = flow(f"f{number}", rest, meet, last, channel=f"CH{number}")
            runs.append(await lab.start(text))
        await asyncio.gather(*(run.done.wait() for run in runs))
        assert [run.verdict for run in runs] == ["pass"] * 3
        after = [next(r for r in run.step_rows() if r["step_id"] == "after") for run in runs]
        assert max(r["started"] for r in after) - min(r["started"] for r in after) < 1e-6


LATE = {
    "abort": ("on_timeout: abort", "error", False),
    "goes on": ("on_timeout: continue", "inconclusive", True),
    "goes on, failed": ("on_timeout: continue, verdict: fail", "fail", True),
}


@pytest.mark.parametrize("case", LATE)
async def test_a_channel_that_never_comes_is_told_by_verdict(case):
    how, verdict, goes_on = LATE[case]
    async with table(channel=wiring(1), instruments=four()) as lab:
        wire_all(lab)
        meet = MEET.replace("}", f", {how}}}") % "CH2, CH3"
        first = await lab.start(flow("f1", meet, "{id: after, rest: 1 min}"))
        meet = MEET % "CH1, CH3"
        second = await lab.start(flow("f2", "{id: wait, rest: 1 h}", meet, channel="CH2"))
        await first.done.wait()
        assert first.verdict == verdict, first.message
        assert goes_on is any(r["step_id"] == "after" for r in first.step_rows())
        assert second.is_active
        await lab.runs.abort(second.id)


async def test_a_queue_keeps_its_order_and_a_refused_run_makes_room_for_the_next():
    async with table(channel=wiring(1), instruments=four()) as lab:
        first = await lab.start(flow("f1", DOWN))
        pack = {"cell": "cells/inr18650-25r"}
        waiting = [
            await lab.start(flow(f"q{n}", DOWN), queue=True, bindings=pack) for n in (1, 2, 3)
        ]
        assert lab.runs.holder("CH1") == first.id
        assert lab.runs.queue("CH1") == waiting
        await lab.runs.stop_run(waiting[0].id)
        assert lab.runs.queue("CH1") == waiting[1:]
        assert (waiting[0].state, waiting[0].verdict) == ("finished", "aborted")
        original = lab.runs._inspector.inspect

        async def refusing(run, *more, **options):
            if run is waiting[1]:
                raise Rejected("not now", code="START_REFUSED")
            return await original(run, *more, **options)

        lab.runs._inspector.inspect = refusing
        await first.done.wait()
        await waiting[1].done.wait()
        await waiting[2].done.wait()
        assert (waiting[1].verdict, waiting[1].message) == ("error", "not now")
        assert waiting[2].verdict == "pass", waiting[2].message
        assert lab.runs.queue("CH1") == []


async def test_a_start_that_is_refused_lets_the_one_go_that_queued_behind_it():
    async with table(channel=wiring(1), instruments=four()) as lab:
        lab.bench.set_load(lab.clock.monotonic(), level=0.0, enabled=True)
        starting = asyncio.ensure_future(lab.start(flow("f1", DOWN)))
        await lab.clock.sleep(0.2)
        assert lab.runs.holder("CH1") is not None
        queued = await lab.start(flow("q1", DOWN), queue=True)
        with pytest.raises(Rejected):
            await starting
        lab.bench.set_load(lab.clock.monotonic(), enabled=False)
        await queued.done.wait()
        assert lab.runs.holder("CH1") is None


TAPER = "[{phase: cv, when: current < 0.2 C}, step.time > 4 h]"
CUTOFF = "[voltage <= 3 V, step.time > 2 h]"
CHECK = [
    f"{{id: fill, charge: {{current: 1 C, voltage: 4.2 V}}, until: {TAPER}}}",
    "{id: rest, rest: 5 min}",
    f"{{id: empty, discharge: {{current: 2 C}}, until: {CUTOFF}}}",
]


async def test_four_capacity_checks_at_once_count_each_their_own_cell():
    async with table(channel=wiring(1), instruments=four(), adaptive=True) as lab:
        wire_all(lab)
        cells = [lab.devices.benches.get(b).advanced()[0].cell for b in BENCHES]
        before = [(cell.charged_ah, cell.discharged_ah) for cell in cells]
        runs = [await lab.start(flow(f"f{n}", *CHECK, channel=f"CH{n}")) for n in (1, 2, 3, 4)]
        victim = runs[2]
        while lab.clock.monotonic() < 600.0:
            await lab.clock.sleep(60.0)
        lab.devices.benches.get("C").bench.faults.open_contact = True
        await asyncio.gather(*(run.done.wait() for run in runs))
        assert victim.verdict in {"fail", "error"}
        assert "_03" in victim.message
        for number, run in enumerate(runs):
            cell = lab.devices.benches.get(BENCHES[number]).advanced()[0].cell
            rows = run.step_rows()
            charged = sum(row["charge_ah"] for row in rows)
            drawn = sum(row["discharge_ah"] for row in rows)
            assert charged == pytest.approx(cell.charged_ah - before[number][0], rel=2e-3, abs=2e-3)
            assert drawn == pytest.approx(
                cell.discharged_ah - before[number][1], rel=2e-3, abs=2e-3
            )
            if run is not victim:
                assert (run.verdict, run.ended_by) == ("pass", "done"), run.message
                assert [row["step_id"] for row in rows] == ["fill", "rest", "empty"]
        filled = [run.step_rows()[0]["charge_ah"] for run in runs if run is not victim]
        assert filled == sorted(filled, reverse=True)  # 0.3, 0.5 and 0.9 full at the beginning
        assert lab.bus.tap_errors == 0
