"""What several runs share and may not overdraw: bus, mains, chamber, minus."""

import pytest

from ionpy_auto.core.errors import Rejected
from ionpy_auto.devices.config import DeviceConfig
from tests.acceptance.runs.bench import config, table
from tests.acceptance.runs.test_several_channels import (
    DOWN,
    FIRST,
    SECOND,
    UP,
    add,
    flow,
    four,
    twins,
    wiring,
)


def codes(refused):
    return refused.value.arguments["codes"]


async def refused_second(lab, second, first=UP):
    """Start one run, then another, which must be refused; returns why."""
    run = await lab.start(flow("one", first))
    with pytest.raises(Rejected) as refused:
        await lab.start(flow("two", second, channel="CH2"))
    assert run.is_active
    assert lab.runs.holder("CH2") is None
    return refused


async def test_more_than_the_mains_gives_is_refused_with_both_runs_named():
    # 4.25 V x 4 A at 85 % each
    async with table(
        channel=wiring(1), instruments=four(), kit=lambda *_: {"mains_w": lambda: 30.0}
    ) as lab:
        add(lab, "CH2", wiring(2))
        refused = await refused_second(lab, UP)
        assert codes(refused) == ["MAINS_OVERLOADED"]
        assert "40 W of 30 W" in refused.value.message
        third = await lab.start(flow("three", DOWN, channel="CH2"))
        assert third.is_active  # a load takes nothing


async def test_a_channel_may_say_what_it_takes_from_the_mains():
    async with table(
        channel=wiring(1), instruments=four(), kit=lambda *_: {"mains_w": lambda: 30.0}
    ) as lab:
        add(lab, "CH2", wiring(2, "limits: {mains_power: 5 W}"))
        await lab.start(flow("one", UP))
        second = await lab.start(flow("two", UP, channel="CH2"))
        check = next(c for c in second.checks if c["name"] == "mains")
        assert check["ok"]
        assert check["value"] == pytest.approx(25.0)


def slow(stack, seconds):
    """Every poll takes so much longer."""
    poll = stack.driver.poll

    async def longer():
        await stack.clock.sleep(seconds)
        return await poll()

    stack.driver.poll = longer


async def test_devices_behind_one_port_must_fit_into_its_time():
    async with table(channel=wiring(1), instruments=four()) as lab:
        add(lab, "CH2", wiring(2))
        place = {"type": "tcp", "params": {"host": "10.0.0.5", "port": 502}}
        for name in ("LOAD_01", "LOAD_02", "DMM_02"):
            stack = lab.devices.stack(name)
            read = DeviceConfig.model_validate({**stack.config.model_dump(), "transport": place})
            stack.config = read
            way = type(stack.driver).STACK_BLUEPRINTS[0]
            type(stack.driver).STACK_BLUEPRINTS = (way, type(way)("tcp"))
            slow(stack, 0.2)
        try:
            with pytest.raises(Rejected) as refused:
                await lab.start(flow("one", DOWN))
            assert codes(refused) == ["BUS_OVERLOADED"]
            assert "LOAD_01, LOAD_02, DMM_02 need 120%" in refused.value.message
            del lab.devices.stack("DMM_02").driver.poll
            await lab.clock.sleep(5.0)
            run = await lab.start(flow("one", DOWN))
            assert next(c for c in run.checks if c["name"].startswith("bus"))["value"] <= 100.0
        finally:
            for name in ("LOAD_01", "DMM_02"):
                driver = type(lab.devices.stack(name).driver)
                driver.STACK_BLUEPRINTS = driver.STACK_BLUEPRINTS[:1]


SOAK = (
    "{id: warm, soak: {chamber: CHB_01.set_temperature, temp: %s, for: 1 min, timeout: %s,"
    " reading: CHB_01.temperature}}"
)


def with_chamber():
    return [*four(), config("CHB_01", "virtual_chamber", 500)]


async def run_chamber(lab):
    add(lab, "CH2", wiring(2))
    lab.bench.set_chamber(lab.clock.monotonic(), running=True)


async def test_a_chamber_has_one_temperature_at_a_time():
    async with table(channel=wiring(1), instruments=with_chamber()) as lab:
        await run_chamber(lab)
        refused = await refused_second(lab, SOAK % ("40 °C", "2 h"), SOAK % ("30 °C", "2 h"))
        assert codes(refused) == ["CHAMBER_BUSY"]
        assert "30 °C" in refused.value.message


async def test_two_runs_soak_together_at_one_temperature_and_one_of_them_holds_the_chamber():
    async with table(channel=wiring(1), instruments=with_chamber()) as lab:
        await run_chamber(lab)
        first = await lab.start(flow("one", SOAK % ("30 °C", "2 h")))
        second = await lab.start(flow("two", SOAK % ("30 °C", "2 h"), channel="CH2"))
        assert lab.gate.leases.owner_of("CHB_01", "set_temperature") == first.owner
        await first.done.wait()
        await second.done.wait()
        assert [run.verdict for run in (first, second)] == ["pass", "pass"], second.message
        writes = [value for _, point, value, _ in lab.wires.log if point.startswith("CHB_01")]
        assert writes == [30.0]
        assert lab.gate.leases.owner_of("CHB_01", "set_temperature") is None


async def test_a_soak_waits_for_a_chamber_that_a_rule_of_another_run_holds():
    async with table(channel=wiring(1), instruments=with_chamber()) as lab:
        await run_chamber(lab)
        lab.gate.leases.acquire("run:other", ["CHB_01.set_temperature"])
        first = await lab.start(flow("one", SOAK % ("30 °C", "10 min")))
        await first.done.wait()
        (row,) = first.step_rows()
        assert (row["ended_by"], row["verdict"]) == ("held by run:other", "fail")
        second = await lab.start(flow("two", SOAK % ("30 °C", "2 h"), channel="CH2"))
        await lab.clock.sleep(60.0)
        lab.gate.leases.release("run:other")
        await second.done.wait()
        assert second.verdict == "pass", second.message


async def test_a_lifted_cell_does_not_run_beside_another_on_the_same_minus():
    async with table(channel=wiring(1, "shared_minus: rack"), instruments=four()) as lab:
        add(lab, "CH2", wiring(2, "shared_minus: rack", "lifted: true"))
        refused = await refused_second(lab, DOWN)
        assert codes(refused) == ["SHARED_MINUS"]
        assert "minus rack" in refused.value.message


async def test_outputs_that_the_driver_says_are_joined_count_as_one_minus():
    async with table(channel=FIRST, instruments=twins()) as lab:
        add(lab, "CH2", SECOND + "lifted: true\n")
        driver = lab.devices.stack("PSU_01").driver
        driver.SHARED_MINUS = (("Ch1", "Ch2"),)
        assert codes(await refused_second(lab, DOWN)) == ["SHARED_MINUS"]
        driver.SHARED_MINUS = ()
        assert (await lab.start(flow("two", DOWN, channel="CH2"))).is_active


async def test_cells_with_their_minus_on_the_common_one_run_together():
    async with table(channel=wiring(1, "shared_minus: rack"), instruments=four()) as lab:
        add(lab, "CH2", wiring(2, "shared_minus: rack"))
        await lab.start(flow("one", DOWN))
        assert (await lab.start(flow("two", DOWN, channel="CH2"))).is_active


NEVER = {
    "one output": (FIRST, SECOND.replace("Ch2", "Ch1"), "never-together"),
    "a lifted cell": (
        FIRST + "shared_minus: rack\n",
        SECOND + "shared_minus: rack\nlifted: true\n",
        "shared-minus",
    ),
}


@pytest.mark.parametrize("case", NEVER)
async def test_runs_that_can_never_meet_are_found_before(case):
    first, second, code = NEVER[case]
    async with table(channel=first, instruments=twins()) as lab:
        add(lab, "CH2", second)
        with pytest.raises(Rejected) as refused:
            await lab.start(flow("one", "{sync: x, with: [CH2], timeout: 1 min}"))
        assert [f.code for f in refused.value.findings] == [code]


@pytest.mark.parametrize("step", ["{connect: }", "{disconnect: }"])
async def test_a_relay_that_a_person_switches_takes_no_step(step):
    async with table(channel=wiring(1, "isolation: relay"), instruments=four()) as lab:
        with pytest.raises(Rejected) as refused:
            await lab.start(flow("one", step))
        assert "no-relay" in [f.code for f in refused.value.findings]
