"""What a plan adds to a call beside its way: recording; read and written."""

from b2bua.service.form import Form
from b2bua.service.plan import Legs, Recording


def read_recording(form: Form, value: object) -> Recording | None:
    """How talks are recorded; None: they are not."""
    if value is None:
        return None
    path = ("recording",)
    body = form.mapping(value, path, ("notice", "legs"))
    return Recording(
        notice=form.flag(body.get("notice", True), (*path, "notice")),
        legs=form.choice(body.get("legs", Legs.BOTH.value), (*path, "legs"), Legs),
    )


def plain_recording(recording: Recording | None) -> dict[str, object]:
    """The reverse of :func:`read_recording`."""
    if recording is None:
        return {}
    return {"notice": recording.notice, "legs": recording.legs.value}
