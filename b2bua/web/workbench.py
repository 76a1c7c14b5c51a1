"""What somebody is at work on: the draft of a plan, or the plan that calls follow.

Routes and menus are changed step by step, and a call should not meet them half changed.
So each step is kept as the number's draft until it is published as one version. What is
changed at once (a number, an override) is no part of that; when the draft is published,
it is brought up to what was published since.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from b2bua.service.plan import Plan
from b2bua.service.planchanges import Change, changes
from b2bua.service.planediting import edited
from b2bua.service.planfile import Finding, plan_to_yaml
from b2bua.service.planwriting import plain
from b2bua.store.audit import Act
from b2bua.store.plans import Published
from b2bua.store.tenant import Current, without_callers, without_secrets
from b2bua.web import planning
from b2bua.web.portal import Visit


@dataclass(frozen=True, slots=True, kw_only=True)
class Bench:
    """What the next step starts from."""

    current: Current
    plan: Plan
    """The draft, else the current plan."""
    source: str
    base: int
    """The version that the draft was made from."""
    drafted: bool

    @property
    def moved(self) -> bool:
        """Whether something was published since the draft was begun."""
        return self.drafted and self.base != self.current.plan.version

    def value(self) -> dict[str, object]:
        """The plan as plain values, to be changed."""
        return plain(self.plan)

    def changes(self, *, whole: bool) -> Sequence[Change]:
        """What the draft changes; ``whole``: callers on the lists are shown."""
        return differing(self.current.plan, self.plan, whole=whole)


def differing(before: Plan, after: Plan, *, whole: bool) -> list[Change]:
    """What differs between two plans as a visit may see it."""
    if not whole:
        before, after = without_callers(before), without_callers(after)
    return list(changes(plain(before), plain(after)))


async def bench(visit: Visit) -> Bench:
    """The draft, or the current plan. Raises NoPlan."""
    current = await planning.current_plan(visit)
    version = current.plan.version
    kept = await visit.drafts.read()
    if kept is not None:
        read = await planning.read_text(visit, current, kept.source)
        if not isinstance(read, list):
            source = kept.source
            if visit.tenant.veiled:
                read = without_secrets(without_callers(read))
                source = plan_to_yaml(read)
            return Bench(
                current=current, plan=read, source=source, base=kept.base, drafted=True
            )
        # It names what is no more, such as a prompt that was removed: it cannot go on.
        if not visit.tenant.veiled:
            await visit.drafts.drop()
    return Bench(
        current=current,
        plan=current.plan,
        source=current.source,
        base=version,
        drafted=False,
    )


async def keep(visit: Visit, found: Bench, value: object) -> list[Finding]:
    """Make a changed plan the draft; or what is wrong with it, and nothing is kept."""
    read = await planning.read_value(visit, found.current, value)
    if isinstance(read, list):
        return read
    await _keep(visit, found, read, edited(found.source, found.plan, read))
    return []


async def keep_text(visit: Visit, found: Bench, text: str) -> list[Finding]:
    """The same with a plan's text."""
    read = await planning.read_text(visit, found.current, text)
    if isinstance(read, list):
        return read
    await _keep(visit, found, read, text)
    return []


async def _keep(visit: Visit, found: Bench, plan: Plan, text: str) -> None:
    if not found.moved and not differing(found.current.plan, plan, whole=True):
        await discard(visit)
    else:
        await visit.drafts.keep(text, found.base)
        await visit.note(Act.DRAFTED, f"of version {found.base}")


async def discard(visit: Visit) -> None:
    """Forget the draft, if there is one."""
    if await visit.drafts.read() is not None:
        await visit.drafts.drop()
        await visit.note(Act.DRAFT_DROPPED)


async def publish(visit: Visit, found: Bench) -> Published | list[Finding]:
    """Make the draft the plan that the next call follows.

    Raises PlanMoved if others changed the same things since it was begun.
    """
    if not found.drafted:
        return Published(
            number=found.plan.number, version=found.current.plan.version, changes=()
        )
    if found.moved:
        done = await planning.publish_merged(
            visit, found.current, found.value(), found.base
        )
    else:
        done = await planning.publish_text(
            visit, found.current, found.source, found.current.plan.version
        )
    if isinstance(done, Published):
        await visit.drafts.drop()
    return done
