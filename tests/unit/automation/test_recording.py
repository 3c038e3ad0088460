"""Replay of recorded CSV files: the reference test, names of columns, strict errors."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ionpy_auto.automation.sequences.recording import Recording, replay
from ionpy_auto.core.errors import BadInput

DATA = Path(__file__).parents[2] / "data"
REFERENCE = DATA / "lgm50_c2_cccv_reference.csv"


def write(folder: Path, text: str) -> Path:
    path = folder / "recording.csv"
    path.write_text(text, encoding="utf-8")
    return path


def table(header: str, rows: list[tuple[object, ...]]) -> str:
    return "\n".join([header, *(",".join(str(value) for value in row) for row in rows)]) + "\n"


def test_the_reference_recording_agrees_with_its_solver() -> None:
    answer = replay(REFERENCE, "discharge")
    wanted = json.loads((DATA / "lgm50_c2_cccv_reference.json").read_text())
    assert len(answer["steps"]) == len(wanted) == 5
    for step, truth in zip(answer["steps"], wanted, strict=True):
        net_ah = step["discharge_ah"] - step["charge_ah"]
        net_wh = step["discharge_wh"] - step["charge_wh"]
        assert net_ah == pytest.approx(truth["Ah_trapz"], rel=1e-6, abs=1e-9)
        assert net_ah == pytest.approx(truth["dQ_Ah_solver"], rel=1e-3, abs=1e-9)
        assert net_wh == pytest.approx(truth["Wh_trapz"], rel=1e-6, abs=1e-9)
        assert step["duration_s"] == pytest.approx(truth["t1_s"] - truth["t0_s"], abs=1.0)
        assert step["gaps"] == 0
    kinds = [step["kind"] for step in answer["steps"]]
    assert kinds == ["discharge", "rest", "charge", "charge", "rest"]
    json.dumps(answer, allow_nan=False)


def test_without_a_step_column_steps_follow_the_current(tmp_path: Path) -> None:
    lines = REFERENCE.read_text().splitlines()
    path = write(tmp_path, "\n".join(line.partition(",")[2] for line in lines) + "\n")
    steps = replay(path, "discharge")["steps"]
    assert [step["kind"] for step in steps] == ["discharge", "rest", "charge", "rest"]
    assert steps[2]["charge_ah"] == pytest.approx(4.546132 + 0.515540, rel=1e-5)


CYCLED = [
    (float(t), 4.0 if (t // 3600) % 2 == 0 else 3.6, 1.0 if (t // 3600) % 2 == 0 else -0.99)
    for t in range(0, 4 * 3600, 10)
]


@pytest.mark.parametrize(
    "header",
    [
        "Test Time / s,Voltage / V,Current / A",
        "test_time_second,voltage_volt,current_ampere",
        "time_s,voltage_V,current_A_charge_positive",
        "Time,Voltage,Current",
    ],
)
def test_every_naming_is_understood(tmp_path: Path, header: str) -> None:
    answer = replay(write(tmp_path, table(header, CYCLED)), "charge")
    assert [step["kind"] for step in answer["steps"]] == ["charge", "discharge"] * 2
    assert [cycle["ce_state"] for cycle in answer["cycles"]] == ["first", "valid"]
    assert answer["cycles"][1]["ce"] == pytest.approx(0.99, abs=2e-3)


def test_units_in_names_are_converted(tmp_path: Path) -> None:
    rows = [(t / 60, volts * 1000, amps * 1000) for t, volts, amps in CYCLED]
    path = write(tmp_path, table("time_min,voltage_mV,current_mA", rows))
    assert replay(path, "charge")["steps"][0]["charge_ah"] == pytest.approx(1.0, rel=2e-3)


def test_the_sign_turns_charge_and_discharge_round(tmp_path: Path) -> None:
    path = write(tmp_path, table("time_s,voltage_V,current_A", CYCLED))
    up, down = replay(path, "charge"), replay(path, "discharge")
    assert up["steps"][0]["charge_ah"] == down["steps"][0]["discharge_ah"] > 0.9


def test_cycle_numbers_of_the_file_are_kept(tmp_path: Path) -> None:
    rows = [(*row, 7 + int(row[0] // 7200)) for row in CYCLED]
    header = "Test Time / s,Voltage / V,Current / A,Cycle Count / 1"
    answer = replay(write(tmp_path, table(header, rows)), "charge")
    assert [cycle["number"] for cycle in answer["cycles"]] == [7, 8]


def test_a_missing_stretch_is_a_gap_and_the_cycle_partial(tmp_path: Path) -> None:
    rows = [row for row in CYCLED if not 1000 < row[0] < 1200]
    answer = replay(write(tmp_path, table("time_s,voltage_V,current_A", rows)), "charge")
    assert [step["gaps"] for step in answer["steps"]] == [1, 0, 0, 0]
    assert answer["steps"][0]["charge_ah"] == pytest.approx(1.0 - 200 / 3600, rel=2e-3)
    assert [cycle["partial"] for cycle in answer["cycles"]] == [True, False]
    assert answer["cycles"][0]["ce"] is None


HEADER = "time_s,voltage_V,current_A"


@pytest.mark.parametrize(
    ("text", "code", "line", "column"),
    [
        (f"{HEADER}\n0,4,1\n1,nan,1\n", "not-a-number", 3, 2),
        (f"{HEADER}\n0,4,1\n1,4,inf\n", "not-a-number", 3, 3),
        (f"{HEADER}\n0,4,1\n1,,1\n", "not-a-number", 3, 2),
        (f"{HEADER}\n0,4,1_0\n", "not-a-number", 2, 3),
        (f"{HEADER}\n0,4,1\n2,4,1\n1,4,1\n", "time-runs-back", 4, 1),
        (f"{HEADER}\n0,4,1\n1,4\n", "wrong-field-count", 3, 0),
        (f"{HEADER}\n", "empty", 1, 0),
        ("time_s,current_A\n0,1\n", "missing-column", 1, 0),
        ("time_s,voltage_V,current_A,current_mA\n0,4,1,1000\n", "ambiguous-column", 1, 4),
        (f"{HEADER},cycle\n0,4,1,1.5\n", "not-a-count", 2, 4),
        ("time_s,voltage_V,current_A_discharge_positive\n0,4,1\n", "contradicting-sign", 1, 3),
    ],
    ids=lambda value: value if isinstance(value, str) and value.islower() else "",
)
def test_what_cannot_be_believed_is_refused_with_its_place(
    tmp_path: Path, text: str, code: str, line: int, column: int
) -> None:
    with pytest.raises(BadInput) as caught:
        replay(write(tmp_path, text), "charge")
    finding = caught.value.findings[0]
    assert (finding.code, finding.line, finding.column) == (code, line, column)
    assert f"line {line}" in caught.value.message


@pytest.mark.parametrize("sign", [None, "", "positive"])
def test_an_unknown_sign_is_refused_with_a_hint(sign: str | None) -> None:
    with pytest.raises(BadInput) as caught:
        replay(REFERENCE, sign)
    assert caught.value.findings[0].code == "unknown-sign"
    assert "charge or discharge" in caught.value.hint
    assert "says discharge" in caught.value.hint


def test_a_file_that_does_not_exist_is_bad_input(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="cannot read"):
        replay(tmp_path / "none.csv", "charge")


@given(st.text(max_size=200))
def test_any_text_is_read_or_refused_politely(tmp_path_factory, text: str) -> None:
    path = tmp_path_factory.mktemp("any") / "x.csv"
    path.write_text(f"{HEADER}\n{text}", encoding="utf-8", errors="ignore")
    places = []
    times = []
    try:
        times = [row.time_s for row in Recording(path, "charge")]
    except BadInput as error:
        places = list(error.findings)
    assert places or times == sorted(times)
