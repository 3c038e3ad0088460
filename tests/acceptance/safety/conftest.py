import pytest

from tests.acceptance.safety.rig import made


@pytest.fixture
async def rig():
    async with made() as rig:
        yield rig
