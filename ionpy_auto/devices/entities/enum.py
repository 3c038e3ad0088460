"""One word out of a fixed list."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

from ionpy_auto.core.errors import Rejected
from ionpy_auto.core.samples import Quality, Scalar
from ionpy_auto.devices.entities.base import Entity, Reading, undecodable, wrong_type


@dataclass(kw_only=True, eq=False)
class Enum(Entity):
    """One word out of a list.

    Attributes:
        options: Word → what people read.
        codes: Number on the wire → word, for drivers that read registers.
    """

    kind: ClassVar[str] = "enum"

    options: Mapping[str, str]
    codes: Mapping[int, str] = field(default_factory=dict)

    def check(self, value: object) -> Scalar:
        """One of the words.

        Raises:
            BadInput: Not a text.
            Rejected: Not on the list.
        """
        if not isinstance(value, str):
            raise wrong_type(self, value, "a word")
        if value not in self.options:
            known = ", ".join(self.options)
            msg = f"{self.id}: {value!r:.60} is not one of {known}"
            raise Rejected(
                msg, code="OUT_OF_RANGE", hint=f"give one of {known}", args={"entity": self.id}
            )
        return value

    def decode(self, raw: object) -> Reading:
        """A word of the list, or the code of one."""
        word = self.codes.get(raw) if type(raw) is int else raw
        if isinstance(word, str) and word in self.options:
            return word, Quality.GOOD, ""
        return undecodable(raw)

    def code_of(self, word: Scalar) -> int:
        """The number on the wire of a checked word."""
        return next(code for code, known in self.codes.items() if known == word)

    def problems(self) -> list[str]:
        """What is wrong with this declaration."""
        found = super().problems()
        if not self.options:
            found.append(f"{self.id}: an enum needs options")
        unknown = sorted(set(self.codes.values()) - set(self.options))
        if unknown:
            found.append(f"{self.id}: codes name unknown options {unknown}")
        return found

    def describe(self) -> dict[str, Any]:
        """The entity's part of the manifest."""
        options = [{"key": key, "label": label} for key, label in self.options.items()]
        return super().describe() | {"options": options}
