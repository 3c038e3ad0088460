import pytest

from ionpy_auto.core.clock import SystemClock, VirtualClock
from ionpy_auto.testing.lab import Lab


@pytest.fixture
async def lab():
    lab = Lab(VirtualClock(), simulate=True)
    yield lab
    await lab.manager.stop()


@pytest.fixture
async def real_lab():
    lab = Lab(SystemClock())
    yield lab
    await lab.manager.stop()
