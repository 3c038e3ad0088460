"""Ways a message takes to people: one file per channel, found by its name."""

from types import ModuleType
from typing import Final, Protocol

from ionpy_auto.core.errors import ConfigInvalid
from ionpy_auto.core.registry import Registry


class Channel(Protocol):
    """One way."""

    async def deliver(self, address: str, title: str, message: str) -> None:
        """Hand a message over.

        Raises:
            IonpyError: It did not arrive; ``arguments["final"]`` says that trying again is of no
                use.
        """


def _pick(module: ModuleType) -> type[Channel]:
    for thing in vars(module).values():
        if isinstance(thing, type) and thing.__module__ == module.__name__:
            found: type[Channel] = thing
            if hasattr(found, "deliver"):
                return found
    msg = f"{module.__name__} holds no channel"
    raise ConfigInvalid(msg)


CHANNELS: Final[Registry[type[Channel]]] = Registry("channel", "ionpy_auto.alarms.channels", _pick)
