from __future__ import annotations

import asyncio
import contextlib
import logging
from collections import defaultdict
from collections.abc import Awaitable, Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import timedelta
from email.utils import parseaddr
from functools import partial
from uuid import UUID

from tortoise.exceptions import OperationalError
from tortoise.expressions import Q

from trainings import clock
from trainings.outbox import actions, claims, holds
from trainings.outbox.answers import (
    AboutUs,
    NoSuchRecipient,
    PerhapsNoSuchRecipient,
    PutOff,
    Refused,
    SenderRefused,
    Unanswered,
    Undelivered,
    Unreachable,
)
from trainings.outbox.mailer import (
    SECONDS_FOR_ANSWER,
    TIMEOUT,
    Composers,
    Draft,
    Mail,
    Post,
    Together,
    build,
    server_of,
)
from trainings.outbox.models import OutboxJob, Outcome
from trainings.settings import Settings

logger = logging.getLogger("trainings.outbox")

OUTAGE_WAIT = timedelta(minutes=1)
SIGNS_OF_OUTAGE = 3
"""Failures in a row to different recipients: the server's fault, no tries are used up."""
LONGEST_OUTAGE = timedelta(days=3)
MOST_ASIDE = 4
"""Connections that wait for slow answers beside the queue; with one more the queue waits."""
SECONDS_TO_STOP = 5.0
TIMES_TO_INSIST = 5


@dataclass(frozen=True, slots=True)
class Pace:
    """Seconds: between looks into an idle outbox, of pauses in an outage, for one answer; `patience` after which the
    next message does not wait for this one, `answer` to a message.
    """

    first_look: float = 0.05
    poll: float = 3.0
    shortest_pause: float = 5.0
    longest_pause: float = 60.0
    timeout: float = TIMEOUT
    patience: float = TIMEOUT
    answer: float = SECONDS_FOR_ANSWER


KeptBack = Callable[[], Awaitable[Collection[str]]]


class TakenOver(Exception):
    """The lease ended before the job was handed over."""


class Overtaken(Exception):
    """It does not hold any more, and is composed anew."""


class UnknownKind(LookupError):
    pass


class Worker:
    def __init__(
        self,
        stop: asyncio.Event,
        settings: Settings,
        composers: Composers,
        pace: Pace,
        only: Q,
        *,
        is_offline: bool,
        kept_back: KeptBack | None = None,
    ) -> None:
        self._server = server_of(settings)
        self._sends = self._server is not None and not is_offline
        self._sender, self._uid_domain = settings.mail_from, settings.uid_domain
        self._stop, self._composers, self._pace, self._only = stop, composers, pace, only
        self._kept_back = kept_back
        self._troubled: dict[UUID, str] = {}
        self._held: frozenset[str] = frozenset()
        self._pause, self._is_out = 0.0, False
        self._post = self._new_post()
        self._aside: set[asyncio.Task[None]] = set()

    def _new_post(self) -> Post | None:
        if self._server is None:
            return None
        return Post(self._server, timeout=self._pace.timeout, answer=self._pace.answer)

    async def work(self) -> None:
        try:
            await self._work()
            if self._aside:
                await asyncio.wait(self._aside)
        finally:
            for waiting in self._aside:
                waiting.cancel()
            await asyncio.gather(*self._aside, return_exceptions=True)

    async def _work(self) -> None:
        idle = self._pace.first_look
        with actions.listening() as ring:
            while not self._stop.is_set():
                # The bell rings before the transaction that rang it ends: hence short looks at first, then longer ones.
                if ring.is_set():
                    ring.clear()
                    idle = self._pace.first_look
                await self._until_there_is_room()
                n_jobs = await self._round_or_none()
                if self._is_out:
                    await _first_of(self._stop, seconds=self._pause)
                elif n_jobs:
                    idle = self._pace.first_look
                else:
                    await _first_of(ring, self._stop, seconds=idle)
                    idle = min(idle * 2, self._pace.poll)

    async def _until_there_is_room(self) -> None:
        stopping = asyncio.create_task(self._stop.wait())
        while len(self._aside) > MOST_ASIDE and not self._stop.is_set():
            await asyncio.wait({*self._aside, stopping}, return_when=asyncio.FIRST_COMPLETED)
        stopping.cancel()

    async def _round_or_none(self) -> int:
        try:
            return await self._round()
        except Exception:  # whatever the database or a bug does, the next round comes
            logger.exception("a round of the outbox failed")
            return 0

    async def _round(self) -> int:
        if self._sends:
            self._held = await holds.held_keys()
        if holds.EVERYTHING in self._held:
            self._pause, self._is_out = 0.0, False
            return 0
        was_out, self._is_out = self._is_out, False
        try:
            if was_out and self._post is not None and not await self._is_back(self._post):
                return 0
            # As long as the server only may be back, one message asks for all.
            jobs = await claims.claim(1 if was_out else claims.BATCH, only=await self._not_kept_back())
            await self._deal_with_all(jobs)
            return len(jobs)
        finally:
            if self._post is not None:
                await self._post.close()

    async def _not_kept_back(self) -> Q:
        if self._kept_back is None or not await claims.is_any_due(self._only):
            return self._only
        return Q(self._only, claims.but(await self._kept_back()))

    async def _is_back(self, post: Post) -> bool:
        """Without touching any message."""
        if not await claims.is_any_due(self._only):
            return True
        try:
            await post.connect()
        except Unreachable as outage:
            await self._note_outage(outage)
            return False
        return True

    async def _note_outage(self, outage: Unreachable) -> None:
        if isinstance(outage, SenderRefused):
            await holds.hold_everything(outage.why, str(outage))
        logger.warning("the mail server takes nothing: %s", outage)
        self._is_out = True
        self._pause = min(max(2 * self._pause, self._pace.shortest_pause), self._pace.longest_pause)

    async def _deal_with_all(self, jobs: Sequence[OutboxJob]) -> None:
        drafts = await self._drafts(jobs)
        for n_done, job in enumerate(jobs):
            if self._stop.is_set() or len(self._aside) > MOST_ASIDE:
                await claims.release(jobs[n_done:])
                return
            # A round may take longer than a lease: what another worker took meanwhile, `note_copy` finds.
            if not await claims.renew(jobs[n_done:]):
                continue
            try:
                await self._deal_with(job, drafts.get(job.id))
            except Unreachable as outage:
                await claims.release(jobs[n_done:], str(outage))
                await self._note_outage(outage)
                return

    async def _drafts(self, jobs: Sequence[OutboxJob]) -> dict[UUID, Draft]:
        """Of kinds that are read together; nothing where that fails, so that each is read alone."""
        by_composer: dict[Together, list[OutboxJob]] = defaultdict(list)
        for job in jobs:
            if isinstance(composer := self._composers.get(job.kind), Together):
                by_composer[composer].append(job)
        found: dict[UUID, Draft] = {}
        for together, own in by_composer.items():
            try:
                found |= await together.drafts(own)
            except Exception:  # one poisonous job must not hold up all others
                logger.exception("%s jobs could not be read together", len(own))
        return found

    async def _deal_with(self, job: OutboxJob, draft: Draft | None) -> None:
        try:
            mail = draft() if draft is not None else await self._compose(job)
        except Exception as error:  # one poisonous job must not hold up all others
            logger.exception("job %s (%s) could not be composed", job.id, job.kind)
            await claims.count_failure(job, type(error).__name__)
            return
        if mail is None:
            await claims.finish(job, Outcome.NOBODY if job.subject_id else Outcome.DONE)
        elif mail.is_overtaken:
            await claims.finish(job, Outcome.OVERTAKEN)
        elif self._post is None:
            await claims.finish(job, Outcome.KEPT)
        else:
            await self._send(job, mail, self._post)

    async def _compose(self, job: OutboxJob) -> Mail | None:
        composer = self._composers.get(job.kind)
        if composer is None:
            raise UnknownKind(job.kind)
        return await composer(job)

    async def _send(self, job: OutboxJob, mail: Mail, post: Post) -> None:
        try:
            message_id = f"{job.id}@{self._uid_domain}"
            message = build(mail, sender=self._sender, message_id=message_id, date=clock.now())
        except ValueError as error:
            logger.warning("job %s (%s) has a header that cannot be written", job.id, job.kind)
            await claims.fail(job, Outcome.REFUSED, type(error).__name__)
            return
        # What was held when the round began may not be any more.
        if self._held and holds.key_of(mail.to) in self._held and await holds.put_off_where_held(job, mail.to):
            return
        sending = asyncio.create_task(self._hand_over(job, mail, message, post))
        try:
            await asyncio.wait({sending}, timeout=self._pace.patience)
        except BaseException:
            sending.cancel()
            await asyncio.wait({sending})
            raise
        if sending.done():
            sending.result()
        else:
            self._set_aside(sending, job, post)

    def _set_aside(self, sending: asyncio.Task[None], job: OutboxJob, post: Post) -> None:
        """Leave this connection to the slow answer; the queue opens another."""
        self._post = self._new_post()
        waiting = asyncio.create_task(self._wait_aside(sending, job, post))
        self._aside.add(waiting)
        waiting.add_done_callback(self._aside.discard)

    async def _wait_aside(self, sending: asyncio.Task[None], job: OutboxJob, post: Post) -> None:
        try:
            await sending
        except Unreachable as outage:
            await claims.release([job], str(outage))
            await self._note_outage(outage)
        finally:
            await post.close()

    async def _hand_over(self, job: OutboxJob, mail: Mail, message: bytes, post: Post) -> None:
        async def leaving() -> None:
            if mail.on_leaving is not None and not await mail.on_leaving():
                raise Overtaken
            if not await claims.note_copy(job):
                raise TakenOver

        n_before = job.n_unanswered
        try:
            await post.send(message, sender=parseaddr(self._sender)[1], to=mail.to, leaving=leaving)
        except Overtaken:
            await claims.release([job])
        except TakenOver:
            return
        except Unanswered as silence:
            await claims.count_failure(job, str(silence))
        except Undelivered as answer:
            job.n_unanswered = n_before
            await self._heed(job, mail, answer)
        except Exception as error:
            logger.exception("job %s (%s) could not be sent", job.id, job.kind)
            await claims.count_failure(job, type(error).__name__)
        else:
            self._troubled.clear()
            self._pause = 0.0
            await _follow(job, mail.on_sent)
            await _insist_on_finishing(job)
            await _follow(job, partial(holds.note_success, mail.to))

    async def _heed(self, job: OutboxJob, mail: Mail, answer: Undelivered) -> None:
        """Raises Unreachable where the server takes nothing."""
        reason = str(answer)
        match answer:
            case PutOff():
                await self._put_off(job, mail.to, reason)
            case AboutUs():
                await claims.count_failure(job, reason)
                await _follow(job, partial(holds.note_refusal, mail.to, reason))
                self._held = await holds.held_keys()
                if holds.EVERYTHING in self._held:
                    raise Unreachable(reason)
            case PerhapsNoSuchRecipient() if await claims.doubt(job, reason):
                pass
            case NoSuchRecipient() | PerhapsNoSuchRecipient():
                await _follow(job, mail.on_refused)
                await claims.fail(job, Outcome.REFUSED, reason)
            case Refused():
                await claims.fail(job, Outcome.REFUSED, reason)
            case _:
                raise answer

    async def _put_off(self, job: OutboxJob, to: str, reason: str) -> None:
        """Raises Unreachable where the failure is the server's."""
        is_first_sign = not self._are_signs_of_outage()
        self._troubled[job.id] = to
        if not self._are_signs_of_outage() or clock.now() - job.created_at > LONGEST_OUTAGE:
            await claims.count_failure(job, reason)
            return
        await claims.put_off(job, OUTAGE_WAIT, reason, counted=False)
        if is_first_sign:
            await claims.forgive(self._troubled.keys() - {job.id}, OUTAGE_WAIT)
        raise Unreachable(reason)

    def _are_signs_of_outage(self) -> bool:
        return len(set(self._troubled.values())) >= SIGNS_OF_OUTAGE


async def run(
    stop: asyncio.Event,
    settings: Settings,
    composers: Composers,
    *,
    pace: Pace | None = None,
    offline: Collection[str] = (),
    kept_back: KeptBack | None = None,
) -> None:
    """A message being sent has five seconds more. Raises SettingsProblem. Kinds in `offline` send nothing and have
    their own worker, which waits for no mail server; kinds in `kept_back` are not taken.
    """
    pace = pace or Pace()
    workers = [Worker(stop, settings, composers, pace, claims.but(offline), is_offline=False)]
    if offline:
        only = claims.of(offline)
        workers.append(Worker(stop, settings, composers, pace, only, is_offline=True, kept_back=kept_back))
    working = [asyncio.create_task(one.work()) for one in workers]
    stopping = asyncio.create_task(stop.wait())
    try:
        await asyncio.wait([*working, stopping], return_when=asyncio.FIRST_COMPLETED)
        await asyncio.wait(working, timeout=SECONDS_TO_STOP)
    finally:
        for task in (*working, stopping):
            task.cancel()
        for task in working:
            with contextlib.suppress(asyncio.CancelledError):
                await task


async def _follow(job: OutboxJob, what: Callable[[], Awaitable[None]] | None) -> None:
    """Runs before the answer is recorded, so that a worker taking over does both. Its failure must not send the message
    again.
    """
    if what is None:
        return
    try:
        await what()
    except Exception:
        logger.exception("job %s (%s): what follows from the server's answer failed", job.id, job.kind)


async def _insist_on_finishing(job: OutboxJob) -> None:
    """The message is out: a database locked for a moment must not send it twice."""
    for _ in range(TIMES_TO_INSIST):
        try:
            await claims.finish(job, Outcome.SENT)
        except OperationalError:
            await asyncio.sleep(1)
        else:
            return
    logger.error("job %s (%s) was sent, but could not be marked as sent", job.id, job.kind)


async def _first_of(*events: asyncio.Event, seconds: float) -> None:
    waits = [asyncio.create_task(event.wait()) for event in events]
    await asyncio.wait(waits, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
    for wait in waits:
        wait.cancel()
    await asyncio.gather(*waits, return_exceptions=True)
