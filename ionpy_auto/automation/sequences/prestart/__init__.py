"""Before a run starts: every condition must hold, and each is shown with its value (SEQ-20).

Nothing is switched here. One file per topic; what cannot be known (no such sensor) is said as
such, what must be known and is not refuses the start.
"""

from ionpy_auto.automation.sequences.prestart.condition import Check, Neighbour, Start, refuse
from ionpy_auto.automation.sequences.prestart.inspection import Inspector
from ionpy_auto.automation.sequences.prestart.preview import Preview

__all__ = ["Check", "Inspector", "Neighbour", "Preview", "Start", "refuse"]
