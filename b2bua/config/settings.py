"""The tree of settings: what may stand in ``config/b2bua.toml``, with its defaults.

Each class is a table of the file and each field a key. Sizes are seconds unless a name
says otherwise. Values are checked by :mod:`b2bua.config.load`; nothing here reads a file.
"""

from typing import Annotated, Literal, TypeAlias

import msgspec
from msgspec import Meta

Seconds: TypeAlias = Annotated[float, Meta(gt=0, le=86_400)]
Count: TypeAlias = Annotated[int, Meta(ge=1, le=1_000_000)]
Dscp: TypeAlias = Annotated[int, Meta(ge=0, le=63)]
"""A code point of RFC 2474; 0: packets are not marked."""
Strings: TypeAlias = tuple[str, ...]
Addresses: TypeAlias = str | tuple[str, ...]
"""One IP address, or one of each family; empty: none is given."""


class Table(msgspec.Struct, frozen=True, kw_only=True):
    """One table of the file."""


class Timers(Table, frozen=True, kw_only=True):
    """The base values of every SIP timer (RFC 3261 table 4)."""

    t1: Annotated[float, Meta(ge=0.01, le=10)] = 0.5
    t2: Annotated[float, Meta(ge=0.01, le=60)] = 4.0
    t4: Annotated[float, Meta(ge=0.01, le=60)] = 5.0


class Limits(Table, frozen=True, kw_only=True):
    """Bounds on what the network may ask of us."""

    sessions: Count = 20_000
    """Legs at once; over them new calls get 503."""
    calls_per_second: Annotated[float, Meta(gt=0, le=100_000)] = 500.0
    """New calls of all sources together, in the long run."""
    source_calls_per_second: Annotated[float, Meta(gt=0, le=100_000)] = 50.0
    """New calls of one source, in the long run."""
    retry_after: Annotated[int, Meta(ge=1, le=3600)] = 10
    """Seconds, in a 503."""
    longest_ringing: Seconds = 300.0


class Tls(Table, frozen=True, kw_only=True):
    """Files in PEM for ``tls:`` and ``wss:``; read again at SIGHUP."""

    certificate: str = ""
    """With its chain; empty: one of our own, made in ``data_dir``/tls."""
    key: str = ""
    ca: str = ""
    """Whom we trust: authorities, or single certificates; empty: the system's."""


class Sip(Table, frozen=True, kw_only=True):
    """Signalling."""

    listen: Strings = (
        "udp:0.0.0.0:5060",
        "tcp:0.0.0.0:5060",
    )
    advertise: Addresses = ""
    """For Via, Contact and session descriptions, one or one of each family; empty: the
    listening ones."""
    session_interval: Annotated[int, Meta(ge=0, le=86_400)] = 1800
    """Session-Expires that we ask for (RFC 4028); 0: no session timer of our own."""
    min_session_interval: Annotated[int, Meta(ge=90, le=86_400)] = 90
    user_agent: str = "b2bua"
    realm: str = "b2bua"
    """In which trunks and phones are asked for digest credentials."""
    origins: Strings = ()
    """Of pages that may open WebSockets besides those of our own host, as
    ``https://phones.example.com``; ``*``: all."""
    dscp: Dscp = 24
    """What signalling is marked with; 24 is CS3."""
    timers: Timers = Timers()
    limits: Limits = Limits()
    tls: Tls = Tls()


class Media(Table, frozen=True, kw_only=True):
    """The media processes."""

    ports: str = "20000-29999"
    threads: Annotated[int, Meta(ge=0, le=64)] = 0
    """Of each process; 0: one per core."""
    processes: Annotated[int, Meta(ge=1, le=16)] = 1
    """They share the ports evenly."""
    address: Addresses = ""
    """That the ports are bound to, one or one of each family, the preferred first; empty:
    the first listening address of SIP of each family."""
    dscp: Dscp = 46
    """What audio and its reports are marked with; 46 is EF (RFC 3246)."""
    silence_after: Annotated[float, Meta(ge=0, le=86_400)] = 30.0
    """Seconds without a packet after which a leg's audio counts as dead; 0: never."""
    prompts: str = ""
    """Directory of the catalogue; empty: the one that came with the program."""


class Store(Table, frozen=True, kw_only=True):
    """PostgreSQL."""

    dsn: str = ""
    """Empty: the embedded one, in ``data_dir``."""

    def __repr__(self) -> str:
        return "Store(…)"


class Web(Table, frozen=True, kw_only=True):
    """The portal."""

    listen: str = "127.0.0.1:8400"
    """Empty: no portal."""
    proxies: Strings = ()
    """Addresses of reverse proxies that are believed about who asks (X-Forwarded-For)."""


class Metrics(Table, frozen=True, kw_only=True):
    """Prometheus text and health."""

    listen: str = "127.0.0.1:9400"


class Log(Table, frozen=True, kw_only=True):
    """Logs: JSON, one event a line, on standard error."""

    level: Literal["debug", "info", "warning", "error"] = "info"
    callers: Literal["masked", "full"] = "masked"
    """Whether caller numbers are shown whole."""


class Service(Table, frozen=True, kw_only=True):
    """What holds for every 400 number."""

    allowed_destinations: Strings = ()
    """Prefixes of numbers that plans may name besides landlines, mobiles and 400/800."""
    area_file: str = ""
    """A table in the layout of ``phone.dat``; empty: the one of the phone package."""
    area_overrides: dict[str, str] = {}
    """Prefixes to area codes, over what the table says."""
    recording_days: Annotated[int, Meta(ge=1, le=3650)] = 180
    """How long recordings and messages are kept, in ``data_dir``/recordings."""


class Webhooks(Table, frozen=True, kw_only=True):
    """Where plans may have events sent to; every number's owner writes plans."""

    networks: Strings = ("127.0.0.0/8", "::1/128")
    """Networks (CIDR) besides the public Internet, where http is allowed too. Empty: not
    even this host."""
    plain_http: bool = False
    """Also http to the public Internet: everyone on the way can read the callers."""


class Mail(Table, frozen=True, kw_only=True):
    """Who takes our letters: reports that enterprises have sent to them."""

    server: str = ""
    """``mail.example.com:587``; empty: no mail is sent."""
    security: Literal["starttls", "tls", "none"] = "starttls"
    """``tls`` is from the first byte (port 465 mostly); ``none``: all on the way read."""
    from_: str = msgspec.field(default="", name="from")
    """``Reports <reports@example.com>``."""
    user: str = ""
    password: str = ""
    """Better in the environment: ``B2BUA_MAIL__PASSWORD``."""
    ca: str = ""
    """PEM of who vouches for the server; empty: the system's authorities."""

    def __repr__(self) -> str:
        return f"Mail(server={self.server!r}, …)"


class Hop(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One address of a trunk that shares its calls with others."""

    uri: str
    weight: Annotated[int, Meta(ge=1, le=1000)]


class Health(Table, frozen=True, kw_only=True):
    """How the addresses of a trunk are watched."""

    probe: Annotated[float, Meta(ge=0, le=3600)] = 0.0
    """Seconds between OPTIONS to each address; 0: only one that is down is asked."""
    losses: Annotated[int, Meta(ge=1, le=100)] = 3
    """Probes without answer, in a row, that take an address down."""
    gains: Annotated[int, Meta(ge=1, le=100)] = 2
    """Probes with an answer, in a row, that bring it back."""
    failures: Annotated[int, Meta(ge=1, le=1000)] = 5
    """Calls in a row that found nobody there, after which none goes there."""
    pause: Seconds = 15.0
    """Seconds between OPTIONS to an address that is down."""


class TrunkLimits(Table, frozen=True, kw_only=True):
    """What a trunk may bring and take; 0 is no bound."""

    calls_in: Annotated[int, Meta(ge=0, le=1_000_000)] = 0
    """Calls from it at once; over them 503 with Retry-After."""
    calls_out: Annotated[int, Meta(ge=0, le=1_000_000)] = 0
    """Calls to it at once; over them the next trunk, or as if busy."""
    rate_in: Annotated[float, Meta(ge=0, le=100_000)] = 0.0
    """New calls from it a second."""
    rate_out: Annotated[float, Meta(ge=0, le=100_000)] = 0.0


class Rewrite(Table, frozen=True, kw_only=True):
    """One rule for numbers: the first whose pattern fits is applied."""

    match: str
    """What the number begins with; ``?`` is any character, a last ``*`` any rest."""
    strip: Annotated[int, Meta(ge=0, le=40)] = 0
    """How many characters are taken off at the beginning."""
    prepend: str = ""


class Rewriting(Table, frozen=True, kw_only=True):
    """Numbers as a trunk writes them, and as we do; ``in`` is from it, ``out`` to it."""

    called_in: tuple[Rewrite, ...] = ()
    caller_in: tuple[Rewrite, ...] = ()
    called_out: tuple[Rewrite, ...] = ()
    caller_out: tuple[Rewrite, ...] = ()


class Trunk(Table, frozen=True, kw_only=True):
    """A peer: a carrier, a call centre."""

    name: str
    from_: Strings = msgspec.field(default=(), name="from")
    """Networks (CIDR) that may send us calls in its name."""
    certificate: Strings = ()
    """Whom it proves to be over TLS, one of these: names, or ``sha256:`` and 64 digits."""
    to: str | tuple[str | Hop, ...] = ()
    """Where outbound legs go: SIP URIs in order, or each with its weight."""
    overflow: str = ""
    """The trunk that is tried when no address of this one takes a call, or it is full."""
    health: Health = Health()
    limits: TrunkLimits = TrunkLimits()
    rewrite: Rewriting = Rewriting()
    auth: Literal["ip", "digest"] = "ip"
    """Whether its address is enough, or its calls must prove to be of an account."""
    accounts: dict[str, str] = {}
    """With ``auth = "digest"``: user names and passwords."""
    username: str = ""
    password: str = ""
    realm: str = ""
    """The only realm that is answered; empty: any that the trunk's own hops name."""
    domain: str = ""
    """Host of the identities we show it; empty: what we advertise."""
    register: bool = False
    """Register at its first next hop that accepts us."""
    srtp: Literal["never", "optional", "required"] = "optional"
    """Its audio, where its signalling is TLS: sealed or not."""
    trusted: bool = False
    """Believe its P-Asserted-Identity, and assert ours to it."""
    caller_id: str = "caller"
    """What destinations see: ``caller``, ``number``, or a fixed number."""
    called_from: Literal["uri", "to", "p-called-party-id"] = "uri"
    default_area: str = ""
    """Area code of callers whose number has none."""
    methods: Strings = ()
    """What it may ask of us; empty: everything that we take part in."""
    nobody_answered: Annotated[int, Meta(ge=400, le=699)] = 480
    """Final status when nobody answered."""
    diversion: Literal["both", "diversion", "history-info", "none"] = "both"
    """Which header fields name the 400 number that a call was first for."""
    early_media: Literal["audible", "passed", "own"] = "audible"
    """What a caller hears of it before the answer: our ringing tone until audio really
    comes, whatever a 183 promises, or our ringing tone alone."""
    causes: dict[str, int] = {}
    """What its refusals mean: from a Q.850 cause or a SIP status to a Q.850 cause."""
    statuses: dict[str, int] = {}
    """How it is refused: from a Q.850 cause to the final status."""

    def __repr__(self) -> str:
        return f"Trunk(name={self.name!r}, …)"

    @property
    def hops(self) -> Strings:
        """``to`` as a list."""
        hops = (self.to,) if isinstance(self.to, str) else self.to
        uris = (hop if isinstance(hop, str) else hop.uri for hop in hops)
        return tuple(uri for uri in uris if uri)

    @property
    def weights(self) -> tuple[int, ...]:
        """Of each hop; empty: they are tried in order."""
        hops = () if isinstance(self.to, str) else self.to
        return tuple(hop.weight for hop in hops if isinstance(hop, Hop))


class Phones(Table, frozen=True, kw_only=True):
    """The registrar: who may register a phone. Its accounts are in the store."""

    from_: Strings = msgspec.field(default=(), name="from")
    """Networks (CIDR) that phones register from; empty: there is no registrar."""
    longest: Annotated[int, Meta(ge=60, le=86_400)] = 3600
    """Seconds that a registration lasts at most."""
    shortest: Annotated[int, Meta(ge=1, le=3600)] = 60
    probe: Annotated[float, Meta(ge=0, le=3600)] = 25.0
    """Seconds between two OPTIONS to each place where a phone is; 0: none."""
    losses: Annotated[int, Meta(ge=1, le=100)] = 3
    """Unanswered in a row: nobody is there, and it is not rung until it is heard again."""


class Tariff(Table, frozen=True, kw_only=True):
    """A price."""

    name: str
    unit_seconds: Literal[1, 6, 60] = 60
    """Charged per started unit."""
    unit_price: str = "0.40"
    """Yuan a unit, three decimals at most."""


class Settings(Table, frozen=True, kw_only=True):
    """The whole file."""

    data_dir: str = "var"
    """Journal, embedded PostgreSQL, recordings; relative to the working directory."""
    node: str = ""
    """Name of this node in records; empty: the host's name."""
    sip: Sip = Sip()
    media: Media = Media()
    store: Store = Store()
    web: Web = Web()
    metrics: Metrics = Metrics()
    log: Log = Log()
    service: Service = Service()
    webhooks: Webhooks = Webhooks()
    mail: Mail = Mail()
    phones: Phones = Phones()
    trunk: tuple[Trunk, ...] = ()
    tariff: tuple[Tariff, ...] = ()
