"""What probing and looking around need beside the engine: threads, scans, rows of known things.

Made at first use and ended with the engine: scans are its tasks, threads are daemons.
"""

from collections.abc import Callable, Mapping
from typing import Any, TypeVar
from weakref import WeakKeyDictionary

from ionpy_auto.devices.aside import Aside
from ionpy_auto.devices.config import DeviceConfig
from ionpy_auto.devices.inventory import INVENTORIES, Site
from ionpy_auto.devices.inventory.tcp import Scans
from ionpy_auto.devices.known import load_known
from ionpy_auto.devices.manager import DeviceManager
from ionpy_auto.devices.owners import holders
from ionpy_auto.devices.probe import Prober, Surroundings, Tell, plans_of
from ionpy_auto.engine import Engine

T = TypeVar("T")
THREAD_S = 10.0


class Discovery:
    """See the module's first lines.

    Args:
        engine: The server's engine.

    Attributes:
        scans: Scans of the network.
        visa_backend: What VISA is looked for with when nobody says.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._aside = Aside(engine.clock)
        self._prober = Prober(engine.catalogue, engine.clock, self._aside)
        self.scans = Scans(engine.tasks, engine.clock)
        self.visa_backend = ""

    @property
    def _manager(self) -> DeviceManager | None:
        bench = self._engine.bench
        return bench.devices if bench is not None else None

    async def probe(self, config: DeviceConfig, tell: Tell | None = None) -> dict[str, Any]:
        """Try a device in the open project, or without one; ``tell`` hears of its steps."""
        manager = self._manager
        simulate = manager is not None and manager.builder.simulate
        around = Surroundings(holders(manager), plans_of(manager), simulate)
        return await self._prober.probe(config, around, tell)

    async def site(self, options: Mapping[str, str] | None = None) -> Site:
        """What there is to know before looking; files are read in a thread."""
        return await self.in_thread("known", lambda site: site, options)

    async def in_thread(
        self,
        name: str,
        work: Callable[[Site], T],
        options: Mapping[str, str] | None = None,
        limit_s: float = THREAD_S,
    ) -> T:
        """The result of blocking work.

        Raises:
            TimeoutError: Not done in time; the thread is left behind.
        """
        held, engine = holders(self._manager), self._engine

        def with_site() -> T:
            files = engine.catalogue.files()
            folders = [*(file.path.parent for file in files), engine.home.root]
            names = frozenset(file.name for file in files if not file.error)
            return work(Site(load_known(folders), held, names, dict(options or {})))

        return await self._aside.run(name, with_site, limit_s)

    async def look(self, kind: str, options: Mapping[str, str] | None = None) -> dict[str, Any]:
        """One kind of inventory.

        Raises:
            NotFound: There is no such kind.
        """
        found = INVENTORIES.get(kind)
        try:
            return await self.in_thread(kind, found.look, options, found.limit_s)
        except TimeoutError:
            return {
                "items": [],
                "available": False,
                "message": f"looking for {kind} took longer than {found.limit_s:g} s",
                "hint": "a device or its driver hangs; unplug what is new and try again",
            }


_of: WeakKeyDictionary[Engine, Discovery] = WeakKeyDictionary()


def discovery_of(engine: Engine) -> Discovery:
    """The one that belongs to an engine."""
    if engine not in _of:
        _of[engine] = Discovery(engine)
    return _of[engine]
