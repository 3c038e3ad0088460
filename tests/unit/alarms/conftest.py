"""A desk and a database on the virtual clock."""

import pytest

from ionpy_auto.core.clock import VirtualClock
from ionpy_auto.storage.database import Database
from tests.unit.alarms.desk import Desk


@pytest.fixture
async def desk():
    desk = Desk()
    await desk.manager.start()
    yield desk
    await desk.manager.stop()


@pytest.fixture
async def database(tmp_path):
    database = Database(tmp_path / "data.db", VirtualClock())
    await database.start()
    yield database
    await database.stop()
