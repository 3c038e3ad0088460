"""Pulses and resistances on the virtual bench, against the cell model's own numbers."""

from math import exp

import pytest

from ionpy_auto.core.errors import Rejected
from tests.acceptance.runs.bench import table

HEAD = """
version: 1
id: resistance
cell: cells/inr18650-25r
channel: CH1
sequence:
"""


def true_ohm(cell, seconds, amps, sign):
    """What the model's voltage moves by after so long a pulse from rest, per ampere."""
    p = cell.parameters
    ohm = p.r0_ohm + sum(r * (1.0 - exp(-seconds / (r * c))) for r, c in (p.rc1, p.rc2))
    soc = cell.soc + sign * amps * seconds / 3600.0 / p.capacity_ah
    return ohm + abs(p.ocv.voltage(soc) - p.ocv.voltage(cell.soc)) / amps


async def _run(flow, **bench):
    async with table(**bench) as lab:
        cell = lab.bench.cell
        before = {sign: [true_ohm(cell, t, 2.5, sign) for t in (1.0, 10.0)] for sign in (-1, 1)}
        run = await lab.start(HEAD + flow)
        await run.done.wait()
        intervals = {s.grid_s for s in lab.devices.stacks.values()}
        return run, lab.rows(run), before, intervals


@pytest.mark.parametrize("adaptive", [False, True], ids=["every poll", "few polls"])
async def test_resistances_at_1_s_and_10_s_agree_with_the_model_within_2_percent(adaptive):
    run, rows, true, intervals = await _run(
        "  - id: r\n"
        "    pulse: {discharge: 2.5 A, charge: 2.5 A, for: 10 s, rest: 30 min}\n"
        "    measure:\n"
        "      one: {value: step.dcir_1s, max: 30 mΩ}\n"
        "      ten: step.dcir_charge_10s\n",
        adaptive=adaptive,
    )
    assert (run.verdict, run.message) == ("pass", "")
    found = {(r["direction"], r["at_s"]): r["ohm"] for r in rows[0]["dcir"]}
    for direction, sign in (("discharge", -1), ("charge", 1)):
        for at, ohm in zip((1.0, 10.0), true[sign], strict=True):
            assert found[direction, at] == pytest.approx(ohm, rel=0.02)
    assert {r["reason"] for r in rows[0]["dcir"]} == {""}
    assert all(9.0 < r["rate_hz"] < 11.0 for r in rows[0]["dcir"])
    assert rows[0]["measures"][1]["value"] == found["charge", 10.0]
    assert intervals == {0.5}  # polls are as slow again as they were configured


async def test_a_pulse_of_1_s_at_2_hz_is_inconclusive():
    run, rows, _, _ = await _run(
        "  - {id: r, dcir: {current: 1 C, for: 1 s, at: 1 s, poll: 500 ms, rest: 5 s}}\n"
    )
    assert run.verdict == rows[0]["verdict"] == "inconclusive"
    (row,) = rows[0]["dcir"]
    assert row["ohm"] is None
    assert "fewer than 10 samples" in row["reason"]


async def test_iec_61960_reads_the_slope_between_its_two_levels():
    run, rows, _, _ = await _run("  - {id: r, dcir: {method: iec61960}}\n")
    assert run.verdict == "pass", run.message
    (row,) = rows[0]["dcir"]
    assert row["method"] == "iec61960"
    # R0, what the fast pair adds in its second, and what the first level still drifts.
    assert row["ohm"] == pytest.approx(0.0211, rel=0.05)


async def test_titration_steps_end_by_the_voltage_with_the_output_off():
    run, rows, _, _ = await _run(
        "  - id: gitt\n"
        "    pulse: {discharge: 1 C, for: 2 min, rest: 1 min, repeat: 40}\n"
        "    until: {name: empty, when: voltage <= 3.2 V}\n",
        soc=0.2,
    )
    row = rows[0]
    assert run.verdict == "pass", run.message
    assert row["ended_by"] == "empty"
    pulses = len(row["dcir"]) / 2
    assert 2 <= pulses < 20
    # Each pulse takes its 2 min; the last one is cut short by the end.
    whole = 2.5 * 120.0 / 3600.0
    assert (pulses - 1) * whole * 0.99 < row["discharge_ah"] < pulses * whole * 1.02


async def test_a_pause_begins_the_pulse_anew_from_its_rest():
    async with table() as lab:
        run = await lab.start(HEAD + "  - {id: r, dcir: {current: 1 C, rest: 20 s}}\n")
        await lab.clock.sleep(30.0)
        lab.runs.pause(run.id)
        await lab.clock.sleep(60.0)
        assert run.state == "paused"
        assert not any(lab.devices.stack(d).slots[k].known for d, k in OUTPUTS)
        lab.runs.resume(run.id)
        await run.done.wait()
        row = lab.rows(run)[0]
        assert run.verdict == "pass", run.message
        assert [r["at_s"] for r in row["dcir"]] == [1.0, 10.0]
        assert row["duration_s"] > 50.0


OUTPUTS = (("PSU_01", "output"), ("LOAD_01", "load_on"))


async def test_resistances_of_marked_pulses_stand_in_the_row_of_their_cycle():
    flow = (
        "  - {id: up, charge: {current: 1 A, voltage: 4.2 V}, until: step.time > 2 min}\n"
        "  - {id: r, dcir: {current: 1 C, rest: 5 s}}\n"
        "  - {id: down, discharge: 1 A, until: step.time > 2 min}\n"
    )
    run, _, _, _ = await _run(flow)
    (cycle,) = run.cycles
    assert [(r["step"], r["at_s"]) for r in cycle["dcir"]] == [("r", 1.0), ("r", 10.0)]
    assert all(r["ohm"] > 0.02 for r in cycle["dcir"])


@pytest.mark.parametrize(
    ("step", "code"),
    [
        ("pulse: {for: 10 s, rest: 10 s}", "missing-key"),
        ("pulse: {discharge: 1 C, rest: 10 s}", "missing"),
        ("dcir: {for: 10 s}", "missing-key"),
        ("pulse: {discharge: 30 A, for: 10 s, rest: 10 s}", "above-limit"),
        ("dcir: {current: 1 C, poll: 1 ms}", "range"),
    ],
)
async def test_a_pulse_that_cannot_be_meant_is_refused(step, code):
    async with table() as lab:
        with pytest.raises(Rejected) as caught:
            await lab.start(f"{HEAD}  - {{id: r, {step}}}\n")
        found = [finding.code for finding in caught.value.findings]
        assert any(code in one for one in found), found
