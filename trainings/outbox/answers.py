"""What a mail server's answer is about: the message, its recipient, or us."""

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
"""No such mailbox or domain, it moved, is closed, takes no mail (RFC 3463 §3.2, §3.3, RFC 7505)."""
OF_THE_SENDER = frozenset({"5.1.7", "5.1.8", "5.4.5"})
"""Our address, or too much mail from us (RFC 3463 §3.2, §3.5)."""
POLICY = "5.7."
NO_ENCRYPTION = "STARTTLS extension not supported"
ADDRESS = re.compile(r"[^\s<>]+@[^\s<>]+")


class Undelivered(Exception):
    """Its text holds no address."""


class Unreachable(Undelivered):
    pass


class SenderRefused(Unreachable):
    """The server refuses us; it is not asked again until staff go on."""

    why: ClassVar[WhyHeld] = WhyHeld.SENDER


class SignInRefused(SenderRefused):
    why = WhyHeld.SIGN_IN


class WouldBeRead(SenderRefused):
    """The server offers no STARTTLS; our password is not sent in the clear."""

    why = WhyHeld.INSECURE


class PutOff(Undelivered):
    pass


class Unanswered(Undelivered):
    """Handed over without an answer: it may have arrived."""


class AboutUs(Undelivered):
    pass


class Refused(Undelivered):
    pass


class NoSuchRecipient(Refused):
    """A 5xx answer about the recipient: the address is marked."""


class PerhapsNoSuchRecipient(Undelivered):
    """550 without a reason: many servers answer so about us, or for a day."""


def meaning_for_connection(error: Exception, *, has_password: bool) -> Unreachable:
    if has_password and NO_ENCRYPTION in str(error) and not isinstance(error, aiosmtplib.SMTPResponseException):
        return WouldBeRead()
    is_ours = isinstance(error, aiosmtplib.SMTPAuthenticationError) and error.code >= REFUSED_FOR_GOOD
    return SignInRefused(reason_of(error)) if is_ours else Unreachable(reason_of(error))


def meaning_of(error: Exception) -> Undelivered:
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
    if isinstance(error, aiosmtplib.SMTPRecipientsRefused):
        error = error.recipients[0]
    if not isinstance(error, aiosmtplib.SMTPResponseException) or isinstance(error, aiosmtplib.SMTPHeloError):
        return True
    return error.code == SERVICE_NOT_AVAILABLE


def enhanced_code(error: aiosmtplib.SMTPResponseException) -> str:
    found = ENHANCED.match(error.message.lstrip())
    return found.group() if found else ""


def reason_of(error: Exception) -> str:
    """One line without the recipient's address, which servers repeat."""
    if isinstance(error, aiosmtplib.SMTPResponseException):
        return ADDRESS.sub("…", " ".join(f"{error.code} {error.message}".split()))
    return type(error).__name__
