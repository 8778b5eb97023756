from __future__ import annotations

from trainings.certificates.issuing import bulk
from trainings.certificates.issuing import mails as certificate_mails
from trainings.outbox.mailer import Composers
from trainings.outreach import responsible
from trainings.privacy import withdrawal
from trainings.registrations.desk import digests
from trainings.registrations.imports import actions as imports
from trainings.registrations.own import lost_links
from trainings.registrations.telling import eve_notes, facilitator_notes
from trainings.registrations.telling import mails as registration_mails

MESSAGES: Composers = {
    **registration_mails.COMPOSERS,
    **certificate_mails.MESSAGES,
    **imports.COMPOSERS,
    **lost_links.COMPOSERS,
    **digests.COMPOSERS,
    **eve_notes.COMPOSERS,
    **facilitator_notes.COMPOSERS,
    **responsible.COMPOSERS,
}
"""Each composes a job's message when it is sent; jobs without a message are done then."""

TASKS: Composers = {**withdrawal.COMPOSERS, **certificate_mails.TASKS, **bulk.TASKS}
"""For the worker only: a look in the panel must not do them."""

COMPOSERS: Composers = {**MESSAGES, **TASKS}

OFFLINE = frozenset({*TASKS, *imports.COMPOSERS})
"""These send nothing, so they wait for no mail server: an erasure promised for an hour is done then."""
