"""Letters to a real mail server: what arrives, and what is said when it does not."""

import ssl
from datetime import UTC, datetime
from pathlib import Path

import pytest

from b2bua.net.mail import Enclosure, Letter, Mail, MailServer, NobodyThere, NotMailed
from b2bua.net.tls import own_credential
from tests.support.postoffice import PostOffice

HERE = "127.0.84.1"
SENDER = "定时报告 <reports@example.com>"
AT = datetime(2026, 11, 1, 0, 0, tzinfo=UTC)


def letter(to: str = "boss@example.org", **changes: str) -> Letter:
    told = {"subject": "话务分析 2026-10", "text": "正文", "html": "<p>正文</p>", **changes}
    sheet = Enclosure("report.xlsx", "application/vnd.ms-excel", b"\x00\xff" * 900)
    return Letter(id="1:2026-10:report", to=to, at=AT, enclosures=(sheet,), **told)


def mail(office: PostOffice, **changes: str) -> Mail:
    server = MailServer(
        host=office.host,
        port=office.port,
        sender=SENDER,
        **{"security": "none", **changes},  # type: ignore[arg-type]
    )
    return Mail(server, patience=10)


async def test_a_letter_arrives_as_it_was_written() -> None:
    async with PostOffice(HERE) as office:
        await mail(office).send(letter())
    (came,) = office.letters
    assert office.recipients == [["boss@example.org"]]
    assert came["Subject"] == "话务分析 2026-10"
    assert came["From"] == SENDER
    assert came["Auto-Submitted"] == "auto-generated"
    assert came["Date"].datetime == AT
    body = came.get_body(("html",))
    assert body is not None
    assert "正文" in body.get_content()
    (sheet,) = came.iter_attachments()
    assert sheet.get_filename() == "report.xlsx"
    assert sheet.get_content() == b"\x00\xff" * 900


async def test_the_same_letter_has_the_same_id_and_another_address_another() -> None:
    async with PostOffice(HERE) as office:
        for to in ("boss@example.org", "boss@example.org", "desk@example.org"):
            await mail(office).send(letter(to))
    first, again, other = (one["Message-ID"] for one in office.letters)
    assert first == again != other
    assert first.endswith("@example.com>")


@pytest.mark.parametrize("broken", ["x\r\nBcc: all@example.org", "x\nBcc: y@z", "x\ry"])
async def test_no_header_is_smuggled_in(broken: str) -> None:
    async with PostOffice(HERE) as office:
        await mail(office).send(letter(subject=broken))
    (came,) = office.letters
    assert came["Bcc"] is None
    assert came["Subject"] == " ".join(broken.split())
    assert office.recipients == [["boss@example.org"]]


@pytest.mark.parametrize(
    ("answer", "gone"),
    [("550 5.1.1 no such user", True), ("451 4.3.0 later", False)],
)
async def test_what_is_for_good_is_told_from_what_passes(answer: str, gone: bool) -> None:
    async with PostOffice(HERE, refused={"boss@example.org": answer}) as office:
        with pytest.raises(NotMailed, match=answer[:3]) as refused:
            await mail(office).send(letter())
    assert isinstance(refused.value, NobodyThere) is gone


async def test_a_server_that_is_not_there() -> None:
    async with PostOffice(HERE) as office:
        pass
    with pytest.raises(NotMailed, match="not reached"):
        await mail(office).send(letter())


@pytest.fixture
def certificate(tmp_path: Path) -> tuple[ssl.SSLContext, Path]:
    own = own_credential(tmp_path, [HERE], datetime.now(UTC))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(own.certificate, own.key)
    return context, own.certificate


async def test_by_starttls_with_a_password(
    certificate: tuple[ssl.SSLContext, Path],
) -> None:
    tls, ca = certificate
    async with PostOffice(HERE, tls=tls, user="us", password="secret") as office:
        given = {"security": "starttls", "user": "us", "ca": str(ca)}
        await mail(office, password="secret", **given).send(letter())
        with pytest.raises(NotMailed, match="refuses our password") as refused:
            await mail(office, password="wrong", **given).send(letter())
        assert not isinstance(refused.value, NobodyThere), "the operator may mend it"
        with pytest.raises(NotMailed, match="certificate"):
            await mail(office, security="starttls", user="us").send(letter())
    assert len(office.letters) == 1


async def test_a_server_without_tls_gets_nothing_when_tls_is_asked_for() -> None:
    async with PostOffice(HERE) as office:
        with pytest.raises(NotMailed, match="mail server"):
            await mail(office, security="starttls").send(letter())
    assert office.letters == []


def test_a_password_is_not_shown() -> None:
    server = MailServer(host="h", port=25, sender=SENDER, password="secret")
    assert "secret" not in repr(server)
