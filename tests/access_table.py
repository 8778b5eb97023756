"""The tables of who gets where: a line for every route of the application."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta

from tests.addresses import Objects
from trainings import clock
from trainings.accounts.models import Role

ACCOUNTS = ("platform", "admin", "coordinator", "coordinator_elsewhere", "facilitator", "monitor", "assistant")
"""Those of the demo world: admin, municipal, coordina, coordina2 (at the other hub), facilita, monitoreo, asistente."""
IN, FORBIDDEN, NOT_FOUND, SIGN_IN = "in", "403", "404", "sign in"
HERE, THERE = "here", "there"
"""Whose objects stand in the address: those of the hub where six accounts work, or those of the other one."""


@dataclass(frozen=True)
class Rule:
    """Who gets in at their own hub (`insiders`), who sees the object there and may not (`seen`), who does `everywhere`.

    At the other hub insiders find nothing. To others it opens `partly`: not with what is another's. Everybody else
    has the wrong role, whatever stands in the address.
    """

    insiders: frozenset[str]
    seen: frozenset[str] = frozenset()
    everywhere: frozenset[str] = frozenset()
    partly: frozenset[str] = frozenset()

    @property
    def opens_to(self) -> frozenset[str]:
        return self.insiders | self.seen | self.everywhere | self.partly

    def verdict(self, account: str, whose: str) -> str:
        role, hub = as_at(account)
        if role in self.everywhere:
            return IN
        if role not in self.insiders | self.seen:
            return FORBIDDEN
        if hub != whose:
            return NOT_FOUND
        return IN if role in self.insiders else FORBIDDEN


def as_at(account: str) -> tuple[str, str]:
    return ("coordinator", THERE) if account == "coordinator_elsewhere" else (account, HERE)


ROLES: Mapping[str, Role] = {
    "platform": Role.PLATFORM_ADMIN,
    "admin": Role.MUNICIPAL_ADMIN,
    "coordinator": Role.HUB_COORDINATOR,
    "facilitator": Role.FACILITATOR,
    "monitor": Role.MONITORING_OFFICER,
    "assistant": Role.ASSISTANT,
}
LEAD = frozenset({"coordinator", "admin"})
AT_DESK = LEAD | {"assistant"}
AT_HUB = AT_DESK | {"facilitator"}
WITHOUT_HUB = frozenset({"monitor", "platform"})
ALL = AT_HUB | WITHOUT_HUB

EVERYBODY, EDITORS_LIST, DESK_LIST, DOOR_LIST = (
    Rule(frozenset(), everywhere=who) for who in (ALL, LEAD, AT_DESK, AT_HUB)
)
"""Pages without an object in their address: what they list is narrowed by the queries."""
COVERAGE = Rule(frozenset(), everywhere=LEAD | {"monitor"})
EDITORS, DESK, DOOR, ONES_OWN = (Rule(who) for who in (LEAD, AT_DESK, AT_HUB, ALL))
PLATFORM, CONTACTS = (Rule(frozenset(), everywhere=who) for who in (frozenset({"platform"}), LEAD | {"platform"}))
"""What all municipalities share, so it lies at no hub: changed by the platform, confirmed by coordinators too."""
COURSE = Rule(frozenset(), everywhere=frozenset({"platform"}), partly=LEAD)
CATALOGUE = CONTACTS
"""Everybody who plans makes courses of their own; those of the demo world are the platform's."""
ACCOUNT_LIST = Rule(frozenset(), everywhere=frozenset({"admin", "platform"}))
ACCOUNT = Rule(frozenset({"admin"}), everywhere=frozenset({"platform"}))
ADMIN_LIST, ADMIN = Rule(frozenset(), everywhere=frozenset({"admin"})), Rule(frozenset({"admin"}))
SCHEDULE = Rule(AT_HUB, everywhere=WITHOUT_HUB)
CLOSING = Rule(AT_HUB - {"assistant"}, seen=frozenset({"assistant"}))

CALLS = "/panel/llamadas/{id:uuid}"
TRAINING, ROW = "/panel/capacitaciones/{id:uuid}", "/personas/{registration_id:uuid}"
WAITING = f"{TRAINING}/espera/{{group_id:uuid}}"
SESSION, DOOR_PAGE = "/panel/sesiones/{id:uuid}", "/panel/sesiones/{id:uuid}/asistencia"
SHEETS, SHEET = f"{SESSION}/hojas", f"{SESSION}/hojas/{{code}}"
NOTE, CONTACT = "/panel/notas/{id:uuid}", "/panel/contactos/{id:uuid}"
PERSON, PAPER = "/panel/inscripciones/{id:uuid}", "/panel/diplomas/{id:uuid}"
JOB, FOLIOS = "trabajo/{job:uuid}", "/panel/folios/{operator:uuid}/{year:int}"
PEOPLE = "/panel/personas/repetidas"
LIST = "/panel/importaciones/{id:uuid}"
PAIR, DECISION = PEOPLE + "/{one:uuid}/{other:uuid}", PEOPLE + "/decisiones/{id:uuid}"
BLOCK, CARD = "/panel/tarjetas/bloques/{id:uuid}", "/panel/tarjetas/{id:uuid}"
ACTIVITY = "/panel/actividades/{id:uuid}"
PHONES, PHONE = "/panel/telefonos", "/panel/telefonos/{id:uuid}"
SIGNATURE, MESSAGE = "/panel/firmas/{operator:uuid}/{id:uuid}", "/panel/mensajes/{id:uuid}"

TEXT = "/panel/textos/{operator:uuid}/{kind}/{lang}"
SIGNING = "/panel/firma-electronica/{operator:uuid}"

PANEL: Mapping[str, Rule] = {
    "GET /panel": EVERYBODY,
    "GET /panel/semana": EVERYBODY,
    "GET /panel/mes": EVERYBODY,
    "GET /panel/lista": EVERYBODY,
    "GET /panel/sin-actividad": COVERAGE,
    "GET /panel/ajustes": EVERYBODY,
    "GET /panel/personas": DESK_LIST,
    "GET /panel/cuenta": EVERYBODY,
    "GET /panel/cuenta/calendario": EVERYBODY,
    "POST /panel/cuenta/calendario": EVERYBODY,
    "POST /panel/cuenta/calendario/anular": EVERYBODY,
    "GET /panel/guardado": EVERYBODY,
    "GET /panel/guia": EVERYBODY,
    "GET /panel/guia/{job}": EVERYBODY,
    "GET /panel/guia/fotos/{picture}.png": EVERYBODY,
    "GET /panel/cursos": EVERYBODY,
    "GET /panel/cursos/nuevo": CATALOGUE,
    "GET /panel/cursos/{id:uuid}/editar": COURSE,
    "GET /panel/cursos/temas/{slug}": COURSE,
    "GET /panel/lugares": EDITORS_LIST,
    "GET /panel/lugares/nuevo": EDITORS_LIST,
    "GET /panel/lugares/{id:uuid}/editar": EDITORS,
    "GET /panel/proyectos": CATALOGUE,
    "GET /panel/proyectos/nuevo": CATALOGUE,
    "GET /panel/proyectos/{id:uuid}/editar": PLATFORM,
    "GET /panel/fiestas": EDITORS_LIST,
    "GET /panel/fiestas/nueva": EDITORS_LIST,
    "GET /panel/fiestas/{id:uuid}/editar": EDITORS,
    "GET /panel/copiar-mes": EDITORS_LIST,
    "GET /panel/mi-disponibilidad": DOOR_LIST,
    "GET /panel/practica": DOOR_LIST,
    "GET /panel/comunidades": DESK_LIST,
    "GET /panel/llamadas": DESK_LIST,
    "GET /panel/llamadas/nueva": DESK_LIST,
    **{f"GET {CALLS}{page}": DESK for page in ("", "/hoja", "/de-una-vez")},
    **{f"GET {of}/boletos{end}": DESK for of in (CALLS, TRAINING) for end in ("", ".pdf", ".zip")},
    f"GET {TRAINING}/llamadas": DESK,
    "GET /panel/notas": EDITORS_LIST,
    "GET /panel/notas/nueva": EDITORS_LIST,
    f"GET {NOTE}": EDITORS,
    f"GET {NOTE}/editar": EDITORS,
    f"GET {NOTE}/borrar": EDITORS,
    "GET /panel/contactos": CONTACTS,
    "GET /panel/contactos/nuevo": PLATFORM,
    f"GET {CONTACT}/editar": PLATFORM,
    **{f"GET /panel/cuentas{page}": ACCOUNT_LIST for page in ("", "/nueva")},
    "GET /panel/cuentas/{user_id:uuid}": ACCOUNT,
    "GET /panel/actividades": EVERYBODY,
    "GET /panel/actividades/nueva": EDITORS_LIST,
    f"GET {ACTIVITY}": SCHEDULE,
    **{f"GET {ACTIVITY}/{page}": EDITORS for page in ("editar", "mover", "cancelar")},
    **{f"GET {ACTIVITY}/{page}": DOOR for page in ("conteo", "totales", "revisar")},
    "GET /panel/orientaciones": DESK_LIST,
    "GET /panel/capacitaciones": EVERYBODY,
    "GET /panel/capacitaciones/nueva": EDITORS_LIST,
    f"GET {TRAINING}": SCHEDULE,
    f"GET {TRAINING}/editar": EDITORS,
    f"GET {TRAINING}/duplicar": EDITORS,
    f"GET {TRAINING}/cancelar": EDITORS,
    f"GET {TRAINING}/borrar": EDITORS,
    f"GET {TRAINING}/cambios": DESK,
    f"GET {TRAINING}/reabrir": EDITORS,
    f"GET {TRAINING}/inscribir": DESK,
    f"GET {TRAINING}/convocatorias": DESK,
    f"GET {TRAINING}/convocatorias.pdf": DESK,
    f"GET {TRAINING}/convocatorias/{{letter_id:uuid}}.pdf": DESK,
    f"GET {TRAINING}/difundir": DESK,
    f"GET {TRAINING}/cartel.pdf": DESK,
    f"GET {TRAINING}/cartel.png": DESK,
    **{f"GET /panel/difundir{page}": DESK_LIST for page in ("", "/cartel.pdf", "/cartel.png")},
    f"GET {TRAINING}/importar": DESK,
    f"GET {TRAINING}/exportar": EDITORS,
    f"GET {TRAINING}/espera": DESK,
    f"GET {TRAINING}/espera/cerrar": EDITORS,
    f"GET {TRAINING}{ROW}/cancelar": DESK,
    f"GET {TRAINING}/diplomas": DESK,
    f"GET {TRAINING}/diplomas/cambios": DESK,
    f"GET {TRAINING}/diploma-muestra.png": DESK,
    f"GET {TRAINING}/diplomas/diseno": EDITORS,
    f"GET {TRAINING}/diplomas/diseno/muestra.png": EDITORS,
    f"GET {SESSION}/mover": EDITORS,
    f"GET {SESSION}/cancelar": EDITORS,
    f"GET {SESSION}/realizada": EDITORS,
    f"GET {SESSION}/no-realizada": EDITORS,
    f"GET {SESSION}/reabrir": EDITORS,
    f"GET {SESSION}/cambio.png": DESK,
    f"GET {DOOR_PAGE}": DOOR,
    f"GET {DOOR_PAGE}/sin-boleto": DOOR,
    f"GET {DOOR_PAGE}/cerrar": CLOSING,
    "GET /panel/hojas": DOOR_LIST,
    "GET /panel/buscar": DOOR_LIST,
    f"GET {SHEETS}": DOOR,
    **{f"GET {SHEET}{page}": DOOR for page in ("", "/imprimir", "/hoja.pdf", "/tarjetas.pdf", "/filas")},
    f"GET {SHEET}/filas/{{row:int}}": DOOR,
    f"GET {SESSION}/expediente": DOOR,
    f"GET {SESSION}/expediente.pdf": DOOR,
    f"GET {SESSION}/aviso-familia": DOOR,
    f"GET {SESSION}/revisar": DOOR,
    **{f"GET {SESSION}/revisar/{page}": EDITORS for page in ("persona", "ficha")},
    "GET /panel/revisar/asistencia": DOOR_LIST,
    "GET /panel/menor-solo": DOOR_LIST,
    **{f"GET {PHONES}{page}": DOOR_LIST for page in ("", "/este", "/otro")},
    f"GET {PHONES}/copia": EDITORS_LIST,
    f"GET {PHONE}": DOOR,
    f"GET {PHONE}/retirar": CLOSING,
    "GET /panel/apoyos": DESK_LIST,
    "GET /panel/revisar": DESK_LIST,
    "GET /panel/revisar/confirmar": DESK_LIST,
    f"GET {PERSON}": DOOR,
    f"GET {PERSON}/boleto": DESK,
    f"GET {PERSON}/boleto.png": DESK,
    f"GET {PERSON}/enviar": DESK,
    f"GET {PERSON}/diploma": DESK,
    f"GET {PERSON}/historial/{{code}}.pdf": DESK,
    "GET /panel/diplomas": DESK_LIST,
    f"GET {TRAINING}/tarjetas": DESK,
    f"GET {BLOCK}": DESK,
    f"GET {BLOCK}/soltar": DESK,
    f"GET {BLOCK}/tarjetas.pdf": DESK,
    "GET /panel/tarjetas": DESK_LIST,
    "GET /panel/tarjetas/usar": DESK_LIST,
    "GET /panel/tarjetas/hojas/{id:uuid}.pdf": DESK,
    f"GET {CARD}/usar": DESK,
    f"GET {CARD}/anular": DESK,
    f"GET {PAPER}.pdf": DESK,
    f"GET {PAPER}/anular": EDITORS,
    f"GET {TRAINING}/diplomas/anular": EDITORS,
    "GET /panel/importaciones/modelo.xlsx": DESK_LIST,
    **{f"GET {LIST}{page}": DESK for page in ("", "/columnas", "/fila/{row:int}", "/avance", "/errores.csv")},
    "GET /panel/exportar": EDITORS_LIST,
    "GET /panel/firmas": EDITORS_LIST,
    "GET /panel/firma-electronica": ADMIN_LIST,
    "GET /panel/membrete": EDITORS_LIST,
    "GET /panel/membrete/imagen/{id:uuid}": EDITORS,
    "GET /panel/membrete/{operator:uuid}/muestra.png": EDITORS,
    "GET /panel/diseno/{operator:uuid}": EDITORS,
    "GET /panel/diseno/{operator:uuid}/muestra.png": EDITORS,
    f"GET {PEOPLE}": EDITORS_LIST,
    f"GET {PAIR}": EDITORS,
    "GET /panel/mensajes": EDITORS_LIST,
    f"GET {MESSAGE}": EDITORS,
    f"GET {MESSAGE}/html": EDITORS,
    **{f"GET /panel/textos{page}": ADMIN_LIST for page in ("", "/hojas")},
    f"GET {TEXT}": ADMIN,
    # What changes something: in such an order that one does not take the object from under the next.
    **{f"POST {PHONES}/{page}": DOOR_LIST for page in ("este", "otro")},
    f"POST {PHONES}/copia": EDITORS_LIST,
    **{f"POST {PHONE}{act}": CLOSING for act in ("", "/retirar")},
    "POST /panel/cursos/nuevo": CATALOGUE,
    "POST /panel/cursos/{id:uuid}/copiar": EDITORS_LIST,
    "POST /panel/cursos/{id:uuid}/editar": COURSE,
    "POST /panel/cursos/temas/{slug}": COURSE,
    "POST /panel/lugares/nuevo": EDITORS,
    "POST /panel/lugares/{id:uuid}/editar": EDITORS,
    "POST /panel/proyectos/nuevo": CATALOGUE,
    "POST /panel/proyectos/{id:uuid}/editar": PLATFORM,
    "POST /panel/fiestas/nueva": EDITORS_LIST,
    "POST /panel/fiestas/{id:uuid}/editar": EDITORS,
    "POST /panel/fiestas/{id:uuid}/quitar": EDITORS,
    "POST /panel/copiar-mes": EDITORS,
    "POST /panel/copiar-mes/publicar": EDITORS,
    "POST /panel/mi-disponibilidad": DOOR_LIST,
    **dict.fromkeys(("POST /panel/practica", "POST /panel/practica/vaciar"), DESK),
    "POST /panel/mi-disponibilidad/quitar": DOOR_LIST,
    "POST /panel/notas/nueva": EDITORS,
    **{f"POST {NOTE}/{act}": EDITORS for act in ("editar", "audio", "audio/quitar", "revisar", "retirar", "publicar")},
    **{f"POST {NOTE}/{act}": EDITORS for act in ("borrar", "recuperar")},
    "POST /panel/contactos/nuevo": PLATFORM,
    **{f"POST {CONTACT}/{act}": PLATFORM for act in ("editar", "quitar", "mostrar")},
    f"POST {CONTACT}/revisar": CONTACTS,
    "POST /panel/cuentas": ACCOUNT_LIST,
    **{f"POST /panel/cuentas/{{user_id:uuid}}/{act}": ACCOUNT for act in ("roles", "enlace", "cerrar", "abrir")},
    "POST /panel/cuentas/{user_id:uuid}/roles/{grant_id:uuid}/quitar": ACCOUNT,
    **{f"POST {CALLS}/{act}": DESK for act in ("marcar", "de-una-vez", "de-una-vez/deshacer", "cerrar", "abrir")},
    f"POST {TRAINING}/llamadas": DESK,
    "POST /panel/comunidades/confirmar": DESK,
    "POST /panel/comunidades/corregir": DESK,
    "POST /panel/comunidades/escritura": DESK,
    "POST /panel/comunidades/ocultar": DESK,
    "POST /panel/comunidades/deshacer": DESK,
    "POST /panel/actividades/nueva": EDITORS,
    **{f"POST {ACTIVITY}/{page}": DOOR for page in ("conteo", "conteo/deshacer", "toques", "totales")},
    **{
        f"POST {ACTIVITY}/{page}": EDITORS for page in ("editar", "mover", "publicar", "cancelar", "reabrir", "revisar")
    },
    "POST /panel/orientaciones": DESK,
    "POST /panel/capacitaciones/nueva": EDITORS,
    f"POST {TRAINING}/publicar": EDITORS,
    f"POST {TRAINING}/ocultar": EDITORS,
    f"POST {TRAINING}/reabrir": EDITORS,
    f"POST {TRAINING}/cambios/avisar": EDITORS,
    f"POST {TRAINING}/cambios/{{batch:uuid}}/detener": EDITORS,
    f"POST {SESSION}/reabrir": EDITORS,
    f"POST {TRAINING}/editar": EDITORS,
    f"POST {TRAINING}/duplicar": EDITORS,
    f"POST {TRAINING}/cancelar": EDITORS,
    f"POST {TRAINING}/borrar": EDITORS,
    f"POST {TRAINING}/inscribir": DESK,
    f"POST {TRAINING}/tarjetas": DESK,
    f"POST {BLOCK}/enlace": DESK,
    f"POST {BLOCK}/hora": DESK,
    f"POST {BLOCK}/soltar": DESK,
    "POST /panel/tarjetas": DESK,
    "POST /panel/tarjetas/usar": DESK_LIST,
    f"POST {CARD}/usar": DESK,
    f"POST {CARD}/anular": DESK,
    f"POST {TRAINING}/convocatorias": DESK,
    **dict.fromkeys(
        [f"POST {TRAINING}/convocatorias/{act}" for act in ("invitar", "tarjetas", "deshacer", "quitar")], DESK
    ),
    f"POST {TRAINING}/importar": DESK,
    f"POST {TRAINING}/exportar": EDITORS,
    "POST /panel/exportar": EDITORS,
    **{f"POST {LIST}/{act}": DESK for act in ("columnas", "fila/{row:int}", "confirmar", "descartar", "seguir")},
    f"POST {WAITING}/avisado": DESK,
    f"POST {WAITING}/acepta": DESK,
    f"POST {WAITING}/soltar": DESK,
    f"POST {WAITING}/no-se-pudo": DESK,
    f"POST {WAITING}/no-acepta": DESK,
    f"POST {WAITING}/subir": DESK,
    f"POST {TRAINING}/espera/cerrar": EDITORS,
    f"POST {TRAINING}{ROW}/aceptar": DESK,
    f"POST {TRAINING}{ROW}/cancelar": DESK,
    f"POST {TRAINING}/diplomas/cambios": EDITORS,
    f"POST {TRAINING}/diplomas": EDITORS,
    f"POST {SESSION}/mover": EDITORS,
    f"POST {SESSION}/cancelar": EDITORS,
    f"POST {SESSION}/realizada": EDITORS,
    **{f"POST {SESSION}/no-realizada{rest}": EDITORS for rest in ("", "/deshacer")},
    f"POST {SESSION}/revisar": EDITORS,
    **{f"POST {SESSION}/revisar/{page}": EDITORS for page in ("persona", "ficha")},
    **{f"POST {SESSION}/revisar/{page}": CLOSING for page in ("cerrar", "abierta")},
    f"POST {DOOR_PAGE}/marcas": DOOR,
    f"POST {DOOR_PAGE}/deshacer": DOOR,
    f"POST {DOOR_PAGE}/sin-boleto": DOOR,
    f"POST {DOOR_PAGE}/cerrar": CLOSING,
    f"POST {SHEETS}": DOOR,
    **{f"POST {SHEET}/{act}": DOOR for act in ("pasar", "deshacer", "guardada")},
    **{f"POST {SHEET}/filas/{{row:int}}/{act}": DOOR for act in ("marcar", "salida", "nombre", "deshacer")},
    f"POST {SESSION}/expediente": DOOR,
    "POST /panel/menor-solo": DOOR_LIST,
    f"POST {DOOR_PAGE}/reabrir": CLOSING,
    "POST /panel/apoyos/{id:uuid}": DESK,
    "POST /panel/revisar/aprobar": DESK_LIST,
    "POST /panel/revisar/rechazar": DESK_LIST,
    f"POST {PERSON}/boleto-nuevo": DESK,
    f"POST {PERSON}/enlace-nuevo": DESK,
    f"POST {PERSON}/lista": DESK,
    f"GET {PERSON}/unir": DESK,
    f"POST {PERSON}/unir": DESK,
    f"GET {PERSON}/borrar": DESK,
    f"POST {PERSON}/borrar": DESK,
    "GET /panel/personas/por-borrar": DESK,
    "POST /panel/personas/por-borrar/{id:uuid}/confirmar": EDITORS,
    "POST /panel/personas/por-borrar/{id:uuid}/no-borrar": DESK,
    f"POST {PERSON}/no-borrar": EDITORS,
    f"POST {PERSON}/separar": DESK,
    f"POST {PERSON}/permisos": DESK,
    f"POST {PERSON}/rechazar": DESK,
    f"POST {PERSON}/datos": DOOR,
    f"POST {PERSON}/cancelar-grupo": DESK,
    f"POST {PERSON}/cancelar": DESK,
    f"POST {PERSON}/aprobar": DESK,
    f"POST {PERSON}/volver": DESK,
    f"POST {PERSON}/historial": DESK,
    f"POST {PERSON}/diploma": EDITORS,
    f"POST {PERSON}/diploma/nombre": DESK,
    f"POST {PERSON}/diploma/nombre/bien": DESK,
    **{f"GET {TRAINING}/diplomas/{page}": DESK for page in ("imprimir", "todos.zip", JOB, f"{JOB}/avance")},
    f"POST {TRAINING}/diplomas/imprimir": DESK,
    f"POST {TRAINING}/diplomas/{JOB}": EDITORS,
    "GET /panel/folios": DESK_LIST,
    f"GET {FOLIOS}": DESK,
    **{f"GET {FOLIOS}.{ending}": EDITORS for ending in ("pdf", "xlsx")},
    f"GET {TRAINING}/diplomas/preparar": EDITORS,
    **{f"POST {TRAINING}/diplomas/{act}": EDITORS for act in ("preparar", "no-usados", "corregir", "constancias")},
    f"GET {TRAINING}/entrega": DESK,
    f"POST {TRAINING}/entrega": DESK,
    **{f"POST {TRAINING}/entrega/{act}": DESK for act in ("codigo", "filas", "deshacer")},
    "GET /panel/diplomas/{id:uuid}/entrega": DESK,
    **{f"POST /panel/diplomas/{{id:uuid}}/entrega{act}": DESK for act in ("", "/deshacer")},
    f"GET {TRAINING}/ceremonia": DESK,
    f"GET {TRAINING}/evaluacion": CLOSING,
    f"POST {TRAINING}/evaluacion": CLOSING,
    f"GET {SHEET}/nombres": DOOR,
    f"POST {SHEET}/nombres": DOOR,
    f"GET {SHEET}/nombres/imprimir": DOOR,
    f"GET {SHEET}/nombres.pdf": DOOR,
    f"POST {PAPER}/anular": EDITORS,
    f"POST {TRAINING}/diplomas/anular": EDITORS,
    f"POST {TRAINING}/diplomas/anular/{{request_id:uuid}}": EDITORS,
    f"POST {TRAINING}/diplomas/anular/avisos/{{batch:uuid}}/detener": EDITORS,
    "POST /panel/firmas": EDITORS,
    **{
        f"POST {SIGNING}/{act}": ADMIN
        for act in ("archivo", "hacer", "insignias", "{id:uuid}/retirar", "{id:uuid}/robada")
    },
    "POST /panel/diseno/{operator:uuid}": EDITORS,
    f"POST {TRAINING}/diplomas/diseno": EDITORS,
    "POST /panel/membrete/{operator:uuid}/lineas": EDITORS,
    "POST /panel/membrete/{operator:uuid}/imagen": EDITORS,
    "POST /panel/membrete/{operator:uuid}/imagen/{id:uuid}/quitar": EDITORS,
    f"POST {SIGNATURE}/subir": EDITORS,
    f"POST {SIGNATURE}/fechas": EDITORS,
    f"POST {SIGNATURE}/quitar": EDITORS,
    f"POST {DECISION}/deshacer": EDITORS,
    f"POST {DECISION}/mostrar": EDITORS,
    f"POST {PAIR}/distintas": EDITORS,
    f"POST {PAIR}/unir": EDITORS,
    f"POST {PEOPLE}/unir": EDITORS_LIST,
    f"POST {MESSAGE}/reintentar": EDITORS,
    "POST /panel/mensajes/lotes/{id:uuid}/detener": EDITORS,
    "POST /panel/mensajes/seguir": EDITORS_LIST,
    "POST /panel/reloj": ACCOUNT_LIST,
    f"POST {TEXT}": ADMIN,
    f"POST {TEXT}/original": ADMIN,
    **{f"POST /panel/textos/{{operator:uuid}}/{act}": ADMIN for act in ("recordatorios", "hojas")},
    "POST /panel/guardado": EVERYBODY,
    "POST /panel/guardado/descartar": EVERYBODY,
    "POST /panel/cuenta/contrasena": EVERYBODY,
    "POST /panel/cuenta/resumenes": EVERYBODY,
    "POST /panel/cuenta/tecla": EVERYBODY,
    "POST /panel/cuenta/sesiones/{session_id:uuid}/terminar": ONES_OWN,
    "POST /panel/cuenta/sesiones/terminar": EVERYBODY,
}


def month_and_next() -> dict[str, str]:
    """This month and the next, as they are chosen to copy one into the other."""
    this = clock.today().replace(day=1)
    return {"month": f"{this:%Y-%m}", "target": f"{this + timedelta(days=31):%Y-%m}"}


OF_A_DAY = {"names": "no", "format": "csv", "first": "2027-01-01", "last": "2027-01-01"}

BODIES: Mapping[str, Callable[[Objects], dict[str, object]]] = {
    "POST /panel/tarjetas": lambda at: {"hub": at.hub.id, "n": 8},
    **dict.fromkeys(("POST /panel/practica", "POST /panel/practica/vaciar"), lambda at: {"hub": at.hub.id}),
    **dict.fromkeys(
        [f"POST /panel/comunidades/{act}" for act in ("confirmar", "corregir", "escritura", "ocultar", "deshacer")],
        lambda at: {"municipality": at.hub.seat_id, "name": "Las Pozas"},
    ),
    f"POST {CALLS}/marcar": lambda at: {"person": at.person.id, "result": "reached", "via": "call"},
    "POST /panel/actividades/nueva": lambda at: {"hub": at.hub.id},
    "POST /panel/orientaciones": lambda at: {"hub": at.hub.id, "subject": "returned", "step": "mas"},
    "POST /panel/capacitaciones/nueva": lambda at: {"hub": at.hub.id},
    "POST /panel/notas/nueva": lambda at: {"hub": at.hub.id, "title": "Nota", "body": "Texto"},
    **dict.fromkeys(
        ("POST /panel/copiar-mes", "POST /panel/copiar-mes/publicar"),
        lambda at: {"hub": at.hub.id, **month_and_next()},
    ),
    "POST /panel/lugares/nuevo": lambda at: {"hub": at.hub.id, "name": "Salón", "municipality": at.hub.seat_id},
    "POST /panel/exportar": lambda at: {"hub": at.hub.id, **OF_A_DAY},
    "POST /panel/firmas": lambda at: {"operator": at.operator.id, "name": "Ana Coc", "office": "mayor.f"},
    f"POST {PERSON}/diploma": lambda _at: {"kind": "diploma"},
    f"POST {PERSON}/permisos": lambda _at: {"purpose": "contact"},
    "POST /panel/apoyos/{id:uuid}": lambda _at: {"need": "food", "state": "arranged"},
}
"""Where the form names the object; elsewhere an empty form is enough to be let in or not."""
