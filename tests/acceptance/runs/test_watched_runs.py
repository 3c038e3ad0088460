"""What goes wrong while an output is on trips the run by its own name, in time."""

import pytest

from ionpy_auto.physics import Wiring
from tests.acceptance.runs.bench import CHANNEL, table

FLOW = """
version: 1
id: watched
cell: cells/inr18650-25r
channel: CH1
sequence:
  - {id: up, charge: {current: 1 A, voltage: 4.2 V}, until: step.time > 3 h}
  - {id: down, discharge: {current: 1 A}, until: step.time > 3 h}
"""
POLL_S = 0.5
TWO_POLLS = 2 * POLL_S + 0.5
LEADS = CHANNEL.replace("back_check: 200 mV", "back_check: 50 mV")


def is_off(lab):
    return not lab.bench.supply.output and not lab.bench.load.enabled


async def running(lab, side="up", seconds=60.0):
    run = await lab.start(FLOW)
    await lab.clock.sleep(seconds)
    if side == "down":
        lab.runs.skip(run.id)
        await lab.clock.sleep(seconds)
    assert run.state == "running", run.message
    assert run.step.node.id == side
    return run


def fault(lab, name, value):
    lab.bench.set_fault(lab.clock.monotonic(), name, value)


def drift(lab, meter, offset):
    lab.bench.set_meter_error(lab.clock.monotonic(), meter, offset=offset)


TROUBLES = {
    "the current limit turned at the front panel": (
        "up",
        lambda lab: lab.bench.set_supply(lab.clock.monotonic(), i_set=0.5),
        "foreign-change",
    ),
    "the voltage turned up at the front panel": (
        "up",
        lambda lab: lab.bench.set_supply(lab.clock.monotonic(), v_set=4.5),
        "foreign-change",
    ),
    "the output switched off at the front panel": (
        "up",
        lambda lab: lab.bench.set_supply(lab.clock.monotonic(), output=False),
        "foreign-change",
    ),
    "the level of the load turned at its front panel": (
        "down",
        lambda lab: lab.bench.set_load(lab.clock.monotonic(), level=2.0),
        "foreign-change",
    ),
    "a contact 100 mΩ worse in a charge": (
        "up",
        lambda lab: fault(lab, "extra_ohm", 0.1),
        "back-check",
    ),
    "a contact 100 mΩ worse in a discharge": (
        "down",
        lambda lab: fault(lab, "extra_ohm", 0.1),
        "back-check",
    ),
    "a supply that gives 0.5 A more": (
        "up",
        lambda lab: drift(lab, "psu_current", 0.5),
        "not-regulating",
    ),
    "a load that draws 0.5 A less": (
        "down",
        lambda lab: drift(lab, "load_current", -0.5),
        "not-regulating",
    ),
    "a voltage that jumps": ("up", lambda lab: drift(lab, "cell_voltage", 0.15), "voltage-step"),
    "a voltage that falls": ("down", lambda lab: drift(lab, "cell_voltage", -0.15), "voltage-step"),
}
WIDE = CHANNEL.replace("back_check: 200 mV", "back_check: 400 mV")


@pytest.mark.parametrize("name", TROUBLES)
async def test_trouble_trips_by_its_name_within_two_polls_and_half_a_second(name):
    side, makes_trouble, cause = TROUBLES[name]
    wiring = WIDE if cause == "voltage-step" else LEADS
    async with table(channel=wiring) as lab:
        run = await running(lab, side)
        began = lab.clock.monotonic()
        makes_trouble(lab)
        await run.done.wait()
        tripped = next(r for r in lab.rows(run) if r["step_id"] == side)
        assert run.ended_by == tripped["ended_by"] == cause, run.message
        assert tripped["ended"] - lab.clock.utc_at(began) <= TWO_POLLS + 1e-6
        assert run.verdict in {"fail", "error"}
        assert run.message
        assert is_off(lab)
        assert [a.key for a in lab.lab.alarms] == [f"run:{cause}"]


async def test_a_meter_that_freezes_under_load_trips_after_ten_minutes():
    async with table(channel=WIDE) as lab:
        run = await running(lab)
        began = lab.clock.monotonic()
        fault(lab, "sensor_frozen", True)
        await run.done.wait()
        assert run.ended_by == "sensor-frozen"
        assert 599.0 <= lab.clock.monotonic() - began <= 605.0
        assert is_off(lab)


async def test_an_open_contact_trips_within_seconds_by_one_of_its_names():
    async with table() as lab:
        run = await running(lab)
        began = lab.clock.monotonic()
        fault(lab, "open_contact", True)
        await run.done.wait()
        assert run.ended_by in {"open-contact", "back-check"}
        assert lab.clock.monotonic() - began < 6.0


async def test_leads_of_a_known_resistance_are_checked_without_being_asked():
    known = CHANNEL.replace(", back_check: 200 mV", "")
    unknown = known.replace("path_resistance: 40 mΩ\n", "")
    for wiring, cause in ((known, "back-check"), (unknown, "aborted")):
        async with table(channel=wiring) as lab:
            run = await running(lab)
            fault(lab, "extra_ohm", 0.1)
            await lab.clock.sleep(10.0)
            if run.is_active:
                await lab.runs.abort(run.id)
            await run.done.wait()
            assert run.ended_by == cause, run.message


WHOLE = """
version: 1
id: whole
cell: cells/inr18650-25r
channel: CH1
sequence:
  - id: up
    charge: {current: 4 A, voltage: 4.2 V}
    until: [{name: taper, phase: cv, when: current < 0.5 A}, step.time > 2 h]
  - {id: down, discharge: {current: 8 A}, until: [voltage <= 2.5 V, step.time > 2 h]}
"""


async def test_a_whole_charge_and_discharge_trips_no_watch():
    async with table(channel=LEADS, soc=0.3) as lab:
        run = await lab.start(WHOLE)
        await run.done.wait()
        assert run.verdict == "pass", run.message
        assert [row["ended_by"] for row in lab.rows(run)] == ["taper", "voltage <= 2.5 V"]


BLEED = """
version: 1
id: bleed
cell: cells/inr18650-25r
channel: CH1
sequence:
  - {id: idle, rest: 1 h}
  - {id: down, discharge: {current: 5 A}, until: [voltage <= 2.8 V, step.time > 1 h]}
"""


async def discharged(leak_a):
    """What a discharge gives after an hour of rest."""
    async with table(soc=0.3) as lab:
        run = await lab.start(BLEED)
        fault(lab, "leak_a", leak_a)
        while run.step is None or run.step.node.id == "idle":
            await lab.clock.sleep(10.0)
        fault(lab, "leak_a", 0.0)
        await run.done.wait()
        assert run.verdict == "pass", run.message
        return next(r for r in lab.rows(run) if r["step_id"] == "down")["discharge_ah"]


async def test_20_milliamperes_that_bleed_at_rest_show_in_the_figures():
    lost = await discharged(0.0) - await discharged(0.020)
    assert lost == pytest.approx(0.020 * 1.0, rel=0.1)


def test_the_bench_of_these_tests_has_leads_the_channel_file_knows_of():
    wiring = Wiring()
    assert wiring.supply_ohm + wiring.cell_ohm == pytest.approx(0.040)
