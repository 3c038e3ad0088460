"""Protocols of other programs: one format per file of this folder, found by scanning it.

A file ``<name>.py`` holds one class with ``name`` (the file's own), ``knows(text)`` and
``read(text)``, which gives a `Plan`; one that can also write has ``write(flow)``. What cannot be
carried over is never left out silently: each such thing is a `Loss`.
"""

import importlib
import pkgutil
from dataclasses import dataclass
from functools import cache
from typing import Any, Final, Protocol, runtime_checkable

from ionpy_auto.automation.flow import Flow
from ionpy_auto.automation.interchange._plan import Loss, Plan
from ionpy_auto.automation.interchange._shape import shape
from ionpy_auto.automation.interchange._text import Heading, write_flow
from ionpy_auto.core.errors import BadInput, NotFound

AUTO: Final = "auto"
MAX_BYTES: Final = 1_000_000

__all__ = ["AUTO", "Heading", "Imported", "Loss", "export_flow", "formats", "import_protocol"]


class Reader(Protocol):
    """Reads protocols of one format."""

    name: str

    def knows(self, text: str) -> bool:
        """Whether the text looks like one of this format."""

    def read(self, text: str) -> tuple[Plan, list[Loss]]:
        """The protocol, and what could not be carried over.

        Raises:
            BadInput: The text is none; message and hint name the place.
        """


@runtime_checkable
class Writer(Protocol):
    """Writes protocols of one format."""

    def write(self, flow: Flow) -> tuple[str, list[Loss]]:
        """The sequence of a flow as a text, and what could not be carried over."""


@dataclass(frozen=True, slots=True)
class Imported:
    """A protocol as a flow.

    Attributes:
        text: Of the flow.
        losses: What is not as it was.
        format: The format it was read as.
    """

    text: str
    losses: tuple[Loss, ...]
    format: str

    def as_dict(self) -> dict[str, Any]:
        """JSON form."""
        losses = [loss.as_dict() for loss in self.losses]
        return {"format": self.format, "text": self.text, "losses": losses}


@cache
def formats() -> tuple[str, ...]:
    """Names of the formats, in alphabetical order."""
    names = (module.name for module in pkgutil.iter_modules(__path__))
    return tuple(sorted(name for name in names if not name.startswith("_")))


def _format(name: str) -> Reader:
    if name not in formats():
        msg = f"there is no protocol format {name!r}"
        raise NotFound(msg, hint=f"formats: {', '.join(formats())}")
    module = importlib.import_module(f"{__name__}.{name}")
    for value in vars(module).values():
        if isinstance(value, type) and getattr(value, "name", None) == name:
            made: Reader = value()
            return made
    msg = f"interchange/{name}.py has no class named {name!r}"
    raise NotFound(msg)


def import_protocol(text: str, name: str = AUTO, heading: Heading | None = None) -> Imported:
    """A protocol of another program as the text of a flow.

    Args:
        text: The whole protocol.
        name: Its format; ``auto`` looks at the text.
        heading: Id, cell and channel of the flow.

    Raises:
        BadInput: The text is not of that format, or too large; message and hint name the place.
        NotFound: There is no such format.
    """
    if len(text) > MAX_BYTES:
        msg = f"the protocol is longer than {MAX_BYTES} characters"
        raise BadInput(msg, hint="split it")
    reader = _recognised(text) if name == AUTO else _format(name)
    plan, losses = reader.read(text)
    heading = heading or Heading()
    shaped = shape(plan, has_cell=bool(heading.cell))
    losses += shaped.losses
    return Imported(write_flow(shaped.plan, heading, losses), tuple(losses), reader.name)


def _recognised(text: str) -> Reader:
    for name in formats():
        reader = _format(name)
        if reader.knows(text):
            return reader
    msg = "the protocol is of no known format"
    raise BadInput(msg, hint=f"name one of the formats: {', '.join(formats())}")


def export_flow(flow: Flow, name: str) -> tuple[str, list[Loss]]:
    """The sequence of a flow in the format of another program.

    Raises:
        NotFound: There is no such format, or it is only read.
        Rejected: The flow has nothing the format knows.
    """
    writer = _format(name)
    if not isinstance(writer, Writer):
        msg = f"protocols of format {name!r} are read, not written"
        raise NotFound(msg, hint="unicycler is written")
    return writer.write(flow)
