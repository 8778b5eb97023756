"""What a thief of the database's file finds: no contact, no token, and nothing by which they could be tried out."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Callable
from urllib.parse import urlencode

import pytest
from httpx2 import AsyncClient

from tests import make
from tests.cast import make_cast
from tests.database import KEY, Database
from trainings.accounts.actions import create_user, make_sign_in_link
from trainings.audit.actor import PROGRAM
from trainings.db.fields import set_keyring
from trainings.lib import tokens
from trainings.lib.crypt import Keyring
from trainings.registrations.models import OwnLink, Registration
from trainings.registrations.signup.forms import answers_hash
from trainings.settings import Settings
from trainings.web.forms import Typed

FORM = {"content-type": "application/x-www-form-urlencoded"}
ROSA = {
    "given_names": "Rosa Quetzal",
    "surnames": "Yalibat",
    "municipality": "0000",
    "actor_type": "cocode",
    "phone": "5912 3478",
    "email": "Rosa.Yalibat@correo.example",
    "language": "kek",
    "pueblo": "garifuna",
    "consent_data": "yes",
}
PASSWORD = "siete garzas al amanecer"


@pytest.fixture
async def db(database: Database) -> AsyncIterator[Settings]:
    """A database in a new file, which holds no rows of other tests.

    It is closed afterwards: a process that opens and closes the file loses the locks that SQLite holds on it.
    """
    await database.close()
    yield await database.fresh("sqlite")
    await database.close()


def stolen(settings: Settings) -> bytes:
    path = settings.sqlite_path
    return b"".join(file.read_bytes() for file in (path, path.with_name(f"{path.name}-wal")) if file.exists())


async def test_file_holds_no_contact_no_answer_that_is_sealed_and_no_token(
    db: Settings, new_client: Callable[[], AsyncClient]
) -> None:
    visitor, staff, cast = new_client(), new_client(), await make_cast()
    training = await make.make_training(hub=cast.hub, facilitators=[cast.facilitator])
    user = await create_user("nueva@muni.example", name="Ana Coc", actor=PROGRAM)
    link = await make_sign_in_link(user, actor=PROGRAM)
    await make.sign_in(staff, cast.facilitator)
    unknown = tokens.qr_token()

    await visitor.post(f"/capacitaciones/{training.slug}/inscripcion", content=urlencode(ROSA), headers=FORM)
    await visitor.post(f"/entrar/enlace/{link}", content=urlencode({"password": PASSWORD}), headers=FORM)
    door = f"/panel/sesiones/{next(iter(training.sessions)).id}/asistencia"
    mark = {"id": tokens.uuid7(), "code": unknown, "how": "typed"}
    await staff.post(f"{door}/marcas", content=urlencode(mark), headers=FORM)

    registration, own = await Registration.get(), await OwnLink.get()
    secrets = [*visitor.cookies.values(), *staff.cookies.values(), own.token, registration.qr_token, link, unknown]
    typed = ["59123478", "5912 3478", "yalibat@correo", PASSWORD, "garifuna"]
    assert len(secrets) == 7
    file = stolen(db)
    assert b"Rosa Quetzal" in file
    assert [one for one in (*secrets, *typed) if re.search(re.escape(str(one)).encode(), file, re.IGNORECASE)] == []


def test_answers_cannot_be_tried_out_against_what_is_stored_of_them() -> None:
    """Names stand readable beside it, so a bare hash would give away telephone numbers: there are few of them."""
    typed = Typed({name: [value] for name, value in ROSA.items()})

    set_keyring(Keyring([KEY]))
    with_our_key, again = answers_hash(typed), answers_hash(typed)
    set_keyring(Keyring([tokens.new_key()]))
    with_another = answers_hash(typed)
    set_keyring(Keyring([KEY]))

    assert with_our_key == again
    assert with_our_key != with_another
