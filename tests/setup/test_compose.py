"""The Compose files are what Compose takes, start in the right order, and hold no secret or invented setting."""

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

REPOSITORY = Path(__file__).parents[2]
# The Compose specification's own schema (compose-spec.json, Apache-2.0), as the npm package dclint carries it.
SCHEMA = REPOSITORY / "dispatch/web/node_modules/dclint/schemas/compose.schema.json"

FILES: dict[str, dict[str, Any]] = {
    size: yaml.safe_load((REPOSITORY / path).read_text())
    for size, path in {
        "district": "docs/operations/compose.district.yml",
        "city": "docker-compose.yml",
        "province": "docs/operations/compose.province.yml",
    }.items()
}
COMPOSE = FILES["city"]
DOCKERFILE = (REPOSITORY / "dispatch/Dockerfile").read_text()

sizes = pytest.mark.parametrize("size", FILES)
services = pytest.mark.parametrize(
    ("size", "name"), [(size, name) for size, file in FILES.items() for name in sorted(file["services"])]
)
OURS = [(size, name) for size, file in FILES.items() for name in file["services"] if name.startswith("service")]
our_services = pytest.mark.parametrize(("size", "name"), OURS)

# A tag that names a release: 15-3.5, 7.2.7-bookworm; not "latest", not a bare major version.
PINNED = re.compile(r"^[a-z/]+:v?\d+([.-]p?\d+)+(-[a-z]+)*(@sha256:[0-9a-f]{64})?$")

# Without a hook there is nothing to sign.
MAY_BE_EMPTY = {"DISPATCH_WEBHOOK_SECRET"}


def environment(size: str, name: str) -> dict[str, str]:
    given: dict[str, str] = FILES[size]["services"][name].get("environment", {})
    return given


@pytest.fixture(scope="module")
def validator() -> jsonschema.Draft7Validator:
    if not SCHEMA.exists():
        pytest.skip("the schema comes with `make setup`")
    schema = json.loads(SCHEMA.read_text())
    assert schema["title"] == "Compose Specification"
    return jsonschema.Draft7Validator(schema)


@sizes
def test_it_follows_the_compose_specification(validator: jsonschema.Draft7Validator, size: str) -> None:
    assert [f"{error.json_path}: {error.message}" for error in validator.iter_errors(FILES[size])] == []


def test_the_specifications_schema_would_notice_a_mistake(validator: jsonschema.Draft7Validator) -> None:
    mistaken = json.loads(json.dumps(COMPOSE))
    mistaken["services"]["service-1"]["enviroment"] = {}
    assert not validator.is_valid(mistaken)


@our_services
def test_every_setting_given_is_one_that_exists_and_takes_the_value(size: str, name: str) -> None:
    from dispatch.settings import Settings  # noqa: PLC0415 - the rest of this file stands without the service

    given = {each: value for each, value in environment(size, name).items() if each.startswith("DISPATCH_")}
    unknown = {each for each in given if each.removeprefix("DISPATCH_").lower() not in Settings.model_fields}
    assert unknown == set()

    secret = "0123456789abcdef0123456789abcdef"
    values = {
        each.removeprefix("DISPATCH_").lower(): re.sub(r"\$\{(\w+):([?-])([^}]*)\}", _stands_for(secret), value)
        for each, value in given.items()
    }
    settings = Settings.model_validate({name: value for name, value in values.items() if value})
    assert settings.port == 8000
    assert settings.host == "0.0.0.0"  # noqa: S104 - inside a container that is the only way to be reached


def _stands_for(secret: str) -> Callable[[re.Match[str]], str]:
    """What Compose puts in the place of a variable: its default, or what somebody has to give."""

    def given(variable: re.Match[str]) -> str:
        name, kind, rest = variable.groups()
        if kind == "-":
            return str(rest)
        return secret if re.search("SECRET|KEY", name) else "named"

    return given


@our_services
def test_phones_can_be_woken_as_the_environment_says_and_without_it(size: str, name: str) -> None:
    given = environment(size, name)
    names = ("VAPID_SUBJECT", "WEBHOOK_SECRET", "WEBHOOK_URL")
    assert {each: given[f"DISPATCH_{each}"] for each in names} == {each: f"${{DISPATCH_{each}:-}}" for each in names}
    assert "DISPATCH_PUSH_ALLOW_PRIVATE" not in given, "for trials only"


@our_services
def test_services_that_share_a_database_share_the_key_of_web_push_too(size: str, name: str) -> None:
    # Each would make one of its own otherwise, and a phone's subscription be good for one of them alone.
    key = environment(size, name).get("DISPATCH_VAPID_PRIVATE_KEY", "")
    assert (":?" in key) is (size != "district")


def test_the_images_settings_exist_too() -> None:
    from dispatch.settings import Settings  # noqa: PLC0415 - as above

    named = {name.lower() for name in re.findall(r"\bDISPATCH_(\w+)=", DOCKERFILE)}
    assert named
    assert named <= Settings.model_fields.keys()


@services
def test_each_service_says_when_it_is_well(size: str, name: str) -> None:
    check = FILES[size]["services"][name]["healthcheck"]
    assert check["test"][0] == "CMD"
    assert {"interval", "timeout", "retries"} <= check.keys()


@services
def test_each_image_is_pinned_or_built_here(size: str, name: str) -> None:
    service = FILES[size]["services"][name]
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
def test_no_secret_is_in_the_file(size: str, name: str) -> None:
    for variable, value in environment(size, name).items():
        if variable in MAY_BE_EMPTY:
            assert value == f"${{{variable}:-}}"
        elif re.search(r"SECRET|PASSWORD|TOKEN|KEY", variable):
            # `:?` makes Compose refuse to start without one, instead of starting with an empty one.
            assert re.fullmatch(r"\$\{\w+:\?[^}]+\}", str(value)), variable
        assert not re.search(r"://[^/@:]*:[^@]+@", str(value)), f"{variable} holds a password"


def test_the_services_wait_for_what_they_need_to_be_well() -> None:
    for name in ("service-1", "service-2"):
        waits = COMPOSE["services"][name]["depends_on"]
        assert waits == {each: {"condition": "service_healthy"} for each in ("database", "redis")}
        assert "@database:" in environment("city", name)["DISPATCH_DATABASE_URL"]
        assert "//redis:" in environment("city", name)["DISPATCH_REDIS_URL"]
    assert COMPOSE["services"]["balancer"]["depends_on"].keys() == {"service-1", "service-2"}


def test_only_the_balancer_can_be_reached_from_outside() -> None:
    assert [name for name, each in COMPOSE["services"].items() if "ports" in each] == ["balancer"]
    for name in ("database", "redis"):
        assert [COMPOSE["networks"][each] for each in COMPOSE["services"][name]["networks"]] == [{"internal": True}]
    assert "back" not in COMPOSE["services"]["balancer"]["networks"]


def test_the_services_believe_the_balancer_about_who_asks() -> None:
    (network,) = COMPOSE["networks"]["front"]["ipam"]["config"]
    assert environment("city", "service-1")["DISPATCH_TRUSTED_PROXIES"] == network["subnet"]


def test_what_must_last_is_on_named_volumes_and_each_service_has_its_own() -> None:
    for file in FILES.values():
        used = [
            volume.split(":")[0]
            for service in file["services"].values()
            for volume in service.get("volumes", [])
            if not volume.startswith(("/", "."))
        ]
        assert sorted(used) == sorted(file["volumes"])
    assert COMPOSE["volumes"].keys() == {"database-data", "service-1-data", "service-2-data"}


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
