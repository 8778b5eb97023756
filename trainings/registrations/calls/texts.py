"""Texts of calls: no name, title or own link, since others may hear; a protected place only if confirmed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import chain
from uuid import UUID

from trainings import clock
from trainings.db import reads
from trainings.lib import dates
from trainings.lib.phones import show_phone
from trainings.outbox.models import CallList, CallReason
from trainings.outbox.placeholders import OWN_CALL, OwnWords, fill
from trainings.places.models import Hub
from trainings.registrations.calls.households import Household, ToCall
from trainings.registrations.calls.people import Holder
from trainings.registrations.calls.validity import CHANGES as ABOUT_CHANGES
from trainings.registrations.calls.validity import sessions_told
from trainings.registrations.models import RegistrationGroup, RegistrationState
from trainings.registrations.seats.waiting import offer_ends
from trainings.schedule.changes import Difference, differences, link_of, recent_changes
from trainings.schedule.dated import place_told
from trainings.schedule.models import (
    ChangeKind,
    PlaceShown,
    SessionState,
    Training,
    TrainingSession,
    TrainingState,
)
from trainings.schedule.public import sentences
from trainings.schedule.snapshots import without_before
from trainings.web.i18n import N_, gettext, language, ngettext

MOST_SAID = 3
"""A text names no place if there are more."""
WAITS = {
    RegistrationState.WAITLISTED: N_("Sigue en la lista de espera."),
    RegistrationState.HELD: N_("Su solicitud todavía no tiene respuesta."),
    RegistrationState.OFFERED: N_("Su lugar está guardado: díganos sí o no."),
}

TELL_OTHERS = N_("Por favor avise a quienes van a venir con las tarjetas que usted tiene.")

PAPERS: dict[CallReason, str] = {
    CallReason.CERTIFICATE: N_("ya está listo su documento: puede recogerlo en la ventanilla."),
    CallReason.ANNULLED: N_("hay un cambio en el documento que recibió: por favor llámenos o venga a la ventanilla."),
}
"""Without the training's title: others may read the telephone."""

CHANGES: dict[ChangeKind, str] = {
    ChangeKind.MOVED: N_("Ahora es el %(now)s."),
    ChangeKind.PLACE: N_("La del %(when)s es en otro lugar."),
    ChangeKind.CANCELLED: N_("La del %(when)s no se realiza."),
    ChangeKind.REOPENED: N_("La del %(when)s sí se realiza."),
    ChangeKind.ADDED: N_("Hay una fecha más: %(when)s."),
}


@dataclass(frozen=True, slots=True)
class Told:
    """The training now. `differences`: what the readers of a text do not know; without readers, the week's changes.

    `about`: sessions told of, empty: the whole training; `offered_until`: by group, `offered_before`: as first told;
    `of_the_week`: against a week ago.
    """

    call_list: CallList
    training: Training
    sessions: Sequence[TrainingSession]
    about: frozenset[UUID]
    offered_until: dict[UUID, datetime | None]
    offered_before: dict[UUID, datetime]
    of_the_week: Mapping[UUID, Difference]
    differences: Sequence[Difference]

    @property
    def hub(self) -> Hub:
        return self.training.hub

    @property
    def phone(self) -> str:
        return show_phone(self.training.phone)

    @property
    def is_off(self) -> bool:
        return self.training.state is TrainingState.CANCELLED

    @property
    def coming(self) -> list[TrainingSession]:
        return [one for one in self.sessions if one.state is SessionState.PLANNED and one.ends_at > clock.now()]

    @property
    def to_come(self) -> list[TrainingSession]:
        if self.is_off or self.call_list.reason in PAPERS:
            return []
        if self.differences:
            return [one.session for one in self.differences if one.kind is not ChangeKind.CANCELLED]
        if self.call_list.reason is CallReason.OFFERED:
            return self.coming[:1]
        return [one for one in self.coming if not self.about or one.id in self.about]

    @property
    def is_discreet(self) -> bool:
        """Nothing may be said in public: a protected place, an unlisted training, an offer."""
        return (
            self.training.place_shown is PlaceShown.AFTER_CONFIRMATION
            or TrainingState.UNLISTED in (self.training.state, self.training.state_before)
            or self.call_list.reason is CallReason.OFFERED
        )

    def place_of(self, session: TrainingSession, *, is_confirmed: bool) -> str:
        if session.venue is None and self.training.venue is None and self.training.online_url:
            return gettext(N_("en línea"))
        knows_place = self.training.place_shown is PlaceShown.PUBLIC or is_confirmed
        return place_told(self.training, session.venue, self.hub.seat, knows_place=knows_place)


async def told_by(call_list: CallList) -> Told:
    around = ("hub__seat", "venue__municipality")
    training = await reads(Training).get(id=call_list.training_id).prefetch_related(*around)
    found = reads(TrainingSession).filter(training_id=training.id).order_by("starts_at", "id")
    sessions = await found.prefetch_related("venue__municipality")
    is_off = training.state is TrainingState.CANCELLED
    week = reversed((await recent_changes([training.id])).get(training.id, []))
    of_the_week = differences(week, sessions, training, is_called_off=is_off)
    offered = await reads(RegistrationGroup).filter(training_id=training.id, state=RegistrationState.OFFERED)
    return Told(
        call_list=call_list,
        training=training,
        sessions=sessions,
        about=(await sessions_told([call_list]))[call_list.id],
        of_the_week={one.session.id: one for one in of_the_week},
        differences=of_the_week if call_list.reason in ABOUT_CHANGES else (),
        offered_until={one.id: one.offered_until for one in offered},
        offered_before={one.id: one.offered_before for one in offered if one.offered_before is not None},
    )


def _told_to(readers: Iterable[ToCall], told: Told) -> Told:
    """Where readers know different things, only what holds now."""
    heard: dict[UUID, Difference] = {}
    for one in chain.from_iterable(reader.news for reader in readers):
        other = heard.setdefault(one.session.id, one)
        if _as_known(one) != _as_known(other):
            kind = one.kind if one.kind is ChangeKind.CANCELLED else ChangeKind.MOVED
            heard[one.session.id] = without_before(replace(one, kind=kind))
    in_order = sorted(heard.values(), key=lambda one: (one.session.starts_at, one.session.id))
    return replace(told, differences=in_order)


def _as_known(one: Difference) -> tuple[object, ...]:
    return one.kind, one.old_starts_at, one.old_ends_at, _elsewhere(one) if one.kind is ChangeKind.PLACE else ""


# -- for one telephone


def text_for(one: ToCall, for_all: Told) -> str:
    told = _told_to([one], for_all)
    if told.call_list.words is not None:
        return _in_own_words(one, told)
    return _for_holder(told) if isinstance(one, Holder) else _for_household(one, told)


def _for_household(household: Household, told: Told) -> str:
    words = [gettext(N_("%(hub)s:")) % {"hub": told.hub.name}, *_news(told), *_offer(household, told)]
    if told.to_come:
        words.append(_place(told, is_confirmed=household.is_confirmed))
        words.append(_standing(household, told))
        words.append(gettext(N_("Si no puede venir, avísenos al %(phone)s.")) % {"phone": told.phone})
    else:
        words.append(gettext(N_("Si tiene preguntas, llame al %(phone)s.")) % {"phone": told.phone})
    return _joined(words)


def _for_holder(told: Told) -> str:
    words = [gettext(N_("%(hub)s:")) % {"hub": told.hub.name}, *_news(told), _place(told, is_confirmed=False)]
    words += [gettext(TELL_OTHERS), gettext(N_("Si tiene preguntas, llame al %(phone)s.")) % {"phone": told.phone}]
    return _joined(words)


def _in_own_words(one: ToCall, told: Told) -> str:
    """Where it matters to the answer, with how they stand."""
    if isinstance(one, Holder):
        return _joined([own_words(told, is_confirmed=False), gettext(TELL_OTHERS)])
    return _joined([own_words(told, is_confirmed=one.is_confirmed), _standing(one, told)])


def own_words(told: Told, *, is_confirmed: bool) -> str:
    """The words of staff, with the day to come and the place as far as this reader may know it."""
    coming = told.coming[:1]
    values = {
        "fecha": _when(coming[0].starts_at) if coming else "",
        "lugar": told.place_of(coming[0], is_confirmed=is_confirmed) if coming else told.hub.seat.full_name,
        "traer": told.training.bring,
        "ventanilla": told.hub.name,
        "telefono": told.phone,
        "municipio": told.hub.seat.full_name,
    }
    return " ".join(fill(OwnWords("", told.call_list.words or ""), values, OWN_CALL).body.split())


def _offer(household: Household, told: Told) -> list[str]:
    if told.call_list.reason is not CallReason.OFFERED or told.is_off or not told.coming:
        return []
    n_people, when = len(household.members), _when(told.coming[0].starts_at)
    if all(one.registration.state is RegistrationState.CONFIRMED for one in household.members):
        places = ngettext("ya tiene %(num)s lugar: %(when)s.", "ya tienen %(num)s lugares: %(when)s.", n_people)
        return [places % {"num": n_people, "when": when}]
    places = ngettext("hay %(num)s lugar: %(when)s.", "hay %(num)s lugares: %(when)s.", n_people)
    return [places % {"num": n_people, "when": when}, _until(household, told)]


def _until(household: Household, told: Told) -> str:
    """Counted from this call, unless they were reached before."""
    known = _answer_by(household, told)
    until = known or offer_ends(told.training, told.sessions, clock.now())
    return gettext(N_("Díganos sí o no antes del %(when)s.")) % {"when": _when(until)} if until else ""


def _answer_by(household: Household, told: Told) -> datetime | None:
    ends = [told.offered_until.get(one.registration.group_id) for one in household.members]
    return min((one for one in ends if one is not None), default=None)


def _standing(household: Household, told: Told) -> str:
    states = {one.registration.state for one in household.members}
    if len(states) != 1 or told.call_list.reason is CallReason.OFFERED:
        return ""
    state = states.pop()
    until = _answer_by(household, told) if state is RegistrationState.OFFERED else None
    if until is not None:
        words = gettext(N_("Su lugar está guardado: díganos sí o no antes del %(when)s."))
        return words % {"when": _when(until)}
    return gettext(WAITS.get(state, ""))


def _place(told: Told, *, is_confirmed: bool) -> str:
    said_online = {one.session.id for one in told.differences if _is_now_online(one)}
    somewhere = [one for one in told.to_come if one.id not in said_online]
    places = dict.fromkeys(told.place_of(one, is_confirmed=is_confirmed) for one in somewhere)
    said = []
    if places and len(places) <= MOST_SAID:
        said.append(gettext(N_("Lugar: %(place)s.")) % {"place": "; ".join(places)})
    links = {link_of(one, told.training) for one in told.to_come} - {None}
    if links and is_confirmed:
        # Nothing behind it: a full stop would be taken for a part of the address.
        said.append(gettext(N_("Enlace: %(address)s")) % {"address": links.pop()})
    return " ".join(said)


# -- for a community


def text_for_all(readers: Sequence[ToCall], for_all: Told, community: str = "") -> str:
    """For a community's chat, radio or loudspeaker."""
    told = _told_to(readers, for_all) if readers else for_all
    told = replace(told, differences=[_as_a_week_ago(one, told) for one in told.differences])
    call = gettext(N_("Más información al %(phone)s.")) % {"phone": told.phone}
    if told.is_discreet:
        words = [N_("Aviso de %(hub)s:"), N_("si se inscribió en una actividad nuestra, tenemos algo que decirle.")]
        said = [gettext(one) for one in words]
    elif told.call_list.words is not None:
        return own_words(told, is_confirmed=False)
    else:
        whom = N_("Aviso de %(hub)s para personas inscritas de %(community)s:")
        words = [gettext(whom if community else N_("Aviso de %(hub)s para personas inscritas:"))]
        said = [*words, *_news(told), _place(told, is_confirmed=False)]
    said[0] %= {"hub": told.hub.name, "community": community}
    return _joined([*said, call])


def _as_a_week_ago(one: Difference, told: Told) -> Difference:
    """A cancelled session is named by its day before the first change of the week: not all heard of each."""
    return told.of_the_week.get(one.session.id, one) if one.kind is ChangeKind.CANCELLED else one


# -- what is new


def _news(told: Told) -> list[str]:
    if told.call_list.reason in PAPERS:
        return [gettext(PAPERS[told.call_list.reason])]
    if told.is_off:
        return [_called_off(told)]
    if told.call_list.reason is CallReason.REMINDER:
        return [_reminder(told)]
    if told.call_list.reason is CallReason.OFFERED:
        return []
    said = [_changed(one) for one in told.differences]
    return [gettext(N_("hay un cambio en su actividad.")), *said, _next(told)]


def _next(told: Told) -> str:
    if told.to_come or not told.coming:
        return ""
    first = clock.local(told.coming[0].starts_at).date()
    following = [_when(one.starts_at) for one in told.coming if clock.local(one.starts_at).date() == first]
    words = ngettext("La siguiente es el %(when)s.", "Las siguientes son: %(when)s.", len(following))
    return words % {"when": sentences.listing(following)}


def _called_off(told: Told) -> str:
    """With the first day as people know it: they may not have heard of a move."""
    ahead = [one for one in told.sessions if one.ends_at > clock.now()] or list(told.sessions)[-1:]
    if not ahead:
        return gettext(N_("se canceló su actividad."))
    off = {one.session.id: one for one in told.differences if one.kind is ChangeKind.CANCELLED}
    known = {key: one.old_starts_at for key, one in off.items() if one.old_starts_at is not None}
    first = min(ahead, key=lambda one: known.get(one.id, one.starts_at))
    if len(ahead) > 1:
        words = gettext(N_("se canceló su actividad del %(when)s, y las fechas que seguían."))
    else:
        words = gettext(N_("se canceló su actividad del %(when)s."))
    return words % {"when": _off_on(off[first.id]) if first.id in off else _when(first.starts_at)}


def _off_on(one: Difference) -> str:
    now = _when(one.session.starts_at)
    if one.old_starts_at is None or one.old_starts_at == one.session.starts_at:
        return now
    return gettext(N_("%(old)s (había pasado al %(now)s)")) % {"old": _when(one.old_starts_at), "now": now}


def _reminder(told: Told) -> str:
    days = [_when(one.starts_at) for one in told.to_come]
    return gettext(N_("le recordamos su actividad: %(when)s.")) % {"when": sentences.listing(days)}


def _changed(one: Difference) -> str:
    now = _when(one.session.starts_at)
    if one.kind is ChangeKind.MOVED and one.old_starts_at == one.session.starts_at:
        words = gettext(N_("La del %(now)s termina a otra hora: %(end)s."))
        return words % {"now": now, "end": _hour(one.session.ends_at)}
    if one.kind is ChangeKind.MOVED and one.old_starts_at is not None:
        return gettext(N_("La del %(old)s pasa al %(now)s.")) % {"old": _when(one.old_starts_at), "now": now}
    when = _off_on(one) if one.kind is ChangeKind.CANCELLED else now
    return gettext(_elsewhere(one) if one.kind is ChangeKind.PLACE else CHANGES[one.kind]) % {"when": when, "now": now}


def _elsewhere(one: Difference) -> str:
    if one.is_other_link:
        return N_("La del %(when)s tiene otro enlace para entrar.")
    if _is_now_online(one):
        return N_("La del %(when)s es en línea.")
    is_left = one.was_online and one.online_url is None
    return N_("La del %(when)s ya no es en línea.") if is_left else CHANGES[ChangeKind.PLACE]


def _is_now_online(one: Difference) -> bool:
    is_online = one.online_url is not None and one.session.venue_id is None
    return one.kind is ChangeKind.PLACE and is_online and not one.is_other_link


def _joined(words: Sequence[str]) -> str:
    """An hour at the end of a sentence brings its full stop (`8:30 a. m.`)."""
    return " ".join(word for word in words if word).replace("..", ".")


def _when(moment: datetime) -> str:
    return dates.day_and_time(moment, language()).replace(dates.NBSP, " ")


def _hour(moment: datetime) -> str:
    return dates.time_of_day(moment, language()).replace(dates.NBSP, " ")
