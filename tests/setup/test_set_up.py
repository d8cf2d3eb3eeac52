"""The set-up does what is left to do, says so in a line, and is silent when nothing is; the Makefile is its door."""

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml

from tests.valhalla_server import NO_WHEEL, has_wheel

REPOSITORY = Path(__file__).parents[2]
TARGETS = ("setup", "demo", "test", "test-fast", "bench", "load", "lint", "types", "lock", "clean")


def make(*arguments: str) -> str:
    done = subprocess.run(
        ["make", "--no-print-directory", *arguments], cwd=REPOSITORY, capture_output=True, text=True, check=True
    )
    return done.stdout


def test_each_target_has_its_line_of_help() -> None:
    told = re.findall(r"^  make (\S+) +\S.+$", make("help"), re.MULTILINE)
    assert set(told) >= set(TARGETS)
    assert make() == make("help"), "asked for nothing, it says what there is"


@pytest.mark.parametrize("target", ["demo", "test", "test-fast", "bench", "load", "lint", "types"])
def test_nothing_needs_a_set_up_by_hand_before_it(target: str) -> None:
    planned = make("--dry-run", target).splitlines()
    assert re.match(r"\.ci/setup\.sh (run|test)$", planned[0]), planned[0]


def test_the_demo_does_not_wait_for_what_only_tests_need() -> None:
    assert make("--dry-run", "demo").splitlines()[0] == ".ci/setup.sh run"


def test_ci_runs_the_tests_that_people_run() -> None:
    script = REPOSITORY / ".ci/run"
    assert os.access(script, os.X_OK)
    assert script.read_text().splitlines()[-1] == "exec make test"


def test_the_hooks_before_a_commit_use_the_programs_that_the_tests_use() -> None:
    config = yaml.safe_load((REPOSITORY / ".pre-commit-config.yaml").read_text())
    assert {repository["repo"] for repository in config["repos"]} == {"local"}
    checked = subprocess.run(
        [REPOSITORY / ".venv/bin/pre-commit", "validate-config"], cwd=REPOSITORY, capture_output=True, check=False
    )
    assert checked.returncode == 0, checked.stdout


class Copy:
    """A copy of the set-up in a folder of its own, where stand-ins for pip and npm write down what they are asked."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.asked = folder / "asked.txt"
        for path in (
            ".ci/setup.sh",
            ".ci/system-packages.sh",
            ".ci/node.lock",
            ".ci/valhalla.lock",
            "dispatch/web/vendor.sh",
        ):
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(REPOSITORY / path, folder / path)
        for path in (
            "requirements.lock",
            "pyproject.toml",
            "dispatch/web/package-lock.json",
            "geo/nearest.py",
            "dispatch/rescue/plan_kernels.py",
        ):
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / path).write_text(f"{path} as it was\n")
        web = folder / "dispatch/web"
        self.program(
            "bin/npm",
            f'[ "$1" != --version ] || exit 0\n{self.note("npm")}\n'
            f'mkdir -p "{web}/node_modules/maplibre-gl/dist" "{web}/node_modules/swagger-ui-dist"\n{self.library()}',
        )
        self.program("bin/node", "echo v99.0.0")
        self.program("bin/python3.11", f'[ "$2" != venv ] || {{ {self.note("venv")}; {self.environment()}; }}')

    def program(self, path: str, what: str) -> None:
        program = self.folder / path
        program.parent.mkdir(parents=True, exist_ok=True)
        program.write_text(f"#!/bin/sh\n{what}\n")
        program.chmod(0o755)

    def note(self, name: str) -> str:
        return f'echo "{name} $*" >> "{self.asked}"'

    def library(self) -> str:
        files = " ".join(
            f'"{self.folder}/dispatch/web/node_modules/{name}"'
            for name in (
                "maplibre-gl/dist/maplibre-gl.mjs",
                "maplibre-gl/dist/maplibre-gl-worker.mjs",
                "maplibre-gl/dist/maplibre-gl-shared.mjs",
                "maplibre-gl/dist/maplibre-gl.css",
                "maplibre-gl/LICENSE.txt",
                "swagger-ui-dist/swagger-ui-bundle.js",
                "swagger-ui-dist/swagger-ui.css",
                "swagger-ui-dist/LICENSE",
            )
        )
        return f"touch {files}"

    def environment(self) -> str:
        """What makes the stand-in of an environment: its Python writes down each use of pip."""
        venv = self.folder / ".venv"
        self.program("python", f'[ "$2" != pip ] || {{ {self.note("pip")}; [ ! -e "{self.folder}/broken" ]; }}')
        return (
            f'mkdir -p "{venv}/bin" && cp "{self.folder}/python" "{venv}/bin/python" && '
            f'printf "#!{venv}/bin/python\\n" > "{venv}/bin/pip" && '
            f'cp "{venv}/bin/python" "{venv}/bin/dispatch" && cp "{venv}/bin/python" "{venv}/bin/python3.11"'
        )

    def set_up(self, purpose: str = "run") -> subprocess.CompletedProcess[str]:
        # As make sets it: the environment's programs first, though they may be about to be made anew.
        path = f"{self.folder}/.venv/bin:{self.folder}/bin:/usr/local/bin:/usr/bin:/bin"
        return subprocess.run(
            [self.folder / ".ci/setup.sh", purpose],
            env={"PATH": path, "HOME": str(self.folder), "CI": "true"},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )

    def asked_for(self) -> list[str]:
        asked = self.asked.read_text().splitlines() if self.asked.exists() else []
        self.asked.unlink(missing_ok=True)
        return [re.sub(r"^(\w+) -m (pip|venv)", r"\1", line) for line in asked]


@pytest.fixture
def copy(tmp_path: Path) -> Copy:
    return Copy(tmp_path)


def test_a_first_set_up_installs_from_the_locks_and_a_second_does_nothing_and_says_nothing(copy: Copy) -> None:
    first = copy.set_up()
    assert first.returncode == 0, first.stderr
    asked = copy.asked_for()
    assert [line.split()[0] for line in asked] == ["venv", "pip", "pip", "npm"]
    assert "--require-hashes -r requirements.lock" in asked[1]
    assert "--no-deps --no-build-isolation --editable ." in asked[2]
    assert "ci" in asked[3].split()
    assert "--omit=dev" in asked[3]
    assert all(line.startswith("setup: ") for line in first.stdout.splitlines())

    second = copy.set_up()
    assert (second.returncode, second.stdout, second.stderr) == (0, "", "")
    assert copy.asked_for() == []


@pytest.mark.parametrize(
    ("changed", "redone"),
    [
        ("requirements.lock", ["pip", "pip"]),
        ("pyproject.toml", ["pip"]),
        ("dispatch/web/package-lock.json", ["npm"]),
    ],
)
def test_a_changed_lock_is_followed_and_nothing_else_is_redone(copy: Copy, changed: str, redone: list[str]) -> None:
    copy.set_up()
    copy.asked_for()
    (copy.folder / changed).write_text("changed\n")
    assert copy.set_up().returncode == 0
    assert [line.split()[0] for line in copy.asked_for()] == redone


def test_a_failed_step_shows_its_log_and_is_tried_again(copy: Copy) -> None:
    (copy.folder / "broken").touch()
    failed = copy.set_up()
    assert failed.returncode != 0
    assert "installing Python packages" in failed.stdout
    assert "failed; all of it is in build/setup/python.log" in failed.stderr
    (copy.folder / "broken").unlink()
    copy.asked_for()
    assert copy.set_up().returncode == 0
    assert [line.split()[0] for line in copy.asked_for()] == ["pip", "pip", "npm"]


def test_what_was_removed_comes_back(copy: Copy) -> None:
    copy.set_up()
    copy.asked_for()
    shutil.rmtree(copy.folder / "dispatch/web/vendor")
    (copy.folder / ".venv/bin/dispatch").unlink()
    assert copy.set_up().returncode == 0
    assert [line.split()[0] for line in copy.asked_for()] == ["pip", "npm"]


def test_a_copied_environment_is_made_anew_because_its_programs_point_to_the_old_place(copy: Copy) -> None:
    copy.set_up()
    (copy.folder / ".venv/bin/pip").write_text("#!/somewhere/else/.venv/bin/python\n")
    (copy.folder / ".venv/.packages").write_text("another\n")
    copy.asked_for()
    assert copy.set_up().returncode == 0
    assert [line.split()[0] for line in copy.asked_for()] == ["venv", "pip", "pip"]


def test_what_was_set_up_for_tests_serves_to_run(copy: Copy) -> None:
    if any(shutil.which(program) is None for program in ("chromium", "redis-server")):
        pytest.skip("a set-up for tests would install packages of the system")
    copy.set_up("test")
    assert not any("--omit=dev" in line for line in copy.asked_for())
    copy.set_up("run")
    assert copy.asked_for() == []


def test_the_tests_get_a_street_routing_engine_by_its_hash_and_once(copy: Copy) -> None:
    if any(shutil.which(program) is None for program in ("chromium", "redis-server")):
        pytest.skip("a set-up for tests would install packages of the system")
    if not has_wheel():
        pytest.skip(NO_WHEEL)
    copy.set_up("test")
    fetched = [line for line in copy.asked_for() if "valhalla" in line]
    assert len(fetched) == 1
    assert "--require-hashes -r .ci/valhalla.lock" in fetched[0]
    assert "--only-binary=:all:" in fetched[0]
    again = copy.set_up("test")
    assert (again.returncode, again.stdout, again.stderr) == (0, "", "")
    assert copy.asked_for() == []
    shutil.rmtree(copy.folder / "build/valhalla")
    copy.set_up("run")
    assert copy.asked_for() == [], "who only runs the service needs none"
    copy.set_up("test")
    assert len(copy.asked_for()) == 1


def test_an_unknown_purpose_is_refused(copy: Copy) -> None:
    assert copy.set_up("everything").returncode != 0
