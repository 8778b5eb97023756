from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby, pairwise
from urllib.parse import urlencode
from uuid import UUID

from trainings.accounts.queries import names_of as names_of_staff
from trainings.audit.actor import Actor
from trainings.lib.calling import CallLinks, call_links
from trainings.lib.dates import day_and_time
from trainings.lib.phones import is_landline
from trainings.lib.text import fold
from trainings.outbox.models import CallResult
from trainings.people.communities import confirmed_names
from trainings.people.models import Relation
from trainings.registrations.calls.households import (
    Household,
    Member,
    ToCall,
    community_of,
    is_asked,
    n_people_of,
    name_of,
    names_of,
    newest_mark_of,
    place_of,
    written_community,
)
from trainings.registrations.calls.people import Holder, Why
from trainings.registrations.calls.queries import Progress, progress_of
from trainings.registrations.calls.texts import Told, text_for, text_for_all
from trainings.registrations.calls.told import Mark
from trainings.registrations.calls.words import ASK_FOR, RESULTS, VIAS, WHYS, title_of
from trainings.registrations.models import RegistrationState
from trainings.registrations.seats.waiting import releasable
from trainings.registrations.words import STATES
from trainings.schedule.public import sentences
from trainings.schedule.session_words import when
from trainings.web.forms import ListPage, asked_page, key_in
from trainings.web.i18n import N_, SOURCE_LANGUAGE, gettext, language, ngettext, speaking

ENGLISH = "en"
SIGNED = "gsm"
SPOKEN = frozenset({"", "spa", "und"})


INDEX = "/panel/llamadas"
PAGE = 50
ALL, LEFT = "todas", "faltan"


@dataclass(frozen=True, slots=True)
class Offer:
    """Offered places of a group, or of one own link. `id`: a registration that answers; `may_release`: called in vain
    often enough.
    """

    id: UUID
    group_id: UUID
    names: str
    may_release: bool


@dataclass(frozen=True, slots=True)
class Row:
    """`about`: for the caller; `last`: the last result. `seen`: the newest mark, if any. `may_undo`: a yes cannot be
    taken back.
    """

    id: UUID
    href: str
    names: str
    about: Sequence[str]
    phone: str | None
    other_phones: Sequence[str]
    calling: CallLinks | None
    takes_text: bool
    text: str
    is_english: bool
    is_reached: bool
    last: str
    last_via: str
    seen: UUID | None
    n_tries: int
    offers: Sequence[Offer]
    may_undo: bool


@dataclass(frozen=True, slots=True)
class Beside:
    callers: Mapping[UUID | None, str]
    releasable: Collection[UUID]


@dataclass(frozen=True, slots=True)
class Section:
    """`at_once`: where to record those left together, `n_left`; empty where each has to be asked."""

    number: int
    community: str
    n_reached: int
    n_people: int
    n_left: int
    at_once: str
    text: str
    rows: Sequence[Row]


@dataclass(frozen=True, slots=True)
class AtOnce:
    """People whom one act told, and nothing else since."""

    id: UUID
    words: str


def progress_words(one: Progress) -> str:
    """`12 de 17 avisados`"""
    words = ngettext("%(n)s de %(num)s avisado", "%(n)s de %(num)s avisados", one.n_people)
    return words % {"n": one.n_reached, "num": one.n_people}


@dataclass(frozen=True, slots=True)
class Calls:
    href: str
    words: str
    n_people: int
    n_left: int
    batch_id: UUID | None


async def calls_about(training_id: UUID, actor: Actor) -> list[Calls]:
    return [
        Calls(
            href=f"{INDEX}/{one.call_list.id}",
            words=_in_words(one),
            n_people=one.n_people,
            n_left=one.n_left,
            batch_id=one.call_list.batch_id,
        )
        for one in await progress_of(actor, training_id=training_id, only_open=True)
    ]


def _in_words(one: Progress) -> str:
    values = {"reason": _small(title_of(one.call_list, one.changed)), "progress": progress_words(one)}
    if not one.has_day:
        return gettext(N_("Llamadas: %(reason)s, %(progress)s")) % values
    when = day_and_time(one.begins_at, language())
    return gettext(N_("Llamadas antes del %(when)s: %(reason)s, %(progress)s")) % {**values, "when": when}


def _small(text: str) -> str:
    return text[:1].lower() + text[1:]


async def told_at_once(found: Sequence[ToCall]) -> list[AtOnce]:
    """The latest first."""
    last = [mark for one in found for mark in one.last_marks]
    marks = [mark for mark in last if mark.result is CallResult.REACHED and mark.at_once_id is not None]
    callers = await names_of_staff(mark.called_by_id for mark in marks)
    acts: dict[UUID, list[Mark]] = defaultdict(list)
    for mark in marks:
        if mark.at_once_id is not None:
            acts[mark.at_once_id].append(mark)
    in_order = sorted(acts.items(), key=lambda act: act[0], reverse=True)
    return [AtOnce(key, _at_once(told, callers)) for key, told in in_order]


def _at_once(told: Sequence[Mark], callers: Mapping[UUID | None, str]) -> str:
    n = ngettext("%(num)s persona, avisada de una vez", "%(num)s personas, avisadas de una vez", len(told))
    return f"{n % {'num': len(told)}}. {_last(told[0], callers)}"


@dataclass(frozen=True, slots=True)
class Shown:
    """What is open of a list.

    `query`: of this part; `before`, `after`: of the pages beside it, or None. `go_on`: the row after the one just
    noted; that one where it is the last, or was taken back.
    """

    page: ListPage[ToCall]
    only_left: bool
    query: str
    before: str | None
    after: str | None
    go_on: UUID | None


def shown_of(found: Sequence[ToCall], query: Mapping[str, str], seat: str) -> Shown:
    """As asked for with `ver` and `pagina`: people left, while there are any. The one just noted (`anotada`) stays."""
    view, noted = query.get("ver", ""), key_in(query.get("anotada", ""))
    only_left = view != ALL and (view == LEFT or any(not one.is_reached for one in found))
    listed = [one for one in in_order(found, seat) if not (only_left and one.is_reached) or noted in one.keys]
    place = next((n for n, one in enumerate(listed) if noted in one.keys), PAGE * (asked_page(query) - 1))
    number, last = (1 + min(place, max(0, len(listed) - 1)) // PAGE), max(1, -(-len(listed) // PAGE))
    start = PAGE * (number - 1)
    rows = listed[start : start + PAGE]
    return Shown(
        page=ListPage(rows, start, len(listed)),
        only_left=only_left,
        query=_query(view, number),
        before=_query(view, number - 1) if number > 1 else None,
        after=_query(view, number + 1) if number < last else None,
        go_on=_after_noted(rows, noted),
    )


def _after_noted(rows: Sequence[ToCall], noted: UUID | None) -> UUID | None:
    for one, following in pairwise([*rows, *rows[-1:]]):
        if noted in one.keys:
            return following.id if one.marks else one.id
    return None


def _query(view: str, number: int) -> str:
    asked = {"ver": view if view in (ALL, LEFT) else "", "pagina": str(number) if number > 1 else ""}
    typed = urlencode({name: value for name, value in asked.items() if value})
    return f"?{typed}" if typed else ""


def in_order(found: Sequence[ToCall], seat: str) -> list[ToCall]:
    """By community, people without one last; then by name."""
    homes = {one.id: fold(community_of(one, seat)) for one in found}
    return sorted(found, key=lambda one: (not homes[one.id], homes[one.id], fold(names_of(one)), one.id))


async def sections_of(shown: Sequence[ToCall], everybody: Sequence[ToCall], told: Told) -> list[Section]:
    """People shown, in their order, under communities that say how many of `everybody` there were told."""
    callers = await names_of_staff(mark.called_by_id for one in shown for mark in one.marks)
    beside = Beside(callers, await _releasable(shown))
    confirmed = await confirmed_names({place.ine_code for one in shown if (place := place_of(one)) is not None})
    neighbours: dict[str, list[ToCall]] = defaultdict(list)
    for one in everybody:
        neighbours[_home(one, told)].append(one)
    sections: list[Section] = []
    for number, (home, people) in enumerate(groupby(shown, key=lambda one: _home(one, told)), 1):
        text = _text_of(neighbours[home], told, confirmed)
        rows = [_row(one, told, beside) for one in people]
        community = community_of(neighbours[home][0], told.hub.seat_id)
        sections.append(_section(number, community, text, neighbours[home], rows))
    return sections


def _home(one: ToCall, told: Told) -> str:
    return fold(community_of(one, told.hub.seat_id))


def _text_of(neighbours: Sequence[ToCall], told: Told, confirmed: Mapping[tuple[str, str], str]) -> str:
    """In Spanish. Empty where the training may not be named, all hear the same own words, or staff never confirmed the
    community: a person's name typed there would be read out.
    """
    community, place = written_community(neighbours[0]), place_of(neighbours[0])
    if told.is_discreet or told.call_list.words is not None or place is None:
        return ""
    name = confirmed.get((place.ine_code, fold(community)), "") if community else ""
    is_far = place.ine_code != told.hub.seat_id
    said = ", ".join(part for part in (name, place.full_name if is_far else "") if part)
    if not said or (community and not name):
        return ""
    with speaking(SOURCE_LANGUAGE):
        return text_for_all(neighbours, told, said)


def _section(number: int, community: str, text: str, everybody: Sequence[ToCall], rows: Sequence[Row]) -> Section:
    are_reached = [reached for one in everybody for reached in _each_reached(one)]
    return Section(
        number=number,
        community=community,
        n_reached=sum(are_reached),
        n_people=len(are_reached),
        n_left=n_people_of(one for one in everybody if not one.is_reached and not is_asked(one)),
        at_once=urlencode({"comunidad": fold(community)}),
        text=text,
        rows=rows,
    )


def _each_reached(one: ToCall) -> list[bool]:
    return [one.is_reached] if isinstance(one, Holder) else [member.listed.is_reached for member in one.members]


def _row(one: ToCall, told: Told, beside: Beside) -> Row:
    household = None if isinstance(one, Holder) else one
    is_english = household is not None and household.speaks_english and told.call_list.words is None
    with speaking(ENGLISH if is_english else SOURCE_LANGUAGE):
        text = text_for(one, told)
    newest = newest_mark_of(one)
    return Row(
        id=one.id,
        href=f"/panel/inscripciones/{one.id}" if household else f"/panel/tarjetas/bloques/{one.id}",
        names=names_of(one),
        about=_cards(one) if isinstance(one, Holder) else _about(one, told),
        phone=one.phone,
        other_phones=household.other_phones if household else (),
        calling=call_links(one.phone, text) if one.phone else None,
        takes_text=one.phone is not None and not is_landline(one.phone),
        text=text,
        is_english=is_english,
        is_reached=one.is_reached,
        last=_last(one.marks[-1], beside.callers) if one.marks else "",
        last_via=one.marks[-1].via.value if one.marks else "",
        seen=newest.id if newest else None,
        n_tries=len(one.marks),
        offers=_offers(household, beside.releasable) if household else (),
        may_undo=household is None or not any(mate.listed.has_accepted for mate in household.members),
    )


def _cards(holder: Holder) -> list[str]:
    cards = ngettext(
        "Tiene %(num)s tarjeta apartada, sin nombre: que avise a quien la va a usar.",
        "Tiene %(num)s tarjetas apartadas, sin nombre: que avise a quienes las van a usar.",
        holder.n_cards,
    )
    return [cards % {"num": holder.n_cards}] if holder.n_cards else []


def _offers(household: Household, may_release: Collection[UUID]) -> list[Offer]:
    answering: dict[tuple[UUID, UUID | None], list[Member]] = defaultdict(list)
    for one in household.members:
        if one.registration.state is RegistrationState.OFFERED:
            alone = one.registration.id if one.is_apart else None
            answering[one.registration.group_id, alone].append(one)
    return [
        Offer(
            id=people[0].registration.id,
            group_id=group_id,
            names=sentences.listing([name_of(one) for one in people]),
            may_release=group_id in may_release,
        )
        for (group_id, _alone), people in answering.items()
    ]


def _about(household: Household, told: Told) -> list[str]:
    said = (*_whom_to_ask(household), _speak(household), *_why(household), _state(household), _time(household, told))
    return [one for one in said if one]


def _time(household: Household, told: Told) -> str:
    times = [(told.offered_until.get(key), told.offered_before.get(key)) for key in _forms(household)]
    changed = [(until, before) for until, before in times if until is not None and before is not None]
    if not changed:
        return ""
    until, before = min(changed)
    words = gettext(N_("Cambió su plazo para decir que sí: hasta el %(now)s (antes: hasta el %(before)s)."))
    return words % {"now": day_and_time(until, language()), "before": day_and_time(before, language())}


def _forms(household: Household) -> set[UUID]:
    return {one.registration.group_id for one in household.members}


def _whom_to_ask(household: Household) -> list[str]:
    if not all(one.is_minor for one in household.members):
        return []
    return list(dict.fromkeys(gettext(ASK_FOR[one.relation or Relation.OTRO]) for one in household.members))


def _speak(household: Household) -> str:
    codes = dict.fromkeys(one.person.language or "" for one in household.members)
    others = [code for code in codes if code not in SPOKEN]
    if SIGNED in others:
        return gettext(N_("Usa lengua de señas: escríbale, o avísele en persona."))
    if not others:
        return ""
    names = sentences.listing([sentences.language_name(code) for code in others])
    return gettext(N_("Habla %(languages)s: si puede, dígaselo en su idioma.")) % {"languages": names}


def _why(household: Household) -> list[str]:
    whys = dict.fromkeys(one.listed.why for one in household.members)
    return [gettext(WHYS[why]) for why in whys if why in WHYS and why is not Why.NO_EMAIL]


def _state(household: Household) -> str:
    states = dict.fromkeys(one.registration.state for one in household.members)
    return ", ".join(gettext(STATES[state]) for state in states if state is not RegistrationState.CONFIRMED)


def _last(mark: Mark, callers: Mapping[UUID | None, str]) -> str:
    by = callers.get(mark.called_by_id, "")
    said = gettext(RESULTS[mark.result]) % {"via": gettext(VIAS[mark.via])}
    return " · ".join(part for part in (said, when(mark.created_at), by) if part)


async def _releasable(found: Sequence[ToCall]) -> set[UUID]:
    offered = [group_id for one in found if isinstance(one, Household) for group_id in one.offered_groups]
    return await releasable(offered) if offered else set()
