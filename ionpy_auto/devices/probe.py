"""Tries a device before it is added: driver, parameters, port, greeting, one reading, closed again.

A probe builds a stack of its own in a thread of its own with its own event loop and real time, so
that a driver that hangs, even one that blocks, costs the running devices nothing; such a thread is
left behind and reported. Nothing is published or recorded. The link it hands to the driver refuses
every write, so no set-point can reach the wire.

In a simulated project no port is opened: the driver's simulator is probed, on a circuit of its own.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import asdict, dataclass, replace
from typing import Any, NoReturn

from ionpy_auto.core.clock import Clock, SystemClock
from ionpy_auto.core.errors import ConfigInvalid, DeviceError, IonpyError, Unavailable
from ionpy_auto.core.samples import Quality
from ionpy_auto.devices.aside import Aside
from ionpy_auto.devices.bench import Benches, BenchParams
from ionpy_auto.devices.build import Builder
from ionpy_auto.devices.catalogue import Catalogue
from ionpy_auto.devices.config import DeviceConfig, parse_device
from ionpy_auto.devices.driver import Driver
from ionpy_auto.devices.inventory.visa import parse_idn
from ionpy_auto.devices.links import Link, LinkLost, NoAnswer, note_of
from ionpy_auto.devices.manager import DeviceManager
from ionpy_auto.devices.owners import SHARED_FRAMINGS, Holder, holder_of, place_of, way_of
from ionpy_auto.devices.ports import PlaceError
from ionpy_auto.devices.transports.virtual import NAME as VIRTUAL
from ionpy_auto.devices.trouble import (
    causes,
    clean,
    error_number,
    hung_up,
    is_missing,
    network_trouble,
    no_answer,
    serial_trouble,
    unreadable,
)

STEPS = ("driver", "parameters", "port", "device", "reading", "cleanup")
NOT_REACHED = "not reached"
ANOTHER = "another probe"
IDENTITY = ("manufacturer", "model", "serial", "firmware")
WHOLE_IDENTITY = ("identity", "idn")
"""Entities that hold the whole answer to ``*IDN?``."""


@dataclass(frozen=True)
class Limits:
    """How long a probe may take; together less than 10 s.

    Attributes:
        work_s: All steps but closing.
        explain_s: Finding out why one failed.
        close_s: Closing the driver, and as much again for the link.
        answer_s: A probe is answered within this time, whatever the driver does.
    """

    work_s: float = 7.0
    explain_s: float = 1.0
    close_s: float = 0.5
    answer_s: float = 9.5


@dataclass(slots=True)
class Step:
    """One step of a probe.

    Attributes:
        id: One of `STEPS`.
        message: One sentence.
        ok: None when it was not reached.
        detail: More, for whoever wants to know.
        hint: What solves it, when it failed.
        duration_ms: How long it took.
    """

    id: str
    message: str = NOT_REACHED
    ok: bool | None = None
    detail: str = ""
    hint: str = ""
    duration_ms: float = 0.0


Tell = Callable[[dict[str, Any]], None]
"""Hears of each step as it begins (``ok`` None) and as it ends."""


def reading_only(link: Link, commands: list[str]) -> Link:
    """The same link, refusing every write from now on and noting commands that want no answer.

    It stays what it is (its class becomes one derived from its own), so that a driver that looks at
    what it was given finds nothing changed.
    """
    kind: Any = type(link)
    changed: dict[str, Any] = {"__slots__": ()}
    changed |= {name: _refuse for name in dir(kind) if name.startswith("write_")}
    if hasattr(kind, "send") and hasattr(kind, "query"):

        async def send(self: Any, payload: bytes) -> None:  # noqa: ANN401 - any message link
            commands.append(clean(payload.decode("latin-1"), 40))
            await kind.send(self, payload)

        async def query(self: Any, *args: Any, **named: Any) -> bytes:  # noqa: ANN401
            noted = len(commands)
            answer: bytes = await kind.query(self, *args, **named)
            del commands[noted:]  # a question is no command, also where it is sent by `send`
            return answer

        changed |= {"send": send, "query": query}
    link.__class__ = type(f"Reading{kind.__name__}", (kind,), changed)
    return link


async def _refuse(*_: object, **__: object) -> NoReturn:
    raise DeviceError(
        "the driver writes before anybody asked it to; a probe only reads",
        code="PROBE_READ_ONLY",
        hint="a driver must not write in connect() or poll()",
        args={"stage": "driver"},
    )


class ReadingBuilder(Builder):
    """Builds drivers on links that only read.

    Attributes:
        commands: Messages that were sent and wanted no answer, the beginning of each.
    """

    def __init__(self, catalogue: Catalogue, clock: Clock, *, simulate: bool) -> None:
        super().__init__(catalogue, clock, simulate=simulate)
        self.commands: list[str] = []

    def _link(self, config: DeviceConfig, driver: type[Driver], params: object) -> Link:
        return reading_only(super()._link(config, driver, params), self.commands)


class _Stop(Exception):
    """A step failed; those behind it are not reached."""


@dataclass(frozen=True)
class Surroundings:
    """What a probe must know of the server it runs in.

    Attributes:
        holders: What running devices hold.
        plans: Circuits that virtual devices of the project have described.
        simulate: The open project is simulated: no port is opened.
    """

    holders: Sequence[Holder] = ()
    plans: Sequence[BenchParams] = ()
    simulate: bool = False


class _Job:
    """One probe, inside its thread.

    Args:
        config: What is tried.
        catalogue: Where drivers are found.
        around: The server it runs in.
        limits: How long it may take.
        tell: Hears of each step, in the probe's thread.
    """

    def __init__(
        self,
        config: DeviceConfig,
        catalogue: Catalogue,
        around: Surroundings,
        limits: Limits,
        tell: Tell,
    ) -> None:
        self.config = config
        self._tell_of = tell
        self.catalogue = catalogue
        self.holders = around.holders
        self.plans = around.plans
        self.simulate = around.simulate
        self.limits = limits
        self.clock: Clock = SystemClock()
        self.steps = {name: Step(name) for name in STEPS}
        self.current: Step | None = None
        self.values: dict[str, dict[str, Any]] = {}
        self.identity: dict[str, str] = {}
        self.error: dict[str, str] | None = None
        self.commands: list[str] = []
        self.driver: Driver | None = None
        self.transport = config.transport.type.lower()
        self.framing = ""
        self.params: dict[str, Any] = {}

    # --- steps

    async def run(self) -> None:
        """All steps; never raises."""
        try:
            with suppress(_Stop):
                async with self._step("driver") as step:
                    kind = await self._find(step)
                async with self._step("parameters") as step:
                    self._build(step, kind)
                async with self._step("port") as step:
                    await self._open(step)
                async with self._step("device") as step:
                    await self._greet(step)
                async with self._step("reading") as step:
                    await self._read(step)
        finally:
            await self._close()

    @asynccontextmanager
    async def _step(self, name: str) -> AsyncIterator[Step]:
        step = self.current = self.steps[name]
        began = self.clock.monotonic()
        self._tell_of(asdict(step))
        try:
            async with self.clock.timeout(self.limits.work_s - began):
                yield step
            step.ok = True
        except (Exception, SystemExit) as error:
            await self._failed(step, error)
            raise _Stop from error
        finally:
            step.duration_ms = _ms(self.clock.monotonic() - began)
            self._tell_of(asdict(step))

    async def _find(self, step: Step) -> type[Driver]:
        driver = self.catalogue.get(self.config.driver)
        file = self.catalogue.find(self.config.driver)
        step.message = f"driver {driver.NAME} {driver.VERSION} loads"
        step.detail = "shipped" if file.shipped else "trusted"
        if self.simulate and self.transport != VIRTUAL:
            step.detail += "; simulated: the driver's simulator is probed"
        return driver

    def _build(self, step: Step, kind: type[Driver]) -> None:
        self.params, self.framing = way_of(kind, self.config)
        builder = ReadingBuilder(self.catalogue, self.clock, simulate=self.simulate)
        self.commands = builder.commands
        share_plans(builder.benches, self.plans)
        self.driver = builder.build(self.config)
        step.message = "parameters of driver, transport and framing are valid"
        step.detail = f"{self.transport} with framing {self.framing}"
        if self.config.framing is None:
            step.detail += " (from the driver's blueprint)"

    async def _open(self, step: Step) -> None:
        if self.transport == VIRTUAL or self.simulate:
            step.message = "no port is needed"
            step.detail = "virtual device" if self.transport == VIRTUAL else "simulated project"
            return
        self._require_free(step)
        port = str(self.params.get("port", ""))
        if self.transport == "serial" and not self._is_searched():
            await self._require_there(port)
        if "host" in self.params:
            await self._resolve(str(self.params["host"]))
        await self._link.open()
        step.message = f"{self._place()} opens"
        notes = [step.detail, note_of(self._link)]
        step.detail = "; ".join(clean(note) for note in notes if note)

    def _is_searched(self) -> bool:
        """Whether the adapter is looked for by its identifiers when the port is not there."""
        hint = self.params.get("port_hint")
        return isinstance(hint, Mapping) and {"vid", "pid"} <= {k for k, v in hint.items() if v}

    @staticmethod
    async def _require_there(port: str) -> None:
        if await asyncio.to_thread(is_missing, port):
            raise LinkLost(f"there is no port {clean(port)}", code="TRANSPORT_SERIAL")

    @staticmethod
    async def _resolve(host: str) -> None:
        """Know the host's address first: what opens the link may not tell a name from a cable."""
        try:
            await asyncio.get_running_loop().getaddrinfo(host, None)
        except (OSError, UnicodeError) as error:
            msg = f"there is no host {clean(host, 100)}"
            raise LinkLost(msg, code="HOST_UNKNOWN", args={"stage": "transport"}) from error

    def _require_free(self, step: Step) -> None:
        place = place_of(self.transport, self.params)
        shares = self.framing in SHARED_FRAMINGS
        holder = holder_of(place, self.holders, shares=shares)
        if holder is not None:
            raise _in_use(self._place(), holder.device)
        if shares and (other := holder_of(place, self.holders)) is not None:
            step.detail = f"{other.device} talks to the same server"

    async def _greet(self, step: Step) -> None:
        driver = self._known
        await driver.connect()
        step.message = "the device answers and the driver accepts it"
        if self.commands:
            step.detail = f"commands sent: {', '.join(self.commands[:8])}"

    async def _read(self, step: Step) -> None:
        driver = self._known
        raw = await driver.poll()
        for key, value in raw.items():
            entity = driver.entities.get(key)
            if entity is not None:
                self.values[key] = shown(entity.decode(value), entity.unit_text)
        self._note_identity()
        good = sum(v["quality"] == Quality.GOOD.value for v in self.values.values())
        step.message = f"{good} of {len(self.values)} values are good"
        if not good and any(entity.is_readable for entity in driver.entities.values()):
            raise NoAnswer(
                "the device answered, but not one value can be believed",
                hint="check that driver and model fit, and the wiring of its sensors",
            )
        doubtful = [f"{k} ({v['reason']})" for k, v in self.values.items() if v["reason"]]
        step.detail = clean("; ".join(doubtful[:8]))

    async def _close(self) -> None:
        step = self.steps["cleanup"]
        if self.driver is None:
            step.ok, step.message = True, "nothing was opened"
            return
        began = self.clock.monotonic()
        opened = self.steps["port"].ok is True
        troubles = []
        for name, close, wanted in (
            ("driver", self.driver.close, opened),
            ("link", self._link.close, True),
        ):
            try:
                if wanted:
                    async with self.clock.timeout(self.limits.close_s):
                        await close()
            except (Exception, SystemExit) as error:  # noqa: BLE001 - closing must go on
                troubles.append(f"{name}: {clean(error) or type(error).__name__}")
        await self.clock.sleep(0)  # transports close in the next turn of the loop
        step.ok = not troubles
        step.message = "closed" if not troubles else "did not close cleanly"
        step.detail = "; ".join(troubles)
        step.duration_ms = _ms(self.clock.monotonic() - began)
        self._tell_of(asdict(step))

    # --- what is known

    @property
    def _known(self) -> Driver:
        assert self.driver is not None  # noqa: S101 - the step before has built it
        return self.driver

    @property
    def _link(self) -> Link:
        link: Link = self._known.link
        return link

    def _place(self) -> str:
        if "host" in self.params:
            return clean(f"{self.params['host']}:{self.params.get('port', '')}")
        return clean(self.params.get("port") or self.params.get("resource") or self.transport)

    def _heard(self) -> bytes:
        link = self.driver.link if self.driver is not None else None
        heard = getattr(link, "heard", None) or getattr(
            getattr(link, "transport", None), "heard", b""
        )
        return heard if isinstance(heard, bytes) else b""

    def _note_identity(self) -> None:
        """Who the device says it is, out of the values that tell."""
        said = {key: value["value"] for key, value in self.values.items()}
        for key in WHOLE_IDENTITY:
            if isinstance(said.get(key), str):
                self.identity |= {k: v for k, v in parse_idn(said[key]).items() if v}
        self.identity |= {key: str(said[key]) for key in IDENTITY if said.get(key)}

    # --- troubles

    async def _failed(self, step: Step, error: BaseException) -> None:
        code, message, hint = _plain(error, step.id)
        with suppress(Exception):
            async with self.clock.timeout(self.limits.explain_s):
                hint = await self._explain(step.id, error) or hint
        hint = hint or "see the message, and the server's log"
        step.ok, step.message, step.hint = False, message, hint
        self.error = {"code": code, "message": message, "hint": hint}

    async def _explain(self, step: str, error: BaseException) -> str:
        """A better hint than the error's own, or empty."""
        if _code(error) in {"PORT_HELD", "PROBE_READ_ONLY"}:
            return ""
        if step == "port":
            return await self._explain_port(error)
        if step in {"device", "reading"} and not self._simulated:
            return self._explain_silence(error)
        return ""

    def _explain_silence(self, error: BaseException) -> str:
        """What was heard tells a wrong line setting from a device that is not there."""
        if not isinstance(error, NoAnswer | LinkLost | TimeoutError) or self.values:
            return ""
        if heard := self._heard():
            return unreadable(self.transport, self.framing, self.params, heard)
        if isinstance(error, LinkLost):
            return hung_up(self.transport)
        unit = getattr(self._link, "unit", None)
        return no_answer(self.transport, self.framing, self.params, unit)

    @property
    def _simulated(self) -> bool:
        return self.simulate or self.transport == VIRTUAL

    async def _explain_port(self, error: BaseException) -> str:
        port = str(self.params.get("port", ""))
        if self.transport == "serial":
            return await self._explain_serial(port, error)
        if "host" in self.params:
            return network_trouble(await self._why(str(self.params["host"]), port, error))
        return ""

    async def _explain_serial(self, port: str, error: BaseException) -> str:
        if any(isinstance(cause, PlaceError | TimeoutError) for cause in causes(error)):
            return ""  # the search for the port, or a port that hangs, says it best
        found = str(getattr(getattr(self._link, "transport", None), "place", "") or port)
        holder = holder_of(place_of(self.transport, {"port": found}), self.holders)
        if holder is not None:
            return _in_use(found, holder.device).hint
        return await asyncio.to_thread(serial_trouble, found, error)

    async def _why(self, host: str, port: str, error: BaseException) -> BaseException:
        """Some libraries keep the reason to themselves: connect once more to learn it."""
        if error_number(error) or _code(error) == "HOST_UNKNOWN" or not port.isdigit():
            return error
        try:
            _, writer = await asyncio.open_connection(host, int(port))
        except OSError as reason:
            return reason
        writer.close()
        return error

    # --- the answer

    def leave_behind(self, why: str) -> None:
        """The thread does not come back: say so."""
        step = self.current or self.steps["driver"]
        hint = "the driver blocks: it must await what takes time; correct it"
        if step.ok is None:
            step.ok, step.message, step.hint = False, why, hint
        if self.error is None:
            self.error = {"code": "PROBE_HANGS", "message": why, "hint": hint}
        cleanup = self.steps["cleanup"]
        cleanup.ok, cleanup.message = False, "not closed: the driver hangs"
        cleanup.hint = "the port may stay held until the server is restarted"

    def answer(self, duration_s: float) -> dict[str, Any]:
        """The JSON form."""
        steps = [asdict(step) for step in self.steps.values()]
        return {
            "success": self.error is None and all(step["ok"] for step in steps[:-1]),
            "driver": self.config.driver,
            "simulated": self._simulated,
            "steps": steps,
            "first_values": dict(self.values),
            "identity": dict(self.identity),
            "error": self.error,
            "duration_ms": _ms(duration_s),
        }


class Prober:
    """Probes devices, one at a time at each place.

    Args:
        catalogue: Where drivers are found.
        clock: Real time.
        aside: Threads.
        limits: How long a probe may take.
    """

    def __init__(
        self, catalogue: Catalogue, clock: Clock, aside: Aside, limits: Limits | None = None
    ) -> None:
        self._catalogue = catalogue
        self._clock = clock
        self._aside = aside
        self._limits = limits or Limits()
        self._probing: set[str] = set()

    async def probe(
        self,
        config: DeviceConfig,
        around: Surroundings | None = None,
        tell: Tell | None = None,
    ) -> dict[str, Any]:
        """Try a device; what does not work is part of the answer and no error.

        ``tell`` hears of each step as it begins and ends, in the caller's loop.

        Raises:
            Unavailable: Too many earlier probes hang.
        """
        began = self._clock.monotonic()
        around = around or Surroundings()
        others = [Holder(ANOTHER, place, shares=False) for place in tuple(self._probing)]
        around = replace(around, holders=[*around.holders, *others])
        job = _Job(config, self._catalogue, around, self._limits, _handing_over(tell))
        place = "" if around.simulate else place_of(config.transport.type, config.transport.params)
        mine = {place} - self._probing - {""}
        self._probing |= mine
        answer_s = self._limits.answer_s
        try:
            await self._aside.run("probe", lambda: self._work(job, mine), answer_s)
        except TimeoutError:
            job.leave_behind(f"the driver does not come back within {answer_s:g} s")
        except RuntimeError as error:
            job.leave_behind(f"the driver broke out of the probe: {clean(error)}")
        except Unavailable:
            self._probing -= mine
            raise
        return job.answer(self._clock.monotonic() - began)

    def _work(self, job: _Job, mine: set[str]) -> None:
        try:
            asyncio.run(job.run())
        finally:
            self._probing.difference_update(mine)


def _handing_over(tell: Tell | None) -> Tell:
    """Calls from the probe's thread, made in the loop of whoever asked."""
    if tell is None:
        return lambda _: None
    loop = asyncio.get_running_loop()

    def hand_over(step: dict[str, Any]) -> None:
        with suppress(RuntimeError):  # the loop has ended meanwhile: nobody listens any more
            loop.call_soon_threadsafe(tell, step)

    return hand_over


def share_plans(benches: Benches, plans: Iterable[BenchParams]) -> None:
    """Let a probe know what other virtual devices said of their circuits."""
    for plan in plans:
        with suppress(ValueError):
            benches.plan(plan)


def plans_of(manager: DeviceManager | None) -> list[BenchParams]:
    """What the virtual devices of a project have said of their circuits."""
    found: list[BenchParams] = []
    for stack in manager.stacks.values() if manager is not None else ():
        if stack.driver is not None:
            params = stack.driver.params
            inside = [params, *(value for _, value in params)]
            found += [one for one in inside if isinstance(one, BenchParams)]
    return found


def parse_probe(body: Mapping[str, Any]) -> DeviceConfig:
    """What is to be tried, from the short form or from a whole device.

    Raises:
        ConfigInvalid: A field is missing, unknown or of the wrong type.
    """
    content = {key: value for key, value in body.items() if key != "test"}
    for part in ("transport", "framing"):
        kind, params = content.pop(f"{part}_type", None), content.pop(f"{part}_params", None)
        if kind is None and params is None:
            continue
        if content.get(part) is not None:
            msg = f"{part}: give either {part} or {part}_type with {part}_params"
            raise ConfigInvalid(msg, hint="see the REST page")
        if kind is None:
            msg = f"{part}_type is missing"
            raise ConfigInvalid(msg, hint=f"give {part}_type beside {part}_params")
        if not isinstance(params, Mapping | None):
            msg = f"{part}_params must be an object"
            raise ConfigInvalid(msg, hint='for example {"port": "/dev/ttyUSB0"}')
        content[part] = {"type": kind, "params": dict(params or {})}
    return parse_device({"id": "probe", **content})


def shown(reading: tuple[Any, Quality, str], unit: str) -> dict[str, Any]:
    """The JSON form of a first value."""
    value, quality, reason = reading
    text = clean(value) if isinstance(value, str) else value
    return {"value": text, "unit": unit, "quality": quality.value, "reason": clean(reason)}


def _in_use(place: str, device: str) -> IonpyError:
    if device == ANOTHER:
        hint = "wait until it has ended; if it hangs, restart the server"
    else:
        hint = f"choose another port, or disconnect {device} first"
    args = {"stage": "transport", "owner": device}
    return LinkLost(f"{place} is held by {device}", code="PORT_HELD", hint=hint, args=args)


def _code(error: BaseException) -> str:
    return error.error_code if isinstance(error, IonpyError) else ""


def _plain(error: BaseException, step: str) -> tuple[str, str, str]:
    """Code, sentence and hint of an error as it came."""
    if isinstance(error, IonpyError):
        return error.error_code, clean(error.message, 400), clean(error.hint, 400)
    if isinstance(error, TimeoutError):
        return (
            "PROBE_TIMEOUT",
            f"{step}: not done in time",
            "check cable, power and address; the driver may wait for something that never comes",
        )
    text = f"the driver failed: {type(error).__name__}: {clean(error)}"
    return "DRIVER_FAILED", text, "correct the driver"


def _ms(seconds: float) -> float:
    return round(1000 * max(0.0, seconds), 1)
