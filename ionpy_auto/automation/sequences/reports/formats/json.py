"""The whole report as JSON, for programs."""

import msgspec

from ionpy_auto.automation.sequences.reports.model import RunReport


class JsonReport:
    """One object with the words of `RunReport`; the language changes nothing."""

    name = "json"
    suffix = ".json"
    media_type = "application/json"

    def render(self, report: RunReport, lang: str) -> bytes:
        """Indented."""
        del lang
        return msgspec.json.format(msgspec.json.encode(report.as_dict()), indent=1)
