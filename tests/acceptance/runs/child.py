"""Servers to be killed: ``child.py FOLDER`` forks one for each line, and kills it at the next.

The cell, its outputs and the wall clock live on in a file; what an action does is a line in
``effects``. Both are written in the moment, and no kill takes them back. Times are scaled.
"""

import asyncio
import json
import os
import pickle
import signal
import sys
import zlib
from pathlib import Path

from ionpy_auto.automation.names import CHANNEL_UNITS
from ionpy_auto.core.clock import VirtualClock
from ionpy_auto.core.errors import IonpyError
from ionpy_auto.devices.bench import Circuit
from ionpy_auto.devices.state import StateStore
from ionpy_auto.engine.automation import TEXT_POINTS
from ionpy_auto.physics import Bench
from ionpy_auto.storage.database import Database
from ionpy_auto.storage.device_tables import DeviceTables, EntityColumn
from ionpy_auto.storage.recorder import Recorder
from ionpy_auto.storage.sessions import ChannelRecording
from tests.acceptance.runs.bench import CELL, CHANNEL, table

START = 1_760_000_000.0
SPEED = 150.0
SLOT = 16_384
FLOW = """
version: 1
id: kills
cell: cells/inr18650-25r
channel: CH1
sequence:
  - {id: begin, marker: begin}
  - repeat: 3
    do:
      - {id: up, charge: {current: 2 A, voltage: 4.2 V}, until: step.time > 3 min}
      - {id: told, marker: up}
      - {id: rest-up, rest: 1 min}
      - {id: down, discharge: 2 A, until: step.time > 3 min}
      - {id: noted, notify: down}
      - {id: rest-down, rest: {duration: 1 min, resume: true}}
  - {id: end, marker: end}
finally:
  - {id: bye, marker: bye}
"""
COLUMNS = [
    EntityColumn(name, "text" if name in TEXT_POINTS else "numeric", unit)
    for name, unit in CHANNEL_UNITS.items()
]


class ScaledClock(VirtualClock):
    """What is paced by wall time comes a little more often than the clock is fast."""

    pace = 10.0


def say(*words: object) -> None:
    os.write(1, (" ".join(map(str, words)) + "\n").encode())


class World:
    """The bench and UTC in a file of two slots, so that no kill can tear both."""

    def __init__(self, path: Path) -> None:
        self._file = os.open(path, os.O_RDWR | os.O_CREAT)
        self._count = 0

    def load(self) -> tuple[Bench, float] | None:
        slots = [self._slot(number) for number in (0, 1)]
        self._count, content = max(slots, key=lambda slot: slot[0])
        return pickle.loads(content) if content else None

    def _slot(self, number: int) -> tuple[int, bytes]:
        raw = os.pread(self._file, SLOT, number * SLOT)
        count, size, check = (int.from_bytes(raw[at : at + 8], "big") for at in (0, 8, 16))
        content = raw[24 : 24 + size]
        return (count, content) if size and zlib.crc32(content) == check else (0, b"")

    def save(self, bench: Bench, utc: float) -> None:
        self._count += 1
        content = pickle.dumps((bench, utc))
        head = (self._count, len(content), zlib.crc32(content))
        raw = b"".join(number.to_bytes(8, "big") for number in head) + content
        os.pwrite(self._file, raw, self._count % 2 * SLOT)


class Life:
    """One life of the server."""

    def __init__(self, folder: Path, down_s: float) -> None:
        self.folder = folder
        self.world = World(folder / "world")
        self.effects = os.open(folder / "effects", os.O_WRONLY | os.O_APPEND | os.O_CREAT)
        found = self.world.load()
        self.bench, utc = found if found is not None else (None, START)
        self.clock = ScaledClock(utc + down_s, SPEED)
        self.down_s = down_s if found is not None else 0.0
        self.database = Database(folder / "data.db", self.clock, synchronous="NORMAL")
        self.tables = DeviceTables(self.database)

    def kit(self, clock, bus):
        self.recorder = Recorder(self.database, bus, clock, self.tables)
        texts = {("cell", "cells/inr18650-25r"): CELL, ("channel", "CH1"): CHANNEL}
        return {
            "database": self.database,
            "recording": ChannelRecording(self.database, self.tables),
            "text_of": lambda kind, name: texts.get((kind, name)),
        }

    def before(self, devices) -> None:
        devices.store = StateStore(self.folder / "device_state.json")
        if self.bench is not None:
            self.bench.advance(self.bench.mono_s + self.down_s)
            self.bench.mono_s = self.bench.supply.heard_s = 0.0
            devices.benches._circuits["A"] = Circuit(self.bench, self.clock)

    def effect(self, **what: object) -> None:
        os.write(self.effects, (json.dumps(what) + "\n").encode())

    def watch(self, lab) -> None:
        """Keep the world in its file, and every effect."""
        circuit, world, clock = lab.devices.benches.get("A"), self.world, self.clock

        def keep(_snapshot: object) -> None:
            world.save(circuit.bench, clock.now())

        lab.bus.tap("sample/", keep)

        async def marker(label, **more):
            step = self.step_of(lab)
            if step is not None and not label.startswith(("gap", "resumed")):
                self.effect(deed=label, run=step[0], index=step[1])
                await clock.sleep(10.0)
            return {"label": label, **more}

        async def notify(to, title, message):
            return await marker(message or title, to=to)

        lab.lab.marker, lab.lab.notify = marker, notify
        lab.bus.tap("event/run_step", lambda event: self.on_step(lab, event.payload))

    @staticmethod
    def step_of(lab):
        run = next(iter(lab.runs.active()), None)
        return (run.id, run.step.index) if run is not None and run.step is not None else None

    def on_step(self, lab, row) -> None:
        self.world.save(lab.bench, self.clock.now())
        cell = lab.bench.cell
        self.effect(
            step=row["event"],
            run=row["run"],
            index=row["index"],
            up=cell.charged_ah,
            down=cell.discharged_ah,
        )

    async def live(self) -> None:
        made = {"database": self.database}
        async with table(
            kit=self.kit, opened=made, clock=self.clock, before=self.before, soc=0.5
        ) as lab:
            say("outputs", int(lab.bench.supply.output or lab.bench.load.enabled))
            self.watch(lab)
            await self.recorder.start()
            await self.recorder.declare("CH1", COLUMNS)
            self.recorder.set_session(1)
            run = await self.go_on(lab) or await lab.start(FLOW)
            say("running", run.id)
            await run.done.wait()
            await lab.runs.journal.flush()
            await self.recorder.stop()
            say("finished", run.id, run.verdict, run.ended_by)

    async def go_on(self, lab):
        """Resume what is held, as a person would who tries until it may."""
        for held in tuple(lab.runs.held):
            say("held", held.id)
            for _ in range(40):
                await self.clock.sleep(5.0)
                try:
                    return await lab.runs.resume_run(held.id, "child")
                except IonpyError as error:
                    say("refused", error.message.replace("\n", " "))
            await lab.runs.end_run(held.id, abort=True, by="child")
            say("gave up", held.id)
        return None


def main(folder: Path) -> None:
    """Fork a life for each line (seconds it was down), which the next line ends: kill or wait."""
    say("mother")
    while line := sys.stdin.readline():
        child = os.fork()
        if not child:
            asyncio.run(Life(folder, float(line)).live())
            os._exit(0)
        if sys.stdin.readline().strip() == "kill":
            os.kill(child, signal.SIGKILL)  # it is not reaped yet: the number is its own
        os.waitpid(child, 0)
        say("gone")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
