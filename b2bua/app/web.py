"""Entry point of the portal's process: ``python -m b2bua.app.web --config FILE``.

It ends with status 0 when told to stop, 78 with one line if it cannot start. Passwords are
costly to compare on purpose: here that takes nothing from calls.
"""

import argparse
import asyncio
import os
import sys
from collections.abc import Sequence
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Final

import uvicorn
import uvloop

from b2bua.app import build
from b2bua.app.clerk import Clerk
from b2bua.app.places import Places, catalogue, prompt_names
from b2bua.app.postman import Postman
from b2bua.app.run import CANNOT_START, locked
from b2bua.app.storage import embedded_postgres
from b2bua.app.tasks import Tasks
from b2bua.config.checks import split_address
from b2bua.config.load import load
from b2bua.config.settings import Settings
from b2bua.core.errors import B2buaError
from b2bua.net.mail import Mail
from b2bua.observe.logs import configure
from b2bua.service.area import identify
from b2bua.service.planreading import Known
from b2bua.store.accounts import Accounts
from b2bua.store.errors import StoreError
from b2bua.store.outbox import Outbox
from b2bua.store.pool import PAGE_SECONDS, Database
from b2bua.store.reportruns import ReportRuns
from b2bua.store.sessions import Sessions
from b2bua.web.app import application
from b2bua.web.portal import Portal

DRAIN_SECONDS: Final = 5
RETRY_SECONDS: Final = 1.0


def main(arguments: Sequence[str] | None = None) -> int:
    """Run as a command; returns the exit status."""
    parser = argparse.ArgumentParser(prog="b2bua.app.web", description=__doc__)
    parser.add_argument("--config", type=Path, required=True)
    options = parser.parse_args(arguments)
    try:
        settings = load(options.config, os.environ)
        configure(settings.log.level, whole_numbers=settings.log.callers == "full")
        return uvloop.run(_serve(settings))
    except (B2buaError, OSError) as error:
        print(f"b2bua: {error}", file=sys.stderr)
        return CANNOT_START


def portal(settings: Settings, database: Database) -> Portal:
    """The portal on a database, as the settings have it."""
    prompts = prompt_names(catalogue(settings.media.prompts))
    areas = build.area_table(settings)
    return Portal(
        database=database,
        accounts=Accounts(database),
        sessions=Sessions(database),
        known=Known(
            trunks=build.trunk_names(settings),
            prompts=prompts,
            allowed_destinations=settings.service.allowed_destinations,
            webhooks=build.webhook_reach(settings),
        ),
        prompts=prompts,
        identify=lambda text: identify(text, areas),
        province_of=areas.province_of,
        mail=bool(settings.mail.server),
        recordings=Places(Path(settings.data_dir)).recordings,
        table=areas,
    )


async def _serve(settings: Settings) -> int:
    places = Places(Path(settings.data_dir))
    places.make()
    host, port = split_address(settings.web.listen)
    async with AsyncExitStack() as ending:
        ending.callback(os.close, locked(places.web_lock))
        database = Database(await _joined(settings, ending), patience=PAGE_SECONDS)
        await database.open()
        ending.push_async_callback(database.close)
        served = portal(settings, database)
        reporting = Tasks(lambda _: None)
        ending.push_async_callback(reporting.cancel)
        _send_reports(settings, served, reporting)
        server = uvicorn.Server(
            uvicorn.Config(
                application(served),
                host=host,
                port=port,
                log_config=None,
                access_log=False,
                server_header=False,
                proxy_headers=bool(settings.web.proxies),
                forwarded_allow_ips=list(settings.web.proxies),
                timeout_graceful_shutdown=DRAIN_SECONDS,
            )
        )
        await server.serve()
        return 0 if server.started else CANNOT_START


def _send_reports(settings: Settings, served: Portal, tasks: Tasks) -> None:
    """Make the reports that are due, and mail them."""
    clerk = Clerk(served.database, served.analyst, served.province_of, served.reports_asked)
    tasks.spawn("reports", clerk.run)
    server = build.mail_server(settings)
    if server is not None:
        database = served.database
        postman = Postman(Outbox(database), ReportRuns(database), Mail(server))
        tasks.spawn("mail", postman.run)


async def _joined(settings: Settings, ending: AsyncExitStack) -> str:
    """The DSN, as soon as PostgreSQL is up."""
    postgres = embedded_postgres(settings)
    if postgres is None:
        return settings.store.dsn
    while True:
        try:
            dsn = await postgres.start()
        except StoreError:
            await asyncio.sleep(RETRY_SECONDS)
        else:
            ending.push_async_callback(postgres.stop)
            return dsn


if __name__ == "__main__":
    sys.exit(main())
