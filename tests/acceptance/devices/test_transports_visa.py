"""VISA instruments: simulated ones, sockets, hung ones, and errors that say what to do."""

import asyncio
import socket
import threading
from pathlib import Path

import pytest

from ionpy_auto.core.clock import SystemClock
from ionpy_auto.devices.framing import FRAMINGS
from ionpy_auto.devices.links import LinkLost, NoAnswer
from ionpy_auto.devices.transports.visa import HINTS, VisaTransport
from ionpy_auto.testing.conformance import check_transport

SIMULATED = """
spec: "1.1"
devices:
  supply:
    eom:
      ASRL INSTR: {q: "\\n", r: "\\n"}
      TCPIP SOCKET: {q: "\\n", r: "\\n"}
      TCPIP INSTR: {q: "\\n", r: "\\n"}
      USB INSTR: {q: "\\n", r: "\\n"}
      GPIB INSTR: {q: "\\n", r: "\\n"}
    dialogues:
      - {q: "*IDN?", r: "ACME,PSU,1,2"}
    properties:
      volts:
        default: 1.0
        getter: {q: "VOLT?", r: "{:+.3E}"}
        setter: {q: "VOLT {:.3f}"}
        specs: {min: 0, max: 60, type: float}
resources:
  ASRL1::INSTR: {device: supply}
  TCPIP::10.0.0.1::INSTR: {device: supply}
  TCPIP::10.0.0.1::5025::SOCKET: {device: supply}
  USB::0x1AB1::0x0E11::DP1::INSTR: {device: supply}
  GPIB::5::INSTR: {device: supply}
"""
RESOURCES = [
    "ASRL1::INSTR",
    "TCPIP::10.0.0.1::INSTR",
    "TCPIP::10.0.0.1::5025::SOCKET",
    "USB::0x1AB1::0x0E11::DP1::INSTR",
    "GPIB::5::INSTR",
]


@pytest.fixture
def simulated(tmp_path: Path) -> str:
    path = tmp_path / "bench.yaml"
    path.write_text(SIMULATED, encoding="utf-8")
    return f"{path}@sim"


def link_to(timeout_s=2.0, **params):
    transport = VisaTransport(VisaTransport.Params(**params), SystemClock())
    framing = FRAMINGS.get("delimiter")
    return framing.link(transport, framing.Params(timeout_s=timeout_s), SystemClock())


@pytest.mark.parametrize("resource", RESOURCES)
async def test_a_simulated_instrument_answers_on_every_interface(simulated, resource):
    link = link_to(resource=resource, backend=simulated, timeout_s=5.0)
    await link.open()
    assert await link.query(b"*IDN?") == b"ACME,PSU,1,2"
    await link.send(b"VOLT 12.5")
    assert float(await link.query(b"VOLT?")) == 12.5
    await link.close()


class Peer:
    """A TCP instrument; ``HANG?`` is never answered."""

    def __init__(self):
        self.writers = set()

    async def serve(self, reader, writer):
        self.writers.add(writer)
        while data := await reader.read(1000):
            if b"HANG?" not in data:
                writer.write(data)

    async def hang_up(self):
        for writer in self.writers:
            writer.close()


@pytest.fixture
async def peer():
    peer = Peer()
    server = await asyncio.start_server(peer.serve, "127.0.0.1", 0)
    peer.port = server.sockets[0].getsockname()[1]
    peer.resource = f"TCPIP::127.0.0.1::{peer.port}::SOCKET"
    yield peer
    server.close()
    await peer.hang_up()
    await asyncio.sleep(0.02)


@pytest.mark.parametrize("end", ["\\n", None])
async def test_visa_conforms(peer, end):
    params = VisaTransport.Params(resource=peer.resource, read_end=end)
    await check_transport(lambda: VisaTransport(params, SystemClock()), peer.hang_up)


async def test_a_hung_instrument_holds_up_nobody_else_and_its_thread_is_soon_free(peer):
    hung, well = link_to(resource=peer.resource), link_to(resource=peer.resource)
    await hung.open()
    await well.open()
    waiting = asyncio.ensure_future(hung.query(b"HANG?", 2.0))
    for turn in range(20):
        assert await well.query(b"%d" % turn) == b"%d" % turn
    assert not waiting.done()
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    assert await hung.query(b"again") == b"again"
    await hung.close()
    await well.close()


async def test_silence_is_no_answer_and_closing_leaves_no_thread(peer):
    before = threading.active_count()
    link = link_to(resource=peer.resource, timeout_s=0.1)
    await link.open()
    with pytest.raises(NoAnswer):
        await link.query(b"HANG?")
    assert await link.query(b"on", 2.0) == b"on"
    await link.close()
    await asyncio.to_thread(join_others, before)
    assert threading.active_count() <= before + 1  # the one of to_thread


def join_others(count):
    for thread in threading.enumerate():
        if thread.name.startswith("visa"):
            thread.join(5)
    return count


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return listener.getsockname()[1]


@pytest.mark.filterwarnings("ignore:unclosed:ResourceWarning")
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.parametrize(
    ("values", "hint"),
    [
        ({"resource": "TCPIP::127.0.0.1::{port}::SOCKET"}, "check address"),
        ({"resource": "USB0::0x1AB1::0x0E11::NONE::INSTR"}, "libusb"),
        ({"resource": "GPIB0::5::INSTR"}, "linux-gpib"),
        ({"resource": "nonsense"}, "not well formed"),
        ({"resource": "ASRL/dev/nonsense::INSTR"}, "serial port is not here"),
        ({"resource": "GPIB::7::INSTR", "backend": "/nowhere.yaml@sim"}, "path in backend"),
    ],
    ids=lambda value: (
        value["resource"] + value.get("backend", "") if isinstance(value, dict) else ""
    ),
)
async def test_what_cannot_be_opened_says_what_to_do(values, hint):
    values = {key: value.format(port=free_port()) for key, value in values.items()}
    with pytest.raises(LinkLost) as caught:
        await VisaTransport(VisaTransport.Params(**values), SystemClock()).open()
    assert caught.value.error_code == "TRANSPORT_VISA"
    assert hint in caught.value.hint
    assert values["resource"] in str(caught.value)


def test_every_hint_can_be_reached_by_words_in_lower_case():
    words = [word for group, _ in HINTS for word in group]
    assert words == [word.lower() for word in words]
    assert len(words) == len(set(words))


def test_an_end_of_two_characters_is_refused():
    with pytest.raises(ValueError, match="one character"):
        VisaTransport.Params(resource="x", read_end="ab")


@pytest.mark.parametrize(
    "bad",
    [
        {"backend": "/tmp/any.so@ivi"},
        {"backend": "@any_package"},
        {"backend": "any.txt@sim"},
        {"resource": "ASRLspy:///dev/ttyS0?file=/tmp/any::INSTR"},
    ],
)
def test_what_would_load_code_or_write_files_is_refused(bad):
    with pytest.raises(ValueError, match=r"backend|resource"):
        VisaTransport.Params(**{"resource": "GPIB::7::INSTR", **bad})
