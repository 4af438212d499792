"""The version: one place, read by the build and by ``wellkept --version``."""

__version__ = "0.1.0"
