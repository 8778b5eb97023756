"""What is asked before something cancelled takes place after all."""

from __future__ import annotations

from trainings.schedule.forms import Reason
from trainings.web.forms import Form


class RestoreForm(Form):
    """Why people or places may be at two sessions at once, where they are."""

    override_reason: Reason = ""
