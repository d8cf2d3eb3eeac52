"""Every setting says what it is for, and a wrong value is told by the name of its option."""

import pytest
from pydantic import ValidationError

from dispatch.settings import Settings

WRONG = {
    "port": "65536",
    "host": None,
    "workers": "0",
    "database_url": "mysql://localhost/x",
    "redis_url": "localhost",
    "secret": "too short",
    "log_level": "loud",
    "log_format": "xml",
    "timezone": "Asia/Hangzhou",
    "sos_per_minute": "0",
    "reports_per_minute": "none",
    "routing_url": "localhost:8002",
    "routing_deadline_s": "0",
    "trusted_proxies": "10.0.0.0/8, everywhere",
    "max_body_bytes": "-1",
    "heartbeat_s": "0",
    "session_queue": "1",
    "tile_datum": "nad27",
    "map_latitude": "91",
    "map_longitude": "east",
    "map_zoom": "99",
    "emergency_number": "call",
}


def test_every_setting_says_what_it_is_for() -> None:
    for name, field in Settings.model_fields.items():
        assert field.description, name
        assert len(field.description) > 15, name


@pytest.mark.parametrize("name", [name for name, value in WRONG.items() if value is not None])
def test_a_wrong_value_is_told_by_name(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setenv(f"DISPATCH_{name.upper()}", str(WRONG[name]))
    with pytest.raises(ValidationError) as wrong:
        Settings()
    assert {str(error["loc"][0]) for error in wrong.value.errors()} == {name}


def test_an_empty_variable_is_none_at_all(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DISPATCH_DATABASE_URL", "")
    monkeypatch.setenv("DISPATCH_PORT", "")
    assert Settings().database_url is None
    assert Settings().port == 8000


def test_proxies_are_a_list_with_commas(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DISPATCH_TRUSTED_PROXIES", "10.0.0.0/8, 2001:db8::/32 ,")
    assert [str(each) for each in Settings().trusted_proxies] == ["10.0.0.0/8", "2001:db8::/32"]


def test_the_secret_is_not_shown() -> None:
    secret = "a secret of thirty-two letters and more"
    settings = Settings(secret=secret)
    assert secret not in repr(settings)
    assert secret not in str(settings.model_dump())
