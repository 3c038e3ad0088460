"""The table of units, what is read as a quantity, and what two units have to do with each other."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ionpy_auto.language import (
    UnitError,
    find_unit,
    format_duration,
    format_quantity,
    parse_duration,
    parse_quantity,
)
from ionpy_auto.language.units import UNITS, match_unit

LEXED = {
    "4.2 V": ("V", 4.2),
    "4.2V": ("V", 4.2),
    "50 mA": ("mA", 0.05),
    "1005 mV": ("mV", 1.005),  # exactly the literal: a limit must not miss by one bit
    "5 µA": ("µA", 5e-06),
    "5 \u03bcA": ("µA", 5e-06),
    "5 uA": ("µA", 5e-06),
    "3 Ohm": ("Ω", 3.0),
    "3 \u2126": ("Ω", 3.0),
    "3 mΩ": ("mΩ", 0.003),
    "25 degC": ("°C", 25.0),
    "-20 °C": ("°C", -20.0),
    "5 K": ("K", 5.0),
    "30 min": ("min", 1800.0),
    "2 h": ("h", 7200.0),
    "2.5 Ah": ("Ah", 2.5),
    "250 mAh": ("mAh", 0.25),
    "9 Wh": ("Wh", 9.0),
    "80 %": ("%", 80.0),
    "50 Hz": ("Hz", 50.0),
    "0.5 C": ("C", 0.5),
    "C/20": ("C", 0.05),
    "5 mV/s": ("mV/s", 0.005),
    "6 A/min": ("A/min", 0.1),
    "1 K/min": ("K/min", 1 / 60),
    "7": ("", 7.0),
    "-1e-3": ("", -0.001),
}


@pytest.mark.parametrize("text", LEXED)
def test_quantity_is_read_in_its_coherent_unit(text: str) -> None:
    quantity = parse_quantity(text)
    assert (quantity.unit.name, quantity.coherent) == LEXED[text]


NOT_UNITS = {
    "5  V": "one space",
    "5 v": "did you mean V?",
    "5 MV": "did you mean mV?",
    "5 sec": "did you mean s?",
    "5 furlong": "units are",
    "5 V/x": "did you mean V?",
    "five V": "write for example 4.2 V",
    "": "write for example 4.2 V",
    "1e999 V": "finite",
    "NaN": "write for example 4.2 V",
    "0x10": "units are",
    "1_000": "units are",
}


@pytest.mark.parametrize("text", NOT_UNITS)
def test_text_that_is_no_quantity_is_refused_with_a_hint(text: str) -> None:
    with pytest.raises(UnitError) as caught:
        parse_quantity(text)
    assert NOT_UNITS[text] in caught.value.hint


@pytest.mark.parametrize(
    ("text", "unit"),
    [
        ("min(1, 2)", None),
        ("s (x)", None),
        ("Ah and", "Ah"),
        ("A/h", "A/h"),
        ("V/voltage", "V"),
        ("V/s.x", "V"),
        ("V/s(3)", "V"),
        ("s.x", None),
        ("Ampere", None),
        ("mAh", "mAh"),
    ],
)
def test_longest_unit_of_the_table_is_taken(text: str, unit: str | None) -> None:
    found = match_unit(text)
    assert (found[0].name if found else None) == unit


def test_conversion_checks_what_is_measured() -> None:
    assert parse_quantity("4200 mV").to("V") == pytest.approx(4.2)
    assert parse_quantity("0.5 h").to("min") == pytest.approx(30)
    with pytest.raises(UnitError, match="5 A is in A, wanted is V"):
        parse_quantity("5 A").to("V")


def test_rate_becomes_a_current_only_with_a_capacity_and_only_there() -> None:
    assert parse_quantity("C/5").to("A", capacity=2.5) == pytest.approx(0.5)
    with pytest.raises(UnitError) as caught:
        parse_quantity("0.5 C").to("A")
    assert "capacity" in caught.value.hint
    with pytest.raises(UnitError) as caught:
        parse_quantity("45 C").to("°C", capacity=2.5)
    assert caught.value.hint == "C is a charge rate; a temperature is written °C"


def test_temperatures_and_their_differences_do_not_mix() -> None:
    with pytest.raises(UnitError) as caught:
        parse_quantity("5 °C").to("K")
    assert "K" in caught.value.hint
    with pytest.raises(UnitError):
        parse_quantity("5 K").to("°C")


def test_undeclared_unit_measures_only_itself() -> None:
    assert find_unit("rpm").dimension != find_unit("ppm").dimension
    assert find_unit("rpm").dimension == find_unit("rpm").dimension


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("90 s", 90), ("500 ms", 0.5), ("1 h 30 min", 5400), ("1 d", 86400), ("1h30min", 5400)],
)
def test_duration_is_read_in_seconds(text: str, seconds: float) -> None:
    assert parse_duration(text) == seconds


@pytest.mark.parametrize(
    "text", ["", "5", "5 V", "-1 s", "30 min 1 h", "1 h x", "1 s 1 s", "1e999 s"]
)
def test_text_that_is_no_duration_is_refused(text: str) -> None:
    with pytest.raises(UnitError):
        parse_duration(text)


@given(st.integers(0, 10_000_000))
def test_printed_duration_reads_back_the_same(seconds: int) -> None:
    if seconds:
        assert parse_duration(format_duration(seconds)) == seconds


@given(st.floats(-1e6, 1e6).map(lambda x: float(f"{x:.6g}")), st.sampled_from(sorted(UNITS)))
def test_printed_quantity_reads_back_the_same(value: float, unit: str) -> None:
    text = format_quantity(value, unit)
    if unit == "s":
        return
    assert parse_quantity(text).to(unit) == pytest.approx(value, rel=1e-5, abs=1e-12)


@given(st.text(max_size=30))
def test_any_text_is_a_quantity_or_refused_with_a_hint(text: str) -> None:
    for parse in (parse_quantity, parse_duration):
        hint = "read"
        try:
            parse(text)
        except UnitError as error:
            hint = error.hint
        assert hint
