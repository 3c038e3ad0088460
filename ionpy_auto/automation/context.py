"""All that blocks may touch: Protocols, implemented by the rule engine and the run engine.

A block never imports an engine, a device or a table. What it can do stands here.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import tzinfo
from typing import Any, Literal, Protocol

from ionpy_auto.connections import Message, Publication, Wish
from ionpy_auto.core.bus import Bus
from ionpy_auto.core.clock import Clock
from ionpy_auto.core.commands import Origin, Outcome
from ionpy_auto.core.samples import LiveValues, Scalar
from ionpy_auto.language import Cell, Environment

Severity = Literal["info", "warning", "critical"]


@dataclass(frozen=True, slots=True)
class Firing:
    """Why a rule looks.

    Attributes:
        trigger: Id or kind of the trigger.
        values: Becomes ``trigger.*`` in expressions and templates.
        cause: Ids of what led here, oldest first.
        from_outside: Another program asked: too many of these are left out, and do not suspend
            the rule, or anybody could take it out.
    """

    trigger: str
    values: Mapping[str, Scalar | None] = field(default_factory=dict)
    cause: tuple[str, ...] = ()
    from_outside: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class AlarmCall:
    """An alarm a rule, a run or the server raises or clears.

    Attributes:
        key: Which alarm: ``rule:<flow>/<id>``, ``run:<limit>``.
        active: False clears it.
        value: What was seen, for the record.
    """

    key: str
    active: bool = True
    severity: Severity = "warning"
    text: str = ""
    device: str | None = None
    entity: str | None = None
    value: float | None = None
    cause: tuple[str, ...] = ()


class TopicBoard(Protocol):
    """Where messages of brokers are heard and published."""

    def listen(
        self, wish: Wish, tell: Callable[[Message, tuple[str, ...]], None]
    ) -> Callable[[], None]:
        """Be told of messages, with the chain of rules that sent them; returns the way to leave."""

    async def publish(self, what: Publication, cause: tuple[str, ...]) -> Mapping[str, Any]:
        """Send a message now, or not at all.

        Raises:
            IonpyError: It was not sent, or not acknowledged in time.
        """


@dataclass(frozen=True, slots=True)
class PointRange:
    """What may be written to a number.

    Attributes:
        low: Lowest value, in its unit.
        high: Highest value.
        grain: Smallest step of the device; 0 when nobody knows.
    """

    low: float
    high: float
    grain: float


@dataclass(frozen=True, slots=True, kw_only=True)
class RunCall:
    """A run that a rule or a step starts.

    Attributes:
        sequence: Id of the flow.
        channel: In place of the one the flow names.
        parameters: Values of its parameters, as people write them.
        queue: Wait for the channel instead of being refused.
        actor: Who asks, for the record.
    """

    sequence: str
    channel: str = ""
    parameters: Mapping[str, str] = field(default_factory=dict)
    queue: bool = False
    actor: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class WebCall:
    """A request to another machine.

    Attributes:
        url: Reached by the same rules as webhooks of alarms.
        body: Text that is sent; None sends none.
        content_type: Of the body.
        timeout_s: For the whole request.
    """

    method: str
    url: str
    body: str | None = None
    content_type: str = "application/json"
    timeout_s: float = 10.0


class VariableShelf(Protocol):
    """The project's variables (``var.<name>``)."""

    async def change(
        self, values: Mapping[str, Scalar], amounts: Mapping[str, float], by: str
    ) -> Mapping[str, Scalar]:
        """Set some, add to others, all or none; durable when this returns.

        Raises:
            Rejected: An amount for a text, or too many variables.
            StorageError: The disk refused; nothing has changed.
        """


class HookBoard(Protocol):
    """Names under which ``POST /api/hooks/{name}`` is heard."""

    def listen(
        self, name: str, tell: Callable[[Mapping[str, Scalar | None]], None]
    ) -> Callable[[], None]:
        """Be told of each post; returns the way to leave."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ScriptCall:
    """A script a rule or a step wants to be run.

    Attributes:
        name: File name without ``.py``.
        parameters: Become ``params``.
        wait: Until it has ended; it is stopped when the one who waits is.
        safe: Devices to be left in their safe state.
        timeout_s: It is stopped after so long.
    """

    name: str
    parameters: Mapping[str, Scalar] = field(default_factory=dict)
    wait: bool = True
    safe: Sequence[str] = ()
    timeout_s: float | None = None


class Lab(Protocol):
    """What the open project offers to automation; implemented by ``engine.py``."""

    @property
    def clock(self) -> Clock:
        """The project's time."""

    @property
    def bus(self) -> Bus:
        """Where samples and events travel."""

    @property
    def values(self) -> LiveValues:
        """Latest samples."""

    async def write(self, point: str, value: Scalar, origin: Origin) -> Outcome:
        """Write a point (``device.entity``) through the gate."""

    async def marker(
        self, label: str, *, device: str | None = None, color: str | None = None, notes: str = ""
    ) -> Mapping[str, Any]:
        """Set a marker now."""

    async def alarm(self, call: "AlarmCall") -> Mapping[str, Any]:
        """Raise or clear an alarm."""

    async def export(
        self, *, file_format: str, device: str | None, session_id: int | None
    ) -> Mapping[str, Any]:
        """Write an export of a session (the running one by default); returns its row."""

    async def notify(self, to: str, title: str, message: str) -> Mapping[str, Any]:
        """Hand a message to a receiver, ``log`` or a webhook's URL; it is durable afterwards."""

    async def start_session(self, name: str, conditions: Mapping[str, Any]) -> Mapping[str, Any]:
        """Start recording."""

    async def stop_session(self) -> Mapping[str, Any]:
        """Stop recording."""

    async def safe_state(
        self, devices: Sequence[str] | None, owner: str = ""
    ) -> Sequence[Mapping[str, Any]]:
        """Drive the named devices (all with None) to their safe state, proven by read-back.

        Args:
            devices: Ids.
            owner: In whose name: outputs that another one holds stay as they are.
        """

    async def panic(self, by: str, reason: str) -> None:
        """All outputs off, latched."""

    @property
    def topics(self) -> TopicBoard:
        """Messages of brokers."""

    @property
    def variables(self) -> VariableShelf:
        """The project's variables."""

    @property
    def hooks(self) -> HookBoard:
        """Where posts from outside are heard."""

    def range_of(self, point: str) -> PointRange | None:
        """Range and resolution of a number that can be written; None when it is none."""

    async def acknowledge(self, key: str, by: str, comment: str) -> Mapping[str, Any]:
        """Acknowledge the active alarm with this key; NotFound when there is none."""

    async def start_run(self, call: RunCall) -> Mapping[str, Any]:
        """Start a sequence after all its checks; returns the run."""

    async def stop_run(self, run_id: str, *, abort: bool, by: str) -> Mapping[str, Any]:
        """End a run in order, or break it off."""

    def active_runs(self) -> Sequence[Mapping[str, Any]]:
        """Runs that are not finished."""

    async def request(self, call: WebCall) -> Mapping[str, Any]:
        """Send a request; returns ``{status, body}`` of an answer that means success.

        Raises:
            Forbidden: The address must not be reached.
            Unavailable: It did not answer in time, or not with success.
        """

    async def script(self, call: "ScriptCall", origin: Origin) -> Mapping[str, Any]:
        """Start a script; with ``wait``, return once it has ended."""


class ActionContext(Protocol):
    """What an action may do."""

    @property
    def lab(self) -> Lab:
        """The project."""

    @property
    def origin(self) -> Origin:
        """In whose name it acts; writes carry it to the gate and the audit."""

    @property
    def env(self) -> Environment:
        """Names of expressions and templates, with ``trigger.*`` and, in a run, ``step.*``."""

    def resolve(self, name: str) -> str:
        """From a written name (``channel.source.i_set``) to an address."""

    async def write(self, point: str, value: Scalar) -> Outcome:
        """Write through the gate; inside a run the set-point counts as the run's own."""

    @property
    def leased_devices(self) -> Sequence[str]:
        """Devices of the run this belongs to; empty for ``scope: always``."""


class Rests(Protocol):
    """A follower of one condition."""

    stir: Callable[[], None]
    """Set by who calls `look`; to be called when its state changes without that."""

    def look(self) -> None:
        """A sample arrived."""

    @property
    def is_at_rest(self) -> bool:
        """Whether another sample with the same result would change nothing."""

    @property
    def due_at(self) -> float | None:
        """Monotonic seconds from which on a look changes something all the same."""


class RuleContext(Protocol):
    """What a trigger or a condition may see."""

    @property
    def lab(self) -> Lab:
        """The project."""

    @property
    def env(self) -> Environment:
        """Names of expressions."""

    @property
    def rule_id(self) -> str:
        """``<flow-id>/<rule-id>``."""

    @property
    def run_id(self) -> str | None:
        """The run a run-scoped rule belongs to."""

    @property
    def timezone(self) -> tzinfo | None:
        """In which a time of day is meant; None: that of the server."""

    @property
    def is_armed(self) -> bool:
        """Whether a condition already true counts as an edge: a ``during`` step has begun."""

    def on_pulse(self, look: Callable[[], None]) -> Callable[[], None]:
        """Call ``look`` every second, for what changes without samples; returns the way out."""

    def on_change(self, points: frozenset[str], look: Callable[[], None]) -> Callable[[], None]:
        """Call ``look`` after a sample of one of ``points`` arrived; returns the way to leave."""

    def on_crossing(
        self, crossings: tuple[str, Cell, frozenset[float]], who: Rests
    ) -> Callable[[], None]:
        """Call ``who.look`` after a sample of a point, but only where it may change something.

        Args:
            crossings: `Expression.crossings` of what it looks at.
            who: Tells whether it is at rest.
        """

    def keep(self, key: str, state: Mapping[str, Any]) -> None:
        """Remember something over a restart."""

    def kept(self, key: str) -> Mapping[str, Any] | None:
        """What was remembered."""

    def after_gap(self, before: float) -> str:
        """What becomes of a hold that a restart broke off: empty (go on), ``reset`` or ``fire``.

        Args:
            before: UTC at which it was last known to go on, from `kept`.
        """

    def schedule(
        self, *, cron: str | None, every_s: float | None, at: str | None, call: Callable[[], None]
    ) -> Callable[[], None]:
        """Call at times (APScheduler on the project's clock); returns the way to leave."""


DriveDirection = Literal["charge", "discharge"]
DriveMode = Literal["cc", "cv", "cp", "cr"]


@dataclass(frozen=True, slots=True)
class Drive:
    """How a cell is to be driven: the direction, and what is held, as magnitudes.

    What is None is open: a charge holds the highest voltage and the highest current that the
    limits allow, a discharge is bounded by them. The first of power, resistance, current and
    voltage that is given is what the mode holds; a voltage beside it is where it turns into CV.

    Attributes:
        direction: ``charge`` or ``discharge``.
        current: A. Of a discharge it may be 0: the load is on and draws nothing.
        voltage: V at the cell.
        power: W.
        resistance: Ω, only for a discharge.
        peak: Highest current [A] that a later `StepChannel.level` asks for, so that the
            protections are set for it before the output is on.
    """

    direction: DriveDirection
    current: float | None = None
    voltage: float | None = None
    power: float | None = None
    resistance: float | None = None
    peak: float | None = None

    @property
    def mode(self) -> DriveMode:
        """What is held first."""
        if self.power is not None:
            return "cp"
        if self.resistance is not None:
            return "cr"
        return "cv" if self.current is None and self.voltage is not None else "cc"

    @property
    def level(self) -> float | None:
        """The value of what the mode holds, in its unit."""
        levels = {
            "cp": self.power,
            "cr": self.resistance,
            "cv": self.voltage,
            "cc": self.current,
        }
        return levels[self.mode]

    def at(self, level: float) -> "Drive":
        """The same with another level of what the mode holds."""
        field_of = {"cp": "power", "cr": "resistance", "cv": "voltage", "cc": "current"}
        changed: dict[str, Any] = {field_of[self.mode]: level}
        return replace(self, **changed)


class StepChannel(Protocol):
    """The cycler channel as steps see it. Every method returns after read-back.

    Each change of what drives the cell is an edge: integration is cut at the confirmed moment and
    a sample of current and voltage is taken right behind it.
    """

    @property
    def write_latency_s(self) -> float:
        """The longest a setting took to be written and confirmed in this run so far."""

    @property
    def dead_time_s(self) -> float:
        """Seconds for which nothing flows at a change of direction."""

    async def rest(self) -> None:
        """Outputs off, proven."""

    async def drive(self, drive: Drive) -> bool:
        """Drive the cell: everything off, dead time, protections, on, ramp (SEQ-15).

        Returns:
            False when the cell is at the voltage it is driven to already: nothing was switched on
            and the step has ended by ``already_above`` or ``already_below``.

        Raises:
            Rejected: The channel cannot do this, or a limit is in the way.
            DeviceError: A device did not do what it was told; the run is broken off.
        """

    async def level(self, value: float) -> None:
        """Change what the running mode holds (A, V, W or Ω) in one edge, the output staying on.

        Raises:
            Rejected: It would leave the limits, or nothing is being driven.
        """

    async def relevel(self, drive: Drive) -> None:
        """The same for current and voltage at once; direction and mode must be those running.

        Raises:
            Rejected: It is another direction or mode, or it would leave the limits.
        """

    async def connect(self) -> None:
        """Outputs off; the relay of the channel closed, also at rest, until `disconnect`.

        Without a relay in the channel both do nothing but switch off.
        """

    async def disconnect(self) -> None:
        """Outputs off, then the relay open."""

    async def compare(self, amps: float) -> None:
        """Supply and load both on, without the cell: its relay is open by read-back meanwhile.

        The supply stands at the cell's voltage, the load at 0 A; `rest` ends it.

        Args:
            amps: The most that `compare_at` will ask for.

        Raises:
            Rejected: There is no relay, or no meter of its own for each direction.
            DeviceError: A device did not do what it was told.
        """

    async def compare_at(self, amps: float) -> None:
        """The load draws so much from the supply.

        Raises:
            Rejected: `compare` is not under way.
        """

    async def charge(self, *, current: float | None = None, voltage: float | None = None) -> bool:
        """`drive` for a charge."""

    async def discharge(self, *, current: float) -> bool:
        """`drive` for a discharge."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rounds:
    """How often a loop runs.

    Attributes:
        count: The most rounds; None without a bound.
        counter: Under which name its number is read (``loop.<counter>``).
        items: One for each round, read as ``repeat.item``.
        before: Asked before each round whether it shall be; not where a restart goes on.
        after: Asked after each round whether it was the last.
    """

    count: int | None
    counter: str = ""
    items: Sequence[Scalar] = ()
    before: Callable[[], bool] | None = None
    after: Callable[[], bool] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What a person is asked.

    Attributes:
        text: As shown.
        choices: Answers that may be given, each with the verdict it means; empty for any.
        unit: Of the number that is asked for; None to have it confirmed only.
        low: Lowest number, in ``unit``.
        high: Highest number.
        timeout_s: The longest wait; None for ever.
        keep_on: Leave the outputs as they are.
    """

    text: str
    choices: Mapping[str, str] = field(default_factory=dict)
    unit: str | None = None
    low: float | None = None
    high: float | None = None
    timeout_s: float | None = None
    keep_on: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Meeting:
    """Where runs wait for each other.

    Attributes:
        name: Of the place.
        channels: Whose runs must come.
        count: How many runs must come, this one counted.
        timeout_s: The longest wait.
    """

    name: str
    channels: Sequence[str] = ()
    count: int = 1
    timeout_s: float


Held = Literal["over", "ended", "paused"]
"""How a wait inside a step ended: in time, by one of its ends, or by a pause (outputs are off)."""


class Trace(Protocol):
    """Samples of the cell as they came in, each on its own stamp (monotonic seconds, value)."""

    @property
    def voltage(self) -> Sequence[tuple[float, float]]:
        """Of the cell's voltage [V]."""

    @property
    def current(self) -> Sequence[tuple[float, float]]:
        """Of the cell's current [A], positive into it."""

    def stop(self) -> None:
        """Take no more."""


class StepMeter(Protocol):
    """What a step may measure, and where it keeps what it found."""

    @property
    def voltage(self) -> float | None:
        """The cell's voltage [V] now, if it is known."""

    @property
    def current(self) -> float | None:
        """Its current [A], positive into it."""

    @property
    def terminal(self) -> float | None:
        """The voltage [V] at the instrument that is on, where it is not the cell's source."""

    @property
    def both_currents(self) -> tuple[float | None, float | None]:
        """What the meters of charge and of discharge show [A], each as it is."""

    def correct(self, gain: float, offset: float) -> None:
        """How the meter of discharge is brought to that of charge, if the channel file asks."""

    async def last(self) -> Mapping[str, Any] | None:
        """The row of the last passed step of this kind on this channel, of any run."""

    def faster(self, interval_s: float) -> Callable[[], None]:
        """Poll the channel's meters so often; returns the way back. It begins within one poll."""

    @property
    def slowest_s(self) -> float:
        """Longest poll interval of the channel's meters as configured."""

    def trace(self) -> Trace:
        """Keep every sample from now on."""

    def keep(self, figures: Mapping[str, float | None]) -> None:
        """Figures of the step (``step.<name>``) for its row and its measures."""

    def keep_dcir(self, rows: Sequence[Mapping[str, Any]]) -> None:
        """Resistances for the row of the step and its cycle; one without value is inconclusive."""


class StepContext(ActionContext, Protocol):
    """What a step may do."""

    @property
    def meter(self) -> StepMeter:
        """What it may measure.

        Raises:
            Rejected: The run has no channel.
        """

    def claim(self, point: str) -> str:
        """Hold an output of a shared device until the run ends, so that no other run sets it.

        Returns:
            Who holds it instead; empty when it is held by this run now.
        """

    async def hold(self, seconds: float, *, ends: bool = True) -> Held:
        """Wait so long while the ends of the step are watched, unless ``ends`` is false.

        Limits are always watched; a pause, a skip and a stop are always heard.

        After ``paused`` the outputs are off and the step has to drive anew.
        """

    def end(self, name: str, verdict: str = "pass") -> None:
        """End the step by this name; one that has ended stays as it is."""

    @property
    def channel(self) -> StepChannel:
        """The channel of the run.

        Raises:
            Rejected: The run has none.
        """

    async def until_end(self, after_s: float | None = None) -> None:
        """Return when one of the step's ends holds, or after ``after_s`` seconds (``time``)."""

    async def steps(self, children: Sequence[Any], *, counter: str = "") -> None:
        """Run child steps one after the other; ``counter`` names the loop they stand in."""

    async def each(self, count: int, body: Callable[[int], Awaitable[None]]) -> None:
        """Call ``body`` with 1 … count, counting the loop for progress and checkpoints."""

    async def loop(self, rounds: Rounds, body: Callable[[], Awaitable[None]]) -> None:
        """Call ``body`` round after round."""

    async def branches(self, lists: Sequence[Sequence[Any]], driving: int) -> None:
        """Run lists of steps at the same time; branch ``driving`` (from 0) may use the channel.

        Raises:
            IonpyError: Of the first branch that failed; it has ended the others.
        """

    async def call(self, nodes: Sequence[Any], closing: Sequence[Any]) -> None:
        """Run the steps of another flow, then its ``finally``, which also comes when it fails."""

    async def ask(self, question: Question) -> bool:
        """Ask a person and wait; False when the time was over."""

    async def meet(self, meeting: Meeting) -> bool:
        """Wait for other runs; False when the time was over."""

    def end_now(self, name: str, verdict: str = "pass") -> None:
        """End the step under way with this name, unless it has ended already."""

    def resumes_in(self, nodes: Sequence[Any]) -> bool:
        """Whether the run goes on at a step among these or inside them, after a restart."""

    def goto(self, target: str, most: int) -> None:
        """Go on with the step ``target`` (does not return), but ``most`` times in a run only."""

    def phase(self, name: str) -> None:
        """Name the phase from here on (``precharge``) instead of the instruments' ``cc``, ``cv``.

        Empty gives the naming back to them.
        """
