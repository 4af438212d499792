"""A real FastAPI application with its lifespan run."""

from contextlib import asynccontextmanager
from typing import Annotated

import pytest
from fastapi import Depends, FastAPI
from fastapi.testclient import TestClient

from wellkept.errors import ConfigError, SettingsError
from wellkept.integrations.fastapi import get_secrets, get_settings, secret, wellkept_lifespan
from wellkept.secret import Secret
from wellkept.settings import Settings


class AppSettings(Settings):
    api_key: Secret
    workers: int = 2


@pytest.fixture
def source(tmp_path):
    path = tmp_path / ".env"
    path.write_text("API_KEY=k-one\n")
    return f"dotenv:{path}"


def application(**options):
    app = FastAPI(lifespan=wellkept_lifespan(AppSettings, **options))

    @app.get("/key")
    async def key(value: Annotated[Secret, Depends(secret("API_KEY"))]) -> dict[str, str]:
        return {"key": value.reveal(), "shown": str(value)}

    @app.get("/workers")
    def workers(settings: Annotated[AppSettings, Depends(get_settings)]) -> int:
        return settings.workers

    return app


def test_secrets_and_settings_come_as_dependencies_and_are_closed_at_the_end(source):
    app = application(source=source)
    with TestClient(app) as client:
        assert client.get("/key").json() == {"key": "k-one", "shown": "**********"}
        assert client.get("/workers").json() == 2
        secrets = app.state.secrets
    with pytest.raises(Exception, match="closed"):
        secrets.get("API_KEY")


def test_an_application_with_a_problem_does_not_start(tmp_path):
    path = tmp_path / ".env"
    path.write_text("WORKERS=many\n")
    with pytest.raises(SettingsError) as caught, TestClient(application(source=f"dotenv:{path}")):
        pass
    assert {problem.name for problem in caught.value.problems} == {"API_KEY", "WORKERS"}


def test_the_applications_own_lifespan_runs_inside(source):
    seen = []

    @asynccontextmanager
    async def own(app):
        seen.append(app.state.secrets.get("API_KEY").reveal())
        yield
        seen.append(app.state.secrets.get("API_KEY").reveal())

    with TestClient(application(source=source, then=own)):
        assert seen == ["k-one"]
    assert seen == ["k-one", "k-one"]


def test_a_dependency_without_the_lifespan_says_what_is_missing():
    app = FastAPI()

    @app.get("/")
    def root(secrets: Annotated[object, Depends(get_secrets)]) -> None: ...

    with pytest.raises(ConfigError, match="lifespan"), TestClient(app) as client:
        client.get("/")
