"""Every call of an OpenAPI description, tried by schemathesis with what it thinks of."""

from typing import Any

import schemathesis
from hypothesis import HealthCheck, given, settings
from schemathesis.core.result import Ok
from schemathesis.generation import GenerationMode
from schemathesis.specs.openapi.checks import negative_data_rejection, positive_data_acceptance

LENIENT = [positive_data_acceptance, negative_data_rejection]


def try_every_call(path: str, application: Any, *, examples: int, **given_too: Any) -> int:
    """Call everything that the description at `path` names; returns how many operations.

    Half of the calls keep to the description and half break it. An answer must be no error of the
    server's and be as described. That a form's own rules refuse what its schema allows is no
    fault, nor that a lenient reading takes what it forbids. `given_too` goes with each call.
    """
    number = 0
    schema = schemathesis.openapi.from_wsgi(path, application)
    for operation in schema.get_all_operations():
        assert isinstance(operation, Ok)
        for mode in GenerationMode:

            @settings(
                max_examples=examples,
                deadline=None,
                derandomize=True,
                suppress_health_check=list(HealthCheck),
                database=None,
            )
            @given(case=operation.ok().as_strategy(generation_mode=mode))
            def calls(case: Any) -> None:
                case.call_and_validate(excluded_checks=LENIENT, **given_too)

            calls()
        number += 1
    return number
