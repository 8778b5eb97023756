from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from typing import Any, TypeVar

from trainings.lib.text import fold
from trainings.people.choices import ANOTHER_PLACE_WORDS
from trainings.people.models import ActorType, AgeGroup, Pueblo, Relation, Sex
from trainings.people.words import ACTOR_TYPES, AGE_GROUPS, LANGUAGES, PUEBLOS, RELATIONS, SEXES
from trainings.places.data import MunicipalityRow, by_code, municipalities
from trainings.places.models import ANOTHER_PLACE
from trainings.schedule.plans import YOUNGEST
from trainings.web.i18n import N_

CodeT = TypeVar("CodeT", bound=str)

OLDEST = 115
_BANDS = (
    (13, AgeGroup.A12_13),
    (17, AgeGroup.A14_17),
    (24, AgeGroup.A18_24),
    (34, AgeGroup.A25_34),
    (59, AgeGroup.A35_59),
    (OLDEST, AgeGroup.A60),
)
_NOTHING = frozenset({"", "na", "n a", "nd", "s d", "sd", "no tiene", "ninguno", "ninguna"})
_PARTICLES = frozenset({"de", "del", "la", "las", "los", "y"})
_AGE = re.compile(r"(\d{1,4})(?: ?(?:años?|anos?))?")


class Unclear(Exception):
    def __init__(self, sentence: str, **values: Any) -> None:
        super().__init__(sentence % values if values else sentence)
        self.sentence, self.values = sentence, values


# -- words for codes


def _by_words(words: Mapping[CodeT, str], others: Mapping[CodeT, str]) -> dict[str, CodeT]:
    found = {fold(text): code for code, text in words.items()}
    found |= {fold(code): code for code in words}
    return found | {fold(one): code for code, text in others.items() for one in text.split(",")}


_ACTORS = _by_words(
    ACTOR_TYPES,
    {
        ActorType.ALCALDIA: "alcalde auxiliar,alcaldesa auxiliar,alcalde comunitario,alcaldesa comunitaria,"
        "alcaldía auxiliar,alcaldía comunitaria,autoridad indígena,autoridad comunitaria",
        ActorType.DOCENTE: "maestra,maestro,profesor,profesora,directora,director,educación",
        ActorType.SALUD: "personal de salud,promotor de salud,promotora de salud,comadrona,enfermera,enfermero,"
        "puesto de salud,centro de salud",
        ActorType.RELIGIOSO: "líder religioso,lideresa religiosa,pastor,pastora,sacerdote,iglesia",
        ActorType.RADIO: "comunicador,comunicadora,locutor,locutora,radio comunitaria,comunicación",
        ActorType.JUVENTUD: "joven,estudiante,grupo de jóvenes",
        ActorType.MUJERES: "grupo de mujeres,comité de mujeres",
        ActorType.CONSEJERA: "consejera",
        ActorType.MUNICIPAL: "municipalidad,empleado municipal,empleada municipal,dmm",
        ActorType.INSTITUCION: "institución,igm,pgn,sbs,pdh,pnc,mintrab,svet,conamigua,minex",
        ActorType.ORGANIZACION: "organización,ong,organización social,asociación",
        ActorType.FAMILIA: "vecina,vecino,familia,comunidad,madre de familia,padre de familia",
        ActorType.OTRO: "otra",
    },
)
_COUNCILS = {"cocode": ActorType.COCODE, "cocodes": ActorType.COCODE, "comude": ActorType.COMUDE}
_SEXES = _by_words(SEXES, {Sex.MUJER: "femenino,femenina,f,mujeres", Sex.HOMBRE: "masculino,masculina,h,hombres,varón"})
_AGES = _by_words(
    AGE_GROUPS,
    {
        AgeGroup.A12_13: "12 a 13",
        AgeGroup.A14_17: "14 17",
        AgeGroup.A18_24: "18 24",
        AgeGroup.A25_34: "25 34",
        AgeGroup.A35_59: "35 59",
        AgeGroup.A60: "mayor de 60,60 y más",
    },
)
_LANGUAGES = _by_words(
    LANGUAGES,
    {
        "spa": "castellano",
        "kek": "kekchi,kekchí,quekchi",
        "quc": "quiché",
        "cak": "cakchiquel",
        "poc": "pocomam",
        "poh": "pocomchí,pokomchi",
        "kjb": "kanjobal",
        "tzj": "tzutujil,zutuhil",
        "jac": "jakalteko,popti",
        "gsm": "lensegua,lengua de señas",
        "und": "otro,prefiero no decir",
    },
)
_PUEBLOS = _by_words(
    PUEBLOS,
    {
        Pueblo.LADINA: "ladino,ladina,mestizo,mestiza",
        Pueblo.XINKA: "xinca",
        Pueblo.AFRO: "afrodescendiente,creole,afromestizo,afromestiza",
        Pueblo.EXTRANJERA: "extranjero",
    },
)
_RELATIONS = _by_words(
    RELATIONS,
    {
        Relation.MADRE: "mamá",
        Relation.PADRE: "papá",
        Relation.ABUELO: "abuela,abuelo",
        Relation.TIO: "tía,tío",
        Relation.HERMANO: "hermana,hermano",
        Relation.TUTOR: "tutor,tutora",
        Relation.OTRO: "encargado,encargada,otro,otra",
    },
)


def tidy(cell: str) -> str:
    return "" if fold(cell) in _NOTHING else cell


def actor_type_of(text: str) -> ActorType:
    """A post in a council counts as the council."""
    folded = fold(text)
    councils = {code for word, code in _COUNCILS.items() if word in folded.split()}
    found = _ACTORS.get(folded) or (councils.pop() if len(councils) == 1 else None)
    if found is None:
        raise Unclear(
            N_("no conocemos «%(text)s». Escriba COCODE, Docente, Juventud u otra palabra de la lista."), text=text
        )
    return found


def language_of(text: str) -> str:
    found = _LANGUAGES.get(fold(text))
    if found is None:
        raise Unclear(
            N_("no conocemos «%(text)s». Escriba, por ejemplo, Español o Q’eqchi’, o déjelo vacío."), text=text
        )
    return found


def pueblo_of(text: str) -> Pueblo:
    found = _PUEBLOS.get(fold(text))
    if found is None:
        raise Unclear(
            N_("no conocemos «%(text)s». Escriba Maya, Garífuna, Xinka, Ladina o Afrodescendiente, o déjelo vacío."),
            text=text,
        )
    return found


def relation_of(text: str) -> Relation:
    found = _RELATIONS.get(fold(text))
    if found is None:
        raise Unclear(N_("no conocemos «%(text)s». Escriba Madre, Padre, Abuela, Tía, Hermana o Tutora."), text=text)
    return found


def sex_of(text: str, m_means: Sex | None) -> Sex:
    """M alone means what the column says (`meaning_of_m`)."""
    word = fold(text)
    if word == "m":
        if m_means is None:
            raise Unclear(N_("M puede ser mujer o masculino. Escriba Mujer u Hombre."))
        return m_means
    found = _SEXES.get(word)
    if found is None:
        raise Unclear(N_("escriba Mujer, Hombre o Prefiero no decir, o déjelo vacío."))
    return found


def meaning_of_m(column: Iterable[str]) -> Sex | None:
    """Beside H (hombre) it is mujer, beside F it is masculino; alone it is unclear."""
    seen = {fold(cell) for cell in column}
    beside_h, beside_f = bool(seen & {"h", "hombre"}), bool(seen & {"f", "femenino", "masculino"})
    if beside_h == beside_f:
        return None
    return Sex.MUJER if beside_h else Sex.HOMBRE


def age_group_of(text: str) -> AgeGroup:
    """From an age in years. Refuses birth dates, years, and children under 12."""
    band = _AGES.get(fold(text))
    if band is not None:
        return band
    typed = _AGE.fullmatch(text.lower().strip())
    if typed is None:
        raise Unclear(N_("escriba la edad en años, por ejemplo 34. No guardamos fechas de nacimiento."))
    years = int(typed[1])
    if years < YOUNGEST:
        raise Unclear(N_("quien tiene menos de 12 años no se inscribe: se cuenta en los lugares de cuidado infantil."))
    if years > OLDEST:
        raise Unclear(N_("escriba la edad en años, por ejemplo 34, no el año en que nació."))
    return next(group for oldest, group in _BANDS if years <= oldest)


def is_yes(text: str) -> bool:
    word = fold(text)
    if word in {"si", "s", "x", "true", "verdadero", "1", "yes", "acepta", "autoriza"}:
        return True
    if word in {"no", "n", "false", "falso", "0", "no acepta", "no autoriza"}:
        return False
    raise Unclear(N_("escriba sí o no."))


# -- municipalities


def municipality_of(text: str, department: str) -> tuple[str, bool]:
    """The INE code, and whether `department` decided: six names occur twice."""
    if fold(text) in {fold(ANOTHER_PLACE_WORDS), "otro lugar", "otro", "prefiero no decir", ANOTHER_PLACE}:
        return ANOTHER_PLACE, False
    code = text.zfill(4)
    if text.isascii() and text.isdigit() and code in by_code():
        return code, False
    found = _municipalities_called().get(fold(text), ())
    if not found:
        raise Unclear(
            N_("no conocemos «%(text)s». Escriba el municipio y el departamento: La Libertad, Petén."), text=text
        )
    if len(found) == 1:
        return found[0].ine_code, False
    near = [row for row in found if row.department == department]
    if len(near) != 1:
        raise Unclear(
            N_("hay dos municipios que se llaman «%(text)s». Escriba también el departamento: %(example)s."),
            text=text,
            example=found[0].full_name,
        )
    return near[0].ine_code, True


@cache
def _municipalities_called() -> dict[str, tuple[MunicipalityRow, ...]]:
    called: dict[str, tuple[MunicipalityRow, ...]] = {}
    for row in municipalities():
        names = filter(None, (row.name, row.alias))
        for words in {fold(text) for name in names for text in (name, f"{name} {row.department}")}:
            called[words] = (*called.get(words, ()), row)
    return called


# -- names


def split_name(text: str, *, surnames_first: bool) -> tuple[str, str]:
    """The last two words are surnames («de la» goes with them); of two words one. A comma divides: «Caal Tzib,
    María».
    """
    before, comma, after = text.partition(",")
    if comma:
        return after.strip(), before.strip()
    words = _with_particles(text.split())
    n_surnames = 2 if len(words) > 2 else len(words) - 1
    if surnames_first:
        return " ".join(words[n_surnames:]), " ".join(words[:n_surnames])
    n_given = len(words) - n_surnames
    return " ".join(words[:n_given]), " ".join(words[n_given:])


def _with_particles(words: Sequence[str]) -> list[str]:
    joined: list[str] = []
    particles: list[str] = []
    for word in words:
        if fold(word) in _PARTICLES:
            particles.append(word)
        else:
            joined.append(" ".join([*particles, word]))
            particles = []
    return joined + particles
