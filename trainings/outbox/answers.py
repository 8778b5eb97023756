"""What an answer of a mail server means: for the message, for who it is to, or for us who send it."""

from __future__ import annotations

import re
from typing import ClassVar

import aiosmtplib

from trainings.outbox.models import WhyHeld

SERVICE_NOT_AVAILABLE = 421
REFUSED_FOR_GOOD = 500
MAILBOX_UNAVAILABLE = 550
TOO_LARGE = 552
ENHANCED = re.compile(r"[245]\.\d{1,3}\.\d{1,3}(?!\S)")
NOBODY_THERE = frozenset({"5.1.1", "5.1.2", "5.1.3", "5.1.6", "5.1.10", "5.2.1"})
"""No such mailbox or domain, it moved, takes no mail, is closed (RFC 3463 §3.2 and §3.3, RFC 7505): only these are said
of the address.
"""
OF_THE_SENDER = frozenset({"5.1.7", "5.1.8", "5.4.5"})
"""Our address, or too much from us (RFC 3463 §3.2 and §3.5)."""
POLICY = "5.7."
"""Security or policy (RFC 3463 §3.8): not from us, not so."""
NO_ENCRYPTION = "STARTTLS extension not supported"
"""How `aiosmtplib` says it."""
ADDRESS = re.compile(r"[^\s<>]+@[^\s<>]+")


class Undelivered(Exception):
    """Why a message did not leave, without anybody's address in it."""


class Unreachable(Undelivered):
    """The server takes nothing at all now: no fault of any message."""


class SenderRefused(Unreachable):
    """The server refuses us, our address among the reasons. It is not asked again until somebody mended that."""

    why: ClassVar[WhyHeld] = WhyHeld.SENDER


class SignInRefused(SenderRefused):
    """Our user or our password."""

    why = WhyHeld.SIGN_IN


class WouldBeRead(SenderRefused):
    """The server takes no encryption (STARTTLS), and our password is not sent without."""

    why = WhyHeld.INSECURE


class PutOff(Undelivered):
    """Not now: a 4xx answer; or a broken connection or no answer in time, before the message was handed over."""


class Unanswered(Undelivered):
    """The message was handed over, and no answer came: it may have been taken."""


class AboutUs(Undelivered):
    """A 5xx answer that is about who sends, not about who it is to."""


class Refused(Undelivered):
    """Never: a 5xx answer to the message."""


class NoSuchRecipient(Refused):
    """Never, and nothing else to this address either."""


class PerhapsNoSuchRecipient(Undelivered):
    """550 to the recipient and no word why: many servers say so of us, or for a day."""


def meaning_for_connection(error: Exception, *, has_password: bool) -> Unreachable:
    """What a failure in connecting means, to a server to which we have a password or none."""
    if has_password and NO_ENCRYPTION in str(error) and not isinstance(error, aiosmtplib.SMTPResponseException):
        return WouldBeRead()
    is_ours = isinstance(error, aiosmtplib.SMTPAuthenticationError) and error.code >= REFUSED_FOR_GOOD
    return SignInRefused(reason_of(error)) if is_ours else Unreachable(reason_of(error))


def meaning_of(error: Exception) -> Undelivered:
    """What a failure in sending means, before the message was handed over or as an answer to it."""
    is_about_recipient = isinstance(error, aiosmtplib.SMTPRecipientsRefused)
    if isinstance(error, aiosmtplib.SMTPRecipientsRefused):
        error = error.recipients[0]
    reason = reason_of(error)
    if isinstance(error, aiosmtplib.SMTPHeloError):
        return Unreachable(reason)
    if not isinstance(error, aiosmtplib.SMTPResponseException) or error.code < REFUSED_FOR_GOOD:
        return PutOff(reason)
    said = enhanced_code(error)
    if isinstance(error, aiosmtplib.SMTPSenderRefused) and error.code != TOO_LARGE:
        return SenderRefused(reason)
    if said in OF_THE_SENDER or said.startswith(POLICY):
        return AboutUs(reason)
    if said in NOBODY_THERE:
        return NoSuchRecipient(reason)
    if is_about_recipient and error.code == MAILBOX_UNAVAILABLE and not said:
        return PerhapsNoSuchRecipient(reason)
    return Refused(reason)


def breaks_connection(error: Exception) -> bool:
    """Whether the connection is not used again: the server did not only say no."""
    if isinstance(error, aiosmtplib.SMTPRecipientsRefused):
        error = error.recipients[0]
    if not isinstance(error, aiosmtplib.SMTPResponseException) or isinstance(error, aiosmtplib.SMTPHeloError):
        return True
    return error.code == SERVICE_NOT_AVAILABLE


def enhanced_code(error: aiosmtplib.SMTPResponseException) -> str:
    """Such as 5.1.1 (RFC 3463), where the server says one; else empty."""
    found = ENHANCED.match(error.message.lstrip())
    return found.group() if found else ""


def reason_of(error: Exception) -> str:
    """The answer or failure in one line. Servers repeat the address in their answers; it has no place in our rows."""
    if isinstance(error, aiosmtplib.SMTPResponseException):
        return ADDRESS.sub("…", " ".join(f"{error.code} {error.message}".split()))
    return type(error).__name__
