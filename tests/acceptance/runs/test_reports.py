"""A report says what was stored, the same in each format, and nothing that nobody knows."""

import ast
import asyncio
import itertools
import json
import re
import sqlite3
from dataclasses import dataclass
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest
from typer.testing import CliRunner

from ionpy_auto.automation.sequences import reports
from ionpy_auto.automation.sequences.reports.model import run_verdict
from ionpy_auto.automation.sequences.reports.words import GERMAN
from ionpy_auto.automation.sequences.steps import VERDICTS
from ionpy_auto.cli.__main__ import build
from ionpy_auto.core.errors import BadInput, NotFound
from tests.acceptance.runs.bench import table
from tests.acceptance.runs.recording import Recording
from tests.acceptance.runs.test_recount import DENSE, Sessions

HOSTILE = """<script>alert(1)</script>"'&]]>\x1b\x00 <img src=x onerror=y>"""
FLOW = """
version: 1
id: two-cycles
title: Two <cycles> & "more"
cell: cells/inr18650-25r
channel: CH1
parameters: {rounds: {default: 2, min: 1, max: 5}}
cycle: {begins: charge, ends: discharge, ce: discharge/charge}
limits:
  - {id: hot, trip: temp > 45 °C, samples: 2}
sequence:
  - repeat: $rounds
    do:
      - id: up
        charge: {current: 1 C, voltage: 4.1 V}
        until:
          - {name: taper, phase: cv, when: current < 0.5 C, for: 5 s}
          - {name: time, when: step.time > 2 h, verdict: fail}
      - {id: pause, rest: 3 min}
      - id: down
        discharge: 1 C
        until: [voltage <= 3.6 V, step.time > 1 h]
        measure:
          capacity: {value: step.ah, min: 0.1 Ah, max: 2.6 Ah}
          too_much: {value: step.ah, min: 9 Ah}
      - {id: relax, rest: 3 min}
"""


@dataclass
class Kept:
    """A finished run: where it is stored, and what REST says of it."""

    database: Path
    run: str
    shown: dict[str, Any]
    steps: list[dict[str, Any]]
    cycles: list[dict[str, Any]]


async def _run(path: Path) -> Kept:
    recording = Recording(path)

    def kit(clock, bus):
        return {**recording.kit(clock, bus), "sessions": Sessions()}

    async with table(
        kit=kit, opened=recording.opened, poll_ms=1000, capacity_ah=2.5, soc=0.6
    ) as lab:
        await recording.start(lab)
        recording.recorder.thin("CH1", 1.0, DENSE)
        run = await lab.start(
            FLOW,
            bindings={"cell_id": HOSTILE, "batch": "B3", "mass": "45.2 g"},
            conditions={"operator": HOSTILE, HOSTILE: HOSTILE},
        )
        await run.done.wait()
        await recording.recorder.stop()
        shown = dict(await lab.runs.describe(run.id))
        return Kept(path, run.id, shown, run.step_rows(), run.cycles)


@pytest.fixture(scope="module")
def kept(tmp_path_factory):
    return asyncio.run(_run(tmp_path_factory.mktemp("reported") / "data.db"))


@pytest.fixture(scope="module")
def report(kept):
    return reports.report_of(kept.database, kept.run)


def made(kept, name, lang="en"):
    return reports.render(kept.database, kept.run, name, lang)[0]


# --- what it says --------------------------------------------------------------------------------


def test_figures_are_those_of_rest(kept, report):
    assert [*report.steps] == json.loads(json.dumps(kept.steps))
    assert [*report.cycles] == json.loads(json.dumps(kept.cycles))
    assert report.totals["charge_ah"] == kept.shown["totals"]["charge_ah"]
    assert report.limits == kept.shown["limits"]
    assert [p["achieved"] for p in report.protections] == [
        p["achieved"] for p in kept.shown["protections"]
    ]
    assert report.verdict == kept.shown["verdict"] == "fail"


def test_curves_hold_the_highest_and_lowest_values_and_end_where_the_run_ends(report):
    volts = report.series["voltage"]
    assert len(volts.t) <= 1200
    assert max(v for v in volts.high if v is not None) == pytest.approx(
        report.totals["voltage_max"], abs=2e-3
    )
    assert min(v for v in volts.low if v is not None) == pytest.approx(
        report.totals["voltage_min"], abs=2e-3
    )
    assert volts.t[-1] == pytest.approx(report.run["duration_s"], rel=0.01)
    assert {loop["kind"] for loop in report.loops} == {"charge", "discharge"}
    for loop in report.loops:
        assert loop["ah"] == sorted(loop["ah"])
        step = next(
            s
            for s in report.steps
            if (s["cycle"], s["step_id"]) == (loop["cycle"], loop["step_id"])
        )
        assert loop["ah"][-1] == pytest.approx(step["ah"], rel=0.03)


def test_the_contact_is_the_resistance_of_the_leads(report):
    assert report.contact["terminals"] == {"charge": "PSU_01.v_out", "discharge": "LOAD_01.load_v"}
    assert len(report.contact["steps"]) == 4
    for row in report.contact["steps"]:
        assert row["ohm"] == pytest.approx(0.040, rel=0.05)


def test_the_sheet_says_what_is_known_and_not_more(kept, report):
    sheet = report.sheet
    assert (sheet["cell"]["id"], sheet["cell"]["batch"]) == (HOSTILE, "B3")
    assert sheet["cell"]["title"] == "Samsung INR18650-25R"
    assert sheet["cell"]["cycles_before"] == 0
    assert (sheet["lead_ohm"], sheet["sensor_place"], sheet["wires"]) == (0.04, "can", 4)
    assert sheet["fixture"] is None
    assert sheet["clock"] == "no jump"
    meters = {meter["device"]: meter for meter in sheet["meters"]}
    assert meters.keys() == {"PSU_01", "LOAD_01", "DMM_01"}
    assert meters["DMM_01"]["serial"] is None
    (volts, temp) = meters["DMM_01"]["measures"]
    assert (volts["quantity"], volts["unit"], temp["quantity"]) == ("voltage", "V", "temperature")
    assert volts["accuracy"]["offset"] > 0.0
    assert report.hashes["flow"]["revision"] == kept.shown["flow_revision"]
    page = made(kept, "html").decode()
    assert "not known" in page
    assert "None" not in re.sub("<[^>]+>", "", page)


def test_polls_were_as_far_apart_as_they_were_asked_for(report):
    assert report.sampling["DMM_01"]["p50_s"] == pytest.approx(0.5, abs=0.01)
    assert report.sampling["PSU_01"]["p50_s"] == pytest.approx(1.0, abs=0.01)
    for found in report.sampling.values():
        assert found["p50_s"] <= found["p99_s"] <= found["max_s"] + 1e-9
        assert sum(count for _, count in found["bins"]) == found["polls"] > 100


@pytest.mark.parametrize(
    ("own", "steps", "is_over", "wanted"),
    [
        ("not_set", [], True, "not_set"),
        ("pass", [("pass", [])], False, "not_set"),
        ("pass", [("pass", []), ("not_set", [])], True, "pass"),
        ("pass", [("pass", ["inconclusive"])], True, "inconclusive"),
        ("pass", [("inconclusive", []), ("pass", ["fail"])], True, "fail"),
        ("pass", [("fail", [])], False, "fail"),
        ("aborted", [("fail", [])], True, "aborted"),
        ("error", [("aborted", [])], True, "error"),
        ("NotSet", [("pass", [])], True, "pass"),
    ],
)
def test_the_worst_verdict_of_all_wins(own, steps, is_over, wanted):
    rows = [{"verdict": v, "measures": [{"verdict": m} for m in ms]} for v, ms in steps]
    assert run_verdict(own, rows, is_over=is_over) == wanted


def test_of_two_verdicts_the_later_in_the_order_wins():
    for one, other in itertools.combinations(VERDICTS, 2):
        assert run_verdict(one, [{"verdict": other}], is_over=True) == other
        assert run_verdict(other, [{"verdict": one}], is_over=True) == other


# --- how it says it ------------------------------------------------------------------------------


def test_there_is_one_file_per_format():
    assert reports.formats() == ("html", "json", "junit", "pdf")
    with pytest.raises(NotFound, match="docx"):
        reports.renderer("docx")


def test_an_unknown_run_or_language_is_refused(kept):
    with pytest.raises(NotFound):
        reports.report_of(kept.database, "nothing")
    with pytest.raises(BadInput):
        reports.render(kept.database, kept.run, "html", "fr")


def test_json_is_the_whole_report(kept):
    found = json.loads(made(kept, "json"))
    assert (found["format"], found["version"]) == ("ionpy-auto-run-report", 1)
    assert found["steps"] == json.loads(json.dumps(kept.steps))
    assert [row["name"] for row in found["definitions"]][:2] == ["CE", "EE"]


class Tags(HTMLParser):
    """All tags with their attributes, all text."""

    def __init__(self):
        super().__init__(convert_charrefs=True)
        self.tags, self.text = [], []

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data):
        self.text.append(data)


@pytest.mark.parametrize("lang", ["en", "de"])
def test_the_page_needs_nothing_else_and_no_name_becomes_markup(kept, lang):
    page = made(kept, "html", lang).decode()
    parser = Tags()
    parser.feed(page)
    names = {tag for tag, _ in parser.tags}
    assert not names & {"script", "img", "link", "iframe", "object", "form", "foreignobject"}
    for _, attributes in parser.tags:
        assert not {"src", "href", "onerror", "onload", "onclick"} & attributes.keys()
    assert "url(#hatch)" in page or "url(" not in page
    text = "".join(parser.text)
    shown = HOSTILE.replace("\x1b", "\ufffd").replace("\x00", "\ufffd")
    assert text.count(shown) >= 3  # cell, operator, name and value of a condition
    assert "Two <cycles>" in text
    assert f'<html lang="{lang}">' in page
    assert len(page) < 500_000


def test_the_page_has_all_its_parts(kept):
    page = made(kept, "html").decode()
    heads = re.findall("<h2>(.*?)</h2>", page)
    assert heads == [
        "What the run measured",
        "Curves",
        "Cycles",
        "Protections and limits",
        "Conditions and parameters",
        "Checks before the start",
        "Steps",
        "Our Ah against the instruments&#x27; counters",
        "Contact",
        "Sampling",
        "Events",
        "Traceability",
        "Definitions",
    ]
    assert page.count('role="img"') == 6
    second = kept.cycles[1]
    assert second["ce_text"] in page
    assert " ± " in second["ce_text"]


def test_each_word_has_a_german_one():
    """Every literal given to the translator of a report stands in its dictionary."""
    folder = Path(reports.__file__).parent
    missing = set()
    for file in folder.rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Name):
                continue
            if node.func.id not in {"t", "words", "_told"}:
                continue
            for argument in node.args:
                if isinstance(argument, ast.Constant) and isinstance(argument.value, str):
                    missing |= {argument.value.removeprefix(">")} - GERMAN.keys()
    same = {"", "#", "Ah", "Wh", "p50", "p99"}
    assert missing <= same | {"Software"}, missing


def test_german_numbers_have_a_comma(kept):
    page = made(kept, "html", "de").decode()
    assert kept.cycles[1]["ce_text"].replace(".", ",") in page
    assert "nicht bestanden" in page


def test_junit_has_a_case_per_measurement_and_per_step_and_is_well_formed(kept):
    root = ET.fromstring(made(kept, "junit"))
    assert root.tag == "testsuites"
    (suite,) = root
    cases = suite.findall("testcase")
    measures = sum(len(step["measures"]) for step in kept.steps)
    assert len(cases) == measures + len(kept.steps) == int(suite.get("tests"))
    assert suite[0].tag == "properties"
    assert [child.tag for child in suite][1:] == ["testcase"] * len(cases)
    for number in ("tests", "failures", "errors", "skipped"):
        assert int(suite.get(number)) >= 0
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d", suite.get("timestamp"))
    assert len({case.get("name") for case in cases}) == len(cases)
    for case in cases:
        assert case.attrib.keys() == {"classname", "name", "time"}
        assert {child.tag for child in case} <= {"failure", "error", "skipped", "system-out"}
    failed = [case for case in cases if case.find("failure") is not None]
    assert len(failed) == int(suite.get("failures")) == 4  # two measurements, and their steps
    message = next(c for c in failed if "too_much" in c.get("name")).find("failure").get("message")
    assert re.fullmatch(r"too_much = [\d.]+ Ah, limits: min 9 Ah", message)
    good = next(c for c in cases if c.get("name") == "down (cycle 1): capacity")
    assert good.find("failure") is None


def test_the_pdf_is_the_same_each_time_and_carries_its_font(kept):
    one, other = made(kept, "pdf"), made(kept, "pdf")
    assert one == other
    assert one.startswith(b"%PDF-")
    assert one.rstrip().endswith(b"%%EOF")
    assert b"/FontFile2" in one
    assert len(re.findall(rb"/Type /Page\b(?!s)", one)) >= 3


# --- on the command line -------------------------------------------------------------------------


def test_a_report_is_written_without_a_server(kept, tmp_path):
    target = tmp_path / "run.xml"
    words = ["report", kept.run, "--out", str(target), "--database", str(kept.database.parent)]
    answer = CliRunner().invoke(build("report"), words)
    assert answer.exit_code == 0, answer.output
    assert target.read_bytes() == made(kept, "junit")


# --- runs that are not over, old, or large -------------------------------------------------------


def _change(path: Path, run: str, **columns: Any) -> None:
    with sqlite3.connect(path) as connection:
        for name, value in columns.items():
            connection.execute(f"UPDATE runs SET {name} = ? WHERE id = ?", (value, run))


@pytest.fixture
def copy(kept, tmp_path):
    with sqlite3.connect(kept.database) as source, sqlite3.connect(tmp_path / "data.db") as target:
        source.backup(target)
    return Kept(tmp_path / "data.db", kept.run, kept.shown, kept.steps, kept.cycles)


def test_a_run_that_is_not_over_is_reported_as_it_stands(copy):
    _change(copy.database, copy.run, status="running", verdict="pass", ended=None)
    found = reports.report_of(copy.database, copy.run)
    assert (found.run["state"], found.run["ended"]) == ("running", None)
    assert found.verdict == "fail"  # a step has failed already
    assert "This run is not over" in made(copy, "html").decode()
    root = ET.fromstring(made(copy, "junit"))
    assert "run" in {case.get("name") for case in root.iter("testcase")}


def test_an_old_run_without_a_sheet_and_without_records_is_reported(copy):
    _change(copy.database, copy.run, trace="{}", totals="{}", session_id=None, channel="CH9")
    found = reports.report_of(copy.database, copy.run)
    assert (found.series, found.loops, found.contact) == ({}, [], {})
    assert found.sheet["cell"]["id"] == HOSTILE  # from its bindings
    assert found.sheet["operator"] is None
    for name in reports.formats():
        assert made(copy, name, "de")


def test_a_gap_is_hatched_and_told_and_a_prediction_is_drawn(copy):
    with sqlite3.connect(copy.database) as connection:
        (text, started) = connection.execute("SELECT trace, started FROM runs").fetchone()
    gap = {"cause": "power_loss", "from": started + 600, "to": started + 900, "seconds": 300.0}
    resumed = {"at": started + 900, "by": "eve", "step": "up", "delta_v": -0.012}
    trace = {**json.loads(text), "gaps": [{**gap, "outputs": "off"}], "resumed": [resumed]}
    _change(copy.database, copy.run, trace=json.dumps(trace))
    folder = copy.database.parent / "predictions"
    folder.mkdir()
    curve = {
        "t": [0.0, 3000.0],
        "voltage": [3.7, 4.1],
        "current": [2.5, None],
        "temp": [25.0, 26.0],
    }
    (folder / f"{copy.run}.json").write_text(json.dumps({"curve": curve}), encoding="utf-8")
    page = made(copy, "html").decode()
    assert 'fill="url(#hatch)"' in page
    assert 'stroke="var(--predicted)"' in page
    assert "power_loss: 300 s, outputs off" in page
    assert "at step up, the cell had moved -12 mV" in page
    assert made(copy, "pdf") != made(copy, "pdf", "de")


CYCLES = 500
ROWS = 120_000


def _grow(kept: Kept) -> None:
    """Five hundred cycles of two steps, and many rows, as a run of months would leave them."""
    charge, _, discharge, _ = kept.steps[:4]
    began, count = 1_000_000.0, 0
    with sqlite3.connect(kept.database) as connection:
        for name in ("run_steps", "run_cycles", "device_CH1"):
            connection.execute(f"DELETE FROM {name}")
        steps, cycles = [], []
        for cycle in range(1, CYCLES + 1):
            for step in (charge, discharge):
                first = began + 3600.0 * count
                row = {**step, "index": count, "cycle": cycle, "started": first,
                       "ended": first + 3500.0, "phases": []}  # fmt: skip
                steps.append((kept.run, count, "", step["kind"], "", cycle, "", first, first + 3500,
                              "", "pass", json.dumps(row)))  # fmt: skip
                count += 1
            figures = {**kept.cycles[1], "cycle": cycle}
            cycles.append((kept.run, cycle, began, 0, json.dumps(figures)))
        connection.executemany(
            "INSERT INTO run_steps (run_id, number, path, kind, label, cycle, phase, started, "
            "ended, ended_by, verdict, result) VALUES (?,?,?,?,?,?,?,?,?,?,?,?)",
            steps,
        )
        connection.executemany(
            "INSERT INTO run_cycles (run_id, cycle, started, partial, figures) VALUES (?,?,?,?,?)",
            cycles,
        )
        width = 3600.0 * count / ROWS
        connection.executemany(
            "INSERT INTO device_CH1 (session_id, timestamp, voltage, current, temp, ah) "
            "VALUES (1, ?, ?, ?, 25.0, ?)",
            (
                (began + k * width, 3.0 + (k % 97) / 97.0, 1.0, (k * width % 3600.0) / 3600.0)
                for k in range(ROWS)
            ),
        )
        connection.execute(
            "UPDATE runs SET started = ?, ended = ?", (began, began + 3600.0 * count)
        )


def test_a_run_of_months_gives_a_page_that_can_be_mailed(copy):
    _grow(copy)
    found = reports.report_of(copy.database, copy.run)
    assert (len(found.steps), len(found.cycles)) == (2 * CYCLES, CYCLES)
    assert len(found.series["voltage"].t) <= 1200
    assert max(found.series["voltage"].high) == pytest.approx(3.0 + 96 / 97)
    assert {loop["cycle"] for loop in found.loops} >= {1, CYCLES}
    assert len({loop["cycle"] for loop in found.loops}) == 12
    page = reports.renderer("html").render(found, "en")
    assert len(page) < 3_000_000
    assert b"more cycles are not drawn" in page
    assert b"passed steps without remark are left out" in page
