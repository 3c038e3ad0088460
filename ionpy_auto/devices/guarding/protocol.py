"""What server and guard say to each other: one JSON object per line, down stdin and up stdout.

The guard must never fall over what it hears: a line it does not understand is dropped and counted.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Generic, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from ionpy_auto.devices.config import DeviceConfig

MAX_LINE = 8 * 2**20
"""Longer than any configuration; what is longer still is no message."""

BEAT_S = 0.5
"""The server's control loop says it is alive this often."""


class _Line(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    def line(self) -> bytes:
        """The message as it travels."""
        return self.model_dump_json().encode() + b"\n"


class Drivers(_Line):
    """Where drivers are found, and what is trusted there: content hash by folder."""

    shipped: Path
    folders: tuple[Path, ...] = ()
    trusted: dict[str, str] = Field(default_factory=dict)


class Configure(_Line):
    """The guard's own copy of what it needs to reach the devices of a project."""

    word: Literal["configure"] = "configure"
    project: str = ""
    devices: tuple[DeviceConfig, ...] = ()
    drivers: Drivers


class On(_Line):
    """All outputs this installation switched on and has not read back off, by device."""

    word: Literal["on"] = "on"
    outputs: dict[str, tuple[str, ...]] = Field(default_factory=dict)


class Beat(_Line):
    """The control loop turns; the guard answers with the same word.

    Attributes:
        starting: The project is being opened: the loop may be late, that is no hanging yet.
    """

    word: Literal["beat"] = "beat"
    starting: bool = False


class Bye(_Line):
    """The server stops in order; its outputs are its own affair."""

    word: Literal["bye"] = "bye"


class Ready(_Line):
    """The guard knows these devices; the text says why it cannot serve one, empty when it can."""

    word: Literal["ready"] = "ready"
    devices: dict[str, str] = Field(default_factory=dict)


ToGuard = Configure | On | Beat | Bye
FromGuard = Ready | Beat

TO_GUARD: TypeAdapter[ToGuard] = TypeAdapter(Annotated[ToGuard, Field(discriminator="word")])
FROM_GUARD: TypeAdapter[FromGuard] = TypeAdapter(Annotated[FromGuard, Field(discriminator="word")])

M = TypeVar("M")


class Lines(Generic[M]):
    """Cuts a stream into messages; survives garbage, split and joined reads.

    Attributes:
        dropped: Lines that were no message.
    """

    def __init__(self, known: TypeAdapter[M]) -> None:
        self._known = known
        self._half = bytearray()
        self._skips = False
        self.dropped = 0

    def feed(self, data: bytes) -> list[M]:
        """Take bytes in; returns the messages that became complete. Never raises."""
        self._half += data
        *whole, rest = self._half.split(b"\n")
        self._half = rest
        found = self._read(whole)
        if len(rest) > MAX_LINE:
            self._half.clear()
            self._skips = True  # up to the end of this line
        return found

    def _read(self, lines: Sequence[bytes | bytearray]) -> list[M]:
        found = []
        for line in lines:
            if self._skips:
                self._skips = False
                self.dropped += 1
                continue
            try:
                found.append(self._known.validate_json(bytes(line)))
            except ValidationError:
                self.dropped += 1
        return found
