"""A short text: a serial number, a firmware version, a name."""

from dataclasses import dataclass
from typing import Any, ClassVar

from ionpy_auto.core.errors import Rejected
from ionpy_auto.core.samples import Quality, Scalar
from ionpy_auto.devices.entities.base import Entity, Reading, undecodable, wrong_type


@dataclass(kw_only=True, eq=False)
class Text(Entity):
    """A short text.

    Attributes:
        max_length: Longest text in characters, for writing and reading.
    """

    kind: ClassVar[str] = "text"

    max_length: int = 200

    def check(self, value: object) -> Scalar:
        """A printable text within the length.

        Raises:
            BadInput: Not a text.
            Rejected: Too long, or with control characters.
        """
        if not isinstance(value, str):
            raise wrong_type(self, value, "a text")
        if len(value) > self.max_length or not value.isprintable():
            msg = f"{self.id}: the text is too long or holds control characters"
            raise Rejected(
                msg, code="OUT_OF_RANGE", hint=f"at most {self.max_length} printable characters"
            )
        return value

    def decode(self, raw: object) -> Reading:
        """A text without control characters, cut to the length."""
        if not isinstance(raw, str):
            return undecodable(raw)
        clean = "".join(c if c.isprintable() else "?" for c in raw[: self.max_length])
        return clean, Quality.GOOD, ""

    def describe(self) -> dict[str, Any]:
        """The entity's part of the manifest."""
        return super().describe() | {"max": self.max_length}
