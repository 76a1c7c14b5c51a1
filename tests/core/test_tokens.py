"""Tokens are Base32 of what the random source gives, all of it."""

import re
from base64 import b32encode

from hypothesis import given
from hypothesis import strategies as st

from b2bua.core.tokens import Tokens


@given(st.binary(min_size=10, max_size=10))
def test_a_token_is_base32_in_lower_case(data: bytes) -> None:
    token = Tokens(lambda size: data[:size]).token()
    assert token == b32encode(data).decode("ascii").lower()
    assert re.fullmatch("[a-z2-7]{16}", token)
