"""What is written of a call: each description once, and read as every version wrote it."""

import msgspec
from msgspec.structs import replace

from b2bua.exchange.journal_image import CallImage, decode, encode, remains_of
from tests.exchange.scripts import Answers, Scene, plan


def talking() -> tuple[bytes, CallImage]:
    """The image of a call in which both sides talk."""
    (written,) = Scene(plan(), Answers(after=0.5)).run(3).stage.journal.values()
    return written, decode(written)


def test_each_description_is_written_once() -> None:
    written, image = talking()
    talk = image.flow.talk
    assert talk is not None
    for audio in (talk.caller_audio, talk.destination_audio):
        for description in (audio.local, audio.remote):
            assert written.count(msgspec.json.encode(description)) == 1
    assert len(written) < 6000


def test_what_is_written_is_read_whole() -> None:
    _, image = talking()
    assert decode(encode(image)) == image
    assert len(image.sessions) == 2
    for session in image.sessions:
        assert session.local_description is not None
        assert session.remote_description is not None


def test_descriptions_that_differ_from_the_audios_are_kept() -> None:
    _, image = talking()
    one, other = image.sessions
    assert one.local_description is not None
    changed = replace(one.local_description, version=7)
    for odd in (
        replace(one, local_description=changed),
        replace(one, local_description=None),
        replace(one, local_description=None, remote_description=None),
    ):
        strange = CallImage(flow=image.flow, sessions=(odd, other))
        assert decode(encode(strange)) == strange


def test_an_image_of_a_version_that_wrote_them_twice_is_read() -> None:
    _, image = talking()
    assert decode(msgspec.json.encode(image)) == image


def test_what_remains_of_an_image_has_its_dialogs() -> None:
    written, image = talking()
    remains = remains_of(written.replace(b'"talk":', b'"talked":'))
    assert [one.session for one in remains.sessions] == [
        one.session for one in image.sessions
    ]
