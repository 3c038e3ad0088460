"""SCPI instruments described by a map: questions and commands are data, this file speaks them."""

from collections.abc import Mapping, Sequence
from fnmatch import fnmatchcase
from typing import Any, cast

from pydantic import Field

from ionpy_auto.devices import (
    BenchParams,
    Blueprint,
    DeviceError,
    DriverParams,
    Enum,
    LinkLost,
    MessageLink,
    Missing,
    NoAnswer,
    Numeric,
    Scalar,
    Text,
)
from ionpy_auto.devices.maps import DeviceMap, MapDriver, MapReading

from .points import PLACE, Identify, Judge, ScpiPoint, ScpiProtocol, word_for
from .replies import error_of, value_of

MAX_OLD_ERRORS = 30
"""So many entries of an error queue are read; a queue that never ends is broken."""


class GenericScpi(MapDriver):
    """Any instrument that speaks SCPI; shows its identity.

    Base of the instruments described by a `device.yaml`, which says what can be measured and set.
    """

    NAME = "generic_scpi"
    ALIASES = ("scpi",)
    CATEGORY = "meter"
    ICON = "console-line"
    VERSION = "1.0"
    STACK_BLUEPRINTS = (
        Blueprint("tcp", "delimiter", {"port": 5025}),
        Blueprint("visa", "delimiter"),
        Blueprint("serial", "delimiter", {"baudrate": 9600}),
    )
    SIMULATOR = "simulator:generic"

    class Params(DriverParams):
        """What it is wired to in mode simulate."""

        simulation: BenchParams = Field(
            default=BenchParams(), description="The cell it is wired to in mode simulate."
        )

    Protocol = ScpiProtocol
    Point = ScpiPoint
    PROTOCOL = ScpiProtocol()

    identity = Text(group="Device", icon="card-account-details-outline")

    link: MessageLink
    params: Params

    @classmethod
    def check_map(
        cls,
        described: DeviceMap,
        protocol: Any,  # noqa: ANN401 - see MapDriver
        points: Mapping[str, Any],
        reading: MapReading,
    ) -> None:
        """Questions, commands and ways of reading must fit the entities."""
        Judge(described, protocol, reading).check(dict(points))

    def declare(self) -> None:
        """Which question is due when; equal questions are asked once."""
        self._polls = 0
        self._identity = ""
        self._who = Identify()
        self._shaken = self._unheard = False
        self._last_sent = float("-inf")
        self._due: dict[str, list[str]] = {"fast": [], "slow": [], "once": []}
        taken: set[str] = set()
        for group, queries in self._due.items():
            for point in self.POINTS.values():
                if point.poll == group and point.query and point.query not in taken:
                    taken.add(point.query)
                    queries.append(point.query)

    # --- talking

    async def _wait(self) -> None:
        """Leave the instrument the pause it needs."""
        left = self._last_sent + self.PROTOCOL.min_gap_s - self.clock.monotonic()
        if left > 0:
            await self.clock.sleep(left)

    async def _query(self, question: str) -> bytes:
        await self._wait()
        try:
            return await self.link.query((question + self.PROTOCOL.end).encode("ascii"))
        except NoAnswer as error:
            self._shaken = True
            raise NoAnswer(
                f"{question}: {error.message}",
                hint=error.hint,
                args={**error.arguments, "command": question},
            ) from error
        finally:
            self._last_sent = self.clock.monotonic()

    async def _send(self, command: str) -> None:
        await self._wait()
        try:
            await self.link.send((command + self.PROTOCOL.end).encode("ascii"))
        finally:
            self._last_sent = self.clock.monotonic()

    async def _ask(self, questions: Sequence[str]) -> dict[str, bytes]:
        """All answers, several questions in one message where the map allows it."""
        step, answers = self.PROTOCOL.join, dict[str, bytes]()
        for at in range(0, len(questions), step):
            some = questions[at : at + step]
            answers.update(zip(some, await self._ask_joined(some), strict=True))
        return answers

    async def _ask_joined(self, questions: Sequence[str]) -> list[bytes]:
        if len(questions) == 1:
            return [await self._query(questions[0])]
        # Behind a ; a question without a leading colon would begin where the one before ended.
        rooted = [q if q.startswith((":", "*")) else f":{q}" for q in questions]
        answers = (await self._query(";".join(rooted))).split(b";")
        if len(answers) != len(questions):
            raise NoAnswer(
                f"{len(answers)} answers to {len(questions)} joined questions",
                hint="set join: 1 in the map",
                args={"stage": "driver"},
            )
        return answers

    # --- life

    async def connect(self) -> None:
        """See that it is the right instrument, prepare it, forget its old complaints.

        Raises:
            DeviceError: ``WRONG_DEVICE``: something else answers.
        """
        self._polls, self._shaken = 0, False
        protocol = self.PROTOCOL
        identify = protocol.identify
        if identify is None and protocol.dialect == "scpi":
            identify = Identify()
        if identify is not None:
            await self._identify(identify)
        for command in protocol.setup:
            if "?" in command:
                await self._query(command)
            else:
                await self._send(command)
        if protocol.errors:
            await self._old_errors()

    async def _still_there(self) -> None:
        """The same instrument answers, and answers what it was asked.

        After silence, and now and then: an answer that came late, or one too many, would put every
        following one in the wrong place.

        Raises:
            LinkLost: It does not; a link opened anew has no old answers.
        """
        if self._identity:
            answer = await self._query(self._who.query)
            if _text(answer) != self._identity:
                raise LinkLost(
                    f"asked who is there, the answer was {_text(answer)!r:.100}",
                    hint="answers are out of step, or another device is connected now",
                    args={"stage": "poll"},
                )
        self._shaken = False

    async def _identify(self, identify: Identify) -> None:
        answer = _text(await self._query(identify.query))
        if not fits(answer, identify.answers):
            raise DeviceError(
                f"{answer!r:.100} answers, which is no {self.NAME}",
                code="WRONG_DEVICE",
                hint=f"wanted {' or '.join(identify.answers)}; check the address and the driver",
                args={"stage": "connect", "identity": answer[:200]},
            )
        self._who, self._identity = identify, answer

    async def _old_errors(self) -> str:
        """Empty the error queue; returns the first complaint."""
        first = ""
        for _ in range(MAX_OLD_ERRORS):
            complaint = error_of(await self._query(self.PROTOCOL.errors))
            if not complaint:
                break
            first = first or complaint
        return first

    # --- values

    async def poll(self) -> Mapping[str, object]:
        """What changes, now and then what seldom does, and after connecting the rest."""
        due, slow = self._due, self._polls % self.PROTOCOL.slow_every == 0
        if self._shaken or (slow and self._polls):
            await self._still_there()
        questions = list(due["fast"])
        if slow:
            questions += due["slow"]
        if self._polls == 0:
            questions += due["once"]
        answers = await self._ask(questions)
        values: dict[str, object] = {
            key: value_of(answers[point.query], point, self.entities[key].kind)
            for key, point in self.POINTS.items()
            if point.query in answers
        }
        if self._polls == 0:
            values["identity"] = self._identity or Missing("the instrument was not asked")
        self._polls += 1
        return values

    async def write(self, entity_id: str, value: Scalar) -> None:
        """Send one command, and ask for complaints where the map says how.

        An output is told to go off without waiting for anything, not even for an answer that is
        owed: on a line that only carries our words, off must still arrive. Reading back proves it.

        Raises:
            DeviceError: ``INSTRUMENT_ERROR`` with the instrument's own words, or a value the
                command needs beside ours is not known.
        """
        point: ScpiPoint = self.POINTS[entity_id]
        texts = {"value": self._written(entity_id, value)}
        for name in point.references:
            texts[name] = await self._beside(entity_id, name)
        command = PLACE.sub(lambda found: texts[found[1]], point.set)
        if self._goes_safe(entity_id, value):
            await self._send(command)
            self._unheard = bool(self.PROTOCOL.acknowledge)
            return
        if self.PROTOCOL.acknowledge:
            answer = _text(await self._query(command))
            if not fits(answer, (self.PROTOCOL.acknowledge,)):
                raise _complaint(entity_id, answer)
            return
        await self._send(command)
        if self.PROTOCOL.errors and (complaint := await self._old_errors()):
            raise _complaint(entity_id, complaint)

    def _goes_safe(self, entity_id: str, value: Scalar) -> bool:
        entity = self.entities[entity_id]
        safe = entity.safe
        if safe is None or safe.action != "write" or safe.value is None:
            return False
        return entity.same(safe.value, value)

    def _written(self, entity_id: str, value: Scalar) -> str:
        """A value as the instrument reads it: no locale, no exponent, fixed decimals."""
        point: ScpiPoint = self.POINTS[entity_id]
        entity = self.entities[entity_id]
        if isinstance(entity, Numeric):
            return f"{float(value):.{entity.precision}f}"
        if isinstance(entity, Enum):
            return word_for(point, str(value))
        return point.on if value else point.off

    async def _beside(self, entity_id: str, name: str) -> str:
        """The present value of another number the same command carries."""
        other = cast("Numeric", self.entities[name])
        known, _, reason = other.decode(await self.read_back(name))
        if known is None:
            raise DeviceError(
                f"{entity_id} is not written: {name}, which goes with it, is not known: {reason}",
                hint="look at the instrument",
                args={"stage": "write"},
            )
        return self._written(name, other.check(known))

    async def read_back(self, entity_id: str) -> object:
        """Asked anew, with the entity's own question."""
        point: ScpiPoint = self.POINTS[entity_id]
        if not point.query:
            return None
        if self._unheard:
            # The acknowledgement nobody waited for may be the next that comes. Whatever this
            # brings, the answer after it is one to this question.
            self._unheard, self._shaken = False, True
            await self._query(point.query)
        return value_of(await self._query(point.query), point, self.entities[entity_id].kind)


def fits(answer: str, patterns: Sequence[str]) -> bool:
    """Whether an answer fits a pattern with * and ?, in any case of letters."""
    return any(fnmatchcase(answer.upper(), wanted.upper()) for wanted in patterns)


def _text(answer: bytes) -> str:
    return answer.decode("ascii", "replace").strip("\0\r\n\t ").split("\n", 1)[0].strip()


def _complaint(entity_id: str, words: str) -> DeviceError:
    return DeviceError(
        f"{entity_id}: the instrument says {words:.200}",
        code="INSTRUMENT_ERROR",
        hint="look at the instrument: a range, a lock or its mode may be in the way",
        args={"stage": "write", "complaint": words[:200]},
    )
