"""All that the API's description allows is asked of a real portal: nothing breaks."""

from collections.abc import Iterator
from typing import Any, cast

import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis.core.result import Ok
from schemathesis.schemas import APIOperation

from b2bua.web.app import application
from b2bua.web.portal import Portal as Made
from tests.web.browser.served import Portal

pytestmark = pytest.mark.wire

OURS = "4006009000"
EXAMPLES = 6
SELF_ENDING = {("DELETE", "/api/session"), ("PUT", "/api/password")}
"""After these there is nobody who asks."""


def operations() -> Iterator[APIOperation[Any, Any, Any, Any]]:
    """Every way in that the description names."""
    described = application(cast(Made, None)).openapi()
    for result in schemathesis.openapi.from_dict(described).get_all_operations():
        assert isinstance(result, Ok)
        operation = result.ok()
        if (operation.method.upper(), operation.path) not in SELF_ENDING:
            yield operation


@pytest.fixture(scope="module")
def asking(portal: Portal) -> Iterator[dict[bool, requests.Session]]:
    """An owner, and an operator (True)."""
    owner, house = requests.Session(), requests.Session()
    given = {"number": OURS, "password": portal.password}
    owner.post(f"{portal.url}/api/session", json=given).raise_for_status()
    named = {"name": "operator", "password": portal.password}
    house.post(f"{portal.url}/api/operator/session", json=named).raise_for_status()
    with owner, house:
        yield {False: owner, True: house}


@pytest.mark.parametrize("operation", list(operations()), ids=lambda one: one.label)
def test_nothing_breaks(
    operation: APIOperation[Any, Any, Any, Any],
    asking: dict[bool, requests.Session],
    portal: Portal,
) -> None:
    session = asking[operation.path.startswith("/api/operator")]

    @settings(
        max_examples=EXAMPLES,
        deadline=None,
        database=None,
        derandomize=True,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=operation.as_strategy())
    def asked(case: Any) -> None:
        answer = case.call(base_url=portal.url, session=session, timeout=20)
        assert answer.status_code < 500, (case.as_curl_command(), answer.text)

    asked()
