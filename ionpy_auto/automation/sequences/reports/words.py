"""The words of a report in English and German; English is the key."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Final

from ionpy_auto.automation.sequences.uncertainty import with_uncertainty

GERMAN: Final[Mapping[str, str]] = {
    "Run report": "Prüfbericht",
    "Verdict": "Ergebnis",
    "not set": "offen",
    "pass": "bestanden",
    "inconclusive": "nicht eindeutig",
    "fail": "nicht bestanden",
    "aborted": "abgebrochen",
    "error": "Fehler",
    "not known": "nicht bekannt",
    "yes": "ja",
    "no": "nein",
    "none": "keine",
    "Run": "Lauf",
    "Flow": "Ablauf",
    "Channel": "Kanal",
    "State": "Zustand",
    "Started": "Beginn",
    "Ended": "Ende",
    "Duration": "Dauer",
    "Ended by": "Beendet durch",
    "Started by": "Gestartet von",
    "Message": "Meldung",
    "This run is not over: the report shows it as it was stored last.": (
        "Dieser Lauf ist nicht zu Ende: Der Bericht zeigt den zuletzt gespeicherten Stand."
    ),
    "queued": "wartet",
    "starting": "beginnt",
    "running": "läuft",
    "paused": "angehalten",
    "held": "gehalten",
    "stopping": "endet",
    "finished": "beendet",
    "Charge": "Laden",
    "Discharge": "Entladen",
    "charge": "Laden",
    "discharge": "Entladen",
    "Highest temperature": "Höchste Temperatur",
    "Cycles": "Zyklen",
    "{count}, {valid} with valid CE": "{count}, {valid} mit gültigem CE",
    "Mean CE": "Mittlerer CE",
    "Mean EE": "Mittlerer EE",
    "What the run measured": "Was der Lauf gemessen hat",
    "Measurements": "Messwerte",
    "Measurement": "Messwert",
    "Value": "Wert",
    "Count": "Anzahl",
    "Lowest": "Kleinster",
    "Highest": "Größter",
    "Lower limit": "Untergrenze",
    "Upper limit": "Obergrenze",
    "Protections and limits": "Schutz und Grenzen",
    "Hardware protection": "Schutz im Gerät",
    "Limit": "Grenze",
    "Origin": "Herkunft",
    "Wanted": "Soll",
    "Achieved": "Erreicht",
    "Kind": "Art",
    "Note": "Bemerkung",
    "Point": "Punkt",
    "Worst-case reaction": "Reaktion im schlimmsten Fall",
    "No hardware protection was armed in this run.": (
        "In diesem Lauf wurde kein Schutz im Gerät gesetzt."
    ),
    "Reaction = poll + debounce + switching off, proven.": (
        "Reaktion = Abfrage + Entprellung + nachgewiesenes Abschalten."
    ),
    "Accepted": "In Kauf genommen",
    "Accepted by a person": "Von einer Person in Kauf genommen",
    "By": "Von",
    "Date": "Datum",
    "Conditions": "Bedingungen",
    "Parameters": "Parameter",
    "Conditions and parameters": "Bedingungen und Parameter",
    "Checks before the start": "Prüfungen vor dem Start",
    "Check": "Prüfung",
    "Found": "Befund",
    "Curves": "Verläufe",
    "Voltage": "Spannung",
    "Current": "Strom",
    "Temperature": "Temperatur",
    "Voltage, current and temperature over time": "Spannung, Strom und Temperatur über der Zeit",
    "time": "Zeit",
    "predicted": "vorhergesagt",
    "gap": "Lücke",
    "Voltage over charge": "Spannung über der Ladung",
    "charge moved": "bewegte Ladung",
    "cycle": "Zyklus",
    "Cycle": "Zyklus",
    "Capacity per cycle": "Kapazität je Zyklus",
    "Coulombic efficiency per cycle": "Coulomb-Wirkungsgrad je Zyklus",
    "Contact: voltage between instrument and cell over current": (
        "Kontakt: Spannung zwischen Gerät und Zelle über dem Strom"
    ),
    "Distance between polls": "Abstand der Abfragen",
    "share of polls": "Anteil der Abfragen",
    "Nothing of this run was recorded; there are no curves.": (
        "Von diesem Lauf wurde nichts aufgezeichnet; es gibt keine Verläufe."
    ),
    "{count} more cycles are not drawn.": "{count} weitere Zyklen sind nicht gezeichnet.",
    "Charge Ah": "Laden Ah",
    "Discharge Ah": "Entladen Ah",
    "Mean V charge": "Mittlere V Laden",
    "Mean V discharge": "Mittlere V Entladen",
    "CV share": "CV-Anteil",
    "Tmax °C": "Tmax °C",
    "Partial": "Unvollständig",
    "Remark": "Anmerkung",
    "Steps": "Schritte",
    "Step": "Schritt",
    "End value": "Endwert",
    "Phases": "Phasen",
    "V start → end": "V Beginn → Ende",
    "I end": "I Ende",
    "Mean V": "Mittlere V",
    "{count} passed steps without remark are left out here; the JSON report has all.": (
        "{count} bestandene Schritte ohne Anmerkung fehlen hier; der JSON-Bericht hat alle."
    ),
    "{count} more are left out here; the JSON report has them.": (
        "{count} weitere fehlen hier; der JSON-Bericht hat sie."
    ),
    "Our Ah against the instruments' counters": "Unsere Ah gegen die Zähler der Geräte",
    "Ours Ah": "Wir Ah",
    "Instrument Ah": "Gerät Ah",
    "Deviation": "Abweichung",
    "No instrument of this run has an Ah counter.": (
        "Kein Gerät dieses Laufs hat einen Ah-Zähler."
    ),
    "Contact": "Kontakt",
    "Resistance": "Widerstand",
    "The voltage at the instruments was not recorded beside that at the cell.": (
        "Die Spannung an den Geräten wurde nicht neben der an der Zelle aufgezeichnet."
    ),
    "Sampling": "Abtastung",
    "Polls": "Abfragen",
    "longest": "längste",
    "Events": "Ereignisse",
    "Nothing happened beside the steps.": "Außer den Schritten ist nichts geschehen.",
    "alarm": "Alarm",
    "marker": "Marke",
    "resumed": "fortgesetzt",
    "prompt": "Rückfrage",
    "warning": "Warnung",
    "Leakage with the outputs off": "Strom aus der Zelle bei ausgeschalteten Ausgängen",
    "Instrument": "Gerät",
    "Traceability": "Rückführbarkeit",
    "Cell": "Zelle",
    "Cell id": "Zellnummer",
    "Batch": "Charge",
    "Mass": "Masse",
    "Cell file": "Zelldatei",
    "Manufacturer": "Hersteller",
    "Chemistry": "Chemie",
    "Capacity for C-rates": "Kapazität für C-Raten",
    "Cells in series": "Zellen in Reihe",
    "Cycles before this run": "Zyklen vor diesem Lauf",
    "Operator": "Bediener",
    "Fixture": "Halterung",
    "Lead resistance": "Leitungswiderstand",
    "Place of the temperature sensor": "Ort des Temperaturfühlers",
    "Wires of the voltage meter": "Leitungen der Spannungsmessung",
    "Isolation": "Trennung",
    "Clock at the start": "Uhr beim Start",
    "Software": "Software",
    "Model": "Modell",
    "Serial number": "Seriennummer",
    "Firmware": "Firmware",
    "Driver": "Treiber",
    "Calibrated": "Kalibriert",
    "Due": "Fällig",
    "Accuracy": "Genauigkeit",
    "Range": "Bereich",
    "Resolution": "Auflösung",
    "Meters": "Messgeräte",
    "Quantity": "Größe",
    "voltage": "Spannung",
    "current": "Strom",
    "charge current": "Ladestrom",
    "discharge current": "Entladestrom",
    "temperature": "Temperatur",
    "Files": "Dateien",
    "Role": "Rolle",
    "File": "Datei",
    "Hash": "Prüfsumme",
    "flow": "Ablauf",
    "cell": "Zelle",
    "channel": "Kanal",
    "profile": "Profil",
    "called flow": "gerufener Ablauf",
    "Definitions": "Definitionen",
    "Predicted": "Vorhergesagt",
    "rest": "Pause",
    "Page {page} of {pages}": "Seite {page} von {pages}",
    "(not shown: outside the drawing)": "(nicht gezeichnet: außerhalb des Bildes)",
    "CE": "CE",
    "EE": "EE",
    "mean V": "mittlere V",
    "mid V": "V bei halber Ladung",
    "DCIR": "DCIR",
    "±": "±",
    "partial": "unvollständig",
    "signs": "Vorzeichen",
    "discharge Ah / preceding charge Ah; valid only if the discharge before that charge had the "
    "same end, else first or partial": (
        "Entlade-Ah / Ah der Ladung davor; gültig nur, wenn die Entladung vor dieser Ladung ebenso "
        "endete, sonst first oder partial"
    ),
    "the same in Wh": "dasselbe in Wh",
    "Wh / Ah of a charge or a discharge": "Wh / Ah einer Ladung oder Entladung",
    "voltage at half the Ah of the largest step of a direction": (
        "Spannung bei halben Ah des größten Schrittes einer Richtung"
    ),
    "Ah in phase CV / charge Ah": "Ah in Phase CV / Lade-Ah",
    "|V(t) − V(0−)| / |I(t) − I(0−)| at t after the measured edge, V interpolated to I; iec61960: "
    "(V1 − V2) / (I2 − I1) of 0.2 C for 10 s and 1 C for 1 s; fewer than 10 samples in the pulse "
    "are inconclusive": (
        "|V(t) − V(0−)| / |I(t) − I(0−)| bei t nach der gemessenen Flanke, V auf I interpoliert; "
        "iec61960: (V1 − V2) / (I2 − I1) aus 0,2 C für 10 s und 1 C für 1 s; weniger als 10 "
        "Messpunkte im Puls sind nicht eindeutig"
    ),
    "expanded uncertainty, k = 2 (about 95 %), from the accuracy classes of the meters": (
        "erweiterte Unsicherheit, k = 2 (etwa 95 %), aus den Genauigkeitsklassen der Messgeräte"
    ),
    "a gap made an amount unknown, or one half of the cycle is missing; drawn hollow": (
        "eine Lücke machte eine Menge unbekannt, oder eine Hälfte des Zyklus fehlt; hohl gezeichnet"
    ),
    "current and power are positive into the cell; amounts of a step are magnitudes": (
        "Strom und Leistung sind in die Zelle hinein positiv; Mengen eines Schrittes sind Beträge"
    ),
    "samples farther apart than 3 polls (at least 2 s) are not bridged; with outputs proven off "
    "the time counts 0": (
        "Abstände über 3 Abfragen (mindestens 2 s) werden nicht überbrückt; bei nachgewiesen "
        "ausgeschalteten Ausgängen zählt die Zeit 0"
    ),
}


class Words:
    """Texts, numbers and times for one language.

    >>> Words("de")("Verdict"), Words("en")("Verdict"), Words("de").figure(0.99628, 0.0012)
    ('Ergebnis', 'Verdict', '0,9963 ± 0,0012')
    """

    def __init__(self, lang: str) -> None:
        self.lang = lang
        self._words = GERMAN if lang == "de" else {}

    def __call__(self, text: str, **values: object) -> str:
        """The text in this language."""
        found = self._words.get(text, text)
        return found.format(**values) if values else found

    def _local(self, number: str) -> str:
        number = number.replace("-", "−") if number.startswith("-") else number
        return number.replace(".", ",") if self.lang == "de" else number

    def number(self, value: float | None, places: int) -> str:
        """With so many decimals."""
        if value is None:
            return "–"
        text = f"{value:.{places}f}"
        return self._local(text.lstrip("-") if float(text) == 0.0 else text)

    def short(self, value: float | None, digits: int = 4) -> str:
        """With so many digits that count, no zeros behind."""
        return "–" if value is None else self._local(f"{value:.{digits}g}")

    def figure(self, value: float | None, uncertainty: float | None, places: int = 4) -> str:
        """A figure rounded to its uncertainty, or with some decimals where that is not known."""
        if value is None:
            return "–"
        if uncertainty is None or not uncertainty > 0.0:
            return self.number(value, places)
        return " ± ".join(self._local(p) for p in with_uncertainty(value, uncertainty).split(" ± "))

    def percent(self, value: float | None, places: int = 1) -> str:
        """A share."""
        return "–" if value is None else f"{self.number(value * 100.0, places)} %"

    def known(self, value: object) -> str:
        """A text, or that nobody knows it."""
        if isinstance(value, float):
            return self.short(value, 6)
        return self("not known") if value is None or value == "" else str(value)

    def moment(self, at: float | None) -> str:
        """UTC, to the second."""
        if at is None:
            return "–"
        return f"{datetime.fromtimestamp(at, UTC):%Y-%m-%d %H:%M:%S} UTC"

    def duration(self, seconds: float | None) -> str:
        """Hours, minutes, seconds.

        >>> Words("en").duration(3725.4), Words("en").duration(42.25)
        ('1:02:05 h', '42.2 s')
        """
        if seconds is None:
            return "–"
        if seconds < 60.0:
            return f"{self.short(seconds, 3)} s"
        whole = round(seconds)
        return f"{whole // 3600}:{whole // 60 % 60:02d}:{whole % 60:02d} h"
