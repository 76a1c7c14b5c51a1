"""``b2bua apply``, ``export`` and ``check``."""

from datetime import UTC, datetime
from pathlib import Path

from b2bua.app.publishing import plan_files, read_files, remarks, summary
from b2bua.app.storage import opened_storage
from b2bua.cli.common import Wanting, complain, run, say, settings_of
from b2bua.service.number import service_number
from b2bua.store.errors import PlanRefused


def apply(config: Path, paths: list[Path]) -> int:
    """Publish every plan of the files, or none."""
    settings = settings_of(config)

    async def publish() -> int:
        async with opened_storage(settings) as storage:
            snapshot = await storage.plans.snapshot({})
            reading = await read_files(
                plan_files(paths), settings, snapshot.tariffs, snapshot.phones
            )
            if reading.findings or not reading.drafts:
                for finding in reading.findings:
                    complain(str(finding))
                complain("nothing was published")
                return 1
            for published in await storage.plans.publish(reading.drafts):
                say(summary(published))
            return 0

    return run(publish())


def export(config: Path, number: str) -> int:
    """Print the text that the current plan was read from."""
    settings = settings_of(config)

    async def read() -> str:
        async with opened_storage(settings) as storage:
            return await storage.plans.export(service_number(number) or number)

    try:
        say(run(read()).rstrip("\n"))
    except PlanRefused as error:
        raise Wanting(str(error)) from error
    return 0


def check(config: Path, paths: list[Path]) -> int:
    """Print faults and remarks; status 1 if there is any."""
    settings = settings_of(config)

    async def look() -> int:
        async with opened_storage(settings) as storage:
            snapshot = await storage.plans.snapshot({})
            reading = await read_files(
                plan_files(paths), settings, snapshot.tariffs, snapshot.phones
            )
        today = datetime.now(UTC).astimezone().date()
        remarked = remarks(reading, snapshot, today, settings)
        for finding in (*reading.findings, *remarked):
            complain(str(finding))
        for plan in reading.plans:
            say(f"{plan.number}: {plan.name or 'a plan'}, {len(plan.routes)} routes")
        return 1 if reading.findings or remarked or not reading.drafts else 0

    return run(look())
