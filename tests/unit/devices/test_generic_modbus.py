"""Maps of registers: layouts, blocks, what does not fit, and devices that refuse."""

import asyncio
import math
import re
import struct

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pymodbus.client.mixin import ModbusClientMixin

from drivers.generic_modbus.blocks import Span, halves, plan
from drivers.generic_modbus.codec import Layout, bounds_of, decode, encode, words_of
from drivers.generic_modbus.driver import GenericModbus
from drivers.generic_modbus.points import ModbusPoint, ModbusProtocol
from drivers.generic_modbus.simulator import MapBank, SimulatedUnit
from ionpy_auto.core.clock import VirtualClock
from ionpy_auto.core.errors import ConfigInvalid, DeviceError
from ionpy_auto.core.files import shipped_path
from ionpy_auto.core.samples import Quality
from ionpy_auto.devices.maps import read_map
from ionpy_auto.devices.simulated import (
    ILLEGAL_ADDRESS,
    ILLEGAL_VALUE,
    InProcessModbus,
    ModbusFault,
)
from ionpy_auto.testing.conformance import check_driver, drive_driver

HEAD = """
name: my_device
base: generic_modbus
description: A device on the shelf.
simulator: simulator:make_link
"""


def driver_of(entities: str, protocol: str = "") -> type[GenericModbus]:
    """A driver from the lines under ``entities:`` (and ``protocol:``)."""
    text = HEAD + (f"protocol: {{{protocol}}}\n" if protocol else "") + "entities:\n" + entities
    described, findings = read_map(text, "my_device/device.yaml")
    assert described is not None, findings
    return GenericModbus.from_map(described)


def running(driver: type[GenericModbus], bank) -> GenericModbus:
    return driver(InProcessModbus(lambda: bank, 1), VirtualClock(), driver.Params())


# --- layouts

ORDERS = st.sampled_from(["big", "little"])
WHOLE = st.sampled_from(["u16", "i16", "u32", "i32", "u64", "i64"])
FLOATS = st.sampled_from(["f32", "f64"])
ORACLE = {
    kind: getattr(ModbusClientMixin.DATATYPE, name)
    for kind, name in {
        "u16": "UINT16", "i16": "INT16", "u32": "UINT32", "i32": "INT32", "u64": "UINT64",
        "i64": "INT64", "f32": "FLOAT32", "f64": "FLOAT64",
    }.items()
}  # fmt: skip


@settings(deadline=None)
@given(WHOLE, ORDERS, ORDERS, st.data())
def test_every_whole_number_survives_its_registers(kind, words, order, data):
    low, high = bounds_of(kind)
    number = data.draw(st.integers(low, high))
    layout = Layout(kind, words_of(kind), words, order)
    assert decode(layout, encode(layout, number)) == number


@settings(deadline=None)
@given(FLOATS, ORDERS, ORDERS, st.data())
def test_every_float_survives_its_registers(kind, words, order, data):
    number = data.draw(st.floats(width=32 if kind == "f32" else 64, allow_nan=False))
    layout = Layout(kind, words_of(kind), words, order)
    assert decode(layout, encode(layout, number)) == number


@settings(deadline=None)
@given(st.sampled_from(sorted(ORACLE)), ORDERS, st.data())
def test_layouts_are_those_of_another_library(kind, words, data):
    if kind in {"f32", "f64"}:
        number = data.draw(st.floats(width=32 if kind == "f32" else 64, allow_nan=False))
    else:
        number = data.draw(st.integers(*bounds_of(kind)))
    theirs = ModbusClientMixin.convert_to_registers(number, ORACLE[kind], word_order=words)
    assert encode(Layout(kind, words_of(kind), words), number) == theirs


def test_swapped_bytes_are_swapped_in_every_word():
    assert encode(Layout("u32", 2, "big", "little"), 0x11223344) == [0x2211, 0x4433]
    assert encode(Layout("u32", 2, "little", "little"), 0x11223344) == [0x4433, 0x2211]
    assert encode(Layout("string", 2, "little", "big"), "abc") == [0x6162, 0x6300]
    assert encode(Layout("string", 2, "big", "little"), "abc") == [0x6261, 0x0063]


@settings(deadline=None)
@given(st.text(st.characters(min_codepoint=33, max_codepoint=126), max_size=12), ORDERS)
def test_every_text_survives_its_registers(text, order):
    layout = Layout("string", 6, "big", order)
    assert decode(layout, encode(layout, text)) == text


@settings(deadline=None)
@given(st.lists(st.integers(0, 0xFFFF), min_size=4, max_size=4))
def test_any_registers_are_some_text(words):
    text = decode(Layout("string", 4), words)
    assert isinstance(text, str)
    assert text.isascii()


@pytest.mark.parametrize(
    ("kind", "value"),
    [("u16", -1), ("u16", 65536), ("i16", 32768), ("u32", 1 << 32), ("f32", 1e39)],
)
def test_what_does_not_fit_is_refused(kind, value):
    with pytest.raises(ValueError, match="is no"):
        encode(Layout(kind, words_of(kind)), value)


@settings(deadline=None)
@given(st.integers(-32768, 32767), st.integers(0, 4))
def test_scaled_values_are_those_of_the_decimal_text(raw, decimals):
    driver = driver_of(
        f"  v: {{kind: numeric, address: 0, type: i16, scale: {10**-decimals:.{decimals}f}}}\n"
    )
    point = driver.POINTS["v"]
    sign, digits = ("-" if raw < 0 else ""), str(abs(raw)).rjust(decimals + 1, "0")
    text = f"{sign}{digits[: len(digits) - decimals]}.{digits[len(digits) - decimals :]}0"
    value = point.scaled(raw)
    assert value == float(text)
    assert point.raw(driver.ENTITIES["v"], value) == raw


# --- blocks

SPANS = st.lists(
    st.tuples(st.sampled_from(["holding", "input", "coil"]), st.sampled_from(["fast", "slow"]),
              st.integers(0, 300), st.sampled_from([1, 2, 4, 20])),
    min_size=1, max_size=40,
)  # fmt: skip


@settings(deadline=None)
@given(SPANS, st.integers(0, 20), st.integers(1, 125))
def test_blocks_hold_every_span_whole_and_keep_the_bounds(spans, max_gap, max_block):
    wanted = [
        Span(str(i), t, p, a, 1 if t == "coil" else n) for i, (t, p, a, n) in enumerate(spans)
    ]
    blocks = plan(wanted, max_gap, max_block)
    assert sorted(s.key for b in blocks for s in b.spans) == sorted(s.key for s in wanted)
    for block in blocks:
        factor = 16 if block.table == "coil" else 1
        assert {(s.table, s.poll) for s in block.spans} == {(block.table, block.spans[0].poll)}
        assert all(
            block.start <= s.start and s.end <= block.start + block.count for s in block.spans
        )
        assert block.count <= max_block * factor or len(block.spans) == 1
        covered = block.start
        for span in block.spans:
            assert span.start - covered <= max_gap * factor
            covered = max(covered, span.end)


@settings(deadline=None)
@given(SPANS)
def test_halving_ends_with_single_spans_and_loses_none(spans):
    wanted = [Span(str(i), "holding", "fast", a, n) for i, (_, _, a, n) in enumerate(spans)]
    todo, done = plan(wanted, 100, 125), []
    while todo:
        block = todo.pop()
        if len(block.spans) == 1:
            done += block.spans
        else:
            parts = halves(block)
            assert all(part.spans for part in parts)
            todo += parts
    assert sorted(s.key for s in done) == sorted(s.key for s in wanted)


class Picky(MapBank):
    """Refuses questions that are too long or touch registers it does not have; counts them."""

    def __init__(self, driver, *, most=125, lacks=(), holes=False):
        super().__init__(driver, holes=holes)
        self.most, self.lacks, self.asked = most, set(lacks), []

    def _read(self, name, address, count):
        self.asked.append((name, address, count))
        if count > self.most:
            raise ModbusFault(ILLEGAL_VALUE)
        if self.lacks & set(range(address, address + count)):
            raise ModbusFault(ILLEGAL_ADDRESS)
        return super()._read(name, address, count)


METER = "".join(
    f"  v{n}: {{kind: numeric, address: {n * 3}, type: f32, simulate: {n}.5}}\n" for n in range(20)
)


async def test_neighbours_are_one_question():
    driver = driver_of(METER)
    bank = Picky(driver)
    values = await running(driver, bank).poll()
    assert bank.asked == [("holding", 0, 59)]
    assert values["v19"] == 19.5
    assert values["refused_registers"] == ""


async def test_a_device_that_takes_few_registers_is_asked_in_smaller_blocks_from_then_on():
    driver = driver_of(METER)
    bank = Picky(driver, most=10)
    device = running(driver, bank)
    first = await device.poll()
    bank.asked.clear()
    assert await device.poll() == first
    assert all(count <= 10 for _, _, count in bank.asked)
    assert [first[f"v{n}"] for n in range(20)] == [n + 0.5 for n in range(20)]


async def test_registers_between_that_do_not_exist_are_left_out():
    driver = driver_of(METER)
    bank = Picky(driver, holes=True)
    device = running(driver, bank)
    first = await device.poll()
    bank.asked.clear()
    assert await device.poll() == first
    assert len(bank.asked) == 20
    assert first["refused_registers"] == ""


async def test_a_register_the_device_lacks_is_bad_and_named_and_asked_no_more():
    driver = driver_of(METER)
    bank = Picky(driver, lacks=[21, 22])
    device = running(driver, bank)
    values = await device.poll()
    assert values["refused_registers"] == "v7"
    bank.asked.clear()
    values = await device.poll()
    assert not [a for _, a, n in bank.asked if a <= 21 < a + n]
    value, quality, reason = device.entities["v7"].decode(values["v7"])
    assert (value, quality) == (None, Quality.BAD)
    assert "no register 21" in reason
    assert values["v6"] == 6.5
    assert values["v8"] == 8.5


async def test_a_device_with_none_of_the_registers_is_an_error():
    driver = driver_of(METER)
    with pytest.raises(DeviceError, match="none of the registers"):
        await running(driver, Picky(driver, lacks=range(100))).poll()


async def test_a_device_that_is_busy_is_an_error_and_changes_no_block():
    driver = driver_of(METER)
    bank = Picky(driver)
    device = running(driver, bank)
    await device.poll()
    bank.read = lambda _a, _n: (_ for _ in ()).throw(ModbusFault(6))
    with pytest.raises(DeviceError) as busy:
        await device.poll()
    assert busy.value.arguments["exception"] == 6
    del bank.read
    bank.asked.clear()
    await device.poll()
    assert bank.asked == [("holding", 0, 59)]


async def test_slow_registers_are_asked_now_and_then():
    driver = driver_of(
        "  a: {kind: numeric, address: 0}\n  b: {kind: numeric, address: 1, poll: slow}\n",
        "slow_every: 4",
    )
    device = running(driver, Picky(driver))
    polled = ["b" in await device.poll() for _ in range(9)]
    assert polled == [True, False, False, False, True, False, False, False, True]


@settings(max_examples=40, deadline=None)
@given(
    st.lists(st.sampled_from(["u16", "i32", "f32", "u64", "f64"]), min_size=1, max_size=30),
    st.integers(1, 9),
    st.lists(st.integers(0, 0xFFFF), min_size=130, max_size=130),
    ORDERS,
)
def test_values_at_the_borders_of_blocks_are_never_cut(kinds, max_block, words, order):
    lines, at = "", 0
    for n, kind in enumerate(kinds):
        lines += f"  e{n}: {{kind: numeric, address: {at}, type: {kind}}}\n"
        at += words_of(kind)
    driver = driver_of(lines, f"max_block: {max_block}, word_order: {order}")
    bank = MapBank(driver)
    bank.tables["holding"].update(enumerate(words[:at]))
    values = asyncio.run(running(driver, bank).poll())
    for n, kind in enumerate(kinds):
        span = driver.POINTS[f"e{n}"].span("")
        expected = decode(Layout(kind, span.count, order), words[span.start : span.end])
        got, number = values[f"e{n}"], float(expected)  # above 2**53 a float is the nearest
        assert got == number or (math.isnan(got) and math.isnan(number))


# --- values

KINDS = """
  level: {kind: numeric, address: 0, type: i16, scale: 0.1, offset: -40, plausible: [-40, 125]}
  ratio: {kind: numeric, address: 1, type: f32}
  flags: {kind: bitmask, address: 3, bits: {0: low, 1: high}}
  mode: {kind: enum, address: 4, options: {idle: Idle, run: Running}, codes: {3: idle, 7: run}}
  ready: {kind: toggle, address: 5, on: 0x55, off: 0xAA}
  name: {kind: text, address: 6, type: string, words: 2}
  serial: {kind: text, address: 8, type: u32}
  third: {kind: toggle, address: 10, bit: 2}
"""


@pytest.mark.parametrize(
    ("key", "words", "value", "quality"),
    [
        ("level", [800], 40.0, Quality.GOOD),
        ("level", [65535], None, Quality.BAD),  # -40.1 is outside its window
        ("ratio", list(struct.unpack(">2H", struct.pack(">f", 0.5))), 0.5, Quality.GOOD),
        ("ratio", [0x7FC0, 0], None, Quality.BAD),  # not a number
        ("ratio", [0x7F80, 0], None, Quality.BAD),  # infinite
        ("flags", [3], 3, Quality.GOOD),
        ("mode", [7], "run", Quality.GOOD),
        ("mode", [1], None, Quality.BAD),
        ("ready", [0x55], True, Quality.GOOD),
        ("ready", [0xAA], False, Quality.GOOD),
        ("ready", [1], None, Quality.BAD),  # neither of the two
        ("name", [0x4142, 0x4300], "ABC", Quality.GOOD),
        ("serial", [1, 0], "65536", Quality.GOOD),
        ("third", [0b100], True, Quality.GOOD),
        ("third", [0b11], False, Quality.GOOD),
    ],
)
async def test_what_registers_mean(key, words, value, quality):
    driver = driver_of(KINDS)
    bank = MapBank(driver)
    start = driver.POINTS[key].address
    bank.tables["holding"].update({start + n: word for n, word in enumerate(words)})
    device = running(driver, bank)
    read = device.entities[key].decode((await device.poll())[key])
    assert read[:2] == (value, quality)
    assert (read[2] == "") == (quality is Quality.GOOD)


@settings(deadline=None)
@given(st.lists(st.integers(0, 0xFFFF), min_size=12, max_size=12))
def test_any_registers_are_values_or_bad_with_a_reason(words):
    driver = driver_of(KINDS)
    bank = MapBank(driver)
    bank.tables["holding"].update({n: words[n] for n in range(11)})
    device = running(driver, bank)
    for key, raw in asyncio.run(device.poll()).items():
        value, quality, reason = device.entities[key].decode(raw)
        assert (value is not None) == (quality is Quality.GOOD)
        assert (reason == "") == (quality is Quality.GOOD)


WRITABLE = """
  low: {kind: toggle, access: RW, safe: {action: hold}, address: 0, bit: 0}
  field: {kind: numeric, access: RW, safe: {action: none}, min: 0, max: 7, precision: 0,
    address: 0, bit: 4, width: 3}
  level: {kind: numeric, access: RW, safe: {action: none}, min: -5, max: 5, precision: 1,
    address: 1, type: i32, scale: 0.1}
  push: {kind: action, safe: {action: none}, address: 3, press: 0xA5}
  secret: {kind: numeric, access: WO, safe: {action: none}, min: 0, max: 9, precision: 0,
    address: 4}
  shown: {kind: numeric, address: 5}
"""


async def test_only_the_bits_of_an_entity_change():
    driver = driver_of(WRITABLE)
    bank = MapBank(driver)
    bank.tables["holding"][0] = 0b1111_0000_1000_0010
    device = running(driver, bank)
    await device.write("low", value=True)
    await device.write("field", 5.0)
    assert bank.tables["holding"][0] == 0b1111_0000_1101_0011
    await device.write("low", value=False)
    assert bank.tables["holding"][0] == 0b1111_0000_1101_0010
    assert await device.read_back("field") == 5.0
    assert await device.read_back("low") is False


async def test_writes_land_where_the_map_says_and_nowhere_else():
    driver = driver_of(WRITABLE)
    bank = MapBank(driver)
    device = running(driver, bank)
    await device.write("level", -4.1)
    assert (bank.tables["holding"][1], bank.tables["holding"][2]) == (0xFFFF, 0xFFD7)
    assert await device.read_back("level") == -4.1
    await device.write("push", value=True)
    assert bank.tables["holding"][3] == 0xA5
    await device.write("secret", 7.0)
    assert bank.tables["holding"][4] == 7
    assert await device.read_back("secret") is None
    for key in ("shown", "refused_registers", "nonsense"):
        with pytest.raises(DeviceError) as refused:
            await device.write(key, 1.0)
        assert refused.value.error_code == "READ_ONLY"


async def test_another_device_at_the_address_is_refused_before_anything_is_read():
    driver = driver_of(METER, "identity: {address: 0x100, values: [4711, 4712]}")
    bank = MapBank(driver)
    await running(driver, bank).connect()
    bank.tables["holding"][0x100] = 4713
    with pytest.raises(DeviceError) as refused:
        await running(driver, bank).connect()
    assert refused.value.error_code == "UNKNOWN_MODEL"


async def test_without_a_map_an_exception_is_an_answer_and_silence_is_none():
    device = running(GenericModbus, MapBank(GenericModbus))
    await device.connect()
    assert await device.poll() == {"refused_registers": ""}
    device.link.unit = 9
    with pytest.raises(DeviceError):
        await device.poll()


async def test_a_described_device_passes_the_conformance_suite_on_its_own_simulator():
    for entities in (METER, KINDS, WRITABLE):
        driver = driver_of(entities)
        await drive_driver(driver, SimulatedUnit(1), VirtualClock(), driver.Params())


# --- maps that do not fit: what is written, where the finding is, and its sentence

RW = "access: RW, safe: {action: none}"
ONES = f"precision: 0, {RW}"
WRONG = {
    "discrete numeric": ("a: {kind: numeric, address: 0, table: discrete}", "is a switch"),
    "coil with type": ("a: {kind: toggle, address: 0, table: coil, type: u16}", "has no type"),
    "input written": (
        f"a: {{kind: numeric, address: 0, table: input, precision: 0, min: 0, max: 1, {RW}}}",
        "cannot be written",
    ),
    "beyond the end": ("a: {kind: numeric, address: 65535, type: f32}", "beyond register 65535"),
    "no such address": ("a: {kind: numeric, address: 70000}", "address"),
    "no address": ("a: {kind: numeric}", "'address' is missing"),
    "unknown type": ("a: {kind: numeric, address: 0, type: u8}", "type"),
    "string without words": ("a: {kind: text, address: 0, type: string}", "needs words"),
    "words without string": ("a: {kind: numeric, address: 0, words: 2}", "needs words"),
    "number as string": ("a: {kind: numeric, address: 0, type: string, words: 2}", "is a text"),
    "long text": (
        f"a: {{kind: text, address: 0, type: string, words: 2, max_length: 5, {RW}}}",
        "only 4 characters",
    ),
    "bit of a float": ("a: {kind: numeric, address: 0, type: f32, bit: 1}", "no bits"),
    "no such bit": ("a: {kind: toggle, address: 0, bit: 16}", "no such bit"),
    "enum without codes": ("a: {kind: enum, address: 0, options: {x: X}}", "needs codes"),
    "code too large": (
        "a: {kind: enum, address: 0, bit: 0, width: 2, options: {x: X}, codes: {4: x}}",
        "0 to 3",
    ),
    "option nobody can write": (
        f"a: {{kind: enum, address: 0, options: {{x: X, y: Y}}, codes: {{4: x}}, {RW}}}",
        "no code for y",
    ),
    "scale of nothing": ("a: {kind: numeric, address: 0, scale: 0}", "scale of 0"),
    "scale of a switch": ("a: {kind: toggle, address: 0, scale: 2}", "only a numeric"),
    "on is off": ("a: {kind: toggle, address: 0, on: 0}", "the same"),
    "steps too fine": (
        f"a: {{kind: numeric, address: 0, min: 0, max: 1, precision: 2, scale: 0.1, {RW}}}",
        "steps of 0.01",
    ),
    "range too large": (
        f"a: {{kind: numeric, address: 0, min: 0, max: 70, precision: 3, scale: 0.001, {RW}}}",
        "do not fit into u16",
    ),
    "negative in unsigned": (
        f"a: {{kind: numeric, address: 0, min: -1, max: 1, precision: 0, {RW}}}",
        "do not fit into u16",
    ),
    "float too coarse": (
        f"a: {{kind: numeric, address: 0, type: f32, min: 0, max: 100000, precision: 3, {RW}}}",
        "f32 cannot hold",
    ),
    "function 6 for two": (
        f"a: {{kind: numeric, address: 0, type: i32, min: 0, max: 1, write_function: 6, {ONES}}}",
        "writes one register",
    ),
    "function 5": (
        f"a: {{kind: numeric, address: 0, min: 0, max: 1, precision: 0, write_function: 5, {RW}}}",
        "writes no registers",
    ),
    "simulated nonsense": ("a: {kind: numeric, address: 0, simulate: much}", "cannot be simulated"),
    "simulated word": (
        "a: {kind: enum, address: 0, options: {x: X}, codes: {4: x}, simulate: z}",
        "none of x",
    ),
    "simulated too large": ("a: {kind: numeric, address: 0, simulate: 70000}", "is no u16"),
    "simulated accent": (
        "a: {kind: text, address: 0, type: string, words: 2, simulate: é}",
        "cannot be simulated",
    ),
    "own entity": ("refused_registers: {kind: text, address: 0}", "is an entity of generic_modbus"),
}


@pytest.mark.parametrize("case", WRONG)
def test_a_map_that_does_not_fit_says_where_and_why(case):
    line, sentence = WRONG[case]
    with pytest.raises(ConfigInvalid) as wrong:
        driver_of(f"  good: {{kind: numeric, address: 9}}\n  {line}\n")
    (finding,) = wrong.value.findings
    assert (finding.file, finding.line) == ("my_device/device.yaml", 8)
    assert sentence in f"{finding.message} {finding.path}"


def test_the_page_about_maps_names_every_key_and_its_example_is_right():
    page = shipped_path("docs", "how-to", "describe-a-modbus-device.md").read_text("utf-8")
    where, whole = page.split("## Where an entity lies")[1].split("## What holds")
    for model, part in ((ModbusPoint, where), (ModbusProtocol, whole)):
        cells = " ".join(line.split("|")[1] for line in part.splitlines() if line.startswith("| `"))
        assert set(model.model_fields) == set(re.findall(r"`(\w+)`", cells))
    text = page.split("```yaml\n")[1].split("```")[0]
    described, findings = read_map(text, "my_meter/device.yaml")
    assert described is not None, findings
    check_driver(GenericModbus.from_map(described))
