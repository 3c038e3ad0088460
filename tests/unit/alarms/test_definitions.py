"""``alarms.yaml``: what it says, what is wrong with it, and what comes of it."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ionpy_auto.alarms.definitions import read_definitions
from ionpy_auto.core.errors import Rejected, StaleRevision
from ionpy_auto.core.samples import Quality
from tests.unit.alarms.defined import DefinedDesk, scope, split

U, KEY = "PSU_01.u_out", "PSU_01/u_out"
LOOK_S = 2_100.0  # the file is looked at every two seconds of the wall
LIMITS = f"""alarms:
  - point: {U}
    lolo: 2500 mV
    lo: 2.8 V
    hi: 4.2 V
    hihi: {{at: 4.25 V, on_delay: 0 s, priority: 1}}
    deadband: 20 mV
    on_delay: 2 s
    off_delay: 5 s
    guidance: Look at the sense leads.
"""


def test_a_text_becomes_definitions_with_inherited_settings():
    (one,), findings = read_definitions(LIMITS, scope(), split)
    assert findings == []
    assert (one.key, one.device, one.entity) == (KEY, "PSU_01", "u_out")
    watches = {w["word"]: w for w in one.as_dict()["watches"]}
    assert watches.keys() == {"LOLO", "LO", "HI", "HIHI"}
    assert [watches[w]["on_delay_s"] for w in ("HI", "HIHI")] == [2.0, 0.0]
    assert [watches[w]["at"] for w in ("HI", "HIHI")] == [4.2, 4.25]
    assert [watches[w]["severity"] for w in ("HI", "HIHI")] == ["warning", "critical"]
    assert one.as_dict()["guidance"] == "Look at the sense leads."


@pytest.mark.parametrize(
    ("text", "line", "column", "code"),
    [
        ("alarms:\n  - point: PSU_01.u_out\n    hi: 4.2 A\n", 3, 9, "wrong-value"),
        ("alarms:\n  - point: PSU_01.u_out\n    hgih: 4.2 V\n", 3, 5, "unknown-key"),
        ("alarms:\n  - point: PSU_01.u_out\n", 2, 5, "watches-nothing"),
        ("alarms:\n  - hi: 4 V\n", 2, 5, "missing-key"),
        ("alarms:\n  - point: PSU_01.u_out\n    lo: 5 V\n    hi: 4 V\n", 4, 9, "wrong-order"),
        ("alarms:\n  - point: PSU_01.u_out\n    hi: 4 V\n    count: often\n", 4, 12, "wrong-value"),
        ("alarms:\n  - point: PSU_01.u_out\n    hi: 4 V\n    priority: 9\n", 4, 15, "wrong-value"),
        ("alarms:\n  - when: PSU_01.u_out > 4 V\n", 2, 5, "missing-key"),
        ("alarms:\n  - point: PSU_01.temp\n    rate: 5 V/s\n", 3, 11, "wrong-value"),
        ("alarms:\n  - point: PSU_01.output\n    state: maybe\n", 3, 12, "wrong-value"),
        (
            "alarms:\n  - {point: PSU_01.u_out, hi: 4 V}\n  - {point: PSU_01.u_out, hi: 5 V}\n",
            3,
            1,
            "duplicate-id",
        ),
        ("alarms: yes\n", 1, 9, "wrong-type"),
        (
            "alarms:\n  - point: PSU_01.u_out\n    deviation: {from: PSU_01.temp, at: 1 V}\n",
            3,
            23,
            "wrong-unit",
        ),
    ],
)
def test_each_mistake_is_told_at_its_place(text, line, column, code):
    found, findings = read_definitions(text, scope(), split)
    assert found == ()
    assert (line, column, code) in [(f.line, f.column, f.code) for f in findings], findings


RICH = (
    LIMITS
    + """  - {point: PSU_01.temp, rate: {at: 0.5 K/s, over: 5 s}, stale: 10 s, quality: bad}
  - {point: PSU_01.u_out, deviation: {from: PSU_01.u_set, at: 50 mV}, count: 3 in 10 s}
  - {point: PSU_01.output, state: true, active_when: CH1.phase == "cc", labels: {a: b}}
  - {id: hot, when: PSU_01.temp > 50 °C, realarm: 30 min, latching: true, priority: 1}
"""
)
EDITS = st.lists(
    st.tuples(
        st.integers(0, len(RICH)), st.integers(0, 6), st.text("ab:{}[]-, \n0V°.\"'#&*|", max_size=4)
    ),
    max_size=4,
)


def edited(edits):
    text = RICH
    for at, gone, more in edits:
        text = text[:at] + more + text[at + gone :]
    return text


@given(st.one_of(st.text(max_size=200), EDITS.map(edited)))
@settings(max_examples=200, deadline=None)
def test_any_text_is_definitions_or_errors_with_their_places(text):
    found, findings = read_definitions(text, scope(), split)
    errors = [f for f in findings if f.severity.value == "error"]
    assert not (found and errors)
    assert all(f.line >= 1 and f.column >= 1 and f.file == "alarms.yaml" for f in errors), errors
    assert all(one.key and one.line >= 1 for one in found)


def test_an_unknown_point_is_warned_of_and_everything_else_stays_in_force():
    text = LIMITS + "  - {point: PSU_9.volt, hi: 4 V}\n"
    found, findings = read_definitions(text, scope(), split)
    assert [one.key for one in found] == [KEY, "PSU_9/volt"]
    assert [(f.code, f.severity.value) for f in findings] == [("unknown-point", "warning")]


async def test_limits_follow_their_own_delays_and_the_deadband(tmp_path):
    desk = await DefinedDesk(tmp_path, LIMITS).begin()
    await desk.feed(U, 4.21, 4.1, 4.21)
    assert desk.alarm(KEY) is None
    await desk.feed(U, 4.21, 4.21)
    alarm = desk.alarm(KEY)
    assert (alarm["new_state"], alarm["severity"], alarm["text"]) == (
        "HI",
        "warning",
        "HI u_out PSU_01 (4.21 V)",
    )
    assert alarm["guidance"] == "Look at the sense leads."
    desk.put(U, 4.3)
    alarm = desk.alarm(KEY)
    assert (alarm["new_state"], alarm["severity"], alarm["priority"]) == ("HIHI", "critical", 1)
    await desk.feed(U, *[4.19] * 10)
    assert desk.alarm(KEY)["new_state"] == "HI"  # within the deadband of hi
    await desk.feed(U, *[4.1] * 4)
    assert desk.alarm(KEY)["state"] == "active_unacked"
    await desk.feed(U, *[4.1] * 3)
    assert desk.alarm(KEY)["state"] == "cleared_unacked"
    await desk.manager.stop()


async def test_a_delay_ends_without_a_sample(tmp_path):
    desk = await DefinedDesk(tmp_path, LIMITS).begin()
    desk.put(U, 4.21)
    await desk.clock.sleep(2.1)
    assert desk.alarm(KEY)["new_state"] == "HI"
    await desk.manager.stop()


@pytest.mark.parametrize("quality", [Quality.BAD, Quality.STALE])
async def test_a_value_that_is_lost_ends_no_alarm(tmp_path, quality):
    desk = await DefinedDesk(tmp_path, LIMITS).begin()
    desk.put(U, 4.3)
    desk.put(U, None, quality)
    await desk.clock.sleep(60)
    assert desk.alarm(KEY)["state"] == "active_unacked"
    await desk.manager.stop()


async def test_the_drivers_limits_are_replaced_only_where_the_file_has_some(tmp_path):
    desk = await DefinedDesk(tmp_path, LIMITS).begin()
    desk.sample(3.5, "HIHI", point=U)
    assert desk.alarm(KEY) is None
    desk.sample(80.0, "HI", point="PSU_01.temp")
    assert desk.alarm("PSU_01/temp")["new_state"] == "HI"
    await desk.manager.stop()


CASES = {
    "rate": ("{at: 100 mV/s, over: 3 s}", [4.0, 4.0, 4.0, 4.0, 4.5, 5.0, 5.5], [5.5] * 5),
    "state": ("true", [False, True], [False]),
    "stale": ("5 s", [4.0], []),
    "quality": ("bad", [4.0], [4.0]),
    "deviation": ("{from: PSU_01.u_set, at: 50 mV}", [4.0, 4.2], [4.0]),
    "disagreement": ("{with: DMM_01.volt, at: 50 mV}", [4.0, 4.2], [4.0]),
    "bits": ("[1, 3]", [4, 8], [4]),
}
POINTS = {"state": "PSU_01.output", "bits": "PSU_01.fault"}


@pytest.mark.parametrize("kind", CASES)
async def test_every_kind_comes_and_goes(tmp_path, kind):
    written, bad, good = CASES[kind]
    point = POINTS.get(kind, U)
    text = f"alarms:\n  - point: {point}\n    {kind}: {written}\n    severity: critical\n"
    desk = await DefinedDesk(tmp_path, text).begin()
    assert desk.findings() == []
    desk.put("PSU_01.u_set", 4.0)
    desk.put("DMM_01.volt", 4000.0)
    await desk.feed(point, bad[0])
    key = f"{point.replace('.', '/')}/{kind}"
    assert desk.alarm(key) is None
    await desk.feed(point, *bad[1:])
    if kind == "quality":
        desk.put(point, None, Quality.BAD)
    if kind == "stale":
        await desk.clock.sleep(6)
    assert (desk.alarm(key)["state"], desk.alarm(key)["severity"]) == (
        "active_unacked",
        "critical",
    )
    await desk.feed(point, *(good or [4.0]))
    await desk.clock.sleep(2)
    assert desk.alarm(key)["state"] == "cleared_unacked"
    await desk.manager.stop()


async def test_words_of_an_enum(tmp_path):
    text = "alarms:\n  - {point: PSU_01.word, state: [ovp, ocp], latching: true}\n"
    desk = await DefinedDesk(tmp_path, text).begin()
    await desk.feed("PSU_01.word", "none", "ocp", "none")
    alarm = desk.alarm("PSU_01/word/state")
    assert (alarm["state"], alarm["latching"]) == ("cleared_unacked", True)
    await desk.manager.acknowledge(alarm["id"], "anna")
    assert desk.alarm("PSU_01/word/state")["state"] == "latched"
    await desk.manager.stop()


async def test_a_condition_of_its_own(tmp_path):
    text = (
        "alarms:\n  - id: hot-and-on\n    when: PSU_01.temp > 50 °C and PSU_01.output\n"
        "    text: Hot while on\n    labels: {team: lab}\n"
    )
    desk = await DefinedDesk(tmp_path, text).begin()
    desk.put("PSU_01.output", False)
    desk.put("PSU_01.temp", 60.0)
    assert desk.alarm("condition/hot-and-on") is None
    desk.put("PSU_01.output", True)
    alarm = desk.alarm("condition/hot-and-on")
    assert (alarm["text"], alarm["labels"]) == ("Hot while on", {"team": "lab"})
    await desk.manager.stop()


async def test_so_many_samples_within_a_window(tmp_path):
    text = f"alarms:\n  - {{point: {U}, hi: 4.2 V, count: 3 in 10 s}}\n"
    desk = await DefinedDesk(tmp_path, text).begin()
    await desk.feed(U, 4.3, 4.0, 4.3, 4.0)
    assert desk.alarm(KEY) is None
    desk.put(U, 4.3)
    assert desk.alarm(KEY)["new_state"] == "HI"
    await desk.manager.stop()


async def test_what_stays_high_is_an_alarm_however_seldom_it_is_measured(tmp_path):
    text = f"alarms:\n  - {{point: {U}, hi: 4.2 V, count: 5 in 10 s}}\n"
    desk = await DefinedDesk(tmp_path, text).begin()
    await desk.feed(U, 4.3, 4.3, every=8.0)
    assert desk.alarm(KEY)["new_state"] == "HI"
    await desk.manager.stop()


async def test_active_when_suppresses_and_tells_when_it_applies(tmp_path):
    text = f'alarms:\n  - {{point: {U}, hi: 4.2 V, active_when: CH1.phase == "cc"}}\n'
    desk = await DefinedDesk(tmp_path, text).begin()
    desk.put("CH1.phase", "rest")
    desk.put(U, 4.3)
    assert desk.alarm(KEY)["overlay"] == "suppressed"
    assert "CH1.phase" in desk.alarm(KEY)["overlay_reason"]
    desk.put("CH1.phase", "cc")
    assert (desk.alarm(KEY)["overlay"], desk.words(KEY)) == ("", ["suppressed", "raised"])
    desk.put("CH1.phase", None, Quality.STALE)
    assert desk.alarm(KEY)["overlay"] == ""  # unknown applies
    await desk.manager.stop()


async def test_an_acknowledged_alarm_comes_again_after_its_time(tmp_path):
    text = f"alarms:\n  - {{point: {U}, hi: 4.2 V, realarm: 30 min}}\n"
    desk = await DefinedDesk(tmp_path, text).begin()
    desk.put(U, 4.3)
    await desk.manager.acknowledge(desk.alarm(KEY)["id"], "anna")
    await desk.clock.sleep(1799)
    assert desk.alarm(KEY)["state"] == "active_acked"
    await desk.clock.sleep(2)
    assert (desk.alarm(KEY)["state"], desk.words(KEY)[-1]) == ("active_unacked", "realarm")
    await desk.manager.stop()


async def test_a_broken_file_changes_nothing_and_says_so(tmp_path):
    desk = await DefinedDesk(tmp_path, LIMITS).begin()
    desk.path.write_text(LIMITS.replace("4.2 V", "4.2 apples"))
    await desk.clock.sleep(LOOK_S)
    assert desk.alarm("server/alarms.yaml")["severity"] == "critical"
    assert "alarms.yaml:5:" in desk.alarm("server/alarms.yaml")["text"]
    desk.put(U, 4.3)
    assert desk.alarm(KEY)["new_state"] == "HIHI"
    assert not desk.manager.definitions.as_dict()["in_force"]
    desk.path.write_text(LIMITS.replace("hihi: {at: 4.25 V", "hihi: {at: 4.35 V"))
    await desk.clock.sleep(LOOK_S)
    assert desk.alarm("server/alarms.yaml")["state"] == "cleared_unacked"
    await desk.feed(U, *[4.3] * 6)
    assert desk.alarm(KEY)["new_state"] == "HI"
    await desk.manager.stop()


async def test_the_last_good_file_is_in_force_after_a_restart_with_a_broken_one(tmp_path, database):
    desk = await DefinedDesk(tmp_path, LIMITS, database).begin()
    await desk.manager.stop()
    again = await DefinedDesk(tmp_path, "alarms: [", database).begin()
    again.put(U, 4.3)
    assert again.alarm(KEY)["new_state"] == "HIHI"
    again.path.unlink()
    await again.manager.stop()
    last = await DefinedDesk(tmp_path, None, database).begin()
    assert "gone" in last.alarm("server/alarms.yaml")["text"]
    assert KEY in [one["key"] for one in last.manager.definitions.as_dict()["items"]]
    await last.manager.stop()


async def test_an_alarm_whose_definition_is_taken_out_is_over(tmp_path):
    text = "alarms:\n  - {point: PSU_01.word, state: ovp}\n"
    desk = await DefinedDesk(tmp_path, text).begin()
    desk.put("PSU_01.word", "ovp")
    desk.path.write_text("alarms: []\n")
    await desk.clock.sleep(LOOK_S)
    assert desk.alarm("PSU_01/word/state")["state"] == "cleared_unacked"
    await desk.manager.stop()


async def test_a_restart_goes_on_with_alarm_and_delay(tmp_path, database):
    text = f"alarms:\n  - {{point: {U}, hi: 4.2 V, on_delay: 10 min}}\n"
    desk = await DefinedDesk(tmp_path, text, database).begin()
    await desk.feed(U, *[4.3] * 60, every=5.0)
    await desk.manager.stop()
    database.clock.step_utc(120)
    again = await DefinedDesk(tmp_path, text, database).begin()
    again.put(U, 4.3)
    await again.clock.sleep(170)
    assert again.alarm(KEY) is None
    await again.clock.sleep(15)
    number = again.alarm(KEY)["id"]
    await again.manager.stop()

    last = await DefinedDesk(tmp_path, text, database).begin()
    assert (last.alarm(KEY)["id"], last.alarm(KEY)["state"]) == (number, "active_unacked")
    last.put(U, 4.3)
    assert last.words(KEY) == []
    last.put(U, 4.0)
    assert last.words(KEY) == ["cleared"]
    await last.manager.stop()


async def test_a_device_that_comes_later_is_watched_from_then_on(tmp_path):
    desk = DefinedDesk(tmp_path, LIMITS)
    desk.units.clear()
    await desk.begin()
    desk.put(U, 4.3)
    assert desk.alarm(KEY) is None
    desk.units[U] = "V"
    desk.event("device_added", device_id="PSU_01")
    await desk.clock.sleep(0.5)
    assert desk.alarm(KEY)["new_state"] == "HIHI"
    await desk.manager.stop()


async def test_writing_needs_the_revision_and_a_good_text(tmp_path):
    desk = await DefinedDesk(tmp_path, LIMITS).begin()
    file = desk.manager.definitions
    etag = file.as_dict()["etag"]
    with pytest.raises(StaleRevision):
        await file.write("alarms: []\n", "0000")
    with pytest.raises(Rejected, match="no number"):
        await file.write(LIMITS.replace("4.2 V", "x"), etag)
    assert desk.path.read_text() == LIMITS
    answer = await file.write("alarms: []\n", etag)
    assert (answer["items"], answer["in_force"]) == ([], True)
    assert desk.path.read_text() == "alarms: []\n"
    await desk.manager.stop()
