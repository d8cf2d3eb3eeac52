"""The nearest among all workers' first-aiders, against one process that holds them itself and against GEOSEARCH.

What the service does is measured where its own parts may be used, among the tests (`tests.sharing.nearest_across`):
the same roster, fed through the same messages. Here it is asked for its figures.
"""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any, Final

from loadtests.processes import ServerFailedError

_WITHIN_S: Final = 900.0
_ROOT: Final = Path(__file__).parent.parent


def nearest_across(responders: int, questions: int) -> dict[str, Any]:
    """Answer the medians of everybody asked, in microseconds, and `nearest_ratio_memory` and `nearest_ratio_geosearch`.

    Raises ServerFailedError when it could not be measured.
    """
    command = [sys.executable, "-m", "tests.sharing.nearest_across"]
    sizes = ["--responders", str(responders), "--questions", str(questions)]
    done = subprocess.run(  # noqa: S603 - our own module, no shell
        [*command, *sizes], capture_output=True, text=True, timeout=_WITHIN_S, cwd=_ROOT, check=False
    )
    if done.returncode != 0:
        raise ServerFailedError(f"the nearest across workers were not measured:\n{done.stderr[-2000:]}")
    found: dict[str, Any] = json.loads(done.stdout)
    return found
