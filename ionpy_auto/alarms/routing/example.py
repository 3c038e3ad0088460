"""The texts an installation begins with: an explained routing file, and the least there is."""

from typing import Final

LAST_RESORT: Final = """\
route:
  receiver: browser
"""
"""In force when there is no file that can be read: everybody with a browser open is told."""

EXAMPLE: Final = """\
# Who is told of which alarm, when. The words are those of Alertmanager; durations are written
# 30s, 5m, 1h30m or 30 s. Save the file and it is in force; if it has errors, the last good one
# stays and an alarm says so. Try it: ionpy-auto routes test severity=critical device=PSU_01
#
# Labels of an alarm: alertname, severity (info, warning, critical), source, device, entity,
# state (LO, LOLO, HI, HIHI), priority, project, session.

route:
  receiver: browser         # of all that no route below takes
  group_by: [device]        # alarms of one device are one message
  group_wait: 30s           # wait for more of the same before the first message
  group_interval: 5m        # then say what is new no more often than this
  repeat_interval: 4h       # and the same again, until somebody acknowledges
  # routes:
  #   - matchers: ['severity="critical"']
  #     receiver: lab
  #     group_wait: 5s
  #     escalate:             # told while nobody acknowledges
  #       - {after: 5m, to: on-call}
  #   - matchers: ['severity="info"']
  #     receiver: lab
  #     mute_time_intervals: [nights]

# Receivers; browser (all who have the page open) and log are always there. How each kind is
# written: docs/reference/alarm-delivery.md
# receivers:
#   - name: lab
#     webhook_configs:
#       - url: https://example.org/alarms
#   - name: on-call
#     webhook_configs:
#       - url: https://example.org/wake-up

# time_intervals:
#   - name: nights
#     time_intervals:
#       - times:
#           - {start_time: '20:00', end_time: '24:00'}
#           - {start_time: '00:00', end_time: '07:00'}
#         location: Europe/Berlin

# A sign of life to a watcher outside, who calls when it stays away:
# heartbeat: {url: 'https://watch.example.org/ping', every: 30s}

# While an alarm that fits source_matchers is there, those that fit target_matchers say nothing.
inhibit_rules:
  - source_matchers: ['severity="critical"']
    target_matchers: ['severity=~"warning|info"']
    equal: [device, alertname]
"""
