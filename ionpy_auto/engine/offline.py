"""Looking at projects and flow files without running them: for ``check`` and for CI."""

import re
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path

from ionpy_auto.automation.flow import Flow
from ionpy_auto.automation.flow_reader import read_flow
from ionpy_auto.automation.names import NoSite, Site
from ionpy_auto.automation.profiles import Profile, read_profile
from ionpy_auto.automation.rules.check import check_rules
from ionpy_auto.automation.sequences.check import check_flow
from ionpy_auto.automation.wiring import CellFile, read_cell
from ionpy_auto.core.errors import Finding, IonpyError
from ionpy_auto.core.files import shipped_path
from ionpy_auto.devices.catalogue import Catalogue
from ionpy_auto.devices.config import load_devices
from ionpy_auto.devices.entities import Entity
from ionpy_auto.engine.site import EntitySite, Shelf
from ionpy_auto.projects.project import PROJECT_FILE, load_project


class ShippedSite(NoSite):
    """The `Site` of a flow that stands alone: shipped cells and profiles, all else goes."""

    def __init__(self) -> None:
        self._cells = Shelf((shipped_path("cells"),), read_cell)

    def cell(self, name: str) -> CellFile | None:
        """A shipped cell."""
        return self._cells.get(name.removeprefix("cells/"))

    def profile(self, name: str) -> tuple[Profile | None, list[Finding]]:
        """A shipped profile; others are found in a project alone."""
        path = shipped_path("rules") / "profiles" / f"{Path(name).stem}.csv"
        if not path.is_file():
            return super().profile(name)
        return read_profile(path.read_text(encoding="utf-8"), path.name)


class FolderSite(EntitySite):
    """The `Site` of a project folder: entities as its drivers declare them, nothing connected."""

    def __init__(self, folder: Path, findings: list[Finding]) -> None:
        catalogue = Catalogue()
        catalogue.project = folder / "drivers"  # named in findings, never run
        project = load_project(folder)
        self._entities: dict[str, dict[str, Entity]] = {}
        super().__init__((folder / "channels",), (folder / "cells", shipped_path("cells")))
        devices = load_devices(project.devices_path)
        findings += devices.findings
        for config in devices.devices:
            try:
                self._entities[config.id] = dict(catalogue.get(config.driver).ENTITIES)
            except IonpyError as error:
                message = f"{config.id}: {error.message}"
                findings.append(
                    Finding(code="driver", message=message, hint=error.hint, file="devices.json")
                )
                self._entities[config.id] = {}

    def has_device(self, device_id: str) -> bool:
        """Whether there is such a device."""
        return device_id in self._entities

    def entity_of(self, device_id: str, entity_id: str) -> Entity | None:
        """An entity as its driver declares it, or None."""
        return self._entities[device_id].get(entity_id)


def check_path(path: Path) -> Iterator[list[Finding]]:
    """The findings of each file below a path.

    A project folder is checked as a whole; a single flow file inside a project is checked against
    that project, elsewhere without one.
    """
    if path.is_dir() and (path / PROJECT_FILE).is_file():
        yield from _check_project(path)
    elif path.is_dir():
        for child in sorted(path.rglob("*.yaml")):
            yield _check_flow(child, _site_of(child))
    else:
        yield _check_flow(path, _site_of(path))


def flow_of(path: Path) -> tuple[Flow | None, list[Finding]]:
    """The flow of a file, typed with what stands around it; None when it has errors."""
    text = path.read_text(encoding="utf-8", errors="replace")
    return read_flow(text, str(path), _site_of(path), texts=partial(_beside, path))


def _site_of(path: Path) -> Site:
    folder = path.resolve().parent.parent
    if path.resolve().parent.name == "flows" and (folder / PROJECT_FILE).is_file():
        return FolderSite(folder, [])
    return ShippedSite()


def _check_project(folder: Path) -> Iterator[list[Finding]]:
    findings: list[Finding] = []
    site = FolderSite(folder, findings)
    yield [replace(finding, file=str(folder / finding.file)) for finding in findings]
    for shelf in (site.channels, site.cells):
        for name, path in shelf.paths().items():
            if path.is_relative_to(folder):
                yield [replace(finding, file=str(path)) for finding in shelf.read(name)[1]]
    for path in sorted((folder / "flows").glob("*.yaml")):
        yield _check_flow(path, site)


def _beside(path: Path, flow_id: str) -> tuple[str, str] | None:
    """The flow of this id in the same folder; elsewhere nobody looks here."""
    for other in sorted(path.parent.glob("*.yaml")):
        text = other.read_text(encoding="utf-8", errors="replace")
        if re.search(rf"^id:[ \t]*['\"]?{re.escape(flow_id)}['\"]?[ \t]*(#|$)", text, re.MULTILINE):
            return text, str(other)
    return None


def _check_flow(path: Path, site: Site) -> list[Finding]:
    text = path.read_text(encoding="utf-8", errors="replace")
    flow, findings = read_flow(text, str(path), site, texts=partial(_beside, path))
    if flow is not None:
        findings += [*check_flow(flow, site), *check_rules(flow)]
    return findings
