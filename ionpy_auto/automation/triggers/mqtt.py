"""``mqtt``: a message comes from a broker."""

from collections.abc import Callable, Mapping
from typing import Annotated, Any, Literal

from pydantic import Field

from ionpy_auto.automation.blocks import Trigger, trigger
from ionpy_auto.automation.context import Firing, RuleContext
from ionpy_auto.automation.fields import PlacedText, Plain, Reading, Word, fail
from ionpy_auto.automation.rules.values import same_value
from ionpy_auto.connections import Message, Wish
from ionpy_auto.connections.messages import Path, parse_path
from ionpy_auto.connections.topics import filter_problem
from ionpy_auto.core.errors import BadInput


class _Filter(Plain):
    """A topic, with + and # as wildcards."""

    schema: Mapping[str, Any] = {"type": "string", "minLength": 1, "examples": ["lab/+/temp"]}

    def read(self, value: object, reading: Reading) -> str:
        """The filter."""
        del reading
        text = str(value) if isinstance(value, PlacedText) else ""
        if problem := filter_problem(text):
            msg = f"{text[:80]!r}: {problem}"
            raise fail("bad_topic", msg, "write lab/oven/temp, lab/+/temp or lab/#")
        return text


class _JsonPath(Plain):
    """The way to a value inside JSON."""

    schema: Mapping[str, Any] = {"type": "string", "examples": ["cells[2].voltage"]}

    def read(self, value: object, reading: Reading) -> Path:
        """Its steps."""
        del reading
        try:
            return parse_path(str(value) if isinstance(value, PlacedText) else "")
        except BadInput as error:
            raise fail("bad_path", error.message, error.hint) from None


class _Level(Plain):
    """0 or 1."""

    schema: Mapping[str, Any] = {"type": "integer", "enum": [0, 1]}

    def read(self, value: object, reading: Reading) -> int:
        """The number."""
        del reading
        if not isinstance(value, PlacedText) or value.strip() not in {"0", "1"}:
            raise fail("wrong_value", "qos is 0 or 1")
        return int(value)


Qos = Annotated[int, _Level()]


@trigger
class MqttTrigger(Trigger):
    """A message comes from a broker."""

    shorthand = "topic"
    topic: Annotated[str, _Filter(), Field(description="+ is one level, # all that follow")]
    broker: Annotated[Word | None, Field(description="a connection; any by default")] = None
    path: Annotated[Path | None, _JsonPath(), Field(description="a value inside JSON")] = None
    value: Annotated[str | None, Field(description="only with exactly this value")] = None
    qos: Annotated[Qos, Field(description="1: nothing is lost on the way")] = 0
    retained: Annotated[
        Literal["ignore", "fire"], Field(description="what the broker had kept is no news")
    ] = "ignore"

    def sentence(self) -> str:
        """As a person would say it."""
        what = ".".join(self.path) if self.path else "a message"
        value = f" {self.value}" if self.value is not None else ""
        of = f" of {self.broker}" if self.broker else ""
        return f"{what}{value} comes on {self.topic}{of}"

    def attach(self, context: RuleContext, fire: Callable[[Firing], None]) -> Callable[[], None]:
        """Listen; what does not hold the wanted value does not fire."""
        retained, path = self.retained == "fire", self.path or ()
        wish = Wish(self.topic, self.broker, self.qos, retained, self.value, path)

        def tell(message: Message, cause: tuple[str, ...]) -> None:
            value = message.value(path)
            if value is None and (self.path is not None or self.value is not None):
                return
            if value is not None and not same_value(self.value, value):
                return
            values = {
                "topic": message.topic,
                "value": value,
                "payload": message.text,
                "broker": message.connection,
                "retained": message.retained,
            }
            fire(Firing("mqtt", values, cause))

        return context.lab.topics.listen(wish, tell)
