"""Django's own signer, sessions' foundation, across rotations of the key."""

import pytest

django_conf = pytest.importorskip("django.conf", reason="pip install django")

from django.core.signing import BadSignature, Signer  # noqa: E402

from wellkept.integrations.django import follow_secret_key, install  # noqa: E402
from wellkept.testing.fake import FakeSecrets  # noqa: E402


@pytest.fixture
def secrets():
    if not django_conf.settings.configured:
        django_conf.settings.configure(SECRET_KEY="start-up", SECRET_KEY_FALLBACKS=[])
    django_conf.settings.SECRET_KEY_FALLBACKS = []
    with FakeSecrets({"DJANGO_SECRET_KEY": "one"}) as secrets:
        yield secrets


def test_what_was_signed_before_a_rotation_is_accepted_after_it(secrets):
    follow_secret_key(secrets, "DJANGO_SECRET_KEY", keep=2)
    signed = Signer().sign("session")
    secrets.rotate("DJANGO_SECRET_KEY", "two")
    assert django_conf.settings.SECRET_KEY == "two"
    assert Signer().unsign(signed) == "session"
    assert Signer().sign("session") != signed
    secrets.rotate("DJANGO_SECRET_KEY", "three")
    assert Signer().unsign(signed) == "session"
    secrets.rotate("DJANGO_SECRET_KEY", "four")
    with pytest.raises(BadSignature):
        Signer().unsign(signed)


def test_a_process_that_starts_after_a_rotation_accepts_the_previous_key(secrets):
    signed = Signer(key="one").sign("session")
    secrets.rotate("DJANGO_SECRET_KEY", "two")
    follow_secret_key(secrets, "DJANGO_SECRET_KEY")
    assert Signer().unsign(signed) == "session"


def test_following_ends(secrets):
    follow_secret_key(secrets, "DJANGO_SECRET_KEY")()
    secrets.rotate("DJANGO_SECRET_KEY", "two")
    assert django_conf.settings.SECRET_KEY == "one"


def test_settings_get_their_secrets_in_one_batch_or_none_at_all(secrets):
    from wellkept.errors import InvalidRequest, NotFound

    secrets.set("DATABASE_PASSWORD", "p")
    settings = {"DATABASES": {"default": {"NAME": "shop"}}, "DEBUG": False}
    install(
        settings,
        secrets,
        {"SECRET_KEY": "DJANGO_SECRET_KEY", "DATABASES.default.PASSWORD": "DATABASE_PASSWORD"},
    )
    assert settings["SECRET_KEY"] == "one"
    assert settings["DATABASES"]["default"] == {"NAME": "shop", "PASSWORD": "p"}
    untouched = {}
    with pytest.raises(NotFound):
        install(untouched, secrets, {"SECRET_KEY": "DJANGO_SECRET_KEY", "OTHER": "ABSENT"})
    assert untouched == {}
    with pytest.raises(InvalidRequest, match="DEBUG"):
        install(settings, secrets, {"DEBUG.x": "DATABASE_PASSWORD"})
