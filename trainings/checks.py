from __future__ import annotations

import logging
import sqlite3
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from email.utils import parseaddr
from urllib.parse import urlsplit

import asyncpg

from trainings import clock, db
from trainings.accounts.models import Role, RoleGrant, User
from trainings.db.models import broken_seals
from trainings.lib.crypt import Keyring
from trainings.outbox.answers import Unreachable, WouldBeRead
from trainings.outbox.mailer import Post, parse_smtp_url, server_of
from trainings.places.models import Hub
from trainings.privacy.guard import standing_stop
from trainings.privacy.models import SweepStop, WhyStopped
from trainings.settings import LOOPBACK_NAMES, Settings, SettingsProblem
from trainings.web.i18n import LOCALE_DIR, SOURCE_LANGUAGE

MADE_UP = ".example"
READABLE_BY_OTHERS = stat.S_IRWXG | stat.S_IRWXO


@dataclass(frozen=True, slots=True)
class Finding:
    """`is_fatal`: the program would not run, or not safely."""

    sentence: str
    is_fatal: bool = True


async def findings(settings: Settings) -> list[Finding]:
    found = [*_keys(settings), *_addresses(settings), *_mail(settings), *_words(settings)]
    if not any(finding.is_fatal for finding in found):
        found += await _database(settings)
    return sorted(found, key=lambda finding: not finding.is_fatal)


def _keys(settings: Settings) -> Iterator[Finding]:
    try:
        Keyring(settings.keys)
    except SettingsProblem as problem:
        yield Finding(str(problem))
        return
    except OSError as problem:
        yield Finding(f"TRAININGS_DATA_DIR cannot be used: {problem}. Make the folder and let this user write there.")
        return
    except ValueError as problem:
        yield Finding(f"TRAININGS_SECRET_KEYS: {problem}. Make one with `trainings keygen`.")
        return
    file = settings.data_dir / "secret_keys"
    if not settings.secret_keys and file.stat().st_mode & READABLE_BY_OTHERS:
        yield Finding(f"Others on this machine can read the secret keys. Run `chmod 600 {file}`.")


def _addresses(settings: Settings) -> Iterator[Finding]:
    parts = urlsplit(settings.base_url)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.path not in ("", "/"):
        yield Finding("TRAININGS_BASE_URL must be like https://capacitaciones.gob.example, without a path.")
        return
    is_loopback = parts.hostname in LOOPBACK_NAMES
    if settings.is_production and is_loopback:
        yield Finding("TRAININGS_BASE_URL is this machine: links and QR codes open nowhere else.", is_fatal=False)
    elif settings.is_production and not settings.is_https:
        yield Finding("TRAININGS_BASE_URL is http: passwords would travel readable. Put TLS before it, write https://…")
    if settings.is_production and settings.uid_domain.endswith(MADE_UP):
        yield Finding(
            "TRAININGS_UID_DOMAIN is not set. Choose your domain now: changed later, subscribers see each event twice.",
            is_fatal=False,
        )


def _mail(settings: Settings) -> Iterator[Finding]:
    if settings.smtp_url is None:
        yield Finding("TRAININGS_SMTP_URL is not set: messages are kept in the panel, nothing is sent.", is_fatal=False)
        return
    try:
        parse_smtp_url(settings.smtp_url.get_secret_value())
    except SettingsProblem as problem:
        yield Finding(str(problem))
    except ValueError:
        yield Finding("TRAININGS_SMTP_URL is not readable. Write smtp://user:password@host:587?starttls")
    sender = parseaddr(settings.mail_from)[1]
    if "@" not in sender:
        yield Finding("TRAININGS_MAIL_FROM is no address. Write Ventanilla municipal <avisos@your-domain>.")
    elif settings.is_production and sender.endswith(MADE_UP):
        yield Finding("TRAININGS_MAIL_FROM is not set: others refuse mail from .example.", is_fatal=False)


def _standing_still(stop: SweepStop) -> str:
    odd = f"{stop.n_rows} rows would have gone at once"
    if stop.why is WhyStopped.CLOCK:
        odd = "the clock jumped, or the program stood still for days"
    return (
        f"Nothing is deleted by itself since {stop.created_at:%Y-%m-%d %H:%M} UTC: {odd}. Look at the clock of this "
        f"machine, which says {clock.local(clock.now()):%Y-%m-%d %H:%M} in Guatemala; `trainings purge` says what "
        "would go, `trainings purge --yes` lets it go."
    )


async def mail_server_findings(settings: Settings) -> list[Finding]:
    """For `check` only: nothing else waits for the mail server."""
    try:
        server = server_of(settings)
    except (SettingsProblem, ValueError):
        return []
    if server is None:
        return []
    post = Post(server)
    try:
        await post.connect()
    except WouldBeRead:
        return [Finding("The mail server offers no STARTTLS, and the password is not sent readable. Write smtps://…")]
    except Unreachable as problem:
        sentence = f"The mail server takes nothing: {problem}. Look at TRAININGS_SMTP_URL and its server."
        return [Finding(sentence, is_fatal=False)]
    finally:
        await post.close()
    return []


def _words(settings: Settings) -> Iterator[Finding]:
    for code in settings.language_codes:
        if code != SOURCE_LANGUAGE and not (LOCALE_DIR / code).is_dir():
            yield Finding(f"TRAININGS_LANGUAGES names {code}, which has no translation: take it out.", is_fatal=False)
    if not settings.language_codes:
        yield Finding("TRAININGS_LANGUAGES is empty. Write es-GT,en")
    if settings.log_level.upper() not in logging.getLevelNamesMapping():
        yield Finding("TRAININGS_LOG_LEVEL is unknown. Write DEBUG, INFO, WARNING or ERROR.")


async def _database(settings: Settings) -> list[Finding]:
    try:
        if pending := await db.pending_migrations(settings):
            return [Finding(f"The database lacks {len(pending)} migration(s). Run `trainings migrate`.")]
        async with db.connect(settings):
            return await _contents(settings)
    except (OSError, sqlite3.Error, asyncpg.PostgresError) as problem:
        return [Finding(f"The database does not answer: {problem}. Look at TRAININGS_DATABASE_URL and its server.")]


async def _contents(settings: Settings) -> list[Finding]:
    found = []
    if broken := await broken_seals():
        sentence = (
            f"TRAININGS_SECRET_KEYS do not open what is sealed in {', '.join(broken)}. Put the keys there that did."
        )
        found.append(Finding(sentence))
    if stop := await standing_stop():
        found.append(Finding(_standing_still(stop), is_fatal=False))
    if settings.is_production and await User.exists(is_demo=True, is_active=True):
        found.append(Finding("The database holds demo accounts, whose password others know. Use another database."))
    if not await Hub.exists():
        found.append(Finding("There are no hubs yet. Run `trainings hub load FILE`.", is_fatal=False))
    if not await RoleGrant.exists(role__in=[Role.PLATFORM_ADMIN, Role.MUNICIPAL_ADMIN]):
        sentence = "Nobody can administer. Run `trainings user create EMAIL --role platform_admin`."
        found.append(Finding(sentence, is_fatal=False))
    return found
