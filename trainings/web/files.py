"""Files are personal: none lies on a disk or in a cache."""

from __future__ import annotations

from typing import ClassVar

from starlette.formparsers import MultiPartException, MultiPartParser
from starlette.requests import Request
from starlette.responses import Response

from trainings.errors import Refusal
from trainings.web.forms import Typed, UnreadableForm, WrongFormType
from trainings.web.i18n import N_

MEGABYTE = 1024 * 1024
FILE_LIMIT = 2 * MEGABYTE
UPLOAD_TYPE = "multipart/form-data"
MOST_FIELDS = 20
LONGEST_FIELD = 4 * 1024


class FileTooLarge(Refusal):
    status = 413
    limit: ClassVar[int] = FILE_LIMIT
    sentence = N_(
        "El archivo pesa más de 2 MB. Copie solo la lista a una hoja nueva, sin imágenes, o divídala en dos archivos."
    )


class RecordingTooLarge(FileTooLarge):
    limit: ClassVar[int] = 5 * MEGABYTE
    sentence = N_(
        "La grabación pesa más de 5 MB. Grábela con calidad baja (32 kbit/s bastan para la voz), o hágala más corta."
    )


class PhoneCopyTooLarge(FileTooLarge):
    limit: ClassVar[int] = 5 * MEGABYTE
    sentence = N_("El archivo pesa más de 5 MB: no es la copia de un teléfono. Su nombre empieza con «marcas-».")


class CheckedFileTooLarge(FileTooLarge):
    limit: ClassVar[int] = MEGABYTE
    sentence = N_("El archivo pesa más de 1 MB: no es uno de los que entregan las ventanillas, que pesan mucho menos.")


class PictureTooLarge(FileTooLarge):
    limit: ClassVar[int] = 4 * MEGABYTE
    sentence = N_("La imagen pesa más de 4 MB. Redúzcala: 1000 puntos de ancho bastan.")


class KeyFileTooLarge(FileTooLarge):
    limit: ClassVar[int] = 64 * 1024
    sentence = N_("El archivo pesa demasiado: no es un certificado. Suba el que termina en .p12 o .pfx.")


class _InMemory(MultiPartParser):
    """Beyond this size the framework would write the file to a temporary folder."""

    spool_max_size = RecordingTooLarge.limit + 1


async def read_upload(request: Request, name: str, too_large: type[FileTooLarge] = FileTooLarge) -> tuple[Typed, bytes]:
    """The posted fields, and the content of the file `name` (empty where none was chosen).

    Refuses other content types, more than one file or twenty fields, and with `too_large` what is over its limit.
    """
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != UPLOAD_TYPE:
        raise WrongFormType(N_("Escoja un archivo y envíelo con el formulario de esta página."))
    parser = _InMemory(
        request.headers, request.stream(), max_files=1, max_fields=MOST_FIELDS, max_part_size=LONGEST_FIELD
    )
    try:
        form = await parser.parse()
    except MultiPartException as exc:
        raise UnreadableForm from exc
    typed, content = Typed(), b""
    try:
        for key, value in form.multi_items():
            if isinstance(value, str):
                typed.add(key, value)
            elif key == name:
                content = await value.read(too_large.limit + 1)
                if len(content) > too_large.limit:
                    raise too_large(field=name)
    finally:
        await form.close()
    return typed, content


def download(content: bytes, media_type: str, name: str) -> Response:
    headers = {"content-disposition": f'attachment; filename="{name}"', "cache-control": "no-store"}
    return Response(content, media_type=media_type, headers=headers)
