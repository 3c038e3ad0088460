"""Interlocks deny on every write, switch off on every sample, and take unknown for tripped."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ionpy_auto.automation.environment import LiveEnvironment
from ionpy_auto.automation.interlocks import Interlocks, read_interlocks
from ionpy_auto.core.bus import Bus
from ionpy_auto.core.clock import VirtualClock
from ionpy_auto.core.errors import IonpyError, Rejected, StaleRevision
from ionpy_auto.core.samples import AlarmState, LiveValues, Quality, Sample, Snapshot
from ionpy_auto.storage.recent import Recent
from tests.unit.automation.rules_bench import PaperSite

UNITS = {"DMM.temp": "°C", "DMM.u": "V", "PSU.output": "", "PSU.i": "A", "LOAD.input": ""}

HOT = """\
interlocks:
  - id: too-hot
    trip: DMM.temp > 60 °C
    deny: [PSU, LOAD.input]
    safe: [PSU]
    message: The cell is too hot.
"""


class Hands:
    def __init__(self) -> None:
        self.on: set[str] = {"PSU"}
        self.stuck = False
        self.driven: list[list[str]] = []
        self.alarms: dict[str, str] = {}
        self.audits: list[str] = []

    def unsafe_devices(self, devices):
        return [d for d in devices if d in self.on]

    async def drive_safe(self, devices):
        self.driven.append(list(devices))
        if not self.stuck:
            self.on -= set(devices)
        return not self.stuck

    def alarm(self, key, text, *, active):
        if active:
            self.alarms[key] = text
        else:
            self.alarms.pop(key, None)

    def audit(self, kind, by, detail):
        self.audits.append(kind)


class Room:
    def __init__(self, path) -> None:
        self.clock, self.bus = VirtualClock(), Bus()
        values, recent = LiveValues(), Recent(self.bus)
        self.bus.tap("sample/", values.update)
        recent.start()
        self.hands, self.gate, self.events = Hands(), [], []
        self.bus.tap("event/interlock", lambda e: self.events.append(e.payload["state"]))
        env = LiveEnvironment(values, recent, self.clock)
        self.path = path / "interlocks.yaml"
        site = PaperSite(UNITS)
        self.interlocks = Interlocks(
            self.path, site, env, self.bus, self.clock, self.gate, self.hands
        )

    def start(self, text: str) -> None:
        self.path.write_text(text, encoding="utf-8")
        self.interlocks.start()

    async def measure(self, value, point="DMM.temp", quality=Quality.GOOD) -> None:
        now = self.clock.monotonic()
        known = value if quality is Quality.GOOD else None
        sample = Sample(
            point, known, "°C", quality, AlarmState.NORMAL, self.clock.utc_at(now), now, ""
        )
        self.bus.publish(Snapshot(point.split(".")[0], sample.timestamp, now, 0.0, (sample,)))
        await self.clock.sleep(0.01)

    def denied(self, device="PSU", entity="output", value=True) -> str | None:
        return next((why for i in self.gate if (why := i.denies(device, entity, value))), None)


@pytest.fixture
async def room(tmp_path):
    room = Room(tmp_path)
    yield room
    await room.interlocks.stop()


async def test_while_tripped_writes_are_denied_and_devices_are_safe(room):
    room.start(HOT)
    await room.measure(25.0)
    assert room.denied() is None
    room.hands.on.add("PSU")
    room.hands.driven.clear()
    await room.clock.sleep(1.0)
    await room.measure(60.5)
    assert room.hands.driven == [["PSU"]]
    assert "The cell is too hot" in (room.denied() or "")
    assert room.denied("LOAD", "input")
    assert room.denied("LOAD", "level") is None
    assert room.hands.alarms == {"interlock/too-hot": "too-hot: The cell is too hot."}
    await room.measure(59.0)
    assert room.denied() is None
    assert room.hands.alarms == {}
    assert room.events == ["unknown", "ok", "tripped", "ok"]


@pytest.mark.parametrize("quality", [Quality.BAD, Quality.STALE, Quality.UNCONFIRMED])
async def test_what_nobody_knows_has_tripped(room, quality):
    room.start(HOT)
    assert "not known" in (room.denied() or "")  # before the first sample
    await room.measure(25.0)
    room.hands.driven.clear()
    room.hands.on.add("PSU")
    await room.measure(25.0, quality=quality)
    await room.clock.sleep(1.0)
    assert room.hands.driven == [["PSU"]]
    assert "not known" in (room.denied() or "")


async def test_level_not_edge_what_is_switched_on_again_goes_off_again(room):
    room.start(HOT)
    await room.measure(70.0)
    for _ in range(3):
        room.hands.on.add("PSU")
        await room.clock.sleep(1.0)
        await room.measure(70.0)
    assert room.hands.driven == [["PSU"]] * 4


async def test_a_device_that_does_not_obey_is_driven_again_but_not_in_a_storm(room):
    room.start(HOT)
    room.hands.stuck = True
    for _ in range(100):
        await room.measure(70.0)
        await room.clock.sleep(0.04)
    assert 8 <= len(room.hands.driven) <= 12  # every half second of the five


async def test_a_condition_that_must_hold_denies_at_once_and_switches_off_later(room):
    room.start(HOT.replace("    deny", "    for: 5 s\n    deny"))
    await room.measure(20.0)
    room.hands.driven.clear()
    room.hands.on.add("PSU")
    await room.measure(70.0)
    assert room.denied()
    await room.measure(70.0)
    assert room.hands.driven == []
    await room.clock.sleep(6.0)
    assert room.hands.driven == [["PSU"]]


async def test_an_interlock_that_names_nothing_denies_everything(room):
    room.start("interlocks:\n  - {id: door, trip: DMM.u < 4 V}\n")
    await room.measure(1.0, "DMM.u")
    assert room.denied("ANYTHING", "x", 3.0)


@pytest.mark.parametrize(
    "text",
    ["interlocks: [", "interlocks: 5", "rules: []", "interlocks:\n  - {id: a, trip: NO.u > 1 V}"],
)
async def test_a_file_with_errors_denies_every_write_and_says_so(room, text):
    room.start(text)
    assert "cannot be read" in (room.denied("X", "y") or "")
    assert "interlock/interlocks.yaml" in room.hands.alarms
    await room.measure(20.0)
    mended = await room.interlocks.write(HOT, room.interlocks.as_dict()["revision"], "eva")
    assert mended["findings"] == []
    assert room.hands.alarms == {}
    assert room.denied() is None


async def test_without_a_file_nothing_is_denied(room):
    room.interlocks.start()
    assert room.gate == []
    assert room.interlocks.as_dict()["items"] == []


async def test_writing_a_bad_text_changes_nothing(room):
    room.start(HOT)
    before = room.interlocks.as_dict()
    with pytest.raises(Rejected) as refused:
        await room.interlocks.write(
            "interlocks:\n  - id: x\n    trip: DMM.tem > 6 °C", before["revision"], "eva"
        )
    finding = refused.value.findings[0]
    assert (finding.line, finding.file) == (3, "interlocks.yaml")
    assert room.path.read_text(encoding="utf-8") == HOT
    assert room.interlocks.as_dict() == before
    with pytest.raises(StaleRevision):
        await room.interlocks.write(HOT, "other", "eva")


async def test_a_change_on_disk_is_shown_and_not_in_force_until_applied(room):
    room.start(HOT)
    await room.measure(50.0)
    room.path.write_text(HOT.replace("60", "40"), encoding="utf-8")
    assert room.interlocks.as_dict()["in_force"] is False
    assert room.denied() is None
    assert room.interlocks.apply_disk("eva")["in_force"] is True
    assert room.denied()


async def test_a_shelved_interlock_comes_back_by_itself(room):
    room.start(HOT)
    await room.measure(70.0)
    with pytest.raises(IonpyError):
        room.interlocks.shelve("too-hot", 60, "eva", "  ")
    with pytest.raises(IonpyError):
        room.interlocks.shelve("too-hot", 9 * 3600, "eva", "calibration")
    shelved = room.interlocks.shelve("too-hot", 60, "eva", "calibration")
    assert (shelved["state"], shelved["shelved_by"]) == ("shelved", "eva")
    assert room.denied() is None
    room.hands.on.add("PSU")
    room.hands.driven.clear()
    await room.measure(70.0)
    assert room.hands.driven == []
    await room.clock.sleep(61)
    assert room.denied()
    assert room.hands.driven == [["PSU"]]
    assert room.hands.audits.count("interlock_unshelved") == 1


async def test_a_change_of_the_file_keeps_a_shelf_only_of_the_same_words(room):
    room.start(HOT)
    await room.measure(70.0)
    room.interlocks.shelve("too-hot", 600, "eva", "calibration")
    revision = room.interlocks.as_dict()["revision"]
    kept = await room.interlocks.write("# note\n" + HOT, revision, "eva")
    assert kept["items"][0]["state"] == "shelved"
    other = await room.interlocks.write(HOT.replace("60", "65"), kept["revision"], "eva")
    assert other["items"][0]["state"] == "tripped"


@pytest.mark.parametrize(
    ("line", "code"),
    [
        ("trip: true", "no-point"),
        ("trip: DMM.temp > 5 V", ""),
        ("trip: DMM.temp > 5 °C\n    unknown: hold", "wrong-value"),
        ("trip: DMM.temp > 5 °C\n    safe: [NOBODY]", "unknown-device"),
        ("trip: DMM.temp > 5 °C\n    deny: {a: b}", "wrong-type"),
        ("trip: DMM.temp > 5 °C\n    denny: PSU", "unknown-key"),
        ("deny: PSU", "missing-key"),
        ("trip: DMM.temp > 5 °C\n  - id: a\n    trip: DMM.u > 1 V", "duplicate-id"),
    ],
)
def test_each_mistake_has_its_place(line, code):
    texts, findings = read_interlocks(
        f"interlocks:\n  - id: a\n    {line}\n", "f", PaperSite(UNITS)
    )
    assert texts == ()
    assert findings
    assert all(f.line >= 2 for f in findings)
    if code:
        assert code in {f.code for f in findings}


@settings(max_examples=150, deadline=None)
@given(data=st.data())
def test_a_mutilated_file_is_read_or_refused_with_a_place(data):
    at = data.draw(st.integers(0, len(HOT)))
    length = data.draw(st.integers(0, 12))
    put = data.draw(st.text(alphabet="[]{}:-#'\"& *!|>\n\tüa1", max_size=6))
    texts, findings = read_interlocks(HOT[:at] + put + HOT[at + length :], "f", PaperSite(UNITS))
    errors = [f for f in findings if f.severity == "error"]
    assert not (texts and errors)
    assert all(f.line >= 0 and f.message for f in findings)
