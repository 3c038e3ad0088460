"""Trusting drivers of the home and of the open project, with everything that follows from it.

Only an administrator may; every decision is audited. What waits for a driver connects at once.
"""

import asyncio
from typing import Any

from ionpy_auto.core.errors import Conflict
from ionpy_auto.devices.catalogue import DriverFile
from ionpy_auto.engine.server import Engine


class DriverTrust:
    """See the module's first lines.

    Args:
        engine: The server's engine.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._store = engine.trusted

    async def look(self, name: str) -> dict[str, Any]:
        """What an administrator reads before trusting a driver; nothing of it is run.

        Raises:
            NotFound: There is no such driver.
            TooLarge: Its folder is more than a person could read.
        """
        file = self._find(name)
        folder = file.path.parent
        if file.shipped:
            shown = {"hash": "", "trusted": True, "diff": ""}
        else:
            digest, trusted, diff = await asyncio.to_thread(self._store.look, folder)
            shown = {"hash": digest, "trusted": trusted, "diff": diff}
        return {
            "name": file.name,
            "path": self._store.place(folder),
            "shipped": file.shipped,
            **shown,
        }

    async def trust(self, name: str, digest: str, by: str) -> dict[str, Any]:
        """Trust what was read; devices that wait for it connect at once.

        Raises:
            Conflict: ``CONTENT_CHANGED`` since it was read, or it ships with the program.
        """
        file = self._own(name)
        await asyncio.to_thread(self._store.trust, file.path.parent, digest, by)
        self._tell("driver_trusted", file, by, digest)
        await self._reload(file)
        return await self.look(name)

    async def distrust(self, name: str, by: str) -> dict[str, Any]:
        """Trust it no more: its devices go to their safe state and are disconnected.

        Raises:
            Conflict: A run holds one of them, or it ships with the program.
        """
        file = self._own(name)
        bench = self._engine.bench
        if bench is not None:
            words = self._engine.catalogue.beside(file.name)
            for stack in bench.devices.stacks.values():
                if stack.config.driver.lower() in words:
                    bench.require_unowned(stack.id)
        await asyncio.to_thread(self._store.distrust, file.path.parent)
        self._tell("driver_distrusted", file, by, "")
        await self._reload(file)
        return await self.look(name)

    def _find(self, name: str) -> DriverFile:
        self._engine.catalogue.rescan()
        return self._engine.catalogue.find(name)

    def _own(self, name: str) -> DriverFile:
        file = self._find(name)
        if file.shipped:
            msg = f"{file.name} ships with the program"
            raise Conflict(msg, code="SHIPPED", hint="only drivers of your own need trust")
        return file

    def _tell(self, action: str, file: DriverFile, by: str, digest: str) -> None:
        place = self._store.place(file.path.parent)
        detail = {"driver": file.name, "path": place, "hash": digest}
        self._engine.audit.event(action, by, detail)
        self._engine.event(action, detail)

    async def _reload(self, file: DriverFile) -> None:
        bench = self._engine.bench
        if bench is not None:
            await bench.devices.reload_drivers(self._engine.catalogue.beside(file.name))
