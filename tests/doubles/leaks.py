"""Findings as a scan would give them; the secrets in them are made up here, at run time."""

from wellkept.scanning.finding import Finding
from wellkept.scanning.location import Location
from wellkept.secret import Secret

TOKEN = "q7" + "Zr9kPw2XmT4vBn8LsD6hJc3FgYa1QeUo5t"
PASSWORD = "Tr0ub4dor" + "+&3/<kettle>\"'é"
SHORT = "x9" + "K"
PEM = (
    "-----BEGIN PRIVATE KEY-----\n"
    + "\n".join("Ab3" * 20 + str(n) for n in range(4))
    + "\n-----END PRIVATE KEY-----"
)
NESTED = "zY8" + "wV7uT6sR5qP4oN3mL2k"

SECRETS = [TOKEN, PASSWORD, SHORT, PEM, NESTED]


def finding(secret, text, *, rule="some-token", severity="high", details=None, **place):
    place = {
        "path": "app/config.py",
        "line": 3,
        "column": 9,
        "end_line": 3,
        "end_column": 9 + len(secret),
        **place,
    }
    return Finding(
        rule=rule,
        name="Some token",
        provider="Some",
        severity=severity,
        confidence=0.9,
        secret=Secret(secret, name="finding"),
        location=Location(**place),
        line=text.encode(),
        details=details or {},
    )
