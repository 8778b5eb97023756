from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextvars import ContextVar
from functools import lru_cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined, pass_eval_context, select_autoescape
from jinja2.nodes import EvalContext
from markupsafe import Markup, escape
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from trainings import clock
from trainings.lib import dates
from trainings.lib.phones import show_phone
from trainings.lib.tokens import show_certificate_code, show_short_code
from trainings.settings import get_settings
from trainings.web import i18n
from trainings.web.band import line_band, marks_band, seats_band
from trainings.web.flash import COOKIE as FLASH_COOKIE
from trainings.web.flash import Tone, flash, take_flashes
from trainings.web.guide import guide_path
from trainings.web.headers import scan_page_headers, token_page_headers
from trainings.web.static import static

TEMPLATE_DIR = Path(__file__).parent.parent.parent / "templates"
TIME_AND_STOP, TIME = f"{dates.NBSP}m..", f"{dates.NBSP}m."

__all__ = [
    "environment",
    "redirect",
    "render",
    "render_block",
    "render_text",
    "scan_page_headers",
    "token_page_headers",
]


class _Environment(Environment):
    def make_globals(self, d: Any) -> Any:
        """No template has its own: a plain dictionary is compared at once, the library's chain name by name."""
        assert not d
        return self.globals


@lru_cache(maxsize=1)
def environment() -> Environment:
    env = _Environment(
        loader=FileSystemLoader(TEMPLATE_DIR),
        autoescape=select_autoescape(["html", "svg"]),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
        extensions=["jinja2.ext.i18n", "jinja2.ext.do"],
    )
    _install_translations(env)
    env.globals.update(static=static, settings=get_settings, lang=i18n.language, absolute=absolute)
    env.globals.update(guide_path=guide_path)
    env.globals.update(sends_mail=lambda: get_settings().sends_mail)
    env.globals.update(seats_band=seats_band, line_band=line_band, marks_band=marks_band)
    env.filters.update(
        long_date=lambda moment: dates.long_date(moment, i18n.language()),
        day_and_time=lambda moment: dates.day_and_time(moment, i18n.language()),
        time_of_day=lambda moment: dates.time_of_day(moment, i18n.language()),
        the_time=lambda moment: dates.the_time(moment, i18n.language()),
        weekday=lambda moment: dates.weekday(moment, i18n.language()),
        month_name=lambda moment: dates.month_name(moment, i18n.language()),
        local=clock.local,
        duration=lambda minutes: dates.duration(minutes, i18n.language()),
        numeric_date=dates.numeric_date,
        phone=show_phone,
        options=_options,
        short_code=show_short_code,
        certificate_code=show_certificate_code,
    )
    _install_parts(env)
    return env


def _options(choices: Iterable[tuple[object, object]], given: object) -> Markup:
    """Of a select field; hundreds of them, so not by a macro each."""
    chosen = str(given)
    made = (
        f'<option value="{escape(value)}"{" selected" if str(value) == chosen else ""}>{escape(text)}</option>'
        for value, text in choices
    )
    return Markup("".join(made))  # noqa: S704  escaped above


def _install_parts(env: Environment) -> None:
    """Every page may use them without importing: icons, notes, fields, what is empty, what to correct."""
    macros = {"icon": "icons", "note": "notice", "empty": "empty", "summary": "summary", "why_not": "summary"}
    for name, file in macros.items():
        macro = getattr(env.get_template(f"parts/{file}.html").module, name)
        env.globals[name] = lru_cache(macro) if name == "icon" else macro
    env.globals["field"] = env.get_template("parts/field.html").module


def _install_translations(env: Environment) -> None:
    install: Any = env
    install.install_gettext_callables(
        i18n.gettext, i18n.ngettext, newstyle=True, pgettext=i18n.pgettext, npgettext=i18n.npgettext
    )
    # Dozens of times a page: the library's own calls itself through the context, and looks for values where none are.
    env.globals["_"] = env.globals["gettext"] = _told


@pass_eval_context
def _told(page: EvalContext, message: str, /, **values: Any) -> str:
    text = i18n.gettext(message)
    if page.autoescape:
        text = Markup(text)  # noqa: S704  the catalogue's, and values are escaped
    return text % values if values or "%" in text else text


def absolute(path: str) -> str:
    return get_settings().base_url.rstrip("/") + path


_practice: ContextVar[bool] = ContextVar("practice", default=False)


def note_practice(is_practice: bool) -> None:
    """Said by whatever loads a training for a page: of a practice every page bears its band."""
    if is_practice:
        _practice.set(True)


def _is_practice() -> bool:
    """As noted for this answer, which ends it."""
    noted = _practice.get()
    _practice.set(False)
    return noted


def render(
    request: Request,
    template: str,
    context: Mapping[str, Any] | None = None,
    *,
    status: int = 200,
    headers: Mapping[str, str] | None = None,
) -> Response:
    """Adds the request, the actor and flashes; pages of signed-in people are not cached."""
    actor = request.scope.get("state", {}).get("actor")
    flashes = take_flashes(request)
    known = {"request": request, "actor": actor, "flashes": flashes, "path": request.scope["path"], **(context or {})}
    known |= {"is_practice": _is_practice()}
    body = render_text(template, known)
    caching = "no-store" if actor is not None and actor.id is not None else "no-cache"
    response = HTMLResponse(body, status, {"cache-control": caching, **(headers or {})})
    if flashes:
        response.delete_cookie(FLASH_COOKIE, path="/")
    return response


def render_text(template: str, context: Mapping[str, Any]) -> str:
    """For mails. After "p. m." no second full stop."""
    return environment().get_template(template).render(context).replace(TIME_AND_STOP, TIME)


def render_block(template: str, block: str, context: Mapping[str, Any]) -> str:
    """Empty where the template has no such block."""
    found = environment().get_template(template)
    if block not in found.blocks:
        return ""
    text = "".join(found.blocks[block](found.new_context(dict(context))))
    return text.replace(TIME_AND_STOP, TIME)


def redirect(path: str, told: str = "", tone: Tone = "ok") -> RedirectResponse:
    """`told`: a translated sentence for the next page (`flash`)."""
    _is_practice()
    response = RedirectResponse(path, 303)
    if told:
        flash(response, told, tone)
    return response


def pdf_response(made: bytes, name: str) -> Response:
    """A file with names for this browser alone."""
    headers = {"cache-control": "no-store", "content-disposition": f'inline; filename="{name}"'}
    return Response(made, media_type="application/pdf", headers=headers)
