"""How an application holds its secrets: cache, single flight, retries, refresh, events, key rings.

``secrets.Secrets`` is the front; the other modules are its parts, one idea each:

- ``cell``      what is known about one secret, and until when it may be served
- ``cache``     all cells, the one lock around them, and the rules for what a read's outcome changes
- ``flight``    one read that is under way, and whoever waits for it
- ``reading``   what happens on a flight: attempts, sorted failures, backoff
- ``workers``   a bounded number of threads for reads that may hang, and for callbacks
- ``lookup``    the decisions of ``get``: fresh, join, start, wait, stale, refuse; for threads and tasks alike
- ``refresher`` the thread that reads again before values expire
- ``events``    who wants to hear of changes
"""
