"""``/api/hooks`` and ``/api/variables``: what other programs tell rules, and what rules keep."""

from typing import Any

import msgspec
from litestar import Controller, Request, get, post

from ionpy_auto.core.errors import BadInput, TooLarge
from ionpy_auto.engine import Engine

MAX_BODY = 16_384


class HooksController(Controller):
    """Posts that rules listen to."""

    path = "/api/hooks"
    tags = ("rules",)

    @post("/{name:str}", operation_id="postHook", status_code=202)
    async def receive(
        self, engine: Engine, request: Request[Any, Any, Any], name: str
    ) -> dict[str, Any]:
        """Tell the rules that listen; the fields of the JSON object become ``trigger.*``."""
        body = await request.body()
        if len(body) > MAX_BODY:
            msg = f"a hook takes {MAX_BODY} bytes"
            raise TooLarge(msg, hint="send less")
        try:
            content = msgspec.json.decode(body or b"{}")
        except msgspec.DecodeError as error:
            raise BadInput(str(error)[:200], code="BAD_JSON", hint="send valid JSON") from None
        if not isinstance(content, dict):
            msg = "a hook takes one JSON object"
            raise BadInput(msg, hint='send {"name": value}')
        heard = engine.project.automation.hooks.post(name, content)
        return {"name": name, "rules": heard}


class VariablesController(Controller):
    """What rules keep for the project."""

    path = "/api/variables"
    tags = ("rules",)

    @get(operation_id="listVariables", sync_to_thread=False)
    def list_variables(self, engine: Engine) -> dict[str, Any]:
        """All variables with their last change."""
        items = engine.project.automation.variables.list()
        return {"items": items, "total": len(items)}
