"""Which actions wait until the disk knows of them; the others are not done twice either."""

import pytest

from tests.acceptance.rules.lives import Server
from tests.unit.automation.rules_bench import one_rule

SAY = "publish: {topic: t, payload: x}"
PATIENCE_S = 1.0  # so long an action waits for a disk that does not answer

WAITS = {
    "a message nobody acknowledges": ("marker: go", SAY, "", False),
    "an event": ("marker: go", "event: heard", "", False),
    "a line in the log": ("marker: go", "log: heard", "", False),
    "a message that is acknowledged": (
        "marker: go",
        "publish: {topic: t, payload: x, qos: 1}",
        "",
        True,
    ),
    "a message the broker keeps": (
        "marker: go",
        "publish: {topic: t, payload: x, retain: true}",
        "",
        True,
    ),
    "a set-point": ("marker: go", "set: {PSU_01.u_set: 1 V}", "", True),
    "a rule that must be quiet afterwards": ("marker: go", SAY, "cooldown: 1 h", True),
    "a rule that acts once": ("marker: go", SAY, "once: session", True),
    "a rule that follows a condition": ("PSU_01.u_out > 4 V", SAY, "", True),
}


@pytest.mark.parametrize("name", WAITS)
async def test_only_what_must_be_known_after_a_crash_waits_for_the_disk(tmp_path, name):
    when, action, more, waits = WAITS[name]
    text = f"when: {{{when}}}" if ": " in when else f"when: {when}"
    server = Server(tmp_path, one_rule(f"{text}\n{more}\nthen: [{{{action}}}]"))
    server.session = 7
    await server.boot()
    await server.at(5, "PSU_01.u_out", 3.0)
    await server.at(10)
    ended = []
    server.bench.lab.bus.tap("event/rule_fired", ended.append)
    server.store.is_dead = True  # the disk does not answer any more
    if when == "marker: go":
        await server.go()
    else:
        await server.at(10, "PSU_01.u_out", 5.0)
    await server.at(10 + PATIENCE_S / 2)
    assert bool(ended) is not waits
    await server.at(11 + PATIENCE_S)
    assert [event.payload["outcome"] for event in ended] == ["done"]
    await server.kill()


async def test_a_message_that_left_before_a_crash_does_not_leave_again(tmp_path):
    server = Server(tmp_path, one_rule(f"when: {{marker: go}}\nthen: [{{{SAY}}}]"))
    await server.boot()
    await server.at(10)
    server.store.is_dead = True
    await server.go()
    assert len(server.did("publish")) == 1
    await server.kill(down=5)
    await server.boot()
    await server.at(60)
    assert len(server.did("publish")) == 1
    assert await server.outcomes() == []  # what a crash takes of such a firing is its trace
    await server.end()


async def test_a_firing_that_waited_in_the_store_waits_for_the_disk_with_each_message(tmp_path):
    text = f"when: {{marker: go}}\nmax_gap: 1 h\nthen: [{{wait: 30 s}}, {{{SAY}}}]"
    server = Server(tmp_path, one_rule(text))
    await server.boot()
    await server.at(10)
    await server.go()
    await server.at(39)
    server.store.is_dead = True  # as stored, it still waits: it would send after a restart
    await server.at(40 + PATIENCE_S / 2)
    assert server.did("publish") == []
    await server.kill(down=1)
    await server.boot()
    await server.at(60)
    assert len(server.did("publish")) == 1
    assert await server.outcomes() == ["done"]
    await server.end()


async def test_after_a_message_an_action_with_an_effect_is_written_down_as_ever(tmp_path):
    text = f"when: {{marker: go}}\nmax_gap: 1 h\nthen: [{{{SAY}}}, {{set: {{PSU_01.u_set: 1 V}}}}]"
    server = Server(tmp_path, one_rule(text))
    server.write_takes = 5.0
    await server.boot()
    await server.at(10)
    await server.go()
    await server.at(12)
    await server.kill(down=1)
    await server.boot()
    await server.at(60)
    assert (len(server.did("publish")), await server.outcomes()) == (1, ["interrupted"])
    await server.end()
