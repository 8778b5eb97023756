from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from trainings.certificates.models import Certificate
from trainings.errors import Refusal, WrongInput
from trainings.web.i18n import N_
from trainings.web.problems import problem, sentence_of


def no_longer(request: Request, certificate: Certificate, refusal: Refusal) -> Response:
    back = f"/panel/capacitaciones/{certificate.registration.training_id}/diplomas"
    said = sentence_of(refusal)
    return problem(request, refusal.status, refusal.code, said, template="certificates/no_longer.html", back=back)


class UnprintableText(Refusal):
    sentence = N_(
        "El diploma no puede imprimir «%(letters)s». Está en el título, los contenidos o las firmas: corríjalo ahí."
    )


class UnprintableWords(WrongInput):
    """Of a form."""

    sentence = N_("El diploma no puede imprimir «%(letters)s». Escríbalo de otra manera.")
