from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from typing import Any, TypeVar

from trainings import clock
from trainings.lib.phones import parse_phone
from trainings.lib.text import fold
from trainings.people.choices import ANOTHER_PLACE_WORDS
from trainings.people.models import ActorType, AgeGroup, Pueblo, Relation, Sex
from trainings.people.words import ACTOR_TYPES, AGE_GROUPS, LANGUAGES, PUEBLOS, RELATIONS, SEXES
from trainings.places.data import MunicipalityRow, by_code, municipalities
from trainings.places.models import ANOTHER_PLACE
from trainings.schedule.plans import ADULT, YOUNGEST
from trainings.web.i18n import N_

CodeT = TypeVar("CodeT", bound=str)


def word_set(text: str) -> frozenset[str]:
    return frozenset(text.split())


OLDEST = 115
_BANDS = (
    (13, AgeGroup.A12_13),
    (17, AgeGroup.A14_17),
    (24, AgeGroup.A18_24),
    (34, AgeGroup.A25_34),
    (59, AgeGroup.A35_59),
    (OLDEST, AgeGroup.A60),
)
_NOTHING = frozenset(
    {"", "na", "n a", "nd", "s d", "sd", "s n", "no tiene", "no hay", "no aplica", "no sabe", "ninguno", "ninguna"}
)
_PARTICLES = frozenset({"de", "del", "la", "las", "los", "y"})
_TITLES = word_set(
    "don dona d sr sra srta senor senora senorita seno prof profa profe profesor profesora maestro maestra mtro mtra "
    "lic licda licenciado licenciada ing inga ingeniero ingeniera dr dra doctor doctora pem hno hna"
)
_GIVEN_NAMES = word_set(
    "adela adelina adolfo adriana alberto alejandra alejandro alfonso alfredo alicia amalia amanda amparo ana andrea "
    "andres angel angela angelica angelina antonia antonio araceli armando arturo aura aurelia aurora beatriz "
    "benjamin bernardo blanca byron carlos carmen carolina catalina catarina cecilia cesar clara claudia concepcion "
    "cristina cristobal daniel daniela david delfina delia delmy dolores domingo dora edgar eduardo elena elisa "
    "elizabeth elvira emilia emilio enrique ernesto esperanza estela ester esther estuardo eugenia eulalia eva "
    "fabiola federico felipe felisa fernanda fernando fidelia filomena flor florencia francisca francisco gabriel "
    "gabriela gerardo gladis gladys gloria graciela gregorio griselda guadalupe guillermo gustavo hector herlinda "
    "hilda hugo ignacio ines irene irma isabel isabela ismael israel ivan jaime javier jesus jimena joaquin joel "
    "jorge jose josefa josefina josue juan juana judith julia julian julio karina karla laura leonardo leonor leticia "
    "lidia liliana lorena lorenzo lourdes lucas lucia lucrecia luis luisa luz magdalena manuel manuela marcela marco "
    "marcos margarita maria mariana maribel mario marisol marleny marta martha martin mateo matilde maura mauricio "
    "mayra mercedes micaela miguel miriam mirna mynor nancy natividad noe noemi nora norma odilia ofelia olga olivia "
    "omar orlando oscar otto pablo patricia paula pedro petrona ramiro ramon raquel raul rebeca rene reyna ricardo "
    "rigoberto roberta roberto rocio rodolfo rodrigo rogelio rolando rosa rosalia rosalina rosario ruben rubi ruth "
    "salvador samuel sandra santiago santos sara saul sebastian sebastiana selvin sergio silvia sofia soledad sonia "
    "susana telma teodoro teresa tereza tomas tomasa vicenta vicente victor victoria vilma virginia viviana wendy "
    "wilmer wilson ximena yesenia yolanda zoila"
)
"""Given names that often come second; who is called so as a surname is put right on the screen."""
_OF_TELEPHONES = word_set("y o tel cel telefono celular movil casa whatsapp")
_REMARK = re.compile(r"\([^)]*\)?")
_NUMBER = re.compile(r"\(?\+?\d[\d ().\-]*\d")
_AGE = re.compile(r"(\d{1,4})(?: ?(?:a|años?|anos?)\.?)?")
YEAR = re.compile(r"\b(?:19|20)\d\d\b")
_YEARS = re.compile(r"\d{1,4}")
_YOUNG = word_set("menor once doce trece catorce quince dieciseis diecisiete nino nina adolescente")


MAYBE_MINOR = N_("puede ser mayor o menor de edad. Vea qué edad tiene y póngala.")


class Unclear(Exception):
    """Nothing can be read out of the text; it has a sentence where somebody has to decide."""

    def __init__(self, sentence: str = "", **values: Any) -> None:
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
        ActorType.RELIGIOSO: "líder religioso,lideresa religiosa,pastor,pastora,sacerdote,iglesia,"
        "iglesia católica,iglesia evangélica",
        ActorType.RADIO: "comunicador,comunicadora,locutor,locutora,radio comunitaria,comunicación",
        ActorType.JUVENTUD: "joven,estudiante,grupo de jóvenes",
        ActorType.MUJERES: "grupo de mujeres,comité de mujeres",
        ActorType.CONSEJERA: "consejera",
        ActorType.MUNICIPAL: "municipalidad,empleado municipal,empleada municipal,dmm",
        ActorType.INSTITUCION: "institución,igm,pgn,sbs,pdh,pnc,mintrab,mineduc,svet,conamigua,minex",
        ActorType.ORGANIZACION: "organización,ong,organización social,asociación",
        ActorType.FAMILIA: "vecina,vecino,familia,comunidad,madre de familia,padre de familia",
        ActorType.OTRO: "otra",
    },
)
_COUNCILS = {"cocode": ActorType.COCODE, "cocodes": ActorType.COCODE, "comude": ActorType.COMUDE}
_SEXES = _by_words(
    SEXES, {Sex.MUJER: "femenino,femenina,fem,f,mujeres", Sex.HOMBRE: "masculino,masculina,masc,h,hombres,varón"}
)
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
    if not cell or (cell[0].isalnum() and cell[0] not in "nNsS"):
        return cell
    return "" if fold(cell) in _NOTHING else cell


def actor_type_of(text: str) -> ActorType:
    """A post in a council counts as the council."""
    folded = fold(text)
    councils = {code for word, code in _COUNCILS.items() if word in folded.split()}
    found = _ACTORS.get(folded) or (councils.pop() if len(councils) == 1 else None)
    if found is None:
        raise Unclear
    return found


def actor_type_in(text: str) -> ActorType | None:
    """Of an office or an organization, where it says so by itself."""
    try:
        return actor_type_of(text) if text else None
    except Unclear:
        return None


def language_of(text: str) -> str:
    return _one_of(_LANGUAGES, text)


def pueblo_of(text: str) -> Pueblo:
    return _one_of(_PUEBLOS, text)


def _one_of(codes: Mapping[str, CodeT], text: str) -> CodeT:
    found = codes.get(fold(text))
    if found is None:
        raise Unclear
    return found


def relation_of(text: str) -> Relation:
    found = _RELATIONS.get(fold(text))
    if found is None:
        raise Unclear(N_("no conocemos «%(text)s». Ponga Madre, Padre, Abuela, Tía, Hermana o Tutora."), text=text)
    return found


def sex_of(text: str, m_means: str) -> Sex:
    """M alone means what the column says (`meaning_of_m`), else what staff said it does, if they know."""
    word = fold(text)
    found = m_means if word == "m" else _SEXES.get(word)
    if not found:
        raise Unclear
    return Sex(found)


def meaning_of_m(column: Iterable[str]) -> Sex | None:
    """Beside H it is mujer, beside F masculino; where there is neither letter, whole words say which."""
    seen = {fold(cell) for cell in set(column)}
    beside_h, beside_f = "h" in seen, "f" in seen
    if not (beside_h or beside_f):
        beside_h, beside_f = "hombre" in seen, not seen.isdisjoint(("mujer", "femenino"))
    if beside_h == beside_f:
        return None
    return Sex.MUJER if beside_h else Sex.HOMBRE


def has_unclear_m(column: Iterable[str]) -> bool:
    cells = set(column)
    return any(fold(cell) == "m" for cell in cells) and meaning_of_m(cells) is None


def age_group_of(text: str) -> AgeGroup:
    """From an age in years, or a year of birth where both ages of this year are of one band: a minor is not overlooked.
    Refuses children under 12, and a year or words by which somebody may be of age or not.
    """
    band = _AGES.get(fold(text))
    if band is not None:
        return band
    typed = _AGE.fullmatch(text.lower().strip())
    if typed is not None and int(typed[1]) <= OLDEST:
        return _band(int(typed[1]))
    year = YEAR.search(text)
    n_years = clock.today().year - int(year[0]) if year else -1
    if n_years < 0:
        raise Unclear(MAYBE_MINOR if _sounds_young(text) else "")
    before, after = _band(n_years - 1), _band(n_years)
    if before is after:
        return after
    if before.is_minor is after.is_minor:
        raise Unclear
    raise Unclear(MAYBE_MINOR)


def _sounds_young(text: str) -> bool:
    """«15 años cumplidos», «16 y medio», «<18», «menor de edad»."""
    number = _YEARS.search(text)
    is_low = number is not None and int(number[0]) < ADULT
    return is_low or "<" in text or not _YOUNG.isdisjoint(fold(text).split())


def _band(years: int) -> AgeGroup:
    if years < YOUNGEST:
        raise Unclear(N_("quien tiene menos de 12 años no se inscribe: se cuenta en los lugares de cuidado infantil."))
    return next((group for oldest, group in _BANDS if years <= oldest), AgeGroup.A60)


def is_yes(text: str) -> bool:
    word = fold(text)
    if word in {"si", "s", "x", "true", "verdadero", "1", "yes", "acepta", "autoriza"}:
        return True
    if word in {"no", "n", "false", "falso", "0", "no acepta", "no autoriza"}:
        return False
    raise Unclear(N_("escriba sí o no."))


# -- telephones


def phones_of(text: str) -> list[str]:
    """All numbers of a cell, in its order: «5555 2004 / 4444 2004», «5555 2012 (esposo)»."""
    whole = parse_phone(text)
    if whole is not None:
        return [whole]
    found = []
    for typed in _NUMBER.findall(text):
        digits = re.sub(r"\D", "", typed)
        both = [digits[:8], digits[8:]] if len(digits) == 16 else [typed]
        found += [number for one in both if (number := parse_phone(one)) is not None]
    return list(dict.fromkeys(found))


def says_more_than_numbers(text: str) -> bool:
    return any(word.isalpha() and word not in _OF_TELEPHONES for word in fold(text).split())


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
            N_("no conocemos «%(text)s». Ponga el municipio y el departamento: La Libertad, Petén."), text=text
        )
    if len(found) == 1:
        return found[0].ine_code, False
    near = [row for row in found if row.department == department]
    if len(near) != 1:
        raise Unclear(
            N_("hay dos municipios que se llaman «%(text)s». Ponga también el departamento: %(example)s."),
            text=text,
            example=found[0].full_name,
        )
    return near[0].ine_code, True


_BEFORE_DEPARTMENT = re.compile(r"^(?:(?:departamento|depto|dpto) )?(?:del? )?(?:el )?")


def department_called(text: str) -> str:
    """As municipalities name it: «El Petén», «Depto. de Petén». Refuses (Unclear) another: an institution has
    departments too.
    """
    found = _departments().get(_BEFORE_DEPARTMENT.sub("", fold(text)))
    if found is None:
        raise Unclear
    return found


@cache
def _departments() -> dict[str, str]:
    return {_BEFORE_DEPARTMENT.sub("", fold(row.department)): row.department for row in municipalities()}


def municipality_called(text: str, department: str) -> str:
    """The INE code of a municipality of the department with just this name, or nothing."""
    found = _municipalities_called().get(fold(text), ()) if text else ()
    return next((row.ine_code for row in found if row.department == department), "")


@cache
def _municipalities_called() -> dict[str, tuple[MunicipalityRow, ...]]:
    called: dict[str, tuple[MunicipalityRow, ...]] = {}
    for row in municipalities():
        names = filter(None, (row.name, row.alias))
        for words in {fold(text) for name in names for text in (name, f"{name} {row.department}")}:
            called[words] = (*called.get(words, ()), row)
    return called


# -- names


def bare_name(text: str) -> tuple[str, str, str]:
    """(name, title before it, remark in brackets): «Prof. Juan Coc (pendiente)»."""
    remark = " ".join(_REMARK.findall(text))
    words = _REMARK.sub(" ", text).split()
    n_titles = next((number for number, word in enumerate(words) if fold(word) not in _TITLES), len(words))
    return " ".join(words[n_titles:]), " ".join(words[:n_titles]), remark


def split_name(text: str, *, surnames_first: bool) -> tuple[str, str]:
    """The last two words are surnames («de la» goes with them); of two words one, and of three where the middle one is
    a given name. A comma divides: «Caal Tzib, María».
    """
    before, comma, after = text.partition(",")
    if comma:
        return after.strip(), before.strip()
    words = _with_particles(text.split())
    n_surnames = 2 if len(words) > 2 else len(words) - 1
    if len(words) == 3 and fold(words[1]) in _GIVEN_NAMES:
        n_surnames = 1
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
