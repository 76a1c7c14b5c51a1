"""Settings to the values that each layer is built of, and where files are."""

from pathlib import Path

import pytest

from b2bua.app import build, places
from b2bua.app.places import MissingFile, Places, catalogue, prompt_names
from b2bua.config.settings import (
    Addresses,
    Limits,
    Media,
    Settings,
    Sip,
    Tariff,
    Timers,
    Trunk,
)
from b2bua.sip.dialog.terms import METHODS

TRUNK = Trunk(
    name="unicom",
    from_=("127.0.0.0/8",),
    to=("sip:127.0.0.1:5080", "sip:127.0.0.1:5090"),
    username="u",
    password="p",
    trusted=True,
    caller_id="number",
    default_area="0731",
)


def settings(*listen: str, advertise: Addresses = "", media: Media = Media()) -> Settings:
    return Settings(
        sip=Sip(listen=listen, advertise=advertise), trunk=(TRUNK,), media=media
    )


def test_listeners_and_timers() -> None:
    sip = Sip(
        listen=("udp:127.0.0.1:5060", "tcp:[::1]:5070"),
        timers=Timers(t1=0.1),
        limits=Limits(sessions=7, retry_after=3, calls_per_second=20.0),
        session_interval=0,
    )
    made = build.endpoint_settings(Settings(sip=sip))
    first, second = made.listeners
    assert (first.transport, first.local, first.advertised) == (
        *("udp", ("127.0.0.1", 5060), ("127.0.0.1", 5060)),
    )
    assert (second.transport, second.local) == ("tcp", ("::1", 5070))
    assert made.timers.t1 == 0.1
    assert (made.most_sessions, made.retry_after) == (7, 3)
    assert made.admission.calls.per_second == 20.0
    assert made.session_interval is None


def test_who_listens_everywhere_advertises_the_way_to_the_first_trunk() -> None:
    made = build.endpoint_settings(settings("udp:0.0.0.0:5060"))
    assert made.listeners[0].advertised == ("127.0.0.1", 5060)
    [place] = build.media_addresses(settings("udp:0.0.0.0:5060"))
    assert place == build.MediaAddresses(bind="0.0.0.0", advertise="127.0.0.1")


def test_what_is_to_be_advertised_is() -> None:
    chosen = settings("udp:127.0.0.1:5060", advertise="198.51.100.7")
    assert build.endpoint_settings(chosen).listeners[0].advertised == ("198.51.100.7", 5060)
    [place] = build.media_addresses(chosen)
    assert place == build.MediaAddresses(bind="127.0.0.1", advertise="198.51.100.7")


def test_each_ip_version_has_its_own_addresses() -> None:
    both = settings(
        *("udp:[::1]:5060", "udp:127.0.0.1:5060", "tcp:127.0.0.2:5060"),
        advertise=("198.51.100.7", "2001:db8::7"),
    )
    told = [one.advertised[0] for one in build.endpoint_settings(both).listeners]
    assert told == ["2001:db8::7", "198.51.100.7", "198.51.100.7"]
    assert build.media_addresses(both) == (
        build.MediaAddresses(bind="::1", advertise="2001:db8::7"),
        build.MediaAddresses(bind="127.0.0.1", advertise="198.51.100.7"),
    )


def test_ports_are_where_media_is_told_to_be_the_preferred_first() -> None:
    chosen = settings(
        "udp:127.0.0.1:5060",
        media=Media(address=("127.0.0.9", "::1")),
        advertise="198.51.100.7",
    )
    assert build.media_addresses(chosen) == (
        build.MediaAddresses(bind="127.0.0.9", advertise="198.51.100.7"),
        build.MediaAddresses(bind="::1", advertise="::1"),
    )
    alone = settings("udp:[::1]:5060", media=Media(address="127.0.0.9"))
    assert [one.bind for one in build.media_addresses(alone)] == ["127.0.0.9"]


def test_a_trunk_for_the_endpoint_and_for_the_service() -> None:
    [trunk] = build.trunks(settings("udp:127.0.0.1:5060"))
    assert trunk.next_hops == ("sip:127.0.0.1:5080", "sip:127.0.0.1:5090")
    assert trunk.credentials is not None
    assert trunk.methods == METHODS
    rule = build.trunk_rules(settings("udp:127.0.0.1:5060"))["unicom"]
    assert (rule.trusted, rule.caller_id, rule.default_area) == (True, "number", "0731")


@pytest.mark.parametrize(
    ("yuan", "li"), [("0.40", 400), ("1", 1000), ("0.005", 5), ("12.3", 12300)]
)
def test_prices_are_whole_li(yuan: str, li: int) -> None:
    made = build.tariffs(Settings(tariff=(Tariff(name="x", unit_price=yuan),)))
    assert made[0].unit_price == li


def test_media_processes_share_the_ports_evenly() -> None:
    media = Media(ports="20001-20100", processes=3)
    shares = build.media_ports(Settings(media=media))
    assert shares == ["20002-20033", "20034-20065", "20066-20097"]


def test_a_socket_has_a_short_path_whatever_the_directory(tmp_path: Path) -> None:
    near = Places(Path("var"))
    assert near.media_socket(1).name == "media-1.sock"
    far = Places(tmp_path / ("long" * 30))
    assert len(str(far.media_socket(0))) <= places.LONGEST_SOCKET_PATH
    assert far.media_socket(0) == Places(tmp_path / ("long" * 30)).media_socket(0)
    assert far.media_socket(0) != Places(tmp_path / ("lung" * 30)).media_socket(0)


def test_the_catalogue_comes_with_the_program() -> None:
    names = prompt_names(catalogue(""))
    assert {"welcome", "menu", "busy", "digits/0"} <= names
    with pytest.raises(MissingFile, match=r"set media\.prompts"):
        catalogue("/nowhere")


def test_the_area_table_is_found_without_its_package() -> None:
    assert build.area_table(Settings()).area_of("13800138000") == "010"
