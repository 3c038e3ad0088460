"""The base of all connections: one lifecycle, states with a hint, counters, reconnecting.

A kind says how to connect and serve (`serve`), what it is reached by and which parameters it
takes; all else is here. The link to a person's words: *stop* closes the link, *detach* leaves it
open and cuts it off from rules, for diagnosis.
"""

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from pathlib import Path
from random import SystemRandom
from typing import TYPE_CHECKING, Any, ClassVar

import structlog
from pydantic import BaseModel

from ionpy_auto.connections.messages import Publication, Tell, Wish
from ionpy_auto.connections.secrets import Secrets
from ionpy_auto.core.bus import Bus, Event
from ionpy_auto.core.clock import Clock
from ionpy_auto.core.errors import Conflict, IonpyError, Rejected
from ionpy_auto.core.tasks import Tasks

if TYPE_CHECKING:
    from ionpy_auto.connections.config import ConnectionConfig

log = structlog.get_logger(__name__)

STEADY_S = 10.0
"""A link that held so long begins its next search anew, with the shortest pause."""


class ConnectionState(StrEnum):
    """How a connection is."""

    DISABLED = "disabled"  # by its definition
    STOPPED = "stopped"  # by a person, or never started
    CONNECTING = "connecting"  # on the way
    ONLINE = "online"
    OFFLINE = "offline"  # not reached, or lost; tried again by itself
    ERROR = "error"  # reached, but refused: a person must act; tried again seldom


@dataclass(frozen=True, slots=True)
class BackOff:
    """Pauses between attempts: growing, bounded, and never in step with other clients.

    Attributes:
        first_s: The first pause.
        longest_s: No pause is longer, and after a refusal each is as long.
        factor: Each is so much longer than the one before.
        jitter: Share of a pause that chance takes away or adds.
    """

    first_s: float = 1.0
    longest_s: float = 60.0
    factor: float = 1.5
    jitter: float = 0.2

    def pause(self, failures: int, *, refused: bool = False) -> float:
        """The pause after so many failures in a row."""
        growth = self.factor ** min(failures, 64)
        bare = self.longest_s if refused else min(self.longest_s, self.first_s * growth)
        return bare * SystemRandom().uniform(1 - self.jitter, 1 + self.jitter)


@dataclass(slots=True)
class Counters:
    """What went through a connection since it was made."""

    received: int = 0
    delivered: int = 0
    dropped: int = 0  # waiting too long, or too many per second
    too_large: int = 0
    unheard: int = 0  # nobody wanted them, or detached
    sent: int = 0
    failed: int = 0
    connects: int = 0
    losses: int = 0
    bytes_in: int = 0
    bytes_out: int = 0


@dataclass(frozen=True, slots=True)
class Kit:
    """What every connection needs.

    Attributes:
        bus: Hears ``connection_state``.
        clock: The project's; stamps events, and is held while something is on its way.
        wall: Real time: other machines know no other.
        secrets: Where passwords are.
        folder: Certificates with relative names are looked up here (``config`` of the home).
        is_armed: Whether the project may act on hardware.
        retry: Pauses between attempts.
    """

    bus: Bus
    clock: Clock
    wall: Clock
    secrets: Secrets
    folder: Path
    is_armed: Callable[[], bool] = lambda: True
    retry: BackOff = field(default_factory=BackOff)


@dataclass(frozen=True, slots=True)
class Step:
    """One step of a test, as a probe reports it."""

    message: str
    ok: bool = True
    detail: str = ""
    hint: str = ""


class Connection:
    """See the module's first lines.

    Class attributes:
        Params: Model of ``params``.

    Args:
        config: Its definition, already judged.
        kit: What it needs.
    """

    Params: ClassVar[type[BaseModel]] = BaseModel

    def __init__(self, config: "ConnectionConfig", kit: Kit) -> None:
        self.config = config
        self.kit = kit
        self.state = ConnectionState.STOPPED if config.enabled else ConnectionState.DISABLED
        self.hint = ""
        self.detached = False
        self.counters = Counters()
        self.since = kit.clock.now()
        self.tasks = Tasks(f"connection {config.id}", kit.wall)
        self._running = False
        self._up_since: float | None = None
        self._failures = 0

    @classmethod
    def endpoint_problem(cls, endpoint: str) -> str:
        """Why nothing can be reached by this endpoint; empty when it can."""
        raise NotImplementedError

    @property
    def id(self) -> str:
        """Its id."""
        return self.config.id

    @property
    def is_running(self) -> bool:
        """Whether it holds its link or looks for it."""
        return self._running

    # -- what a kind brings -----------------------------------------------------------------

    async def serve(self) -> None:
        """Connect, say so with `is_up`, and serve until the link is lost.

        Raises:
            IonpyError: Why; with ``final`` in its arguments when trying again helps little.
        """
        raise NotImplementedError

    async def examine(self, steps: list[Step]) -> None:
        """Try the link apart from the running one; add each step as it is done.

        Raises:
            IonpyError: A step failed; the base adds it.
        """
        raise NotImplementedError

    def listen(self, wish: Wish, tell: Tell) -> Callable[[], None]:
        """Hear messages; returns the way to leave."""
        msg = f"{self.config.kind} has no topics"
        raise Rejected(msg, code="NO_TOPICS", hint="name a broker")

    async def publish(self, what: Publication) -> Mapping[str, Any]:
        """Send a message; see `ConnectionManager.publish`."""
        msg = f"{self.config.kind} has no topics"
        raise Rejected(msg, code="NO_TOPICS", hint="name a broker")

    def details(self) -> dict[str, Any]:
        """What only this kind can tell."""
        return {}

    # -- life -------------------------------------------------------------------------------

    def start(self) -> None:
        """Begin to connect; does nothing when it is at it already.

        Raises:
            Conflict: Its definition disables it.
        """
        if not self.config.enabled:
            msg = f"connection {self.id} is disabled"
            raise Conflict(msg, code="CONNECTION_DISABLED", hint="set enabled to true")
        if not self._running:
            self._running = True
            self._failures = 0
            self.set_state(ConnectionState.CONNECTING)
            self.tasks.keep("link", self._keep_up)

    async def stop(self, hint: str = "") -> None:
        """Close the link and look for it no more."""
        self._running = False
        await self.tasks.stop()
        if self.state is not ConnectionState.DISABLED:
            self.set_state(ConnectionState.STOPPED, hint)

    def set_detached(self, *, detached: bool) -> None:
        """Cut it off from rules, or let it speak to them again."""
        if self.detached != detached:
            self.detached = detached
            self._tell()

    async def _keep_up(self) -> None:
        """Connect again and again, as long as nobody stops it."""
        while True:
            self.set_state(ConnectionState.CONNECTING, self.hint)
            trouble = await self._serve_once()
            refused = bool(trouble.arguments.get("final"))
            state = ConnectionState.ERROR if refused else ConnectionState.OFFLINE
            said = f"{trouble.message} ({trouble.hint})" if trouble.hint else trouble.message
            self.set_state(state, said)
            pause = self.kit.retry.pause(self._failures, refused=refused)
            self._failures += 1
            await self.kit.wall.sleep(pause)

    async def _serve_once(self) -> IonpyError:
        """One life of the link; why it ended."""
        try:
            await self.serve()
            return IonpyError("the other side has ended the connection")
        except IonpyError as error:
            return error
        except Exception as error:
            log.exception("connection failed", connection=self.id)
            return IonpyError(f"{type(error).__name__}: {error}", hint="see the log")
        finally:
            if self._up_since is not None:
                self.counters.losses += 1
                if self.kit.wall.monotonic() - self._up_since > STEADY_S:
                    self._failures = 0
                self._up_since = None

    def is_up(self) -> None:
        """To be called by `serve` when the link stands."""
        self._up_since = self.kit.wall.monotonic()
        self.counters.connects += 1
        self.set_state(ConnectionState.ONLINE)

    def set_state(self, state: ConnectionState, hint: str = "") -> None:
        """Change state and tell, if it is another one."""
        if (state, hint) != (self.state, self.hint):
            if state is not self.state:
                self.since = self.kit.clock.now()
            self.state, self.hint = state, hint
            log.info("connection", connection=self.id, state=state, hint=hint)
            self._tell()

    def _tell(self) -> None:
        clock = self.kit.clock
        payload = {
            "id": self.id,
            "name": self.config.shown,
            "kind": self.config.kind,
            "state": self.state.value,
            "hint": self.hint,
            "detached": self.detached,
        }
        self.kit.bus.publish(Event("connection_state", payload, clock.now(), clock.monotonic()))

    # -- answers ----------------------------------------------------------------------------

    async def test(self) -> dict[str, Any]:
        """Try the link step by step; never raises for what it finds."""
        wall = self.kit.wall
        began = wall.monotonic()
        steps: list[Step] = []
        error = ""
        try:
            await self.examine(steps)
        except IonpyError as trouble:
            error = trouble.message
            steps.append(Step(trouble.message, ok=False, hint=trouble.hint))
        return {
            "success": not error and all(step.ok for step in steps),
            "steps": [asdict(step) for step in steps],
            "error": error or None,
            "duration_ms": round((wall.monotonic() - began) * 1000, 1),
        }

    def manifest(self) -> dict[str, Any]:
        """Its definition, how it is and what it counted."""
        return {
            **self.config.as_dict(),
            "state": self.state.value,
            "hint": self.hint,
            "since": self.since,
            "detached": self.detached,
            "counters": asdict(self.counters),
            **self.details(),
        }
