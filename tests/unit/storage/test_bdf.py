"""Battery Data Format: its own validator reads what is written, and the figures are ours."""

import csv
import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from ionpy_auto.core.errors import BadInput, NotFound
from ionpy_auto.storage.device_tables import EntityColumn
from ionpy_auto.storage.export import ExportRequest
from ionpy_auto.testing.wires import tool_path
from tests.unit.storage.bench import lab, snapshot
from tests.unit.storage.test_export import T0, ready

CHANNEL = [
    *(EntityColumn(name, "numeric", "V") for name in ("voltage",)),
    EntityColumn("current", "numeric", "A"),
    EntityColumn("temp", "numeric", "°C"),
    *(EntityColumn(name, "numeric", "Ah") for name in ("ah", "charge_ah", "discharge_ah")),
    *(EntityColumn(name, "numeric") for name in ("cycle", "step_count", "edge")),
    *(EntityColumn(name, "text") for name in ("step", "phase")),
]
KEYS = ("voltage", "current", "temp", "charge_ah", "cycle", "step_count", "step")
ROWS = [
    dict(zip(KEYS, values, strict=True))
    for values in (
        (3.7, 1.0, 25.0, 0.0, 1.0, 1.0, "up"),
        (3.8, 1.0, 25.5, 0.5, 1.0, 1.0, "up"),
        (None, 1.0, 25.5, 0.5, 1.0, 1.0, "up"),
        (3.7, 0.0, 25.5, 0.5, 1.0, 2.0, "off"),
        (3.8, 1.0, 26.0, 0.6, 2.0, 3.0, "up"),
    )
]


async def recorded(it, tmp_path):
    exports = await ready(it, tmp_path)
    await it.recorder.declare("CH1", CHANNEL)
    for number, row in enumerate(ROWS):
        it.bus.publish(snapshot("CH1", T0 + number * 10.5, **row))
    await it.recorder.flush()
    return exports


def validated(path: Path) -> dict:
    """What the validator of batterydf says."""
    beside = Path(sys.executable).with_name("bdf")
    program = str(beside) if beside.exists() else tool_path("bdf")
    if not program:
        pytest.skip("batterydf is not installed")
    words = [program, "validate", "--strict", "--json", str(path)]
    env = {**os.environ, "PYTHONWARNINGS": "ignore"}
    said = subprocess.run(words, capture_output=True, text=True, timeout=120, env=env, check=False)
    assert said.returncode == 0, said.stdout + said.stderr
    return json.loads(said.stdout[said.stdout.index("{") :])


async def test_a_channel_becomes_a_file_that_the_formats_own_validator_accepts(tmp_path):
    async with lab(tmp_path / "data.db") as it:
        exports = await recorded(it, tmp_path)
        request = ExportRequest(
            "bdf", 1, "CH1", institution="TU Demo", specimen="C-7/a__b", dialect="de"
        )
        row = await exports.export(request)
        assert row.filename == "TU_Demo__C-7_a_b__20251009__CH1_085320.bdf.csv"
        path = await exports.path(row.id)
        report = validated(path)
        assert (report["ok"], report["extras"], report["n_rows"]) == (True, [], 4)
        assert report["legacy_labels"] == []
        assert report["time_stats"]["monotonic"]
        with path.open(encoding="utf-8", newline="") as file:
            lines = list(csv.DictReader(file))
        assert [line["Test Time / s"] for line in lines] == ["0.0", "10.5", "31.5", "42.0"]
        assert [line["Step Index / 1"] for line in lines] == ["1", "1", "2", "1"]
        assert [line["Step Count / 1"] for line in lines] == ["1", "1", "2", "3"]
        assert [line["Cycle Count / 1"] for line in lines] == ["1", "1", "1", "2"]
        assert [line["Charging Capacity / Ah"] for line in lines] == ["0.0", "0.5", "0.5", "0.6"]
        assert lines[0]["Surface Temperature T1 / degC"] == "25.0"
        assert float(lines[0]["Unix Time / s"]) == T0


async def test_of_a_whole_session_the_channels_alone_are_written(tmp_path):
    async with lab(tmp_path / "data.db") as it:
        exports = await recorded(it, tmp_path)
        row = await exports.export(ExportRequest("bdf", 1))
        with zipfile.ZipFile(await exports.path(row.id)) as archive:
            assert archive.namelist() == ["lab__Akku_3__20251009__CH1_085320.bdf.csv"]


async def test_a_device_without_a_known_sign_is_refused_and_leaves_no_file(tmp_path):
    async with lab(tmp_path / "data.db") as it:
        exports = await ready(it, tmp_path)
        with pytest.raises(BadInput, match="known sign"):
            await exports.export(ExportRequest("bdf", 1, "PSU_01"))
        with pytest.raises(NotFound, match="nothing recorded"):
            await exports.export(ExportRequest("bdf", 1))
        assert list((tmp_path / "exports").glob("*")) == []
