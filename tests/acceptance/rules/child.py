"""A rule engine in a process of its own, to be killed: ``child.py FOLDER FIRST``.

Numbered markers fire rules; what an action does is one line in ``effects``, which no kill takes
back, for it is written by the action itself.
"""

import asyncio
import os
import sys
from pathlib import Path

from ionpy_auto.automation.rules.store import DatabaseRuleStore
from ionpy_auto.core.clock import SystemClock
from ionpy_auto.storage.database import Database
from tests.unit.automation.rules_bench import Timeline, flow_of

FLOW = """version: 1
id: k
rules:
  - id: queue
    when: {marker: q}
    mode: queued
    max: 10000
    max_gap: 1 h
    then: [{notify: 'q-a {{ trigger.n }}'}, {wait: 250 ms}, {notify: 'q-b {{ trigger.n }}'}]
  - id: side
    when: {marker: p}
    mode: parallel
    max: 10000
    max_gap: 1 h
    then: [{notify: 'p-a {{ trigger.n }}'}, {wait: 700 ms}, {notify: 'p-b {{ trigger.n }}'}]
  - id: tell
    when: {marker: p}
    mode: queued
    max: 10000
    max_gap: 1 h
    then:
      - publish: {topic: t, payload: 't-a {{ trigger.n }}'}
      - wait: 250 ms
      - publish: {topic: t, payload: 't-b {{ trigger.n }}'}
  - id: hold
    when: {expr: PSU_01.u_out > 4 V, for: 1500 ms}
    max_gap: 1 h
    then: [{notify: 'hold x'}]
"""


def say(*words: object) -> None:
    os.write(1, (" ".join(map(str, words)) + "\n").encode())


async def live(folder: Path, first: int) -> None:
    clock = SystemClock()
    database = Database(folder / "data.db", clock)
    await database.start()
    bench = Timeline(DatabaseRuleStore(database))
    bench.lab.clock = bench.env._outer._clock = clock
    effects = os.open(folder / "effects", os.O_WRONLY | os.O_APPEND | os.O_CREAT)

    def note(what, value):
        if what in {"notify", "publish"}:
            os.write(effects, f"{value[1]}\n".encode())
        return {"ok": True}

    bench.lab.note = note
    await bench.engine.start()
    bench.engine.put("k", flow_of(FLOW))
    for rule in bench.engine.list():
        say("fired", rule["id"], rule["fired"])
    say("ready")
    # Low once in all lives: the hold may fire once.
    if first == 0:
        bench.lab.sample("PSU_01.u_out", 3.0)
    number = first
    while True:
        number += 1
        bench.lab.sample("PSU_01.u_out", 5.0)
        bench.lab.event("marker", label="q" if number % 2 else "p", n=number)
        say("sent", number)
        await clock.sleep(0.2)


if __name__ == "__main__":
    asyncio.run(live(Path(sys.argv[1]), int(sys.argv[2])))
