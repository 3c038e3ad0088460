"""Tells the one who started a run over REST that it is over: the run's JSON, posted to its address.

It happens behind the run and never keeps it. A receiver that does not answer is tried again for
about half an hour, also after a restart of the server; an address that must not be reached is not.
"""

import json
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final, Protocol

import structlog

from ionpy_auto.automation.sequences.journal import Journal
from ionpy_auto.core.clock import Clock
from ionpy_auto.core.errors import IonpyError
from ionpy_auto.core.tasks import Tasks

log = structlog.get_logger(__name__)

PAUSES_S: Final = (1.0, 2.0, 5.0, 15.0, 60.0, 300.0, 600.0, 900.0)
"""Between tries; after the last one the receiver has not been told."""
TIMEOUT_S: Final = 10.0
MAX_UNDER_WAY: Final = 200


class Post(Protocol):
    """Sends requests by the rules of webhooks."""

    async def request(
        self, method: str, address: str, body: str | None, content_type: str, timeout_s: float
    ) -> Any:  # noqa: ANN401 - what came back is not looked at
        """Send one.

        Raises:
            IonpyError: It did not arrive; ``arguments["final"]``: it never will.
        """


def waiting_callback(url: str) -> dict[str, Any]:
    """What a run keeps of a call-back until it is delivered."""
    return {"callback": {"url": url, "state": "waiting"}} if url else {}


class Callbacks:
    """Delivers call-backs.

    Args:
        post: Sends.
        clock: Real time: the receiver lives in it, whatever the project's clock does.
        journal: Keeps what became of a call-back.
        describe: A run as REST shows it.
    """

    def __init__(
        self,
        post: Post,
        clock: Clock,
        journal: Journal,
        describe: Callable[[str], Awaitable[Mapping[str, Any]]],
    ) -> None:
        self._post = post
        self._clock = clock
        self._journal = journal
        self._describe = describe
        self._tasks = Tasks("callbacks", clock)
        self._under_way: set[str] = set()

    async def start(self) -> None:
        """Go on with those that were not delivered when the server ended."""
        for run_id, url in (await self._journal.callbacks()).items():
            self.tell(run_id, url)

    async def stop(self) -> None:
        """Try no more; what is not delivered waits in the database."""
        await self._tasks.stop()

    def tell(self, run_id: str, url: str) -> None:
        """Deliver behind the caller; a second wish for the same run is the same delivery."""
        if run_id in self._under_way:
            return
        if len(self._under_way) >= MAX_UNDER_WAY:  # told after the next start
            log.warning("call-back waits", run=run_id, reason="too many are under way")
            return
        self._under_way.add(run_id)
        self._tasks.start(f"callback of {run_id}", self._deliver(run_id, url))

    async def _deliver(self, run_id: str, url: str) -> None:
        try:
            body = json.dumps(dict(await self._describe(run_id)), default=str)
            for tries, pause in enumerate((*PAUSES_S, None), 1):
                error = await self._try(url, body)
                if error is None:
                    self._note(run_id, url, "delivered", tries)
                    return
                log.warning("call-back not delivered", run=run_id, error=error.message)
                if pause is None or error.arguments.get("final"):
                    self._note(run_id, url, "failed", tries, error.message)
                    return
                await self._clock.sleep(pause)
        except IonpyError as error:
            log.warning("call-back not delivered", run=run_id, error=error.message)
        finally:
            self._under_way.discard(run_id)

    async def _try(self, url: str, body: str) -> IonpyError | None:
        try:
            await self._post.request("POST", url, body, "application/json", TIMEOUT_S)
        except IonpyError as error:
            return error
        return None

    def _note(self, run_id: str, url: str, state: str, tries: int, error: str = "") -> None:
        found = {"url": url, "state": state, "tries": tries, "at": self._clock.now()}
        self._journal.note(run_id, {"callback": {**found, "error": error}})
