"""What a rule has begun goes on after a restart, or its ``on_gap`` decides: read as a protocol."""

import pytest

from tests.acceptance.rules.lives import Server
from tests.unit.automation.rules_bench import one_rule

ENDS = ["end", "kill"]
U = "PSU_01.u_out"


def hot(**keys):
    lines = [f"{key}: {value}" for key, value in keys.items()]
    return one_rule("\n".join(["when: {expr: PSU_01.u_out > 4 V, for: 10 min}", *lines,
                               "then: [{notify: hot}]"]))  # fmt: skip


async def high(server, first, last, step=20):
    """The voltage is high from one second to another."""
    for second in range(first, last + 1, step):
        await server.at(second, U, 5.0)


# -- hold times -------------------------------------------------------------------------------


@pytest.mark.parametrize("end", ENDS)
async def test_a_hold_goes_on_after_a_short_gap_which_does_not_count(tmp_path, end):
    server = Server(tmp_path, hot())
    await server.boot()
    await server.at(10, U, 3.0)
    await high(server, 20, 320)
    await getattr(server, end)(down=30)
    await server.boot()
    assert server.rule()["state"] == "pending"
    await high(server, 360, 800)
    ((second, _),) = server.did("notify")
    # 300 s were held before; a kill may cost the last five of them, never gains one.
    assert 660 <= second <= 665 + 5 * (end == "kill")
    assert server.rule()["fired"] == 1
    await server.end()


GAPS = {
    "reset begins anew": ("reset", [1360 + 600], []),
    "fire counts as held, once a value is known": ("fire", [1360], []),
    "alarm begins anew and tells": ("alarm", [1360 + 600], ["rule:f/r:gap"]),
}


@pytest.mark.parametrize("end", ENDS)
@pytest.mark.parametrize("name", GAPS)
async def test_after_a_long_gap_the_rule_decides(tmp_path, name, end):
    on_gap, fires, alarms = GAPS[name]
    server = Server(tmp_path, hot(on_gap=on_gap, max_gap="1 min"))
    await server.boot()
    await server.at(10, U, 3.0)
    await high(server, 20, 320)
    await getattr(server, end)(down=1000)
    await server.boot()
    await server.at(1350)
    assert server.did() == []  # nothing is known yet
    await high(server, 1360, 2100)
    assert [t for t, _ in server.did("notify")] == fires
    assert [key for _, (key, _) in server.did("alarm")] == alarms
    assert await server.outcomes() == ["gap", "done"]
    assert [key for _, (key, _) in server.did("alarm off")] == alarms  # it acts again
    await server.end()


async def test_a_hold_that_is_no_longer_so_is_dropped_whatever_on_gap_says(tmp_path):
    server = Server(tmp_path, hot(on_gap="fire"))
    await server.boot()
    await server.at(10, U, 3.0)
    await high(server, 20, 320)
    await server.kill(down=1000)
    await server.boot()
    await server.at(1400, U, 3.0)
    await server.at(3000, U, 3.0)
    assert server.did() == []
    await server.end()


async def test_the_gap_ends_when_something_is_known_not_when_the_server_starts(tmp_path):
    server = Server(tmp_path, hot(on_gap="alarm"))
    await server.boot()
    await server.at(10, U, 3.0)
    await high(server, 20, 320)
    await server.end(down=5)
    await server.boot()
    await server.at(340, U, None)
    await server.at(500)  # the device comes back late
    await high(server, 510, 600)
    assert [key for _, (key, _) in server.did("alarm")] == ["rule:f/r:gap"]
    await server.end()


async def test_two_restarts_before_anything_is_known_are_one_gap(tmp_path):
    server = Server(tmp_path, hot(max_gap="2 min"))
    await server.boot()
    await server.at(10, U, 3.0)
    await high(server, 20, 320)
    for _ in range(3):
        await server.kill(down=50)
        await server.boot()
        await server.at(server.now + 10)
    await high(server, 510, 1200)
    assert [t for t, _ in server.did("notify")] == [510 + 600]
    await server.end()


async def test_a_clock_that_was_set_back_makes_the_gap_unknown(tmp_path):
    server = Server(tmp_path, hot(max_gap="1 h", on_gap="alarm"))
    await server.boot()
    await server.at(10, U, 3.0)
    await high(server, 20, 320)
    await server.end(down=-200)
    await server.boot()
    await high(server, 130, 700)
    assert "an unknown time" in server.did("alarm")[0][1][1]
    await server.end()


@pytest.mark.parametrize("end", ENDS)
async def test_what_was_met_stays_met_and_what_was_false_makes_an_edge(tmp_path, end):
    server = Server(tmp_path, one_rule("when: PSU_01.u_out > 4 V\nthen: [{notify: x}]"))
    await server.boot()
    await server.at(1, U, 3.0)
    await server.at(2, U, 5.0)
    await server.at(5)
    await getattr(server, end)(down=3600)
    await server.boot()
    await server.at(4000, U, 5.0)
    await server.at(4001, U, 3.0)
    await server.at(4005)
    await getattr(server, end)(down=3600)
    await server.boot()
    await server.at(8000, U, 5.0)
    assert [t for t, _ in server.did("notify")] == [2, 8000]
    assert server.rule()["fired"] == 2
    await server.end()


# -- delays -----------------------------------------------------------------------------------

DELAY = (
    "when: {marker: go}\nmax_gap: %s\non_gap: %s\nthen: [{notify: a}, {wait: 10 min}, {notify: b}]"
)


@pytest.mark.parametrize("end", ENDS)
@pytest.mark.parametrize(
    ("down", "last"), [(30, 610), (650, 960)], ids=["not over yet", "over meanwhile"]
)
async def test_a_delay_goes_on_by_the_clock_and_nothing_is_done_twice(tmp_path, end, down, last):
    server = Server(tmp_path, one_rule(DELAY % ("1 h", "reset")))
    await server.boot()
    await server.at(10)
    await server.go()
    await server.at(310)
    await getattr(server, end)(down=down)
    await server.boot()
    assert server.rule()["state"] == ("running" if down < 300 else "idle")
    await server.at(2000)
    assert server.did() == [(10, ("log", "a")), (last, ("log", "b"))]
    (trace,) = await server.engine.traces("f/r")
    assert trace["outcome"] == "done"
    assert [a["verb"] for a in trace["actions"]] == ["notify", "wait", "notify"]
    await server.end()


LONG = {
    "reset": (["a"], ["dropped"], 0),
    "alarm": (["a"], ["dropped"], 1),
    "fire": (["a", "b"], ["done"], 0),
}


@pytest.mark.parametrize("on_gap", LONG)
async def test_a_delay_after_a_long_gap(tmp_path, on_gap):
    texts, outcomes, alarms = LONG[on_gap]
    server = Server(tmp_path, one_rule(DELAY % ("1 min", on_gap)))
    await server.boot()
    await server.go()
    await server.at(300)
    await server.kill(down=1000)
    await server.boot()
    await server.at(2000)
    assert [text for _, (_, text) in server.did("notify")] == texts
    assert await server.outcomes() == outcomes
    assert len(server.did("alarm")) == alarms
    assert server.rule()["state"] == "idle"
    await server.end()


async def test_a_delay_inside_an_if_goes_on_in_the_branch_it_took(tmp_path):
    text = """
when: {marker: go}
then:
  - if: PSU_01.u_out > 4 V
    then:
      - notify: high
      - wait: 10 min
      - notify: after
    else: [{notify: low}]
  - notify: last
"""
    server = Server(tmp_path, one_rule(text))
    await server.boot()
    await server.at(1, U, 5.0)
    await server.go()
    await server.at(300)
    await server.kill(down=20)
    await server.boot()
    await server.at(330, U, 3.0)
    await server.at(2000)
    assert [value for _, (_, value) in server.did("notify")] == ["high", "after", "last"]
    await server.end()


async def test_what_was_under_way_is_never_done_again_and_the_rest_not_either(tmp_path):
    text = "when: {marker: go}\nthen: [{notify: a}, {set: {PSU_01.u_set: 4 V}}, {notify: b}]"
    server = Server(tmp_path, one_rule(text))
    server.write_takes = 60.0
    await server.boot()
    await server.go()
    await server.at(30)
    await server.kill(down=10)
    await server.boot()
    await server.at(300)
    assert [text for _, (_, text) in server.did("notify")] == ["a"]
    assert server.did("set") == []
    (trace,) = await server.engine.traces("f/r")
    assert (trace["outcome"], trace["reason"]) == ("interrupted", "interrupted by a restart")
    assert [(a["verb"], a["ok"]) for a in trace["actions"]] == [("notify", True), ("set", False)]
    assert trace["actions"][1]["error"] == "INTERRUPTED"
    await server.go()
    await server.at(400)
    assert len(server.did("set")) == 1  # the rule itself works on
    await server.end()


async def test_another_version_does_not_go_on_with_what_the_old_one_began(tmp_path):
    server = Server(tmp_path, one_rule(DELAY % ("1 h", "fire")))
    await server.boot()
    await server.go()
    await server.at(10)
    await server.kill(down=10)
    server.texts = [one_rule((DELAY % ("1 h", "fire")).replace("notify: b", "notify: c"))]
    await server.boot()
    await server.at(2000)
    assert [text for _, (_, text) in server.did("notify")] == ["a"]
    assert await server.outcomes() == ["interrupted"]
    await server.end()


async def test_a_rule_that_is_gone_is_told_of(tmp_path):
    server = Server(tmp_path, one_rule(DELAY % ("1 h", "fire")))
    await server.boot()
    await server.go()
    await server.at(10)
    await server.kill(down=10)
    server.texts = []
    await server.boot()
    assert await server.outcomes() == ["interrupted"]
    await server.end()


# -- queues -----------------------------------------------------------------------------------

QUEUE = (
    "when: {marker: go}\nmode: queued\non_gap: %s\n"
    "then: [{notify: 'begin {{ trigger.n }}'}, {wait: 20 s}, {notify: 'end {{ trigger.n }}'}]"
)


@pytest.mark.parametrize("end", ENDS)
@pytest.mark.parametrize(("down", "on_gap"), [(30, "reset"), (3600, "fire")])
async def test_a_queue_of_five_goes_on_in_order(tmp_path, end, down, on_gap):
    server = Server(tmp_path, one_rule(QUEUE % on_gap))
    await server.boot()
    for number in range(5):
        await server.at(number)
        await server.go(n=number)
    await server.at(30)  # the second one waits
    await getattr(server, end)(down=down)
    await server.boot()
    assert server.rule()["waiting"] == 2  # the second one has had its wait
    await server.at(30 + down + 200)
    words = [text for _, (_, text) in server.did("notify")]
    assert words == [f"{word} {n}" for n in range(5) for word in ("begin", "end")]
    assert server.rule()["fired"] == 5
    await server.end()


async def test_a_queue_after_a_long_gap_is_dropped_and_each_entry_is_told_of(tmp_path):
    server = Server(tmp_path, one_rule(QUEUE % "alarm"))
    await server.boot()
    for number in range(5):
        await server.at(number)
        await server.go(n=number)
    await server.at(30)
    await server.kill(down=3600)
    await server.boot()
    await server.at(5000)
    words = [text for _, (_, text) in server.did("notify")]
    assert words == ["begin 0", "end 0", "begin 1"]
    assert await server.outcomes() == ["done", "dropped", "dropped", "dropped", "dropped"]
    assert {key for _, (key, _) in server.did("alarm")} == {"rule:f/r:gap"}
    await server.end()


# -- cooldown, once, counters, switches ---------------------------------------------------------


@pytest.mark.parametrize("end", ENDS)
async def test_a_cooldown_goes_on_by_the_clock(tmp_path, end):
    server = Server(tmp_path, one_rule("when: {marker: go}\ncooldown: 10 min\nthen: [{notify: x}]"))
    await server.boot()
    await server.at(10)
    await server.go()
    await server.at(310)
    await getattr(server, end)(down=100)
    await server.boot()
    assert server.rule()["cooling_s"] == pytest.approx(200, abs=1)
    for second in (420, 500, 600, 615, 620):
        await server.at(second)
        await server.go()
    assert [t for t, _ in server.did()] == [10, 615]
    assert server.rule()["skipped"] == {"cooling down": 4}
    await server.end()


async def test_a_clock_that_was_set_back_does_not_lengthen_a_cooldown(tmp_path):
    server = Server(tmp_path, one_rule("when: {marker: go}\ncooldown: 10 min\nthen: [{notify: x}]"))
    await server.boot()
    await server.at(10)
    await server.go()
    await server.at(310)
    await server.end(down=-100_000)
    await server.boot()
    assert server.rule()["cooling_s"] <= 300
    await server.end()


async def test_once_and_switches_and_counters_hold_over_kills(tmp_path):
    text = (
        "when: {marker: go}\nonce: session\n"
        "then: [{notify: a}, {notify: b}, {enabled: false, notify: c}]"
    )
    server = Server(tmp_path, one_rule(text))
    server.session = 7
    await server.boot()
    await server.engine.set_action_enabled("f/r", "then/0", enabled=False)
    await server.engine.set_action_enabled("f/r", "then/2", enabled=True)
    await server.at(2)
    for _ in range(3):
        await server.go()
        await server.at(server.now + 2)
        await server.kill(down=5)
        await server.boot()
    server.bench.lab.session = 8
    await server.go()
    assert [text for _, (_, text) in server.did()] == ["b", "c", "b", "c"]
    rule = server.rule()
    assert (rule["fired"], rule["skipped"]) == (2, {"once per session": 2})
    assert [(a["place"], a["enabled"], a["runtime_enabled"]) for a in rule["actions"]] == [
        ("then/0", True, False),
        ("then/1", True, True),
        ("then/2", False, True),
    ]
    await server.end()


async def test_suspended_stays_suspended(tmp_path):
    loop = """version: 1
id: loop
rules:
  - {id: up, when: PSU_01.u_set < 5 V, then: [{set: {PSU_01.u_set: 6 V}}]}
  - {id: down, when: PSU_01.u_set > 5 V, then: [{set: {PSU_01.u_set: 4 V}}]}
"""
    server = Server(tmp_path, loop, one_rule("when: PSU_01.u_set > 5 V\nthen: [{notify: other}]"))
    await server.boot()
    await server.at(1, "PSU_01.u_set", 5.0)
    await server.at(2, "PSU_01.u_set", 6.0)
    for number in range(60):
        sets = [value for _, value in server.did("set")]
        await server.at(3 + number / 2, "PSU_01.u_set", sets[-1][1])
    count = len(server.did("set"))
    assert count <= 20
    assert len(server.did("alarm")) == 1
    await server.kill(down=5)
    await server.boot()
    state = [rule["suspended"] for rule in server.engine.list() if rule["suspended"]]
    assert len(state) == 1
    before = len(server.did("notify"))
    for number in range(20):
        await server.at(server.now + 1, "PSU_01.u_set", 4.0 + 2 * (number % 2))
    assert len(server.did("set")) <= count + 20
    assert len(server.did("notify")) == before + 10  # the other one works on
    await server.end()


# -- schedules ----------------------------------------------------------------------------------

MISSED = {
    "a little late is made up for": (60, "reset", "3 min", True, 0),
    "late": (7200, "reset", "3 min", False, 0),
    "late with fire": (7200, "fire", "3 min", True, 0),
    "late with alarm": (7200, "alarm", "3 min", False, 1),
}


@pytest.mark.parametrize("name", MISSED)
@pytest.mark.parametrize("end", ENDS)
async def test_a_schedule_that_went_by_is_told_of(tmp_path, name, end):
    down, on_gap, max_gap, made_up, alarms = MISSED[name]
    every = 3600
    text = f"when: {{schedule: {{every: 1 h}}}}\nmax_gap: {max_gap}\non_gap: {on_gap}\n"
    server = Server(tmp_path, one_rule(text + "then: [{notify: x}]"))
    await server.boot()
    await server.at(every + 10)
    await server.at(2 * every - 30)
    await getattr(server, end)(down=down)
    await server.boot()
    begin = 2 * every - 30 + down
    await server.at(begin + every * 1.5)
    times = [t for t, _ in server.did("notify")]
    later = [t for t in range(every, int(begin + 1.5 * every) + 1, every) if t > begin]
    assert times == [every, *([begin] if made_up else []), *later]
    assert len(server.did("alarm")) == alarms
    (missed,) = [t for t in await server.engine.traces("f/r") if t["outcome"] == "missed"]
    assert (missed["made_up"], missed["missed"]) == (made_up, 1 if down < every else 2)
    await server.end()


async def test_a_daily_time_is_told_of_once_and_never_twice(tmp_path):
    server = Server(tmp_path, one_rule("when: {schedule: '0 * * * *'}\nthen: [{notify: x}]"))
    await server.boot()
    await server.at(10)
    for _ in range(3):
        await server.kill(down=4 * 3600 + 100)
        await server.boot()
        await server.at(server.now + 10)
        await server.kill(down=1)
        await server.boot()
        await server.at(server.now + 2)
    outcomes = await server.outcomes()
    traces = await server.engine.traces("f/r", 100)
    assert outcomes == ["missed"] * 3
    assert sum(trace["missed"] for trace in traces) == 12 + (server.now % 3600 < 0)
    await server.end()


# -- per device -----------------------------------------------------------------------------------


async def test_per_device_keeps_quiet_for_each_device_and_over_a_restart(tmp_path):
    text = """
when: [PSU_01.temp > 60 °C, FAN_01.speed > 90 %]
per: device
cooldown: 10 min
then: [{notify: '{{ trigger.device }}'}]
"""
    server = Server(tmp_path, one_rule(text))
    await server.boot()
    second = 0
    for _ in range(3):
        for point, low, high_ in (("PSU_01.temp", 20.0, 70.0), ("FAN_01.speed", 0.0, 95.0)):
            for value in (low, high_):
                second += 1
                await server.at(second, point, value)
        if second < 10:
            await server.at(second + 2)
            second += 2
            await server.kill()
            await server.boot()
    assert [text for _, (_, text) in server.did()] == ["PSU_01", "FAN_01"]
    assert server.rule()["skipped"] == {"cooling down": 4}
    await server.end()


async def test_single_per_device_lets_two_devices_act_side_by_side(tmp_path):
    text = """
when: {marker: go}
per: device
then: [{wait: 10 s}, {notify: '{{ trigger.device_id }}'}]
"""
    server = Server(tmp_path, one_rule(text))
    await server.boot()
    for device in ("A", "B", "A"):
        await server.go(device_id=device)
    await server.at(5)
    await server.kill(down=1)
    await server.boot()
    await server.at(60)
    assert [(t, text) for t, (_, text) in server.did()] == [(10, "A"), (10, "B")]
    await server.end()
