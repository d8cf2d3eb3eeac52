"""`docs/dependencies.md` names every dependency that the project has, and none that it has not."""

import ast
import json
import re
import sys
import tomllib
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest
import yaml

REPOSITORY = Path(__file__).parents[2]
SET_UP_LOCKS = (".ci/node.lock", ".ci/uv.lock", ".ci/valhalla.lock")
OUR_PACKAGES = ("geo", "dispatch", "simulator", "loadtests")


def on_the_page(heading: str) -> list[str]:
    page = (REPOSITORY / "docs" / "dependencies.md").read_text()
    section = page.split(f"## {heading}\n", 1)[1].split("\n## ", 1)[0]
    return re.findall(r"^\| `([^`]+)` \| .{10,} \|$", section, re.MULTILINE)


def distribution(requirement: str) -> str:
    """The name in a requirement such as `psycopg[binary,pool]>=3.2`."""
    name = re.match(r"[A-Za-z0-9._-]+", requirement)
    assert name is not None
    return name.group().lower().replace("_", "-")


def project() -> dict[str, object]:
    return tomllib.loads((REPOSITORY / "pyproject.toml").read_text())


def runtime_dependencies() -> set[str]:
    table = project()["project"]
    assert isinstance(table, dict)
    return {distribution(requirement) for requirement in table["dependencies"]}


def extra_dependencies(*names: str) -> set[str]:
    """What the extras of these names bring; of all where none is named."""
    table = project()["project"]
    assert isinstance(table, dict)
    extras = table["optional-dependencies"]
    return {distribution(each) for name in names or extras for each in extras[name]}


def development_dependencies() -> set[str]:
    groups = project()["dependency-groups"]
    assert isinstance(groups, dict)
    return {distribution(requirement) for group in groups.values() for requirement in group}


def locked(path: str) -> dict[str, str]:
    """Each package in a lock file with its version."""
    text = (REPOSITORY / path).read_text()
    return dict(re.findall(r"^([a-z0-9-]+)(?:\[[a-z,-]+\])?==([^\s;]+)", text, re.MULTILINE))


def npm_dependencies() -> set[str]:
    package = json.loads((REPOSITORY / "dispatch/web/package.json").read_text())
    return {*package["dependencies"], *package["devDependencies"]}


def system_packages() -> set[str]:
    """What the set-up may ask apt-get for."""
    script = (REPOSITORY / ".ci/system-packages.sh").read_text()
    return {name for names in re.findall(r"missing\+=\(([^)]+)\)", script) for name in names.split()}


def container_images() -> set[str]:
    dockerfile = (REPOSITORY / "dispatch/Dockerfile").read_text()
    files = [REPOSITORY / "docker-compose.yml", *(REPOSITORY / "docs/operations").glob("compose.*.yml")]
    services = [
        service
        for file in files
        for service in yaml.safe_load(file.read_text())["services"].values()
        # What is built here is not fetched.
        if "build" not in service and not service.get("image", "").startswith("first-minutes")
    ]
    images = [*re.findall(r"^FROM (\S+)", dockerfile, re.MULTILINE), *(s["image"] for s in services if "image" in s)]
    return {image.split(":")[0] for image in images}


@pytest.mark.parametrize(
    ("heading", "wanted"),
    [
        ("The service", runtime_dependencies()),
        ("Extras", extra_dependencies()),
        ("Development", development_dependencies() - runtime_dependencies()),
        ("Set-up's own tools", {name for lock in SET_UP_LOCKS for name in locked(lock)}),
        ("The pages, from npm", npm_dependencies()),
        ("From the system", system_packages()),
        ("In containers", container_images()),
    ],
)
def test_each_dependency_has_its_line_and_each_line_its_dependency(heading: str, wanted: set[str]) -> None:
    listed = on_the_page(heading)
    assert len(listed) == len(set(listed)), "nothing twice"
    assert set(listed) == wanted


def test_what_the_service_imports_is_a_dependency_of_its_own() -> None:
    # In the development environment everything is there; in the service's image only what is declared.
    owners = packages_distributions()
    imported = {
        name
        for package in ("geo", "dispatch", "simulator")
        for path in (REPOSITORY / package).rglob("*.py")
        for name in top_level_imports(path)
    }
    foreign = imported - sys.stdlib_module_names - set(OUR_PACKAGES)
    undeclared = {
        name
        for name in foreign
        if not (runtime_dependencies() | extra_dependencies())
        & {distribution(owner) for owner in owners.get(name, [name])}
    }
    # FastAPI's foundations are part of what it shows to those who use it.
    assert undeclared - {"starlette", "pydantic", "pydantic_core"} == set()


def top_level_imports(path: Path) -> set[str]:
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found.add(node.module.split(".")[0])
    return found


def test_the_lock_file_holds_every_declared_dependency() -> None:
    assert (
        locked("requirements.lock").keys() >= runtime_dependencies() | extra_dependencies() | development_dependencies()
    )


def test_the_services_own_lock_holds_what_it_needs_in_the_same_versions_and_nothing_for_tests() -> None:
    everything, service = locked("requirements.lock"), locked("dispatch/requirements.lock")
    # Pictures in reports are drawn where developers are.
    assert service.keys() >= runtime_dependencies() | extra_dependencies("mqtt")
    assert not service.keys() & extra_dependencies("plots")
    assert service.items() <= everything.items()
    assert not service.keys() & {"pytest", "mypy", "locust", "playwright", "ruff"}


def test_sqlalchemys_asyncio_has_the_greenlets_it_needs_in_the_service() -> None:
    # It is not among SQLAlchemy's plain requirements, and the tests' environment has it through Playwright.
    assert "greenlet" in locked("dispatch/requirements.lock")


@pytest.mark.parametrize("path", ["requirements.lock", "dispatch/requirements.lock", *SET_UP_LOCKS])
def test_every_python_package_is_locked_by_hash_and_from_nowhere_in_particular(path: str) -> None:
    text = (REPOSITORY / path).read_text()
    packages = re.split(r"^(?=[a-z0-9])", text, flags=re.MULTILINE)[1:]
    assert packages
    for package in packages:
        assert "--hash=sha256:" in package, package.splitlines()[0]
    assert "://" not in text
    assert "index-url" not in text


def test_every_npm_package_is_locked_by_hash_and_from_nowhere_in_particular() -> None:
    lock = json.loads((REPOSITORY / "dispatch/web/package-lock.json").read_text())
    packages = {name: package for name, package in lock["packages"].items() if name}
    assert packages
    for name, package in packages.items():
        assert package["integrity"].startswith("sha512-"), name
        assert "resolved" not in package, name
    assert "omit-lockfile-registry-resolved=true" in (REPOSITORY / "dispatch/web/.npmrc").read_text()


def test_npm_packages_are_asked_for_in_one_version_each() -> None:
    package = json.loads((REPOSITORY / "dispatch/web/package.json").read_text())
    lock = json.loads((REPOSITORY / "dispatch/web/package-lock.json").read_text())
    for name, version in {**package["dependencies"], **package["devDependencies"]}.items():
        assert re.fullmatch(r"\d+\.\d+\.\d+", version), name
        assert lock["packages"][f"node_modules/{name}"]["version"] == version
