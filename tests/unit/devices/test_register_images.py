"""Whatever a register image holds, a poll gives values, bad quality or a device error: no crash."""

import asyncio

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from drivers.dps50xx import registers as dps
from drivers.riden_rd60xx import registers as riden
from ionpy_auto.core.clock import VirtualClock
from ionpy_auto.core.errors import DeviceError
from ionpy_auto.core.samples import Quality
from ionpy_auto.devices.catalogue import Catalogue
from ionpy_auto.devices.simulated import InProcessModbus, RegisterBank

CATALOGUE = Catalogue()
MODELS = {
    "riden_rd60xx": (0, [n for model in riden.MODELS for n in model.ids]),
    "dps50xx": (0x0B, [model.model_id for model in dps.MODELS]),
}


class Image(RegisterBank):
    """Answers every register with the next word of a list, again and again."""

    def __init__(self, words: list[int], fixed: dict[int, int]):
        self.words, self.fixed = words, fixed

    def read(self, address, count):
        spread = {
            a: self.words[a * 7919 % len(self.words)] for a in range(address, address + count)
        }
        return [self.fixed.get(a, word) for a, word in spread.items()]


async def readings(name: str, bank: RegisterBank):
    """What two polls of a driver on an image come to."""
    driver = CATALOGUE.get(name)
    running = driver(InProcessModbus(lambda: bank, 1), VirtualClock(), driver.Params())
    await running.connect()
    found = {}
    for _ in range(2):
        for key, raw in (await running.poll()).items():
            found[key] = running.entities[key].decode(raw)
    return running, found


words = st.one_of(st.integers(0, 0xFFFF), st.sampled_from([0, 1, 2, 0x7FFF, 0x8000, 0xFFFF]))


@pytest.mark.parametrize("name", MODELS)
@settings(max_examples=60, deadline=None)
@given(image=st.lists(words, min_size=1, max_size=40), choice=st.integers(0, 100))
def test_any_image_of_a_known_model_is_read_or_bad_with_a_reason(name, image, choice):
    address, ids = MODELS[name]
    bank = Image(image, {address: ids[choice % len(ids)]})
    running, found = asyncio.run(readings(name, bank))
    for key, (value, quality, reason) in found.items():
        if quality is Quality.GOOD:
            assert value is not None, key
            plausible = getattr(running.entities[key], "plausible", None)
            assert plausible is None or plausible[0] <= value <= plausible[1], key
        else:
            assert value is None, key
            assert reason, key


@pytest.mark.parametrize("name", MODELS)
@settings(deadline=None)
@given(image=st.lists(words, min_size=1, max_size=40))
def test_any_image_is_a_known_model_or_refused(name, image):
    bank = Image(image, {})
    if bank.read(MODELS[name][0], 1)[0] in MODELS[name][1]:
        asyncio.run(readings(name, bank))
        return
    with pytest.raises(DeviceError) as refused:
        asyncio.run(readings(name, bank))
    assert refused.value.error_code == "UNKNOWN_MODEL"


@pytest.mark.parametrize(
    ("name", "fixed", "key"),
    [
        ("riden_rd60xx", {0: 60062, 10: 0xFFFF}, "v_out"),
        ("riden_rd60xx", {0: 60062, 11: 0xFFFF}, "i_out"),
        ("riden_rd60xx", {0: 60062, 32: 1, 34: 1, 35: 191}, "probe"),
        ("dps50xx", {0x0B: 5005, 2: 0xFFFF}, "v_out"),
        ("dps50xx", {0x0B: 5020, 3: 0xFFFF}, "i_out"),
        ("dps50xx", {0x0B: 5005, 7: 9}, "protection"),
        ("dps50xx", {0x0B: 5005, 9: 7}, "output"),
    ],
)
async def test_what_cannot_be_is_bad_and_no_value(name, fixed, key):
    _, found = await readings(name, Image([0], fixed))
    value, quality, reason = found[key]
    assert value is None
    assert quality is Quality.BAD
    assert reason
