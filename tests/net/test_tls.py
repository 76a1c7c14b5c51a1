"""TLS between two ways: who proves what, who is refused, and what a reload changes."""

import asyncio
import ssl
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from b2bua.net.driver import Unconnected
from b2bua.net.tcp import StreamLimits, open_tls
from b2bua.net.tls import (
    Credential,
    TlsContexts,
    UnusableCertificate,
    contexts,
    load,
    own_credential,
    read,
)
from b2bua.sip.endpoint.outputs import Dropped, Transmit
from b2bua.sip.transport.flow import Flow
from tests.net.machines import PATIENCE, Side, loopback, on_both_loops, received
from tests.net.test_tcp import OPTIONS, connect, until_closed

NOW = datetime.now(UTC)
CALLED = "127.0.4.2"
CALLING = "127.0.4.1"


@pytest.fixture(scope="module")
def called(tmp_path_factory: pytest.TempPathFactory) -> Credential:
    return own_credential(
        tmp_path_factory.mktemp("called"), [CALLED, "sip.example.com"], NOW
    )


@pytest.fixture(scope="module")
def calling(tmp_path_factory: pytest.TempPathFactory) -> Credential:
    return own_credential(tmp_path_factory.mktemp("calling"), ["trunk.example.cn"], NOW)


def trusting(
    ours: Credential, theirs: Credential | None = None, *, ask: bool = False
) -> TlsContexts:
    trusted = "" if theirs is None else str(theirs.certificate)
    return contexts(ours, trusted=trusted, ask=ask)


async def told(side: Side, kind: type) -> object:
    """The next of a kind; a busy machine lags besides."""
    while not isinstance(one := await side.next_told(), kind):
        pass
    return one


@pytest.mark.parametrize("expects", [(), ("nobody.example", "SIP.example.com")])
def test_both_sides_know_whom_they_speak_with(
    called: Credential, calling: Credential, expects: tuple[str, ...]
) -> None:
    async def main() -> None:
        near, far = Side(), Side()
        way = await open_tls(near.driver, loopback(CALLING), trusting(calling, called))
        peer = await open_tls(
            far.driver, loopback(CALLED), trusting(called, calling, ask=True)
        )
        far.machine.replies[OPTIONS] = lambda flow: [Transmit(OPTIONS, flow)]
        near.transmit(OPTIONS, Flow("tls", way.local, peer.local, expects=expects))
        _, came = await received(far)
        assert came.certificate is not None
        assert came.certificate.names == ("trunk.example.cn",)
        _, back = await received(near)
        assert back.certificate is not None
        assert back.certificate.speaks_for("sip.example.com")
        near.driver.close()
        far.driver.close()

    on_both_loops(main)


@pytest.mark.parametrize(
    ("expects", "why"),
    [
        (("other.example.com",), "its certificate is not that of other.example.com"),
        (("sha256:" + "00" * 32,), "its certificate is not that of sha256:0000"),
    ],
)
def test_another_name_than_expected_is_refused(
    called: Credential, calling: Credential, expects: tuple[str, ...], why: str
) -> None:
    async def main() -> None:
        near, far = Side(), Side()
        way = await open_tls(near.driver, loopback(CALLING), trusting(calling, called))
        peer = await open_tls(far.driver, loopback(CALLED), trusting(called))
        flow = Flow("tls", way.local, peer.local, expects=expects)
        near.transmit(OPTIONS, flow)
        failure = await told(near, Unconnected)
        assert isinstance(failure, Unconnected)
        assert failure.reason.startswith(why)
        assert await near.machine.next() == ("failed", flow)
        # The connection to who was expected is not used by those who expect another.
        good = Flow("tls", way.local, peer.local, expects=("sip.example.com",))
        near.transmit(OPTIONS, good)
        await received(far)
        near.transmit(OPTIONS, flow)
        assert await near.machine.next() == ("failed", flow)
        assert far.machine.heard.empty()
        near.driver.close()
        far.driver.close()

    on_both_loops(main)


def test_a_handshake_that_fails_is_told_and_its_place_comes_back(
    called: Credential,
) -> None:
    async def main() -> None:
        side = Side()
        limits = StreamLimits(per_source=1)
        way = await open_tls(side.driver, loopback(CALLED), trusting(called), limits)
        for _ in range(3):
            reader, writer = await connect(way.local)
            writer.write(OPTIONS)
            await until_closed(reader)
            failure = await told(side, Dropped)
            assert isinstance(failure, Dropped)
            assert failure.reason == "TLS handshake failed"
            writer.close()
        side.driver.close()

    on_both_loops(main)


def test_who_shakes_no_hands_takes_a_place_and_not_for_long(called: Credential) -> None:
    async def main() -> None:
        side = Side()
        limits = StreamLimits(per_source=1, first_message=0.3)
        way = await open_tls(side.driver, loopback(CALLED), trusting(called), limits)
        first = await connect(way.local)
        second = await connect(way.local)
        assert await until_closed(second[0]) == b""
        assert await until_closed(first[0]) == b""
        first[1].close()
        second[1].close()
        side.driver.close()

    on_both_loops(main)


def test_who_shows_a_certificate_that_is_not_trusted_is_refused(
    called: Credential, calling: Credential
) -> None:
    async def main() -> None:
        near, far = Side(), Side()
        way = await open_tls(near.driver, loopback(CALLING), trusting(calling, called))
        peer = await open_tls(
            far.driver, loopback(CALLED), trusting(called, called, ask=True)
        )
        near.transmit(OPTIONS, Flow("tls", way.local, peer.local))
        assert isinstance(await told(far, Dropped), Dropped)
        assert far.machine.heard.empty()
        near.driver.close()
        far.driver.close()

    on_both_loops(main)


def test_a_new_certificate_is_shown_to_new_connections_only(
    called: Credential, calling: Credential, tmp_path: Path
) -> None:
    renewed = own_credential(tmp_path, ["renewed.example.com"], NOW)

    async def main() -> None:
        near, far = Side(), Side()
        client = trusting(calling, called)
        way = await open_tls(near.driver, loopback(CALLING), client)
        client.client.load_verify_locations(str(renewed.certificate))
        peer = await open_tls(far.driver, loopback(CALLED), trusting(called))
        old = Flow("tls", way.local, peer.local)
        new = Flow("tls", way.local, peer.local, expects=("renewed.example.com",))
        near.transmit(OPTIONS, old)
        _, first = await received(far)
        peer.tls = trusting(renewed)
        near.transmit(OPTIONS, old)
        assert (await received(far))[1] == first
        near.transmit(OPTIONS, new)
        assert (await received(far))[1] != first
        near.driver.close()
        far.driver.close()

    on_both_loops(main)


def test_a_client_without_a_certificate_is_let_in(
    called: Credential, calling: Credential
) -> None:
    """Who it is, is the trunks' question: phones have none."""

    async def main() -> None:
        side = Side()
        way = await open_tls(
            side.driver, loopback(CALLED), trusting(called, calling, ask=True)
        )
        client = ssl.create_default_context(cafile=str(called.certificate))
        _, writer = await asyncio.wait_for(
            asyncio.open_connection(*way.local, ssl=client), PATIENCE
        )
        writer.write(OPTIONS)
        assert (await received(side))[1].certificate is None
        side.driver.close()
        writer.close()

    on_both_loops(main)


def test_our_own_certificate_is_kept_until_it_is_of_no_use(tmp_path: Path) -> None:
    first = load(own_credential(tmp_path, ["127.0.0.1", "node"], NOW).certificate)
    assert set(read(first).names) == {"127.0.0.1", "node"}
    assert (tmp_path / "key.pem").stat().st_mode & 0o777 == 0o600

    def again(hosts: list[str], now: datetime) -> bool:
        return load(own_credential(tmp_path, hosts, now).certificate) == first

    assert again(["node", "127.0.0.1"], NOW)
    assert again(["node"], NOW + timedelta(days=3600))
    assert not again(["node", "192.0.2.1"], NOW)


@pytest.mark.parametrize(
    "spoil",
    [
        lambda path: path.write_text("nonsense"),
        lambda path: path.unlink(),
    ],
)
def test_files_that_cannot_be_used_are_named(
    tmp_path: Path, spoil: Callable[[Path], None]
) -> None:
    ours = own_credential(tmp_path / "ours", ["a"], NOW)
    theirs = own_credential(tmp_path / "theirs", ["b"], NOW)
    spoil(theirs.certificate)
    with pytest.raises(UnusableCertificate, match=r"theirs/certificate\.pem"):
        contexts(ours, trusted=str(theirs.certificate), ask=False)
    with pytest.raises(UnusableCertificate, match=r"theirs/certificate\.pem"):
        contexts(theirs, trusted="", ask=False)
