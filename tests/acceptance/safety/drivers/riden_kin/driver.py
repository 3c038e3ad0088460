"""The Riden's wire with other roles: what a load and a watched supply do can be seen on it."""

from drivers.riden_rd60xx.driver import RidenRd60xx
from ionpy_auto.devices import RW, Numeric, Role, Safe, Toggle

WATCHDOG_REGISTER = 48  # one that only remembers


class RidenAsLoad(RidenRd60xx):
    """Goes off after the supplies."""

    NAME = "riden_as_load"
    ALIASES = ()
    CATEGORY = "load"
    SIMULATOR = ""

    output = Toggle(access=RW, role=Role.OUTPUT, safe=Safe("write", value=False, order=20))


class RidenWatched(RidenRd60xx):
    """Says that it switches off by itself when it hears nothing for a while."""

    NAME = "riden_watched"
    ALIASES = ()
    SIMULATOR = ""

    watchdog = Numeric(
        unit="s", precision=0, min=0, max=3600, access=RW, role=Role.WATCHDOG, safe=Safe("none")
    )

    async def write(self, entity_id, value):
        if entity_id == "watchdog":
            await self.link.write_register(WATCHDOG_REGISTER, int(value))
        else:
            await super().write(entity_id, value)

    async def read_back(self, entity_id):
        if entity_id == "watchdog":
            return (await self.link.read_holding(WATCHDOG_REGISTER, 1))[0]
        return await super().read_back(entity_id)
