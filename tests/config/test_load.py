"""Settings: what is read, and how every fault is named."""

import json
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from b2bua.config.load import UnusableSettings, load
from b2bua.config.settings import Settings

SHIPPED = Path(__file__).parents[2] / "config" / "b2bua.toml"
TRUNK = '[[trunk]]\nname = "unicom"\nto = "sip:127.0.0.1:5080"\n'


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "b2bua.toml"


def read(file: Path, text: str, **environment: str) -> Settings:
    file.write_text(text)
    return load(file, environment)


def faults(file: Path, text: str, **environment: str) -> list[str]:
    with pytest.raises(UnusableSettings) as caught:
        read(file, text, **environment)
    return str(caught.value).replace(f"{file}:", "line ").splitlines()


def test_the_shipped_file_is_read() -> None:
    settings = load(SHIPPED, {})
    assert settings.sip.listen == ("udp:127.0.0.1:5060", "tcp:127.0.0.1:5060")
    assert [trunk.name for trunk in settings.trunk] == ["unicom", "mobile"]
    assert settings.trunk[0].hops == ("sip:127.0.0.1:5080",)
    assert settings.sip.timers.t1 == 0.5


def test_an_empty_file_gives_the_defaults(file: Path) -> None:
    assert read(file, "") == Settings()
    assert Settings().sip.listen == ("udp:0.0.0.0:5060", "tcp:0.0.0.0:5060")


def test_the_environment_overrides(file: Path) -> None:
    settings = read(
        file,
        TRUNK,
        B2BUA_SIP__LISTEN='["udp:127.0.0.1:15060"]',
        B2BUA_SIP__TIMERS__T1="0.25",
        B2BUA_DATA_DIR="/srv/b2bua",
        B2BUA_TRUNK__UNICOM__USERNAME="4006",
        B2BUA_TRUNK__0__PASSWORD="0123",
        B2BUA_MEDIA='{"ports": "30000-30999"}',
        PATH="/bin",
    )
    assert settings.sip.listen == ("udp:127.0.0.1:15060",)
    assert settings.sip.timers.t1 == 0.25
    assert settings.data_dir == "/srv/b2bua"
    # Text is taken as it stands, not as a number.
    assert (settings.trunk[0].username, settings.trunk[0].password) == ("4006", "0123")
    assert settings.media.ports == "30000-30999"


def test_a_trunk_is_meant_by_its_name_in_any_spelling(file: Path) -> None:
    text = '[[trunk]]\nname = "China-Unicom.2"\nto = "sip:127.0.0.1"\n'
    settings = read(file, text, B2BUA_TRUNK__CHINA_UNICOM_2__TO='"sip:127.0.0.2"')
    assert settings.trunk[0].hops == ("sip:127.0.0.2",)


def test_variables_of_others_are_left_alone(file: Path) -> None:
    assert read(file, "", B2BUA_PORT="tcp://10.0.0.1:5060") == Settings()


def test_every_fault_is_in_one_report(file: Path) -> None:
    text = 'data_dirr = "x"\n[sip]\nlisten = ["udp:nowhere"]\n[media]\nthreads = "two"\n'
    told = faults(file, text, B2BUA_WEB__LISTEN="8400")
    assert [line.split(":")[0] for line in told] == [
        *("line 1", "line 3", "line 5", "B2BUA_WEB__LISTEN")
    ]
    assert "unknown key" in told[0]
    assert "media.threads" in told[2]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("[sip\n", "line 1: not TOML"),
        ("a = \n\n[sip]", "line 1: not TOML"),
        ("sip = 3\n", "line 1: sip: a table is needed"),
        ("[trunk]\nname = 'x'\n", "line 1: trunk: a list of tables"),
        ("[sip]\nlisten = []\n", "line 2: sip.listen: at least one"),
        ("[sip]\nlisten = ['ws:127.0.0.1']\n", "is not ADDRESS:PORT"),
        ("[sip]\nlisten = ['sctp:127.0.0.1:80']\n", "is none of udp:, tcp:, tls:, ws:"),
        ("[sip]\nlisten = ['udp:127.0.0.1:0']\n", "is not ADDRESS:PORT"),
        ("[sip]\nlisten = ['udp:127.0.0.1:65536']\n", "is not ADDRESS:PORT"),
        ("[sip]\nlisten = ['udp:::1:5060']\n", "in brackets"),
        ("[sip]\nlisten = ['udp:localhost:5060']\n", "IPv4 or IPv6 address"),
        ("[sip]\nlisten = ['udp:127.0.0.1:5060', 'udp:127.0.0.1:5060']\n", "twice"),
        (
            "[sip.tls]\nkey = 'k.pem'\n",
            "line 1: sip.tls: certificate and key come together",
        ),
        ("[[trunk]]\nname = 'a'\ncertificate = ['sha256:00']\n", "64 hexadecimal digits"),
        ("[[trunk]]\nname = 'a'\ncertificate = ['*.example.com']\n", "is no name such as"),
        ("[sip]\nadvertise = '0.0.0.0'\n", "no address that anybody can send to"),
        ("[sip]\nadvertise = 'pbx.example'\n", "no IP address"),
        ('[sip]\nuser_agent = "a\\r\\nVia: b"\n', "control characters"),
        ("[sip]\nsession_interval = -1\n", "line 2: sip.session_interval: Expected"),
        ("[sip]\nmin_session_interval = 30\n", "sip.min_session_interval"),
        ("[sip.timers]\nt1 = 0\n", "line 2: sip.timers.t1"),
        ("[sip.timers]\nt1 = nan\n", "line 2: sip.timers.t1"),
        ("[sip.timers]\nt1 = true\n", "line 2: sip.timers.t1"),
        ("[sip.limits]\nsessions = 0\n", "line 2: sip.limits.sessions"),
        ("[media]\nports = '20000'\n", "is not FIRST-LAST"),
        ("[media]\nports = '80-90'\n", "from 1024 up"),
        ("[media]\nports = '30000-20000'\n", "from 1024 up"),
        ("[media]\nports = '20000-20002'\n", "too few"),
        ("[media]\naddress = 'eth0'\n", "no IP address"),
        ("[media]\naddress = ['::1', '::2']\n", "line 2: media.address: ::2 is the second"),
        ("[sip]\nadvertise = ['192.0.2.1', '::']\n", "no address that anybody"),
        ("[metrics]\nlisten = '9400'\n", "metrics.listen"),
        ("[log]\nlevel = 'loud'\n", "line 2: log.level"),
        ("[service]\nallowed_destinations = ['+44']\n", "no prefix of a number"),
        ("[service.area_overrides]\n'0634' = '531'\n", "no area code"),
        ("[[trunk]]\nto = 'sip:127.0.0.1'\n", "line 1: trunk[0].name: it is missing"),
        ("[[trunk]]\nname = 'a b'\nto = 'sip:h'\n", "line 2: trunk[0].name"),
        ("[[trunk]]\nname = 'a'\n", "line 1: trunk[0]: nobody calls by it"),
        ("[[trunk]]\nname = 'a'\nfrom = ['127.0.0.300']\n", "is no network"),
        ("[[trunk]]\nname = 'a'\nto = 'tel:123'\n", "is no SIP URI"),
        ("[[trunk]]\nname = 'a'\nto = 'sip:x@127.0.0.1'\n", "has no user part"),
        ("[[trunk]]\nname = 'a'\nfrom = ['::1']\nregister = true\n", "it needs 'to'"),
        ("[[trunk]]\nname = 'a'\nto = 'sip:h'\npassword = 'p'\n", "needs a username"),
        ("[[trunk]]\nname = 'a'\nto = 'sip:h'\nmethods = ['REFER']\n", "none of INVITE"),
        ("[[trunk]]\nname = 'a'\nto = 'sip:h'\ncaller_id = 'x'\n", "neither 'caller'"),
        ("[[trunk]]\nname = 'a'\nto = 'sip:h'\ndefault_area = '20'\n", "no area code"),
        ("[[trunk]]\nname = 'a'\nto = 'sip:h'\ncalled_from = 'x'\n", "called_from"),
        ("[[trunk]]\nname = 'a'\nto = 'sip:h'\nnobody_answered = 200\n", "nobody_answ"),
        ("[[trunk]]\nname='a'\nto='sip:h'\n[[trunk]]\nname='a'\nto='sip:h'\n", "line 5"),
        ("[[tariff]]\nname = 'x'\nunit_price = '0.4000'\n", "amount in yuan"),
        ("[[tariff]]\nname = 'x'\nunit_price = 0.4\n", "line 3: tariff[0].unit_price"),
        ("[[tariff]]\nname = 'x'\nunit_seconds = 7\n", "tariff[0].unit_seconds"),
        ("data_dir = ''\n", "line 1: data_dir: it must not be empty"),
        ("[mail]\nserver = 'mail.example.com:25'\n", "mail.from: a mail server needs it"),
        ("[mail]\nserver = 'mail.example.com'\n", "line 2: mail.server: "),
        ("[mail]\nserver = 'a b:25'\n", "is no name of a host"),
        ("[mail]\nfrom = 'nobody'\n", "is no sender such as"),
        ('[mail]\nfrom = "a <b@c.d>\\nBcc: e@f.g"\n', "is no sender such as"),
        ("[mail]\nsecurity = 'none'\npassword = 'p'\n", "everyone on the way reads it"),
    ],
)
def test_each_fault_is_named(file: Path, text: str, told: str) -> None:
    said = faults(file, text)
    assert len(said) == 1
    assert told in said[0]


@pytest.mark.parametrize(
    ("given", "read_as"),
    [
        ("192.0.2.1", "192.0.2.1"),
        ('"192.0.2.1"', "192.0.2.1"),
        ('["192.0.2.1", "2001:db8::1"]', ("192.0.2.1", "2001:db8::1")),
        ("", ""),
    ],
)
def test_one_address_or_one_of_each_ip_version(
    file: Path, given: str, read_as: object
) -> None:
    settings = read(file, "", B2BUA_SIP__ADVERTISE=given)
    assert settings.sip.advertise == read_as
    assert not given or read(file, f"[sip]\nadvertise = {json.dumps(read_as)}") == settings


@pytest.mark.parametrize(
    "variable",
    [
        "B2BUA_SIP__LISTENS",
        "B2BUA_NOTHING__HERE",
        "B2BUA_TRUNK__TELECOM__TO",
        "B2BUA_TRUNK__9__TO",
        "B2BUA_DATA_DIR__X",
        "B2BUA_TRUNK__UNICOM",
    ],
)
def test_a_variable_that_leads_nowhere_is_named(file: Path, variable: str) -> None:
    text = 'data_dir = "x"\n' + TRUNK
    assert faults(file, text, **{variable: "1"})[0].startswith(variable)


def test_a_file_that_is_not_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(UnusableSettings, match=r"none.toml: cannot be read: No such file"):
        load(tmp_path / "none.toml", {})


def test_a_file_that_is_not_text_is_said(file: Path) -> None:
    file.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(UnusableSettings, match="not UTF-8"):
        load(file, {})


def test_secrets_are_not_shown(file: Path) -> None:
    text = (
        TRUNK
        + 'username = "u"\npassword = "hush"\n[mail]\npassword = "hush"\n[store]\ndsn = "postgresql://u:hush@h/d"\n'
    )
    assert "hush" not in repr(read(file, text))


@given(text=st.text(), value=st.text().filter(lambda text: "\0" not in text))
def test_any_text_gives_settings_or_faults(
    tmp_path_factory: pytest.TempPathFactory, text: str, value: str
) -> None:
    file = tmp_path_factory.getbasetemp() / "any.toml"
    file.write_bytes(text.encode("utf-8", "surrogatepass"))
    with suppress(UnusableSettings):
        load(file, {"B2BUA_SIP__LISTEN": value, "B2BUA_TRUNK": value})
