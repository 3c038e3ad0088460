"""Starts that must be refused: each by its own code, and without a word to an output."""

import re
from dataclasses import replace
from pathlib import Path

import pytest

from ionpy_auto.automation.flow_reader import read_flow
from ionpy_auto.automation.sequences import prestart
from ionpy_auto.automation.sequences.limits import effective_limits
from ionpy_auto.automation.sequences.prestart.condition import Start
from ionpy_auto.automation.sequences.prestart.surroundings import check_surroundings
from ionpy_auto.core.errors import Rejected
from ionpy_auto.devices import Role, Toggle
from tests.acceptance.runs.bench import CHANNEL, config, table

FLOW = """
version: 1
id: there-and-back
cell: cells/inr18650-25r
channel: CH1
sequence:
  - {id: up, charge: {current: 1 A, voltage: 4.2 V}, until: step.time > 10 min}
  - {id: down, discharge: {current: 1 A}, until: [voltage <= 2.5 V, step.time > 10 min]}
"""
WATCHED_S = 15.0


def meter_error(lab, meter, **changes):
    lab.bench.set_meter_error(lab.clock.monotonic(), meter, **changes)


def fault(lab, name, value=True):
    lab.bench.set_fault(lab.clock.monotonic(), name, value)


async def refusal(lab, flow=FLOW):
    with pytest.raises(Rejected) as refused:
        await lab.start(flow)
    assert not [value for _, _, value, _ in lab.wires.log if value is True], "something went on"
    assert not lab.wires.log
    assert not lab.runs.active()
    assert lab.gate.leases.owner_of("PSU_01", "output") is None
    return refused.value


def codes(error):
    return error.arguments["codes"]


BROKEN = {
    "reversed": (lambda lab: fault(lab, "reversed_cell"), "CELL_REVERSED"),
    "no cell": (lambda lab: meter_error(lab, "cell_voltage", gain=-1.0), "CELL_MISSING"),
    "5.0 V": (
        lambda lab: meter_error(lab, "cell_voltage", offset=5.0 - lab.bench.cell.ocv),
        "VOLTAGE_OUT_OF_RANGE",
    ),
    "oscillating": (
        lambda lab: meter_error(lab, "cell_voltage", noise_rms=0.02),
        "VOLTAGE_UNSTABLE",
    ),
    "a probe at -191 °C": (lambda lab: fault(lab, "missing_probe"), "TEMP_IMPLAUSIBLE"),
    "a meter that shows no number": (
        lambda lab: fault(lab, "nan_reading", "meter"),
        "SENSOR_INVALID",
    ),
    "a supply that shows no number": (
        lambda lab: fault(lab, "nan_reading", "supply"),
        "SENSOR_INVALID",
    ),
    "a sense lead 100 mV wrong": (
        lambda lab: meter_error(lab, "cell_voltage", offset=0.3),
        "METERS_DISAGREE",
    ),
    "a current that flows although all is off": (
        lambda lab: meter_error(lab, "load_current", offset=0.05),
        "CURRENT_NOT_ZERO",
    ),
    "an output somebody left on": (
        lambda lab: lab.bench.set_supply(lab.clock.monotonic(), v_set=4, i_set=0.1, output=True),
        "OUTPUT_ON",
    ),
    "a meter that does not answer": (lambda lab: fault(lab, "link_lost", "meter"), "NOT_FRESH"),
}


@pytest.mark.parametrize("name", BROKEN)
async def test_a_broken_bench_is_refused_by_its_own_code(name):
    breaks, code = BROKEN[name]
    async with table() as lab:
        breaks(lab)
        await lab.clock.sleep(WATCHED_S)
        error = await refusal(lab)
        assert codes(error)[0] == code, error.message
        assert error.hint


async def test_a_sound_bench_says_every_condition_with_code_and_value():
    async with table() as lab:
        run = await lab.start(FLOW)
        said = {check["code"]: check for check in run.checks}
        for code in (
            *("VOLTAGE_OUT_OF_RANGE", "VOLTAGE_UNSTABLE", "TEMP_IMPLAUSIBLE", "METERS_DISAGREE"),
            *("CURRENT_NOT_ZERO", "SENSE_SLOW", "OUTPUT_ON", "TRIPPED", "NO_CUTOFF"),
            *("LOAD_MINIMUM", "CLOCK_JUMPED"),
        ):
            assert said[code]["ok"] is True, said[code]
            assert said[code]["value"] is not None
            assert said[code]["text"]
        await lab.runs.abort(run.id)
        await run.done.wait()


async def test_a_cell_that_only_just_came_is_watched_for_ten_seconds_first():
    async with table() as lab:
        meter_error(lab, "cell_voltage", noise_rms=0.02)
        began = lab.clock.monotonic()
        assert codes(await refusal(lab)) == ["VOLTAGE_UNSTABLE"]
        assert lab.clock.monotonic() - began >= 8.0


async def test_a_meter_that_froze_while_the_cell_moved_is_told_from_one_that_is_wrong():
    async with table(soc=0.3) as lab:
        fault(lab, "sensor_frozen")
        await lab.clock.sleep(1.0)
        # Somebody charges the cell by hand, and takes his leads off again.
        lab.bench.set_supply(lab.clock.monotonic(), v_set=4.2, i_set=6.0, output=True)
        await lab.clock.sleep(1800.0)
        lab.bench.set_supply(lab.clock.monotonic(), output=False)
        await lab.clock.sleep(30.0)
        assert "SENSOR_FROZEN" in codes(await refusal(lab))


@pytest.mark.parametrize(
    ("point", "value", "code"),
    [
        ("PSU_01.boot_power", True, "POWER_UP_ON"),
        ("PSU_01.keypad_lock", False, "KEYPAD_UNLOCKED"),
    ],
)
async def test_a_supply_that_powers_up_on_or_has_live_keys_is_refused(point, value, code):
    psu = config("PSU_01", "virtual_psu", 500, soc=0.5)
    others = [config("LOAD_01", "virtual_load", 500), config("DMM_01", "virtual_meter", 500)]
    async with table(instruments=[psu, *others]) as lab:
        with_setting(lab, point, value)
        await lab.clock.sleep(WATCHED_S)
        assert codes(await refusal(lab)) == [code]


def with_setting(lab, point, value):
    """Give a device a setting that its virtual model lacks."""
    device, _, key = point.rpartition(".")
    role = Role.POWER_UP_OUTPUT if key == "boot_power" else Role.KEYPAD_LOCK
    stack = lab.devices.stack(device)
    stack.driver.entities[key] = Toggle(id=key, role=role)
    look = stack.driver.look
    stack.driver.look = lambda: {**look(), key: value}
    stack.reslot()


async def test_live_keys_may_be_accepted_in_the_channel_file():
    async with table(channel=f"{CHANNEL}accept: [unlocked_keypad]\n") as lab:
        with_setting(lab, "PSU_01.keypad_lock", value=False)
        await lab.clock.sleep(WATCHED_S)
        run = await lab.start(FLOW)
        assert next(c for c in run.checks if c["code"] == "KEYPAD_UNLOCKED")["ok"] is None
        await lab.runs.abort(run.id)
        await run.done.wait()


AMBIENT = CHANNEL.replace("place: can", "place: can, ambient: ROOM.ambient")


async def test_a_cell_that_is_warmer_than_its_surroundings_is_refused():
    async with table(channel=AMBIENT) as lab:
        await lab.devices.add(config("ROOM", "virtual_bench", 500))
        await lab.clock.sleep(WATCHED_S)
        lab.bench.cell.temperature_c += 6.0
        await lab.clock.sleep(1.0)
        error = await refusal(lab)
        assert codes(error) == ["TEMP_NOT_AMBIENT"]
        await lab.devices.remove("ROOM")
        await lab.clock.sleep(3600.0)
        assert codes(await refusal(lab)) == ["AMBIENT_UNKNOWN"]


async def test_a_load_that_cannot_draw_its_current_at_the_cutoff_is_refused_before_it_hangs_there():
    async with table() as lab:
        lab.devices.stack("LOAD_01").driver.MINIMUM_INPUT = replace(
            lab.devices.stack("LOAD_01").driver.MINIMUM_INPUT, volts=75.0
        )
        error = await refusal(lab)
        assert codes(error) == ["LOAD_MINIMUM"]
        assert "'down'" in error.message
        assert "2.5 V" in error.message


async def test_an_overdue_calibration_is_said_and_refuses_nothing():
    async with table() as lab:
        stack = lab.devices.stack("DMM_01")
        stack.config = stack.config.model_validate(
            {**stack.config.as_dict(), "calibration": {"date": "2024-01-01", "due": "2024-06-30"}}
        )
        run = await lab.start(FLOW)
        check = next(c for c in run.checks if c["code"] == "CALIBRATION_OVERDUE")
        assert (check["ok"], check["value"]) == (None, "2024-06-30")
        await lab.runs.abort(run.id)
        await run.done.wait()


async def test_a_clock_that_jumped_refuses_once_so_that_somebody_looks():
    async with table() as lab:
        lab.clock.step_utc(3600.0)
        assert codes(await refusal(lab)) == ["CLOCK_JUMPED"]
        run = await lab.start(FLOW)
        await lab.runs.abort(run.id)
        await run.done.wait()


async def test_the_meter_at_the_cell_is_asked_faster_while_a_run_lasts_and_as_before_after_it():
    slow = [
        config("PSU_01", "virtual_psu", 500, soc=0.5),
        config("LOAD_01", "virtual_load", 500),
        config("DMM_01", "virtual_meter", 2000),
    ]
    async with table(instruments=slow) as lab:
        run = await lab.start(FLOW)
        await lab.clock.sleep(20.0)
        assert lab.devices.stack("DMM_01").interval_s == 0.5
        before = lab.devices.stack("DMM_01").counters["polls"]
        await lab.clock.sleep(10.0)
        assert lab.devices.stack("DMM_01").counters["polls"] - before >= 20
        await lab.runs.abort(run.id)
        await run.done.wait()
        assert lab.devices.stack("DMM_01").interval_s == 2.0


async def test_a_meter_too_slow_for_the_limits_is_refused():
    async with table() as lab:
        driver = lab.devices.stack("DMM_01").driver
        look = driver.poll

        async def slow():
            await lab.clock.sleep(0.8)
            return await look()

        driver.poll = slow
        await lab.clock.sleep(WATCHED_S)
        assert codes(await refusal(lab)) == ["SENSE_SLOW"]


@pytest.mark.parametrize(
    ("name", "known", "refused"),
    [
        ("all is well", {"free_bytes": 10**9, "duration_s": 3600.0, "last_stamp": 0.0}, []),
        ("no room for a month", {"free_bytes": 10**9, "duration_s": 30 * 86_400.0}, ["DISK_FULL"]),
        ("no room at all", {"free_bytes": 10**8, "duration_s": 60.0}, ["DISK_FULL"]),
        ("nobody knows how long", {"free_bytes": 2 * 10**8, "duration_s": None}, ["DISK_FULL"]),
        ("a clock behind the record", {"last_stamp": 2e9}, ["CLOCK_BEHIND"]),
        ("a clock that jumped back", {"clock_step": -60.0}, ["CLOCK_JUMPED"]),
    ],
)
async def test_clock_and_disk_must_do_for_the_whole_run(name, known, refused):
    async with table() as lab:
        flow = read_flow(FLOW, "t.yaml", lab.site)[0]
        limits = effective_limits(flow.names.cell, flow.names.channel, "CH1")
        channel = lab.runs.channel("CH1")
        start = Start(channel=channel, flow=flow, limits=limits, window=lambda *_: None, **known)
        checks = check_surroundings(start)
        assert [c.code for c in checks if not c.ok] == refused, name
        assert all(c.text and c.hint for c in checks)


def test_every_code_of_a_refused_start_is_explained():
    explained = Path("docs/reference/runs.md").read_text(encoding="utf-8")
    folder = Path(prestart.__file__).parent
    texts = [file.read_text(encoding="utf-8") for file in folder.glob("*.py")]
    said = {code for text in texts for code in re.findall(r'"([A-Z]{2,}(?:_[A-Z]+)*)"', text)}
    assert {"CELL_REVERSED", "DISK_FULL"} <= said
    assert [code for code in sorted(said - {"STOPPED"}) if f"`{code}`" not in explained] == []
