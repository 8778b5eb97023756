from __future__ import annotations

from uuid import UUID

from pydantic import model_validator

from trainings import clock
from trainings.lib.text import TextTooLong, UnreadableText, clean, fold
from trainings.registrations.invitations.convocation import MOST_LETTERS, Done, Invited, NobodyNamed
from trainings.registrations.models import Addressee, InvitedHow
from trainings.web.forms import Day, Form, wrong
from trainings.web.i18n import N_

ADDRESSEE, COMMUNITY = 160, 120

KINDS: dict[Addressee, str] = {
    Addressee.COCODE: N_("COCODE"),
    Addressee.SCHOOL: N_("Escuela o instituto"),
    Addressee.INSTITUTION: N_("Institución pública"),
    Addressee.ORGANIZATION: N_("Organización"),
    Addressee.OTHER: N_("Otro"),
}

HOW: dict[InvitedHow, str] = {
    InvitedHow.LETTER: N_("Carta en mano"),
    InvitedHow.VISIT: N_("Visita"),
    InvitedHow.CALL: N_("Llamada"),
    InvitedHow.WHATSAPP: N_("WhatsApp"),
    InvitedHow.MAIL: N_("Correo"),
    InvitedHow.RADIO: N_("Radio"),
}

BEGINNINGS: dict[Addressee, tuple[str, ...]] = {
    Addressee.COCODE: ("cocode", "consejo comunitario"),
    Addressee.SCHOOL: (
        *("escuela", "eorm", "eoum", "eodp", "instituto", "ineb", "inebe", "telesecundaria", "nufed", "colegio"),
        *("liceo", "centro educativo", "academia"),
    ),
    Addressee.INSTITUTION: (
        *("centro de salud", "puesto de salud", "hospital", "igm", "pgn", "sbs", "pnc", "pdh", "mintrab", "mspas"),
        *("mineduc", "ministerio", "procuraduria", "secretaria", "policia", "juzgado", "oficina", "direccion", "dmm"),
        *("municipalidad", "comude", "alcaldia", "registro", "renap", "conamigua", "svet", "bomberos"),
    ),
    Addressee.ORGANIZATION: (
        *("asociacion", "organizacion", "cooperativa", "fundacion", "comite", "grupo", "red", "iglesia", "pastoral"),
        *("parroquia", "mesa", "coordinadora", "ong", "cruz roja", "radio"),
    ),
}


def kind_of(addressee: str) -> Addressee:
    name = f"{fold(addressee)} "
    found = (kind for kind, words in BEGINNINGS.items() if name.startswith(tuple(f"{word} " for word in words)))
    return next(found, Addressee.OTHER)


class AddForm(Form):
    """Without a kind each name tells it; without `done_how` letters are only prepared."""

    names: str = ""
    kind: Addressee | None = None
    block: UUID | None = None
    done_how: InvitedHow | None = None
    done_day: Day | None = None

    @model_validator(mode="after")
    def _says_how(self) -> AddForm:
        if self.done_day is not None and self.done_how is None:
            raise wrong(N_("Escoja también cómo se les invitó."))
        return self

    @property
    def done(self) -> Done | None:
        """Today, unless another day is written."""
        return Done(self.done_how, self.done_day or clock.today()) if self.done_how else None

    def invited(self) -> list[Invited]:
        """Refuses (NobodyNamed) an empty list, a line too long, unreadable letters."""
        lines = [line for line in self.names.splitlines() if line.strip(" |\t")]
        if len(lines) > MOST_LETTERS:
            raise NobodyNamed(N_("Son demasiadas líneas. Agregue hasta 500."), field="names")
        return [self._one(number, line) for number, line in enumerate(lines, start=1)]

    def _one(self, number: int, line: str) -> Invited:
        parts = [part.strip() for part in line.split("|", 2)]
        addressee, office, community = [*parts, "", ""][:3]
        try:
            addressee, office = clean(addressee, ADDRESSEE), clean(office, ADDRESSEE)
            community = clean(community, COMMUNITY)
        except UnreadableText as exc:
            raise NobodyNamed(
                N_("La línea %(number)s tiene una letra que no se puede leer."), field="names", number=number
            ) from exc
        except TextTooLong as exc:
            raise NobodyNamed(N_("La línea %(number)s es demasiado larga."), field="names", number=number) from exc
        if not addressee:
            raise NobodyNamed(N_("A la línea %(number)s le falta el nombre."), field="names", number=number)
        return Invited(self.kind or kind_of(addressee), addressee, office, community)


class ChosenForm(Form):
    letter: list[UUID] = []
    everyone: bool = False
    how: InvitedHow | None = None
    day: Day | None = None
    attached: UUID | None = None

    @property
    def done(self) -> Done | None:
        return Done(self.how, self.day or clock.today()) if self.how else None
