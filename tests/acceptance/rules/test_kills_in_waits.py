"""Killed again and again in a hold, a wait, a queue and a cooldown: all comes out as without."""

import random

import pytest

from tests.acceptance.rules.lives import Server
from tests.unit.automation.rules_bench import one_rule

U = "PSU_01.u_out"
KILLS = [
    pytest.param(kills, seed, id=f"{kills} kills, seed {seed}", marks=marks)
    for kills, seed, marks in [
        (6, 1, ()),
        *((30, seed, pytest.mark.proof) for seed in range(10)),
    ]
]


class Killer:
    """Kills a server at random times, each life of which lasts and each gap of which is short."""

    def __init__(self, server, kills, seed, *, within):
        source = random.Random(seed)
        self.server = server
        self.times = sorted(source.uniform(2, within) for _ in range(kills))
        self.gaps = [source.choice([0.5, 3, 20, 50]) for _ in range(kills)]
        self.lost = 0.0

    async def until(self, second, *, going=None, each=5.0):
        """Go on to a second; while it goes, samples or markers come."""
        server = self.server
        while server.now < second:
            if self.times and self.times[0] <= server.now:
                self.times.pop(0)
                gap = self.gaps.pop(0)
                self.lost += gap
                await server.kill(down=gap)
                await server.boot()
            # Never at a round time: nothing shall happen in the very turn of a kill.
            await server.at(server.now + each)
            if going is not None:
                await going()


@pytest.mark.parametrize(("kills", "seed"), KILLS)
async def test_a_hold_of_ten_minutes_is_held_for_ten_minutes_that_were_looked_at(
    tmp_path, kills, seed
):
    text = f"when: {{expr: {U} > 4 V, for: 10 min}}\nmax_gap: 1 h\nthen: [{{notify: held}}]"
    server = Server(tmp_path, one_rule(text))
    await server.boot()
    await server.at(1, U, 3.0)
    killer = Killer(server, kills, seed, within=900)

    async def high():
        await server.at(server.now, U, 5.0)

    await high()
    began = server.now
    while not server.did("notify") and server.now < 4000:
        await killer.until(server.now + 5, going=high)
    ((second, _),) = server.did("notify")
    # Never too early: gaps do not count; a kill may cost the five seconds since it was kept, and
    # the samples until the first one of the next life.
    assert second - began >= 600 + killer.lost - 1e-6
    assert second - began <= 600 + killer.lost + (kills - len(killer.times)) * 11 + 5
    await killer.until(server.now + 700, going=high)
    assert (len(server.did("notify")), server.rule()["fired"]) == (1, 1)
    await server.end()


@pytest.mark.parametrize(("kills", "seed"), KILLS)
async def test_a_wait_of_ten_minutes_ends_by_the_clock_and_once(tmp_path, kills, seed):
    text = "when: {marker: go}\nthen: [{notify: a}, {wait: 10 min}, {notify: b}]"
    server = Server(tmp_path, one_rule(text))
    await server.boot()
    await server.at(1.25)
    await server.go()
    killer = Killer(server, kills, seed, within=590)
    await killer.until(900)
    (first, _), (last, _) = server.did("notify")
    assert (first, [text for _, (_, text) in server.did("notify")]) == (1.25, ["a", "b"])
    assert 601.25 <= last <= 601.25 + 51  # at the latest when the server is there again
    assert await server.outcomes() == ["done"]
    await server.end()


@pytest.mark.parametrize(("kills", "seed"), KILLS)
async def test_a_queue_keeps_its_order_and_loses_and_doubles_nothing(tmp_path, kills, seed):
    text = (
        "when: {marker: go}\nmode: queued\nmax: 50\n"
        "then: [{notify: 'b{{ trigger.n }}'}, {wait: 20 s}, {notify: 'e{{ trigger.n }}'}]"
    )
    server = Server(tmp_path, one_rule(text))
    await server.boot()
    for number in range(40):
        await server.at(1.3 + number / 10)
        await server.go(n=number)
    killer = Killer(server, kills, seed, within=800)
    killer.times = [time + 10 for time in killer.times]
    await killer.until(3000, each=7.3)
    words = [text for _, (_, text) in server.did("notify")]
    assert words == [f"{word}{n}" for n in range(40) for word in "be"]
    assert await server.outcomes() == ["done"] * 40
    assert server.rule()["fired"] == 40
    await server.end()


@pytest.mark.parametrize(("kills", "seed"), KILLS)
async def test_a_cooldown_lasts_by_the_clock(tmp_path, kills, seed):
    text = "when: {marker: go}\ncooldown: 10 min\nthen: [{notify: x}]"
    server = Server(tmp_path, one_rule(text))
    await server.boot()
    await server.at(1.3)
    await server.go()
    killer = Killer(server, kills, seed, within=900)
    marks = []

    async def go():
        marks.append(server.now)
        await server.go()

    await killer.until(1100, going=go)
    first, second = (second for second, _ in server.did("notify"))
    assert first == 1.3
    assert second == pytest.approx(min(mark for mark in marks if mark >= 601.3), abs=1e-3)
    assert server.rule()["fired"] == 2
    await server.end()
