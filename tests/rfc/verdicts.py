"""What the endpoint says to one datagram of a trunk, in a line for each thing."""

from pathlib import Path
from typing import Final

from b2bua.sip.dialog.events import Invited
from b2bua.sip.endpoint.outputs import Crossed, Dropped, Resolve, Transmit
from b2bua.sip.transport.flow import Flow
from tests.sip.party import CALLED, CALLER, endpoint

FOLDER: Final = Path(__file__).parent
CALL: Final = "a call"
DROPPED: Final = "dropped"


def verdict(folder: str, name: str) -> str:
    """A status, ``a call``, or ``dropped``; the 100 that goes before is left out."""
    data = (FOLDER / folder / f"{name}.sip").read_bytes()
    said = []
    for output in endpoint(CALLED, CALLER, 9).receive(data, Flow("udp", CALLED, CALLER), 1):
        match output:
            case Transmit(data=sent):
                said.append(sent.split(b" ")[1].decode())
            case Dropped():
                said.append(DROPPED)
            case Invited():
                said.append(CALL)
            case Crossed():
                pass
            case Resolve() | _:
                said.append(str(output))
    return ", ".join(one for one in said if one != "100")
