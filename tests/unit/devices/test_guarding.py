"""The parts of the guard process: what it understands, when it acts, and how."""

import json
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ionpy_auto.core.clock import VirtualClock
from ionpy_auto.core.errors import IonpyError
from ionpy_auto.core.files import shipped_path
from ionpy_auto.core.samples import Scalar
from ionpy_auto.devices import RW, DeviceError, Driver, LinkLost, NoAnswer, Numeric, Safe, Toggle
from ionpy_auto.devices.catalogue import Catalogue
from ionpy_auto.devices.config import DeviceConfig
from ionpy_auto.devices.guarding.fence import Fence
from ionpy_auto.devices.guarding.process import HeldCatalogue
from ionpy_auto.devices.guarding.protocol import (
    MAX_LINE,
    TO_GUARD,
    Beat,
    Bye,
    Configure,
    Drivers,
    Lines,
    On,
    Ready,
)
from ionpy_auto.devices.guarding.reach import reach_of
from ionpy_auto.devices.guarding.report import (
    FILE,
    MOST,
    Report,
    in_words,
    take_reports,
    write_report,
)
from ionpy_auto.devices.guarding.rescue import GIVE_UP_S, HEAD_START_S, Rescue, Rescued
from ionpy_auto.devices.guarding.watch import ENDED, HANG_S, STARTING_S, TICK_S, Gone, Heard, Watch
from ionpy_auto.testing.lab import device


def tcp(device_id: str, driver: str = "rd6006") -> DeviceConfig:
    transport = {"type": "tcp", "host": "127.0.0.1", "port": 9}
    return device(device_id, driver, transport=transport, framing={"type": "modbus_rtu"})


def configure(*devices: DeviceConfig) -> Configure:
    return Configure(project="p", devices=devices, drivers=Drivers(**Catalogue().copy()))


SAID = (Beat(), On(outputs={"PSU": ("output",)}), configure(tcp("PSU")), Bye())


# --- the pipe -------------------------------------------------------------------------------


@given(st.lists(st.binary(max_size=40)), st.data())
def test_whatever_stands_between_messages_every_message_arrives(garbage, data):
    lines, wire = Lines(TO_GUARD), b""
    for message in SAID:
        for junk in garbage:
            wire += junk.replace(b"\n", b"") + b"\n"
        wire += message.line()
    cuts = sorted(data.draw(st.lists(st.integers(0, len(wire)), max_size=8)))
    heard = []
    for begin, end in zip([0, *cuts], [*cuts, len(wire)], strict=True):
        heard += lines.feed(wire[begin:end])
    assert heard == list(SAID)
    assert lines.dropped == len(garbage) * len(SAID)


@given(st.recursive(st.none() | st.booleans() | st.floats() | st.text(), st.lists))
def test_json_that_is_no_message_is_dropped(content):
    lines = Lines(TO_GUARD)
    assert lines.feed(json.dumps({"word": "on", "outputs": content}).encode() + b"\n") == []
    assert lines.dropped == 1


@pytest.mark.parametrize(
    "line",
    [b"", b"null", b"[" * 100_000, b'{"word":"beat"}{"word":"beat"}', b'{"word":"shoot"}', b"\xff"],
    ids=["empty", "null", "deep", "two in one", "unknown", "no text"],
)
def test_a_bad_line_costs_only_itself(line):
    lines = Lines(TO_GUARD)
    assert lines.feed(line + b"\n" + Beat().line()) == [Beat()]
    assert lines.dropped == 1


def test_a_line_without_end_is_bounded_and_the_next_is_heard():
    lines = Lines(TO_GUARD)
    for _ in range(MAX_LINE // 2**20 + 2):
        assert lines.feed(b"x" * 2**20) == []
    assert lines.feed(b"x\n" + Beat().line()) == [Beat()]


# --- when to act ----------------------------------------------------------------------------


class Server:
    """What a guard hears, by the clock: seconds and a message, or only seconds."""

    def __init__(self, *script: tuple[float, Heard]) -> None:
        self.now = 0.0
        self._script = [(sum(s for s, _ in script[: n + 1]), m) for n, (_, m) in enumerate(script)]
        self.answers: list[Ready | Beat] = []
        self.slept_s = 0.0

    def monotonic(self) -> float:
        return self.now

    def hear(self, seconds: float) -> Heard:
        if self._script and self._script[0][0] <= self.now + seconds:
            at, message = self._script.pop(0)
            self.now = max(self.now, at)
            return message
        if not self._script:
            raise AssertionError("it never decided")
        self.now += seconds + self.slept_s
        return None

    def watch(self, trouble: Mapping[str, str] | None = None) -> Watch:
        return Watch(self.hear, self.answers.append, lambda _: dict(trouble or {}), self)


ON = On(outputs={"PSU": ("output",)})
KNOWN = (0.0, configure(tcp("PSU")))
SILENCE = (10.0, ENDED)


DECISIONS = {
    "died with an output on": ([KNOWN, (0, ON), (1, Beat()), (0.2, ENDED)], Gone.DIED, 1.2),
    "died with nothing on": ([KNOWN, (1, Beat()), (0, ENDED)], None, 1),
    "died after it was off": ([KNOWN, (0, ON), (1, On()), (1, ENDED)], None, 2),
    "died before a beat": ([KNOWN, (0, ON), (0, ENDED)], Gone.DIED, 0),
    "another's output is on": ([KNOWN, (0, On(outputs={"X": ("o",)})), (0, ENDED)], None, 0),
    "said good-bye": ([KNOWN, (0, ON), (1, Bye()), (0, ENDED)], None, 1),
    "hangs": ([KNOWN, (0, ON), (1, Beat()), SILENCE], Gone.HUNG, 1 + HANG_S),
    "hangs with nothing on": ([KNOWN, (1, Beat()), SILENCE], None, 11),
    "never began to beat": ([KNOWN, (0, ON), SILENCE], Gone.DIED, 10),
    "late while it starts": (
        [KNOWN, (0, ON), (1, Beat(starting=True)), (9, Beat()), (1, Bye())],
        None,
        11,
    ),
    "hangs while it starts": (
        [KNOWN, (0, ON), (1, Beat(starting=True)), (STARTING_S + 10, ENDED)],
        Gone.HUNG,
        1 + STARTING_S,
    ),
    "hangs before its first beat": (
        [KNOWN, (0, ON), (STARTING_S + 10, ENDED)],
        Gone.HUNG,
        STARTING_S,
    ),
    "late, but beats": (
        [KNOWN, (0, ON), *[(HANG_S - 0.2, Beat())] * 5, (0, Bye())],
        None,
        5 * (HANG_S - 0.2),
    ),
    "configured anew": (
        [KNOWN, (0, ON), (1, configure()), (0, ENDED)],
        None,
        1,
    ),
}


@pytest.mark.parametrize(("script", "gone", "at"), DECISIONS.values(), ids=DECISIONS)
def test_it_acts_when_and_only_when_outputs_are_left_alone(script, gone, at):
    server = Server(*script)
    assert server.watch().run() == gone
    assert at <= server.now <= at + 2 * TICK_S


def test_a_machine_that_slept_is_no_server_that_hangs():
    server = Server(KNOWN, (0, ON), (1, Beat()), (3600.0, Beat()), (0, Bye()))
    server.slept_s = 1200.0  # every tick of ours took twenty minutes, too
    assert server.watch().run() is None


def test_it_answers_beats_and_says_what_it_cannot_serve():
    server = Server((0.0, configure(tcp("A"), tcp("B"))), (0, Beat()), (0, Bye()))
    watch = server.watch({"B": "no such driver"})
    assert watch.run() is None
    assert server.answers == [Ready(devices={"A": "", "B": "no such driver"}), Beat()]


# --- how to act -----------------------------------------------------------------------------


class Line:
    """The link of a make-believe device; what happens on it is written down."""

    def __init__(self, book: list[tuple[float, str, str]], name: str, clock: VirtualClock) -> None:
        self.say = lambda what: book.append((clock.monotonic(), name, what))

    async def open(self) -> None:
        self.say("open")

    async def close(self) -> None:
        self.say("close")


class Source(Driver):
    """Two outputs, the second to be off first."""

    NAME = "source"
    main = Toggle(access=RW, safe=Safe("write", value=False, order=20, verify="seen"))
    aux = Numeric(unit="A", access=RW, min=0, max=9, safe=Safe("write", value=0.0, order=10))
    seen = Toggle()
    fan = Toggle(access=RW, safe=Safe("hold"))

    def declare(self) -> None:
        self.values: dict[str, Scalar] = {"main": True, "aux": 5.0}

    async def write(self, entity_id: str, value: Scalar) -> None:
        self.values[entity_id] = value
        self.link.say(f"{entity_id}={value}")

    async def read_back(self, entity_id: str) -> object:
        return self.values["main" if entity_id == "seen" else entity_id]


class Sink(Source):
    NAME = "sink"
    main = Toggle(access=RW, safe=Safe("write", value=False, order=30))
    aux = Numeric(unit="A", access=RW, min=0, max=9, safe=Safe("write", value=0.0, order=30))


class Mute(Source):
    """Hears, and says nothing."""

    NAME = "mute"

    async def connect(self) -> None:
        await self.clock.sleep(0.2)
        raise NoAnswer("silence")

    async def write(self, entity_id: str, value: Scalar) -> None:
        await super().write(entity_id, value)
        raise NoAnswer("silence")


class Stranger(Source):
    """Another device answers."""

    NAME = "stranger"

    async def connect(self) -> None:
        raise DeviceError("this is no source")


class Hangs(Source):
    """Never comes back."""

    NAME = "hangs"

    async def connect(self) -> None:
        await self.clock.sleep(1e6)


class Bent(Source):
    """Stays on for two tries."""

    NAME = "bent"
    tries = 0

    async def write(self, entity_id: str, value: Scalar) -> None:
        type(self).tries += 1
        if type(self).tries <= 2:
            raise LinkLost("cable out")
        await super().write(entity_id, value)


class Blind(Source):
    """Cannot be asked what it does."""

    NAME = "blind"

    async def read_back(self, entity_id: str) -> object:
        del entity_id
        return None


class Table:
    """Devices by id, and all that was done to them."""

    def __init__(self, **kinds: type[Driver]) -> None:
        self.clock = VirtualClock()
        self.book: list[tuple[float, str, str]] = []
        self._kinds = kinds

    def build(self, config: DeviceConfig) -> Driver:
        line = Line(self.book, config.id, self.clock)
        return self._kinds[config.id](line, self.clock, None)

    async def rescue(self, *outputs: str) -> dict[str, Rescued]:
        at_risk = [(device(name, "any"), outputs or ("main",)) for name in self._kinds]
        results = await Rescue(self.build, at_risk, self.clock).run()
        return {result.device: result for result in results}

    def done(self, name: str) -> list[str]:
        return [what for _, who, what in self.book if who == name]

    def when(self, name: str, what: str) -> float:
        return next(at for at, who, did in self.book if (who, did) == (name, what))


async def test_outputs_go_off_in_their_order_and_nothing_else_is_touched():
    table = Table(A=Source)
    results = await table.rescue("main", "aux")
    assert table.done("A") == ["open", "aux=0.0", "main=False", "close"]
    assert (results["A"].ok, results["A"].proven, results["A"].attempts) == (True, True, 1)
    table = Table(A=Source)
    await table.rescue("main")
    assert table.done("A") == ["open", "main=False", "close"]


async def test_a_sink_waits_for_its_source_and_not_for_a_dead_one():
    table = Table(LOAD=Sink, PSU=Source)
    await table.rescue()
    whats = [(who, what) for _, who, what in table.book]
    assert whats.index(("PSU", "main=False")) < whats.index(("LOAD", "main=False"))
    table = Table(LOAD=Sink, PSU=Hangs)
    results = await table.rescue()
    assert table.when("LOAD", "main=False") == pytest.approx(HEAD_START_S)
    assert (results["LOAD"].ok, results["PSU"].ok) == (True, False)
    assert results["PSU"].after_s <= GIVE_UP_S + 10


async def test_a_mute_device_is_told_again_and_again_and_not_called_proven():
    table = Table(A=Mute)
    results = await table.rescue()
    assert table.done("A").count("main=False") > GIVE_UP_S
    assert table.when("A", "main=False") < 1.0
    assert (results["A"].ok, results["A"].proven) == (False, False)
    assert "silence" in results["A"].detail


async def test_nothing_is_written_to_another_device():
    table = Table(A=Stranger)
    results = await table.rescue()
    assert set(table.done("A")) == {"open", "close"}
    assert (results["A"].ok, results["A"].detail) == (False, "this is no source")


async def test_it_tries_again_until_it_is_proven():
    Bent.tries = 0
    table = Table(A=Bent)
    results = await table.rescue()
    assert (results["A"].attempts, results["A"].ok, results["A"].proven) == (3, True, True)
    assert results["A"].after_s == pytest.approx(1.0, abs=0.01)


async def test_a_device_that_cannot_be_asked_is_off_but_not_proven():
    results = await Table(A=Blind).rescue()
    assert (results["A"].ok, results["A"].proven, results["A"].attempts) == (True, False, 1)


async def test_an_output_nobody_knows_and_one_to_hold_are_said():
    table = Table(A=Source)
    results = await table.rescue("none", "fan", "main")
    assert table.done("A")[1] == "main=False"
    assert "none: there is no such output" in results["A"].detail
    assert "fan: it has no safe value" in results["A"].detail


# --- what it can reach ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("transport", "ok", "reason"),
    [
        ({"type": "tcp", "host": "h", "port": 1}, True, ""),
        ({"type": "SERIAL", "port": "COM3"}, True, ""),
        ({"type": "udp", "host": "h", "port": 1}, True, ""),
        ({"type": "visa", "resource": "USB0::1::2::3::INSTR"}, True, ""),
        ({"type": "virtual"}, False, "lives inside the server"),
        ({"type": "pigeon"}, False, "pigeon"),
    ],
    ids=["tcp", "serial", "udp", "visa", "virtual", "unknown"],
)
def test_a_device_says_whether_its_outputs_survive_the_server(transport, ok, reason):
    reach = reach_of(device("D", "any", transport=transport))
    assert reach.ok is ok
    assert reason in reach.reason


DRIVER = """
from ionpy_auto.devices import Blueprint, Driver
class Own(Driver):
    \"\"\"One's own.\"\"\"
    NAME = "own"
    STACK_BLUEPRINTS = (Blueprint("tcp"),)
"""

WARM = """
import sys
from pathlib import Path
from ionpy_auto.devices.catalogue import Catalogue
from ionpy_auto.devices.config import DeviceConfig
from ionpy_auto.devices.guarding.process import Guard
from ionpy_auto.devices.guarding.protocol import Configure, Drivers
transport = {"type": "visa", "resource": "TCPIP::127.0.0.1::9::SOCKET"}
config = DeviceConfig.model_validate({"id": "A", "driver": "own", "transport": transport})
drivers = Drivers(**Catalogue(shipped=Path(sys.argv[1])).copy())
print(Guard(Path("."), 1, (0, 1))._prepare(Configure(devices=(config,), drivers=drivers)))
print("pyvisa_py" in sys.modules)
"""


def test_a_slow_library_is_loaded_before_it_counts(tmp_path):
    (tmp_path / "own").mkdir()
    (tmp_path / "own" / "driver.py").write_text(DRIVER.replace('"tcp"', '"visa"'))
    command = [sys.executable, "-c", WARM, str(tmp_path)]
    said = subprocess.run(command, capture_output=True, text=True, check=True, cwd=shipped_path())
    assert said.stdout.split() == ["{}", "True"]


async def test_devices_say_why_nobody_guards_them(api):
    (simulated, *_) = (await api.get("/api/devices")).json()["items"]
    assert simulated["guarded"] == {
        "ok": False,
        "reason": "a simulated project switches nothing real",
    }
    made = (await api.post("/api/projects", json={"name": "Real"})).json()
    await api.post(f"/api/projects/{made['id']}/open")
    absent = {"id": "A", "driver": "rd6006", "transport": {"type": "serial", "port": "COM99"}}
    answer = await api.post("/api/devices", json=absent)
    assert "switched off in the settings" in answer.json()["guarded"]["reason"]


def test_the_guard_has_the_drivers_the_server_trusts_as_they_were(tmp_path):
    file = tmp_path / "own" / "driver.py"
    file.parent.mkdir()
    file.write_text(DRIVER)

    def held(trusted: Callable[[Path, str], bool]) -> HeldCatalogue:
        drivers = Drivers(**Catalogue((tmp_path,), trusted).copy())
        line = Configure(drivers=drivers).line()
        (message,) = Lines(TO_GUARD).feed(line)
        assert isinstance(message, Configure)
        return HeldCatalogue(message)

    trusting = held(lambda _, __: True)
    assert trusting.get("own").NAME == "own"
    file.write_text("raise SystemExit")
    assert trusting.get("own").NAME == "own"
    file.write_text(DRIVER)
    with pytest.raises(IonpyError, match="trusted"):
        held(lambda _, __: False).get("own")


def test_the_fence_ends_a_process_and_sees_it_gone():
    process = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    with process:
        fence = Fence(process.pid)
        assert fence.close_in(0.0, 10.0)
        assert process.wait() != 0
        assert fence.close_in(0.0, 0.0)  # and once more


# --- what it leaves behind ------------------------------------------------------------------


def report(project: str, at: float, *devices: Rescued, finished: bool = True) -> Report:
    return Report(project, at, "died", 1, fenced=True, finished=finished, devices=devices)


def test_reports_are_kept_until_their_project_takes_them(tmp_path):
    write_report(tmp_path, report("a", 1.0, finished=False))
    write_report(tmp_path, report("a", 1.0, Rescued("PSU", ("output",), ok=True, proven=True)))
    write_report(tmp_path, report("b", 2.0))
    (mine,) = take_reports(tmp_path, "a")
    assert mine["finished"]
    assert in_words(mine).endswith("died: PSU output switched off")
    assert take_reports(tmp_path, "a") == []
    assert len(take_reports(tmp_path, "b")) == 1
    assert not (tmp_path / FILE).exists()
    for at in range(MOST + 5):
        write_report(tmp_path, report("a", float(at)))
    assert [r["at"] for r in take_reports(tmp_path, "a")] == [float(n) for n in range(5, MOST + 5)]


@pytest.mark.parametrize("text", ["", "[]", '{"reports": 5}', '{"reports": [1, null]}', "\x00"])
def test_a_damaged_report_stops_no_start(tmp_path, text):
    (tmp_path / FILE).write_text(text)
    assert take_reports(tmp_path, "a") == []
    write_report(tmp_path, report("a", 1.0))
    assert len(take_reports(tmp_path, "a")) == 1


@pytest.mark.parametrize(
    ("device_result", "words"),
    [
        (Rescued("PSU", ("output",), detail="no answer"), "NOT proven off: no answer"),
        (Rescued("PSU", ("output",), ok=True), "which the device cannot confirm"),
    ],
)
def test_what_was_not_proven_is_said(tmp_path, device_result, words):
    write_report(tmp_path, report("a", 1.0, device_result, finished=False))
    (found,) = take_reports(tmp_path, "a")
    assert words in in_words(found)
    assert "could not finish" in in_words(found)
