"""Each template of the shipped library, checked and run to its end on the virtual bench."""

import re
import shutil
from pathlib import Path

import pytest

from ionpy_auto.core.commands import Command, Origin, Priority, Role
from ionpy_auto.core.errors import Severity
from ionpy_auto.engine.offline import check_path
from tests.acceptance.runs.bench import CHANNEL, config, table

ROOT = Path(__file__).resolve().parents[3]
RULES = ROOT / "rules"
GUIDE = ROOT / "docs" / "how-to" / "start-from-a-template.md"
QUICK = {"pause": "1 min"}
NAMES = sorted(path.stem for path in RULES.glob("lib-*.yaml"))
CASES = {
    "lib-ageing": ({**QUICK, "blocks": 1, "cycles": 1, "reference": "1 C"}, 0.9),
    "lib-capacity": ({**QUICK, "cycles": 1, "discharge": "1 C", "charge": "1 C"}, 0.1),
    "lib-cc-cv": ({}, 0.8),
    "lib-drive": ({**QUICK, "rounds": 2}, 0.95),
    "lib-gitt": ({**QUICK, "pulse": "1 C", "length": "5 min", "between": "1 min", "steps": 2}, 0.9),
    "lib-hppc": ({**QUICK, "levels": 2, "between": "10 s"}, 0.9),
    "lib-storage": (QUICK, 0.1),
}


def shipped(name):
    return (RULES / f"{name}.yaml").read_text(encoding="utf-8")


def in_the_guide():
    """The texts a person copies, by id."""
    texts = re.findall(
        r"^```yaml\n(version: 1\n.*?)^```$", GUIDE.read_text("utf-8"), re.MULTILINE | re.DOTALL
    )
    return {text.split("id: ")[1].split("\n")[0]: text for text in texts}


async def ran(text, soc=0.5, parameters=None, before=None, **bench):
    poll_ms = 500 if "lib-storage" in text else 1000  # a held discharge needs a fast voltmeter
    async with table(poll_ms=poll_ms, adaptive=True, soc=soc, **bench) as lab:
        drive = (RULES / "profiles" / "lib-drive.csv").read_text(encoding="utf-8")
        lab.site.profiles["lib-drive"] = drive
        if before is not None:
            await before(lab)
        run = await lab.start(text, parameters=parameters or {})
        await run.done.wait()
        assert (run.state, run.ended_by) == ("finished", "done"), run.message
        return run, lab.rows(run)


def test_every_template_is_tried_here():
    assert sorted(CASES) == NAMES


@pytest.mark.parametrize("name", NAMES)
async def test_a_template_runs_to_its_end_and_passes(name):
    parameters, soc = CASES[name]
    run, rows = await ran(shipped(name), soc, parameters)
    assert run.verdict == "pass", [(row["step_id"], row["verdict"]) for row in rows]


async def test_the_capacity_check_finds_the_capacity_of_the_cell():
    parameters, soc = CASES["lib-capacity"]
    _, rows = await ran(shipped("lib-capacity"), soc, parameters, capacity_ah=2.4)
    (row,) = [row for row in rows if row["step_id"] == "discharge"]
    found = {measure["name"]: measure["value"] for measure in row["measures"]}
    assert found["capacity"] == pytest.approx(2.4, rel=0.06)
    assert found["share"] == pytest.approx(found["capacity"] / 2.5)


@pytest.mark.parametrize(("soc", "way"), [(0.05, "up"), (0.45, "down")])
async def test_storage_goes_the_way_the_cell_needs(soc, way):
    _, rows = await ran(shipped("lib-storage"), soc, QUICK)
    assert [row["step_id"] for row in rows] == [way, "settle", "safe_state-1"]
    assert rows[1]["measures"][0]["value"] == pytest.approx(3.6, abs=0.03)


async def test_pulses_give_a_resistance_at_each_level():
    parameters, soc = CASES["lib-hppc"]
    _, rows = await ran(shipped("lib-hppc"), soc, parameters)
    trains = [row["dcir"] for row in rows if row["step_id"] == "pulses"]
    assert len(trains) == 2
    assert all(found["ohm"] is not None for train in trains for found in train)


def test_the_library_checks_clean_against_a_project(tmp_path):
    project = tmp_path / "bench"
    shutil.copytree(ROOT / "projects" / "akku-charakterisierung", project)
    for name in NAMES:
        shutil.copy(RULES / f"{name}.yaml", project / "flows")
    assert [finding for found in check_path(RULES) for finding in found] == []
    findings = [finding for found in check_path(project) for finding in found]
    assert [f for f in findings if f.severity is Severity.ERROR or "lib-" in f.file] == []


async def test_the_soak_of_the_guide_waits_for_the_chamber():
    async def run_chamber(lab):
        person = Origin(Priority.OPERATOR, "person", Role.OPERATOR)
        await lab.gate.write(Command("CHAMBER_01", "run", True, person))

    devices = [
        config("PSU_01", "virtual_psu", 1000, soc=0.5),
        config("LOAD_01", "virtual_load", 1000),
        config("DMM_01", "virtual_meter", 1000),
        config("CHAMBER_01", "virtual_chamber", 1000),
    ]
    text = in_the_guide()["temperature-soak"]
    parameters = {"low": "20 °C", "high": "25 °C", "soaking": "5 min"}
    run, rows = await ran(text, parameters=parameters, before=run_chamber, instruments=devices)
    assert run.verdict == "pass"
    assert [row["ended_by"] for row in rows if "soak" in row["step_id"]] == ["soaked"] * 2


async def test_the_burn_in_of_the_guide_loads_the_supply_and_ends_with_both_off():
    text = in_the_guide()["burn-in"]
    channel = CHANNEL + "wiring: burn_in\n"
    run, rows = await ran(text, 0.5, {"length": "10 min", "level": 0.5}, channel=channel)
    assert run.verdict == "pass"
    assert rows[0]["ended_by"] == "time"
