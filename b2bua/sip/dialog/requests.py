"""Requests of ours within one dialog, and what became of each.

Every one gets a purpose, a number that comes back with its responses. A challenge is
answered here (RFC 3261 §22.2), from the credentials of the session's own trunk, and only in
sessions that we began: a called party's challenge to our BYE is the caller's secret leaking
otherwise.
"""

import enum
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from b2bua.core.tokens import Tokens
from b2bua.sip.dialog.credentials import (
    FIELDS,
    MOST_CHALLENGES,
    Answered,
    answers_to,
    resent,
)
from b2bua.sip.dialog.dialog import Dialog
from b2bua.sip.dialog.outputs import SendAck, SendRequest
from b2bua.sip.dialog.terms import Terms
from b2bua.sip.message.message import Request, Response
from b2bua.sip.sdp.description import SessionDescription

MOST_ACKS: Final = 4
"""ACKs kept for a 2xx that comes once more."""


class Task(enum.Enum):
    """What a request of ours is for."""

    BYE = "BYE"
    PRACK = "PRACK"
    OFFER = "re-INVITE with a new offer"
    REINVITE = "re-INVITE to refresh"
    UPDATE = "UPDATE to refresh"


@dataclass(slots=True)
class Pending:
    """A request that waits for its final response."""

    task: Task
    request: Request
    description: SessionDescription | None = None
    """What it offers."""
    answered: tuple[Answered, ...] = ()
    challenges: int = 0


class Requests:
    """The requests of one dialog that wait for their final responses."""

    def __init__(
        self,
        dialog: Dialog,
        *,
        terms: Terms,
        tokens: Tokens,
        purposes: Iterator[int],
        calling: bool,
    ) -> None:
        self._dialog = dialog
        self._credentials = terms.credentials if calling else None
        self._tokens = tokens
        self._purposes = purposes
        self._pending: dict[int, Pending] = {}
        self._acks: dict[int, SendAck] = {}

    def __len__(self) -> int:
        return len(self._pending)

    def __contains__(self, purpose: int) -> bool:
        return purpose in self._pending

    def __getitem__(self, purpose: int) -> Pending:
        return self._pending[purpose]

    def waits_for(self, *tasks: Task) -> int | None:
        """The purpose of a pending request of one of these tasks."""
        for purpose, pending in self._pending.items():
            if pending.task in tasks:
                return purpose
        return None

    def send(
        self,
        task: Task,
        method: str,
        *extra: tuple[str, str],
        body: bytes = b"",
        description: SessionDescription | None = None,
    ) -> SendRequest:
        """Build a request in the dialog and wait for its answer."""
        return self._transmit(
            Pending(task, self._dialog.request(method, *extra, body=body), description)
        )

    def challenged(self, purpose: int, response: Response) -> SendRequest | None:
        """Answer a 401 or 407 with credentials, or None if there is no answer to it."""
        pending = self._pending[purpose]
        if self._credentials is None or pending.challenges >= MOST_CHALLENGES:
            return None
        answered = answers_to(response, self._credentials, pending.answered, self._tokens)
        if not answered:
            return None
        del self._pending[purpose]
        self._dialog.local_cseq += 1
        cseq = self._dialog.local_cseq
        pending.request = resent(pending.request, cseq, self._credentials, answered)
        pending.answered = answered
        pending.challenges += 1
        return self._transmit(pending)

    def close(self, purpose: int) -> Pending:
        """A final response came, or none will."""
        return self._pending.pop(purpose)

    def forget(self) -> None:
        """Wait for nothing more."""
        self._pending.clear()

    def acknowledge(self, invite: Request) -> SendAck:
        """The ACK of the 2xx to ``invite``; the same when asked again (§13.2.2.4)."""
        number = invite.cseq.number
        ack = self._acks.get(number)
        if ack is None:
            credentials = [item for item in invite.headers if item[0] in FIELDS]
            ack = SendAck(
                request=self._dialog.request("ACK", *credentials, cseq=number),
                next_hop=self._dialog.next_hop,
                branch=self._tokens.branch(),
            )
            while len(self._acks) >= MOST_ACKS:
                del self._acks[next(iter(self._acks))]
            self._acks[number] = ack
        return ack

    def acknowledged(self, number: int) -> SendAck | None:
        """The ACK that was sent for a 2xx with this CSeq, if it is remembered."""
        return self._acks.get(number)

    def _transmit(self, pending: Pending) -> SendRequest:
        purpose = next(self._purposes)
        self._pending[purpose] = pending
        return SendRequest(
            purpose=purpose, request=pending.request, next_hop=self._dialog.next_hop
        )
