from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence

from trainings.people.models import ActorType
from trainings.people.words import LANGUAGES
from trainings.places.words import ACCESS
from trainings.schedule.models import Offer
from trainings.schedule.words import OFFERS
from trainings.web.i18n import N_, gettext, language

ADULT = 18

AUDIENCES: dict[ActorType, str] = {
    ActorType.COCODE: N_("integrantes del COCODE"),
    ActorType.COMUDE: N_("integrantes del COMUDE"),
    ActorType.ALCALDIA: N_("alcaldías auxiliares y autoridades indígenas"),
    ActorType.DOCENTE: N_("docentes"),
    ActorType.SALUD: N_("personal de salud y comadronas"),
    ActorType.RELIGIOSO: N_("líderes religiosos"),
    ActorType.RADIO: N_("personas que comunican en la radio"),
    ActorType.JUVENTUD: N_("jóvenes"),
    ActorType.MUJERES: N_("organizaciones de mujeres"),
    ActorType.CONSEJERA: N_("consejeras comunitarias"),
    ActorType.MUNICIPAL: N_("personal municipal"),
    ActorType.INSTITUCION: N_("instituciones públicas"),
    ActorType.ORGANIZACION: N_("organizaciones sociales"),
    ActorType.FAMILIA: N_("familias"),
    ActorType.OTRO: N_("otras personas interesadas"),
}


def listing(parts: Sequence[str]) -> str:
    """`a, b y c`; before the sound of i, Spanish says `e`."""
    if len(parts) < 2:
        return "".join(parts)
    joint = N_("%(first)s e %(last)s") if _sounds_like_i(parts[-1]) else N_("%(first)s y %(last)s")
    return gettext(joint) % {"first": ", ".join(parts[:-1]), "last": parts[-1]}


def sentence_of(parts: Iterable[str]) -> str:
    """Adds the capital and the full stop. Empty without parts."""
    text = listing([part for part in parts if part])
    return f"{text[0].upper()}{text[1:]}." if text else ""


def language_name(code: str) -> str:
    """Within a sentence: lower case in Spanish, not in English."""
    name = gettext(LANGUAGES[code]) if code in LANGUAGES else code
    return name if language().startswith("en") else _small(name)


def audience_sentence(codes: Iterable[str]) -> str:
    """Without codes: everybody."""
    named = [gettext(AUDIENCES[ActorType(code)]) for code in codes if code in AUDIENCES]
    return sentence_of(named) or gettext("Toda persona interesada.")


def age_sentence(minimum_age: int | None, *, admits_minors: bool) -> str:
    """From which age; minors with the consent of a parent or guardian."""
    if not admits_minors:
        return gettext("Desde %(age)s años.") % {"age": max(minimum_age or ADULT, ADULT)}
    if minimum_age is None:
        return gettext("Menores de edad, con permiso de su madre, padre o persona encargada.")
    words = N_("Desde %(age)s años. Menores de edad, con permiso de su madre, padre o persona encargada.")
    return gettext(words) % {"age": minimum_age}


def language_sentence(codes: Collection[str], interpreted: Collection[str]) -> str:
    """`Español, con intérprete de q’eqchi’.` Empty if unknown."""
    spoken = listing([language_name(code) for code in codes])
    into = listing([language_name(code) for code in interpreted])
    if spoken and into:
        spoken = gettext("%(languages)s, con intérprete de %(others)s") % {"languages": spoken, "others": into}
    elif into:
        spoken = gettext("con intérprete de %(others)s") % {"others": into}
    return sentence_of([spoken])


def access_sentence(features: Collection[str]) -> str:
    """Help and obstacles for people with disabilities, in the order of the word list."""
    return sentence_of(_small(gettext(words)) for feature, words in ACCESS.items() if feature in features)


def offer_sentence(offers: Collection[str]) -> str:
    """Without childcare and interpreters."""
    told = (Offer.SNACK, Offer.FARE)
    return sentence_of(_small(gettext(OFFERS[offer])) for offer in told if offer in offers)


def _small(text: str) -> str:
    return text[:1].lower() + text[1:]


def _sounds_like_i(word: str) -> bool:
    start = word[:3].lower()
    return start.startswith(("i", "í")) or (start.startswith(("hi", "hí")) and start[2:] not in ("a", "e"))
