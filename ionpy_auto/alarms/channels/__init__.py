"""Ways a message takes to people: one file per channel, found by its name."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import ModuleType
from typing import Any, ClassVar, Final, Protocol

from pydantic import BaseModel, ConfigDict

from ionpy_auto.alarms.outward import Outward
from ionpy_auto.core.clock import Clock
from ionpy_auto.core.errors import ConfigInvalid
from ionpy_auto.core.registry import Registry


@dataclass(frozen=True, slots=True)
class Letter:
    """One message on its way to one address.

    Attributes:
        key: The same in every try: who keeps it sees a repetition.
        status: ``firing``, ``resolved``, ``message`` (of a rule) or ``undelivered``.
        severity: The worst of what it tells.
        content: The same for programs, in Alertmanager's form; empty for messages of rules.
    """

    key: str
    title: str
    message: str
    receiver: str = ""
    status: str = "message"
    severity: str = "info"
    content: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Kit:
    """What channels may use.

    Attributes:
        clock: Held while something is on its way outside.
        outward: Sends requests, and knows which hosts may be reached.
        tell: Publishes an event to all browsers.
    """

    clock: Clock
    outward: Outward
    tell: Callable[[str, Mapping[str, Any]], None] = lambda _kind, _payload: None


PLACEHOLDER: Final = re.compile(r"\$\{([A-Za-z0-9][A-Za-z0-9_.-]{0,63})\}")
"""``${NAME}``: a secret, put in when a message leaves."""


def has_placeholder(text: str) -> bool:
    """Whether a part of a text is a secret that is put in later."""
    return PLACEHOLDER.search(text) is not None


class Target(BaseModel):
    """Where one channel sends to: what stands below a receiver."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    short: ClassVar[str] = ""
    """The field a plain text stands for; empty: it is always written as a map."""

    @property
    def shown(self) -> str:
        """The address without its secrets."""
        raise NotImplementedError


class Channel(Protocol):
    """One way.

    Attributes:
        word: The key below a receiver.
        target: What stands there.
    """

    word: ClassVar[str]
    target: ClassVar[type[Target]]

    def __init__(self, kit: Kit) -> None:
        """Only remembers."""

    async def deliver(self, target: Any, letter: Letter) -> None:  # noqa: ANN401 - of its own class
        """Hand a message over.

        Raises:
            IonpyError: It did not arrive; ``arguments["final"]`` says that trying again is of no
                use, ``retry_after_s`` when to try again at the earliest.
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
