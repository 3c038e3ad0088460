"""Finds drivers by reading their folders' syntax, and imports one when a device needs it.

``drivers/<folder>/driver.py`` holds one or more classes with ``NAME = "..."``. Finding reads text
only, so a broken file costs nothing but itself: it is listed with file, line and cause. Shipped
drivers load at once; those of a project's or the home folder only after their content hash was
trusted.
"""

import ast
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple

from ionpy_auto.core.errors import ConfigInvalid, Finding, IonpyError, NotFound
from ionpy_auto.core.files import shipped_path
from ionpy_auto.core.syntax import parse_module
from ionpy_auto.devices.driver import Driver
from ionpy_auto.devices.links import SpawnError
from ionpy_auto.devices.maps import DeviceMap, MapDriver, read_map
from ionpy_auto.devices.sources import content_hash, hash_of, import_beside, read_folder

Trust = Callable[[Path, str], bool]
"""Whether the content with this hash is trusted in this folder."""
MAX_SOURCE_BYTES = 2**20
UNREADABLE = (SyntaxError, ValueError, TypeError, OSError, RecursionError, MemoryError)
"""What reading a text of unknown origin may raise."""


class NotLiteral(NamedTuple):
    """Stands for a class attribute that cannot be read without running the file."""

    line: int


@dataclass(frozen=True, slots=True)
class DriverFile:
    """What is known of a driver without running it.

    Attributes:
        name: Registered name.
        aliases: Further names it answers to.
        path: Its ``driver.py`` or ``device.yaml``.
        class_name: The class in there; empty for a map.
        shipped: True when it comes with the program.
        error: Why it cannot be used, with file and line; empty when it can.
        summary: ``category``, ``icon``, ``version`` and ``description`` as written.
        simulated: It is virtual, or has a simulator.
        transports: What it runs on, as far as that is written out.
        map: What the ``device.yaml`` says, None for a ``driver.py``.
    """

    name: str
    aliases: tuple[str, ...]
    path: Path
    class_name: str
    shipped: bool
    error: str = ""
    summary: tuple[tuple[str, str], ...] = ()
    simulated: bool = False
    transports: tuple[str, ...] = ()
    map: DeviceMap | None = None


class Catalogue:
    """All drivers of an installation.

    Args:
        folders: Extra folders (home) whose drivers need trust.
        trusted: Tells whether an administrator trusted a folder's content.
        shipped: The folder of shipped drivers; None for the program's own.

    Attributes:
        project: The open project's folder of drivers; they need trust, too.
    """

    def __init__(
        self,
        folders: Iterable[Path] = (),
        trusted: Trust = lambda _folder, _digest: False,
        shipped: Path | None = None,
    ) -> None:
        self._folders = tuple(folders)
        self._project: Path | None = None
        self._trusted = trusted
        self._shipped = shipped if shipped is not None else shipped_path("drivers")
        self._by_word: dict[str, DriverFile] | None = None
        self._broken: list[DriverFile] = []
        self._loaded: dict[Path, tuple[str, ModuleType]] = {}
        self._made: dict[Path, tuple[str, DeviceMap, type[MapDriver], type[Driver]]] = {}

    @property
    def project(self) -> Path | None:
        """The open project's folder of drivers."""
        return self._project

    @project.setter
    def project(self, folder: Path | None) -> None:
        self._project = folder
        self.rescan()

    @property
    def _own_folders(self) -> tuple[Path, ...]:
        """Folders whose drivers need trust."""
        return (*self._folders, *([self._project] if self._project is not None else []))

    def rescan(self) -> None:
        """Look at the folders anew; what is imported and unchanged stays."""
        self._by_word = None

    def files(self) -> list[DriverFile]:
        """Every driver found, broken ones included, by name."""
        found = {id(f): f for f in self._scan().values()}
        return sorted([*found.values(), *self._broken], key=lambda f: (f.name, str(f.path)))

    def beside(self, word: str) -> set[str]:
        """Names and aliases, in lower case, of all drivers that stand or fall with one's folder."""
        folder = self.find(word).path.parent
        files = [file for file in self.files() if not file.error]
        words = {word for file in files if file.path.parent == folder for word in _words(file)}
        described = [f for f in files if f.map is not None and f.map.head.base.lower() in words]
        return words | {word for file in described for word in _words(file)}

    def _scan(self) -> dict[str, DriverFile]:
        if self._by_word is None:
            found: dict[str, DriverFile] = {}
            broken: list[DriverFile] = []
            for folder in (self._shipped, *self._own_folders):
                for file in look_into(folder, shipped=folder == self._shipped):
                    _add(file, found, broken)
            # Put in place when complete: others may look meanwhile, from another thread.
            self._broken, self._by_word = broken, found
        return self._by_word

    def find(self, word: str) -> DriverFile:
        """The driver called ``word`` or one of its aliases, in any case of letters.

        Raises:
            NotFound: With the names there are, or why the file of that name is broken.
        """
        found = self._scan().get(word.lower())
        if found is None:
            self.rescan()  # its folder may have come while the program ran
            found = self._scan().get(word.lower())
        if found is not None:
            return found
        for broken in self._broken:
            if word.lower() in {broken.name.lower(), broken.path.parent.name.lower()}:
                raise _unusable(broken, f"driver {word!r} is broken: {broken.error}")
        names = ", ".join(sorted({f.name for f in self._scan().values()}))
        raise NotFound(f"there is no driver {word!r}", code="SPAWN_DRIVER", hint=f"known: {names}")

    def get(self, word: str) -> type[Driver]:
        """The driver class, imported at first use and again when its files changed.

        Raises:
            NotFound: No such driver.
            IonpyError: Broken (``SPAWN_DRIVER``) or not trusted (``DRIVER_UNTRUSTED``).
        """
        file = self.find(word)
        if file.map is not None:
            return self._described(file)
        driver = getattr(self._module(file), file.class_name, None)
        if not (isinstance(driver, type) and issubclass(driver, Driver)):
            msg = f"{file.path.parent.name}/driver.py: {file.class_name} is no Driver"
            raise SpawnError(msg, hint="derive the class from ionpy_auto.devices.Driver")
        return driver

    def _described(self, file: DriverFile) -> type[Driver]:
        """The class a map's base makes of it, anew when the file or the base changed.

        The file is read here again: what is used is what was trusted, not what a list once saw.
        """
        digest, _ = self._check_trust(file)
        known = self._made.get(file.path)
        if known is not None and known[0] == digest and known[2] is self._base(known[1]):
            return known[3]
        now = look_at_map(file.path, shipped=file.shipped)
        if now.map is None:
            raise _unusable(file, now.error)
        base = self._base(now.map)
        try:
            made = base.from_map(now.map)
        except ConfigInvalid as error:
            raise _unusable(file, error.message, error.findings) from error
        self._made[file.path] = (digest, now.map, base, made)
        return made

    def _base(self, described: DeviceMap) -> type[MapDriver]:
        """The driver a map names as its base, which must be one that reads maps."""
        name = described.head.base
        node = described.root.get("base") or described.root
        place = f"{described.file}:{node.line}:{node.column}"
        if self.find(name).map is not None:
            raise SpawnError(f"{place}: base {name} is a map itself", hint="name its base instead")
        base = self.get(name)
        if not issubclass(base, MapDriver):
            raise SpawnError(f"{place}: base {name} reads no maps", hint="base: generic_scpi")
        return base

    def _check_trust(self, file: DriverFile) -> tuple[str, Mapping[str, bytes]]:
        """Hash and files of a driver's folder that may run.

        Raises:
            Untrusted: It may not.
        """
        files = read_folder(file.path.parent)
        digest = hash_of(files)
        if not file.shipped and not self._trusted(file.path.parent, digest):
            raise Untrusted(file, digest)
        return digest, files

    def _module(self, file: DriverFile) -> ModuleType:
        digest, files = self._check_trust(file)
        known = self._loaded.get(file.path)
        if known is None or known[0] != digest:
            module = import_beside(file.path, "driver", files)
            known = self._loaded[file.path] = (digest, module)
        return known[1]

    def simulator(self, driver: type[Driver]) -> Callable[..., Any] | None:
        """The function a driver names in ``SIMULATOR``, or None."""
        if not driver.SIMULATOR:
            return None
        file_name, _, function = driver.SIMULATOR.partition(":")
        file = self.find(driver.NAME)
        if file.map is not None and not file.path.with_name(f"{file_name}.py").exists():
            file = self.find(file.map.head.base)  # a simulator the base brings along
        _, files = self._check_trust(file)
        made = getattr(import_beside(file.path, file_name, files), function, None)
        if not callable(made):
            msg = f"driver {driver.NAME}: simulator {driver.SIMULATOR!r} does not exist"
            raise SpawnError(msg, hint=f"define {function} in {file_name}.py")
        return made  # type: ignore[no-any-return]  # a function of a module found by name

    def copy(self) -> dict[str, Any]:
        """What another process needs to load the same drivers: folders, and what is trusted there.

        ``trusted`` is the trusted hash by folder.
        """
        own = {f.path.parent for f in self.files() if not f.shipped and self._is_trusted(f)}
        trusted = {str(folder): content_hash(folder) for folder in own}
        return {"shipped": self._shipped, "folders": self._own_folders, "trusted": trusted}

    def describe(self) -> list[dict[str, Any]]:
        """The JSON list of drivers for people, broken and untrusted ones included.

        What the folders hold now is read, and nothing of it is run.
        """
        self.rescan()
        return [
            {
                "name": f.name,
                "aliases": [*f.aliases],
                "category": "other",
                "icon": "",
                "version": "",
                "description": "",
                **dict(f.summary),
                "shipped": f.shipped,
                "trusted": self._is_trusted(f),
                "simulated": f.simulated,
                "transports": list(self._ways(f)),
                "error": f.error,
            }
            for f in self.files()
        ]

    def _ways(self, file: DriverFile) -> tuple[str, ...]:
        """Transports of a driver; a map that names none has those of its base."""
        if file.transports or file.map is None:
            return file.transports
        base = self._scan().get(file.map.head.base.lower())
        return base.transports if base is not None else ()

    def _is_trusted(self, file: DriverFile) -> bool:
        try:
            return file.shipped or self._trusted(file.path.parent, content_hash(file.path.parent))
        except (IonpyError, OSError):
            return False


def _words(file: DriverFile) -> set[str]:
    return {word.lower() for word in (file.name, *file.aliases)}


def _add(file: DriverFile, found: dict[str, DriverFile], broken: list[DriverFile]) -> None:
    words = _words(file)
    taken = next((found[word] for word in words if word in found), None)
    if taken is not None and not file.error:
        place = f"{file.path.parent.name}/{file.path.name}"
        text = f"{place}: name is taken by {taken.path.parent.name}"
        file = DriverFile(file.name, (), file.path, "", file.shipped, text)
    if file.error:
        broken.append(file)
        return
    for word in words:
        found[word] = file


def _unusable(file: DriverFile, message: str, findings: Sequence[Finding] = ()) -> SpawnError:
    return SpawnError(
        message,
        hint="correct the file; every other driver keeps working",
        args={"stage": "driver", "file": str(file.path)},
        findings=findings,
    )


class Untrusted(IonpyError):
    """A driver file nobody has trusted yet (ENG-23)."""

    code = "DRIVER_UNTRUSTED"
    status = 403

    def __init__(self, file: DriverFile, digest: str) -> None:
        super().__init__(
            f"driver {file.name} has not been trusted, or has changed since",
            hint=f"an administrator reads {file.path.name} and trusts its hash {digest[:12]}",
            args={"driver": file.name, "hash": digest, "stage": "driver"},
        )


def look_into(folder: Path, *, shipped: bool) -> list[DriverFile]:
    """All drivers of a folder of driver folders."""
    found = []
    for path in sorted(folder.glob("*/driver.py")):
        found += look_at(path, shipped=shipped)
    found += [look_at_map(path, shipped=shipped) for path in sorted(folder.glob("*/device.yaml"))]
    return found


def look_at(path: Path, *, shipped: bool) -> list[DriverFile]:
    """The drivers a ``driver.py`` declares, read without running it; a broken file is one."""
    place = f"{path.parent.name}/{path.name}"
    try:
        if path.stat().st_size > MAX_SOURCE_BYTES:
            return [_broken(path, f"{place}: too large for a driver", shipped=shipped)]
        tree = parse_module(path.read_text(encoding="utf-8"), str(path))
        found = [
            _driver_file(path, node, said, _transports(node, tree), shipped=shipped)
            for node in tree.body
            if isinstance(node, ast.ClassDef)
            and isinstance((said := _constants(node)).get("NAME"), str)
        ]
    except SyntaxError as error:
        return [_broken(path, f"{place}:{error.lineno}: {error.msg}", shipped=shipped)]
    except UNREADABLE as error:
        text = f"{place}: {type(error).__name__}: {error}"
        return [_broken(path, text, shipped=shipped)]
    return found or [
        _broken(path, f"{place}: there is no class with NAME = '...'", shipped=shipped)
    ]


def _transports(node: ast.ClassDef, tree: ast.Module) -> tuple[str, ...]:
    """Transports of the blueprints a class, or one of its bases in the same file, writes out."""
    bases = {base.id for base in node.bases if isinstance(base, ast.Name)}
    family = [n for n in tree.body if isinstance(n, ast.ClassDef) and n.name in bases]
    for one in (node, *family):
        found = [
            str(call.args[0].value)
            for call in ast.walk(one)
            if isinstance(call, ast.Call)
            and isinstance(call.func, ast.Name)
            and call.func.id == "Blueprint"
            and call.args
            and isinstance(call.args[0], ast.Constant)
        ]
        if found:
            return tuple(dict.fromkeys(found))
    return ()


@lru_cache(maxsize=256)
def _read_map(text: str, place: str) -> tuple[DeviceMap | None, list[Finding]]:
    """By content, so that looking anew at unchanged files costs next to nothing."""
    return read_map(text, place)


def look_at_map(path: Path, *, shipped: bool) -> DriverFile:
    """The driver a ``device.yaml`` describes; its base is not asked yet."""
    place = f"{path.parent.name}/{path.name}"
    try:
        described, findings = _read_map(path.read_text(encoding="utf-8"), place)
    except (ValueError, OSError) as error:
        return _broken(path, f"{place}: {error}", shipped=shipped)
    if described is None:
        return _broken(path, str(findings[0]), shipped=shipped)
    head = described.head
    summary = {"category": head.category, "icon": head.icon, "version": head.version}
    summary["description"] = head.description
    return DriverFile(
        name=head.name,
        aliases=head.aliases,
        path=path,
        class_name="",
        shipped=shipped,
        summary=tuple(summary.items()),
        simulated=bool(head.simulator),
        transports=tuple(dict.fromkeys(blueprint.transport for blueprint in head.blueprints or ())),
        map=described,
    )


def _broken(path: Path, error: str, *, shipped: bool) -> DriverFile:
    return DriverFile(path.parent.name, (), path, "", shipped, error)


def _driver_file(
    path: Path,
    node: ast.ClassDef,
    said: dict[str, Any],
    transports: tuple[str, ...],
    *,
    shipped: bool,
) -> DriverFile:
    aliases = said.get("ALIASES", ())
    if isinstance(aliases, NotLiteral):
        place = f"{path.parent.name}/{path.name}:{aliases.line}"
        text = f"{place}: ALIASES must be written out, it is read without running the file"
        return _broken(path, text, shipped=shipped)
    summary = {
        key.lower(): str(said[key]) for key in ("CATEGORY", "ICON", "VERSION") if key in said
    }
    summary["description"] = ast.get_docstring(node) or ""
    return DriverFile(
        name=said["NAME"],
        aliases=tuple(str(a) for a in aliases) if isinstance(aliases, tuple | list) else (),
        path=path,
        class_name=node.name,
        shipped=shipped,
        summary=tuple(summary.items()),
        simulated="SIMULATOR" in said or "virtual" in transports,
        transports=transports,
    )


def _constants(node: ast.ClassDef) -> dict[str, Any]:
    """Class-level names that are plain literals."""
    found: dict[str, Any] = {}
    for statement in node.body:
        target: ast.expr | None = None
        value: ast.expr | None = None
        if isinstance(statement, ast.Assign) and len(statement.targets) == 1:
            target, value = statement.targets[0], statement.value
        elif isinstance(statement, ast.AnnAssign):
            target, value = statement.target, statement.value
        if isinstance(target, ast.Name) and value is not None:
            try:
                found[target.id] = ast.literal_eval(value)
            except UNREADABLE:
                found[target.id] = NotLiteral(statement.lineno)
    return found
