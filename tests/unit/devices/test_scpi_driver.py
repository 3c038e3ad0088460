"""What the driver sends and believes, against a scripted instrument."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.generic_scpi.driver import GenericScpi
from drivers.generic_scpi.points import ScpiPoint
from drivers.generic_scpi.replies import error_of, value_of
from ionpy_auto.core.errors import IonpyError
from ionpy_auto.core.samples import Quality
from ionpy_auto.devices import (
    DeviceError,
    Enum,
    LinkLost,
    Missing,
    NoAnswer,
    Numeric,
    Toggle,
    VirtualClock,
)
from ionpy_auto.devices.maps import read_map

HEAD = """
name: mine
base: generic_scpi
description: Mine.
protocol:
  identify: {answers: ["ACME,*"]}
  errors: SYST:ERR?
entities:
"""
VOLTS = """
  volts:
    kind: numeric
    unit: V
    precision: 3
    min: 0
    max: 60
    access: RW
    safe: {action: none}
    query: VOLT?
    set: VOLT {value}
"""
AMPS = "  amps: {kind: numeric, query: AMPS?}\n"
OUTPUT = """
  output:
    kind: toggle
    access: RW
    role: output
    safe: {action: write, value: false, order: 10}
    query: OUTP?
    set: OUTP {value}
"""


class Script:
    """A link that answers from a table and remembers what it was told."""

    def __init__(self, **answers: bytes) -> None:
        self.answers = {b"*IDN?": b"ACME,X,1,2", b"SYST:ERR?": b'0,"No error"'}
        self.answers |= {k.encode(): v for k, v in answers.items()}
        self.told: list[str] = []

    async def open(self) -> None: ...

    async def close(self) -> None: ...

    async def send(self, payload: bytes) -> None:
        self.told.append(payload.decode())

    async def query(self, payload: bytes, timeout_s: float | None = None) -> bytes:
        self.told.append(payload.decode())
        if payload not in self.answers:
            raise NoAnswer("no answer within 1 s")
        return self.answers[payload]


def make(entities: str, script: Script, head: str = HEAD) -> GenericScpi:
    """A driver of a map on a script."""
    described, findings = read_map(head + entities, "mine/device.yaml")
    assert described is not None, findings
    driver = GenericScpi.from_map(described)
    return driver(script, VirtualClock(), driver.Params())


async def test_the_wrong_instrument_is_refused_by_name():
    driver = make(VOLTS, Script(**{"*IDN?": b"OTHER,Y,1,2"}))
    with pytest.raises(DeviceError) as error:
        await driver.connect()
    assert error.value.error_code == "WRONG_DEVICE"
    assert "OTHER,Y" in error.value.message
    assert "ACME,*" in error.value.hint


@pytest.mark.parametrize(
    ("value", "sent"),
    [(4.2, "VOLT 4.200"), (0.0, "VOLT 0.000"), (60, "VOLT 60.000"), (0.001, "VOLT 0.001")],
)
async def test_numbers_are_written_with_fixed_decimals(value, sent):
    script = Script()
    await make(VOLTS, script).write("volts", value)
    assert script.told == [sent, "SYST:ERR?"]


@given(st.floats(min_value=0, max_value=60))
def test_no_number_is_ever_written_with_an_exponent(value):
    entity = Numeric(id="x", min=0, max=60, precision=3)
    text = f"{float(entity.check(value)):.{entity.precision}f}"
    assert float(text) == entity.check(value)
    assert set(text) <= set("0123456789.")


async def test_the_instruments_own_words_are_the_error():
    script = Script(**{"SYST:ERR?": b'-222,"Data out of range"'})
    with pytest.raises(DeviceError) as error:
        await make(VOLTS, script).write("volts", 5.0)
    assert error.value.error_code == "INSTRUMENT_ERROR"
    assert "Data out of range" in error.value.message


async def test_an_unanswered_question_is_named():
    with pytest.raises(NoAnswer, match=r"VOLT\?: no answer"):
        await make(VOLTS, Script()).poll()


async def test_a_value_that_goes_along_is_read_right_before():
    amps = VOLTS.replace("volts", "amps").replace("VOLT?", "APPL?\n    index: 2")
    volts = VOLTS.replace("VOLT {value}", "'APPL CH1,{value},{amps}'")
    script = Script(**{"APPL?": b"CH1,5.000,1.2345"})
    driver = make(volts + amps, script)
    await driver.write("volts", 4.2)
    assert script.told == ["APPL?", "APPL CH1,4.200,1.234", "SYST:ERR?"]


@pytest.mark.parametrize("answer", [b"", b"CH1,5.000", b"CH1,5,nan", b"CH1,5,9.9E37", b"CH1,5,-3"])
async def test_nothing_is_written_beside_a_value_nobody_knows(answer):
    amps = VOLTS.replace("volts", "amps").replace("VOLT?", "APPL?\n    index: 2")
    volts = VOLTS.replace("VOLT {value}", "'APPL CH1,{value},{amps}'")
    script = Script(**{"APPL?": answer})
    with pytest.raises(IonpyError):
        await make(volts + amps, script).write("volts", 4.2)
    assert script.told == ["APPL?"]


async def test_equal_questions_are_asked_once_and_slow_ones_seldom():
    entities = """
  a: {kind: toggle, query: STAT?, parse: hex, bit: 0}
  b: {kind: toggle, query: STAT?, parse: hex, bit: 4}
  c: {kind: numeric, query: C?, poll: slow}
  d: {kind: text, query: D?, poll: once}
"""
    head = HEAD.replace("errors: SYST:ERR?", "slow_every: 3")
    script = Script(**{"STAT?": b"0x10", "C?": b"1", "D?": b'"hello"'})
    driver = make(entities, script, head)
    polls = [dict(await driver.poll()) for _ in range(4)]
    assert script.told == ["STAT?", "C?", "D?", "STAT?", "STAT?", "STAT?", "C?"]
    assert polls[1] == {"a": False, "b": True}
    assert polls[0]["d"] == "hello"


async def test_questions_are_joined_where_the_map_allows_it():
    entities = "".join(f"  {x}: {{kind: numeric, query: '{x.upper()}?'}}\n" for x in "abc")
    script = Script(**{":A?;:B?": b"1;2", "C?": b"3"})
    driver = make(entities, script, HEAD.replace("errors: SYST:ERR?", "join: 2"))
    values = await driver.poll()
    assert (values["a"], values["b"], values["c"]) == (1.0, 2.0, 3.0)
    script.answers[b":A?;:B?"] = b"1"
    with pytest.raises(NoAnswer, match="1 answers to 2"):
        await driver.poll()


async def test_commands_keep_their_distance_on_the_drivers_clock():
    script = Script(**{"VOLT?": b"1"})
    driver = make(VOLTS, script, HEAD.replace("errors: SYST:ERR?", "min_gap_s: 0.2"))
    clock = driver.clock
    await driver.poll()
    before = clock.monotonic()
    await driver.poll()
    assert clock.monotonic() - before == pytest.approx(0.2)


NUMBER, SWITCH = ("numeric", {}), ("toggle", {})
WORD = ("enum", {"words": {"CURR": "cc", "CURRENT": "cc", "VOLT": "cv"}})
SAYS = [
    (NUMBER, b"4.2", 4.2),
    (NUMBER, b" +4.2E+00\r", 4.2),
    (NUMBER, b"0.000067\n0", 0.000067),
    (NUMBER, b".5", 0.5),
    (("numeric", {"index": 1}), b"CH1,5.000,1.0", 5.0),
    (("numeric", {"width": 5}), b"0.500K", 0.5),
    (("numeric", {"scale": 0.001}), b"1500", 1.5),
    (SWITCH, b"ON", True),
    (SWITCH, b"off", False),
    (SWITCH, b"1", True),
    (SWITCH, b"NO", False),
    (WORD, b"curr", "cc"),
    (WORD, b"VOLT\n", "cv"),
    (("toggle", {"parse": "hex", "bit": 4}), b"0x10", True),
    (("toggle", {"parse": "hex", "bit": 4}), b"0x0F", False),
    (("toggle", {"parse": "int", "bit": 0}), b"+3", True),
    (("toggle", {"parse": "byte", "bit": 6}), b"\x40", True),
    (("toggle", {"parse": "byte", "bit": 3}), b"\x0a", True),
    (("enum", {"parse": "byte", "bit": 0, "words": {"0": "cc", "1": "cv"}}), b"\x01", "cv"),
    (("bitmask", {"parse": "hex"}), b"FF", 255),
    (("text", {}), b'"abc"\r\n', "abc"),
]
SENSELESS = [
    (NUMBER, b""),
    (NUMBER, b"\n"),
    (NUMBER, b"nan"),
    (NUMBER, b"9.9E37"),
    (NUMBER, b"+9.91E37"),
    (NUMBER, b"-9.9E37"),
    (NUMBER, b"INF"),
    (NUMBER, b"1e999"),
    (NUMBER, b"4,2"),
    (NUMBER, b"4.2V"),
    (NUMBER, b"0x10"),
    (NUMBER, b"1_000"),
    (NUMBER, "\uff14".encode()),
    (NUMBER, b"\xff\xfe"),
    (("numeric", {"index": 3}), b"1,2"),
    (SWITCH, b"2"),
    (SWITCH, b"O"),
    (WORD, b"cc"),
    (WORD, b"CUR"),
    (("toggle", {"parse": "hex", "bit": 4}), b"0xZZ"),
    (("toggle", {"parse": "int", "bit": 0}), b"-1"),
    (("toggle", {"parse": "byte", "bit": 6}), b""),
    (("toggle", {"parse": "byte", "bit": 6}), b"\x40\x40"),
]
ENTITIES = {
    "numeric": Numeric(id="x"),
    "toggle": Toggle(id="x"),
    "enum": Enum(id="x", options={"cc": "CC", "cv": "CV"}),
}


def as_case(how, answer):
    kind, keys = how
    return value_of(answer, ScpiPoint.model_validate({k: text(v) for k, v in keys.items()}), kind)


def text(value):
    return value if isinstance(value, str | dict) else str(value)


@pytest.mark.parametrize(("how", "answer", "value"), SAYS)
def test_an_answer_is_read_as_the_map_says(how, answer, value):
    assert as_case(how, answer) == value


@pytest.mark.parametrize(("how", "answer"), SENSELESS)
def test_what_makes_no_sense_is_bad_quality_with_a_reason(how, answer):
    value, quality, reason = ENTITIES[how[0]].decode(as_case(how, answer))
    assert value is None
    assert quality is Quality.BAD
    assert reason


@given(st.binary(max_size=60))
def test_garbage_is_never_a_number_that_was_not_written(answer):
    for how in (NUMBER, ("numeric", {"index": 1}), ("numeric", {"parse": "hex"})):
        raw = as_case(how, answer)
        assert isinstance(raw, Missing) or math.isfinite(raw)
    for how in (SWITCH, WORD, ("toggle", {"parse": "byte", "bit": 7}), ("text", {})):
        assert as_case(how, answer) is not None


@given(st.floats(min_value=-1e30, max_value=1e30), st.integers(0, 30))
def test_a_cut_off_number_is_no_other_number_unless_it_is_one(value, cut):
    whole = f"{value:.6E}"
    raw = as_case(NUMBER, whole[: -cut or None].encode())
    assert isinstance(raw, Missing | float)
    if cut == 0:
        assert raw == float(whole)


@pytest.mark.parametrize(
    ("answer", "complaint"),
    [
        (b'0,"No error"', ""),
        (b"+0,No error", ""),
        (b"0  No Error", ""),
        (b'-113,"Undefined header"', '-113,"Undefined header"'),
        (b"", "empty answer"),
        (b"what?", "what?"),
    ],
)
def test_an_error_queue_is_read_or_mistrusted(answer, complaint):
    assert error_of(answer) == complaint


WRONG = {
    "no question mark": ("query: VOLT?", "query: VOLT", "a question holds ?"),
    "semicolon": ("VOLT {value}", "VOLT {value};OUTP ON", "holds ';'"),
    "no value": ("VOLT {value}", "VOLT 5", "must hold (value) 1 times"),
    "other braces": ("VOLT {value}", "VOLT {value}}", "no other braces"),
    "unknown reference": ("VOLT {value}", "VOLT {value},{nobody}", "is no number that can be read"),
    "itself": ("VOLT {value}", "VOLT {value},{volts}", "is no number that can be read"),
    "no query": ("    query: VOLT?\n", "", "there must be a query"),
    "no set": ("    set: VOLT {value}\n", "", "there must be a command"),
    "control": ("VOLT {value}", '"VOLT {value}\\n"', "printable ASCII"),
    "decimals": ("precision: 3", "precision: 1\n    resolution: 0.05", "cannot carry steps"),
    "scale": ("query: VOLT?", "query: VOLT?\n    scale: 0.001", "only read"),
    "parse": ("query: VOLT?", "query: VOLT?\n    parse: word", "does not fit numeric"),
    "safe value beside another": (
        "safe: {action: none}\n    query: VOLT?\n    set: VOLT {value}",
        "safe: {action: write, value: 0}\n    query: VOLT?\n    set: VOLT {value},{amps}",
        "must not wait for another value",
    ),
    "bit": ("query: VOLT?", "query: VOLT?\n    bit: 3", "needs parse"),
}


@pytest.mark.parametrize("case", WRONG)
def test_a_map_that_makes_no_sense_is_refused_with_its_line(case):
    old, new, sentence = WRONG[case]
    with pytest.raises(IonpyError) as error:
        make(VOLTS.replace(old, new) + AMPS, Script())
    assert sentence in error.value.message.replace("{value}", "(value)")
    assert error.value.findings[0].line > 8


@pytest.mark.parametrize("command", ["OUTP ON", "*RST", "VOLT 5", "SYST:REM;OUTP ON", "CONFOUTP 1"])
def test_nothing_is_switched_by_connecting(command):
    with pytest.raises(IonpyError, match=r"setup|holds ';'"):
        make(VOLTS, Script(), HEAD.replace("errors: SYST", f"setup: ['{command}']\n  errors: SYST"))


async def test_setup_and_old_complaints_come_before_the_first_poll():
    script = Script(**{"SYST:VERS?": b"1999.0"})
    head = HEAD.replace("errors:", "setup: ['SYST:REM', 'SYST:VERS?', '*CLS']\n  errors:")
    driver = make(VOLTS, script, head)
    await driver.connect()
    assert script.told == ["*IDN?", "SYST:REM", "SYST:VERS?", "*CLS", "SYST:ERR?"]


async def test_after_silence_it_is_asked_who_is_there_before_anything_is_believed():
    script = Script(**{"VOLT?": b"1.5"})
    driver = make(VOLTS, script)
    await driver.connect()
    await driver.poll()
    del script.answers[b"VOLT?"]
    with pytest.raises(NoAnswer):
        await driver.poll()
    script.answers |= {b"VOLT?": b"1.5", b"*IDN?": b"3.7"}  # the answer that came too late
    with pytest.raises(LinkLost, match=r"the answer was '3\.7'"):
        await driver.poll()
    script.answers[b"*IDN?"] = b"ACME,X,1,2"
    script.told.clear()
    assert (await driver.poll())["volts"] == 1.5
    assert script.told == ["*IDN?", "VOLT?"]


async def test_a_command_that_is_acknowledged_must_be():
    head = HEAD.replace("errors: SYST:ERR?", "acknowledge: OK*")
    script = Script(**{"VOLT 4.200": b"ok, done"})
    driver = make(VOLTS, script, head)
    await driver.write("volts", 4.2)
    script.answers[b"VOLT 4.200"] = b"ERR 5"
    with pytest.raises(DeviceError, match="says ERR 5"):
        await driver.write("volts", 4.2)


@pytest.mark.parametrize("habit", ["errors: SYST:ERR?", "acknowledge: OK*"])
async def test_off_is_sent_without_waiting_for_any_answer(habit):
    script = Script()
    script.answers.clear()
    driver = make(OUTPUT, script, HEAD.replace("errors: SYST:ERR?", habit))
    await driver.write("output", False)
    assert script.told == ["OUTP OFF"]
    with pytest.raises(NoAnswer):
        await driver.write("output", True)


async def test_an_acknowledgement_nobody_waited_for_proves_nothing():
    class Late(Script):
        """The acknowledgement comes when the next question is asked, and looks like off."""

        async def query(self, payload: bytes, timeout_s: float | None = None) -> bytes:
            answer = await super().query(payload)
            return b"0" if self.told.count("OUTP?") == 1 else answer

    driver = make(
        OUTPUT, Late(**{"OUTP?": b"1"}), HEAD.replace("errors: SYST:ERR?", "acknowledge: '0'")
    )
    await driver.write("output", False)
    assert await driver.read_back("output") is True
