"""A command was called in a way that it does not know: exit code 2, as everywhere."""

from __future__ import annotations

from ..errors import WellkeptError


class Usage(WellkeptError):
    """Wrong words on the command line. The message never repeats a word that might be a value."""

    exit_code = 2
    status = 400
