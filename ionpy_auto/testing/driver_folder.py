"""A driver folder on the test bench: found, imported, driven on its simulator, on virtual time.

    results = asyncio.run(check_folder(Path("drivers/mine")))
    async with running(Path("drivers/mine")) as driver: ...

What is checked here runs the driver: do it with folders you trust.
"""

import ast
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, NamedTuple

from pydantic import ValidationError

from ionpy_auto.core.clock import Clock, VirtualClock
from ionpy_auto.core.errors import IonpyError
from ionpy_auto.core.files import shipped_path
from ionpy_auto.core.syntax import parse_module
from ionpy_auto.devices.bench import Benches
from ionpy_auto.devices.catalogue import Catalogue, DriverFile
from ionpy_auto.devices.driver import Driver
from ionpy_auto.devices.links import Link
from ionpy_auto.devices.transports.virtual import VirtualLink
from ionpy_auto.testing.conformance import check_driver, drive_driver
from ionpy_auto.testing.frames import read_frames

ALLOWED = ("ionpy_auto.devices", "ionpy_auto.physics")
PATIENCE_S = 600.0
"""Virtual seconds after which a driver that still waits hangs."""


class Result(NamedTuple):
    """What came of one check.

    Attributes:
        check: What was looked at.
        ok: Whether all is well.
        detail: What was found.
        hint: What to do about it.
    """

    check: str
    ok: bool
    detail: str
    hint: str = ""

    def __str__(self) -> str:
        hint = f" ({self.hint})" if self.hint else ""
        return f"{'ok  ' if self.ok else 'FAIL'} {self.check}: {self.detail}{hint}"


async def check_folder(folder: Path, params: Mapping[str, Any] | None = None) -> list[Result]:
    """Everything that can be known of a driver without its hardware.

    Args:
        folder: Holds ``driver.py`` or ``device.yaml``.
        params: Parameters of its devices, for drivers that cannot do without.
    """
    folder, catalogue, files = found_in(folder)
    if not files:
        detail = f"{folder.name} holds neither driver.py nor device.yaml"
        return [Result("file", ok=False, detail=detail)]
    results = [*_of_folder(folder, files)]
    for file in files:
        if file.error:
            results.append(Result("file", ok=False, detail=file.error, hint="correct the file"))
        else:
            results.append(Result("file", ok=True, detail=f"{file.path.name} declares {file.name}"))
            results += [result async for result in _of_driver(catalogue, file, params or {})]
    return results


def found_in(folder: Path) -> tuple[Path, Catalogue, list[DriverFile]]:
    """The folder's own path, a catalogue in which only it may run, and what it declares."""
    folder = folder.resolve()
    if folder.parent == shipped_path("drivers").resolve():
        catalogue = Catalogue()
    else:
        catalogue = Catalogue((folder.parent,), lambda place, _digest: place == folder)
    return folder, catalogue, [f for f in catalogue.files() if f.path.parent == folder]


def _of_folder(folder: Path, files: list[DriverFile]) -> Iterator[Result]:
    readme = folder / "README.md"
    text = readme.read_text(encoding="utf-8", errors="replace") if readme.is_file() else ""
    silent = [file.name for file in files if file.name not in text]
    told = "names every driver" if not silent else f"does not name {', '.join(silent)}"
    yield Result("README.md", ok=not silent, detail=told)
    foreign = sorted({name for path in _sources(folder) for name in _foreign(path)})
    told = f"imports {', '.join(foreign)}" if foreign else "imports the public API alone"
    hint = f"use {' and '.join(ALLOWED)}" if foreign else ""
    yield Result("imports", ok=not foreign, detail=told, hint=hint)
    recording = folder / "frames.jsonl"
    if recording.is_file():
        try:
            count = len(read_frames(recording))
        except (IonpyError, OSError) as error:
            yield Result("frames.jsonl", ok=False, detail=str(error))
        else:
            yield Result("frames.jsonl", ok=True, detail=f"{count} frames")


def _sources(folder: Path) -> list[Path]:
    return [path for path in sorted(folder.glob("*.py")) if not path.name.startswith("test_")]


def _foreign(path: Path) -> Iterator[str]:
    """Rooms of the program that a driver must not know."""
    try:
        tree = parse_module(path.read_text(encoding="utf-8"))
    except (SyntaxError, ValueError):
        return  # told as a broken file
    for node in ast.walk(tree):
        names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
        if isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names = [node.module]
        for name in names:
            ours = name.partition(".")[0] == "ionpy_auto"
            if ours and not any(name == a or name.startswith(f"{a}.") for a in ALLOWED):
                yield name


async def _of_driver(
    catalogue: Catalogue, file: DriverFile, params: Mapping[str, Any]
) -> AsyncIterator[Result]:
    try:
        driver = catalogue.get(file.name)
        check_driver(driver)
    except (IonpyError, AssertionError) as error:
        yield Result("declaration", ok=False, detail=_sentence(error))
        return
    detail = f"{len(driver.ENTITIES)} entities, each with what it needs"
    yield Result("declaration", ok=True, detail=detail)
    try:
        clock = VirtualClock()
        link, values = prepared(catalogue, driver, params, clock)
        async with clock.timeout(PATIENCE_S):
            await drive_driver(driver, link, clock, values)
    except TimeoutError:
        yield Result("simulator", ok=False, detail=f"the driver hangs: {PATIENCE_S:g} s passed")
    except Exception as error:  # noqa: BLE001 - whatever a driver raises is a finding
        yield Result("simulator", ok=False, detail=_sentence(error))
    else:
        yield Result("simulator", ok=True, detail="connects, polls; every setting reads back")


def prepared(
    catalogue: Catalogue, driver: type[Driver], params: Mapping[str, Any], clock: Clock
) -> tuple[Link, Any]:
    """A link to the driver's simulator and its parsed parameters.

    Raises:
        AssertionError: It has no simulator and is not virtual, or needs parameters.
    """
    benches = Benches(clock)
    try:
        values = driver.Params.model_validate(dict(params))
    except ValidationError as error:
        first = error.errors()[0]
        field = ".".join(map(str, first["loc"]))
        raise AssertionError(f"parameter {field}: {first['msg']}; give parameters") from None
    make = catalogue.simulator(driver)
    if make is not None:
        return make(values, clock, benches), values
    if any(blueprint.transport == "virtual" for blueprint in driver.STACK_BLUEPRINTS):
        return VirtualLink(benches), values
    raise AssertionError(f"{driver.NAME} has no simulator, so nobody can try it without hardware")


@asynccontextmanager
async def running(
    folder: Path, params: Mapping[str, Any] | None = None, name: str = ""
) -> AsyncIterator[Driver]:
    """A folder's driver, connected to its simulator, on a virtual clock of its own.

    Args:
        folder: Holds ``driver.py`` or ``device.yaml``.
        params: Parameters of the device.
        name: Which of several drivers of the folder; the first by default.

    Raises:
        IonpyError: The folder's driver is broken.
        AssertionError: There is no driver, or it has no simulator.
    """
    folder, catalogue, files = found_in(folder)
    if not files:
        raise AssertionError(f"{folder.name} holds no driver")
    driver = catalogue.get(name or files[0].name)
    clock = VirtualClock()
    link, values = prepared(catalogue, driver, params or {}, clock)
    device = driver(link, clock, values)
    await link.open()
    try:
        await device.connect()
        yield device
        await device.close()
    finally:
        await link.close()


def _sentence(error: BaseException) -> str:
    if isinstance(error, AssertionError | IonpyError):
        hint = f" ({error.hint})" if isinstance(error, IonpyError) and error.hint else ""
        return f"{error}{hint}"
    return f"{type(error).__name__}: {error}"
