"""The compiled part is ready before the first question, wherever it runs."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from geo import box_kernels, search_kernels, tree_kernels
from geo.nearest import MovingPoints
from geo.place import Place

KERNELS: list[Any] = [
    search_kernels.search,
    box_kernels.search_box,
    tree_kernels.place,
    tree_kernels.place_many,
    tree_kernels.remove,
    tree_kernels.mark,
    tree_kernels.split,
]

A_KERNEL = """
from numba import int64
from geo.compiled import compiled

@compiled((int64, int64), (int64,))
def twice_and_thrice(number: int) -> tuple[int, int]:
    return 2 * number, 3 * number

print(twice_and_thrice(7), len(twice_and_thrice.nopython_signatures))
"""


def test_no_question_and_no_update_compiles_anything() -> None:
    before = [kernel.nopython_signatures for kernel in KERNELS]
    index: MovingPoints[int] = MovingPoints(leaf_capacity=2)
    for key in range(20):
        index.put(key, Place(30.0 + key, 120))
    index.put_many([1, 2], [30, 31], [120, 120], marks=3)
    index.nearest(Place(30, 120), 5, within_m=10**6, all_of=1)
    index.remove(3)
    assert [kernel.nopython_signatures for kernel in KERNELS] == before
    assert all(len(signatures) == 1 for signatures in before)


def test_without_a_folder_to_keep_it_in_it_is_compiled_all_the_same(tmp_path: Path) -> None:
    module = tmp_path / "a_kernel.py"
    module.write_text(A_KERNEL)
    # A file where a folder would have to be: not even root can write there.
    (tmp_path / "__pycache__").write_text("")
    environment = {**os.environ, "XDG_CACHE_HOME": str(module), "PYTHONPATH": str(Path(__file__).parents[2])}
    done = subprocess.run(
        [sys.executable, str(module)], env=environment, capture_output=True, text=True, timeout=100, check=False
    )
    assert (done.stdout, done.returncode) == ("(14, 21) 1\n", 0), done.stderr


def test_every_kernel_is_made_of_parts_of_its_own_file() -> None:
    # Numba's cache on disk does not see that another file has changed.
    for module in (box_kernels, search_kernels, tree_kernels):
        compiled = [each for each in vars(module).values() if hasattr(each, "py_func")]
        assert compiled
        assert {each.py_func.__module__ for each in compiled} == {module.__name__}
