"""Protocols of other programs: read, written, and what is lost on the way."""

import json
import re
from dataclasses import replace
from pathlib import Path

import pytest
from aurora_unicycler import CyclingProtocol
from hypothesis import given, settings
from hypothesis import strategies as st

from ionpy_auto.automation.flow_reader import read_flow
from ionpy_auto.automation.interchange import Heading, export_flow, formats, import_protocol
from ionpy_auto.automation.names import NoSite
from ionpy_auto.automation.sequences.check import check_flow
from ionpy_auto.automation.wiring import read_cell
from ionpy_auto.core.errors import BadInput, IonpyError, NotFound, Rejected, Severity

EXAMPLE = Path("tests/data/unicycler_example.json").read_text(encoding="utf-8")
CELL = "cells/lgm50"
NAMED = Heading(cell=CELL)
FIVE_AH = "capacity: 5 Ah\ncharge_voltage: 4.2 V\ncutoff_voltage: 2.5 V\n"
FIVE_AH += "limits: {voltage: [2.4 V, 4.25 V], charge_current: 5 A, discharge_current: 10 A}\n"


class LabSite(NoSite):
    """One cell of 5 Ah."""

    def cell(self, name):
        return read_cell(FIVE_AH, name)[0] if name == CELL else None


def typed(text):
    flow, findings = read_flow(text, "x.yaml", LabSite())
    assert flow is not None, (text, findings)
    errors = [f for f in check_flow(flow, LabSite()) if f.severity is Severity.ERROR]
    assert not errors, (text, errors)
    return flow


def protocol(*method, **more):
    return json.dumps(
        {
            "sample": {"name": "x", "capacity_mAh": 5000.0},
            "record": {"time_s": 10},
            "method": list(method),
            **more,
        }
    )


def cc(rate, volts, seconds=None, **more):
    return {
        "step": "constant_current",
        "rate_C": rate,
        "until_voltage_V": volts,
        "until_time_s": seconds,
        **more,
    }


def cv(volts, milliamps, seconds=None, **more):
    return {
        "step": "constant_voltage",
        "voltage_V": volts,
        "until_current_mA": milliamps,
        "until_time_s": seconds,
        **more,
    }


REST = {"step": "open_circuit_voltage", "until_time_s": 60}


def said(losses, kind=""):
    return [loss.message for loss in losses if kind in {"", loss.kind}]


# -- unicycler -----------------------------------------------------------------------------------


def sentences(nodes):
    """The steps of a flow in the words of the library's own PyBaMM export, rounds written out."""
    result = []
    for node in nodes:
        if node.verb == "repeat":
            result += sentences(node.children) * node.block.count
        elif node.verb == "rest":
            result.append(f"Rest for {node.block.duration} seconds")
        elif node.verb == "marker":
            continue
        else:
            drive = node.drives[0]
            rate = drive.current / 5.0 if drive.current else None
            volts = [b.limit for e in node.until for b in e.when.bounds() if "voltage" in b.point]
            if rate is not None:
                until = (volts or [drive.voltage])[0]
                result.append(f"{drive.direction.title()} at {rate}C until {until} V")
            if drive.voltage is not None:
                bounds = (b for e in node.until for b in e.when.bounds())
                amps = next(b.limit for b in bounds if b.unit == "A")
                result.append(f"Hold at {drive.voltage} V until {round(amps * 1000.0, 9)} mA")
    return result


def untimed(sentence):
    return re.sub(r" for [\d.]+ (hours?|minutes?|seconds) or", "", sentence)


def test_the_example_expands_to_the_same_twelve_steps_as_the_librarys_own_export():
    imported = import_protocol(EXAMPLE, "unicycler", NAMED)
    ours = sentences(typed(imported.text).sequence)
    theirs = CyclingProtocol.from_dict(json.loads(EXAMPLE)).to_pybamm_experiment()
    assert len(theirs) == 12
    assert ours == [untimed(sentence) for sentence in theirs]


def test_the_example_reads_as_a_person_would_have_written_it():
    assert import_protocol(EXAMPLE, "auto", NAMED).text == (
        "version: 1\nid: lgm50\ntitle: LGM50\ncell: cells/lgm50\nchannel: CH1\n"
        "record: {every: 10 s}\n\n"
        "limits:\n"
        "  - {id: v-max, trip: voltage > 4.3 V}\n"
        "  - {id: v-min, trip: voltage < 2.4 V}\n\n"
        "sequence:\n"
        "  - id: a\n"
        "    repeat: 3\n"
        "    do:\n"
        "      - id: charge\n"
        "        charge: {current: 0.5 C, voltage: 4.2 V}\n"
        "        until:\n"
        "          - {name: taper, phase: cv, when: current <= 50 mA}\n"
        "          - {name: time, when: step.time >= 5 h}\n"
        "      - {id: rest, rest: 30 min}\n"
        "      - id: discharge\n"
        "        discharge: {current: 0.5 C}\n"
        "        until:\n"
        "          - {name: voltage, when: voltage <= 2.5 V}\n"
        "          - {name: time, when: step.time >= 3 h}\n"
    )


def test_written_again_it_differs_in_what_the_report_names_alone():
    imported = import_protocol(EXAMPLE, "unicycler", NAMED)
    text, losses = export_flow(typed(imported.text), "unicycler")
    again, first = json.loads(text), json.loads(EXAMPLE)
    assert said(imported.losses) == [
        "one step with one time: 5 h for both phases, was 3 h and 2 h",
        "rates count from the capacity of the cell file, not from 5 Ah",
    ]
    assert said(losses) == ["its time bounds each of the two phases by itself"]
    for step in first["method"][1:3]:
        step["until_time_s"] = 18000.0
    assert again == first
    assert CyclingProtocol.from_dict(again).to_dict() == CyclingProtocol.from_dict(first).to_dict()


def test_without_a_cell_rates_become_currents_of_the_samples_capacity():
    imported = import_protocol(EXAMPLE)
    assert "charge: {current: 2.5 A, voltage: 4.2 V}" in imported.text
    assert "rates became currents, counted from 5 Ah" in said(imported.losses, "changed")[-1]
    text, _ = export_flow(typed(imported.text), "unicycler")
    assert json.loads(text)["method"][1]["current_mA"] == 2500.0


@pytest.mark.parametrize("rate", ["C/2", "1C/2", " C / 2", 0.5, "0.5", "1/2"])
def test_a_rate_is_read_in_each_of_its_spellings(rate):
    assert "current: 0.5 C}" in import_protocol(protocol(cc(rate, 4.2)), heading=NAMED).text


def test_thirds_stay_thirds():
    text = import_protocol(protocol(cc("D/3", 2.5)), heading=NAMED).text
    assert "discharge: {current: C/3}" in text
    again, _ = export_flow(typed(text), "unicycler")
    assert json.loads(again)["method"][0]["rate_C"] == -1 / 3


def test_a_missing_time_gets_a_guard_that_fails_and_is_reported():
    imported = import_protocol(protocol(cc(0.5, 4.2)), heading=NAMED)
    assert "{name: guard, when: step.time > 4 h, verdict: fail}" in imported.text
    assert said(imported.losses, "added") == [
        "an end after 4 h, verdict fail: a step that drives needs one"
    ]


@pytest.mark.parametrize(
    ("method", "expected"),
    [
        ((cc(0.5, 4.2), cv(4.2, 50)), ["charge"]),
        ((cc(0.5, 4.1), cv(4.2, 50)), ["charge", "charge"]),
        ((cc(0.5, 4.2), REST, cv(4.2, 50)), ["charge", "rest", "charge"]),
        ((cc(0.5, 4.2), cv(3.6, 50)), ["charge", "discharge"]),
        ((cc(-0.5, 2.5), cv(2.5, 50)), ["discharge"]),
        ((cc(-0.5, 2.5), cv(3.0, 50)), ["discharge", "charge"]),
        ((cc(0.5, None, 60), cv(4.2, 50)), ["charge", "charge"]),
    ],
)
def test_constant_voltage_joins_the_current_before_it_where_they_belong_together(method, expected):
    text = import_protocol(protocol(*method), heading=NAMED).text
    flow, findings = read_flow(text, "", LabSite())
    assert flow is not None, findings
    assert [node.verb for node in flow.sequence] == expected


def tag(name):
    return {"step": "tag", "tag": name}


def loop(to, count):
    return {"step": "loop", "loop_to": to, "cycle_count": count}


@pytest.mark.parametrize(
    "method",
    [
        (REST, REST, loop(1, 3)),
        (tag("a"), REST, loop("a", 2), loop("a", 3)),
        (tag("a"), REST, tag("b"), cc(0.5, 4.2), loop("b", 2), loop("a", 3)),
        (REST, tag("words"), cc(0.5, 4.2), loop(1, 2)),
        (tag("a"), tag("b"), REST, loop("b", 2), cc(-0.5, 2.5), loop("a", 2), REST),
        (REST, REST, REST, loop(2, 2), REST, REST, loop(5, 4), loop(1, 2)),
    ],
)
def test_loops_run_the_same_steps_as_often_as_the_library_says(method):
    text = protocol(*method)
    flow = typed(import_protocol(text, heading=NAMED).text)
    theirs = CyclingProtocol.from_dict(json.loads(text)).to_pybamm_experiment()
    assert sentences(flow.sequence) == [untimed(sentence) for sentence in theirs]
    again, _ = export_flow(flow, "unicycler")
    twice = CyclingProtocol.from_dict(json.loads(again)).to_pybamm_experiment()
    assert [re.sub(r" for \d+ hours or", "", s) for s in twice] == theirs


def test_what_has_no_counterpart_is_in_the_report_and_in_the_text():
    eis = {
        "step": "impedance_spectroscopy",
        "amplitude_V": 0.01,
        "start_frequency_Hz": 1e4,
        "end_frequency_Hz": 0.1,
    }
    scan = {
        "step": "voltage_scan",
        "start_voltage_V": 3,
        "end_voltage_V": 4,
        "scan_rate_mV_per_s": 1,
    }
    imported = import_protocol(protocol(REST, eis, tag("a"), scan, loop("a", 3)), heading=NAMED)
    lost = [(loss.place, loss.message) for loss in imported.losses if loss.kind == "lost"]
    assert [place for place, _ in lost] == ["step 2", "step 4", "step 5", "sample"]
    assert "# not carried over: step 2: lost: impedance spectroscopy" in imported.text
    assert len(typed(imported.text).sequence) == 1


def test_safety_becomes_limits_and_comes_back():
    safety = {
        "max_voltage_V": 4.25,
        "min_voltage_V": 2.4,
        "max_current_mA": 5500.0,
        "min_current_mA": -10500.0,
        "max_capacity_mAh": 6000.0,
        "delay_s": 3.0,
    }
    imported = import_protocol(protocol(REST, safety=safety), heading=NAMED)
    assert "{id: i-min, trip: current < -10.5 A, for: 3 s}" in imported.text
    text, losses = export_flow(typed(imported.text), "unicycler")
    assert json.loads(text)["safety"] == safety
    assert said(losses) == []


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ('{"method": [', "line 1"),
        ('{"method": []}', "0 steps"),
        (protocol({"step": "dance"}), "step 1"),
        (protocol(REST, {"no": 1}), "step 2"),
        (protocol(cc("C/0", 4.2)), "step 1: rate_C"),
        (protocol(cc("1e999", 4.2)), "step 1: rate_C"),
        (protocol(cc(0, 4.2)), "step 1: neither"),
        (protocol(cc(0.5, None)), "step 1: nothing ends it"),
        (protocol(cv(4.2, None)), "step 1: nothing ends it"),
        (protocol(REST, loop("b", 2)), "step 2: loop_to"),
        (protocol(REST, loop(2, 2)), "step 2: loop_to"),
        (protocol(REST, loop(1, 0)), "step 2: cycle_count"),
        (protocol(REST, loop(1, True)), "step 2: cycle_count"),
        (protocol(REST, REST, loop(1, 2), REST, loop(2, 2)), "step 5: the loop begins in"),
        (protocol(tag("a"), tag("a"), REST), "step 2: the tag"),
        (protocol(cc(0.5, 4.2), sample={}), "step 1: a C-rate"),
        (protocol(cc(0.5, 4.2), record=[1]), "record"),
        (protocol(cc(0.5, 4.2), safety={"max_voltage_V": "much"}), "safety: max_voltage_V"),
        ("[" * 100_000, "no known format"),
        ('{"method":' + "[" * 100_000, "nested too deeply"),
    ],
)
def test_a_bad_protocol_is_refused_with_its_place_and_a_hint(text, place):
    with pytest.raises(BadInput) as refusal:
        import_protocol(text)
    assert place in refusal.value.message
    assert refusal.value.hint


def test_what_unicycler_does_not_know_is_named_with_its_line():
    flow = typed(
        "version: 1\nid: f\ncell: cells/lgm50\nchannel: CH1\n"
        "parameters: {rate: 1 C}\n"
        "limits: [{id: hot, trip: temp > 45 °C}]\n"
        "sequence:\n"
        "  - {id: a, rest: 10 min}\n"
        "  - {id: up, charge: {current: $rate}, until: [{when: voltage >= 4 V, for: 2 s}, "
        "{when: step.time > 2 h, verdict: fail}, step.ah > 1 Ah]}\n"
        "  - {id: ask, prompt: Ready}\n"
        "  - {id: w, discharge: {power: 5 W}, until: step.time > 1 min}\n"
        "  - {id: no, enabled: false, rest: 1 min}\n"
        "finally: [safe_state: channel]\n"
    )
    text, losses = export_flow(flow, "unicycler")
    method = json.loads(text)["method"]
    assert [(s["id"], s["step"]) for s in method] == [
        ("a", "open_circuit_voltage"),
        ("up", "constant_current"),
    ]
    assert (method[1]["current_mA"], method[1]["until_time_s"]) == (5000.0, 7200.0)
    assert [(loss.line, loss.message) for loss in losses] == [
        (9, "for how long the end 'voltage >= 4 V' must hold"),
        (9, "the verdict 'fail' of the end 'step.time > 2 h'"),
        (9, "the end 'step.ah > 1 Ah'"),
        (10, "the step 'prompt'"),
        (11, "a discharge at constant power"),
        (12, "the step is switched off"),
        (0, "the steps of finally"),
        (0, "parameter 'rate' stands with its value of now"),
        (6, "the limit 'temp > 45 °C'"),
    ]
    CyclingProtocol.from_dict(json.loads(text))


def test_a_flow_without_any_counterpart_is_refused():
    flow = typed("version: 1\nid: f\nsequence:\n  - {id: ask, prompt: Ready}\n")
    with pytest.raises(Rejected, match="has a counterpart"):
        export_flow(flow, "unicycler")
    with pytest.raises(NotFound, match="read, not written"):
        export_flow(flow, "pybamm")


# -- PyBaMM --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("sentence", "line"),
    [
        ("Discharge at C/2 for 10 hours or until 2.5 V", "discharge: {current: 0.5 C}"),
        ("Discharge at C/3 until 2.5V", "discharge: {current: C/3}"),
        ("Charge at 1 A until 4.1V (5 minute period)", "charge: {current: 1 A}"),
        ("charge at 50mA for 0.5 h", "charge: {current: 50 mA}"),
        ("Discharge at 0.5C until 3300 mV or 20 minutes", "voltage <= 3.3 V"),
        ("Discharge at 10 W for 1 hour", "discharge: {power: 10 W}"),
        ("Hold at 4.2 V until 50 mA", "charge: {voltage: 4.2 V}"),
        ("Hold at 4.2V until C/50", "when: current <= 0.02 C}"),
        ("Hold at 4.2 V for 90 seconds", "when: step.time >= 90 s}"),
        ("Rest for 30 minutes", "rest: 30 min}"),
    ],
)
def test_a_sentence_becomes_a_step(sentence, line):
    text = import_protocol(sentence, "auto", NAMED).text
    assert line in text
    typed(text)


def test_a_whole_experiment_becomes_rounds_of_merged_steps():
    text = """
pybamm.Experiment(
    [
        ("Discharge at C/10 for 10 hours or until 3.3 V",
         "Rest for 1 hour",
         "Charge at 1 A until 4.1 V",
         "Hold at 4.1 V until 50 mA",
         "Rest for 1 hour"),
    ]
    * 3
    + ["Discharge at 1C until 2.5 V (10 second period)"],
    period="1 minute",
)
"""
    imported = import_protocol(text, "auto", NAMED)
    flow = typed(imported.text)
    rounds, last = flow.sequence
    assert (rounds.block.count, [n.verb for n in rounds.children]) == (
        3,
        ["discharge", "rest", "charge", "rest"],
    )
    assert last.drives[0].current == 5.0
    assert flow.cycle.begins == "discharge"
    assert flow.record.every == 10.0
    assert "the periods of single steps" in said(imported.losses, "changed")[0]


def test_cycles_that_are_the_same_become_one_loop():
    cycle = "('Charge at 1 A until 4.2 V', 'Rest for 1 minute')"
    flow = typed(import_protocol(f"[{cycle}, {cycle}, {cycle}, 'Rest for 2 minutes']").text)
    assert [(n.verb, getattr(n.block, "count", None)) for n in flow.sequence] == [
        ("repeat", 3),
        ("rest", None),
    ]


def test_lines_are_read_as_well_as_a_list():
    text = "# formation\nCharge at 1 A until 4.2 V\nRest for 1 minute  # cool\n\n"
    assert [n.verb for n in typed(import_protocol(text).text).sequence] == ["charge", "rest"]


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("Charge at 1 A until 4.2 V\nDance for 2 hours", "line 2: 'Dance for 2 hours'"),
        ("Charge at 4.2 V until 1 A", "line 1: charge needs a current"),
        ("Charge at 1 A", "line 1: nothing ends it"),
        ("Hold at 4.2 V until 3 V", "line 1: nothing ends it"),
        ("Rest for 1 year", "line 1: '1 year' is no time"),
        ("Rest for 1e99 hours", "line 1: the time"),
        ("Charge at C/0 until 4.2 V", "line 1: 'C/0'"),
        ("Charge at C/2 until 4.2 V", "line 1: a C-rate"),
        ("['Rest for 1 hour', 3]", "line 1: only sentences"),
        ("[\n'Rest for 1 hour',\nopen('x')]", "line 3: open(…) is not read"),
        ("['Rest for 1 hour'] * 1000000000", "line 1: a list times"),
        ("[" * 5000, "line 1"),
        ("[]", "no step"),
    ],
)
def test_a_bad_experiment_is_refused_with_its_line_and_a_hint(text, place):
    with pytest.raises(BadInput) as refusal:
        import_protocol(text, "pybamm")
    assert place in refusal.value.message
    assert refusal.value.hint


# -- whatever comes ------------------------------------------------------------------------------

volts = st.floats(2.5, 4.2).map(lambda v: round(v, 4))
rates = st.floats(0.01, 3.0).map(lambda v: round(v, 6))
seconds = st.one_of(st.integers(1, 10**6).map(float), st.none())
ids = st.one_of(st.none(), st.text("abcXYZ09_.-", min_size=1, max_size=8))


@st.composite
def steps(draw, depth=2):
    method = []
    for _ in range(draw(st.integers(1, 4))):
        kind = draw(st.sampled_from(["rest", "cc", "cv", "loop", "pair"]))
        if kind == "rest":
            method.append({**REST, "until_time_s": draw(seconds) or 1.0, "id": draw(ids)})
        elif kind in {"cc", "pair"}:
            sign = draw(st.sampled_from([1, -1]))
            held = draw(volts)
            method.append(cc(sign * draw(rates), held, draw(seconds), id=draw(ids)))
            if kind == "pair":
                method.append(cv(held, draw(st.integers(1, 5000)), draw(seconds)))
        elif kind == "cv":
            method.append(cv(draw(volts), draw(st.integers(1, 5000)), draw(seconds)))
        elif depth:
            begin = len(method) + 1
            name = f"t{draw(st.integers(0, 10**9))}"
            inner = [s for s in draw(steps(depth=depth - 1)) if s["step"] not in {"loop", "tag"}]
            del begin
            method += [tag(name), *inner, loop(name, draw(st.integers(1, 5)))]
    return method


@settings(max_examples=60, deadline=None)
@given(steps())
def test_any_protocol_comes_back_the_same_but_for_times_of_pairs_and_guards(method):
    names = [s["tag"] for s in method if s["step"] == "tag"]
    if not method or len(names) != len(set(names)):
        return
    text = protocol(*method)
    flow, findings = read_flow(import_protocol(text, heading=NAMED).text, "", LabSite())
    assert flow is not None, findings
    again, _ = export_flow(flow, "unicycler")
    theirs = CyclingProtocol.from_dict(json.loads(text)).to_pybamm_experiment()
    twice = CyclingProtocol.from_dict(json.loads(again)).to_pybamm_experiment()
    assert [_core(s) for s in twice] == [_core(s) for s in theirs]


def _core(sentence):
    """Without times where a voltage or a current ends it as well."""
    return re.sub(r" for [\d.]+ \w+ or", "", sentence)


@settings(max_examples=150, deadline=None)
@given(
    st.one_of(
        st.text(max_size=60),
        st.recursive(
            st.one_of(st.none(), st.booleans(), st.floats(), st.integers(), st.text(max_size=8)),
            lambda inner: st.one_of(
                st.lists(inner, max_size=3),
                st.dictionaries(
                    st.sampled_from(
                        ["step", "method", "rate_C", "tag", "loop_to", "cycle_count", "sample"]
                    ),
                    inner,
                    max_size=4,
                ),
            ),
            max_leaves=8,
        ).map(lambda data: json.dumps({"method": data if isinstance(data, list) else [data]})),
        st.lists(
            st.sampled_from(
                [
                    *("Charge", "Hold", " at ", "C/2", "1 A", " for ", " until ", "4.2 V", " or "),
                    *("(", ")", "[", "]", "'", ",", "*", "3", "\n", "hours", "-", "#", "{{"),
                ]
            ),
            max_size=14,
        ).map("".join),
    ),
    st.sampled_from(["auto", "unicycler", "pybamm"]),
)
def test_no_text_breaks_a_reader_and_each_refusal_says_what_to_do(text, name):
    try:
        imported = import_protocol(text, name, NAMED)
    except IonpyError as error:
        refusal = error
    else:
        flow, findings = read_flow(imported.text, "", LabSite())
        assert flow is not None, (imported.text, findings)
        return
    assert refusal.hint


@settings(max_examples=60, deadline=None)
@given(st.text(min_size=1, max_size=40), st.text(min_size=1, max_size=40))
def test_names_and_words_of_any_kind_make_a_text_that_reads(title, words):
    if not words.strip():
        return
    text = protocol(tag(words), REST, sample={"name": title})
    imported = import_protocol(text, "unicycler", NAMED)
    flow, findings = read_flow(imported.text, "", LabSite())
    assert flow is not None, (imported.text, findings)


def test_every_format_is_found_and_an_unknown_one_named():
    assert formats() == ("pybamm", "unicycler")
    with pytest.raises(NotFound, match="no protocol format 'maccor'"):
        import_protocol("x", "maccor")
    with pytest.raises(BadInput, match="is no id"):
        replace(NAMED, id="Big Id")
