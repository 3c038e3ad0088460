"""The words ``probe`` and ``devices``: what they print, and their exit codes."""

import json
import socket
from contextlib import closing

import pytest
from typer.testing import CliRunner

from ionpy_auto.cli.__main__ import build
from ionpy_auto.cli.commands.probe import transport_of, values_of
from ionpy_auto.core.errors import BadInput


def call(*words):
    return CliRunner().invoke(build(words[0]), list(words))


def test_a_simulated_supply_passes_with_its_values(tmp_path):
    answer = call("probe", "rd6012", "--transport", "serial", "--simulate", "--home", str(tmp_path))
    assert answer.exit_code == 0, answer.output
    assert "FAIL" not in answer.output
    assert "v_in" in answer.output


def test_a_missing_port_is_exit_code_1_with_a_hint_and_json(tmp_path):
    words = ("probe", "rd6012", "--port", "/dev/ttyNOTHING7", "--home", str(tmp_path))
    answer = call(*words)
    assert answer.exit_code == 1
    assert "FAIL" in answer.output
    assert "there is no port /dev/ttyNOTHING7" in answer.output
    parsed = call(*words, "--json")
    assert parsed.exit_code == 1
    assert json.loads(parsed.stdout)["error"]["code"] == "TRANSPORT_SERIAL"


@pytest.mark.parametrize(
    "words",
    [
        ("no_such_driver", "--port", "/dev/ttyNOTHING7"),
        ("rd6012", "--port", "/dev/ttyNOTHING7", "--param", "modbus_address=999"),
        ("rd6012", "--port", "/dev/ttyNOTHING7", "--framing", "envelope"),
    ],
)
def test_a_wrong_driver_or_parameter_is_exit_code_2(tmp_path, words):
    assert call("probe", *words, "--home", str(tmp_path)).exit_code == 2


@pytest.mark.parametrize(
    ("options", "wanted"),
    [
        (("COM3", "", "", ""), ("serial", {"port": "COM3"})),
        (("", "10.0.0.5:502", "", ""), ("tcp", {"host": "10.0.0.5", "port": 502})),
        (("", "[::1]:502", "", ""), ("tcp", {"host": "::1", "port": 502})),
        (("", "10.0.0.5:502", "", "udp"), ("udp", {"host": "10.0.0.5", "port": 502})),
        (("", "", "GPIB::8::INSTR", ""), ("visa", {"resource": "GPIB::8::INSTR"})),
        (("", "", "", "virtual"), ("virtual", {})),
    ],
)
def test_the_transport_follows_from_the_place(options, wanted):
    assert transport_of(*options) == wanted


@pytest.mark.parametrize(
    "options",
    [
        ("", "", "", ""),
        ("COM3", "10.0.0.5:502", "", ""),
        ("", "10.0.0.5", "", ""),
        ("", ":502", "", ""),
        ("", "host:five", "", ""),
    ],
)
def test_no_place_or_two_places_are_refused(options):
    with pytest.raises(BadInput):
        transport_of(*options)


def test_values_are_json_where_they_read_so():
    texts = ["a=5", "b=0.5", "c=true", "d=RD6012", 'e="5"', "f=", "g=a=b"]
    wanted = {"a": 5, "b": 0.5, "c": True, "d": "RD6012", "e": "5", "f": "", "g": "a=b"}
    assert values_of(texts, "--param") == wanted
    with pytest.raises(BadInput):
        values_of(["nothing"], "--param")


@pytest.mark.parametrize("what", ["ports", "usb", "hid"])
def test_what_is_there_is_json(tmp_path, what):
    answer = call("devices", what, "--json", "--home", str(tmp_path))
    content = json.loads(answer.stdout)
    assert isinstance(content["items"], list)
    assert answer.exit_code == (0 if content.get("available", True) else 1)
    assert call("devices", what, "--home", str(tmp_path)).exit_code == answer.exit_code


def test_a_scan_prints_what_is_open(tmp_path):
    with closing(socket.create_server(("127.0.0.1", 0))) as server:
        port = server.getsockname()[1]
        words = ("devices", "scan", "--subnet", "127.0.0.1", "--tcp-port", str(port))
        answer = call(*words, "--json", "--home", str(tmp_path))
        shown = call(*words, "--home", str(tmp_path))
    (hit,) = json.loads(answer.stdout)["hits"]
    assert (hit["host"], hit["port"]) == ("127.0.0.1", port)
    assert "127.0.0.1" in shown.output


def test_visa_instruments_are_shown_without_obeying_their_markup(tmp_path):
    bench = tmp_path / "bench.yaml"
    bench.write_text(
        'spec: "1.1"\n'
        'devices: {m: {eom: {"GPIB INSTR": {q: "\\n", r: "\\n"}},'
        ' dialogues: [{q: "*IDN?", r: "[red]ACME,1,2,3"}]}}\n'
        'resources: {"GPIB::8::INSTR": {device: m}}\n'
    )
    answer = call("devices", "visa", "--backend", f"{bench}@sim", "--home", str(tmp_path))
    assert answer.exit_code == 0
    assert "[red]ACME" in answer.output


@pytest.mark.parametrize(
    "words",
    [
        ("scan", "--subnet", "8.8.8.0/24"),
        ("scan", "--subnet", "127.0.0.1", "--tcp-port", "0"),
        ("scan", "--subnet", "127.0.0.1", "--timeout-s", "99"),
    ],
)
def test_a_scan_of_the_world_is_refused(tmp_path, words):
    answer = call("devices", *words, "--home", str(tmp_path))
    assert isinstance(answer.exception, BadInput)
