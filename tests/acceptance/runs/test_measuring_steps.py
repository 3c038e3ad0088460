"""Steps around the test itself: precharge, soak, relay, contacts, a rest until it is stable."""

import pytest

from ionpy_auto.core.commands import Command, Origin, Priority, Role
from ionpy_auto.core.errors import IonpyError, Rejected
from ionpy_auto.storage.database import Database
from tests.acceptance.runs.bench import CHANNEL, config, table

HEAD = """
version: 1
id: around
cell: cells/inr18650-25r
channel: CH1
sequence:
"""
CHARGE = "  - {id: up, charge: {current: 1 C, voltage: 4.2 V}, until: step.time > 20 min}\n"


async def _run(flow, **bench):
    async with table(**bench) as lab:
        run = await lab.start(HEAD + flow)
        await run.done.wait()
        return run, lab.rows(run), lab.wires.log


# --- precharge -----------------------------------------------------------------------------


async def test_a_charge_of_a_deeply_discharged_cell_begins_with_its_precharge():
    run, (row,), log = await _run(CHARGE, soc=0.002)
    assert run.verdict == "pass", run.message
    assert row["v_start"] < 3.0
    assert row["figures"]["precharged"] > 10.0
    set_to = [value for _, point, value, _ in log if point == "PSU_01.i_set"]
    assert 0.25 in set_to
    assert set_to.index(0.25) < set_to.index(2.5)


async def test_a_charge_of_a_healthy_cell_is_not_precharged():
    _, (row,), log = await _run(CHARGE, soc=0.5)
    assert row["figures"] == {}
    assert 0.25 not in [value for _, point, value, _ in log if point == "PSU_01.i_set"]


async def test_precharge_as_a_step_ends_at_its_voltage_and_leaves_other_cells_alone():
    flow = "  - {id: pre, precharge: {}}\n"
    _, (row,), _ = await _run(flow, soc=0.002)
    assert row["ended_by"] == "done"
    assert row["charge_ah"] > 0.0
    _, (row,), _ = await _run(flow, soc=0.5)
    assert (row["ended_by"], row["charge_ah"]) == ("not_needed", 0.0)


async def test_a_cell_that_does_not_come_up_in_time_breaks_the_run_off():
    flow = "  - {id: pre, precharge: {max: 5 s}}\n" + CHARGE
    run, rows, _ = await _run(flow, soc=0.001)
    assert (run.verdict, run.ended_by) == ("error", "precharge_timeout")
    assert "3 V" in run.message
    assert [row["step_id"] for row in rows] == ["pre"]


# --- rest until stable, soak -----------------------------------------------------------------


async def test_a_rest_ends_when_the_voltage_is_stable_and_not_before_the_span_is_full():
    flow = (
        "  - {id: down, discharge: 2 A, until: step.time > 10 min}\n"
        '  - {id: relax, rest: 5 h, until: {name: flat, when: "stable(voltage, 1 mV, 10 min)"}}\n'
    )
    _, rows, _ = await _run(flow, poll_ms=2000)
    relax = rows[1]
    assert relax["ended_by"] == "flat"
    # The slow pair (6 min, 36 mV at 2 A) is within 1 mV of its end for the last 10 min.
    assert 600.0 < relax["duration_s"] < 2 * 3600.0


SOAK = HEAD + (
    "  - id: warm\n"
    "    soak: {chamber: CHAMBER_01.set_temperature, temp: 35 °C, within: 1 K, for: 10 min,"
    " timeout: $longest}\n"
)


@pytest.mark.parametrize(
    ("longest", "ended_by", "verdict"), [("5 h", "soaked", "pass"), ("8 min", "timeout", "fail")]
)
async def test_soak_waits_until_the_cell_has_the_chambers_temperature(longest, ended_by, verdict):
    instruments = [
        config("PSU_01", "virtual_psu", 1000),
        config("LOAD_01", "virtual_load", 1000),
        config("DMM_01", "virtual_meter", 1000),
        config("CHAMBER_01", "virtual_chamber", 1000),
    ]
    async with table(instruments=instruments) as lab:
        person = Origin(Priority.OPERATOR, "person", Role.OPERATOR)
        await lab.gate.write(Command("CHAMBER_01", "run", True, person))
        run = await lab.start(SOAK.replace("$longest", longest))
        await run.done.wait()
        (row,) = lab.rows(run)
        assert (row["ended_by"], row["verdict"]) == (ended_by, verdict)


# --- relay ----------------------------------------------------------------------------------


async def test_connect_and_disconnect_move_the_relay_with_outputs_off():
    instruments = [
        config("PSU_01", "virtual_psu", 500),
        config("LOAD_01", "virtual_load", 500),
        config("DMM_01", "virtual_meter", 500),
        config("RELAY_01", "virtual_relay", 500),
    ]
    channel = CHANNEL.replace(
        "isolation: none", "isolation: relay\nrelay: {point: RELAY_01.closed}"
    )
    flow = (
        "  - connect\n"
        "  - {id: up, charge: {current: 1 A, voltage: 4.2 V}, until: step.time > 1 min}\n"
        "  - disconnect\n"
        "  - {id: relax, rest: 1 min}\n"
    )
    async with table(instruments=instruments, channel=channel) as lab:
        run = await lab.start(HEAD + flow)
        await run.done.wait()
        assert run.verdict == "pass", run.message
        moves = [
            (p, v) for _, p, v, _ in lab.wires.log if p in {"RELAY_01.closed", "PSU_01.output"}
        ]
        closed, opened = moves.index(("RELAY_01.closed", True)), ("RELAY_01.closed", False)
        assert closed < moves.index(("PSU_01.output", True))
        assert opened in moves[moves.index(("PSU_01.output", True)) :]


# --- contacts ---------------------------------------------------------------------------------

CONTACT = HEAD + "  - contact_check\n  - {id: relax, rest: 1 s}\n"


async def test_contacts_are_compared_with_the_last_passed_check_of_the_channel(tmp_path):
    opened = {}

    def kit(clock, bus):
        del bus
        opened["database"] = Database(tmp_path / "data.db", clock, synchronous="NORMAL")
        return {"database": opened["database"]}

    async with table(kit=kit, opened=opened) as lab:
        first = await lab.start(CONTACT)
        await first.done.wait()
        assert first.verdict == "pass", first.message
        found = lab.rows(first)[0]["figures"]
        assert 0.0 <= found["r_path"] < 0.1
        assert found["r_cell"] == pytest.approx(0.022, rel=0.2)
        again = await lab.start(CONTACT)
        await again.done.wait()
        assert again.verdict == "pass", again.message

        bench, _ = lab.devices.benches.get("A").advanced()
        bench.faults.extra_ohm = 0.2
        worse = await lab.start(CONTACT)
        await worse.done.wait()
        assert (worse.verdict, worse.ended_by) == ("error", "bad_contact")
        assert "last time" in worse.message
        assert [row["step_id"] for row in lab.rows(worse)] == ["contact_check-1"]
        assert lab.rows(worse)[0]["verdict"] == "error"


# --- the cell's own capacity ------------------------------------------------------------------

MEASURES = HEAD + (
    "  - id: down\n"
    "    discharge: 1 C\n"
    "    until: step.time > 12 min\n"
    "    measure: {capacity: step.ah}\n"
)


async def test_rates_follow_the_last_measured_capacity_of_the_cell(tmp_path):
    opened = {}

    def kit(clock, bus):
        del bus
        opened["database"] = Database(tmp_path / "data.db", clock, synchronous="NORMAL")
        return {"database": opened["database"]}

    async with table(kit=kit, opened=opened) as lab:
        mine = {"cell_id": "C-7", "batch": "B2", "mass": "44.9 g"}
        with pytest.raises(Rejected) as refused:
            await lab.start(MEASURES, bindings={**mine, "capacity": "measured"})
        assert refused.value.error_code == "NOT_MEASURED"
        nominal = await lab.start(MEASURES, bindings=mine)
        await nominal.done.wait()
        assert nominal.bindings["capacity_ah"] == 2.5
        first = lab.rows(nominal)[0]["measures"][0]["value"]
        assert first == pytest.approx(0.5, rel=0.02)
        assert (await lab.runs.journal.measured("C-7", "capacity"))["run"] == nominal.id
        assert await lab.runs.journal.measured("C-8", "capacity") is None

        await lab.clock.sleep(1800.0)  # a moving cell is not started
        again = await lab.start(MEASURES, bindings={**mine, "capacity": "measured"})
        await again.done.wait()
        assert again.verdict == "pass", again.message
        assert again.bindings == {
            **mine,
            "capacity": "measured",
            "capacity_ah": first,
            "channel": "CH1",
        }
        assert (await lab.runs.journal.run(again.id))["bindings"] == again.bindings
        assert lab.rows(again)[0]["measures"][0]["value"] == pytest.approx(first / 5.0, rel=0.02)

        await lab.clock.sleep(1800.0)
        written = await lab.start(MEASURES, bindings={"capacity": "1.25 Ah"})
        await written.done.wait()
        assert written.bindings["capacity_ah"] == 1.25


@pytest.mark.parametrize(
    ("bindings", "code"),
    [
        ({"capacity": "measured"}, "NO_CELL_ID"),
        ({"colour": "red"}, "UNKNOWN_BINDING"),
        ({"capacity": "much"}, "BAD_INPUT"),
        ({"capacity": "0 Ah"}, "BAD_INPUT"),
    ],
)
async def test_a_binding_that_cannot_be_meant_is_refused(bindings, code):
    async with table() as lab:
        with pytest.raises(IonpyError) as refused:
            await lab.start(MEASURES, bindings=bindings)
        assert refused.value.error_code == code
