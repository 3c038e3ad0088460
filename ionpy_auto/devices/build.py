"""Builds a device's stack from its configuration: link and driver, opened by nobody yet.

In mode simulate no port is ever opened: the configured link is replaced by the driver's simulator;
a driver that is its own device (transport ``virtual``) is built as it is.
"""

from collections.abc import Mapping
from typing import Any

from ionpy_auto.core.clock import Clock
from ionpy_auto.core.errors import NotFound
from ionpy_auto.devices.bench import Benches, BenchParams
from ionpy_auto.devices.catalogue import Catalogue
from ionpy_auto.devices.config import DeviceConfig
from ionpy_auto.devices.driver import Blueprint, Driver
from ionpy_auto.devices.framing import FRAMINGS
from ionpy_auto.devices.links import Link, SpawnError, validated
from ionpy_auto.devices.transports import TRANSPORTS
from ionpy_auto.devices.transports.virtual import NAME as VIRTUAL
from ionpy_auto.devices.transports.virtual import VirtualLink


class Builder:
    """Makes drivers with their links.

    Args:
        catalogue: Where drivers are found.
        clock: The project's clock.
        simulate: No port is opened.
    """

    def __init__(self, catalogue: Catalogue, clock: Clock, *, simulate: bool) -> None:
        self.catalogue = catalogue
        self.clock = clock
        self.simulate = simulate
        self.benches = Benches(clock)

    def build(self, config: DeviceConfig) -> Driver:
        """A fresh driver on a fresh link.

        Raises:
            IonpyError: ``SPAWN_DRIVER``, ``SPAWN_PARAMS``, ``SPAWN_TRANSPORT`` or
                ``SPAWN_FRAMING``; ``DRIVER_UNTRUSTED``.
        """
        driver = self.catalogue.get(config.driver)
        params = validated(
            driver.Params, config.params, stage="params", what=f"{config.id}: params"
        )
        params = self._placed(config, driver, params)
        link = self._link(config, driver, params)
        try:
            return driver(link, self.clock, params)
        except Exception as error:
            msg = f"driver {driver.NAME} cannot be built: {type(error).__name__}: {error}"
            raise SpawnError(msg, hint="correct the driver", args={"stage": "driver"}) from error

    def _placed(self, config: DeviceConfig, driver: type[Driver], params: Any) -> Any:  # noqa: ANN401 - Params of the driver
        """The same parameters, on a bench of its own where another instrument has the place."""
        if isinstance(params, BenchParams):
            return self.benches.place(config.id, driver.CATEGORY, params)
        simulation = getattr(params, "simulation", None)
        if not self.simulate or not isinstance(simulation, BenchParams):
            return params
        placed = self.benches.place(config.id, driver.CATEGORY, simulation)
        return params.model_copy(update={"simulation": placed})

    def _link(self, config: DeviceConfig, driver: type[Driver], params: object) -> Link:
        blueprint = blueprint_for(driver, config)
        if config.transport.type.lower() == VIRTUAL:
            return VirtualLink(self.benches)
        if self.simulate or self.clock.is_virtual:
            return self._simulated(driver, params)
        return self._real(config, blueprint)

    def _simulated(self, driver: type[Driver], params: object) -> Link:
        make = self.catalogue.simulator(driver)
        if make is None:
            msg = f"driver {driver.NAME} has no simulator; in simulation no port is opened"
            raise SpawnError(
                msg, code="NO_SIMULATOR", hint="use a virtual driver, or leave the simulation"
            )
        link: Link = make(params, self.clock, self.benches)
        return link

    def _real(self, config: DeviceConfig, blueprint: Blueprint) -> Link:
        kind = _known(TRANSPORTS, config.transport.type, "transport")
        values = merged(blueprint.transport_params, config.transport.params)
        transport = kind(
            validated(kind.Params, values, stage="transport", what=f"{config.id}: transport"),
            self.clock,
        )
        framing_type = config.framing.type if config.framing is not None else blueprint.framing
        framing = _known(FRAMINGS, framing_type, "framing")
        values = config.framing.params if config.framing is not None else {}
        if framing_type.lower() == blueprint.framing:
            values = merged(blueprint.framing_params, values)
        parsed = validated(framing.Params, values, stage="framing", what=f"{config.id}: framing")
        link: Link = framing.link(transport, parsed, self.clock)
        return link


def merged(defaults: Mapping[str, Any], given: Mapping[str, Any]) -> dict[str, Any]:
    """Blueprint defaults overridden by the configuration."""
    return {**defaults, **given}


def _known(registry: Any, name: str, stage: str) -> Any:  # noqa: ANN401 - either registry
    try:
        return registry.get(name.lower())
    except NotFound as error:
        raise SpawnError(
            error.message, code=f"SPAWN_{stage.upper()}", hint=error.hint, args={"stage": stage}
        ) from None


def blueprint_for(driver: type[Driver], config: DeviceConfig) -> Blueprint:
    """The blueprint that fits transport (and framing, where given) of a configuration.

    Raises:
        SpawnError: The driver does not support this transport.
    """
    wanted = config.transport.type.lower()
    fitting = [b for b in driver.STACK_BLUEPRINTS if b.transport == wanted]
    if not fitting:
        known = ", ".join(sorted({b.transport for b in driver.STACK_BLUEPRINTS}))
        raise SpawnError(
            f"driver {driver.NAME} does not run on transport {config.transport.type!r}",
            code="SPAWN_TRANSPORT",
            hint=f"use one of: {known}",
            args={"stage": "transport"},
        )
    framing = config.framing.type.lower() if config.framing is not None else fitting[0].framing
    return next((b for b in fitting if b.framing == framing), fitting[0])
