"""What phones do on the stage, and the plans they call."""

from b2bua.service.plan import (
    Announcements,
    Destination,
    Forwarding,
    Group,
    Menu,
    Mode,
    Plan,
    Queue,
    Route,
    Screening,
    ToDestination,
    ToGroup,
    ToMenu,
    ToVoicemail,
    When,
)
from b2bua.sip.dialog import events as sip
from b2bua.sip.dialog.events import Cause, SessionId
from tests.support.stage import CALLER, Phone, Script, Stage

FIRST = ("10.0.2.1", 5060)
SECOND = ("10.0.2.2", 5060)


def plan(**changes: object) -> Plan:
    """Two destinations, the second for when the first is busy or does not answer."""
    settings: dict[str, object] = {
        "number": "4006001234",
        "destinations": {
            "first": Destination(name="first", number="02088886001", trunk="first"),
            "second": Destination(name="second", number="02088886002", trunk="second"),
        },
        "forwarding": Forwarding(busy=("second",), no_answer=("second",)),
        "announcements": Announcements.NONE,
        "routes": (Route(name="all", when=When(), to=ToDestination("first")),),
    }
    return Plan(**{**settings, **changes})  # type: ignore[arg-type]


MENU = Menu(name="main", prompt="menu", keys={"1": ToDestination("first")})
WITH_MENU = {
    "menus": {"main": MENU},
    "routes": (Route(name="all", when=When(), to=ToMenu("main")),),
}
AT_ONCE = {
    "groups": {
        "both": Group(name="both", mode=Mode.ALL, members=(("first", 0), ("second", 0)))
    },
    "routes": (Route(name="all", when=When(), to=ToGroup("both")),),
}
FAMILIAR = {
    "groups": {
        "desks": Group(name="desks", mode=Mode.ORDER, members=(("first", 0),), familiar=30)
    },
    "routes": (Route(name="all", when=When(), to=ToGroup("desks")),),
}
TO_VOICEMAIL = {"routes": (Route(name="all", when=When(), to=ToVoicemail()),)}
WITH_QUEUE = plan(
    forwarding=Forwarding(),
    groups={
        "desks": Group(
            name="desks", mode=Mode.ORDER, members=(("first", 0),), queue=Queue()
        )
    },
    routes=(Route(name="all", when=When(), to=ToGroup("desks")),),
)
BLACKLIST = {"screening": Screening(blacklist=("13800001111",))}


def quiet(phone: Phone, event: sip.Event, now: float) -> list[sip.Order]:
    """Do nothing but what politeness asks: answer new offers."""
    if isinstance(event, sip.Offered):
        return [sip.AnswerOffer(event.session, phone.answer_to(event.description))]
    return []


class Answers:
    """Rings, and answers after a while; hangs up after another."""

    def __init__(self, after: float = 2.0, talk: float | None = None) -> None:
        self.after = after
        self.talk = talk

    def __call__(self, phone: Phone, event: sip.Event, now: float) -> list[sip.Order]:
        match event:
            case sip.Invited(session, invitation):
                description = phone.answer_to(invitation.offer)
                accept = sip.Accept(session=session, description=description)
                phone.later.append((now + self.after, accept))
                if self.talk is not None:
                    end = sip.HangUp(session=session, causes=(Cause("Q.850", 16),))
                    phone.later.append((now + self.after + self.talk, end))
                return [sip.Ring(session=session, status=180)]
            case _:
                return quiet(phone, event, now)


class Refuses:
    """Says no after a while."""

    def __init__(self, status: int, q850: int = 0, after: float = 0.5) -> None:
        self.status = status
        self.causes = (Cause("Q.850", q850),) if q850 else ()
        self.after = after

    def __call__(self, phone: Phone, event: sip.Event, now: float) -> list[sip.Order]:
        if not isinstance(event, sip.Invited):
            return []
        refuse = sip.Refuse(session=event.session, status=self.status, causes=self.causes)
        phone.later.append((now + self.after, refuse))
        return [sip.Ring(session=event.session, status=180)]


def rings(phone: Phone, event: sip.Event, now: float) -> list[sip.Order]:
    """Ring for ever."""
    if isinstance(event, sip.Invited):
        return [sip.Ring(session=event.session, status=180)]
    return []


def describes(phone: Phone, event: sip.Event, now: float) -> list[sip.Order]:
    """Send 183 with a description, and never answer."""
    if not isinstance(event, sip.Invited):
        return []
    description = phone.answer_to(event.invitation.offer)
    return [sip.Ring(session=event.session, status=183, description=description)]


def dead(phone: Phone, event: sip.Event, now: float) -> list[sip.Order]:
    """Say nothing at all beyond 100."""
    return []


class Scene:
    """A caller and two destinations."""

    def __init__(
        self,
        plan_: Plan,
        first: Script,
        second: Script = dead,
        *,
        stage: Stage | None = None,
        dial: bool = True,
    ) -> None:
        self.stage = stage or Stage(plan_)
        self.caller = self.stage.phone(CALLER, quiet, trunk="in")
        self.first = self.stage.phone(FIRST, first, trunk="first")
        self.second = self.stage.phone(SECOND, second, trunk="second")
        self.session = self.stage.dial(self.caller) if dial else SessionId("")

    def run(self, seconds: float) -> "Scene":
        """Let time pass."""
        self.stage.run(seconds)
        return self

    def hang_up(self) -> "Scene":
        """Let the caller hang up, or cancel."""
        self.stage.order(self.caller, sip.HangUp(session=self.session))
        return self

    def assert_nothing_left(self) -> None:
        """Both legs gone, one record, every port back, nothing in the journal."""
        self.run(120.0)
        stage = self.stage
        assert not stage.faults
        assert len(stage.records) == 1
        assert stage.ports.open == {}
        assert stage.journal == {}
        assert stage.exchange.live() == []
        assert all(phone.ended() for phone in stage.phones.values())
