"""The people of a training, a page at a time: who is shown, what the head counts, and where acts lead back to."""

from __future__ import annotations

import random
import re
from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from uuid import UUID

import pytest
from httpx2 import Response

from tests.cast import make_cast
from tests.certificates.crowd import make_crowd
from tests.certificates.desk import Browsers, Desk, Freeze, make_desk, signed_in, text_of
from tests.certificates.held import AFTER, WITH, leave, make_attendee, make_held
from tests.counting import statements
from trainings.attendance.models import Attendance, ScanEvent
from trainings.attendance.settling import settle
from trainings.audit.actor import PROGRAM
from trainings.certificates.eligibility import UNUSED
from trainings.certificates.issuing import bulk, names, preparing, queries, routes, views
from trainings.certificates.models import (
    Certificate,
    CertificateState,
    ConfirmedHow,
    HandedOver,
    JobPurpose,
    SupersededFile,
)
from trainings.db import sql
from trainings.people.models import Participant
from trainings.registrations.models import Registration, RegistrationState
from trainings.schedule.models import Training
from trainings.settings import Settings

N = 90


@pytest.fixture(autouse=True)
def days_after(freeze: Freeze) -> None:
    freeze(AFTER)


# -- counted by groups of people alike, as by all of them


async def counted_both_ways(training_id: UUID) -> list[tuple[queries.Counts, views.Road, Counter[views.Part]]]:
    training = await Training.get(id=training_id).prefetch_related(*WITH)
    everybody, people = await queries.everybody_of(training), await queries.people_of(training)
    of_groups = [person for person, _n in everybody.alike]
    waiting = [(one, 1) for one in await preparing.waiting(training.id)]
    confirmed = await names.confirmed([one.registration for one in people])
    pairs = [(one.id, one.name) for one in everybody.lines]
    both = (
        (of_groups, everybody.alike, await preparing.alike_waiting(training.id)),
        (people, [(one, 1) for one in people], waiting),
    )
    found = []
    for some, weighed, papers in both:
        changed = await names.changed_among(one for person in some for one in person.certificates)
        parts = Counter[views.Part]()
        for person, n in weighed:
            parts.update(dict.fromkeys(views.parts_of(person, is_over=True, changed=changed), n))
        road = views.road_of(weighed, is_over=True, waiting=papers, changed=changed)
        found.append((queries.Counts.of(weighed), road, parts))
    assert {one.id for one in everybody.lines} == {one.registration.id for one in people}
    assert await names.n_confirmed_in(training.id, pairs) == len(confirmed)
    return found


async def make_motley(training: Training, chance: random.Random) -> None:
    """Most alike, some who missed, left, cancelled or wait, and papers in every state."""

    def is_odd(share: float = 0.15) -> bool:
        return chance.random() < share

    crowd = await make_crowd(training, N)
    for one in crowd:
        for session in filter(lambda _session: is_odd(), training.sessions):
            await ScanEvent.filter(registration_id=one.id, session_id=session.id).delete()
        if is_odd():
            session, hours = training.sessions[1], chance.choice([1, 3])
            await leave(session, one, session.starts_at + timedelta(hours=hours))
        state = chance.choice(list(RegistrationState)) if is_odd() else RegistrationState.CONFIRMED
        await Registration.filter(id=one.id).update(state=state, mark=chance.choice([40, 80]) if is_odd() else None)
    await Participant.filter(id__in=[one.participant_id for one in crowd[:4]]).update(surnames="😀")
    for merged, kept in zip(crowd[-10:-5], crowd[-5:], strict=True):
        await Participant.filter(id=merged.participant_id).update(merged_into_id=kept.participant_id)
    for purpose in (JobPurpose.PREPARE, JobPurpose.ISSUE, JobPurpose.NOTES):
        await bulk.start(training.id, purpose, actor=PROGRAM)
    for paper in await Certificate.filter(registration__training_id=training.id):
        await (paper.delete() if is_odd(0.3) else make_odd(paper, is_odd, chance))


async def make_odd(paper: Certificate, is_odd: Callable[[], bool], chance: random.Random) -> None:
    paper.state = chance.choice(list(CertificateState)) if is_odd() else CertificateState.VALID
    paper.printed_at, paper.handed_over_at, paper.erased_at = [AFTER if is_odd() else None for _column in range(3)]
    paper.handed_over_how = HandedOver.LIST if paper.handed_over_at else None
    paper.validated_at = None if paper.state is CertificateState.PREPARED else AFTER
    paper.revoked_at = AFTER if paper.state is CertificateState.REVOKED else None
    paper.revoked_reason = UNUSED if is_odd() else ""
    paper.code = f"-{paper.code[1:]}" if is_odd() else paper.code
    paper.held_on += timedelta(days=1 if is_odd() else 0)
    await paper.save()
    if paper.printed_at and chance.random() < 0.5:
        changed = await SupersededFile.create(certificate_id=paper.id, sha256="0" * 64, revision=1)
        await SupersededFile.filter(id=changed.id).update(created_at=AFTER + timedelta(minutes=1))


@pytest.mark.both_engines
@pytest.mark.parametrize("seed", range(3))
async def test_head_when_counted_by_groups_then_as_by_all_people(db: Settings, seed: int) -> None:
    training = await make_held(4, 4, capacity=N)
    await Training.filter(id=training.id).update(pass_mark=60)
    await make_motley(training, random.Random(seed))
    [confirmed, *_others] = await Registration.filter(training_id=training.id, participant__surnames="Coc Xol").limit(1)
    await names.confirm(confirmed.id, ConfirmedHow.DESK, actor=PROGRAM)

    for is_counted in (True, False):
        if is_counted:
            await settle(training.id)
        else:
            # As in the minute after the last session ended, before its hours are written.
            await Attendance.filter(session_id=training.sessions[1].id).update(minutes=0)
            await sql.execute(
                "UPDATE registration SET completed_at = NULL, minutes_attended = COALESCE("
                " (SELECT a.minutes FROM attendance a WHERE a.registration_id = registration.id"
                " AND a.session_id = ? AND a.is_present), 0) WHERE training_id = ?",
                training.sessions[0].id,
                training.id,
            )
        by_groups, by_people = await counted_both_ways(training.id)
        assert by_groups == by_people
        assert len(by_people[2]) > 4


# -- the page


async def crowded(monkeypatch: pytest.MonkeyPatch) -> Desk:
    """Pages of two: Ana has a diploma, Beto is to get one, Cata came to half; Dora's name is unprintable."""
    monkeypatch.setattr(routes, "PAGE", 2)
    desk = await make_desk()
    await make_attendee(desk.training, given_names="Dora 😀", surnames="Ba", community="Las Pozas")
    return desk


def shown(page: Response) -> list[str]:
    return re.findall(r'<a class="who"[^>]*>(\w+)', page.text)


def told(page: Response) -> list[tuple[str, str]]:
    """Parts of the list with their numbers."""
    return re.findall(r'href="[^"]*#personas"[^>]*>([^<]+) <span class="num soft">(\d+)', page.text)


async def test_list_when_it_is_long_then_pages_parts_and_search_over_all_of_it(
    new_client: Browsers, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk = await crowded(monkeypatch)
    browser = await signed_in(new_client, desk.cast.coordinator)

    async def names_at(query: str) -> list[str]:
        return shown(await browser.get(desk.page + query))

    first = await browser.get(desk.page)

    assert shown(first) == ["Ana", "Beto"]
    assert "1 a 2 de 4" in text_of(first)
    assert f'rel="next" href="{desk.page}?pagina=2#personas"' in first.text
    assert told(first) == [
        ("Todas", "4"),
        ("Por emitir", "1"),
        ("Les toca constancia", "1"),
        ("Nombre por corregir", "1"),
        ("Por imprimir", "1"),
        ("Por entregar", "1"),
    ]
    assert await names_at("?pagina=2") == ["Cata", "Dora"]
    assert await names_at("?pagina=9") == ["Cata", "Dora"], "after the last page there is the last"
    assert await names_at("?pagina=x&filtro=x&persona=x") == ["Ana", "Beto"]
    assert await names_at(f"?persona={desk.other.id}") == ["Cata", "Dora"], "the page of that person"
    assert await names_at("?q=pozas") == ["Beto", "Dora"]
    assert await names_at("?q=dor+ba") == ["Dora"]
    assert await names_at("?filtro=emitir") == ["Beto"]
    assert await names_at("?filtro=nombre&q=poz") == ["Dora"]
    none = await browser.get(f"{desk.page}?filtro=emitir&q=cata")
    assert (shown(none), "Nadie así" in none.text, 'value="cata"' in none.text) == ([], True, True)


async def test_head_when_a_part_is_shown_then_still_counts_all(
    new_client: Browsers, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk = await crowded(monkeypatch)
    browser = await signed_in(new_client, desk.cast.coordinator)

    pages = [await browser.get(desk.page + query) for query in ("", "?pagina=2", "?filtro=nombre", "?q=nadie")]

    heads = {text_of(page).partition("Personas Buscar")[0] for page in pages}
    assert len(heads) == 1
    [head] = heads
    assert "3 de 4 personas la completaron." in head
    assert "Emitir el que falta" in head


async def test_act_when_done_from_a_part_then_leads_back_there(
    new_client: Browsers, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Through the person's own page too."""
    desk = await crowded(monkeypatch)
    browser = await signed_in(new_client, desk.cast.coordinator)
    address, person = f"/panel/inscripciones/{desk.other.id}/diploma", "?q=ca&amp;pagina=2"

    page = await browser.get(f"{desk.page}?pagina=2")
    own = await browser.get(f"{address}?q=ca&pagina=2")
    named = await browser.post(f"{address}/nombre?q=ca&pagina=2", data={"given_names": "Cata", "surnames": "Ba"})
    issued = await browser.post(f"{address}?pagina=2", data={"kind": "constancia"})
    from_part = await browser.post(
        f"/panel/inscripciones/{desk.completed.id}/diploma?filtro=emitir", data={"kind": "diploma"}
    )
    annulled = await browser.post(
        f"/panel/diplomas/{desk.certificate.id}/anular?q=ana", data={"reason": "nombre mal escrito"}
    )

    assert f'action="{address}?pagina=2"' in page.text
    assert f'<tr id="p-{desk.other.id}">' in page.text
    assert f'href="{desk.page}{person}#p-{desk.other.id}"' in own.text
    assert f'action="{address}{person}"' in own.text
    assert named.headers["location"] == f"{address}?q=ca&pagina=2"
    assert issued.headers["location"] == f"{desk.page}?pagina=2#p-{desk.other.id}"
    assert from_part.headers["location"] == f"{desk.page}?filtro=emitir#personas", "the row has left it"
    assert annulled.headers["location"] == f"{desk.page}?q=ana#p-{desk.certificate.registration_id}"


async def test_page_when_a_crowd_is_there_then_asks_no_more_than_for_two(new_client: Browsers) -> None:
    cast = await make_cast()
    browser = await signed_in(new_client, cast.coordinator)
    n_asked = {}

    for n in (2, 12):
        training = await make_held(4, 4, hub=cast.hub, capacity=12)
        await make_crowd(training, n)
        with statements() as sent:
            page = await browser.get(f"/panel/capacitaciones/{training.id}/diplomas")
        n_asked[n] = len(sent)
        assert len(shown(page)) == n

    assert n_asked[12] == n_asked[2] <= 40
