"""What can be known to be wrong with a flow before it runs, beyond its grammar (SEQ-11).

Each file of `sequences/checks/` looks at one topic; a new file there is found by itself. Each
finding points to the line of the step or rule it is about.
"""

import importlib
import pkgutil
from functools import cache

from ionpy_auto.automation.flow import Flow
from ionpy_auto.automation.names import Site
from ionpy_auto.automation.sequences import checks
from ionpy_auto.automation.sequences.review import Check, Review
from ionpy_auto.core.errors import Finding, Severity
from ionpy_auto.devices.manager import DeviceManager


def check_flow(flow: Flow, site: Site, devices: DeviceManager | None = None) -> list[Finding]:
    """Findings about a flow that reads well, in the order of its lines.

    Args:
        flow: Typed, bound to its channel.
        site: Devices, channels and cells.
        devices: For the ranges of instruments; None leaves them out.
    """
    review = Review(flow, flow.names.channel, devices)
    found = [finding for check in all_checks() for finding in check(review)]
    for _, called in flow.calls():  # with its own limits as well
        inner = check_flow(called, site, devices)
        found += [finding for finding in inner if finding.severity is Severity.ERROR]
    return sorted(dict.fromkeys(found), key=lambda finding: finding.line)


@cache
def all_checks() -> tuple[Check, ...]:
    """The checks of all topics, by name."""
    names = sorted(info.name for info in pkgutil.iter_modules(checks.__path__))
    modules = (importlib.import_module(f"{checks.__name__}.{name}") for name in names)
    return tuple(module.check for module in modules)
