"""``cross_check``: supply into load without the cell, and what becomes of its result."""

import pytest

from ionpy_auto.core.commands import Command, Origin, Priority
from ionpy_auto.core.errors import Conflict, Rejected
from ionpy_auto.storage.database import Database
from tests.acceptance.runs.bench import CHANNEL, config, table

RELAY = CHANNEL.replace("isolation: none", "isolation: relay\nrelay: {point: RLY_01.closed}")
CORRECTED = RELAY.replace(
    "discharge: LOAD_01.load_i}", "discharge: LOAD_01.load_i, corrected: true}"
)
HEAD = "version: 1\nid: compare\ncell: cells/inr18650-25r\nchannel: CH1\nsequence:\n"
COMPARE = HEAD + "  - {id: compare, cross_check: [0.5 A, 1 A, 2 A]}\n"
DOWN = HEAD + "  - {id: down, discharge: {current: 1 A}, until: step.time > 10 min}\n"


def relayed(relay=True):
    found = [
        config("PSU_01", "virtual_psu", 500, soc=0.5),
        config("LOAD_01", "virtual_load", 500),
        config("DMM_01", "virtual_meter", 500),
    ]
    return [*found, config("RLY_01", "virtual_relay", 500)] if relay else found


def wrong(lab, gain=0.0, offset=0.0):
    lab.bench.set_meter_error(lab.clock.monotonic(), "load_current", gain=gain, offset=offset)


async def finished(lab, text):
    run = await lab.start(text)
    await run.done.wait()
    return run


async def test_gain_and_offset_of_the_meters_are_found_without_touching_the_cell():
    async with table(channel=RELAY, instruments=relayed()) as lab:
        wrong(lab, gain=0.02, offset=0.005)
        cell = lab.bench.cell
        before = cell.charged_ah, cell.discharged_ah
        both = []
        original = type(lab.bench).set_load

        def watched(self, mono, **changes):
            original(self, mono, **changes)
            both.append((self.supply.output, self.load.enabled, self.relay_closed))

        type(lab.bench).set_load = watched
        try:
            run = await finished(lab, COMPARE)
        finally:
            type(lab.bench).set_load = original
        assert run.verdict == "pass", run.message
        (row,) = run.step_rows()
        # The load's meter shows 1.02 I + 5 mA: the supply's is that less the offset, by 1.02.
        assert row["figures"]["gain"] == pytest.approx(1 / 1.02, abs=2e-3)
        assert row["figures"]["offset"] == pytest.approx(-0.005 / 1.02, abs=2e-3)
        assert (True, True, False) in both
        assert (True, True, True) not in both
        cell = lab.bench.cell
        assert (cell.charged_ah, cell.discharged_ah) == pytest.approx(before, abs=1e-9)
        assert row["charge_ah"] == row["discharge_ah"] == 0.0
        assert not lab.bench.supply.output
        assert not lab.bench.load.enabled


async def test_a_relay_that_closes_meanwhile_breaks_the_run_off():
    async with table(channel=RELAY, instruments=relayed()) as lab:
        run = await lab.start(COMPARE)
        while not (lab.bench.supply.output and lab.bench.load.enabled):
            await lab.clock.sleep(0.05)
        await lab.clock.sleep(1.0)
        lab.bench.set_relay(lab.clock.monotonic(), closed=True)
        await run.done.wait()
        assert run.verdict in {"fail", "error"}
        assert not lab.bench.supply.output
        assert not lab.bench.load.enabled
        assert not lab.runs.channels["CH1"].comparing


async def test_outside_the_step_both_outputs_stay_exclusive_also_with_an_open_relay():
    async with table(channel=RELAY, instruments=relayed()) as lab:
        await finished(lab, COMPARE)
        operator = Origin(Priority.OPERATOR, "person")
        await lab.gate.write(Command("PSU_01", "output", True, operator))
        second = Command("LOAD_01", "load_on", True, operator)
        with pytest.raises(Conflict) as refused:
            await lab.gate.write(second)
        assert refused.value.error_code == "INTERLOCK"


async def test_without_a_relay_the_flow_is_refused():
    async with table(instruments=relayed(relay=False)) as lab:
        with pytest.raises(Rejected) as refused:
            await lab.start(COMPARE)
        assert [f.code for f in refused.value.findings] == ["no-relay"]


async def test_a_relay_that_is_welded_is_noticed_at_the_cell():
    async with table(channel=RELAY, instruments=relayed()) as lab:
        driver = lab.devices.stack("RLY_01").driver
        look = driver.look
        driver.look = lambda: {**look(), "closed": False}
        lab.bench.set_relay(lab.clock.monotonic(), closed=True)
        await lab.clock.sleep(15.0)
        run = await finished(lab, COMPARE)
        assert run.verdict in {"fail", "error"}
        assert not lab.bench.supply.output
        assert not lab.bench.load.enabled


async def test_meters_that_disagree_too_much_fail_the_step():
    async with table(channel=RELAY, instruments=relayed()) as lab:
        wrong(lab, gain=0.10)
        run = await finished(lab, COMPARE)
        assert (run.verdict, run.ended_by) == ("error", "meters_disagree")
        assert not lab.bench.supply.output


def kept(tmp_path):
    opened = {}

    def kit(clock, bus):
        del bus
        opened["database"] = Database(tmp_path / "data.db", clock, synchronous="NORMAL")
        return {"database": opened["database"]}

    return {"kit": kit, "opened": opened}


async def test_a_correction_is_needed_and_applied_where_the_channel_file_names_it(tmp_path):
    async with table(channel=CORRECTED, instruments=relayed(), **kept(tmp_path)) as lab:
        wrong(lab, gain=0.02)
        with pytest.raises(Rejected) as refused:
            await lab.start(DOWN)
        assert refused.value.arguments["codes"] == ["NO_CROSS_CHECK"]
        assert (await finished(lab, COMPARE)).verdict == "pass"
        before = lab.bench.cell.discharged_ah
        run = await finished(lab, DOWN)
        assert run.verdict == "pass", run.message
        drawn = lab.bench.cell.discharged_ah - before
        assert run.step_rows()[0]["discharge_ah"] == pytest.approx(drawn, rel=3e-3)
        check = next(c for c in run.checks if c["name"] == "cross check")
        assert check["value"] == pytest.approx(1 / 1.02, abs=2e-3)


async def test_a_correction_that_nobody_names_changes_nothing(tmp_path):
    async with table(channel=RELAY, instruments=relayed(), **kept(tmp_path)) as lab:
        wrong(lab, gain=0.02)
        assert (await finished(lab, COMPARE)).verdict == "pass"
        before = lab.bench.cell.discharged_ah
        run = await finished(lab, DOWN)
        drawn = lab.bench.cell.discharged_ah - before
        assert run.step_rows()[0]["discharge_ah"] == pytest.approx(1.02 * drawn, rel=3e-3)
