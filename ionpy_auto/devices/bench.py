"""Circuits shared by virtual devices: one per bench name, on the project's clock.

A virtual supply, load and meter with the same ``bench`` parameter are wired to one cell. Whoever
looks first finds it made from what all of them said.
"""

from dataclasses import replace
from math import inf
from typing import Literal

from pydantic import Field

from ionpy_auto.core.clock import Clock, Timer
from ionpy_auto.devices.driver import DriverParams
from ionpy_auto.physics import LFP_26650, NMC_18650, Bench, Cell, Readings, Wiring

CELLS = {"nmc_18650": NMC_18650, "lfp_26650": LFP_26650}
FACTORY_OVP_V = 62.0
FACTORY_OCP_A = 13.0
EXCLUSIVE = frozenset({"psu", "load"})
"""Roles of which a circuit has one."""


class Circuit:
    """A bench that always stands at the present of its clock.

    Attributes:
        bench: The physics; change its settings only through `advanced`.
    """

    def __init__(self, bench: Bench, clock: Clock) -> None:
        self.bench = bench
        self._clock = clock
        bench.mono_s = clock.monotonic()
        self._readings: Readings | None = None
        self._watch: Timer | None = None

    def advanced(self) -> tuple[Bench, float]:
        """The bench, brought to now, for changing a setting; and now."""
        now = self._clock.monotonic()
        self.bench.advance(now)
        self._readings = None
        return self.bench, now

    def readings(self) -> Readings:
        """What the instruments show now; instruments that look at one moment see the same."""
        now = self._clock.monotonic()
        if self._readings is None or self.bench.mono_s != now:
            self._readings = self.bench.measure(now)
        return self._readings

    def heard(self) -> None:
        """A message reached the supply now; its watchdog waits anew, also when nobody looks."""
        now = self._clock.monotonic()
        if self.bench.mono_s != now:
            # Only then: instruments that look at one moment share their readings. Real time
            # has gone on since, so its time counts.
            _, now = self.advanced()
        self.bench.hear_supply(now)
        self._watch_over()

    def _watch_over(self) -> None:
        due = self.bench.supply.starves_at_s
        if due < inf and self._watch is None:
            self._watch = self._clock.call_at(due, self._look)

    def _look(self) -> None:
        self._watch = None
        self.advanced()
        if self.bench.supply.starves_at_s > self.bench.mono_s:  # a welded switch stays as it is
            self._watch_over()


class BenchParams(DriverParams):
    """Which circuit a virtual device is wired to, and what that circuit is like.

    What several devices of one bench give must agree; what none gives has the default.
    """

    bench: str = Field(
        default="A", min_length=1, max_length=64, description="Name of the shared circuit."
    )
    cell: Literal["nmc_18650", "lfp_26650"] = "nmc_18650"
    soc: float = Field(default=0.5, ge=0, le=1, description="State of charge at the beginning.")
    capacity_ah: float | None = Field(
        default=None, gt=0, le=10_000, description="Of the cell, if other."
    )
    ambient_c: float = Field(default=25.0, ge=-60, le=150)
    isolation: Literal["none", "diode", "ideal_diode", "relay"] = "none"
    supply_ohm: float = Field(default=0.030, ge=0, le=10, description="Leads from supply to node.")
    load_ohm: float = Field(default=0.030, ge=0, le=10, description="Leads from load to node.")
    cell_ohm: float = Field(default=0.010, ge=0, le=10, description="Holder, contacts and relay.")

    def make(self) -> Bench:
        """The circuit these parameters describe, everything off."""
        cell = CELLS[self.cell]
        capacity_ah = cell.capacity_ah if self.capacity_ah is None else self.capacity_ah
        cell = replace(cell, ambient_c=self.ambient_c, capacity_ah=capacity_ah)
        wiring = Wiring(
            supply_ohm=self.supply_ohm,
            load_ohm=self.load_ohm,
            cell_ohm=self.cell_ohm,
            isolation=self.isolation,
        )
        bench = Bench(cell=Cell(cell, soc=self.soc), wiring=wiring)
        bench.supply.ovp_v, bench.supply.ocp_a = FACTORY_OVP_V, FACTORY_OCP_A
        return bench


class Benches:
    """Circuits of one project, by name.

    Args:
        clock: The project's clock, on which the circuits live.
    """

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self._plans: dict[str, dict[str, object]] = {}
        self._circuits: dict[str, Circuit] = {}
        self._holders: dict[tuple[str, str], str] = {}

    def place(self, device: str, role: str, params: BenchParams) -> BenchParams:
        """Where a simulated device is wired: a bench has one supply and one load.

        Whoever names a bench gets it. A second device that does not name one stands alone, with a
        cell of its own: else one instrument would switch the other.

        Args:
            device: Its id.
            role: Category of its driver; only ``psu`` and ``load`` hold a place.
            params: What its configuration says.
        """
        if role not in EXCLUSIVE:
            return params
        place = (params.bench, role)
        holder = self._holders.setdefault(place, device)
        if holder == device or "bench" in params.model_fields_set:
            return params
        return params.model_copy(update={"bench": f"{device} alone"[:64]})

    def leave(self, device: str) -> None:
        """A device was removed; its place is free."""
        self._holders = {place: held for place, held in self._holders.items() if held != device}

    def plan(self, params: BenchParams) -> None:
        """Say what a device knows of its bench, before the circuit is made.

        Raises:
            ValueError: Another device of the bench says otherwise.
        """
        plan = self._plans.setdefault(params.bench, {"bench": params.bench})
        fields = set(BenchParams.model_fields) & params.model_fields_set
        for name in sorted(fields):
            value = getattr(params, name)
            if plan.setdefault(name, value) != value:
                msg = f"bench {params.bench}: {name} is {plan[name]} in another device, not {value}"
                raise ValueError(msg)

    def get(self, name: str) -> Circuit:
        """The circuit called ``name``, made at first use as planned."""
        if name not in self._circuits:
            plan = BenchParams.model_validate(self._plans.get(name, {"bench": name}))
            self._circuits[name] = Circuit(plan.make(), self.clock)
        return self._circuits[name]

    def names(self) -> list[str]:
        """Benches in use, sorted."""
        return sorted(self._circuits)
