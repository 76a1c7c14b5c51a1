"""The sessions of an endpoint, and which transaction is whose."""

from dataclasses import dataclass, field
from typing import NamedTuple, TypeAlias

from b2bua.core.clock import Instant
from b2bua.sip.dialog.called import Called
from b2bua.sip.dialog.calling import Calling
from b2bua.sip.dialog.dialog import contact_of
from b2bua.sip.dialog.events import SessionId, SessionImage
from b2bua.sip.dialog.image import Restored, flow_of, image_of
from b2bua.sip.endpoint.outputs import Transmit
from b2bua.sip.endpoint.quota import Quotas
from b2bua.sip.endpoint.registrar import PHONES
from b2bua.sip.message.message import Request, Response
from b2bua.sip.transaction.alarms import Alarms
from b2bua.sip.transaction.key import ClientKey, ServerKey
from b2bua.sip.transport.flow import Flow

Session: TypeAlias = Calling | Called | Restored


class User(NamedTuple):
    """Whose request a client transaction carries."""

    session: SessionId
    purpose: int


@dataclass(slots=True, kw_only=True, eq=False)
class Entry:
    """One session and what the endpoint knows of it."""

    session: Session
    trunk: str
    flow: Flow | None
    """Where the far end was last heard, or first sent to."""
    deadline: Instant | None = None
    alarm: Instant | None = None
    waiting: set[int] = field(default_factory=set)
    """Purposes of requests whose way is not known yet."""
    invite: tuple[ServerKey, Request] | None = None
    """The INVITE that made it, for a last answer if the session breaks down."""
    owed: Transmit | None = None
    """What that INVITE is answered with if this process dies first, once it was asked."""
    invited: list[ClientKey] = field(default_factory=list)
    """The INVITEs that it sent, to be withdrawn if this process dies."""
    outbound: bool = False
    by_flow: bool = False
    """Reached by its flow alone, whatever its Contact says: a phone."""
    doors: dict[str, Flow] = field(default_factory=dict)
    """The flow of each next hop that is the Contact of a phone."""
    branches: dict[int, Flow] = field(default_factory=dict)
    """Of a phone: the flow that each INVITE left by, by its purpose."""
    joined: bool = False
    """One of a phone's contacts has answered."""
    closed: bool = False
    """It has said its last fact."""

    def heard(self, purpose: int, response: Response) -> None:
        """Know which contact of a phone answers by which flow; the first 2xx stays."""
        flow = self.branches.get(purpose)
        if flow is None or not 100 < response.status < 300:
            return
        contact = contact_of(response)
        if contact:
            self.doors[contact] = flow
        if response.status >= 200 and not self.joined:
            self.joined, self.flow = True, flow

    def direct(self, next_hop: str) -> Flow | None:
        """The flow to go by without asking where ``next_hop`` is; None: ask."""
        flow = self.doors.get(next_hop)
        if flow is not None or self.flow is None:
            return flow
        lasting = self.flow.transport == "udp" or self.flow.connection
        if (self.by_flow and lasting) or self.flow.transport in ("ws", "wss"):
            return self.flow
        return None


@dataclass(slots=True)
class Served:
    """A request that waits for its response."""

    flow: Flow
    session: SessionId | None = None
    status: int = 0
    """The greatest that was answered."""
    sips: bool = False
    """It asks for TLS on every hop."""


class Registry:
    """Everything that is released when its transaction or session ends."""

    def __init__(self) -> None:
        self.entries: dict[SessionId, Entry] = {}
        self.alarms: Alarms[Entry] = Alarms()
        self.quotas = Quotas()
        self.served: dict[ServerKey, Served] = {}
        self._users: dict[ClientKey, User] = {}
        self._keys: dict[User, ClientKey] = {}

    def __len__(self) -> int:
        """How many things are remembered in all."""
        return len(self.entries) + len(self.served) + len(self._users)

    def add(self, entry: Entry) -> None:
        """Begin a session."""
        session = entry.session.session
        self.entries[session] = entry
        self.quotas.begin(entry.trunk, session, outbound=entry.outbound)

    def restore(self, image: SessionImage, session: Restored) -> None:
        """Go on with a session of the last process."""
        entry = Entry(
            session=session,
            trunk=image.trunk,
            flow=flow_of(image),
            outbound=image.calling,
            by_flow=image.trunk == PHONES,
        )
        self.add(entry)
        self.watch(entry)

    def image(self, session: SessionId, now: Instant) -> SessionImage | None:
        """A session as a value, if it was answered and goes on."""
        entry = self.entries.get(session)
        if entry is None or entry.flow is None:
            return None
        standing = entry.session.standing
        if standing is None:
            return None
        return image_of(standing, entry.trunk, entry.flow, now)

    def close(self, entry: Entry) -> None:
        """Count a session no more: it has said its last fact, and only lingers."""
        session = entry.session.session
        self.quotas.end(entry.trunk, session, outbound=entry.outbound)

    def remove(self, entry: Entry) -> None:
        """Forget a session; its transactions end by themselves."""
        self.close(entry)
        self.entries.pop(entry.session.session, None)
        entry.deadline = None
        self.alarms.watch(entry)

    def watch(self, entry: Entry) -> None:
        """Note when a session must next be woken, or forget it when it is over."""
        if entry.session.over:
            self.remove(entry)
        else:
            entry.deadline = entry.session.deadline
            self.alarms.watch(entry)

    def begin(self, key: ClientKey, user: User) -> None:
        """A client transaction began."""
        self._users[key] = user
        self._keys[user] = key

    def key_of(self, user: User) -> ClientKey | None:
        """The transaction that carries a request."""
        return self._keys.get(user)

    def invites_of(self, session: SessionId) -> list[ClientKey]:
        """Every INVITE of a session that lives; a search, for sessions that broke down."""
        return [
            key
            for key, user in self._users.items()
            if user.session == session and key.method == "INVITE"
        ]

    def session_of(self, key: ClientKey | ServerKey) -> SessionId | None:
        """Whose transaction ``key`` is."""
        if isinstance(key, ServerKey):
            served = self.served.get(key)
            return served.session if served else None
        user = self._users.get(key) or self._users.get(key._replace(method="INVITE"))
        return user.session if user else None

    def end(self, key: ClientKey | ServerKey) -> User | None:
        """A transaction ended; whose request it carried, unless another does by now."""
        if isinstance(key, ServerKey):
            self.served.pop(key, None)
            return None
        user = self._users.pop(key, None)
        if user is not None and self._keys.get(user) == key:
            del self._keys[user]
        return None if user in self._keys else user
