"""Project variables: a few named values that rules keep, read as ``var.<name>`` in expressions.

They live in one small file, replaced as a whole before a change is seen by anybody: what a rule has
counted survives a power cut. Each change travels as a sample of the source ``var``, so conditions
on variables are looked at like those on points.
"""

import asyncio
import math
from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

from ionpy_auto.automation.names import VARIABLE
from ionpy_auto.core.bus import Bus, Event
from ionpy_auto.core.clock import Clock
from ionpy_auto.core.errors import BadInput, ConfigInvalid, NotFound, Rejected
from ionpy_auto.core.files import read_json, write_json
from ionpy_auto.core.samples import AlarmState, Quality, Sample, Scalar, Snapshot

SOURCE: Final = "var"
MAX_VARIABLES: Final = 500
MAX_TEXT: Final = 1000


@dataclass(frozen=True, slots=True)
class Variable:
    """One value.

    Attributes:
        updated: UTC of the last change.
        by: Who changed it.
    """

    value: Scalar
    updated: float
    by: str


class Variables:
    """The variables of a project.

    Args:
        path: The file; None keeps them in memory only.
        bus: Carries changes.
        clock: Stamps them.
    """

    def __init__(self, path: Path | None, bus: Bus, clock: Clock) -> None:
        self._path = path
        self._bus = bus
        self._clock = clock
        self._known: dict[str, Variable] = {}
        self._lock = asyncio.Lock()

    def start(self) -> str:
        """Read the file and tell everybody.

        Returns:
            Why nothing could be read, else an empty text; a damaged file is kept aside.
        """
        if self._path is None or not self._path.exists():
            return ""
        try:
            self._known = _read(self._path)
        except (ConfigInvalid, OSError) as error:
            aside = self._path.with_suffix(".damaged")
            self._path.replace(aside)
            return f"no variables: {error}; the file is kept as {aside.name}"
        self._publish(self._known)
        return ""

    def list(self) -> list[dict[str, Any]]:
        """All variables by name, for REST."""
        return [{"name": name, **asdict(one)} for name, one in sorted(self._known.items())]

    def get(self, name: str) -> dict[str, Any]:
        """One variable.

        Raises:
            NotFound: It was never set.
        """
        if name not in self._known:
            msg = f"there is no variable {name[:80]!r}"
            raise NotFound(msg, hint="GET /api/variables lists them")
        return {"name": name, **asdict(self._known[name])}

    async def change(
        self,
        values: Mapping[str, Scalar],
        amounts: Mapping[str, float],
        by: str,
        remove: Collection[str] = (),
    ) -> Mapping[str, Scalar]:
        """Set some, add to others, remove some: all or none; durable when this returns.

        A variable that was never set counts as 0 where something is added to it; one that is
        removed is unknown to those who read it.

        Raises:
            BadInput: A name that is none, or a value that cannot be kept.
            NotFound: What is to be removed was never set.
            Rejected: An amount for a text, or too many variables.
            StorageError: The disk refused; nothing has changed.
        """
        async with self._lock:
            wanted = dict(values)
            for name, amount in amounts.items():
                wanted[name] = _sum(name, wanted.get(name, self._value(name)), amount)
            now = self._clock.now()
            fresh = {name: Variable(_checked(name, v), now, by) for name, v in wanted.items()}
            for name in remove:
                self.get(name)
            kept = {name: one for name, one in self._known.items() if name not in remove}
            known = {**kept, **fresh}
            if len(known) > MAX_VARIABLES:
                msg = f"more than {MAX_VARIABLES} variables"
                raise Rejected(msg, hint="use fewer names")
            if self._path is not None:
                content = {name: asdict(one) for name, one in sorted(known.items())}
                with self._clock.hold():
                    await asyncio.to_thread(write_json, self._path, content, backup=False)
            self._known = known
            gone = sorted(set(remove) - fresh.keys())
            self._publish(fresh, gone)
            self._tell(fresh, gone, by)
            return wanted

    def _value(self, name: str) -> Scalar:
        known = self._known.get(name)
        return 0.0 if known is None else known.value

    def _publish(self, variables: Mapping[str, Variable], gone: Collection[str] = ()) -> None:
        now, mono = self._clock.now(), self._clock.monotonic()
        samples = [
            Sample(f"{SOURCE}.{name}", one.value, "", Quality.GOOD, AlarmState.NORMAL, now, mono)
            for name, one in variables.items()
        ]
        samples += [
            Sample(f"{SOURCE}.{name}", None, "", Quality.BAD, AlarmState.NORMAL, now, mono, "gone")
            for name in gone
        ]
        if samples:
            self._bus.publish(Snapshot(SOURCE, now, mono, 0.0, tuple(samples)))

    def _tell(self, variables: Mapping[str, Variable], gone: Collection[str], by: str) -> None:
        """For whoever shows them."""
        items = [{"name": name, **asdict(one)} for name, one in variables.items()]
        payload = {"items": items, "removed": list(gone), "by": by}
        clock = self._clock
        self._bus.publish(Event("variables_changed", payload, clock.now(), clock.monotonic()))


def _sum(name: str, value: Scalar, amount: float) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        msg = f"var.{name} is {value!r}: nothing can be added to it"
        raise Rejected(msg, code="WRONG_TYPE", hint="set it to a number first")
    return float(value) + amount


def _checked(name: str, value: object) -> Scalar:
    """A value that can be kept.

    Raises:
        BadInput: It cannot.
    """
    if not VARIABLE.fullmatch(name):
        msg = f"{name!r} is no name of a variable"
        raise BadInput(msg, hint="lower case letters, digits and _")
    if isinstance(value, str) and len(value) <= MAX_TEXT:
        return str(value)
    if isinstance(value, bool):
        return value
    if isinstance(value, int | float) and math.isfinite(value):
        return float(value)
    msg = f"var.{name} takes a finite number, true, false, or a text of {MAX_TEXT} characters"
    raise BadInput(msg)


def _read(path: Path) -> dict[str, Variable]:
    content = read_json(path)
    known = {}
    for name, one in content.items() if isinstance(content, dict) else ():
        try:
            known[name] = Variable(
                _checked(name, one["value"]), float(one["updated"]), str(one["by"])
            )
        except (BadInput, KeyError, TypeError, ValueError) as error:
            msg = f"{path.name}: {name}: {error}"
            raise ConfigInvalid(msg) from error
    return known
