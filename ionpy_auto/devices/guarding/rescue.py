"""Takes devices to their safe state without a server: open, greet, write, prove, until proven.

Every device has a task, a link and a timeout of its own, so that a dead one costs the others
nothing. Where silence is all that comes back the command is sent anyway: a broken return line must
not keep an output on.
"""

import asyncio
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass

import structlog

from ionpy_auto.core.clock import Clock
from ionpy_auto.core.errors import IonpyError
from ionpy_auto.core.safety import Safe
from ionpy_auto.core.samples import Quality, Scalar
from ionpy_auto.devices.config import DeviceConfig
from ionpy_auto.devices.driver import Driver
from ionpy_auto.devices.entities import Entity
from ionpy_auto.devices.links import NoAnswer

log = structlog.get_logger(__name__)

GIVE_UP_S = 30.0
RETRY_S = 0.5
ATTEMPT_S = 8.0
CLOSE_S = 1.0
READ_BACK_S = 1.0
READ_BACK_PAUSE_S = 0.05
HEAD_START_S = 0.5
"""A sink waits so long for the sources to go off first, and no longer."""


@dataclass(slots=True)
class Rescued:
    """What came of one device.

    Attributes:
        ok: Every output took its safe state, as far as the device can tell.
        proven: Every one was read back.
        after_s: From the beginning of the rescue to the last answer.
    """

    device: str
    outputs: tuple[str, ...]
    ok: bool = False
    proven: bool = False
    attempts: int = 0
    after_s: float = 0.0
    detail: str = ""


class Rescue:
    """See the module's first lines.

    Args:
        build: Makes a fresh driver on a fresh link.
        at_risk: Devices with the outputs that must go off.
        clock: Real time.
    """

    def __init__(
        self,
        build: Callable[[DeviceConfig], Driver],
        at_risk: Sequence[tuple[DeviceConfig, tuple[str, ...]]],
        clock: Clock,
    ) -> None:
        self._build = build
        self._clock = clock
        self._began = clock.monotonic()
        self._at_risk = at_risk
        self._results = {c.id: Rescued(c.id, outputs) for c, outputs in at_risk}
        self._tried: dict[str, tuple[int, asyncio.Event]] = {}

    async def run(self) -> list[Rescued]:
        """Work until all is proven or time is up; never raises."""
        for config, outputs in self._at_risk:
            self._tried[config.id] = (self._order(config, outputs), asyncio.Event())
        tasks = [
            asyncio.create_task(self._save(config, self._results[config.id]))
            for config, _ in self._at_risk
        ]
        with suppress(TimeoutError):
            # A driver that ignores being cancelled is left behind.
            async with self._clock.timeout(GIVE_UP_S + ATTEMPT_S):
                await asyncio.wait(tasks)
        return list(self._results.values())

    def _order(self, config: DeviceConfig, outputs: Sequence[str]) -> int:
        """Lowest declared order of the outputs; who cannot say goes first."""
        try:
            entities = self._build(config).entities
        except Exception:  # noqa: BLE001 - said when it is tried
            return 0
        found = [entities[key].safe for key in outputs if key in entities]
        return min((safe.order for safe in found if safe is not None), default=0)

    async def _save(self, config: DeviceConfig, result: Rescued) -> None:
        while not result.ok:
            result.attempts += 1
            result.detail = await self._attempt(config, result)
            result.ok = not result.detail
            result.after_s = round(self._clock.monotonic() - self._began, 3)
            self._tried[config.id][1].set()
            if result.ok or result.after_s + RETRY_S > GIVE_UP_S:
                break
            await self._clock.sleep(RETRY_S)
        log.info("tried", device=result.device, ok=result.ok, detail=result.detail)

    async def _attempt(self, config: DeviceConfig, result: Rescued) -> str:
        """One try on a fresh link; returns what is wrong, empty when nothing is."""
        try:
            async with self._clock.timeout(ATTEMPT_S):
                driver = self._build(config)
                try:
                    await driver.link.open()
                    silent = await _greet(driver)
                    await self._let_sources_go_first(config.id)
                    trouble = await self._switch(driver, result)
                    return trouble or ("" if result.proven else silent)
                finally:
                    await self._close(driver)
        except IonpyError as error:
            return error.message
        except Exception as error:  # noqa: BLE001 - whatever a driver raises, it is tried again
            return str(error) or type(error).__name__

    async def _let_sources_go_first(self, device: str) -> None:
        mine = self._tried[device][0]
        earlier = [event.wait() for order, event in self._tried.values() if order < mine]
        left = HEAD_START_S - (self._clock.monotonic() - self._began)
        with suppress(TimeoutError):
            async with self._clock.timeout(max(0.0, left)):
                await asyncio.gather(*earlier)

    async def _switch(self, driver: Driver, result: Rescued) -> str:
        """Every output is tried, even when an earlier one failed; returns what is wrong."""
        steps = [
            (entity, entity.safe)
            for key, entity in driver.entities.items()
            if key in result.outputs and entity.safe is not None
        ]
        missing = set(result.outputs) - {entity.id for entity, _ in steps}
        failures = [f"{key}: there is no such output" for key in sorted(missing)]
        result.proven = not missing
        for entity, safe in sorted(steps, key=lambda step: step[1].order):
            try:
                read, failure = await drive(driver, entity, safe, self._clock)
            except Exception as error:  # noqa: BLE001 - the next output must be tried too
                read, failure = None, str(error) or type(error).__name__
            result.proven = result.proven and read is not None and not failure
            if failure:
                failures.append(f"{entity.id}: {failure}")
        return "; ".join(failures)

    async def _close(self, driver: Driver) -> None:
        with suppress(Exception):
            async with self._clock.timeout(CLOSE_S):
                await driver.link.close()


async def _greet(driver: Driver) -> str:
    """Let the driver identify the device; a silent one is no reason not to tell it.

    Raises:
        DeviceError: Another device answers: nothing may be written to it.
    """
    try:
        await driver.connect()
    except NoAnswer as error:
        return error.message
    return ""


async def drive(
    driver: Driver, entity: Entity, safe: Safe, clock: Clock
) -> tuple[Scalar | None, str]:
    """Write one output's safe state and prove it; needs no stack.

    Returns:
        What was read (None when the device cannot say), and what is wrong with it.

    Raises:
        DeviceError: The device refused or did not answer.
    """
    if safe.action != "write":
        return None, "it has no safe value to write"
    proof = driver.entities.get(safe.verify, entity)
    wanted = entity.check(safe.value)
    await driver.write(entity.id, wanted)
    deadline = clock.monotonic() + READ_BACK_S
    while True:
        raw = await driver.read_back(proof.id)
        if raw is None:
            return None, ""
        value, quality, _ = proof.decode(raw)
        if value is not None and quality is Quality.GOOD and proof.same(wanted, value):
            return value, ""
        if clock.monotonic() >= deadline:
            return value, f"the device says {value}"
        await clock.sleep(READ_BACK_PAUSE_S)
