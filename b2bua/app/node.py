"""The control process: one exchange, its sockets, its journal, its store.

It starts in an order that keeps calls: the journal is read and media taken back before a
socket is opened, so that no request meets a call that is not there yet. PostgreSQL is
waited for only when neither it nor the last snapshot can say what the numbers are.
"""

import asyncio
import gc
import os
from contextlib import AsyncExitStack
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import structlog

from b2bua.app import build, snapshots
from b2bua.app.announcer import Announcer
from b2bua.app.atlas import Atlas
from b2bua.app.banned import banned_page
from b2bua.app.books import Books
from b2bua.app.carrier import Carrier, Heed
from b2bua.app.freshness import Watch
from b2bua.app.happenings import Happenings
from b2bua.app.health import HealthServer
from b2bua.app.heartbeat import Heartbeat, complaints, unregistered
from b2bua.app.lender import Lender
from b2bua.app.listening import CannotListen, Listening
from b2bua.app.metered import Metered
from b2bua.app.phonebook import PhoneBook
from b2bua.app.places import Places
from b2bua.app.recollection import Recollection
from b2bua.app.retention import Retention
from b2bua.app.shedding import Shedding
from b2bua.app.storage import Storage, prepare
from b2bua.app.tasks import Tasks
from b2bua.app.trunkwatch import TrunkWatch
from b2bua.app.webhooks import Webhooks
from b2bua.call.media import CallId, CloseMedia, MediaFact
from b2bua.config.checks import split_address
from b2bua.config.settings import Settings
from b2bua.core.tokens import Tokens
from b2bua.exchange.exchange import Exchange, Output
from b2bua.exchange.outlook import Outlook
from b2bua.mediactl.pool import MediaPool
from b2bua.net.driver import Driver
from b2bua.net.resolver import Resolver
from b2bua.net.tls import UnusableCertificate
from b2bua.observe.metrics import Metrics
from b2bua.service.plan import Snapshot
from b2bua.service.quota import Granted
from b2bua.service.talks import TalkFound
from b2bua.sip.endpoint.endpoint import SipEndpoint
from b2bua.sip.endpoint.settings import EndpointSettings
from b2bua.store.changes import Changes, Command, HangUp, LiftBan
from b2bua.store.errors import StoreError, Unavailable
from b2bua.store.journal import Journal
from b2bua.store.nodes import Alarm, Nodes

STORE_PATIENCE: Final = 1.0
"""Seconds for PostgreSQL while a kept snapshot would do."""
CHECKPOINT_SECONDS: Final = 30.0
LAST_WORDS: Final = 1.0
"""Seconds in which a BYE may be answered before the sockets close."""


class Node:
    """Everything of one control process."""

    def __init__(
        self, settings: Settings, storage: Storage, prepared: bool = False
    ) -> None:
        self._settings = settings
        self._storage = storage
        self._prepared = prepared
        self._places = Places(Path(settings.data_dir))
        self._log = structlog.get_logger()
        self._loop = asyncio.get_running_loop()
        self._metrics = Metrics()
        self._ending = AsyncExitStack()
        self._journal = Journal(self._places.journal, clock=self._loop.time)
        self._ending.callback(self._journal.close)
        if self._journal.damaged is not None:
            self._log.error("journal was damaged", put_aside=str(self._journal.damaged))
        lender = Lender(storage.leases, build.node_name(settings), self._granted)
        self._books = Books(self._journal, storage.records, lender)
        self._tasks = Tasks(self._metrics.fault)
        self._serving = False
        self._draining = False
        self._early_facts: list[MediaFact] = []
        self._shedding = Shedding(self._loop.call_later, self._press)
        self.drained = asyncio.Event()

    async def start(self) -> None:
        """Take back what the process before left, and serve. Raises OSError, StoreError."""
        settings = self._settings
        await self._open_health()
        snapshot = await self._first_snapshot()
        self._atlas = Atlas(self._storage.areas, settings)
        outlook = Outlook(
            node=build.node_name(settings),
            areas=await self._atlas.table(),
            snapshot=snapshot,
            ledger=await self._books.open(snapshot.plans),
            counters=self._journal.counters(),
            recordings=str(self._places.recordings),
        )
        sockets = [
            self._places.media_socket(index) for index in range(settings.media.processes)
        ]
        owner = build.node_name(settings)
        self._pool = MediaPool(sockets, self._hear, self._note, owner=owner)
        endpoint_settings = build.endpoint_settings(settings)
        tokens = Tokens(os.urandom)
        self._endpoint = SipEndpoint(endpoint_settings, tokens)
        self._exchange = Exchange(self._endpoint, tokens, outlook)
        self._trunk_watch = TrunkWatch(
            self._storage.trunks, build.node_name(settings), self._endpoint
        )
        self._outlook = outlook
        await self._serve(endpoint_settings)
        self._start_tasks()
        self._watch_figures()
        gc.collect()
        gc.freeze()
        gc.set_threshold(100_000, 20, 100)
        self._log.info(
            "serving",
            listen=list(settings.sip.listen),
            numbers=len(outlook.snapshot.plans),
            media=self._pool.answering,
        )

    async def _serve(self, endpoint_settings: EndpointSettings) -> None:
        """From the journal to open sockets."""
        images = [(CallId(name), image) for name, image in self._journal.calls()]
        self._ending.push_async_callback(self._pool.stop)
        adopted = await self._pool.start(name for name, _ in images)
        self._happenings = Happenings(
            self._exchange.live, lambda: self._outlook.snapshot.plans
        )
        recollection = Recollection(self._storage.talks, self._talk_found)
        carrier = Carrier(
            self._journal,
            self._pool,
            self._metrics,
            Heed(
                finished=self._books.delivery.nudge,
                drained=self.drained.set,
                lagged=self._lagged,
                cap_nears=self._happenings.cap_nears,
                reserve=self._books.lender.reserve,
                look_up=recollection.look_up,
                way_changed=self._trunk_watch.look,
            ),
        )
        self._ending.callback(recollection.close)
        resolver = Resolver()
        self._ending.callback(resolver.close)
        machine = Metered(self._exchange, self._metrics)
        self._driver = Driver(machine, carrier.tell, resolver.resolve)
        self._ending.callback(self._driver.close)
        outputs = self._restored(images, adopted)
        self._listening = Listening(self._driver, self._settings)
        for listener in endpoint_settings.listeners:
            await self._listening.open(listener)
        self._serving = True
        self._driver.perform(lambda now, at: outputs)
        self._driver.perform(lambda now, at: self._endpoint.start(now))
        early, self._early_facts = self._early_facts, []
        for fact in early:
            self._hear(fact)
        await self._first_phones()

    def _restored(
        self, images: list[tuple[CallId, bytes]], adopted: frozenset[CallId]
    ) -> list[Output]:
        """A call whose restoring raises costs that call alone."""
        outputs: list[Output] = []
        for name, image in images:
            now, at = self._loop.time(), datetime.now(UTC)
            try:
                outputs += self._exchange.restore([(name, image)], adopted, now, at)
            except Exception as fault:
                self._log.exception("call not restored", call=name)
                self._metrics.fault("restore")
                self._put_aside(name, image, f"not restored: {fault}")
                outputs.append(CloseMedia(name))
        if images:
            self._log.info("restored", calls=len(self._exchange.live()), of=len(images))
        return outputs

    def _put_aside(self, name: CallId, image: bytes, why: str) -> None:
        """Keep an image for a person to look at, and try it no more."""
        with self._journal.batch():
            self._journal.finish(name, image)
            self._journal.reject(name, image, why)

    async def _first_snapshot(self) -> Snapshot:
        """From PostgreSQL, or the last one kept when PostgreSQL does not answer soon."""
        rules = build.trunk_rules(self._settings)
        kept = snapshots.recall(self._places.snapshot)
        told = False
        began = self._loop.time()
        while True:
            try:
                await self._prepare()
                snapshot = await self._storage.plans.snapshot(rules)
                await self._settle(snapshot)
                return snapshot
            except Unavailable as error:
                patient = self._loop.time() - began < STORE_PATIENCE
                if kept is not None and not patient:
                    self._log.warning("serving from the last snapshot", why=str(error))
                    return replace(kept, trunks=rules)
                if not told:
                    self._log.warning("waiting for PostgreSQL", why=str(error))
                told = True
                await asyncio.sleep(0.5)

    async def _prepare(self) -> None:
        """Schema, calendar and prices, once."""
        if self._prepared:
            return
        await prepare(self._storage.database.dsn)
        for tariff in build.tariffs(self._settings):
            await self._storage.plans.publish_tariff(tariff)
        self._prepared = True

    async def _settle(self, snapshot: Snapshot) -> None:
        """Make what a snapshot needs beside itself: prompts in files, a copy on disk."""
        for number, fault in self._storage.plans.faults.items():
            self._log.error("plan cannot be read", number=number, fault=fault)
        await self._storage.plans.materialise(self._places.prompts)
        try:
            await asyncio.to_thread(snapshots.keep, snapshot, self._places.snapshot)
        except OSError as error:
            self._log.warning("snapshot not kept", why=str(error))

    async def _renew(self) -> None:
        """Take what was published; calls in progress keep theirs."""
        snapshot = await self._storage.plans.snapshot(self._outlook.snapshot.trunks)
        await self._settle(snapshot)
        await self._phones.renew()
        self._outlook.areas = await self._atlas.table()
        # Trunks may have been reloaded meanwhile.
        self._exchange.replan(replace(snapshot, trunks=self._outlook.snapshot.trunks))
        self._log.info("plans renewed", numbers=len(snapshot.plans))

    async def reload(self, settings: Settings) -> None:
        """Take other trunks, certificates and prices."""
        try:
            self._listening.renew(settings)
        except UnusableCertificate as error:
            self._log.error("certificates not reloaded", why=str(error))
        self._endpoint.set_trunks(build.trunks(settings))
        self._driver.perform(lambda now, at: self._endpoint.start(now))
        rules = build.trunk_rules(settings)
        self._exchange.replan(replace(self._outlook.snapshot, trunks=rules))
        self._log.info("reloaded", trunks=sorted(rules))
        try:
            for tariff in build.tariffs(settings):
                await self._storage.plans.publish_tariff(tariff)
        except StoreError as error:
            self._log.error("prices not reloaded", why=str(error))

    async def _first_phones(self) -> None:
        """Know the phones' accounts, and where the process before knew them to be."""
        self._phones = PhoneBook(self._storage.phones, self._endpoint, self._driver)
        await self._phones.renew()
        self._phones.restore(self._journal.counters())

    def drain(self) -> None:
        """Take no new calls; :attr:`drained` is set when the last has ended."""
        self._draining = True
        self._log.info("draining", calls=len(self._exchange.live()))
        self._driver.perform(lambda now, at: self._exchange.drain())

    def hang_up_all(self, reason: str) -> None:
        """End every call."""
        self._log.warning("ending all calls", calls=len(self._exchange.live()))
        self._driver.perform(lambda now, at: self._exchange.hang_up_all(reason, now, at))

    async def stop(self) -> None:
        """Close everything; what was not delivered stays in the journal."""
        if self._serving:
            self._driver.perform(lambda now, at: self._endpoint.close(now))
            await self._quiet()
        await self._tasks.cancel()
        if self._serving:
            await self._deliver_the_rest()
        await self._ending.aclose()
        self._log.info("stopped")

    async def _deliver_the_rest(self) -> None:
        self._driver.perform(lambda now, at: self._exchange.quota.return_all(now))
        await self._books.lender.close()
        try:
            while await self._books.delivery.deliver():
                pass
            await self._storage.live.announce(build.node_name(self._settings), [])
        except StoreError as error:
            self._log.warning("records wait in the journal", why=str(error))

    async def _quiet(self) -> None:
        """Leave a moment for the answers to our last requests."""
        if self._endpoint.remembered:
            await asyncio.sleep(LAST_WORDS)

    async def _open_health(self) -> None:
        listen = self._settings.metrics.listen
        if not listen:
            return
        health = HealthServer(self._metrics.text, self._unready, self._bans)
        try:
            await health.start(split_address(listen))
        except OSError as error:
            raise CannotListen(f"metrics.listen: {listen}: {error.strerror}") from error
        self._ending.callback(health.close)

    def _bans(self) -> bytes:
        return banned_page(self._endpoint.bans, self._loop.time())

    def _said(self) -> tuple[str, int, int]:
        state = "draining" if self._draining else "serving"
        return state, len(self._exchange.live()), int(self._journal.waiting())

    def _ails(self) -> list[Alarm]:
        found = complaints(
            self._outlook,
            self._storage.plans,
            self._journal,
            self._pool,
            self._places.data_dir,
        )
        lost = unregistered(self._endpoint.registrations)
        return [*found, *lost, *self._shedding.lateness.alarms(self._loop.time())]

    def _unready(self) -> str:
        if not self._serving:
            return "starting"
        if self._draining:
            return "draining"
        return "" if self._pool.answering else "no media process answers"

    def _hear(self, fact: MediaFact) -> None:
        if not self._serving:
            self._early_facts.append(fact)
            return
        self._driver.perform(lambda now, at: self._exchange.hear_of(fact, now, at))

    def _lagged(self, seconds: float) -> None:
        """Hear that the loop was late."""
        self._shedding.lagged(seconds)
        self._shedding.lateness.add(seconds, self._loop.time())

    def _press(self, pressed: bool) -> None:
        """Take fewer new calls, or as many as before."""
        self._endpoint.pressed = pressed

    def _note(self, line: str) -> None:
        self._log.warning("media", what=line)

    def _commanded(self, order: Command) -> None:
        match order:
            case HangUp(hangup):
                self._log.info("hang-up ordered", call=hangup)
                call = CallId(hangup)
                self._driver.perform(lambda now, at: self._exchange.hang_up(call, now, at))
            case LiftBan(lift):
                lifted = self._endpoint.bans.lift(lift)
                self._log.info("ban lifted", source=lift, banned=lifted)

    def _granted(self, answer: Granted) -> None:
        self._driver.perform(lambda now, at: self._exchange.granted(answer, now, at))

    def _review(self) -> None:
        self._driver.perform(lambda now, at: self._exchange.quota.review(now))

    def _talk_found(self, found: TalkFound) -> None:
        self._driver.perform(lambda now, at: self._exchange.talk_found(found, now, at))

    def _recalled(self, number: str, node: str) -> None:
        """Another node is short of quota."""
        if node != build.node_name(self._settings):
            self._driver.perform(lambda now, at: self._exchange.quota.recall(number, now))

    def _start_tasks(self) -> None:
        changes = Changes(
            self._storage.database.dsn,
            changed=self._renew,
            commanded=self._commanded,
            recalled=self._recalled,
        )
        announcer = Announcer(
            self._storage.live, build.node_name(self._settings), self._exchange.live
        )
        self._tasks.spawn("changes", changes.run)
        self._tasks.spawn("delivery", self._books.delivery.run)
        self._tasks.spawn("usage", lambda: self._books.run(self._review))
        self._tasks.spawn("live", announcer.run)
        heart = Heartbeat(
            Nodes(self._storage.database),
            build.node_name(self._settings),
            self._said,
            self._ails,
        )
        self._ending.push_async_callback(heart.stop)
        self._tasks.spawn("heartbeat", heart.run)
        self._tasks.spawn("trunks", self._trunk_watch.run)
        self._metrics.watch_ways(self._trunk_watch.usable)
        self._tasks.spawn("journal", self._checkpoint)
        days = self._settings.service.recording_days
        self._tasks.spawn("retention", Retention(self._places.recordings, days).run)
        watch = Watch(self._outlook)
        watch.figures(self._metrics.watch)
        self._tasks.spawn("freshness", watch.run)
        self._tell_enterprises()

    def _tell_enterprises(self) -> None:
        webhooks = Webhooks(
            self._storage.outbox,
            build.webhook_reach(self._settings),
            happened=self._happenings.fresh,
        )
        self._tasks.spawn("webhooks", webhooks.run)
        watch = self._metrics.watch
        watch("webhooks_delivered", "Webhooks taken", lambda: webhooks.delivered)
        watch("webhooks_failed", "Attempts that failed", lambda: webhooks.failed)
        watch("webhooks_dead", "Webhooks given up", lambda: webhooks.dead)

    async def _checkpoint(self) -> None:
        """Move the journal to its main file, off the loop."""
        while True:
            await asyncio.sleep(CHECKPOINT_SECONDS)
            await asyncio.to_thread(self._journal.checkpoint)
            if self._journal.fault:
                self._log.error(
                    "journal", fault=self._journal.fault, lost=self._journal.lost
                )

    def _watch_figures(self) -> None:
        watch = self._metrics.watch
        lender = self._books.lender
        watch("quota_asked", "Questions for quota", lambda: lender.asked)
        watch("quota_failed", "Those without an answer", lambda: lender.failed)
        watch("live_calls", "Calls now up", lambda: len(self._exchange.live()))
        watch("sip_sessions", "SIP sessions, lingering ones included", self._sessions)
        watch("journal_waiting", "Records not in PostgreSQL yet", self._journal.waiting)
        watch("journal_lost", "Entries lost to a full disk", lambda: self._journal.lost)
        pool = self._pool
        watch("recordings_failed", "Not taken by the disk", lambda: pool.recordings_failed)
        watch("events_lost", "Of media processes", lambda: pool.events_lost)
        watch(
            "media_processes", "Media processes that answer", lambda: self._pool.answering
        )
        watch("registrations", "Trunks that we are registered at", self._registered)
        watch("banned", "Sources that are not heard", lambda: len(self._endpoint.bans))
        watch("phones", "Phones registered", lambda: len(self._endpoint.phones))
        watch("numbers", "Numbers served", lambda: len(self._outlook.snapshot.plans))

    def _sessions(self) -> float:
        return self._endpoint.sessions

    def _registered(self) -> float:
        return sum(self._endpoint.registrations.values())
