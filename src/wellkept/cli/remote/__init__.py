"""Commands that speak to a server, ours or any that has Vault's API: for whoever has no other client.

``connection`` finds the server and the token, ``pairs`` reads ``KEY=VALUE``, ``show`` prints an answer, and
``store`` makes the server's KV engine look like a local store, so that ``get``, ``set`` and ``list`` work on it.
"""
