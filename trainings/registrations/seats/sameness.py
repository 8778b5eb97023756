"""The same sign-up again, and people who return with an earlier code."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

from tortoise.queryset import QuerySet

from trainings.errors import Refusal
from trainings.lib import tokens
from trainings.people.actions import Sameness
from trainings.people.merged import same_person_ids
from trainings.people.models import Participant
from trainings.registrations.commands import SignedUp, SignUp
from trainings.registrations.models import LinkScope, OwnLink, Registration, RegistrationState
from trainings.registrations.seats.situation import Known, Run, Situation
from trainings.web.i18n import N_

REPLAY = timedelta(hours=24)
"""So long the same key with the same answers is the same sign-up."""


class KeyUsedAgain(Refusal):
    code = "key_used_again"
    sentence = N_(
        "Esta página ya se envió con otros datos. Si quería corregirlos, hágalo en el boleto. Si faltó alguien, deje "
        "aquí solo a quien falta y toque el botón otra vez: entra aparte."
    )


def same_again(situation: Situation, wish: SignUp, run: Run) -> SignedUp | None:
    """Refuses with KeyUsedAgain a key with other answers or older than a day."""
    if wish.idempotency_key:
        found = situation.by_key.get(wish.idempotency_key)
        if found is not None:
            is_same = found.training_id == run.id and tokens.same(found.body_hash, wish.body_hash)
            if not is_same or situation.at - found.created_at > REPLAY or found.answer is None:
                raise KeyUsedAgain
            return found.answer._replace(is_new=False)
    if wish.browser_key and wish.browser_is_known:
        same = run.same_browser(wish)
        return next((one.answer._replace(is_new=False) for one in same if one.answer is not None), None)
    return None


async def known_by_code(training_id: UUID, wish: SignUp) -> Known | None:
    """The person behind a sign-up's earlier code, with what counts for this training.

    A minor is no adult of the same name, nor the reverse: who permits, and what, differs. A person already in this
    training whose registration must not be shown comes in as without a code.
    """
    participant = await earlier_participant(wish.earlier_code, wish.keys[0])
    if participant is None or _is_minor(participant) is not wish.first.is_minor:
        return None
    everybody = await same_person_ids(participant.id)
    here = Registration.filter(training_id=training_id, participant_id__in=everybody)
    live = await here.exclude(state=RegistrationState.CANCELLED).order_by("id").first()
    standing = await _shown(live, participant, wish) if live is not None else None
    if live is not None and standing is None:
        return None
    done = Registration.filter(participant_id__in=everybody, completed_at__not_isnull=True)
    completed = await done.values_list("training__course_id")
    return Known(participant.id, participant.email_key, standing, frozenset(course_id for (course_id,) in completed))


async def _shown(live: Registration, participant: Participant, wish: SignUp) -> SignedUp | None:
    """The registration of a person who comes alone, with the link to it alone. Others of the form must not be lost.

    Others can read a ticket and a name on paper: they open nothing without the contact. Nor does a code open the data
    of a person whom staff merged with its holder.
    """
    is_own_link = tokens.read_own_link(_last_part(wish.earlier_code)) is not None
    is_sure = is_own_link or bool(wish.keys[0].phone_keys or wish.keys[0].email_keys)
    if not is_sure or wish.n_people > 1 or live.participant_id != participant.id:
        return None
    own = await OwnLink.filter(registration_id=live.id, scope=LinkScope.PERSON, revoked_at=None).first()
    if own is None or own.token is None:
        return None
    return SignedUp(str(live.group_id), (str(live.id),), own.token, is_new=False)


async def earlier_participant(typed: str, keys: Sameness) -> Participant | None:
    """The person behind an earlier ticket, certificate or own link, if the name matches.

    A code alone must not open or change anything: with another name or an unknown contact it is ignored, without a
    hint.
    """
    standing = _behind(typed)
    if standing is None:
        return None
    named = standing.filter(participant__name_key=keys.name_key).prefetch_related("participant")
    registration = await named.order_by("-created_at").first()
    if registration is None:
        return None
    person = registration.participant
    has_other_contact = (keys.phone_keys and person.phone_key not in keys.phone_keys) or (
        keys.email_keys and person.email_key not in keys.email_keys
    )
    return None if has_other_contact else person


def _is_minor(person: Participant) -> bool:
    return person.age_group is not None and person.age_group.is_minor


def _last_part(typed: str) -> str:
    return typed.strip().rstrip("/").rpartition("/")[2]


def _behind(typed: str) -> QuerySet[Registration] | None:
    """None: no code of ours."""
    link = tokens.read_own_link(_last_part(typed))
    if link is not None:
        return Registration.filter(links__token_hash=tokens.digest(link, "own"), links__revoked_at=None)
    if (qr := tokens.read_qr(typed)) is not None:
        return Registration.filter(qr_hash=tokens.digest(qr, "qr"))
    if (code := tokens.read_certificate_code(typed)) is not None:
        return Registration.filter(certificates__code=code)
    if (code := tokens.read_short_code(typed)) is not None:
        return Registration.filter(short_code=code)
    return None
