"""Profiles as people write them, and everything else a file can hold."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ionpy_auto.automation.profiles import read_profile
from ionpy_auto.engine.site import EntitySite

DAY = """# a short drive
time [s], current [A]
0, -1.5
10, 2.0
12, 0
20, 0
"""


def test_a_value_holds_until_the_next_row_and_the_last_row_ends_it():
    profile, findings = read_profile(DAY, "day.csv")
    assert findings == []
    assert profile is not None
    assert profile.quantity == "current"
    assert [(s.start, s.seconds, s.value) for s in profile.segments] == [
        (0, 10, -1.5),
        (10, 2, 2.0),
        (12, 8, 0),
    ]
    assert profile.seconds == 20
    assert (profile.highest, profile.lowest) == (2.0, -1.5)
    assert [s.line for s in profile.turns()] == [4]
    assert len(profile.digest) == 64


@pytest.mark.parametrize(
    ("head", "first", "quantity", "value"),
    [
        ("time [s],current [mA]", "0,1500", "current", 1.5),
        ("t [min];p [kW]", "0;2", "power", 2000.0),
        ("time_s\tvoltage_V", "0\t4.1", "voltage", 4.1),
        ("Current (A), Time (s)", "-1, 0", "current", -1.0),
    ],
)
def test_units_and_separators_are_taken_from_the_head(head, first, quantity, value):
    separator = next((x for x in ("\t", ";") if x in head), ",")
    swapped = "Current" in head
    last = f"0{separator}10" if swapped else f"10{separator}0"
    profile, findings = read_profile(f"{head}\n{first}\n{last}\n", "x.csv")
    assert profile is not None, findings
    assert profile.quantity == quantity
    assert profile.segments[0].value == pytest.approx(value)


BAD = {
    "nothing": ("", "empty-profile", 1, 1),
    "no unit": ("time, current [A]\n0,1\n1,1\n", "no-unit", 1, 1),
    "another unit": ("time [s], current [V]\n0,1\n1,1\n", "unit", 1, 11),
    "an unknown column": ("time [s], speed [V]\n0,1\n1,1\n", "unknown-column", 1, 11),
    "no command": ("time [s]\n0\n1\n", "no-head", 1, 1),
    "two commands": ("time [s],current [A],power [W]\n0,1,1\n1,1,1\n", "two-columns", 1, 22),
    "one row": ("time [s],current [A]\n0,1\n", "too-short", 2, 1),
    "a late start": ("time [s],current [A]\n1,1\n2,1\n", "first-time", 2, 1),
    "time that stands": ("time [s],current [A]\n0,1\n0,2\n1,1\n", "time-order", 3, 1),
    "a word": ("time [s],current [A]\n0,1\n1, much\n", "no-number", 3, 4),
    "a decimal comma": ("time [s];current [A]\n0;1,5\n1;0\n", "no-number", 2, 3),
    "not a number": ("time [s],current [A]\n0,nan\n1,0\n", "no-number", 2, 3),
    "a short row": ("time [s],current [A]\n0,1\n1\n", "missing-value", 3, 2),
}


@pytest.mark.parametrize("name", BAD)
def test_an_error_names_line_and_column(name):
    text, code, line, column = BAD[name]
    profile, findings = read_profile(text, "x.csv")
    assert profile is None
    assert (findings[0].code, findings[0].line, findings[0].column) == (code, line, column)
    assert findings[0].file == "x.csv"


@given(st.text(max_size=300))
def test_any_text_is_a_profile_or_has_findings(text):
    profile, findings = read_profile(text, "x.csv")
    assert (profile is None) == bool(findings)


values = st.floats(-100, 100, allow_nan=False).map(lambda x: round(x, 6))


@given(st.lists(st.tuples(st.integers(1, 1000), values), min_size=1, max_size=40))
def test_what_is_written_is_read(rows):
    at, lines = 0, ["time [s], power [W]"]
    for seconds, value in rows:
        lines.append(f"{at}, {value!r}")
        at += seconds
    lines.append(f"{at}, 0")
    profile, findings = read_profile("\n".join(lines), "x.csv")
    assert findings == []
    assert profile is not None
    assert profile.seconds == at
    work = sum(seconds * value for seconds, value in rows)
    assert sum(s.seconds * s.value for s in profile.segments) == pytest.approx(work, abs=1e-6)
    assert all(a.start + a.seconds == b.start for a, b in pairwise(profile.segments))
    half = profile.scaled(0.5)
    assert sum(s.seconds * s.value for s in half.segments) == pytest.approx(work / 2, abs=1e-6)
    assert profile.without("charge").highest == 0
    assert profile.without("discharge").lowest == 0


def test_a_profile_is_found_in_its_folder_or_inside_the_project_and_nowhere_else(tmp_path):
    project = tmp_path / "project"
    (project / "profiles").mkdir(parents=True)
    (project / "tables").mkdir()
    for place in (project / "profiles" / "day.csv", project / "tables" / "night.csv"):
        place.write_text(DAY, encoding="utf-8")
    (tmp_path / "secret.csv").write_text(DAY, encoding="utf-8")
    site = EntitySite((project / "channels",), ())
    for name in ("day", "day.csv", "tables/night.csv", "tables/night"):
        profile, findings = site.profile(name)
        assert profile is not None, findings
        assert profile.name == (name if name.endswith(".csv") else f"{name}.csv")
    assert site.profile("nowhere") == (None, [])
    for name in ("../secret.csv", str(tmp_path / "secret.csv")):
        profile, findings = site.profile(name)
        assert profile is None
        assert [finding.code for finding in findings] == ["unsafe-path"]
    (project / "profiles" / "raw.csv").write_bytes(b"\xff\xfe\x00")
    assert site.profile("raw")[1][0].code == "unreadable"
