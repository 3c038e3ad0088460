"""Steps whose level changes: ramps, and tables of time against a command."""

import pytest

from ionpy_auto.core.errors import Rejected
from tests.acceptance.runs.bench import CHANNEL, table

HEAD = """
version: 1
id: moving
cell: cells/inr18650-25r
channel: CH1
sequence:
"""
DRIVE = """time [s], current [A]
0, -2
10, -1
20, 1.5
40, 0
50, -0.5
60, 0
"""


def flow(step: str) -> str:
    return f"{HEAD}  - {step}\n"


async def run_to_end(lab, text):
    run = await lab.start(text)
    await run.done.wait()
    return run


def levels(lab, point):
    return [v for _, p, v, _ in lab.wires.log if p == point]


async def test_a_ramp_of_current_has_the_charge_of_its_area():
    async with table() as lab:
        step = "{id: r, ramp: {discharge: {current: {from: 0.5 A, to: 2.5 A}}, over: 2 min}}"
        run = await run_to_end(lab, flow(step))
        assert run.verdict == "pass", run.message
        row = lab.rows(run)[0]
        assert row["ended_by"] == "done"
        assert row["discharge_ah"] == pytest.approx(1.5 * 2 / 60, rel=0.02)
        seen = levels(lab, "LOAD_01.load_level")
        assert max(seen) == 2.5
        climbing = [v for v in seen if v >= 0.5][: seen.index(2.5) - 8]
        assert climbing == sorted(climbing)
        assert sum(1 for p in lab.wires.log if p[1:3] == ("LOAD_01.load_on", True)) == 1


async def test_a_ramp_of_power_at_a_rate_takes_its_time():
    async with table() as lab:
        run = await run_to_end(
            lab,
            flow("{id: r, ramp: {discharge: {power: [2 W, 8 W]}, rate: 0.1 W/s}}"),
        )
        assert run.verdict == "pass", run.message
        assert lab.rows(run)[0]["discharge_wh"] == pytest.approx(5.0 * 60 / 3600, rel=0.06)


async def test_a_ramp_of_voltage_charges_up_to_it():
    async with table(soc=0.5) as lab:
        step = (
            "{id: r, ramp: {charge: {voltage: [3.75 V, 3.85 V], current: 2 A}, over: 5 min},"
            " until: current > 1.9 A}"
        )
        run = await run_to_end(lab, flow(step))
        assert run.verdict == "pass", run.message
        volts = levels(lab, "PSU_01.v_set")
        assert volts[1:] == sorted(volts[1:])


async def test_a_ramp_goes_on_where_a_pause_left_it():
    async with table() as lab:
        step = "{id: r, ramp: {discharge: {current: [1 A, 3 A]}, over: 100 s}}"
        run = await lab.start(flow(step))
        await lab.clock.sleep(60.0)
        before = lab.bench.load.level
        lab.runs.pause(run.id)
        await lab.clock.sleep(60.0)
        assert not lab.bench.load.enabled
        await lab.runs.resume(run.id)
        await lab.clock.sleep(5.0)
        assert lab.bench.load.level == pytest.approx(before, abs=0.2)
        await run.done.wait()
        assert run.verdict == "pass", run.message


async def test_ramp_of_a_setting_is_still_the_action():
    async with table() as lab:
        run = await run_to_end(
            lab, flow("{id: r, ramp: {point: channel.source.i_set, to: 1 A, over: 10 s}}")
        )
        assert run.verdict == "pass"


async def test_a_profile_is_followed_in_both_directions():
    async with table() as lab:
        lab.site.profiles["drive"] = DRIVE
        run = await run_to_end(
            lab, flow("{id: p, profile: {file: drive, repeat: 3}, measure: {rms: step.rms_error}}")
        )
        assert run.verdict == "pass", run.message
        row = lab.rows(run)[0]
        out, into = 3 * (20 + 10 + 5) / 3600, 3 * 30 / 3600
        assert row["discharge_ah"] == pytest.approx(out, rel=0.12)
        assert row["charge_ah"] == pytest.approx(into, rel=0.15)
        assert row["figures"]["command_ah"] == pytest.approx(into - out, abs=1e-6)
        net = row["charge_ah"] - row["discharge_ah"]
        assert row["figures"]["deviation_ah"] == pytest.approx(net - (into - out), abs=1e-4)
        assert 0.0 < row["figures"]["rms_error"] < 0.8
        digest = run.columns()["trace"]["sources"]["drive"]
        assert len(digest) == 64


async def test_a_profile_in_one_direction_is_followed_closely():
    async with table() as lab:
        lab.site.profiles["steps"] = (
            "time [s], current [A]\n0, -1\n30, -2\n60, 0\n90, -1.5\n120, 0\n"
        )
        run = await run_to_end(lab, flow("{id: p, profile: {file: steps, scale: 0.5}}"))
        assert run.verdict == "pass", run.message
        row = lab.rows(run)[0]
        assert row["discharge_ah"] == pytest.approx(0.5 * (30 + 60 + 45) / 3600, rel=0.02)
        assert row["figures"]["rms_error"] < 0.01


async def test_a_power_profile_is_compared_in_energy():
    async with table() as lab:
        lab.site.profiles["watts"] = "time [s], power [W]\n0, -4\n60, -8\n120, 0\n"
        run = await run_to_end(lab, flow("{id: p, profile: watts}"))
        assert run.verdict == "pass", run.message
        figures = lab.rows(run)[0]["figures"]
        assert figures["command_wh"] == pytest.approx(-720 / 3600)
        assert abs(figures["deviation_wh"]) < 0.05 * 720 / 3600


async def test_a_channel_without_a_supply_clips_what_would_charge():
    only_load = CHANNEL.replace("source: PSU_01\n", "").replace("charge: PSU_01.i_out, ", "")
    async with table(channel=only_load) as lab:
        lab.site.profiles["drive"] = DRIVE
        with pytest.raises(Rejected) as refused:
            await lab.start(flow("{id: p, profile: drive}"))
        assert "no source" in refused.value.message
        run = await run_to_end(lab, flow("{id: p, profile: {file: drive, clip: charge}}"))
        assert run.verdict == "pass", run.message
        assert lab.rows(run)[0]["charge_ah"] == 0.0


async def test_a_segment_that_is_over_before_it_is_in_force_is_refused():
    async with table() as lab:
        lab.site.profiles["fast"] = "time [s], current [A]\n0, -1\n5, 1\n5.5, -1\n10, 0\n"
        with pytest.raises(Rejected) as refused:
            await lab.start(flow("{id: p, profile: fast}"))
        assert refused.value.error_code == "FLOW_INVALID"
        assert "0.5 s" in refused.value.message


async def test_errors_of_a_profile_point_into_its_file():
    async with table() as lab:
        lab.site.profiles["bad"] = "time [s], current [A]\n0, -1\n5, x\n"
        with pytest.raises(Rejected) as refused:
            await lab.start(flow("{id: p, profile: bad}"))
        found = refused.value.findings[0]
        assert (found.file, found.line, found.column) == ("bad", 3, 4)
        with pytest.raises(Rejected) as unknown:
            await lab.start(flow("{id: p, profile: nowhere}"))
        assert "no profile" in unknown.value.message
