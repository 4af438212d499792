"""Where secrets come from: the ``Source`` protocol, one file a provider, and URLs to name them by.

Sources read honestly and sort failures; caching, retries, deadlines and refresh belong to ``loader``. Nothing
is imported from here that is not asked for by module.
"""
