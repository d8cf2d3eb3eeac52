import pytest
from typer.testing import CliRunner

from simulator.cli import app


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--centre", "120.1551,30.2741"], "75 degrees"),
        (["--centre", "nowhere"], "latitude,longitude"),
        (["--acceptance", "0.5,0.2"], "lower first"),
        (["--acceptance", "half"], "low,high"),
        (["--responders", "0"], "--responders"),
        (["--speed", "0"], "--speed"),
    ],
)
def test_a_wrong_option_is_named(arguments: list[str], said: str) -> None:
    result = CliRunner().invoke(app, ["city", "--admin-token", "x", *arguments], env={"COLUMNS": "300"})
    assert result.exit_code == 2
    assert said in result.output


def test_a_missing_token_is_named() -> None:
    result = CliRunner().invoke(app, ["city"], env={"DISPATCH_ADMIN_TOKEN": "", "COLUMNS": "300"})
    assert result.exit_code == 2
    assert "--admin-token" in result.output
