"""A run is predicted on simulated instruments before it starts, the same each time."""

import asyncio
import json
import shutil

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ionpy_auto.automation.sequences.progress import times_of
from ionpy_auto.automation.wiring import read_cell
from ionpy_auto.core.clock import SystemClock
from ionpy_auto.core.errors import IonpyError, Rejected
from ionpy_auto.simulation.jobs import in_worker
from ionpy_auto.simulation.model import model_of, soc_at
from ionpy_auto.simulation.preflight import PreflightJob, preflight, stored_form, thinned
from tests.conftest import DEMO, ROOT

SHORT = """
version: 1
id: short
cell: cells/inr18650-25r
channel: CH1
parameters: {minutes: {default: 10 min}}
sequence:
  - {id: up, charge: {current: 1 C, voltage: 4.2 V}, until: step.time > $minutes}
  - {id: wait, rest: 5 min}
  - id: down
    discharge: 1 C
    until: [{name: low, when: voltage <= 3.0 V}, {name: guard, when: step.time > 3 min}]
"""


CH1, MINUTES = "channel: CH1", "until: step.time > $minutes"
WAIT = "- {id: wait, rest: 5 min}"


def nothing(share, message):
    del share, message


@pytest.fixture
def folder(tmp_path):
    """A copy of the demo project."""
    target = tmp_path / DEMO
    shutil.copytree(ROOT / "projects" / DEMO, target)
    for flow in (target / "flows").iterdir():
        flow.unlink()
    return target


def job(folder, text=SHORT, **more):
    return PreflightJob(folder=str(folder), flow="short", text=text, **more)


async def test_a_prediction_tells_steps_curve_energy_limits_and_is_the_same_each_time(folder):
    told = []
    first = await preflight(
        job(folder, soc=0.3, temp=31.5), lambda share, text: told.append((share, text))
    )
    again = await preflight(job(folder, soc=0.3, temp=31.5), nothing)
    assert json.dumps(first) == json.dumps(again)
    assert (first["outcome"], first["verdict"]) == ("finished", "pass")
    assert [s["step_id"] for s in first["steps"]] == ["up", "wait", "down"]
    up, wait, down = first["steps"]
    assert up["start_s"] < 10.0
    assert (up["duration_s"], wait["duration_s"]) == (
        pytest.approx(600, abs=3),
        pytest.approx(300, abs=1),
    )
    assert up["ah"] == pytest.approx(2.5 * 600 / 3600, rel=0.01)
    assert wait["start_s"] == pytest.approx(up["end_s"], abs=0.01)
    assert first["duration_s"] == down["end_s"]
    energy = first["energy"]
    assert energy["in_wh"] == pytest.approx(up["wh"])
    assert energy["mains_wh"] > energy["in_wh"] > energy["out_wh"] > 0
    assert first["start"] == {"soc": 0.3, "source": "given", "voltage": pytest.approx(3.6, abs=0.1)}
    curve = first["curve"]
    assert 50 < len(curve["t"]) <= 2000
    assert curve["t"] == sorted(curve["t"])
    assert max(curve["current"]) == pytest.approx(2.5, abs=0.01)
    assert min(curve["current"]) == pytest.approx(-2.5, abs=0.01)
    assert curve["temp"][0] == pytest.approx(31.5, abs=0.2)
    limits = {row["quantity"]: (row["value"], row["origin"]) for row in first["limits"]}
    assert limits["voltage_max"] == (4.25, "cell")
    (guard,) = first["findings"]
    assert (guard["code"], guard["step"], guard["args"]["end"]) == ("guard-end", "down", "guard")
    assert told[0][0] == 0.0
    small = stored_form(first)
    assert len(json.dumps(small)) < 40_000
    assert times_of(small) == {s["step_id"]: [s["duration_s"]] for s in first["steps"]}


async def test_the_start_is_taken_from_the_measured_voltage_and_parameters_count(folder):
    found = await preflight(job(folder, voltage=3.9, parameters={"minutes": "2 min"}), nothing)
    assert found["start"]["source"] == "measured"
    assert found["start"]["voltage"] == pytest.approx(3.9, abs=1e-3)
    assert found["steps"][0]["duration_s"] == pytest.approx(120, abs=3)
    assert found["steps"][0]["v_start"] == pytest.approx(3.9, abs=0.2)


@pytest.mark.parametrize(
    ("change", "code", "step"),
    [
        ((MINUTES, MINUTES + ", limits: [{id: q, trip: step.ah > 0.1 Ah}]"), "tripped", "up"),
        (("voltage: 4.2 V}", "voltage: 3.2 V}"), "already-above", "up"),
        ((CH1, CH1 + "\nlimits: [{id: low, trip: voltage < 3.9 V}]"), "refused", ""),
        (("- {id: wait, rest: 5 min}", "- {id: wait, rest: 30 h}"), "unfinished", ""),
        ((WAIT, "- {id: ask, prompt: Is the fan on?}"), "asks", "Is the fan on?"),
    ],
)  # fmt: skip
async def test_what_a_person_should_know_is_a_finding(folder, change, code, step):
    text = SHORT.replace(*change)
    assert text != SHORT
    found = await preflight(job(folder, text=text, voltage=3.6, hours=10.0), nothing)
    assert (code, step) in {(f["code"], f["step"]) for f in found["findings"]}
    assert found["findings"][0]["severity"] == "error" or code in {"already-above", "asks"}


async def test_a_flow_with_errors_or_without_a_cell_cannot_be_predicted(folder):
    with pytest.raises(Rejected) as caught:
        await preflight(job(folder, text=SHORT.replace("1 C", "1 V")), nothing)
    assert caught.value.findings
    bare = "version: 1\nid: short\nsequence:\n  - {id: wait, rest: 1 min}\n"
    with pytest.raises(IonpyError) as caught:
        await preflight(job(folder, text=bare), nothing)
    assert caught.value.error_code == "NOT_PREDICTABLE"


async def test_a_cycle_of_the_demo_is_predicted_in_the_worker_process():
    told = []
    found = await asyncio.wait_for(
        in_worker(
            "preflight",
            {
                "folder": str(ROOT / "projects" / DEMO),
                "flow": "capacity-check",
                "soc": 0.2,
                "parameters": {"cycles": 1},
            },
            SystemClock(),
            lambda share, text: told.append(share),
        ),
        120,
    )
    assert found["verdict"] == "pass"
    assert [s["ended_by"] for s in found["steps"] if s["step_id"] == "charge"] == ["taper"]
    assert len(found["cycles"]) == 1
    assert found["duration_s"] == pytest.approx(5.75 * 3600, rel=0.05)
    assert len(found["curve"]["t"]) <= 2000
    assert told == sorted(told)
    assert told[-1] > 0.9


def cell(chemistry, capacity, series=1, low="2.5 V", high="4.2 V"):
    text = f"chemistry: {chemistry}\ncapacity: {capacity}\ncharge_voltage: {high}\n"
    text += f"cutoff_voltage: {low}\nseries: {series}\n"
    read, found = read_cell(text, "cells/x.yaml")
    assert read is not None, found
    return read


@pytest.mark.parametrize(
    ("file", "capacity", "empty", "nearly_full"),
    [
        (cell("NMC", "2.5 Ah"), 2.5, 2.5, 4.195),
        (cell("NCA", "5 Ah", series=4), 5.0, 10.0, 16.78),
        (cell("LFP", "100 Ah", low="2.5 V", high="3.65 V"), 100.0, 2.5, 3.5),
        (cell("LFP", "10 Ah", series=2, low="2.6 V", high="3.6 V"), 10.0, 5.2, 6.94),
    ],
)
def test_the_model_has_the_size_and_the_voltages_of_the_cell_file(
    file, capacity, empty, nearly_full
):
    model = model_of(file)
    assert model.capacity_ah == capacity
    assert model.ocv.voltage(0.0) == pytest.approx(empty)
    assert model.ocv.voltage(1.0) == pytest.approx(nearly_full, rel=2e-3)
    # A discharge with 1 C loses about as much of its voltage whatever its size.
    assert 0.004 < model.r0_ohm * capacity / file.series / file.charge_voltage < 0.02
    for soc in (0.0, 0.1, 0.5, 0.9, 1.0):
        assert soc_at(model, model.ocv.voltage(soc)) == pytest.approx(soc, abs=1e-6)


@given(
    st.lists(st.sampled_from([-2.5, 0.0, 1.25, None]), min_size=0, max_size=400),
    st.integers(min_value=10, max_value=100),
)
def test_a_thinned_curve_is_short_ordered_and_keeps_its_ends(currents, count):
    points = [(float(at), 3.0, amps, 25.0) for at, amps in enumerate(currents)]
    kept = thinned(points, count)
    assert len(kept) <= max(count, 0)
    assert [p for p in points if p in set(kept)] == kept
    if points:
        assert (kept[0], kept[-1]) == (points[0], points[-1])


def test_a_thinned_curve_keeps_edges_of_the_current():
    points = [(float(at), 3.0, 2.5 if 500 <= at < 503 else 0.0, 25.0) for at in range(10_000)]
    kept = {int(p[0]) for p in thinned(points, 50)}
    assert {499, 500, 502, 503} <= kept
