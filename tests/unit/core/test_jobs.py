"""The queue of jobs: one at a time, a few waiting, the last ones kept, each told to its end."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

import pytest

from ionpy_auto.core.clock import VirtualClock
from ionpy_auto.core.errors import BadInput, Conflict, NotFound
from ionpy_auto.core.jobs import KEPT, MAX_WAITING, Job, JobQueue, JobWords
from ionpy_auto.core.tasks import Tasks

WORDS = JobWords(
    event="brew",
    one="brew",
    many="brews",
    unknown_hint="GET …/brews lists them",
    broken={"code": "INTERNAL_ERROR", "message": "the brew broke down"},
)


@dataclass
class Brew(Job):
    kind: str
    litres: float = 0.0

    def as_dict(self, *, whole: bool = True) -> dict[str, Any]:
        shown = {"id": self.id, "kind": self.kind, "state": self.state, "error": self.error}
        return {**shown, "litres": self.litres} if whole else shown


class Kitchen:
    """A queue with all it told, and pots that boil until they are let go."""

    def __init__(self) -> None:
        self.told: list[tuple[str, str, str]] = []
        self.crashes: list[str] = []
        self.tasks = Tasks("kitchen", VirtualClock(), self._crashed)
        self.queue: JobQueue[Brew] = JobQueue(self.tasks, self._tell, WORDS)
        self.ready = asyncio.Event()
        self.begun: list[str] = []

    def _crashed(self, name: str, error: BaseException) -> None:
        self.crashes.append(f"{name}: {type(error).__name__}")

    def _tell(self, event: str, job: Mapping[str, Any]) -> None:
        assert "litres" not in job
        self.told.append((event, job["id"], job["state"]))

    def ask(self, work: Callable[[Brew], Awaitable[None]] | None = None) -> Brew:
        job = self.queue.admit(lambda number: Brew(number, 7.0, "tea"), code="TOO_MANY_BREWS")
        self.queue.run(job, "brew", lambda: (work or self.boil)(job))
        return job

    async def boil(self, job: Brew) -> None:
        self.begun.append(job.id)
        await self.ready.wait()
        job.litres = 1.0

    async def over(self, *jobs: Brew) -> None:
        tasks = [job.task for job in jobs if job.task is not None]
        await asyncio.gather(*tasks, return_exceptions=True)


@pytest.fixture
def kitchen() -> Kitchen:
    return Kitchen()


async def test_jobs_run_one_after_the_other_in_the_order_they_came(kitchen: Kitchen) -> None:
    first, second = kitchen.ask(), kitchen.ask()
    await asyncio.sleep(0)
    assert (first.state, second.state, kitchen.begun) == ("running", "waiting", ["1"])
    kitchen.ready.set()
    await kitchen.over(first, second)
    assert kitchen.told == [
        ("brew", "1", "running"),
        ("brew", "1", "done"),
        ("brew", "2", "running"),
        ("brew", "2", "done"),
    ]
    assert kitchen.queue.get("2") == {
        "id": "2",
        "kind": "tea",
        "state": "done",
        "error": None,
        "litres": 1.0,
    }
    assert [job["id"] for job in kitchen.queue.list()] == ["2", "1"]
    assert all("litres" not in job for job in kitchen.queue.list())


async def test_one_too_many_is_refused_until_another_is_over(kitchen: Kitchen) -> None:
    jobs = [kitchen.ask() for _ in range(MAX_WAITING)]
    with pytest.raises(Conflict, match="8 brews are waiting") as refused:
        kitchen.ask()
    assert (refused.value.error_code, refused.value.hint) == (
        "TOO_MANY_BREWS",
        "wait, or cancel one",
    )
    await kitchen.queue.cancel(jobs[3].id)
    assert kitchen.ask().id == str(MAX_WAITING + 1)
    await kitchen.tasks.stop()


async def test_of_those_that_are_over_the_last_ones_are_kept(kitchen: Kitchen) -> None:
    kitchen.ready.set()
    for _ in range(KEPT + 5):
        await kitchen.over(kitchen.ask())
    kitchen.ask()
    kept = [job["id"] for job in kitchen.queue.list()]
    assert kept == [str(number) for number in range(KEPT + 6, 5, -1)]
    with pytest.raises(NotFound, match="there is no brew '5'") as unknown:
        kitchen.queue.get("5")
    assert unknown.value.hint == "GET …/brews lists them"
    await kitchen.tasks.stop()


async def test_a_refusal_is_the_error_of_its_job_and_the_next_one_runs(kitchen: Kitchen) -> None:
    async def refuse(_: Brew) -> None:
        raise BadInput("no water", hint="fill it")

    failed, fine = kitchen.ask(refuse), kitchen.ask()
    kitchen.ready.set()
    await kitchen.over(failed, fine)
    assert failed.error == BadInput("no water", hint="fill it").as_dict()
    assert (failed.state, fine.state, kitchen.crashes) == ("failed", "done", [])


async def test_a_defect_fails_its_job_with_the_words_of_the_queue_and_is_reported(
    kitchen: Kitchen,
) -> None:
    async def break_down(_: Brew) -> None:
        raise LookupError

    broken, fine = kitchen.ask(break_down), kitchen.ask()
    kitchen.ready.set()
    await kitchen.over(broken, fine)
    assert (broken.state, broken.error) == ("failed", WORDS.broken)
    assert kitchen.told[1] == ("brew", "1", "failed")
    assert (fine.state, kitchen.crashes) == ("done", ["kitchen/brew 1: LookupError"])


async def test_a_job_is_cancelled_while_it_runs_while_it_waits_and_before_it_began(
    kitchen: Kitchen,
) -> None:
    running, waiting = kitchen.ask(), kitchen.ask()
    await asyncio.sleep(0)
    new = kitchen.ask()
    for job in (new, waiting, running):
        assert (await kitchen.queue.cancel(job.id))["state"] == "cancelled"
    assert kitchen.told == [
        ("brew", "1", "running"),
        ("brew", "3", "cancelled"),
        ("brew", "2", "cancelled"),
        ("brew", "1", "cancelled"),
    ]
    assert (kitchen.begun, kitchen.crashes) == (["1"], [])


async def test_what_is_over_stays_as_it_is_when_it_is_cancelled(kitchen: Kitchen) -> None:
    kitchen.ready.set()
    job = kitchen.ask()
    await kitchen.over(job)
    told = list(kitchen.told)
    assert (await kitchen.queue.cancel(job.id))["state"] == "done"
    assert kitchen.told == told
    with pytest.raises(NotFound):
        await kitchen.queue.cancel("77")


async def test_the_end_of_its_parent_cancels_what_runs(kitchen: Kitchen) -> None:
    running = kitchen.ask()
    await asyncio.sleep(0)
    await kitchen.tasks.stop()
    assert running.state == "cancelled"
