"""``/api/channels``: the channels of the open project, and what persons accept for them."""

from typing import Annotated, Any

import msgspec
from litestar import Controller, delete, get, post
from litestar.params import Parameter

from ionpy_auto.engine import Engine
from ionpy_auto.engine.channels import Channels

ChannelId = Annotated[str, Parameter(max_length=64)]


class Acceptance(msgspec.Struct, forbid_unknown_fields=True):
    """What a person accepts, for which text of the file."""

    item: str
    hash: Annotated[str, msgspec.Meta(min_length=8, max_length=64)]
    person: Annotated[str, msgspec.Meta(min_length=1, max_length=100)]
    note: Annotated[str, msgspec.Meta(max_length=500)] = ""


class ChannelsController(Controller):
    """Supplies, loads and meters wired to one cell."""

    path = "/api/channels"
    tags = ("channels",)

    @get(operation_id="listChannels")
    async def list_channels(self, engine: Engine) -> dict[str, Any]:
        """All channels with their wiring and what is accepted for them."""
        items = Channels(engine).list()
        return {"items": items, "total": len(items)}

    @get("/{channel_id:str}", operation_id="getChannel")
    async def one(self, engine: Engine, channel_id: ChannelId) -> dict[str, Any]:
        """One channel."""
        return Channels(engine).look(channel_id)

    @post("/{channel_id:str}/accept", operation_id="acceptForChannel", status_code=200)
    async def accept(
        self, engine: Engine, channel_id: ChannelId, data: Acceptance
    ) -> dict[str, Any]:
        """Accept what lowers protection; 409 when the file is not what was read."""
        return await Channels(engine).accept(
            channel_id, data.item, data.hash, data.person, data.note
        )

    @delete(
        "/{channel_id:str}/accept/{item:str}", operation_id="withdrawForChannel", status_code=200
    )
    async def withdraw(self, engine: Engine, channel_id: ChannelId, item: str) -> dict[str, Any]:
        """Withdraw an acceptance."""
        return await Channels(engine).withdraw(channel_id, item, "rest")
