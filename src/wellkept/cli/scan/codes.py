"""Exit codes of ``scan``; also in ``wellkept help exit-codes``."""

CLEAN = 0
"""Everything was looked at, and nothing was found."""
FOUND = 1
"""Something was found, whether or not everything was looked at."""
INCOMPLETE = 6
"""Nothing was found, but something could not be looked at, so that proves nothing."""
