from __future__ import annotations

from collections.abc import Collection

from trainings.people import choices
from trainings.people.choices import Choices
from trainings.people.models import AgeGroup
from trainings.people.words import AGE_GROUPS
from trainings.registrations.eligibility import OLDEST, Window, minor_ages
from trainings.registrations.signup.family_forms import ADULT, MINOR_AGES
from trainings.schedule.plans import YOUNGEST
from trainings.web.i18n import N_, gettext


def short_ages(trainings: Collection[Window], *given: str) -> Choices:
    """«18 o más», each age under 18 that any training takes, and the given answers."""
    taken = {band for one in trainings for band in minor_ages(one)}
    bands = [band for band in AgeGroup if band in taken or (band.value in given and band.value != ADULT)]
    return [(ADULT, gettext(N_("18 o más"))), *((band.value, gettext(AGE_GROUPS[band])) for band in bands)]


def asked_ages(training: Window, *given: str) -> Choices:
    """The public form also offers ages that are too young: only then it tells whom to call."""
    offered, taken = short_ages([training], *given), minor_ages(training)
    untaken = [band for band in OLDEST if band not in taken]
    if not untaken or untaken[-1].value in dict(offered):
        return offered
    words = gettext(N_("Menos de %(age)s años")) % {"age": OLDEST[untaken[-1]] + 1}
    return [*offered, (untaken[-1].value, words)]


def age_groups(training: Window, *given: str) -> Choices:
    """Without groups under 18 that the training does not take, unless given."""
    taken = {band.value for band in minor_ages(training)} | {*given}
    return [one for one in choices.age_groups() if one[0] not in MINOR_AGES or one[0] in taken]


def slip_ages(trainings: Collection[Window], *given: str) -> Choices:
    """As `age_groups` of each; an adult need not say which."""
    taken = {one for training in trainings for one in age_groups(training, *given)}
    return [*(one for one in choices.age_groups() if one in taken), or_adult()]


def or_adult() -> tuple[str, str]:
    return ADULT, gettext(N_("18 o más, prefiero no decir cuántos"))


def minors_from(training: Window) -> int | None:
    """The youngest age; None: no minors."""
    return max(training.minimum_age or 0, YOUNGEST) if minor_ages(training) else None
