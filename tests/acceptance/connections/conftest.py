"""Fixtures: a broker, and connections to it."""

import pytest

from tests.acceptance.connections.lab import Bench, Mosquitto, entry


@pytest.fixture
async def broker(tmp_path):
    async with Mosquitto(tmp_path / "broker") as broker:
        yield broker


@pytest.fixture
async def bench(tmp_path):
    bench = Bench(tmp_path)
    yield bench
    await bench.manager.stop()


@pytest.fixture
async def lab(bench, broker):
    """One broker, online."""
    bench.write(entry(broker.port))
    await bench.manager.start()
    await bench.state("lab", "online")
    return bench
