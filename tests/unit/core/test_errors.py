"""The tree of errors: stable codes, distinct statuses, an answer that survives processes."""

import inspect
import json
import pickle

import pytest

from ionpy_auto.core import errors
from ionpy_auto.core.errors import BadInput, ConfigInvalid, Finding, IonpyError, Rejected, Severity

KINDS = [
    kind
    for _, kind in inspect.getmembers(errors, inspect.isclass)
    if issubclass(kind, IonpyError) and kind.__module__ == errors.__name__
]


@pytest.mark.parametrize("kind", KINDS, ids=lambda k: k.__name__)
def test_the_drawn_tree_names_every_error_with_its_status(kind: type[IonpyError]) -> None:
    assert kind.__name__ in errors.__doc__
    if kind is not ConfigInvalid:  # drawn below its parent, whose status it has
        assert f"{kind.__name__} ({kind.status})" in errors.__doc__
    assert kind.code == kind.code.upper()


def test_codes_are_told_apart() -> None:
    assert len({kind.code for kind in KINDS}) == len(KINDS)
    assert ConfigInvalid.status == BadInput.status


def test_the_answer_has_what_the_api_promises() -> None:
    error = Rejected("too high", code="OUT_OF_RANGE", hint="lower it", args={"max": 60})
    assert error.as_dict() == {
        "error": "OUT_OF_RANGE",
        "code": "OUT_OF_RANGE",
        "message": "too high",
        "hint": "lower it",
        "args": {"max": 60},
    }
    assert Rejected.code == "REJECTED"  # one error's code is not everyone's


def test_findings_travel_along_as_json() -> None:
    finding = Finding(code="unknown-key", message="no such key", line=3, column=5, path="a.b")
    answer = ConfigInvalid("bad file", findings=[finding]).as_dict()
    assert json.loads(json.dumps(answer))["findings"][0]["line"] == 3


def test_an_error_survives_the_way_out_of_a_worker_process() -> None:
    error = Rejected(
        "too high", code="X", hint="h", args={"a": 1}, findings=[Finding(code="c", message="m")]
    )
    twin = pickle.loads(pickle.dumps(error))
    assert type(twin) is Rejected
    assert (str(twin), twin.as_dict()) == ("too high", error.as_dict())


@pytest.mark.parametrize(
    ("finding", "text"),
    [
        (
            Finding(code="c", message="no", file="a.yaml", line=3, column=5, hint="do"),
            "a.yaml:3:5: error: no (do)",
        ),
        (Finding(code="c", message="no", severity=Severity.WARNING), "text: warning: no"),
        (Finding(code="c", message="no", file="a.yaml", line=3), "a.yaml:3: error: no"),
    ],
)
def test_a_finding_prints_as_compilers_do(finding: Finding, text: str) -> None:
    assert str(finding) == text
