from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AbstractAsyncContextManager
from typing import Any

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import ClientDisconnect
from starlette.routing import BaseRoute, Mount
from starlette_compress import CompressMiddleware

import trainings.accounts.routes
import trainings.attendance.routes
import trainings.certificates.routes
import trainings.feeds.routes
import trainings.notes.routes
import trainings.outreach.routes
import trainings.panel.routes
import trainings.people.routes
import trainings.privacy.routes
import trainings.registrations.routes
import trainings.schedule.routes
import trainings.web.routes
from trainings import background, db
from trainings.accounts.middleware import StaffSessions
from trainings.db.connection import DATABASE_ERRORS
from trainings.errors import Refusal
from trainings.feeds.memory import FeedsFromMemory
from trainings.feeds.scopes import PREFIX as FEEDS_PREFIX
from trainings.outbox.mailer import server_of
from trainings.outreach.calendar_texts import rewrite_outdated as rewrite_outdated_activities
from trainings.panel.office.waiting import WaitingNumbers
from trainings.schedule.calendar_texts import rewrite_outdated
from trainings.settings import Settings, get_settings
from trainings.web.allow import SignInNeeded
from trainings.web.forms import FormErrors
from trainings.web.guards import BodyClock, BodyLimit, HostGuard, LanguageMiddleware, NulGuard, OriginGuard, RequestId
from trainings.web.headers import SecurityHeaders
from trainings.web.problems import (
    show_broken_off,
    show_database_trouble,
    show_failure,
    show_form_errors,
    show_http_problem,
    show_refusal,
)
from trainings.web.sections import in_sections
from trainings.web.static import PREFIX, STATIC_DIR, VersionedStatic

LEAVES_NO_TRACE = ("/orientacion", "/incrustar")
"""Pages that store nothing on the telephone, not even the language: private pages, and embedded pages that caches
share.
"""

EXCEPTION_HANDLERS: Mapping[Any, Any] = {
    SignInNeeded: trainings.accounts.routes.lead_to_sign_in,
    Refusal: show_refusal,
    FormErrors: show_form_errors,
    HTTPException: show_http_problem,
    ClientDisconnect: show_broken_off,
    **dict.fromkeys(DATABASE_ERRORS, show_database_trouble),
    Exception: show_failure,
}


def create_app(settings: Settings | None = None, *, with_worker: bool = True) -> Starlette:
    """`with_worker` sends messages inside this process."""
    settings = settings or get_settings()
    server_of(settings)  # a mail address that cannot be read must show before the first message does
    app = Starlette(
        debug=False,
        lifespan=_lifespan(settings, with_worker=with_worker),
        routes=[
            Mount(FEEDS_PREFIX, routes=trainings.feeds.routes.calendars),
            Mount(PREFIX, VersionedStatic(directory=STATIC_DIR)),
            Mount("", routes=_pages(), middleware=_page_middleware(settings)),
        ],
        middleware=[
            Middleware(SecurityHeaders, https=settings.is_https),
            Middleware(HostGuard, hosts=settings.allowed_hosts),
            Middleware(FeedsFromMemory),
            Middleware(NulGuard),
            Middleware(RequestId),
            Middleware(
                LanguageMiddleware,
                https=settings.is_https,
                offered=settings.language_codes,
                but=(FEEDS_PREFIX,),
                forgetting=LEAVES_NO_TRACE,
            ),
            Middleware(BodyClock),
            Middleware(OriginGuard, origins=settings.allowed_origins),
            Middleware(BodyLimit),
        ],
        exception_handlers=EXCEPTION_HANDLERS,
    )
    app.state.settings = settings
    return app


def _lifespan(settings: Settings, *, with_worker: bool) -> Callable[[Starlette], AbstractAsyncContextManager[None]]:
    @contextlib.asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncIterator[None]:
        async with db.connect(settings):
            await rewrite_outdated()
            await rewrite_outdated_activities()
            stop = asyncio.Event()
            running = asyncio.create_task(background.work(stop, settings)) if with_worker else None
            try:
                yield
            finally:
                stop.set()
                if running is not None:
                    await running

    return lifespan


def _page_middleware(settings: Settings) -> list[Middleware]:
    """For pages only: feeds and static files compress themselves and know nobody."""
    return [
        Middleware(CompressMiddleware, zstd=False),
        Middleware(StaffSessions, settings=settings),
        Middleware(WaitingNumbers),
    ]


def _pages() -> list[BaseRoute]:
    from_packages = (
        trainings.web.routes,
        trainings.panel.routes,
        trainings.schedule.routes,
        trainings.outreach.routes,
        trainings.registrations.routes,
        trainings.notes.routes,
        trainings.attendance.routes,
        trainings.certificates.routes,
        trainings.people.routes,
        trainings.privacy.routes,
        trainings.feeds.routes,
        trainings.accounts.routes,
    )
    of_packages = (route for package in from_packages for route in package.routes)
    return in_sections(of_packages)
