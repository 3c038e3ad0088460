"""Expressions: meaning, units, refusals, and that the compiled form equals the reference."""

import copy
import math
import pickle
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ionpy_auto.core.errors import ConfigInvalid, Finding, Severity
from ionpy_auto.language import (
    UNKNOWN,
    Bound,
    Expression,
    MapNode,
    Scope,
    TextNode,
    Value,
    Window,
    kleene,
    normal,
    read,
)
from ionpy_auto.language.tokens import LexError, lex
from tests.unit.language.bench import BENCH, Values

KNOWN = Values(
    {
        "voltage": 3.7,
        "current": -0.5,
        "temp": 25.0,
        "ambient": 22.0,
        "step.ah": 2.0,
        "step.wh": 7.4,
        "step.time": 90.0,
        "cell.capacity": 2.5,
        "PSU_01.u_mv": 1005,
        "PSU_01.i_ma": 500.0,
        "PSU_01.output": True,
        "PSU-01.u_out": 12.0,
        "LOAD.time_min": 2.0,
        "step.ended_by": "taper",
        "soc": 80.0,
        "n": 6,
    },
    {
        ("avg", "voltage", 10.0): 3.6,
        ("spread", "voltage", 600.0): 0.0015,
        ("spread", "temp", 1800.0): 0.5,
        ("rate", "temp", 60.0): 0.05,
        ("integral", "current", 3600.0): 1800.0,
        ("integral", "PSU_01.i_ma", 3600.0): 1_800_000.0,
        ("previous", "voltage", 0.0): 3.6,
        ("changed", "PSU_01.output", 5.0): True,
        ("max", "voltage", 10.0): 4.1,
    },
    {"voltage": 0.5},
)


def parse(text: str, scope: Scope = BENCH, want: str = "") -> Expression:
    return Expression.compile(text, scope, want)


def errors(text: str, scope: Scope = BENCH, want: str = "") -> list[Finding]:
    findings: list[Finding] = []
    assert Expression.parse(text, scope, findings, want) is None
    return findings


MEANING: dict[str, Value] = {
    "voltage > 3.6 V": True,
    "voltage > 3600 mV": True,
    "3 V < voltage < 4 V": True,
    "between(voltage, 2.5 V, 4.2 V)": True,
    "abs(current) >= 0.2 C": True,
    "abs(current) < C/5": False,
    "current == -0.2 C": True,
    "PSU_01.u_mv >= 1.005 V": True,
    "PSU_01.u_mv <= 1.005 V": True,
    "PSU_01.u_mv == 1005": True,
    "PSU_01.u_mv < voltage": True,
    'value("PSU-01.u_out") == 12 V': True,
    "LOAD.time_min == 120 s": True,
    "LOAD.time_min == 2": True,
    "temp - ambient < 5 K": True,
    "temp > ambient + 2 K": True,
    "rate(temp, 1 min) > 2 K/min": True,
    "integral(current, 1 h) == 0.5 Ah": True,
    "integral(PSU_01.i_ma, 1 h) == 500 mAh": True,
    "step.wh / step.ah == 3.7 V": True,
    "step.ah > 80 % * cell.capacity": False,
    "step.ah >= 0.8 * cell.capacity": True,
    "soc >= 80": True,
    "soc >= 80 %": True,
    "step.cv_share < 20 % or n == 6": True,
    "step.ended_by == 'taper'": True,
    'step.ended_by in ["time", "taper"]': True,
    'step.ended_by not in ["time"]': True,
    "PSU_01.output": True,
    "PSU_01.output == true": True,
    "not PSU_01.output": False,
    "PSU_01.output and voltage > 3 V": True,
    "n % 4 == 2": True,
    "n // 4 == 1": True,
    "2 ** 3 == 8": True,
    "-2 ** 2 == -4": True,
    "1 if PSU_01.output else 2": 1.0,
    "round(voltage)": 4.0,
    "round(3.14159, 2)": 3.14,
    "sqrt(voltage ** 2) == voltage": True,
    "clamp(n, 1, 5)": 5.0,
    "max(1, n, 3)": 6.0,
    "max(voltage, 10 s) == 4.1 V": True,
    "max(voltage, 4 V) == 4 V": True,
    "max(step.time, 100 s) == 100 s": True,
    "avg(voltage, 10 s) == 3.6 V": True,
    "avg(voltage, 20 s) == 3.6 V": UNKNOWN,
    "stable(voltage, 2 mV, 10 min)": True,
    "stable(voltage, 1 mV, 10 min)": False,
    "stable(voltage, 2 mV, 11 min)": UNKNOWN,
    "stable(temp, 1 K, 30 min) and voltage > 3 V": True,
    "previous(voltage) < voltage": True,
    "changed(PSU_01.output, 5 s)": True,
    "age(voltage) < 1 s": True,
    "age(current) < 1 s": UNKNOWN,
    "is_stale(voltage)": False,
    "is_stale(power)": True,
    "power > 5 W": UNKNOWN,
    "power > 5 W and voltage > 5 V": False,
    "power > 5 W or voltage > 3 V": True,
    "power / 0 W > 1": UNKNOWN,
    "voltage < $vmax": True,
    "n == 2 * $cycles": True,
    "abs(current) <= $rate": True,
    "$armed and n > 1": True,
    "floor(2.7) + ceil(2.1) == 5": True,
    "exp(0) + log(1) == 1": True,
    "log(0) == 1": UNKNOWN,
    "voltage > 2.5 V if n > 3 else false": True,
    "step.time >= 1.5 min": True,
}


@pytest.mark.parametrize("text", MEANING)
def test_expression_means(text: str) -> None:
    expression = parse(text)
    result, wanted = expression.evaluate(KNOWN), MEANING[text]
    assert result is wanted if not isinstance(wanted, float) else result == wanted
    reference = expression.evaluate_reference(KNOWN)
    assert reference is result or reference == result


WRONG = {
    "voltage > 5 A": ("bad-unit", 11, "V"),
    "voltage > 3 V and current < 5 V": ("bad-unit", 29, "A"),
    "temp > 45 C": ("bad-unit", 8, "°C"),
    "temp > 45 K": ("bad-unit", 8, "°C"),
    "temp - ambient > 5 °C": ("bad-unit", 18, "K"),
    "rate(temp, 1 min) > 1 °C/min": ("bad-unit", 21, "K/min"),
    "temp + ambient > 5 °C": ("bad-unit", 8, "K"),
    "temp * 2 > 50 °C": ("bad-unit", 1, "subtract"),
    "step.ah > current * step.time": ("bad-unit", 11, "3600"),
    "fan.speed > 5 A": ("bad-unit", 13, "rpm"),
    "voltage + current > 1": ("bad-unit", 11, "V"),
    "min(voltage, current) > 1 V": ("bad-unit", 14, "V"),
    "exp(voltage) > 1": ("bad-unit", 5, "1 V"),
    "voltage > 5  V": ("bad-unit", 14, "one space"),
    "voltage > 5 v": ("bad-unit", 13, "did you mean V?"),
    "nobody > 3": ("unknown-point", 1, "PSU-01"),
    "voltage > $nobody": ("unknown-parameter", 11, "$vmax"),
    "foo(voltage)": ("unknown-function", 1, "avg"),
    "voltage = 3 V": ("bad-character", 9, "=="),
    "voltage and current > 1 A": ("not-a-condition", 1, "compare"),
    "PSU_01.output == 1": ("wrong-type", 18, "true"),
    "step.ended_by > 3": ("not-a-number", 1, ""),
    "voltage ** n > 1": ("bad-power", 12, "16"),
    "voltage > 3 V and": ("syntax", 15, "missing"),
    "(voltage > 3 V": ("unbalanced", 1, ""),
    "avg(voltage, 10) > 3 V": ("not-a-duration", 14, "10 s"),
    "stable(voltage, 10 min)": ("wrong-arguments", 1, ""),
    "stable(voltage, 2 mA, 10 min)": ("bad-unit", 17, "V"),
    "stable(temp, 1 °C, 10 min)": ("bad-unit", 14, "K"),
    "stable(voltage, 2 mV, 10 mV)": ("not-a-duration", 23, "10 s"),
    "stable(2 V, 2 mV, 10 min)": ("not-a-point", 8, ""),
}


@pytest.mark.parametrize("text", WRONG)
def test_wrong_expression_is_refused_at_its_column(text: str) -> None:
    first = errors(text)[0]
    code, column, hint = WRONG[text]
    assert (first.code, first.line, first.column) == (code, 1, column)
    assert hint in first.hint
    assert first.file == "flow.yaml"


def test_all_errors_are_told_at_once() -> None:
    assert [f.code for f in errors("nobody > 1 or voltage > 5 A or current > $x")] == [
        "unknown-point",
        "bad-unit",
        "unknown-parameter",
    ]


def test_column_inside_a_block_scalar_is_the_column_of_the_file() -> None:
    root = read("rules:\n  when: >\n    voltage > 3 V\n    and current < 5 V\n")
    assert isinstance(root, MapNode)
    rules = root.get("rules")
    assert isinstance(rules, MapNode)
    node = rules.get("when")
    assert isinstance(node, TextNode)
    findings: list[Finding] = []
    assert Expression.parse(node, BENCH, findings) is None
    assert (findings[0].line, findings[0].column, findings[0].path) == (4, 19, "rules.when")


def test_bare_number_beside_a_scaled_unit_draws_a_warning() -> None:
    (warning,) = parse("PSU_01.u_mv > 4200").findings
    assert (warning.code, warning.severity, warning.column) == (
        "bare-number",
        Severity.WARNING,
        15,
    )
    assert parse("voltage > 4.2").findings == ()


def test_rate_without_a_cell_is_refused() -> None:
    scope = Scope(units_of=BENCH.units_of)
    assert [f.code for f in errors("current < 0.5 C", scope)] == ["no-capacity"]


def test_rate_beside_an_undeclared_unit_is_refused() -> None:
    assert [f.code for f in errors("x < 0.5 C", Scope(capacity=2.5))] == ["bad-unit"]


def test_capacity_may_be_a_point_read_at_run_time() -> None:
    scope = Scope(units_of=BENCH.units_of, capacity_point="cell.capacity")
    expression = parse("current < 0.5 C", scope)
    assert expression.points == {"current", "cell.capacity"}
    assert expression.evaluate(Values({"current": 1.2, "cell.capacity": 2.5})) is True
    assert expression.evaluate(Values({"current": 1.2})) is UNKNOWN


def test_point_unknown_at_the_check_stays_unknown_until_checked_again() -> None:
    scope = Scope(units_of=BENCH.units_of, unknown_points=Severity.WARNING)
    expression = parse("later.u > 50 mV", scope)
    assert [f.code for f in expression.findings] == ["unknown-point"]
    assert expression.evaluate(Values({"later.u": 100.0})) is UNKNOWN


def test_names_resolve_to_addresses() -> None:
    scope = Scope(resolve=lambda name: f"CH1.{name}")
    expression = parse("voltage > 3 V and max(current, 5 s) < 1 A", scope)
    assert expression.points == {"CH1.voltage", "CH1.current"}
    assert expression.windows == (Window("CH1.current", "max", 5.0),)


def test_result_has_a_unit() -> None:
    assert parse("PSU_01.u_mv * 2").unit == "V"
    assert parse("voltage * current").unit == "W"
    assert parse("temp - ambient").unit == "K"
    assert parse("max(temp, ambient)").unit == "°C"
    assert parse("voltage > 1 V").unit == ""


def test_bounds_are_the_limits_that_act_alone() -> None:
    assert parse("voltage > 4.25 V").bounds() == (Bound("voltage", ">", 4.25, "V"),)
    assert parse("4250 mV < voltage").bounds() == (Bound("voltage", ">", 4.25, "V"),)
    assert parse("temp > 45 °C or temp < 0 °C").bounds() == (
        Bound("temp", ">", 45.0, "°C"),
        Bound("temp", "<", 0.0, "°C"),
    )
    assert parse("abs(current) < C/20").bounds() == (Bound("abs(current)", "<", 0.125, "A"),)
    assert parse("temp > 45 °C and n > 1").bounds() == ()
    assert parse("temp > ambient").bounds() == ()


def test_explanation_names_every_leaf_and_comparison() -> None:
    parts = parse("voltage > 4 V and power < 5 W").explain(KNOWN)
    assert [(p.text, p.value, p.unit) for p in parts] == [
        ("voltage > 4 V", False, ""),
        ("voltage", 3.7, "V"),
        ("power < 5 W", UNKNOWN, ""),
        ("power", UNKNOWN, "W"),
    ]


ESCAPES = (Path(__file__).parent / "escapes.txt").read_text(encoding="utf-8").splitlines()


@pytest.mark.parametrize("text", ESCAPES)
def test_escape_is_refused(text: str) -> None:
    assert any(f.severity is Severity.ERROR for f in errors(text))


@pytest.mark.parametrize("text", ESCAPES)
def test_escape_is_refused_even_where_every_name_is_allowed(text: str) -> None:
    scope = Scope(parameters={"who": "Ada"})
    findings: list[Finding] = []
    expression = Expression.parse(text, scope, findings)
    # A lone foreign-looking name is only a point that nobody has: nothing is called or read.
    assert expression is None or expression.evaluate(Values()) is UNKNOWN


def test_there_are_at_least_150_escapes() -> None:
    assert len(set(ESCAPES)) >= 150


@pytest.mark.parametrize(
    "text",
    [
        "n + " * 300 + "n",
        "not " * 200 + "PSU_01.output",
        "-" * 300 + "n",
        "(" * 33 + "n" + ")" * 33,
        "1" * 1025,
        " or ".join(["n == 1"] * 90),
    ],
)
def test_oversized_expression_is_refused(text: str) -> None:
    assert errors(text)


def test_failed_compilation_carries_the_findings() -> None:
    with pytest.raises(ConfigInvalid) as caught:
        parse("voltage > 5 A")
    assert caught.value.findings[0].code == "bad-unit"


@settings(max_examples=300, deadline=None)
@given(st.text(max_size=60))
def test_any_text_is_an_expression_or_a_finding(text: str) -> None:
    findings: list[Finding] = []
    expression = Expression.parse(text, BENCH, findings)
    assert expression is not None or findings
    assert all(f.line >= 1 and f.column >= 1 for f in findings)


WORDS = """( ) [ ] , + - * / % < > ** == and or not if else in true 5_V 3 C/20 10_s 80_% °C
voltage temp n $vmax 'x' abs( avg( value("""
PIECES = st.sampled_from([word.replace("_", " ") for word in WORDS.split()])


@settings(max_examples=500, deadline=None)
@given(st.lists(PIECES, max_size=14))
def test_any_row_of_words_is_an_expression_or_a_finding(words: list[str]) -> None:
    findings: list[Finding] = []
    expression = Expression.parse(" ".join(words), BENCH, findings)
    if expression is None:
        assert findings
    else:
        assert expression.evaluate(KNOWN) == expression.evaluate_reference(KNOWN)


# --- compiled form against the reference ----------------------------------------------------

NAMES = ("a", "b", "c", "d.x")
LOOSE = Scope()
NUMBERS = st.sampled_from(["0", "1", "2", "0.5", "3.7", "1e200", "1e308", "100", "1e-300"])


def _numbers(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.one_of(
        st.tuples(inner, st.sampled_from(["+", "-", "*", "/", "//", "%"]), inner).map(
            lambda t: f"({t[0]} {t[1]} ({t[2]}))"
        ),
        st.tuples(inner, st.sampled_from(["2", "3", "-1", "0.5", "16", "0"])).map(
            lambda t: f"(({t[0]}) ** {t[1]})"
        ),
        inner.map(lambda x: f"(-({x}))"),
        st.tuples(
            st.sampled_from(["abs", "sqrt", "exp", "log", "floor", "ceil", "round"]), inner
        ).map(lambda t: f"{t[0]}({t[1]})"),
        st.tuples(st.sampled_from(["min", "max"]), inner, inner).map(
            lambda t: f"{t[0]}({t[1]}, {t[2]})"
        ),
        st.tuples(inner, inner, inner).map(lambda t: f"clamp({t[0]}, {t[1]}, {t[2]})"),
    )


NUMERIC = st.recursive(NUMBERS | st.sampled_from(NAMES), _numbers, max_leaves=6)
COMPARISON = st.one_of(
    st.tuples(NUMERIC, st.sampled_from(["<", "<=", ">", ">=", "==", "!="]), NUMERIC).map(
        lambda t: f"({t[0]} {t[1]} {t[2]})"
    ),
    st.tuples(NUMERIC, NUMERIC, NUMERIC).map(lambda t: f"({t[0]} < {t[1]} <= {t[2]})"),
    st.tuples(st.sampled_from(NAMES), st.sampled_from(["'x'", "true", "b"])).map(
        lambda t: f"({t[0]} == {t[1]})"
    ),
    st.sampled_from(NAMES).map(lambda n: f"({n} in ['x', 'y'])"),
    st.sampled_from(NAMES).map(lambda n: f"({n} not in [1, 2])"),
    st.sampled_from(["true", "false", *NAMES]),
)
CONDITION = st.recursive(
    COMPARISON,
    lambda inner: st.one_of(
        st.tuples(inner, st.sampled_from(["and", "or"]), inner).map(
            lambda t: f"({t[0]} {t[1]} {t[2]})"
        ),
        inner.map(lambda x: f"(not {x})"),
        st.tuples(inner, inner, inner).map(lambda t: f"({t[1]} if {t[0]} else {t[2]})"),
    ),
    max_leaves=6,
)
VALUES = st.one_of(
    st.none(),
    st.floats(-100, 100),
    st.floats(allow_nan=True, allow_infinity=True),
    st.booleans(),
    st.sampled_from(["x", "y", ""]),
    st.integers(-(10**400), 10**400) | st.integers(-5, 5),
)


@settings(max_examples=700, deadline=None)
@given(CONDITION | NUMERIC, st.lists(st.tuples(*[VALUES] * len(NAMES)), min_size=3, max_size=6))
def test_compiled_form_gives_the_reference_result(text: str, rows: list[tuple[Any, ...]]) -> None:
    expression = Expression.parse(text, LOOSE, [])
    if expression is None:
        return
    floats = [tuple(float(i + 1) for i in range(len(NAMES)))]
    for row in [*rows, *floats]:
        env = Values(dict(zip(NAMES, row, strict=True)))
        quick, slow = expression.evaluate(env), expression.evaluate_reference(env)
        assert type(quick) is type(slow)
        assert quick is slow or quick == slow
        assert not isinstance(quick, float) or math.isfinite(quick)


PLAIN = st.recursive(
    st.sampled_from(["0", "2.5", "1000", "1e-9", *NAMES]),
    lambda inner: st.one_of(
        st.tuples(inner, st.sampled_from(["+", "-", "*"]), inner).map(
            lambda t: f"({t[0]} {t[1]} {t[2]})"
        ),
        inner.map(lambda x: f"({x} / 0.3)"),
        inner.map(lambda x: f"abs(-{x})"),
    ),
    max_leaves=5,
)
QUICK = st.lists(
    st.one_of(
        st.tuples(PLAIN, st.sampled_from(["<", "<=", ">", ">=", "=="]), PLAIN, st.booleans()).map(
            lambda t: f"{'not ' * t[3]}({t[0]} {t[1]} {t[2]})"
        ),
        st.sampled_from(["flag", "not flag", "word == 'x'", "flag == false"]),
    ),
    min_size=1,
    max_size=4,
).flatmap(lambda parts: st.sampled_from([" and ", " or "]).map(lambda word: word.join(parts)))
NEAR = st.one_of(
    st.floats(-10, 10),
    st.sampled_from([0.0, -0.0, 2.5, 1e15, -1e15, 9.9e14, 1e16, 1e308, -1e308, 5e-324]),
    st.sampled_from([None, True, "x", math.nan, math.inf]),
)


@settings(max_examples=700, deadline=None)
@given(
    QUICK,
    st.lists(st.tuples(*[NEAR] * 4, st.sampled_from([True, False, None, 1.0])), min_size=4),
)
def test_quick_path_gives_the_reference_result(text: str, rows: list[tuple[Any, ...]]) -> None:
    expression = Expression.compile(text, LOOSE)
    for row in rows:
        env = Values({**dict(zip((*NAMES, "flag"), row, strict=True)), "word": "x"})
        assert expression.evaluate(env) is expression.evaluate_reference(env)


# --- three values ---------------------------------------------------------------------------

THREE = (True, False, UNKNOWN)
RANK = {False: 0, UNKNOWN: 1, True: 2}


@pytest.mark.parametrize("left", THREE)
@pytest.mark.parametrize("right", THREE)
def test_and_is_the_smaller_and_or_the_greater_of_three_values(left: Value, right: Value) -> None:
    rank = RANK.__getitem__
    assert kleene.both(left, right) is min(left, right, key=rank)  # type: ignore[arg-type]  # three values
    assert kleene.either(left, right) is max(left, right, key=rank)  # type: ignore[arg-type]  # three values


def test_not_turns_known_values_and_leaves_unknown() -> None:
    assert [kleene.negate(v) for v in (True, False, UNKNOWN, 1.0, "x")] == [
        False,
        True,
        UNKNOWN,
        UNKNOWN,
        UNKNOWN,
    ]


OTHERS: tuple[Value, ...] = (1.0, 0.0, "x", "")


@pytest.mark.parametrize("other", OTHERS)
def test_what_is_no_condition_counts_as_unknown(other: Value) -> None:
    assert kleene.both(True, other) is UNKNOWN
    assert kleene.both(False, other) is False
    assert kleene.either(False, other) is UNKNOWN
    assert kleene.either(True, other) is True
    assert kleene.choose(other, 1.0, 2.0) is UNKNOWN


DOUBTFUL = {
    "division by zero": kleene.divide(1.0, 0.0),
    "remainder of zero": kleene.remainder(1.0, 0.0),
    "overflow": kleene.multiply(1e308, 10.0),
    "overflow of a power": kleene.power(1e300, 2.0),
    "root of a negative": kleene.power(-1.0, 0.5),
    "too large an exponent": kleene.power(1.0, 17.0),
    "a text as a number": kleene.add("1", 1.0),
    "a switch as a number": kleene.add(True, 1.0),
    "order of texts": kleene.less("a", "b"),
    "order of switches": kleene.less(False, True),
    "equality of different kinds": kleene.equal(1.0, True),
    "unknown equals unknown": kleene.equal(UNKNOWN, UNKNOWN),
    "unknown differs from unknown": kleene.unequal(UNKNOWN, UNKNOWN),
    "membership among other kinds": kleene.is_in("x", "y", 1.0),
    "unknown test": kleene.choose(UNKNOWN, 1.0, 1.0),
    "clamp turned around": kleene.FUNCTIONS["clamp"](1.0, 3.0, 2.0),
    "logarithm of zero": kleene.FUNCTIONS["log"](0.0),
    "overflow of exp": kleene.FUNCTIONS["exp"](1000.0),
    "minus of a switch": kleene.minus(True),
}


@pytest.mark.parametrize("case", DOUBTFUL)
def test_doubtful_operation_is_unknown(case: str) -> None:
    assert DOUBTFUL[case] is UNKNOWN


@pytest.mark.parametrize("name", ["voltage.__class__", "a._b", "_a", "__import__", "a.b.__init__"])
def test_name_with_an_underscore_in_front_is_no_name(name: str) -> None:
    assert [finding.code for finding in errors(name, Scope())] == ["bad-name"]


def test_integral_of_an_undeclared_unit_is_refused() -> None:
    assert [f.code for f in errors("integral(x, 1 h) > 0.5 Ah", Scope())] == ["bad-unit"]


def test_unknown_has_no_truth_and_is_one_object() -> None:
    with pytest.raises(TypeError):
        bool(UNKNOWN)
    assert copy.deepcopy(UNKNOWN) is UNKNOWN
    assert pickle.loads(pickle.dumps(UNKNOWN)) is UNKNOWN


@given(st.one_of(st.none(), st.floats(), st.integers(), st.booleans(), st.text(), st.binary()))
def test_whatever_comes_in_is_one_of_our_values(value: object) -> None:
    result = normal(value)
    assert result is UNKNOWN or type(result) in {float, bool, str}
    assert not isinstance(result, float) or math.isfinite(result)


@given(st.text(max_size=40))
def test_lexer_hands_on_nothing_but_ascii_words_and_operators(text: str) -> None:
    try:
        clean = lex(text).clean
    except LexError:
        clean = ""
    assert clean.isascii()
    assert not set(clean) & set(".'\"{}:;@\\`$#&|^~")
