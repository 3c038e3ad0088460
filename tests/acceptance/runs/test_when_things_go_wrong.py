"""Runs whose bench misbehaves, or who are told to stop: outputs off, and the cause is named."""

import pytest

from ionpy_auto.core.commands import Command, Mode, Origin, Priority
from ionpy_auto.core.errors import Conflict, DeviceError, IonpyError, Rejected
from ionpy_auto.core.samples import AlarmState, Quality, Sample, Snapshot
from tests.acceptance.runs.bench import CHANNEL, config, table

CHARGE = """
version: 1
id: charge-only
title: Charge
cell: cells/inr18650-25r
channel: CH1
limits:
  - {id: warm, trip: temp > 44 °C}
sequence:
  - {id: up, charge: {current: 1 A, voltage: 4.2 V}, until: step.time > 1 h}
  - {id: down, discharge: {current: 1 A}, until: step.time > 1 h}
finally:
  - wait: 1 s
"""


def is_off(lab) -> bool:
    bench = lab.bench
    return not bench.supply.output and not bench.load.enabled


def steps_of_finally(lab, run):
    return [r["step_id"] for r in lab.rows(run) if r["kind"] == "wait"]


async def started(lab, seconds=60.0, flow=CHARGE):
    run = await lab.start(flow)
    await lab.clock.sleep(seconds)
    assert run.state == "running", run.message
    return run


async def in_discharge(lab):
    run = await started(lab)
    lab.runs.skip(run.id)
    await lab.clock.sleep(30.0)
    assert lab.bench.load.enabled
    return run


@pytest.mark.parametrize(
    ("fault", "causes", "within_s"),
    [
        ("open_contact", {"open-contact", "voltage-unknown", "back-check"}, 6.0),
        ("missing_probe", {"temp-unknown"}, 1.0),
    ],
)
async def test_a_broken_bench_trips_in_time_with_outputs_off(fault, causes, within_s):
    async with table() as lab:
        run = await started(lab)
        setattr(lab.bench.faults, fault, True)
        began = lab.clock.monotonic()
        await run.done.wait()
        ended = next(r for r in lab.rows(run) if r["step_id"] == "up")
        assert ended["ended_by"] in causes
        assert run.verdict in {"fail", "error"}
        assert ended["ended"] - lab.clock.utc_at(began) <= within_s
        assert is_off(lab)
        assert steps_of_finally(lab, run) == ["wait-1"]
        assert [a.key for a in lab.lab.alarms] == [f"run:{run.ended_by}"]
        assert lab.bus.tap_errors == 0


async def test_losing_the_sense_meter_trips_within_four_polls():
    async with table() as lab:
        run = await started(lab)
        began = lab.clock.monotonic()
        await lab.devices.disconnect("DMM_01")
        await run.done.wait()
        assert run.ended_by == "voltage-unknown"
        assert lab.clock.monotonic() - began < 4 * 0.5 + 2.0
        assert is_off(lab)


async def test_a_meter_that_hangs_trips_within_four_polls():
    async with table() as lab:
        run = await started(lab)

        async def hang():
            await lab.clock.sleep(1e6)

        lab.devices.stack("DMM_01").driver.poll = hang
        began = lab.clock.monotonic()
        await run.done.wait()
        assert run.ended_by in {"voltage-unknown", "input-lost"}
        assert lab.clock.monotonic() - began < 6.0
        assert is_off(lab)


@pytest.mark.parametrize(
    ("volts", "quality"),
    [(None, Quality.BAD), (None, Quality.STALE), (5.0, Quality.GOOD), (2.0, Quality.GOOD)],
)
async def test_one_bad_voltage_sample_trips_at_once(volts, quality):
    async with table() as lab:
        run = await started(lab)
        now = lab.clock.monotonic()
        utc = lab.clock.utc_at(now)
        sample = Sample("DMM_01.cell_v", volts, "V", quality, AlarmState.NORMAL, utc, now)
        lab.bus.publish(Snapshot("DMM_01", utc, now, 0.0, (sample,)))
        assert run.interrupted
        await run.done.wait()
        assert lab.clock.monotonic() - now < 1.5
        assert is_off(lab)
        names = {"voltage-unknown"} if volts is None else {"voltage_max", "voltage_min"}
        assert run.ended_by in names


async def test_a_limit_of_the_flow_trips_and_leaves_outputs_off_by_read_back():
    async with table() as lab:
        run = await started(lab)
        lab.bench.set_ambient(lab.clock.monotonic(), 80.0)
        await run.done.wait()
        assert run.verdict == "fail"
        assert run.ended_by in {"warm", "charge_temp_max"}
        assert lab.devices.stack("PSU_01").slots["output"].known is False
        assert lab.devices.stack("LOAD_01").slots["load_on"].known is False
        row = next(r for r in lab.rows(run) if r["step_id"] == "up")
        assert row["end_value"] > 40.0
        assert row["verdict"] == "fail"


async def test_a_supply_that_ignores_writes_never_sees_an_on():
    async with table() as lab:
        lab.bench.faults.ignored_write = True
        run = await lab.start(CHARGE)
        await run.done.wait()
        assert run.verdict == "error"
        assert run.ended_by == "readback_mismatch"
        assert (True,) not in {(v,) for _, p, v, _ in lab.wires.log if p == "PSU_01.output"}
        assert is_off(lab)


async def test_an_output_that_stays_on_is_an_alarm_and_an_error():
    async with table() as lab:
        run = await started(lab)
        lab.bench.faults.stuck_output = True
        await lab.runs.abort(run.id)
        await run.done.wait()
        assert run.verdict == "error"
        assert "PSU_01" in run.message
        assert {a.key for a in lab.lab.alarms} == {"run:not-safe:PSU_01"}


async def test_a_setting_changed_by_someone_else_trips():
    async with table() as lab:
        run = await started(lab)
        lab.bench.set_supply(lab.clock.monotonic(), i_set=2.0)
        await run.done.wait()
        assert run.ended_by == "foreign-change"
        assert "PSU_01.i_set" in run.message
        assert is_off(lab)


async def test_a_tripped_protection_is_a_named_end():
    async with table() as lab:
        run = await started(lab)
        bench = lab.bench
        bench.set_supply(lab.clock.monotonic(), ocp_a=0.5)
        await run.done.wait()
        assert run.ended_by == "protection-ocp"
        assert is_off(lab)


async def test_the_loads_own_cutoff_is_a_named_end():
    async with table() as lab:
        run = await in_discharge(lab)
        lab.bench.set_load(lab.clock.monotonic(), cutoff_v=4.0)
        await run.done.wait()
        assert run.ended_by in {"protection-cutoff", "foreign-change"}
        assert is_off(lab)


async def test_another_writer_is_refused_with_the_runs_name():
    async with table() as lab:
        run = await started(lab)
        person = Origin(Priority.PERSON, "user:eve")
        with pytest.raises(Conflict) as refused:
            await lab.gate.write(Command("PSU_01", "i_set", 3.0, person))
        assert refused.value.arguments["owner"] == f"run:{run.id}"
        with pytest.raises(Conflict) as second:
            await lab.start(CHARGE)
        assert second.value.error_code == "OWNED"
        assert run.id in second.value.message
        await lab.runs.abort(run.id)
        await run.done.wait()


async def test_the_two_outputs_exclude_each_other_for_every_writer():
    async with table() as lab:
        lab.runs.channel("CH1")
        person = Origin(Priority.PERSON, "user:eve")
        await lab.gate.write(Command("PSU_01", "output", True, person))
        with pytest.raises(Conflict) as refused:
            await lab.gate.write(Command("LOAD_01", "load_on", True, person))
        assert refused.value.error_code == "INTERLOCK"
        await lab.gate.write(Command("PSU_01", "output", False, person))
        await lab.gate.write(Command("LOAD_01", "load_on", True, person))


async def test_pause_switches_off_and_resume_goes_through_the_whole_order_again():
    async with table() as lab:
        run = await started(lab)
        lab.runs.pause(run.id)
        await lab.clock.sleep(10.0)
        assert run.state == "paused"
        assert is_off(lab)
        before = run.step.time(lab.clock.monotonic())
        await lab.clock.sleep(600.0)
        assert run.step.time(lab.clock.monotonic()) == before
        writes = len(lab.wires.log)
        await lab.runs.resume(run.id)
        await lab.clock.sleep(30.0)
        assert run.state == "running"
        assert lab.bench.supply.output
        again = [p for _, p, _, _ in lab.wires.log[writes:]]
        order = ["PSU_01.ovp", "PSU_01.ocp", "PSU_01.v_set", "PSU_01.i_set", "PSU_01.output"]
        assert [p for p in again if p in order][: len(order)] == order
        await lab.runs.stop_run(run.id)
        await run.done.wait()


async def test_limits_stay_while_paused():
    async with table() as lab:
        run = await started(lab)
        lab.runs.pause(run.id)
        await lab.clock.sleep(10.0)
        await lab.devices.disconnect("DMM_01")
        await run.done.wait()
        assert run.ended_by == "voltage-unknown"


async def test_stop_ends_the_step_in_order_and_runs_finally():
    async with table() as lab:
        run = await started(lab)
        await lab.runs.stop_run(run.id)
        await run.done.wait()
        assert (run.verdict, run.ended_by) == ("aborted", "stopped")
        rows = lab.rows(run)
        assert [(r["step_id"], r["ended_by"]) for r in rows] == [
            ("up", "stopped"),
            ("wait-1", "done"),
        ]
        assert rows[0]["charge_ah"] > 0.015
        assert is_off(lab)
        with pytest.raises(Conflict):
            await lab.runs.stop_run(run.id)


async def test_a_skipped_step_is_inconclusive_and_the_next_begins():
    async with table() as lab:
        run = await in_discharge(lab)
        assert [r["ended_by"] for r in lab.rows(run)] == ["skipped", ""]
        assert lab.rows(run)[0]["verdict"] == "inconclusive"
        await lab.runs.abort(run.id)
        await run.done.wait()


async def test_the_servers_stop_ends_runs_safely():
    async with table() as lab:
        run = await started(lab)
        await lab.runs.stop()
        assert (run.state, run.verdict, run.ended_by) == ("finished", "aborted", "server_stop")
        assert steps_of_finally(lab, run) == ["wait-1"]
        assert is_off(lab)


async def test_panic_aborts_the_run():
    async with table() as lab:
        run = await started(lab)
        await lab.lab.panic("eve", "smoke")
        await run.done.wait()
        assert run.ended_by == "panic"
        assert is_off(lab)


async def test_a_queued_run_starts_when_the_channel_is_free():
    async with table() as lab:
        run = await started(lab)
        second = await lab.start(CHARGE, queue=True)
        assert second.state == "queued"
        await lab.runs.abort(run.id)
        await run.done.wait()
        await lab.clock.sleep(120.0)
        assert second.state == "running", second.message
        await lab.runs.abort(second.id)
        await second.done.wait()


async def test_the_same_idempotency_key_gives_the_same_run():
    async with table() as lab:
        run = await lab.start(CHARGE, idempotency_key="k1")
        again = await lab.start(CHARGE, idempotency_key="k1")
        assert again is run
        await lab.runs.abort(run.id)
        await run.done.wait()


async def test_in_shadow_nothing_starts():
    async with table() as lab:
        lab.gate.mode.mode = Mode.SHADOW
        with pytest.raises(Conflict) as refused:
            await lab.start(CHARGE)
        assert refused.value.error_code == "NOT_ARMED"
        assert not lab.wires.log


@pytest.mark.parametrize(
    ("name", "prepare", "code", "word"),
    [
        ("reversed", lambda lab: setattr(lab.bench.faults, "reversed_cell", True), "", "reversed"),
        (
            "probe missing",
            lambda lab: setattr(lab.bench.faults, "missing_probe", True),
            "NOT_FRESH",
            "DMM_01.cell_temp",
        ),
        (
            "output already on",
            lambda lab: lab.bench.set_supply(
                lab.clock.monotonic(), v_set=4.0, i_set=0.1, output=True
            ),
            "START_REFUSED",
            "on",
        ),
    ],
)
async def test_a_start_is_refused_with_the_reason(name, prepare, code, word):
    async with table() as lab:
        prepare(lab)
        await lab.clock.sleep(2.0)
        with pytest.raises(Rejected) as refused:
            await lab.start(CHARGE)
        assert refused.value.error_code == (code or "START_REFUSED"), name
        assert word in refused.value.message
        assert not lab.wires.log
        assert not lab.gate.leases.held_by("run")
        assert not lab.runs.active()


async def test_a_start_waits_ten_seconds_for_fresh_inputs_and_names_what_is_missing():
    async with table() as lab:
        await lab.devices.disconnect("DMM_01")
        began = lab.clock.monotonic()
        with pytest.raises(Rejected) as refused:
            await lab.start(CHARGE)
        assert refused.value.error_code == "NOT_FRESH"
        assert "DMM_01.cell_v" in refused.value.arguments["inputs"]
        assert 10.0 <= lab.clock.monotonic() - began < 11.0
        assert lab.gate.leases.owner_of("PSU_01", "output") is None


async def test_a_cell_above_the_charge_voltage_ends_the_step_without_switching_on():
    async with table(soc=1.0) as lab:
        flow = CHARGE.replace("voltage: 4.2 V", "voltage: 4.1 V")
        run = await lab.start(flow)
        await lab.clock.sleep(20.0)
        assert lab.rows(run)[0]["ended_by"] == "already_above"
        assert True not in [v for _, p, v, _ in lab.wires.log if p == "PSU_01.output"]
        await lab.runs.abort(run.id)
        await run.done.wait()


async def test_a_device_that_vanishes_is_an_error_of_the_run_not_of_the_server():
    async with table() as lab:
        run = await started(lab)
        await lab.devices.remove("PSU_01")
        await run.done.wait()
        assert run.verdict == "error"
        assert not lab.bench.supply.output


async def test_a_channel_with_an_unknown_point_is_refused():
    bad = CHANNEL.replace("DMM_01.cell_v", "DMM_01.nothing")
    async with table(channel=bad) as lab:
        with pytest.raises(IonpyError) as refused:
            await lab.start(CHARGE)
        assert "DMM_01.nothing" in refused.value.message


async def test_a_write_that_fails_on_the_wire_leaves_outputs_off():
    async with table() as lab:
        driver = lab.devices.stack("PSU_01").driver
        original = driver.write

        async def broken(entity_id, value):
            if entity_id == "i_set" and value > 0.5:
                raise DeviceError("no answer")
            await original(entity_id, value)

        driver.write = broken
        run = await lab.start(CHARGE)
        await run.done.wait()
        assert run.verdict == "error"
        assert "no answer" in run.message
        assert is_off(lab)


async def test_a_limit_on_a_point_outside_the_channel_trips_the_run():
    flow = CHARGE.replace("temp > 44 °C", "ROOM.true_temp > 60 °C")
    async with table() as lab:
        await lab.devices.add(config("ROOM", "virtual_bench", 500))
        await lab.clock.sleep(2.0)
        run = await started(lab, flow=flow)
        await lab.devices.disconnect("ROOM")
        await run.done.wait()
        assert run.ended_by == "warm"
        assert is_off(lab)


async def test_a_run_without_a_channel_ends_its_steps_by_the_clock():
    flow = """
version: 1
id: no-channel
sequence:
  - {id: a, wait: 5 s}
  - {id: b, wait: 10 s}
"""
    async with table() as lab:
        began = lab.clock.monotonic()
        run = await lab.start(flow)
        await run.done.wait()
        assert run.verdict == "pass", run.message
        assert lab.clock.monotonic() - began == pytest.approx(15.0)


TAPER = """
version: 1
id: taper
cell: cells/inr18650-25r
channel: CH1
sequence:
  - id: up
    charge: {current: 0.5 C, voltage: 4.2 V}
    until:
      - {name: taper, phase: cv, when: current < 0.05 C}
      - {name: time, when: step.time > 4 h, verdict: fail}
"""


async def test_a_contact_that_opens_at_constant_voltage_is_no_taper():
    async with table(soc=0.93) as lab:
        run = await lab.start(TAPER)
        while lab.runs.channels["CH1"].phase != "cv":
            await lab.clock.sleep(10.0)
        await lab.clock.sleep(60.0)
        assert lab.runs.channels["CH1"].current > 0.5, "far from the end of the taper"
        lab.bench.faults.open_contact = True
        await run.done.wait()
        assert run.ended_by != "done"
        assert lab.rows(run)[0]["ended_by"] != "taper"
        assert run.verdict in {"fail", "error"}
        assert is_off(lab)
