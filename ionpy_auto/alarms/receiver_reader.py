"""Reads what stands below a receiver in the routing file: addresses, templates and a fallback.

An address may hold ``${NAME}``, or be ``secret:NAME`` as a whole: an entry of
``config/secrets.json``, or the variable ``IONPY_SECRET_NAME``. It is put in when a message leaves
and never shown.
"""

import re
from collections.abc import Mapping
from typing import Any, Final

from pydantic import ValidationError

from ionpy_auto.alarms.channels import CHANNELS, PLACEHOLDER, Target
from ionpy_auto.alarms.receivers import Receiver, Way
from ionpy_auto.alarms.routing import Routing
from ionpy_auto.alarms.text_templates import compiled
from ionpy_auto.connections.secrets import NAME, PREFIX, Secrets
from ionpy_auto.core.errors import ConfigInvalid, NotFound, Severity
from ionpy_auto.language import Fields, ListNode, MapNode, Node, TextNode, plain

MAX_WAYS: Final = 50
_SECRET: Final = re.compile(rf"{PREFIX}({NAME.pattern})")


class ReceiverReader:
    """Knows the channels.

    Args:
        secrets: Says which secrets there are.
    """

    def __init__(self, secrets: Secrets) -> None:
        self._secrets = secrets

    def all(self, routing: Routing) -> dict[str, Receiver]:
        """The receivers of a routing that was checked."""
        return {
            name: self.read(Fields(receiver.node, "", []), name)
            for name, receiver in routing.receivers.items()
            if receiver.node is not None
        }

    def check(self, fields: Fields) -> None:
        """Add what is wrong with one receiver, whose name is taken already."""
        self.read(fields, "")

    def read(self, fields: Fields, name: str) -> Receiver:
        """One receiver; what cannot be read is a finding and left out."""
        fields.taken.add("name")
        ways: list[Way] = []
        for channel in CHANNELS:
            node = fields.get(CHANNELS.get(channel).word)
            if node is not None:
                ways += self._ways(fields, channel, node)
        if len(ways) > MAX_WAYS:
            fields.add("too-many", f"at most {MAX_WAYS} addresses", fields.node)
        receiver = Receiver(
            name,
            tuple(ways[:MAX_WAYS]),
            fields.text("fallback"),
            self._template(fields, "title"),
            self._template(fields, "message"),
        )
        fields.unknown()
        return receiver

    def _ways(self, fields: Fields, channel: str, node: Node) -> list[Way]:
        items = node.items if isinstance(node, ListNode) else (node,)
        target = CHANNELS.get(channel).target
        found = (self._written(fields, target, item) for item in items)
        return [Way(channel, number, one) for number, one in enumerate(found) if one is not None]

    def _written(self, fields: Fields, target: type[Target], node: Node) -> dict[str, Any] | None:
        word = target.short
        if isinstance(node, TextNode) and not word:
            fields.add("wrong-type", "a map is needed here", node, "see the reference of receivers")
            return None
        content = plain(node)
        written = {word: content} if isinstance(node, TextNode) else content
        if not isinstance(written, dict):
            fields.add("wrong-type", "a list stands in a list", node)
            return None
        written = {key: _placeholder(value) for key, value in written.items()}
        try:
            target.model_validate(written)
        except ValidationError as error:
            for problem in error.errors():
                _complain(fields, node, problem)
            return None
        self._look_for_secrets(fields, node, written)
        return written

    def _look_for_secrets(self, fields: Fields, node: Node, written: Mapping[str, Any]) -> None:
        for value in written.values():
            for name in PLACEHOLDER.findall(value) if isinstance(value, str) else ():
                try:
                    self._secrets.get(name)
                except NotFound as error:
                    fields.add("no-secret", error.message, node, error.hint, Severity.WARNING)
                except ConfigInvalid as error:
                    fields.add("no-secrets", error.message, node, error.hint, Severity.WARNING)

    @staticmethod
    def _template(fields: Fields, key: str) -> str:
        node = fields.text_node(key)
        if node is None:
            return ""
        try:
            compiled(node.text)
        except ConfigInvalid as error:
            fields.add("bad-template", error.message, node, error.hint)
        return node.text


def _placeholder(value: Any) -> Any:  # noqa: ANN401 - whatever is written
    """``secret:NAME`` in the form that may also stand inside a text."""
    found = _SECRET.fullmatch(value) if isinstance(value, str) else None
    return f"${{{found[1]}}}" if found else value


def _complain(fields: Fields, node: Node, problem: Mapping[str, Any]) -> None:
    key = str(problem["loc"][0]) if problem["loc"] else ""
    where = (node.get(key) if isinstance(node, MapNode) else None) or node
    message = str(problem["msg"]).removeprefix("Value error, ")
    if problem["type"] == "extra_forbidden":
        fields.add("unknown-key", f"'{key}' is not known here", where)
    elif problem["type"] == "missing":
        fields.add("missing-key", f"'{key}' is missing", where)
    else:
        fields.add("wrong-value", f"{key}: {message}", where)
