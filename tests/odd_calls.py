"""Every call of an OpenAPI description, tried by schemathesis with what it thinks of."""

from typing import Any

import schemathesis
from hypothesis import HealthCheck, given, settings
from schemathesis.core.result import Ok
from schemathesis.specs.openapi.checks import positive_data_acceptance


def try_every_call(path: str, application: Any, *, examples: int = 8, **given_too: Any) -> int:
    """Call everything that the description at `path` names; returns how many operations.

    An answer must be no error of the server's and be as described. That a form's own rules refuse
    what its schema allows is no fault. `given_too` goes with each call (headers).
    """
    number = 0
    schema = schemathesis.openapi.from_wsgi(path, application)
    for operation in schema.get_all_operations():
        assert isinstance(operation, Ok)

        @settings(
            max_examples=examples,
            deadline=None,
            derandomize=True,
            suppress_health_check=list(HealthCheck),
            database=None,
        )
        @given(case=operation.ok().as_strategy())
        def calls(case: Any) -> None:
            case.call_and_validate(excluded_checks=[positive_data_acceptance], **given_too)

        calls()
        number += 1
    return number
