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

    @get("/drivers/{name:str}/blueprint", operation_id="driverBlueprint", sync_to_thread=True)
    def blueprint(self, engine: Engine, name: str) -> dict[str, Any]:
        """Ways to reach such a device with their defaults, and its parameters as JSON Schema."""
        driver = engine.catalogue.get(name).describe()
        return {key: driver[key] for key in ("driver", "blueprints", "parameters")}
