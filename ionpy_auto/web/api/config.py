"""``/api/config``: what can be added to a project."""

from typing import Any

from litestar import Controller, get

from ionpy_auto.engine import Engine


class ConfigController(Controller):
    """Drivers that devices can be made of."""

    path = "/api/config"
    tags = ("devices",)

    @get("/drivers", operation_id="listDrivers", sync_to_thread=True)
    def drivers(self, engine: Engine) -> dict[str, Any]:
        """All drivers found, also broken ones with what is wrong."""
        items = engine.catalogue.describe()
        return {"items": items, "total": len(items)}
