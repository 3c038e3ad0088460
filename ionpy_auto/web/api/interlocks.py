"""``/api/interlocks``: what must not be, whoever asks."""

from typing import Annotated, Any

import msgspec
from litestar import Controller, get, post, put

from ionpy_auto.engine import Engine

PERSON = "rest"


class NewText(msgspec.Struct, forbid_unknown_fields=True):
    """The whole file and the revision it started from."""

    text: Annotated[str, msgspec.Meta(max_length=200_000)]
    revision: str


class ShelfWish(msgspec.Struct, forbid_unknown_fields=True):
    """For how long, at most eight hours, and why."""

    minutes: Annotated[float, msgspec.Meta(gt=0, le=480)]
    reason: Annotated[str, msgspec.Meta(min_length=3, max_length=500)]


class InterlocksController(Controller):
    """Interlocks of the open project."""

    path = "/api/interlocks"
    tags = ("devices",)

    @get(operation_id="listInterlocks", sync_to_thread=False)
    def list_interlocks(self, engine: Engine) -> dict[str, Any]:
        """All interlocks with their state; the file, its revision and what is wrong with it."""
        return engine.project.interlocks.as_dict()

    @put(operation_id="writeInterlocks")
    async def write(self, engine: Engine, data: NewText) -> dict[str, Any]:
        """Write the file and put it in force; 422 with all findings if it has errors."""
        return await engine.project.interlocks.write(data.text, data.revision, PERSON)

    @post("/apply", operation_id="applyInterlocks", status_code=200, sync_to_thread=False)
    def apply(self, engine: Engine) -> dict[str, Any]:
        """Put in force what somebody changed on disk; a file with errors denies every write."""
        return engine.project.interlocks.apply_disk(PERSON)

    @post("/{name:str}/shelve", operation_id="shelveInterlock", status_code=200)
    async def shelve(self, engine: Engine, name: str, data: ShelfWish) -> dict[str, Any]:
        """Put one aside for a while."""
        return engine.project.interlocks.shelve(name, data.minutes * 60.0, PERSON, data.reason)

    @post("/{name:str}/unshelve", operation_id="unshelveInterlock", status_code=200)
    async def unshelve(self, engine: Engine, name: str) -> dict[str, Any]:
        """Put one in force again."""
        return engine.project.interlocks.unshelve(name, PERSON)
