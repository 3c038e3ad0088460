"""The static check of flows, as a table of texts and what must be said about them."""

import pytest

from ionpy_auto.automation.flow_reader import read_flow
from ionpy_auto.automation.sequences.check import check_flow
from ionpy_auto.automation.wiring import read_cell, read_channel
from tests.acceptance.runs.bench import CELL, CHANNEL, table

HEAD = """version: 1
id: t
cell: cells/inr18650-25r
channel: CH1
"""


def flow_of(steps: str, more: str = "") -> str:
    return f"{HEAD}sequence:\n{steps}\n{more}"


CASES = {
    "voltage above the cell's limit": (
        "  - {id: a, charge: {current: 1 A, voltage: 4.3 V}, until: step.time > 1 h}",
        "above-limit",
    ),
    "voltage above what the cell is charged to": (
        "  - {id: a, charge: {current: 1 A, voltage: 4.22 V}, until: step.time > 1 h}",
        "above-charge-voltage",
    ),
    "current above the cell's limit": (
        "  - {id: a, charge: {current: 5 A, voltage: 4.2 V}, until: step.time > 1 h}",
        "above-limit",
    ),
    "discharge above the cell's limit": (
        "  - {id: a, discharge: 25 A, until: step.time > 1 h}",
        "above-limit",
    ),
    "no end by time or charge": (
        "  - {id: a, discharge: 1 A, until: voltage <= 2.5 V}",
        "no-time-end",
    ),
    "a positive bound on the current of a discharge": (
        "  - {id: a, discharge: 1 A, until: [current < 0.5 A, step.time > 1 h]}",
        "current-sign",
    ),
    "an end above the voltage the supply holds": (
        (
            "  - {id: a, charge: {current: 1 A, voltage: 4.1 V},"
            " until: [voltage >= 4.2 V, step.time > 1 h]}"
        ),
        "never-ends",
    ),
    "an end in phase cv of a charge at constant current": (
        (
            "  - {id: a, charge: {current: 1 A},"
            " until: [{when: current < 0.5 A, phase: cv}, step.time > 1 h]}"
        ),
        "never-ends",
    ),
    "an end behind a limit": (
        "  - {id: a, discharge: 1 A, until: [voltage <= 2.3 V, step.time > 1 h]}",
        "behind-limit",
    ),
    "a bound below two counts": (
        (
            "  - {id: a, charge: {current: 1 A, voltage: 4.2 V},"
            " until: [{when: current < 1 mA, phase: cv}, step.time > 1 h]}"
        ),
        "below-resolution",
    ),
    "a bound near the resolution": (
        (
            "  - {id: a, charge: {current: 1 A, voltage: 4.2 V},"
            " until: [{when: current < 9 mA, phase: cv}, step.time > 1 h]}"
        ),
        "near-resolution",
    ),
    "a jump to nowhere": (
        "  - {id: a, discharge: 1 A, until: [{when: step.time > 1 h, goto: nowhere, max: 2}]}",
        "unknown-step",
    ),
    "a jump into a loop": (
        (
            "  - {id: a, discharge: 1 A, until: [{when: step.time > 1 h, goto: b, max: 2}]}\n"
            "  - repeat: 2\n    do:\n      - {id: b, rest: 1 min}"
        ),
        "goto-into-loop",
    ),
    "a falling current inside a condition nobody can know as a taper": (
        (
            "  - {id: a, charge: {current: 1 A, voltage: 4.2 V},"
            " until: [current < 0.1 A and temp < 40 °C, step.time > 1 h]}"
        ),
        "taper-phase",
    ),
    "a voltage that must be told apart by one count": (
        (
            "  - {id: a, charge: {current: 1 A, voltage: 4.2 V},"
            ' until: ["rate(voltage, 10 s) < 0.01 mV/s", step.time > 1 h]}'
        ),
        "below-resolution",
    ),
    "a temperature rate near the resolution": (
        (
            "  - {id: a, charge: {current: 1 A, voltage: 4.2 V},"
            ' until: ["rate(temp, 1 min) > 0.5 K/min", step.time > 1 h]}'
        ),
        "near-resolution",
    ),
    "a temperature rate below two counts": (
        (
            "  - {id: a, charge: {current: 1 A, voltage: 4.2 V},"
            ' until: ["rate(temp, 1 min) > 0.1 K/min", step.time > 1 h]}'
        ),
        "below-resolution",
    ),
    "a rest that waits for less than two counts": (
        '  - {id: a, rest: 1 h, until: "stable(voltage, 0.1 mV, 10 min)"}',
        "below-resolution",
    ),
    "a voltage within the error of its meter": (
        "  - {id: a, discharge: 1 A, until: [voltage <= 1 mV, step.time > 1 h]}",
        "near-resolution",
    ),
    "a drop from the peak of two counts": (
        (
            "  - {id: a, charge: {current: 1 A, voltage: 4.2 V},"
            " until: [step.minus_dv > 0.2 mV, step.ah > 2.5 Ah]}"
        ),
        "below-resolution",
    ),
    "a drop from the peak that nothing backs up": (
        (
            "  - {id: a, charge: {current: 1 A, voltage: 4.2 V},"
            " until: [step.minus_dv > 5 mV, step.time > 9 h, step.ah > 4 Ah]}"
        ),
        "minus-dv-backup",
    ),
    "a peak in a discharge": (
        "  - {id: a, discharge: 1 A, until: [step.minus_dv > 5 mV, step.time > 1 h]}",
        "minus-dv",
    ),
    "constant voltage below where constant current has ended": (
        ("  - {id: b, charge: {voltage: 4.1 V}, until: step.time > 1 h}\n  - {id: c, rest: 1 min}"),
        "cc-cv-mismatch",
    ),
}
BEFORE = {
    "constant voltage below where constant current has ended": (
        "  - {id: a, charge: {current: 1 A}, until: [voltage >= 4.2 V, step.time > 1 h]}\n"
    )
}


@pytest.mark.parametrize("name", CASES)
async def test_the_check_says(name):
    steps, code = CASES[name]
    before = BEFORE.get(name, "")
    async with table() as lab:
        flow, findings = read_flow(flow_of(before + steps), "t.yaml", lab.site)
        assert flow is not None, findings
        found = check_flow(flow, lab.site, lab.devices)
        assert code in {f.code for f in found}, found
        finding = next(f for f in found if f.code == code)
        assert finding.line == 6 + before.count("\n")
        assert finding.column > 1
        assert finding.hint
        assert finding.file == "t.yaml"


async def test_a_sound_flow_has_no_findings():
    steps = (
        "  - {id: a, charge: {current: 1 A, voltage: 4.2 V},"
        " until: [{name: taper, phase: cv, when: current < 0.1 A, for: 10 s}, step.time > 4 h]}\n"
        "  - {id: b, rest: 10 min}\n"
        "  - {id: c, discharge: 1 A, until: [voltage <= 2.5 V, step.time > 4 h]}"
    )
    async with table() as lab:
        flow, findings = read_flow(flow_of(steps), "t.yaml", lab.site)
        assert not findings
        assert check_flow(flow, lab.site, lab.devices) == []


@pytest.mark.parametrize(
    ("name", "channel", "steps", "code"),
    [
        (
            "charge without a source",
            CHANNEL.replace("source: PSU_01\n", "").replace("charge: PSU_01.i_out, ", ""),
            "  - {id: a, charge: {current: 1 A, voltage: 4.2 V}, until: step.time > 1 h}",
            "no-source",
        ),
        (
            "discharge without a sink",
            CHANNEL.replace("sink: LOAD_01\n", "").replace(", discharge: LOAD_01.load_i", ""),
            "  - {id: a, discharge: 1 A, until: step.time > 1 h}",
            "no-sink",
        ),
        (
            "a rest that sees nothing",
            CHANNEL.replace("DMM_01.cell_v", "PSU_01.v_out"),
            "  - {id: a, rest: 1 min}",
            "blind-rest",
        ),
    ],
)
async def test_the_check_knows_the_wiring(name, channel, steps, code):
    async with table(channel=channel) as lab:
        flow, findings = read_flow(flow_of(steps), "t.yaml", lab.site)
        assert flow is not None, findings
        assert code in {f.code for f in check_flow(flow, lab.site, lab.devices)}, name


async def test_a_device_of_the_channel_named_in_a_rule_of_the_run_is_a_warning_with_its_place():
    more = (
        "rules:\n"
        "  - id: r\n"
        "    when: {expr: voltage > 4 V}\n"
        "    then:\n"
        "      - set: {PSU_01.i_set: 0.5 A}\n"
    )
    async with table() as lab:
        text = flow_of("  - {id: a, rest: 1 min}", more)
        flow, findings = read_flow(text, "t.yaml", lab.site)
        assert flow is not None, findings
        (finding,) = check_flow(flow, lab.site, lab.devices)
        assert (finding.code, finding.severity) == ("literal-device", "warning")
        assert text.splitlines()[finding.line - 1][finding.column - 1 :].startswith("PSU_01.")


def test_shipped_cells_and_the_example_channel_read_without_findings():
    assert read_cell(CELL, "cell")[1] == []
    assert read_channel(CHANNEL, "channel")[1] == []


BACKED = "{current: 1 A, voltage: 4.2 V}, until: [step.minus_dv > 5 mV, step.time > 9 h, "


CC_CV = "{current: 1 A, voltage: 4.2 V}, until: [step.time > 9 h, "
MEANT = {
    "a peak with a rise of the temperature": f'{BACKED}"rate(temp, 5 min) > 1 K/min"]',
    "a peak with at most 1.2 times the capacity": f"{BACKED}step.ah > 1.2 * cell.capacity]",
    "a peak with so many Ah": f"{BACKED}step.ah >= 3 Ah]",
    "a taper without a phase": f"{CC_CV}current < 0.1 A]",
    "a rise of the temperature": f'{CC_CV}"rate(temp, 5 min) > 1 K/min"]',
    "a state of charge": f"{CC_CV}run.soc >= 80 %]",
    "a change of the voltage": f"{CC_CV}abs(step.dv) > 50 mV]",
}


@pytest.mark.parametrize("name", MEANT)
async def test_an_end_that_can_be_meant_is_let_through(name):
    async with table() as lab:
        text = flow_of("  - {id: a, charge: " + MEANT[name] + "}")
        flow, findings = read_flow(text, "t.yaml", lab.site)
        assert flow is not None, findings
        assert check_flow(flow, lab.site, lab.devices) == [], name


async def test_a_jump_up_from_constant_current_to_constant_voltage_is_a_warning():
    steps = (
        "  - {id: a, charge: {current: 1 A}, until: [voltage >= 4.0 V, step.time > 1 h]}\n"
        "  - {id: b, charge: {voltage: 4.2 V}, until: step.time > 1 h}"
    )
    async with table() as lab:
        flow, _ = read_flow(flow_of(steps), "t.yaml", lab.site)
        (finding,) = check_flow(flow, lab.site, lab.devices)
        assert (finding.code, finding.severity, finding.line) == ("cc-cv-mismatch", "warning", 7)


TAPERS = {
    "charge: {current: 1 A, voltage: 4.2 V}": {
        "current < 0.1 A": "cv",
        "abs(current) <= 0.1 A": "cv",
        "current > 0.9 A": "",
        "voltage > 4 V": "",
        "current < 0.1 A or voltage > 4.3 V": "",
        "{when: current < 0.9 A, phase: cc}": "cc",
    },
    "charge: {current: 1 A}": {"current < 0.1 A": ""},
    "discharge: {current: 1 A, voltage: 3 V}": {
        "abs(current) < 0.1 A": "cv",
        "current > -0.1 A": "cv",
        "current < -0.9 A": "",
    },
}


@pytest.mark.parametrize("verb", TAPERS)
def test_a_falling_current_of_a_step_that_holds_a_voltage_counts_in_phase_cv(verb):
    for end, phase in TAPERS[verb].items():
        until = end if end.startswith("{") else f"'{end}'"
        text = f"version: 1\nid: t\nsequence:\n  - {{id: a, {verb}, until: [{until}]}}\n"
        flow, findings = read_flow(text, "t.yaml")
        assert flow is not None, findings
        assert flow.sequence[0].until[0].phase == phase, end
