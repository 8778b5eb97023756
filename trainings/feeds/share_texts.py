"""What to write about a training or a month on a social page, in Spanish, like the posters.

Each asks people not to write there: what is typed under a public post is read by everybody, and stays.
"""

from __future__ import annotations

from typing import Any

ASK = (
    "Por su seguridad, no escriba aquí su nombre, su teléfono ni nada de su familia o su situación. "
    "Para inscribirse o preguntar, use el enlace o llame."
)
MOST = 12


def of_training(data: dict[str, Any]) -> str:
    """From what its poster says."""
    where = " ".join(" ".join(lines) for label, lines in data["facts"] if label == "Dónde")
    day = f"{data['weekday']} {data['day']} {data['month']}, {data['hours']}"
    _camera, telephone, _no_mail, *until_when = data["sign_up"]
    return "\n".join(
        [data["title"], day, where, "", f"{data['call']}: {data['link']}", telephone, *until_when, "", ASK]
    )


def of_month(data: dict[str, Any]) -> str:
    """From what its poster says; a long month by its first dates."""
    items = [item for page in data["pages"] for item in page]
    dates = [f"· {item['when'].partition(',')[0]} {item['day']}: {item['what']}. {item['place']}" for item in items]
    more = [f"Y {len(dates) - MOST} más en el enlace."] if len(dates) > MOST else []
    shown = dates[:MOST] + more or [data["nothing"]]
    head = f"{data['title']}: {data['month'].lower()} de {data['year']}"
    return "\n".join([head, "", *shown, "", f"Fechas e inscripción: {data['link']}", "", ASK])
