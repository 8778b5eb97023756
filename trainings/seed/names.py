from __future__ import annotations

import random

from trainings.people.forms import PersonForm
from trainings.people.models import ActorType, AgeGroup, Pueblo, Sex

WOMEN = (
    "María Elena", "Rosa Amalia", "Marta Julia", "Ana Lucía", "Elvira", "Imelda", "Candelaria", "Petrona",
    "Dominga", "Juana", "Catarina", "Sandra Patricia", "Floridalma", "Berta Alicia", "Irma Yolanda", "Odilia",
    "Santa Isabel", "Ixmucané",
)  # fmt: skip
MEN = (
    "José Antonio", "Gilberto", "Byron", "Juan Pablo", "Óscar", "Domingo", "Sebastián", "Mateo", "Tomás", "Pedro Luis",
    "Carlos Enrique", "Marvin", "Rigoberto", "Alfredo", "Ermelindo", "Víctor Hugo", "Wilmer",
)  # fmt: skip
SURNAMES = (
    "Caal", "Tzib", "Coc", "Xol", "Ba", "Cucul", "Choc", "Pop", "Ical", "Tut", "Che", "Chub", "Ramírez",
    "López", "Pérez", "Méndez", "de León", "De La Cruz", "García", "Morales", "Velásquez", "Ochaeta", "Tesucún",
    "Chan", "Sacul", "Ajanel", "Tzoc", "Pu’", "Q’anil", "Bautista", "Mazariegos", "Zum",
)  # fmt: skip
COMMUNITIES = (
    "Las Pozas", "El Subín", "Las Palmas", "San Joaquín", "Barrio El Centro", "La Esperanza", "Nueva Libertad",
    "El Naranjo", "Caserío San Marcos", "Aldea El Retalteco", "Colonia El Porvenir", "Paxcamán", "",
)  # fmt: skip


def person(dice: random.Random, municipality: str, audience: list[str], *, is_asked: bool) -> PersonForm:
    """Some have a phone, few e-mail; many optional questions stay unanswered. `is_asked`: of the audience, as the page
    admits nobody else.
    """
    fits = is_asked or dice.random() < 0.7
    sex = dice.choice((Sex.MUJER, Sex.MUJER, Sex.MUJER, Sex.HOMBRE, Sex.HOMBRE))
    given = dice.choice(WOMEN if sex is Sex.MUJER else MEN)
    surnames = f"{dice.choice(SURNAMES)} {dice.choice(SURNAMES)}"
    has_phone, has_email = dice.random() < 0.7, dice.random() < 0.08
    number = dice.randrange(10_000)
    return PersonForm(
        given_names=given,
        surnames=surnames,
        municipality=municipality,
        community=dice.choice(COMMUNITIES),
        actor_type=ActorType(dice.choice(audience or ["familia"])) if fits else dice.choice(list(ActorType)),
        sex=sex if dice.random() < 0.9 else None,
        age_group=_adult(dice) if dice.random() < 0.85 else None,
        phone=f"5555 {number:04d}" if has_phone else None,
        email=f"persona{number}.{dice.randrange(1000)}@correo.example" if has_email else None,
        pueblo=dice.choice((Pueblo.MAYA, Pueblo.LADINA, Pueblo.UNDISCLOSED)) if dice.random() < 0.5 else None,
        language=dice.choice(("spa", "spa", "kek", "mam", "mop")) if dice.random() < 0.5 else None,
    )


def _adult(dice: random.Random) -> AgeGroup:
    return dice.choice(
        (AgeGroup.A18_24, AgeGroup.A25_34, AgeGroup.A25_34, AgeGroup.A35_59, AgeGroup.A35_59, AgeGroup.A60)
    )
