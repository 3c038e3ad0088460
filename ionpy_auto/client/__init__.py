"""Python client of a server: runs, devices, sessions, flows and recorded values.

from ionpy_auto.client import Client

with Client("http://127.0.0.1:8000") as lab:
run = lab.runs.start("capacity-check", parameters={"cycles": 1})
print(lab.runs.wait(run["id"])["verdict"])
"""

from ionpy_auto.client.client import DEFAULT_SERVER, Client
from ionpy_auto.client.runs import Runs
from ionpy_auto.client.types import (
    Cycle,
    Device,
    Flow,
    History,
    Outcome,
    Page,
    Prompt,
    ReportKind,
    Run,
    RunEvent,
    Session,
    State,
    Step,
    Value,
    Verdict,
)

__all__ = [
    "DEFAULT_SERVER",
    "Client",
    "Cycle",
    "Device",
    "Flow",
    "History",
    "Outcome",
    "Page",
    "Prompt",
    "ReportKind",
    "Run",
    "RunEvent",
    "Runs",
    "Session",
    "State",
    "Step",
    "Value",
    "Verdict",
]
