"""What may stand in ``[[trunk]]``, and what is said of what may not."""

from pathlib import Path

import pytest

from b2bua.app import build
from b2bua.config.load import UnusableSettings, load
from b2bua.sip.endpoint.manners import USUAL
from b2bua.sip.endpoint.quota import UNBOUNDED, Quota
from b2bua.sip.endpoint.rewriting import AS_WRITTEN, Rewriting, Rule
from b2bua.sip.endpoint.trunks import Trunk
from b2bua.sip.endpoint.way import Care
from b2bua.sip.message.digest import digest_of

HEAD = '[[trunk]]\nname = "unicom"\n'


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "b2bua.toml"


def trunk(file: Path, text: str, **environment: str) -> Trunk:
    file.write_text(HEAD + text)
    return build.trunks(load(file, environment))[0]


def fault(file: Path, text: str) -> str:
    file.write_text(HEAD + text)
    with pytest.raises(UnusableSettings) as caught:
        load(file, {})
    return str(caught.value).replace(f"{file}:", "line ")


def test_a_plain_trunk_is_as_it_was(file: Path) -> None:
    plain = trunk(file, 'to = "sip:192.0.2.1"')
    assert plain.next_hops == ("sip:192.0.2.1",)
    assert (plain.weights, plain.care) == ((), Care())
    assert plain.quota is UNBOUNDED
    assert plain.rewriting is AS_WRITTEN
    assert plain.manners == USUAL


def test_everything_about_a_trunk(file: Path) -> None:
    made = trunk(
        file,
        """
to = [{uri = "sip:192.0.2.1", weight = 70}, {uri = "sip:192.0.2.2", weight = 30}]
causes = {480 = 19, 31 = 17}
statuses = {17 = 600}
diversion = "diversion"
[trunk.health]
probe = 30
losses = 2
[trunk.limits]
calls_in = 100
rate_out = 2.5
[trunk.rewrite]
called_in = [{match = "+86400*", strip = 3}, {match = "*"}]
caller_out = [{match = "0*", strip = 1, prepend = "+86"}]
""",
        B2BUA_TRUNK__UNICOM__HEALTH__LOSSES="4",
    )
    assert made.next_hops == ("sip:192.0.2.1", "sip:192.0.2.2")
    assert made.weights == (70, 30)
    assert made.care == Care(probe=30.0, losses=4)
    assert made.quota == Quota(calls_in=100, rate_out=2.5)
    assert made.rewriting == Rewriting(
        called_in=(Rule(match="+86400*", strip=3), Rule(match="*")),
        caller_out=(Rule(match="0*", strip=1, prepend="+86"),),
    )
    assert made.manners.causes == ((480, 19), (31, 17))
    assert made.manners.statuses == ((17, 600),)
    assert made.manners.diversion == ("Diversion",)


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        (
            'to = ["sip:192.0.2.1", {uri = "sip:192.0.2.2", weight = 3}]',
            "line 3: trunk[0].to: either every address has a weight, or none",
        ),
        ('to = ["sip:192.0.2.1", "sip:192.0.2.1"]', "line 3: trunk[0].to: one is given"),
        ('to = [{uri = "sip:192.0.2.1", weight = 0}]', "Expected `int` >= 1"),
        ('to = [{uri = "sip:192.0.2.1", wait = 1}]', "trunk[0].to:"),
        ('to = "sip:192.0.2.1"\noverflow = "mobil"', "line 4: trunk[0].overflow: there is"),
        ('to = "sip:192.0.2.1"\noverflow = "unicom"', "is this trunk itself"),
        ('to = "sip:192.0.2.1"\ncauses = {200 = 17}', "'200' is neither a Q.850 cause nor"),
        ('to = "sip:192.0.2.1"\ncauses = {480 = 128}', "128 is no Q.850 cause"),
        ('to = "sip:192.0.2.1"\nstatuses = {486 = 600}', "'486' is no Q.850 cause"),
        ('to = "sip:192.0.2.1"\nstatuses = {17 = 200}', "200 is no final status"),
        (
            'to = "sip:192.0.2.1"\n[trunk.rewrite]\ncalled_in = [{match = "0[1-9]*"}]',
            "line 5: trunk[0].rewrite.called_in[0].match: '0[1-9]*' is no pattern",
        ),
        (
            'to = "sip:192.0.2.1"\n[trunk.rewrite]\n'
            'called_in = [{match = "0*", strip = 2}]',
            "line 5: trunk[0].rewrite.called_in[0].strip: '0*' is shorter than",
        ),
        (
            'to = "sip:192.0.2.1"\n[trunk.rewrite]\n'
            'called_out = [{match = "*"}, {match = "0*"}]',
            "trunk[0].rewrite.called_out[1].match: an earlier rule fits every number",
        ),
        (
            'to = "sip:192.0.2.1"\n[trunk.rewrite]\n'
            'called_out = [{match = "*", prepend = "x"}]',
            "'x' is no beginning of a number",
        ),
        ('to = "sip:192.0.2.1"\n[trunk.health]\nprobe = -1', "trunk[0].health.probe"),
    ],
)
def test_what_cannot_be_meant_is_named(file: Path, text: str, complaint: str) -> None:
    assert complaint in fault(file, text)


def test_accounts_and_phones(file: Path) -> None:
    file.write_text(
        HEAD + 'from = ["192.0.2.0/24"]\nauth = "digest"\n'
        'accounts = {pbx = "correct horse"}\n'
        '[phones]\nfrom = ["10.0.0.0/8"]\nlongest = 600\n'
    )
    settings = load(file, {})
    asked, phones = build.trunks(settings)
    kept = asked.accounts["pbx"]
    assert kept.md5 == digest_of("MD5", "pbx:b2bua:correct horse")
    assert "correct" not in repr(asked)
    assert "correct" not in repr(settings)
    assert phones.name == "phones"
    assert build.endpoint_settings(settings).registrar.longest == 600


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ('from = ["::1"]\nauth = "digest"', 'digest" and accounts need each other'),
        ('from = ["::1"]\naccounts = {pbx = "correct horse"}', "need each other"),
        ('from = ["::1"]\naccounts = {pbx = "short"}', "has fewer than 8 characters"),
        ('from = ["::1"]\naccounts = {"a:b" = "correct horse"}', "'a:b' is no user name"),
        ('from = ["::1"]\n[phones]\nfrom = ["10.0.0"]', "'10.0.0' is no network"),
    ],
)
def test_accounts_that_cannot_be_meant_are_named(
    file: Path, text: str, complaint: str
) -> None:
    assert complaint in fault(file, text)


def test_no_trunk_takes_the_name_of_the_phones(file: Path) -> None:
    file.write_text(
        '[phones]\nfrom = ["::1"]\n[[trunk]]\nname = "phones"\nfrom = ["::1"]\n'
    )
    with pytest.raises(UnusableSettings, match="trunk of the phones"):
        load(file, {})
