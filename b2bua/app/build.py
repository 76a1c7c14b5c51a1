"""Settings to the values that each layer is built of."""

import socket
from dataclasses import dataclass
from datetime import UTC, datetime
from ipaddress import ip_address, ip_network
from pathlib import Path
from typing import Final, cast

from b2bua.app.places import Places, area_file
from b2bua.config.checks import addresses, split_host, split_listener
from b2bua.config.settings import Health, Rewrite, Settings, TrunkLimits
from b2bua.config.settings import Rewriting as RewritingSettings
from b2bua.config.settings import Trunk as TrunkSettings
from b2bua.core.address import Address
from b2bua.net.mail import MailServer
from b2bua.net.tls import Credential, TlsContexts, contexts, own_credential
from b2bua.service.area import AreaTable
from b2bua.service.plan import Tariff, TrunkRule
from b2bua.service.webhook import Reach
from b2bua.sip.dialog.terms import METHODS, Credentials
from b2bua.sip.endpoint.authentication import Account
from b2bua.sip.endpoint.manners import Manners
from b2bua.sip.endpoint.quota import UNBOUNDED, Quota
from b2bua.sip.endpoint.registrar import PHONES, RegistrarSettings
from b2bua.sip.endpoint.rewriting import AS_WRITTEN, Rewriting, Rule
from b2bua.sip.endpoint.settings import EndpointSettings, Listener
from b2bua.sip.endpoint.trunks import Trunk
from b2bua.sip.endpoint.way import Care
from b2bua.sip.message.digest import digest_of
from b2bua.sip.message.uri import SipUri, parse_uri
from b2bua.sip.sdp.crypto import Srtp
from b2bua.sip.transaction.timers import TimerValues
from b2bua.sip.transport.admission import AdmissionSettings, Rate
from b2bua.sip.transport.flow import TransportName
from b2bua.sip.transport.target import default_transport, question_of

DIVERSIONS: Final = {
    "both": ("Diversion", "History-Info"),
    "diversion": ("Diversion",),
    "history-info": ("History-Info",),
    "none": (),
}
ANYWHERE: Final = "192.0.2.1"
"""An address of nobody (RFC 5737): the way to it is the default route."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MediaAddresses:
    """What media processes bind to, and what they tell far ends, in one IP version."""

    bind: str
    advertise: str


def endpoint_settings(settings: Settings) -> EndpointSettings:
    """What the SIP endpoint is told when it is built."""
    sip, limits = settings.sip, settings.sip.limits
    listeners = []
    for text in sip.listen:
        transport, local = split_listener(text)
        listeners.append(
            Listener(
                transport=cast(TransportName, transport),
                local=local,
                advertised=(advertised_host(settings, local[0]), local[1]),
            )
        )
    return EndpointSettings(
        listeners=tuple(listeners),
        trunks=trunks(settings),
        user_agent=sip.user_agent,
        realm=sip.realm,
        registrar=RegistrarSettings(
            networks=settings.phones.from_,
            longest=settings.phones.longest,
            shortest=settings.phones.shortest,
            probe=settings.phones.probe,
            losses=settings.phones.losses,
        ),
        timers=TimerValues(t1=sip.timers.t1, t2=sip.timers.t2, t4=sip.timers.t4),
        admission=AdmissionSettings(
            calls=_rate(limits.calls_per_second),
            source_calls=_rate(limits.source_calls_per_second),
        ),
        most_sessions=limits.sessions,
        retry_after=limits.retry_after,
        session_interval=sip.session_interval or None,
        min_session_interval=sip.min_session_interval,
        longest_ringing=limits.longest_ringing,
        longest_early=max(600.0, limits.longest_ringing),
    )


def trunks(settings: Settings) -> tuple[Trunk, ...]:
    """Trunks as the endpoint knows them."""
    given = tuple(_trunk(trunk, settings.sip.realm) for trunk in settings.trunk)
    return (*given, Trunk(name=PHONES)) if settings.phones.from_ else given


def trunk_names(settings: Settings) -> set[str]:
    """What plans may call their trunks."""
    return {trunk.name for trunk in trunks(settings)}


def trunk_rules(settings: Settings) -> dict[str, TrunkRule]:
    """Trunks as the service knows them, by name."""
    return {
        trunk.name: TrunkRule(
            name=trunk.name,
            trusted=trunk.trusted,
            caller_id=trunk.caller_id,
            called_from=trunk.called_from,
            default_area=trunk.default_area,
            nobody_answered=trunk.nobody_answered,
            overflow=trunk.overflow,
            srtp=trunk.srtp if _is_secure(trunk) else "never",
            early_media=trunk.early_media,
        )
        for trunk in settings.trunk
    }


def tariffs(settings: Settings) -> list[Tariff]:
    """Prices, to be published."""
    return [
        Tariff(name=one.name, unit_seconds=one.unit_seconds, unit_price=_li(one.unit_price))
        for one in settings.tariff
    ]


def advertised_host(settings: Settings, host: str) -> str:
    """The address for Via, Contact and SDP of whoever listens at ``host``.

    Who listens everywhere is told by the way to the first trunk which address that is.
    """
    version = _version(host)
    for text in addresses(settings.sip.advertise):
        if _version(text) == version:
            return text
    return _own_address(settings.trunk, version) if _is_everywhere(host) else host


def media_addresses(settings: Settings) -> tuple[MediaAddresses, ...]:
    """Where media processes are reached: in each IP version, the preferred first."""
    bound = {_version(text): text for text in addresses(settings.media.address)}
    if not bound:
        for text in settings.sip.listen:
            host = split_listener(text)[1][0]
            bound.setdefault(_version(host), host)
    return tuple(
        MediaAddresses(bind=host, advertise=advertised_host(settings, host))
        for host in bound.values()
    )


def media_ports(settings: Settings) -> list[str]:
    """The range of ports of each media process."""
    first, last = map(int, settings.media.ports.split("-"))
    first += first % 2
    share = (last - first + 1) // settings.media.processes // 2 * 2
    return [
        f"{first + index * share}-{first + (index + 1) * share - 1}"
        for index in range(settings.media.processes)
    ]


def area_table(settings: Settings) -> AreaTable:
    """Caller areas; takes a fifth of a second."""
    path = area_file(settings.service.area_file)
    return AreaTable.from_phone_dat(path.read_bytes(), settings.service.area_overrides)


def webhook_reach(settings: Settings) -> Reach:
    """Where webhooks may go."""
    networks = (ip_network(text, strict=False) for text in settings.webhooks.networks)
    return Reach(networks=tuple(networks), plain_http=settings.webhooks.plain_http)


def mail_server(settings: Settings) -> MailServer | None:
    """Who takes our letters; None: nobody does."""
    mail = settings.mail
    if not mail.server:
        return None
    host, port = split_host(mail.server)
    return MailServer(
        host=host,
        port=port,
        security=mail.security,
        sender=mail.from_,
        user=mail.user,
        password=mail.password,
        ca=mail.ca,
    )


def node_name(settings: Settings) -> str:
    """What records say of who wrote them."""
    return settings.node or socket.gethostname()


def credential(settings: Settings) -> Credential:
    """Our certificate: the one given, else one of our own that is made when needed.

    Raises :class:`UnusableCertificate`.
    """
    tls = settings.sip.tls
    if tls.certificate:
        return Credential(Path(tls.certificate), Path(tls.key))
    hosts = [split_listener(text)[1][0] for text in settings.sip.listen]
    told = (advertised_host(settings, host) for host in hosts)
    names = (*told, *hosts, node_name(settings))
    named = [name for name in names if name and not _is_everywhere(name)]
    return own_credential(Places(Path(settings.data_dir)).tls, named, datetime.now(UTC))


def tls_contexts(settings: Settings) -> TlsContexts:
    """For accepting and for connecting. Raises :class:`UnusableCertificate`."""
    return contexts(
        credential(settings),
        trusted=settings.sip.tls.ca,
        ask=any(trunk.certificate for trunk in settings.trunk),
    )


def _trunk(trunk: TrunkSettings, realm: str) -> Trunk:
    credentials = Credentials(
        username=trunk.username, password=trunk.password, realm=trunk.realm
    )
    return Trunk(
        name=trunk.name,
        networks=trunk.from_,
        certificates=trunk.certificate,
        next_hops=trunk.hops,
        domain=trunk.domain,
        credentials=credentials if trunk.username else None,
        trusted=trunk.trusted,
        srtp=Srtp(trunk.srtp),
        methods=trunk.methods or METHODS,
        register=trunk.register,
        accounts={
            name: _account(name, realm, password)
            for name, password in trunk.accounts.items()
        },
        weights=trunk.weights,
        care=_care(trunk.health),
        quota=_quota(trunk.limits),
        rewriting=_rewriting(trunk.rewrite),
        manners=_manners(trunk),
    )


def _account(name: str, realm: str, password: str) -> Account:
    secret = f"{name}:{realm}:{password}"
    return Account(
        name=name, md5=digest_of("MD5", secret), sha256=digest_of("SHA-256", secret)
    )


def _care(health: Health) -> Care:
    return Care(
        probe=health.probe,
        losses=health.losses,
        gains=health.gains,
        failures=health.failures,
        pause=health.pause,
    )


def _quota(limits: TrunkLimits) -> Quota:
    if limits == TrunkLimits():
        return UNBOUNDED
    return Quota(
        calls_in=limits.calls_in,
        calls_out=limits.calls_out,
        rate_in=limits.rate_in,
        rate_out=limits.rate_out,
    )


def _rewriting(given: RewritingSettings) -> Rewriting:
    def rules(told: tuple[Rewrite, ...]) -> tuple[Rule, ...]:
        return tuple(
            Rule(match=one.match, strip=one.strip, prepend=one.prepend) for one in told
        )

    if given == RewritingSettings():
        return AS_WRITTEN
    return Rewriting(
        called_in=rules(given.called_in),
        caller_in=rules(given.caller_in),
        called_out=rules(given.called_out),
        caller_out=rules(given.caller_out),
    )


def _manners(trunk: TrunkSettings) -> Manners:
    return Manners(
        causes=tuple((int(key), cause) for key, cause in trunk.causes.items()),
        statuses=tuple((int(key), status) for key, status in trunk.statuses.items()),
        diversion=DIVERSIONS[trunk.diversion],
    )


def _rate(per_second: float) -> Rate:
    """At once no more than half a second's: all who call then wait for all of them."""
    return Rate(per_second, max(10, round(per_second / 2)))


def _li(yuan: str) -> int:
    whole, _, part = yuan.partition(".")
    return int(whole) * 1000 + int(part.ljust(3, "0"))


def _own_address(known: tuple[TrunkSettings, ...], version: int) -> str:
    """Our address on the way to the first trunk that has a literal one."""
    for host in (
        *_literal_hosts(known, version),
        ANYWHERE if version == 4 else "2001:db8::1",
    ):
        address = _source_towards((host, 9))
        if address:
            return address
    return "127.0.0.1" if version == 4 else "::1"


def _literal_hosts(known: tuple[TrunkSettings, ...], version: int) -> list[str]:
    hosts = []
    for hop in (hop for trunk in known for hop in trunk.hops):
        uri = parse_uri(hop)
        if isinstance(uri, SipUri):
            try:
                literal = ip_address(uri.host)
            except ValueError:
                continue
            if literal.version == version:
                hosts.append(uri.host)
    return hosts


def _is_secure(trunk: TrunkSettings) -> bool:
    """Whether every way to it is one that nobody can read along."""
    uris = [parse_uri(hop) for hop in trunk.hops]
    questions = [question_of(uri) for uri in uris if isinstance(uri, SipUri)]
    return all(default_transport(one) in ("tls", "wss") for one in questions)


def _version(host: str) -> int:
    return ip_address(host).version


def _is_everywhere(host: str) -> bool:
    try:
        return ip_address(host).is_unspecified
    except ValueError:
        return False


def _source_towards(remote: Address) -> str:
    family = socket.AF_INET6 if ":" in remote[0] else socket.AF_INET
    with socket.socket(family, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(remote)  # sends nothing
        except OSError:
            return ""
        return str(probe.getsockname()[0])
