from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from trainings import clock
from trainings.errors import Busy, Refusal, TooMany
from trainings.lib.phones import show_phone
from trainings.people import choices, communities
from trainings.people.consents import asked_now
from trainings.people.models import ActorType, AgeGroup
from trainings.people.words import ACTOR_TYPES
from trainings.places.data import by_code
from trainings.places.models import ANOTHER_PLACE, Municipality
from trainings.registrations.commands import LARGEST_GROUP
from trainings.registrations.eligibility import AdultsOnly, MinorAlone, NoActorType, TooYoung, check_age, field_of
from trainings.registrations.signup.age_choices import asked_ages, minors_from
from trainings.registrations.signup.family_forms import (
    ABOUT_GUARDIAN,
    ELSEWHERE,
    FURTHER,
    OTHER_MUNICIPALITY,
    count_people,
    is_minor,
)
from trainings.registrations.signup.limits import BAIT, hidden_of
from trainings.schedule.models import PlaceShown, SessionState, Training, TrainingSession
from trainings.schedule.phase import TAKES_SIGN_UPS, Phase, phase
from trainings.schedule.public import sentences
from trainings.schedule.queries import courses_before
from trainings.web.forms import Typed
from trainings.web.i18n import N_, gettext, ngettext
from trainings.web.problems import sentence_of

CONFLICT = 409
"""A rule refused; other errors can be corrected in the form."""

LATER = ("organization", "sex", "language", "pueblo", "public_official", "needs")
"""Asked only after the ticket; shown here again if sent along."""

CROWD = N_(
    "Hay mucha gente inscribiéndose. Lo que escribió está guardado en esta página: espere %(seconds)s segundos y toque "
    "el botón otra vez."
)
TOO_OFTEN = N_("Lo que escribió sigue en esta página: envíela otra vez entonces.")


@dataclass(frozen=True, slots=True)
class Box:
    """Why the form was refused, and ways out: (address, words)."""

    title: str
    sentence: str
    links: Sequence[tuple[str, str]] = ()


async def context_of(training: Training, typed: Typed | None, refused: Refusal | None = None) -> dict[str, Any]:
    sessions = list(training.sessions)
    planned = [session for session in sessions if session.state is SessionState.PLANNED]
    ahead = [session for session in planned if session.ends_at > clock.now()] or planned or sessions
    first = ahead[0]
    now = phase(training, sessions, clock.now())
    seat, here, phone = training.hub.seat, _town_of(training, first), training.phone
    typed = _as_asked(typed or Typed(), here.ine_code)
    key, mark = hidden_of(typed)
    return {
        "training": training,
        "first": first,
        "place": _public_place(training, first),
        "here": here,
        "n_sessions": len(planned),
        "dates": _dates(training, ahead),
        "phase": now,
        "may_sign_up": now in TAKES_SIGN_UPS,
        "phone": phone,
        "left": sentences.left_of_course([one for one in sessions if one.is_on], training.completion_share),
        "seats": _seats(training.n_free) if now is Phase.OPEN else "",
        "childcare_left": training.n_childcare_free,
        "minors_from": minors_from(training),
        "audience": sentences.audience_sentence(training.audience or training.course_audience),
        "ages": sentences.age_sentence(training.minimum_age, admits_minors=training.admits_minors),
        "before": sentences.listing([f"«{title}»" for title in await courses_before(training)]),
        "box": _box(training, typed, refused, phone) if refused is not None else None,
        "idempotency_key": key,
        "from_page": mark,
        "bait": BAIT,
        "consents": asked_now(),
        "relations": choices.relations(),
        "communities": await _communities(typed.value(OTHER_MUNICIPALITY) or here.ine_code),
        **choices.of_person(seat.department),
        **_people(training, typed),
    }


def _seats(n_left: int) -> str:
    return ngettext("Queda %(num)s lugar.", "Quedan %(num)s lugares.", n_left) % {"num": n_left}


def _town_of(training: Training, session: TrainingSession) -> Municipality:
    """Where most who come will live: where it is held."""
    venue = session.venue or training.venue
    return training.hub.seat if venue is None else venue.municipality


def _as_asked(typed: Typed, here: str) -> Typed:
    """A municipality that is not `here`, and its error, as the page asks for it: "En otro lugar", and which."""
    given = typed.value("municipality").strip()
    if given in ("", here):
        return typed
    code = typed.value(OTHER_MUNICIPALITY) if given == ELSEWHERE else given
    errors = {OTHER_MUNICIPALITY if name == "municipality" else name: told for name, told in typed.errors.items()}
    return Typed({**typed.fields, "municipality": [ELSEWHERE], OTHER_MUNICIPALITY: [code]}, errors)


async def _communities(municipality: str) -> list[str]:
    return await communities.suggestions(municipality) if municipality in by_code() else []


# -- the people of the form


def _people(training: Training, typed: Typed) -> dict[str, Any]:
    n_people = min(count_people(typed), LARGEST_GROUP)
    return {
        "form": typed if typed.fields else None,
        "told": _told(typed),
        "n_people": n_people,
        # More than the whole training holds would wait in vain.
        "largest": max(min(LARGEST_GROUP, training.capacity), 2),
        "people": [_person(training, typed, number) for number in range(n_people)],
        "blank": _person(training, Typed(), 0),
        "has_later": any(_is_answered(typed, name) for name in LATER),
        "names_guardian": any(
            _is_answered(typed, name)
            for name in ABOUT_GUARDIAN
            if name not in ("guardian_relation", "guardian_consent")
        ),
    }


def _told(typed: Typed) -> Typed:
    errors = {}
    for name, sentence in typed.errors.items():
        further = FURTHER.fullmatch(name)
        number = int(further[1]) if further else 0
        whose = typed.value(field_of(number, "given_names")).strip() or _title(number)
        errors[name] = f"{whose}: {sentence}" if further and further[2] != "assent" else sentence
    return Typed(errors=errors)


def _title(number: int) -> str:
    return gettext(N_("Persona %(n)s")) % {"n": number + 1}


def _person(training: Training, typed: Typed, number: int) -> dict[str, Any]:
    return {
        "number": number,
        "title": _title(number),
        "name": typed.value(field_of(number, "given_names")).strip(),
        "ages": asked_ages(training, typed.value(field_of(number, "age_group"))),
        "actor_types": list(_actor_types(training, typed.value(field_of(number, "actor_type")))),
        "municipalities": list(_near(training.hub.seat.department, typed.value(field_of(number, "municipality")))),
        "carried": [
            (field_of(number, name), value)
            for name in (*LATER, "community", "phone", "email")
            for value in typed.values(field_of(number, name))
        ],
        "has_other_origin": any(_is_answered(typed, field_of(number, name)) for name in ("municipality", "actor_type")),
        "unseen": [field_of(number, name) for name in LATER if typed.error(field_of(number, name))],
    }


def _is_answered(typed: Typed, name: str) -> bool:
    return bool(typed.error(name)) or any(value.strip() for value in typed.values(name))


def _actor_types(training: Training, given: str) -> Iterator[tuple[str, str]]:
    """None where it is asked after the ticket: it decides nothing, and no donor's report waits for it."""
    if not (training.audience or training.project_id or given):
        return
    for code in ActorType:
        if not training.audience or code.value in training.audience or code.value == given:
            yield code.value, gettext(ACTOR_TYPES[code])


def _near(department: str, given: str) -> Iterator[tuple[str, str]]:
    """A companion's likely municipalities: all 340 for each person would make the page heavy."""
    for row in by_code().values():
        if row.department == department or row.ine_code == given:
            yield row.ine_code, row.full_name
    yield ANOTHER_PLACE, gettext(choices.ANOTHER_PLACE_WORDS)


# -- why not


def _box(training: Training, typed: Typed, refused: Refusal, phone: str) -> Box | None:
    call = (f"tel:{phone}", gettext(N_("Llamar al %(phone)s")) % {"phone": show_phone(phone)})
    if isinstance(refused, Busy):
        return Box(gettext(N_("Espere un momento")), gettext(CROWD) % {"seconds": refused.retry_after})
    if isinstance(refused, TooMany):
        return Box(gettext(N_("Espere un momento")), f"{sentence_of(refused)} {gettext(TOO_OFTEN)}", [call])
    if refused.status != CONFLICT:
        return None
    alone = ("/menores", gettext(N_("Si viene sin su familia, lea esto")))
    if isinstance(refused, MinorAlone):
        name = (f"#{refused.field}", gettext(N_("Escribir quién da permiso")))
        return Box(gettext(N_("Falta quien da permiso")), sentence_of(refused), [name, alone, call])
    are_minors = all(is_minor(typed, number) for number in range(count_people(typed)))
    ways = [alone, call] if isinstance(refused, AdultsOnly | TooYoung) and are_minors else [call]
    here = [(f"#{refused.field}", gettext(N_("Ir a ese dato")))] if refused.field else []
    others = (f"/municipios/{training.hub.seat.slug}", gettext(N_("Ver otras fechas")))
    return Box(gettext(N_("No se pudo inscribir")), sentence_of(refused), [*here, *ways, others])


def tell_actor_type(training: Training, typed: Typed) -> None:
    """With what else is wrong, where the training has an audience."""
    if training.audience and not typed.value("actor_type").strip():
        typed.errors.setdefault("actor_type", gettext(NoActorType.sentence))


def tell_ages(training: Training, typed: Typed) -> bool:
    """Put an error at each minor's age that the training does not take; True: at all of them, so no permission is
    asked.
    """
    minors = [number for number in range(count_people(typed)) if is_minor(typed, number)]
    too_young = [number for number in minors if _tell_age(training, typed, number)]
    if too_young != minors:
        return False
    for name in ABOUT_GUARDIAN:
        typed.errors.pop(name, None)
    return bool(minors)


def _tell_age(training: Training, typed: Typed, number: int) -> bool:
    field = field_of(number, "age_group")
    try:
        check_age(training, AgeGroup(typed.value(field).strip()), number, training.phone)
    except (AdultsOnly, TooYoung) as refusal:
        typed.errors[field] = sentence_of(refusal)
        typed.errors.pop(field_of(number, "assent"), None)
        return True
    return False


def _dates(training: Training, sessions: Sequence[TrainingSession]) -> list[tuple[datetime, str]]:
    places = [_public_place(training, session) for session in sessions]
    starts = [session.starts_at for session in sessions]
    return list(zip(starts, places, strict=True)) if len(set(places)) > 1 else []


def _public_place(training: Training, session: TrainingSession) -> str:
    venue = session.venue or training.venue
    if venue is None:
        is_told = training.online_url and training.place_shown is PlaceShown.PUBLIC
        return gettext(N_("En línea")) if is_told else training.hub.seat.full_name
    town = venue.municipality.full_name
    return town if training.place_shown is PlaceShown.AFTER_CONFIRMATION else f"{venue.name}, {town}"
