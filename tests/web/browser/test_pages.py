"""Every page in the browser: nothing is refused by the policy, and axe finds nothing."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page

from b2bua.web.navigation import ENTERPRISE, places
from tests.web.browser.conftest import SignIn

PATHS = [one.path for one in places(ENTERPRISE)]


@pytest.mark.parametrize("path", PATHS)
def test_nothing_serious_is_found(
    sign_in: SignIn, axe: Callable[[Page], list[str]], path: str
) -> None:
    for dark in (False, True):
        page = sign_in(dark=dark)
        page.goto(path)
        assert axe(page) == []
