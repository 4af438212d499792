"""``wellkept operator``: what those who hold a store's key shares do with a server, and with a store at rest.

Shares and tokens are typed without echo or come on stdin; never as arguments, which every process can see.
"""
