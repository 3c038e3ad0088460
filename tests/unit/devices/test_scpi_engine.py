"""The simulated instrument understands SCPI as the standard writes it, and survives everything."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.generic_scpi.engine import Instrument, compiled, match
from drivers.generic_scpi.instruments import MODELS, RigolDp832
from drivers.generic_scpi.simulator import LineServer, SilenceServer, conversation
from ionpy_auto.devices import Benches, VirtualClock


@pytest.fixture
def dp832() -> RigolDp832:
    return RigolDp832(Benches(VirtualClock()).get("A"))


@pytest.mark.parametrize(
    "header",
    [
        "MEASure:VOLTage?",
        "meas:volt?",
        ":MEAS:VOLT?",
        "MEASURE:SCALAR:VOLT:DC?",
        "Meas:Voltage:dc?",
    ],
)
def test_long_and_short_forms_and_case_are_equal(dp832, header):
    assert float(dp832.message(f"{header} CH2")) == 0.0
    assert dp832.message("SYST:ERR?") == '0,"No error"'


@pytest.mark.parametrize(
    "header", ["MEASU:VOLT?", "ME:VOLT?", "MEAS?", "VOLT:MEAS?", "MEAS:VOLT:AC?", "FOO", "*FOO?"]
)
def test_other_words_are_an_undefined_header_and_no_answer(dp832, header):
    assert dp832.message(header) is None
    assert dp832.message("SYST:ERR?") == '-113,"Undefined header"'
    assert dp832.message("SYST:ERR?") == '0,"No error"'


def test_a_semicolon_goes_on_where_the_header_before_ended(dp832):
    assert dp832.message(":SOUR2:VOLT 5;CURR 1.5") is None
    assert dp832.message(":SOUR2:VOLT?;CURR?;:OUTP? CH2;*OPC?") == "5.000;1.5000;OFF;1"
    assert not dp832.errors


def test_a_selected_channel_is_meant_by_commands_without_one(dp832):
    dp832.message(":INST:NSEL 3;:SOUR:VOLT 3.3;:OUTP ON")
    assert (dp832.channels[2].v_set, dp832.channels[2].on) == (3.3, True)
    assert dp832.message("APPL? CH3") == "CH3,3.300,0.0000"


@pytest.mark.parametrize(
    ("command", "code"),
    [
        (":SOUR1:VOLT 99", -222),
        (":SOUR1:VOLT", -109),
        (":SOUR1:VOLT x", -104),
        (":SOUR9:VOLT 1", -222),
        (":OUTP CH1,MAYBE", -224),
        (":OUTP CH7,ON", -222),
        (":APPL CH1,5,99", -222),
    ],
)
def test_a_refused_command_changes_nothing_and_says_why(dp832, command, code):
    dp832.message(":APPL CH1,1,1")
    dp832.message(command)
    assert dp832.message(":SYST:ERR?").startswith(f"{code},")
    assert dp832.message(":OUTP? CH1") == "OFF"
    assert int(dp832.message("*ESR?")) & 48
    assert dp832.message("*ESR?") == "0"


def test_the_queue_has_an_end_and_cls_empties_it(dp832):
    for _ in range(50):
        dp832.message("FOO")
    answers = [dp832.message("SYST:ERR?") for _ in range(21)]
    assert answers[19] == '-350,"Queue overflow"'
    assert answers[20] == '0,"No error"'
    dp832.message("FOO")
    dp832.message("*CLS")
    assert dp832.message("SYST:ERR:NEXT?") == '0,"No error"'


def test_reset_switches_everything_off(dp832):
    dp832.message(":APPL CH1,4,1;:OUTP CH1,ON")
    dp832.message("*RST")
    assert dp832.message(":OUTP? CH1;:APPL? CH1") == "OFF;CH1,0.000,0.0000"


def test_optional_nodes_may_stand_or_not():
    nodes = compiled("[:SOURce<n>]:VOLTage[:LEVel][:IMMediate]")
    assert match(nodes, ["VOLT"]) == [0]
    assert match(nodes, ["source2", "volt", "imm"]) == [2]
    assert match(nodes, ["SOUR", "VOLT", "LEV", "IMM"]) == [0]
    assert match(nodes, ["SOUR", "LEV", "VOLT"]) is None
    assert match(nodes, ["SOUR2"]) is None


@pytest.mark.parametrize("model", MODELS)
@given(data=st.lists(st.binary(max_size=40) | st.sampled_from([b"*IDN?\n", b";\n", b'"', b"CH1:"])))
def test_no_bytes_break_a_simulator(model, data):
    talk = conversation(MODELS[model](Benches(VirtualClock()).get("A")))
    for piece in data:
        talk.feed(piece)
        talk.idle()
    talk.feed(b"\n")
    assert b"," in talk.feed(b"*IDN?\n") + talk.idle() or model == "KA3005P"


def test_lines_survive_being_cut_anywhere():
    server = LineServer(Instrument())
    assert b"".join(server.feed(bytes([byte])) for byte in b"*IDN?\r\n*OPC?\n") == (
        b"ACME,GENERIC,0001,1.0\n1\n"
    )


def test_korad_ends_a_command_at_a_pause_or_where_the_next_begins():
    benches = Benches(VirtualClock())
    server = SilenceServer(MODELS["KA3005P"](benches.get("A")))
    assert server.feed(b"VSET1:4.") == b""
    assert server.feed(b"20") == b""
    assert server.idle() == b""
    assert benches.get("A").bench.supply.v_set == 4.2
    assert server.feed(b"VSET1?") == b""
    assert server.feed(b"ISET1:1.5") == b"04.20"
    assert server.feed(b"STATUS?") == b""
    assert server.idle() == b"\x00"
    assert benches.get("A").bench.supply.i_set == 1.5
