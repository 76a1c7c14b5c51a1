"""What an endpoint is told when it is built."""

from dataclasses import dataclass

from b2bua.core.address import Address
from b2bua.sip.dialog.terms import Terms
from b2bua.sip.endpoint.registrar import RegistrarSettings
from b2bua.sip.endpoint.trunks import Trunk
from b2bua.sip.transaction.timers import TimerValues
from b2bua.sip.transport.admission import AdmissionSettings
from b2bua.sip.transport.flow import TransportName


@dataclass(frozen=True, slots=True, kw_only=True)
class Listener:
    """A socket that messages come and go by."""

    transport: TransportName
    local: Address
    advertised: Address
    """What Via and Contact say of it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EndpointSettings:
    """Everything about the endpoint that does not change while it runs."""

    listeners: tuple[Listener, ...]
    """The first of a transport is used for what goes out by it."""
    trunks: tuple[Trunk, ...] = ()
    user_agent: str = "b2bua"
    realm: str = "b2bua"
    """In which we ask for digest credentials."""
    registrar: RegistrarSettings = RegistrarSettings()
    timers: TimerValues = TimerValues()
    admission: AdmissionSettings = AdmissionSettings()
    most_sessions: int = 20_000
    """Sessions at once; over them new calls get 503."""
    retry_after: int = 10
    """Seconds, in a 503."""
    session_interval: int | None = 1800
    """Session-Expires that we ask for (RFC 4028)."""
    min_session_interval: int = 90
    longest_ringing: float = 300.0
    longest_early: float = 600.0

    def terms(self, trunk: Trunk) -> Terms:
        """On what terms sessions with ``trunk`` are kept."""
        return Terms(
            trunk=trunk.name,
            domain=trunk.domain or self.listeners[0].advertised[0],
            timers=self.timers,
            session_interval=self.session_interval,
            min_session_interval=self.min_session_interval,
            reliability=trunk.reliability,
            offer_reliable=trunk.offer_reliable,
            credentials=trunk.credentials,
            diversion=trunk.manners.diversion,
            trusted=trunk.trusted,
            srtp=trunk.srtp,
            next_hops=trunk.next_hops,
            methods=trunk.methods,
            longest_ringing=self.longest_ringing,
            longest_early=self.longest_early,
        )
