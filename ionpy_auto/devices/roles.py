"""What an entity is for, so that channels find functions and not names.

A channel asks a driver for its `Role.OUTPUT`, whatever the driver's author called it. One role
stands at most once per driver and channel.
"""

from enum import StrEnum


class Role(StrEnum):
    """Function of an entity within its device."""

    SET_VOLTAGE = "set_voltage"
    SET_CURRENT = "set_current"
    OUTPUT = "output"  # supply on/off
    MEASURED_VOLTAGE = "measured_voltage"
    MEASURED_CURRENT = "measured_current"
    MEASURED_POWER = "measured_power"
    REGULATION = "regulation"  # cv or cc
    PROTECTION = "protection"  # which protection has tripped
    SET_OVP = "set_ovp"
    SET_OCP = "set_ocp"
    OVP_ENABLED = "ovp_enabled"  # whether the over-voltage protection acts at all
    OCP_ENABLED = "ocp_enabled"
    BATTERY_VOLTAGE = "battery_voltage"  # at the battery terminal, behind the blocking diode
    SENSE_VOLTAGE = "sense_voltage"  # 4-wire
    TEMPERATURE = "temperature"  # of the instrument
    BATTERY_TEMPERATURE = "battery_temperature"  # of a probe on the cell
    LOAD_MODE = "load_mode"  # cc, cv, cp, cr
    LOAD_LEVEL = "load_level"  # current of a load in mode cc
    LOAD_POWER = "load_power"  # its power in mode cp
    LOAD_RESISTANCE = "load_resistance"  # its resistance in mode cr
    LOAD_VOLTAGE = "load_voltage"  # the voltage it holds in mode cv
    INPUT = "input"  # load on/off
    CUTOFF_VOLTAGE = "cutoff_voltage"  # the load switches itself off below it
    RELAY = "relay"
    AH_COUNTER = "ah_counter"
    WH_COUNTER = "wh_counter"
    # Seconds without a message until the device switches its output off by itself; 0 is off.
    WATCHDOG = "watchdog"
    KEYPAD_LOCK = "keypad_lock"
    POWER_UP_OUTPUT = "power_up_output"  # the device switches its output on by itself
