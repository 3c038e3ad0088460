import pytest

from tests.acceptance.safety.rig import made


def pytest_configure(config):
    """Those that look at the same trials stay together; known also without xdist."""
    config.addinivalue_line("markers", "xdist_group(name): tests of one group run in one process")


@pytest.fixture
async def rig():
    async with made() as rig:
        yield rig
