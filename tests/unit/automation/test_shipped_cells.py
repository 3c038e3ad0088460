"""The shipped cells: each reads, says where its figures come from, and fits together."""

from pathlib import Path

import pytest

from ionpy_auto.automation.wiring import read_cell

CELLS = sorted((Path(__file__).resolve().parents[3] / "cells").glob("*.yaml"))


@pytest.mark.parametrize("path", CELLS, ids=lambda path: path.stem)
def test_a_cell_reads_and_its_figures_fit_together(path):
    text = path.read_text(encoding="utf-8")
    cell, findings = read_cell(text, path.name)
    assert findings == []
    assert text.startswith("# ")
    assert cell.title
    assert cell.chemistry
    limits = cell.limits
    low, high = limits.voltage
    assert low < cell.cutoff_voltage < cell.storage_voltage < cell.charge_voltage < high
    assert high - cell.charge_voltage <= 0.1 + 1e-9
    assert 0.0 < limits.charge_current <= 2.0 * cell.capacity
    assert limits.discharge_current > 0.0
    assert limits.charge_temp[0] >= 0.0
    assert limits.charge_temp[1] <= 45.0
    assert limits.discharge_temp[1] <= 60.0
    assert cell.precharge.current <= 0.1 * cell.capacity + 1e-9
