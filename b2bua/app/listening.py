"""The sockets that a node listens on, and their certificates."""

from b2bua.app import build
from b2bua.config.settings import Settings
from b2bua.core.errors import B2buaError
from b2bua.net.driver import Driver
from b2bua.net.tcp import StreamWay, open_tcp, open_tls, open_websocket
from b2bua.net.tls import TlsContexts
from b2bua.net.udp import open_udp
from b2bua.sip.endpoint.settings import Listener


class CannotListen(B2buaError):
    """An address is used by somebody else, or is not ours."""


class Listening:
    """Opens every listener of the settings."""

    def __init__(self, driver: Driver, settings: Settings) -> None:
        self._driver = driver
        self._settings = settings
        self._contexts: TlsContexts | None = None
        self._secured: list[StreamWay] = []
        self._for_pages: list[StreamWay] = []

    async def open(self, listener: Listener) -> None:
        """Listen. Raises :class:`CannotListen`, or :class:`UnusableCertificate`."""
        driver, local, dscp = self._driver, listener.local, self._settings.sip.dscp
        try:
            match listener.transport:
                case "udp":
                    await open_udp(driver, local, dscp=dscp)
                case "tcp":
                    await open_tcp(driver, local, dscp=dscp)
                case "tls":
                    way = await open_tls(driver, local, self._tls(), dscp=dscp)
                    self._secured.append(way)
                case "ws":
                    self._let(await open_websocket(driver, local, None, dscp=dscp))
                case "wss":
                    way = await open_websocket(driver, local, self._tls(), dscp=dscp)
                    self._let(way)
                    self._secured.append(way)
        except OSError as error:
            host, port = listener.local
            where = f"{listener.transport}:{host}:{port}"
            raise CannotListen(f"sip.listen: {where}: {error.strerror}") from error

    def renew(self, settings: Settings) -> None:
        """Read certificates again; connections that are up keep theirs.

        Raises :class:`UnusableCertificate`; those before are kept then.
        """
        self._settings = settings
        for way in self._for_pages:
            way.origins = settings.sip.origins
        if self._secured:
            self._contexts = build.tls_contexts(settings)
            for way in self._secured:
                way.tls = self._contexts

    def _let(self, way: StreamWay) -> None:
        """Let the pages in that the settings name."""
        way.origins = self._settings.sip.origins
        self._for_pages.append(way)

    def _tls(self) -> TlsContexts:
        if self._contexts is None:
            self._contexts = build.tls_contexts(self._settings)
        return self._contexts
