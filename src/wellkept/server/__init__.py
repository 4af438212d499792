"""HTTP faces of the core: Vault's API, and the processes, seals and configuration around it.

``app`` turns one HTTP request into one answer and knows of no transport; ``http1`` is the transport that
`wellkept server` uses, ``asgi`` and ``rsgi`` let another server carry the same app. ``node`` is the store as it
is served, sealed or not; ``flows`` are the conversations that operators have with it, share by share.
"""
