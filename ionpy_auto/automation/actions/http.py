"""``http``: ask another machine for something, once."""

import json
from collections.abc import Mapping
from typing import Annotated, Any, Literal, Self
from urllib.parse import urlsplit

from pydantic import Field, model_validator

from ionpy_auto.automation.actions._values import FreeFields, values_now
from ionpy_auto.automation.blocks import Action, action
from ionpy_auto.automation.context import ActionContext, WebCall
from ionpy_auto.automation.fields import Message, PlacedText, Plain, Reading, Seconds, fail

LONGEST_S = 60.0


class _Url(Plain):
    """An address as it stands; values belong into the body."""

    schema: Mapping[str, Any] = {"type": "string", "format": "uri", "pattern": "^https?://"}

    def read(self, value: object, reading: Reading) -> str:
        del reading
        text = value.strip() if isinstance(value, PlacedText) else ""
        url = urlsplit(text)
        if url.scheme not in {"http", "https"} or not url.netloc:
            raise fail("bad_url", "an http or https URL is needed here", "https://host/path")
        if "@" in url.netloc:
            raise fail("bad_url", "a URL here holds no user and no password")
        if "{{" in text:
            raise fail("bad_url", "the address is fixed", "put values into fields or body")
        return text


@action
class Http(Action):
    """Send a request to another machine."""

    shorthand = "url"
    url: Annotated[str, _Url()]
    method: Literal["GET", "POST", "PUT", "PATCH", "DELETE"] | None = None
    body: Annotated[Message | None, Field(description="text that is sent")] = None
    fields: Annotated[FreeFields, Field(description="sent as a JSON object")] = ()
    timeout: Annotated[Seconds, Field(description="at most 1 min")] = 10.0

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if self.body is not None and self.fields:
            raise fail("wrong_value", "http takes body or fields, not both")
        if self.method == "GET" and (self.body is not None or self.fields):
            raise fail("wrong_value", "a GET carries nothing", "method: POST")
        if not 0 < self.timeout <= LONGEST_S:
            raise fail("range", "timeout is above 0 and at most 1 min")
        return self

    def sentence(self) -> str:
        """As a person would say it."""
        return f"{self._method} {self.url}"

    @property
    def _method(self) -> str:
        return self.method or ("POST" if self.body is not None or self.fields else "GET")

    async def act(self, context: ActionContext) -> Mapping[str, Any]:
        """Send it once; the answer must mean success.

        Raises:
            Forbidden: The address must not be reached.
            Unavailable: No answer in time, or another one.
        """
        body, kind = None, "application/json"
        if self.fields:
            body = json.dumps(values_now(self.fields, context.env), ensure_ascii=False)
        elif self.body is not None:
            body = self.body.render(context.env)
            kind = "application/json" if _is_json(body) else "text/plain; charset=utf-8"
        call = WebCall(
            method=self._method,
            url=self.url,
            body=body,
            content_type=kind,
            timeout_s=self.timeout,
        )
        return await context.lab.request(call)


def _is_json(text: str) -> bool:
    try:
        json.loads(text)
    except ValueError:
        return False
    return True
