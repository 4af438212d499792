"""A standby that does not forward sends its clients to the active node: followed once, never to plain HTTP.

Source: the ``vault`` and ``bao`` programs follow one redirect and refuse one that drops TLS. The token goes
with the request, to a host that must show a certificate for its name under the same authority.
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from .transport import Pool

if TYPE_CHECKING:
    from .http1 import Answer
    from .options import Options


def follow(options: Options, pool: Pool, answer: Answer, request: bytes, deadline: float) -> Answer:
    """The answer of the node that ``answer`` points to; ``answer`` itself where it may not be followed."""
    location = urlsplit(answer.headers.get("location", ""))
    target = request.split(b" ", 2)[1].decode("ascii")
    path = location.path + (f"?{location.query}" if location.query else "")
    same_target = path == target
    if not location.hostname or not same_target or location.scheme != ("https" if options.tls else "http"):
        return answer
    try:
        port = location.port or (443 if options.tls else 80)
    except ValueError:
        return answer
    if not options.tls and location.hostname != options.host:
        return answer  # plain HTTP was allowed for one host, not for any
    other = Pool(location.hostname, port, pool.make_context)
    try:
        old = f"Host: {options.authority}\r\n".encode("ascii")
        new = f"Host: {location.netloc}\r\n".encode("ascii", "replace")
        return other.exchange(request.replace(old, new, 1), deadline, again=False)
    finally:
        other.close()
