import pytest

flask = pytest.importorskip("flask", reason="pip install flask")

from wellkept.errors import SettingsError  # noqa: E402
from wellkept.integrations.flask import Wellkept, current_secrets, current_settings  # noqa: E402
from wellkept.settings import Settings  # noqa: E402


class AppSettings(Settings):
    workers: int


def test_views_read_the_applications_secrets(tmp_path):
    (tmp_path / ".env").write_text("API_KEY=k\nWORKERS=3\n")
    app = flask.Flask("shop")
    extension = Wellkept(settings=AppSettings, source=f"dotenv:{tmp_path}/.env")
    extension.init_app(app)

    @app.get("/")
    def root():
        return {"key": current_secrets().get("API_KEY").reveal(), "workers": current_settings().workers}

    assert app.test_client().get("/").json == {"key": "k", "workers": 3}
    extension.close()
    assert app.test_client().get("/").json["key"] == "k"
    extension.close()


def test_an_application_with_a_problem_does_not_start(tmp_path):
    (tmp_path / ".env").write_text("WORKERS=x\n")
    with pytest.raises(SettingsError):
        Wellkept(flask.Flask("shop"), settings=AppSettings, source=f"dotenv:{tmp_path}/.env")
