"""A fake wire, an auditor that remembers, and one output to write: what the gate's tests share."""

import asyncio
from collections.abc import Callable

from ionpy_auto.core.clock import VirtualClock
from ionpy_auto.core.commands import Command, Mode, Origin, Priority, Role, WriteGate
from ionpy_auto.core.errors import BadInput, NotFound, Rejected
from ionpy_auto.core.safety import PanicLatch


class Wire:
    """Everything that ever went out."""

    def __init__(self) -> None:
        self.sent: list[tuple[str, object]] = []


class Output:
    """0 to 60 V in steps of 0.01, as a driver would offer it."""

    def __init__(self, wire: Wire, name: str) -> None:
        self.wire = wire
        self.name = name
        self.offline: str | None = None
        self.maximum = 60.0
        self.error: BaseException | None = None
        self.reads_back = True
        self.current: float | None = 0.0
        self.gate: asyncio.Event | None = None
        self.is_dangerous = False

    def blocked(self, value: object) -> str | None:
        return self.offline

    def check(self, value: object) -> float:
        if isinstance(value, bool) or not isinstance(value, int | float):
            msg = f"{self.name} takes a number"
            raise BadInput(msg)
        if not 0 <= value <= self.maximum:
            msg = f"{self.name}: {value} is outside 0..{self.maximum}"
            raise Rejected(msg, code="OUT_OF_RANGE")
        return round(float(value), 2)

    def is_safe(self, value: object) -> bool:
        return value == 0

    async def send(
        self, value: float, admit: Callable[[], object], *, in_turn: bool = False
    ) -> tuple[float | None, float]:
        admit()
        self.wire.sent.append((self.name, value))
        if self.gate is not None:
            await self.gate.wait()
        if self.error is not None:
            raise self.error
        self.current = value
        return (value if self.reads_back else None), 1.5


class Bench:
    """Devices by id; each has u_set and i_set."""

    def __init__(self) -> None:
        self.wire = Wire()
        self.outputs: dict[str, Output] = {}
        for device in ("PSU_01", "LOAD_01"):
            self.plug_in(device)

    def plug_in(self, device: str) -> None:
        for entity in ("u_set", "i_set"):
            name = f"{device}.{entity}"
            self.outputs[name] = Output(self.wire, name)

    def write_target(self, device: str, entity: str) -> Output:
        if entity == "u_out":
            msg = f"{device}.u_out is read-only"
            raise Rejected(msg, code="READ_ONLY")
        if f"{device}.{entity}" not in self.outputs:
            msg = f"there is no {device}.{entity}"
            raise NotFound(msg)
        return self.outputs[f"{device}.{entity}"]


class Auditor:
    """Remembers; may hang or fail on request."""

    def __init__(self) -> None:
        self.intents: list[Command] = []
        self.results: dict[int, str] = {}
        self.refusals: list[str] = []
        self.error: Exception | None = None
        self.result_error: Exception | None = None
        self.hang = False
        self.hang_result = False
        self.meanwhile: Callable[[], None] = lambda: None

    async def intent(self, command: Command, old: object, sent: object) -> int:
        if self.hang:
            await asyncio.Event().wait()
        if self.error is not None:
            raise self.error
        self.intents.append(command)
        await asyncio.sleep(0)
        self.meanwhile()
        return len(self.intents)

    async def result(self, intent: int, outcome: str, read_back: object) -> None:
        if self.hang_result:
            await asyncio.Event().wait()
        if self.result_error is not None:
            raise self.result_error
        assert intent not in self.results, "one result per intent"
        self.results[intent] = str(outcome)

    def refused(self, command: Command, reason: str) -> None:
        self.refusals.append(reason)


class DoorInterlock:
    """Denies everything while the door is open, or when nobody knows."""

    id = "door"

    def __init__(self) -> None:
        self.is_closed: bool | None = True

    def denies(self, device: str, entity: str, value: object) -> str | None:
        return None if self.is_closed is True else "the door is not known to be closed"


class Lab:
    """A gate with everything around it, armed."""

    def __init__(self) -> None:
        self.bench = Bench()
        self.auditor = Auditor()
        self.latch = PanicLatch()
        self.clock = VirtualClock()
        self.gate = WriteGate(self.bench, self.auditor, self.latch, self.clock)
        self.gate.mode.mode, self.gate.mode.armed_by = Mode.ARMED, "user:eva"
        self.door = DoorInterlock()
        self.gate.interlocks.append(self.door)

    @property
    def sent(self) -> list[tuple[str, object]]:
        return self.bench.wire.sent

    @property
    def output(self) -> Output:
        return self.bench.outputs["PSU_01.u_set"]


def command(
    value: object = 12.0,
    *,
    point: str = "PSU_01.u_set",
    kind: Priority = Priority.PERSON,
    by: str = "user:anna",
    role: Role = Role.OPERATOR,
) -> Command:
    device, entity = point.split(".")
    return Command(device, entity, value, Origin(kind, by, role))
