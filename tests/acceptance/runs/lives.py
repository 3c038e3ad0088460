"""Servers that lose their power: what outlives each is the file, the cell, the outputs and UTC."""

import copy
from contextlib import asynccontextmanager

from ionpy_auto.core.clock import VirtualClock
from ionpy_auto.core.samples import Scalar
from ionpy_auto.devices.bench import Circuit
from ionpy_auto.devices.state import StateStore
from ionpy_auto.storage.database import Database
from tests.acceptance.runs.bench import CELL, CHANNEL, table

START = 1_760_000_000.0
TEXTS = {("cell", "cells/inr18650-25r"): CELL, ("channel", "CH1"): CHANNEL}


class RealPace(VirtualClock):
    """Jumps like any virtual clock, but what is paced by wall time comes as in real time."""

    pace = 2.0


class Deeds:
    """Everything actions did, over all lives, in order."""

    def __init__(self):
        self.done = []
        self.stuck = False

    def put_into(self, lab):
        async def marker(label, **more):
            self.done.append(label)
            if self.stuck and not label.startswith(("gap", "resumed")):
                await lab.clock.sleep(1e9)
            return {"label": label, **more}

        lab.lab.marker = marker


class Power:
    """See the module's first lines.

    Args:
        folder: For the files.
    """

    def __init__(self, folder):
        self.folder = folder
        self.utc = START
        self.bench = None
        self.deeds = Deeds()
        self.texts = dict(TEXTS)
        self.may_resume = None
        self.down_s = 0.0

    def _before(self, devices):
        devices.store = StateStore(self.folder / "device_state.json")
        if self.bench is not None:
            bench, self.bench = self.bench, None
            bench.advance(bench.mono_s + self.down_s)
            bench.mono_s = bench.supply.heard_s = 0.0
            devices.benches._circuits["A"] = Circuit(bench, devices.clock)

    @asynccontextmanager
    async def server(self, down_s=0.0, **more):
        """One life of the server, which begins some seconds after the last one was cut off."""
        self.down_s = down_s
        self.utc += down_s
        made = {}

        def kit(clock, bus):
            del bus
            made["database"] = Database(self.folder / "data.db", clock, synchronous="NORMAL")
            texts = {"text_of": lambda kind, name: self.texts.get((kind, name))}
            if self.may_resume is not None:
                texts["may_resume"] = self.may_resume
            return {"database": made["database"], **texts}

        clock = RealPace(self.utc)
        more = {"adaptive": True, **more}
        async with table(kit=kit, opened=made, clock=clock, before=self._before, **more) as lab:
            self.deeds.put_into(lab)
            try:
                yield lab
            finally:
                if self.bench is None:
                    self.utc = clock.now() + 60.0

    async def cut(self, lab):
        """From now on nothing this life does reaches anything."""
        await lab.runs.journal.flush()
        lab.runs.journal._database = None
        lab.devices.store._path = None
        Deeds().put_into(lab)
        self.bench = copy.deepcopy(lab.bench)
        self.utc = lab.clock.now()


def held_of(lab):
    """The one run that waits."""
    (held,) = lab.runs.held
    return held


def number(value: Scalar | None) -> float:
    assert isinstance(value, float)
    return value
