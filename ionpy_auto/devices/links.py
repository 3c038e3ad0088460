"""What a driver talks through: links, and the transports and framings they are made of.

A *transport* is a byte pipe owned by one device, a *framing* cuts its bytes into messages, a
*link* is what a driver sees: questions and answers, or registers. Timeouts on a link are real
time, because an instrument does not follow a virtual clock; whoever waits for one holds the clock.
"""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Protocol

from pydantic import BaseModel, ConfigDict, ValidationError

from ionpy_auto.core.clock import Clock
from ionpy_auto.core.errors import DeviceError, IonpyError


class LinkLost(DeviceError):
    """The link is gone; it must be opened anew."""

    code = "LINK_LOST"


class NoAnswer(DeviceError):
    """The device did not answer in time, or answered something unusable; it may the next time."""

    code = "NO_ANSWER"


class StackParams(BaseModel):
    """Base of the parameters of a transport or a framing: unknown fields are errors."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Link(Protocol):
    """Common part of all links."""

    async def open(self) -> None:
        """Get ready to talk.

        Raises:
            LinkLost: The other side is not there; the hint says what to do.
        """

    async def close(self) -> None:
        """Let go of the hardware; never raises, closing twice does nothing."""


class ModbusLink(Link, Protocol):
    """Registers of one Modbus unit.

    All methods raise NoAnswer (silence, exception answer) or LinkLost.
    """

    unit: int
    """Address of the unit; a driver sets it from its parameters before it asks anything."""

    async def read_holding(self, address: int, count: int) -> Sequence[int]:
        """``count`` holding registers from ``address`` (function 3)."""

    async def read_input(self, address: int, count: int) -> Sequence[int]:
        """``count`` input registers from ``address`` (function 4)."""

    async def read_coils(self, address: int, count: int) -> Sequence[int]:
        """``count`` coils from ``address``, each 0 or 1 (function 1)."""

    async def read_discrete(self, address: int, count: int) -> Sequence[int]:
        """``count`` discrete inputs from ``address``, each 0 or 1 (function 2)."""

    async def write_register(self, address: int, value: int) -> None:
        """Write one register (function 6)."""

    async def write_registers(self, address: int, values: Sequence[int]) -> None:
        """Write neighbouring registers (function 16)."""

    async def write_coil(self, address: int, value: int) -> None:
        """Write one coil with 0 or 1 (function 5)."""


class MessageLink(Link, Protocol):
    """Messages cut out by a framing."""

    async def send(self, payload: bytes) -> None:
        """Send one message."""

    async def query(self, payload: bytes, timeout_s: float | None = None) -> bytes:
        """Send one message and return the next that comes.

        Raises:
            NoAnswer: Nothing in time.
            LinkLost: The pipe broke.
        """


class Transport(Protocol):
    """A byte pipe owned by one device."""

    async def open(self) -> None:
        """Connect.

        Raises:
            LinkLost: With ``TRANSPORT_<TYPE>`` and a hint.
        """

    async def read(self) -> bytes:
        """At least one byte, as they come.

        Raises:
            LinkLost: The other side hung up.
        """

    async def write(self, data: bytes) -> None:
        """Hand all bytes over.

        Raises:
            LinkLost: The pipe broke.
        """

    async def close(self) -> None:
        """Let go; never raises, closing twice does nothing."""


class Framing(Protocol):
    """Cuts a stream of bytes into messages; survives garbage, split and joined reads."""

    dropped: int
    """Bytes thrown away because they belonged to no message."""

    def feed(self, data: bytes) -> list[bytes]:
        """Take bytes in; returns the messages that became complete."""

    def encode(self, payload: bytes) -> bytes:
        """The bytes that carry one message.

        Raises:
            BadInput: The message cannot be carried (too long, holds the delimiter).
        """

    def reset(self) -> None:
        """Forget half a message, for example before a new question."""


class TransportKind(Protocol):
    """A registered transport: its parameters and how one is made."""

    NAME: ClassVar[str]
    WIZARD: ClassVar[bool]
    Params: ClassVar[type[StackParams]]

    def __call__(self, params: Any, clock: Clock) -> Transport:  # noqa: ANN401 - own Params
        """Make one; nothing is opened yet."""


class FramingKind(Protocol):
    """A registered framing: its parameters and how a link over a transport is made."""

    NAME: ClassVar[str]
    Params: ClassVar[type[StackParams]]

    def link(self, transport: Transport, params: Any, clock: Clock) -> Link:  # noqa: ANN401
        """Make a link; nothing is opened yet."""


def note_of(link: object) -> str:
    """What people should know about where a link leads; empty when all is as configured.

    For example ``COM3 is not here; using /dev/ttyUSB1 (0403:FA00, serial A1)``. Known after `open`.
    """
    for part in (link, getattr(link, "transport", None)):
        note = str(getattr(part, "note", ""))
        if note:
            return note
    return ""


def validated(model: type[BaseModel], values: Mapping[str, Any], *, stage: str, what: str) -> Any:  # noqa: ANN401 - an instance of ``model``
    """Parameters as their model.

    Raises:
        IonpyError: ``SPAWN_<STAGE>`` with the field and what it should be.
    """
    try:
        return model.model_validate(dict(values))
    except ValidationError as error:
        first = error.errors()[0]
        field = ".".join(str(part) for part in first["loc"])
        msg = f"{what}: {field}: {first['msg']}"
        raise SpawnError(
            msg,
            code=f"SPAWN_{stage.upper()}",
            hint=f"known fields: {', '.join(model.model_fields) or 'none'}",
            args={"field": field, "stage": stage},
        ) from None


class SpawnError(IonpyError):
    """A device cannot be built from its configuration."""

    code = "SPAWN_DRIVER"
    status = 422
