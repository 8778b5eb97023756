"""Words for a social page about a training or month, in Spanish, like the posters.

Each asks people not to write there: comments under a public post are read by everybody, and stay.
"""

from __future__ import annotations

from typing import Any

from trainings.schedule.public.paper import WHEN, WHEN_AND_WHERE, WHERE

ASK = (
    "Por su seguridad, no escriba aquí su nombre, su teléfono ni nada de su familia o su situación. "
    "Para inscribirse o preguntar, use el enlace o llame."
)
MOST = 12


def of_training(data: dict[str, Any]) -> str:
    """From its poster's data: every day with hours, and the place if there are several."""
    facts = dict(data["facts"])
    only_day = f"{data['weekday']} {data['day']} {data['month']}, {data['hours']}"
    days = facts.get(WHEN_AND_WHERE) or facts.get(WHEN, [only_day])
    listed = [f"· {day}" for day in days] if len(days) > 1 else days
    _camera, telephone, _no_mail, *until_when = data["sign_up"]
    call = [f"{data['call']}: {data['link']}", telephone, *until_when]
    return "\n".join([data["title"], *listed, *facts.get(WHERE, ()), "", *call, "", ASK])


def of_month(data: dict[str, Any]) -> str:
    """From its poster's data; of a long month the first dates."""
    items = [item for page in data["pages"] for item in page]
    dates = [f"· {_moment(item)}: {item['what']}. {item['place']}" for item in items]
    more = [f"Y {len(dates) - MOST} más en el enlace."] if len(dates) > MOST else []
    shown = dates[:MOST] + more or [data["nothing"]]
    head = f"{data['title']}: {data['month'].lower()} de {data['year']}"
    return "\n".join([head, "", *shown, "", f"Fechas e inscripción: {data['link']}", "", ASK])


def _moment(item: dict[str, str]) -> str:
    """`sábado 6, 8:30 a. m.`"""
    weekday, _comma, time = item["when"].partition(", ")
    return f"{weekday} {item['day']}, {time}"
