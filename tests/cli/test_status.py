def test_status_says_what_is_there(shop):
    shop.ok("set", "A", stdin="1")
    shop.ok("set", "A", "--env", "prod", stdin="2")
    data = shop.ok("status", "--json").json
    assert data["store"] == str(shop.directory / ".wellkept")
    assert (data["seal"], data["opens"], data["environment"], data["prefix"]) == (
        "keyfile",
        True,
        "dev",
        "dev/shop",
    )
    assert (data["secrets"], data["secrets_here"], data["key_term"]) == (2, 1, 1)
    assert data["bytes"] > 0
    text = shop.ok("status").out
    assert "keyfile" in text
    assert str(shop.directory / "wellkept.toml") in text


def test_a_store_that_cannot_be_opened_is_described_all_the_same(shop, monkeypatch):
    monkeypatch.setenv("XDG_CONFIG_HOME", "/nonexistent")
    result = shop("status", "--json")
    assert result.code == 8
    assert result.json["opens"] is False
    assert result.json["seal"] == "keyfile"
    assert "key" in result.json["problem"]
