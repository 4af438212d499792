"""How one logs in: one package a method, each an engine mounted under ``auth/``.

A method checks who asks and grants (``core.grant.AuthGrant``); the core makes the token, in the same
transaction. What most methods share stands beside them: ``token_parameters`` (the ``token_*`` fields of roles
and users) and ``paging``.
"""
