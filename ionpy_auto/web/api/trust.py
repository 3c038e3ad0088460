"""``/api/config/drivers/{name}/trust``: reading and trusting drivers of one's own."""

from typing import Annotated, Any

import msgspec
from litestar import Controller, delete, get, post
from litestar.params import Parameter

from ionpy_auto.engine import Engine
from ionpy_auto.engine.trust import DriverTrust

BY = "rest"
DriverName = Annotated[str, Parameter(max_length=128)]


class Read(msgspec.Struct, forbid_unknown_fields=True):
    """The hash of what was read."""

    hash: Annotated[str, msgspec.Meta(pattern="^[0-9a-f]{64}$")]


class DriverTrustController(Controller):
    """Drivers of the home and project folders run only after an administrator trusted them."""

    path = "/api/config/drivers/{name:str}/trust"
    tags = ("devices",)

    @get(operation_id="driverTrust")
    async def look(self, engine: Engine, name: DriverName) -> dict[str, Any]:
        """Content hash, whether it is trusted, and the difference to what was trusted last."""
        return await DriverTrust(engine).look(name)

    @post(operation_id="trustDriver", status_code=200)
    async def trust(self, engine: Engine, name: DriverName, data: Read) -> dict[str, Any]:
        """Trust what was read; 409 when a file changed meanwhile."""
        return await DriverTrust(engine).trust(name, data.hash, BY)

    @delete(operation_id="distrustDriver", status_code=200)
    async def distrust(self, engine: Engine, name: DriverName) -> dict[str, Any]:
        """Trust it no more; its devices go safe and are disconnected."""
        return await DriverTrust(engine).distrust(name, BY)
