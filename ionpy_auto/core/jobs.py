"""Jobs people ask for and follow: one at a time, a few waiting, the last ones kept."""

import asyncio
from abc import ABC, abstractmethod
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Generic, Literal, TypeVar

from ionpy_auto.core.errors import Conflict, IonpyError, NotFound
from ionpy_auto.core.tasks import Tasks

MAX_WAITING: Final = 8
"""Waiting or running; one more is refused."""
KEPT: Final = 20
"""So many that are over can still be asked for."""

State = Literal["waiting", "running", "done", "failed", "cancelled"]


@dataclass
class Job(ABC):
    """One thing somebody asked for.

    Attributes:
        id: Number, as text.
        created: UTC [s].
        error: Why it failed.
    """

    id: str
    created: float
    state: State = field(default="waiting", kw_only=True)
    error: dict[str, Any] | None = field(default=None, kw_only=True)
    task: asyncio.Task[Any] | None = field(default=None, repr=False, kw_only=True)

    @property
    def is_over(self) -> bool:
        """Whether nothing more will come."""
        return self.state in {"done", "failed", "cancelled"}

    @abstractmethod
    def as_dict(self, *, whole: bool = True) -> dict[str, Any]:
        """JSON form; lists and events leave out what is large."""


JobT = TypeVar("JobT", bound=Job)


@dataclass(frozen=True)
class JobWords:
    """What a queue calls its jobs.

    Attributes:
        event: Tells of each change of a job.
        one: Singular, in "there is no … '7'".
        many: Plural, in "8 … are waiting".
        unknown_hint: Where to look when there is none.
        broken: The error of a job that met a defect.
    """

    event: str
    one: str
    many: str
    unknown_hint: str
    broken: Mapping[str, Any]


class JobQueue(Generic[JobT]):
    """See the module's first line; ends with ``tasks``, which cancels what runs.

    Args:
        tasks: Parent of what runs.
        tell: Hears of each change of a job.
        words: What the jobs are called.
    """

    def __init__(
        self, tasks: Tasks, tell: Callable[[str, Mapping[str, Any]], None], words: JobWords
    ) -> None:
        self._tasks = tasks
        self._tell = tell
        self._words = words
        self._turn = asyncio.Lock()
        self._jobs: OrderedDict[str, JobT] = OrderedDict()
        self._number = 0

    def admit(self, make: Callable[[str], JobT], code: str) -> JobT:
        """Take a new job in; it waits until it is run.

        Args:
            make: The job with this id.
            code: Code of the refusal.

        Raises:
            Conflict: Too many are waiting.
        """
        if sum(not job.is_over for job in self._jobs.values()) >= MAX_WAITING:
            msg = f"{MAX_WAITING} {self._words.many} are waiting"
            raise Conflict(msg, code=code, hint="wait, or cancel one")
        self._number += 1
        made = make(str(self._number))
        self._jobs[made.id] = made
        for job_id in [job.id for job in self._jobs.values() if job.is_over][:-KEPT]:
            del self._jobs[job_id]
        return made

    def run(self, job: JobT, name: str, work: Callable[[], Awaitable[None]]) -> None:
        """Do the work of an admitted job when its turn comes.

        Args:
            job: Holds what comes of it.
            name: Of the task.
            work: Fills the job; what it raises is the job's error.
        """
        job.task = self._tasks.start(f"{name} {job.id}", self._do(job, work))

    async def _do(self, job: JobT, work: Callable[[], Awaitable[None]]) -> None:
        try:
            async with self._turn:
                job.state = "running"
                self.changed(job)
                await work()
            job.state = "done"
        except IonpyError as error:
            job.state, job.error = "failed", error.as_dict()
        except asyncio.CancelledError:
            job.state = "cancelled"
            raise
        finally:
            if not job.is_over:
                job.state, job.error = "failed", dict(self._words.broken)
            self.changed(job)

    def changed(self, job: JobT) -> None:
        """Tell how far a job is."""
        self._tell(self._words.event, job.as_dict(whole=False))

    def list(self) -> list[dict[str, Any]]:
        """Newest first, without what is large."""
        return [job.as_dict(whole=False) for job in reversed(self._jobs.values())]

    def find(self, job_id: str) -> JobT:
        """One job.

        Raises:
            NotFound: There is none, or it was forgotten.
        """
        job = self._jobs.get(job_id)
        if job is None:
            msg = f"there is no {self._words.one} {job_id!r}"
            raise NotFound(msg, hint=self._words.unknown_hint)
        return job

    def get(self, job_id: str) -> dict[str, Any]:
        """One job as JSON, whole.

        Raises:
            NotFound: There is none, or it was forgotten.
        """
        return self.find(job_id).as_dict()

    async def cancel(self, job_id: str) -> dict[str, Any]:
        """End a job: its work is over when this returns; what is over stays as it is.

        Raises:
            NotFound: There is none, or it was forgotten.
        """
        job = self.find(job_id)
        if job.task is not None and not job.is_over:
            job.task.cancel()
            await asyncio.wait([job.task])
            if not job.is_over:  # it had not even begun
                job.state = "cancelled"
                self.changed(job)
        return job.as_dict()
