"""§1 and §4: what is called, and who calls, in whatever way a carrier writes it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from b2bua.service.number import (
    Caller,
    CallerKind,
    masked,
    normalise_caller,
    service_number,
)

MOBILE, LANDLINE = CallerKind.MOBILE, CallerKind.LANDLINE
ANONYMOUS, SERVICE = CallerKind.ANONYMOUS, CallerKind.SERVICE
ABROAD, PRIVACY, UNKNOWN = CallerKind.INTERNATIONAL, CallerKind.PRIVACY, CallerKind.UNKNOWN


@pytest.mark.parametrize(
    "called",
    [
        "4006001234",
        "+864006001234",
        "864006001234",
        "00864006001234",
        "04006001234",
        "0104006001234",
        "07364006001234",
        "+86104006001234",
        "+86-400-600-1234",
        "tel:+86-400-600-1234",
        "sip:4006001234@192.0.2.1:5060;user=phone",
        "sip:4006001234;phone-context=+86@ims.example",
        "<sip:04006001234@192.0.2.1>;tag=1",
        "%2B864006001234",
    ],
)
def test_every_way_to_call_a_400_number(called: str) -> None:
    assert service_number(called) == "4006001234"


@pytest.mark.parametrize(
    "called",
    [
        "400600123",
        "40060012345",
        "4006001234%00",
        "4006001234\r\n",
        "8008001234",
        "+14006001234",
        "004006001234",
        "",
        "sales",
        "\uff14006001234",
        "4" * 5000,
    ],
)
def test_what_calls_no_400_number(called: str) -> None:
    assert service_number(called) is None


@pytest.mark.parametrize(
    ("sent", "kind", "number", "area"),
    [
        # mobiles: their area is data, not digits
        ("+8613800138000", MOBILE, "13800138000", ""),
        ("8613800138000", MOBILE, "13800138000", ""),
        ("008613800138000", MOBILE, "13800138000", ""),
        ("13800138000", MOBILE, "13800138000", ""),
        ("013800138000", MOBILE, "13800138000", ""),
        ("%2B8613800138000", MOBILE, "13800138000", ""),
        ("+86 138-0013-8000", MOBILE, "13800138000", ""),
        ("sip:13800138000@h;user=phone", MOBILE, "13800138000", ""),
        ('"Li" <sip:+8613800138000@h>;tag=x', MOBILE, "13800138000", ""),
        # Beijing
        ("tel:+86-10-8888-6666", LANDLINE, "01088886666", "010"),
        ("tel:88886666;phone-context=+8610", LANDLINE, "01088886666", "010"),
        ("+861088886666", LANDLINE, "01088886666", "010"),
        ("01088886666", LANDLINE, "01088886666", "010"),
        ("1088886666", LANDLINE, "01088886666", "010"),
        ("861088886666", LANDLINE, "01088886666", "010"),
        # Shenzhen, and a town with seven digits
        ("+8675588886666", LANDLINE, "075588886666", "0755"),
        ("075588886666", LANDLINE, "075588886666", "0755"),
        ("75588886666", LANDLINE, "075588886666", "0755"),
        ("07367123456", LANDLINE, "07367123456", "0736"),
        ("075512345678", LANDLINE, "075512345678", "0755"),
        # no area code at all
        ("88886666", LANDLINE, "88886666", ""),
        # abroad: Hong Kong is never area 0852
        ("0085223456789", ABROAD, "0085223456789", ""),
        ("+85223456789", ABROAD, "0085223456789", ""),
        ("+12025550123", ABROAD, "0012025550123", ""),
        # hidden
        ("anonymous", ANONYMOUS, "", ""),
        ("sip:Anonymous@anonymous.invalid", ANONYMOUS, "", ""),
        ("unavailable", ANONYMOUS, "", ""),
        ("restricted", ANONYMOUS, "", ""),
        ("unknown", ANONYMOUS, "", ""),
        ("", ANONYMOUS, "", ""),
        ("0", ANONYMOUS, "", ""),
        ("00000000", ANONYMOUS, "", ""),
        # services and platforms
        ("10086", SERVICE, "10086", ""),
        ("95588", SERVICE, "95588", ""),
        ("02195588", SERVICE, "95588", ""),
        ("4008001234", SERVICE, "4008001234", ""),
        ("700123456789012", PRIVACY, "700123456789012", ""),
        # no number
        ("alice", UNKNOWN, "alice", ""),
        ("01088886666%00", UNKNOWN, "", ""),
        ("02612345678", UNKNOWN, "02612345678", ""),
    ],
)
def test_who_calls(sent: str, kind: CallerKind, number: str, area: str) -> None:
    assert normalise_caller(sent) == Caller(number=number, kind=kind, area=area)


def test_a_number_without_area_code_is_of_the_trunks_area() -> None:
    assert normalise_caller("88886666", "010") == Caller(
        number="01088886666", kind=LANDLINE, area="010"
    )


@pytest.mark.parametrize(
    ("number", "shown"),
    [
        ("13800138000", "138****8000"),
        ("075588886666", "0755****6666"),
        ("10086", "10*86"),
        ("110", "***"),
        ("", ""),
    ],
)
def test_numbers_are_shown_without_their_middle(number: str, shown: str) -> None:
    assert masked(number) == shown


@pytest.mark.parametrize(
    ("pattern", "fits"),
    [
        ("075588886666", True),
        ("0755*", True),
        ("07558888666", False),
        ("0736*", False),
        ("*", True),
    ],
)
def test_exact_numbers_and_prefixes(pattern: str, fits: bool) -> None:
    assert normalise_caller("075588886666").matches(pattern) is fits


def test_no_pattern_fits_a_caller_without_number() -> None:
    assert not normalise_caller("anonymous").matches("*")


digits = st.text("0123456789+*#-%;@<>. ", max_size=40)


@given(st.one_of(st.text(max_size=300), digits))
def test_reading_is_total_and_gives_plain_characters(text: str) -> None:
    caller = normalise_caller(text)
    assert caller.number.isascii()
    assert not caller.number or caller.number.isalnum()
    called = service_number(text)
    assert called is None or (called.isdecimal() and len(called) == 10)
    assert len(masked(caller.number)) == len(caller.number)


@given(st.from_regex(r"1[3-9][0-9]{9}", fullmatch=True))
def test_every_mobile_comes_out_of_every_clothing(number: str) -> None:
    for sent in (number, "+86" + number, "86" + number, "0086" + number, "0" + number):
        assert normalise_caller(sent) == Caller(number=number, kind=MOBILE)


@given(st.from_regex(r"(10|2[0-57-9]|[5-9][0-9]{2})[1-9][0-9]{7}", fullmatch=True))
def test_every_landline_comes_out_of_every_clothing(number: str) -> None:
    for sent in ("0" + number, "+86" + number, "86" + number, "+860" + number):
        assert normalise_caller(sent).number == "0" + number
