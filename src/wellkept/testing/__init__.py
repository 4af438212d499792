"""Helpers for tests, ours and users': real servers, conformance suites, fixtures. Import what you need by module."""
