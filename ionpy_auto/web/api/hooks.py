"""``/api/hooks`` and ``/api/variables``: what other programs tell rules, and what rules keep."""

from typing import Any

import msgspec
from litestar import Controller, Request, delete, get, patch, post, put

from ionpy_auto.core.errors import BadInput, TooLarge
from ionpy_auto.engine import Engine

MAX_BODY = 16_384


BY = "rest"
Value = bool | float | str


class OneValue(msgspec.Struct, forbid_unknown_fields=True):
    """What a variable shall be."""

    value: Value


class AllValues(msgspec.Struct, forbid_unknown_fields=True):
    """What the variables shall be."""

    values: dict[str, Value]


class Changes(msgspec.Struct, forbid_unknown_fields=True):
    """What shall be changed: all of it or nothing."""

    set: dict[str, Value] = {}
    add: dict[str, float] = {}
    remove: list[str] = []


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

    @get("/{name:str}", operation_id="getVariable", sync_to_thread=False)
    def one(self, engine: Engine, name: str) -> dict[str, Any]:
        """One variable with its last change."""
        return engine.project.automation.variables.get(name)

    @patch(operation_id="changeVariables")
    async def change(self, engine: Engine, data: Changes) -> dict[str, Any]:
        """Set some, add to others, remove some; durable when this answers."""
        automation = engine.project.automation
        return await automation.change_variables(BY, data.set, data.add, data.remove)

    @put(operation_id="replaceVariables")
    async def replace(self, engine: Engine, data: AllValues) -> dict[str, Any]:
        """Exactly these variables; others are removed."""
        automation = engine.project.automation
        known = [one["name"] for one in automation.variables.list()]
        gone = [name for name in known if name not in data.values]
        return await automation.change_variables(BY, data.values, {}, gone)

    @put("/{name:str}", operation_id="setVariable")
    async def set_one(self, engine: Engine, name: str, data: OneValue) -> dict[str, Any]:
        """Set one variable."""
        automation = engine.project.automation
        await automation.change_variables(BY, {name: data.value}, {}, [])
        return automation.variables.get(name)

    @delete("/{name:str}", operation_id="removeVariable", status_code=200)
    async def remove(self, engine: Engine, name: str) -> dict[str, Any]:
        """Remove one variable: whoever reads it finds it unknown."""
        return await engine.project.automation.change_variables(BY, {}, {}, [name])
