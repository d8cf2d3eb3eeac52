"""The settings in docs/operations.md are the settings that exist."""

from pathlib import Path

from dispatch.settings import Settings

PAGE = Path(__file__).parents[1] / "docs" / "operations.md"


def settings_table() -> str:
    """The table as the page should have it."""
    lines = ["| variable | default | what it is for |", "|---|---|---|"]
    for name, field in Settings.model_fields.items():
        default = field.get_default(call_default_factory=True)
        shown = "" if default in (None, "", []) else f"`{default}`"
        lines.append(f"| `DISPATCH_{name.upper()}` | {shown} | {field.description} |")
    return "\n".join(lines)


def test_every_setting_is_on_the_page_as_it_is() -> None:
    page = PAGE.read_text(encoding="utf-8")
    shown = page.partition("<!-- settings -->")[2].partition("<!-- /settings -->")[0].strip()
    assert shown == settings_table()
