"""The fixtures of whole stories."""

import pytest

from e2e_project import Project


@pytest.fixture
def project(tmp_path):
    return Project(tmp_path)


@pytest.fixture
def store(project):
    """A project with a store in it."""
    project.ok("init", "--no-hook")
    return project
