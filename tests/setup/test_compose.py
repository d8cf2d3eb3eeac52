"""`docker-compose.yml` is what Compose takes, starts in the right order, and holds no secret or invented setting."""

import json
import re
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

REPOSITORY = Path(__file__).parents[2]
# The Compose specification's own schema (compose-spec.json, Apache-2.0), as the npm package dclint carries it.
SCHEMA = REPOSITORY / "dispatch/web/node_modules/dclint/schemas/compose.schema.json"

COMPOSE: dict[str, Any] = yaml.safe_load((REPOSITORY / "docker-compose.yml").read_text())
DOCKERFILE = (REPOSITORY / "dispatch/Dockerfile").read_text()

services = pytest.mark.parametrize("name", sorted(COMPOSE["services"]))

# A tag that names a release: 15-3.5, 7.2.7-bookworm; not "latest", not a bare major version.
PINNED = re.compile(r"^[a-z/]+:\d+([.-]\d+)+(-[a-z]+)*(@sha256:[0-9a-f]{64})?$")

# Without a key of ours the service makes one and keeps it; without a hook there is nothing to sign.
MAY_BE_EMPTY = {"DISPATCH_VAPID_PRIVATE_KEY", "DISPATCH_WEBHOOK_SECRET"}


def environment(name: str) -> dict[str, str]:
    given: dict[str, str] = COMPOSE["services"][name].get("environment", {})
    return given


@pytest.fixture(scope="module")
def validator() -> jsonschema.Draft7Validator:
    if not SCHEMA.exists():
        pytest.skip("the schema comes with `make setup`")
    schema = json.loads(SCHEMA.read_text())
    assert schema["title"] == "Compose Specification"
    return jsonschema.Draft7Validator(schema)


def test_it_follows_the_compose_specification(validator: jsonschema.Draft7Validator) -> None:
    assert [f"{error.json_path}: {error.message}" for error in validator.iter_errors(COMPOSE)] == []


def test_the_specifications_schema_would_notice_a_mistake(validator: jsonschema.Draft7Validator) -> None:
    mistaken = json.loads(json.dumps(COMPOSE))
    mistaken["services"]["service"]["enviroment"] = {}
    assert not validator.is_valid(mistaken)


def test_every_setting_given_is_one_that_exists_and_takes_the_value() -> None:
    from dispatch.settings import Settings  # noqa: PLC0415 - the rest of this file stands without the service

    given = {name: value for name, value in environment("service").items() if name.startswith("DISPATCH_")}
    unknown = {name for name in given if name.removeprefix("DISPATCH_").lower() not in Settings.model_fields}
    assert unknown == set()

    secret = "0123456789abcdef0123456789abcdef"
    values = {
        name.removeprefix("DISPATCH_").lower(): re.sub(r"\$\{\w+:[?-].*\}", secret if "SECRET" in name else "", value)
        for name, value in given.items()
    }
    settings = Settings.model_validate({name: value for name, value in values.items() if value})
    assert settings.port == 8000
    assert settings.host == "0.0.0.0"  # noqa: S104 - inside a container that is the only way to be reached


def test_phones_can_be_woken_as_the_environment_says_and_without_it() -> None:
    given = environment("service")
    names = ("VAPID_PRIVATE_KEY", "VAPID_SUBJECT", "WEBHOOK_SECRET", "WEBHOOK_URL")
    assert {name: given[f"DISPATCH_{name}"] for name in names} == {name: f"${{DISPATCH_{name}:-}}" for name in names}
    assert "DISPATCH_PUSH_ALLOW_PRIVATE" not in given, "for trials only"


def test_the_images_settings_exist_too() -> None:
    from dispatch.settings import Settings  # noqa: PLC0415 - as above

    named = {name.lower() for name in re.findall(r"\bDISPATCH_(\w+)=", DOCKERFILE)}
    assert named
    assert named <= Settings.model_fields.keys()


@services
def test_each_service_says_when_it_is_well(name: str) -> None:
    check = COMPOSE["services"][name]["healthcheck"]
    assert check["test"][0] == "CMD"
    assert {"interval", "timeout", "retries"} <= check.keys()


@services
def test_each_image_is_pinned_or_built_here(name: str) -> None:
    service = COMPOSE["services"][name]
    if "build" in service:
        assert (REPOSITORY / service["build"]["context"] / service["build"]["dockerfile"]).is_file()
    else:
        assert PINNED.match(service["image"]), service["image"]


def test_the_images_that_ours_is_built_from_are_pinned() -> None:
    images = re.findall(r"^FROM (\S+)", DOCKERFILE, re.MULTILINE)
    assert len(images) >= 2
    for image in images:
        assert PINNED.match(image), image


@services
def test_no_secret_is_in_the_file(name: str) -> None:
    for variable, value in environment(name).items():
        if variable in MAY_BE_EMPTY:
            assert value == f"${{{variable}:-}}"
        elif re.search(r"SECRET|PASSWORD|TOKEN|KEY", variable):
            # `:?` makes Compose refuse to start without one, instead of starting with an empty one.
            assert re.fullmatch(r"\$\{\w+:\?[^}]+\}", str(value)), variable
        assert not re.search(r"://[^/@:]*:[^@]+@", str(value)), f"{variable} holds a password"


def test_the_service_waits_for_what_it_needs_to_be_well() -> None:
    waits = COMPOSE["services"]["service"]["depends_on"]
    assert waits == {name: {"condition": "service_healthy"} for name in ("database", "redis")}
    assert "@database:" in environment("service")["DISPATCH_DATABASE_URL"]
    assert "//redis:" in environment("service")["DISPATCH_REDIS_URL"]


def test_only_the_service_can_be_reached_from_outside() -> None:
    for name, service in COMPOSE["services"].items():
        if name != "service":
            assert "ports" not in service
            assert [COMPOSE["networks"][network] for network in service["networks"]] == [{"internal": True}]


def test_what_must_last_is_on_named_volumes() -> None:
    used = {
        volume.split(":")[0]
        for service in COMPOSE["services"].values()
        for volume in service.get("volumes", [])
        if not volume.startswith(("/", "."))
    }
    assert used == COMPOSE["volumes"].keys() == {"database-data", "service-data"}


def test_the_image_runs_as_nobody_powerful_and_holds_nothing_of_this_machine() -> None:
    users = re.findall(r"^USER (\S+)", DOCKERFILE, re.MULTILINE)
    assert users
    assert users[-1] not in {"root", "0"}
    ignored = (REPOSITORY / ".dockerignore").read_text().splitlines()
    assert next(line for line in ignored if line and not line.startswith("#")) == "*", "nothing but what is named"
    copied = {
        source.split("/")[0]
        for line in re.findall(r"^COPY (?!--from)(.+)$", DOCKERFILE, re.MULTILINE)
        for source in line.split()[:-1]
    }
    assert copied <= {line.removeprefix("!") for line in ignored if line.startswith("!")}
