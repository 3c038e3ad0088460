"""No bytes at all: the device lives in this process, on the project's clock."""

from typing import Any, ClassVar, NoReturn

from ionpy_auto.core.clock import Clock
from ionpy_auto.devices.bench import Benches
from ionpy_auto.devices.links import LinkLost, StackParams

NAME = "virtual"


class VirtualTransport:
    """A pipe that carries nothing, for drivers that are their own device."""

    NAME: ClassVar[str] = NAME
    WIZARD: ClassVar[bool] = True
    NO_GUARD: ClassVar[str] = "it lives inside the server and ends with it"

    class Params(StackParams):
        """No parameters."""

    def __init__(self, params: Any, clock: Clock) -> None:  # noqa: ANN401 - registry protocol
        del params, clock

    async def open(self) -> None:
        """Nothing to open."""

    async def read(self) -> bytes:
        """There are no bytes.

        Raises:
            LinkLost: Always.
        """
        _refuse()

    async def write(self, data: bytes) -> None:
        """There are no bytes.

        Raises:
            LinkLost: Always.
        """
        del data
        _refuse()

    async def close(self) -> None:
        """Nothing to close."""


def _refuse() -> NoReturn:
    raise LinkLost(
        "a virtual transport carries no bytes",
        code="TRANSPORT_VIRTUAL",
        hint="this driver needs a serial or tcp transport",
    )


class VirtualLink:
    """What a virtual driver gets: the benches of its project.

    Attributes:
        benches: Shared circuits by name.
    """

    def __init__(self, benches: Benches) -> None:
        self.benches = benches

    async def open(self) -> None:
        """Nothing to open."""

    async def close(self) -> None:
        """Nothing to close."""


TRANSPORT = VirtualTransport
