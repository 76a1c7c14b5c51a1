"""RFC 4475: what the endpoint answers to each of its 49 messages, coming from a trunk.

Ours is a user agent that takes calls, and no registrar for its trunks: where the RFC speaks
of a REGISTER that can be read, the answer is 405; the method is looked at first (§8.2).
"""

from typing import Final

import pytest

from tests.rfc.verdicts import CALL, DROPPED, FOLDER, verdict

NOT_ALLOWED: Final = "405"

VERDICTS: Final = {
    # §3.1.1: valid
    "wsinv": "481",  # it has a To tag, and no dialog here has that
    "intmeth": "501",
    "esc01": CALL,
    "escnull": NOT_ALLOWED,
    "esc02": "501",  # an escape in a method is not undone
    "lwsdisp": "200",
    "longreq": CALL,
    "dblreq": NOT_ALLOWED,  # what follows the first is ignored
    "semiuri": "200",
    "transports": "200",
    "mpart01": CALL,
    "unreason": DROPPED,
    "noreason": DROPPED,
    # §3.1.2: invalid
    "badinv01": "400",
    "clerr": "400",
    "ncl": "400",
    "scalar02": "400",
    "scalarlg": DROPPED,
    "quotbal": "400",
    "ltgtruri": "400",
    "lwsruri": "400",
    "lwsstart": "400",
    "trws": "400",
    "escruri": "400",
    "baddate": CALL,  # nobody here reads Date, and so it harms nobody
    "regbadct": NOT_ALLOWED,
    "badaspec": "400",
    "baddn": "200",  # what is meant is plain
    "badvers": "505",
    "mismatch01": "400",
    "mismatch02": "400",
    "bigcode": DROPPED,
    # §3.2: the transaction
    "badbranch": "200",  # matched by what RFC 2543 matched by
    # §3.3: what the elements above judge
    "insuf": "400",
    "unkscm": "416",
    "novelsc": "416",
    "unksm2": NOT_ALLOWED,
    "bext01": "420",
    "invut": "415",
    "regaut01": NOT_ALLOWED,
    "multi01": "400",
    "mcl01": "400",
    "bcast": DROPPED,  # its topmost Via is not ours
    "zeromf": "200",  # it has arrived where it was going
    "cparam01": NOT_ALLOWED,
    "cparam02": NOT_ALLOWED,
    "regescrt": NOT_ALLOWED,
    "sdp01": "406",
    # §3.4: an element of RFC 2543
    "inv2543": CALL,
}


def test_every_message_has_a_verdict() -> None:
    assert {path.stem for path in (FOLDER / "torture").glob("*.sip")} == set(VERDICTS)
    assert len(VERDICTS) == 49


@pytest.mark.parametrize("name", VERDICTS)
def test_verdict(name: str) -> None:
    assert verdict("torture", name) == VERDICTS[name]
