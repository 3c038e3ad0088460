"""A disk that is full while a run runs: it is told, the run goes on, nothing stays unwritten."""

from ionpy_auto.core.errors import StorageError
from tests.acceptance.runs.lives import Power

FLOW = """
version: 1
id: full
cell: cells/inr18650-25r
channel: CH1
sequence:
  - {id: begin, marker: begin}
  - repeat: 12
    do:
      - {id: up, charge: {current: 1 A, voltage: 4.2 V}, until: step.time > 20 s}
      - {id: told, marker: up}
      - {id: pause, rest: 5 s}
"""


class Disk:
    """The disk under a database: every write is refused while it is full."""

    def __init__(self, database):
        self._write = database.write
        self.full = False
        database.write = self.write

    async def write(self, work):
        if self.full:
            raise StorageError("data.db: database or disk is full")
        return await self._write(work)


async def test_the_run_goes_on_is_told_by_an_alarm_and_written_when_there_is_room(tmp_path):
    power = Power(tmp_path)
    async with power.server() as lab:
        disk = Disk(lab.runs._kit.database)
        run = await lab.start(FLOW)
        await lab.clock.sleep(60.0)
        disk.full = True
        await run.done.wait()
        assert run.verdict == "pass", run.message
        told = [a for a in lab.lab.alarms if a.key == "run:storage"]
        assert [a.active for a in told] == [True]
        assert "full" in told[0].text
        assert not lab.bench.supply.output
        assert power.deeds.done.count("up") == 12, "an action is done though it cannot be noted"
        rows = lab.rows(run)
        assert len(rows) == 37
        assert len(await lab.runs.journal.steps(run.id)) < 37
        disk.full = False
        await lab.clock.sleep(60.0)
        assert [a.active for a in lab.lab.alarms if a.key == "run:storage"] == [True, False]
        assert await lab.runs.journal.steps(run.id) == rows
        assert (await lab.runs.journal.run(run.id))["state"] == "finished"


async def test_a_crash_with_a_full_disk_finds_the_last_place_that_was_stored(tmp_path):
    power = Power(tmp_path)
    async with power.server() as lab:
        disk = Disk(lab.runs._kit.database)
        run = await lab.start(FLOW)
        await lab.clock.sleep(60.0)
        disk.full = True
        await lab.clock.sleep(90.0)
        reached = len(run.history)
        await power.cut(lab)
    async with power.server(down_s=60.0) as lab:
        shown = await lab.runs.describe(run.id)
        assert shown["state"] == "held"
        stored = await lab.runs.journal.steps(run.id)
        assert 0 < len(stored) < reached
        ended = await lab.runs.end_run(run.id, abort=True, by="eve")
        assert ended["verdict"] == "aborted"
