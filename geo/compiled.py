"""Functions compiled to machine code before anybody needs them.

Numba compiles a function of plain loops over NumPy arrays; what comes out runs some fifty times as fast as the
same lines interpreted. The price is the compiling, which must never fall on a question that somebody waits for:
every kernel names the types of its arguments, so it is ready when its module has been imported, and machine code
is kept on disk for the next process where there is a folder to write to.
"""

from collections.abc import Callable, Sequence
from typing import Any, TypeVar, cast

from numba import njit, types

Function = TypeVar("Function", bound=Callable[..., Any])


# Numba's own annotations stop halfway.
_types: Any = types


def compiled(answers: Any, arguments: Sequence[object]) -> Callable[[Function], Function]:
    """Compile a function now, for the Numba types of its answer (a tuple of them for several) and its arguments.

    Numba keeps the code beside the source or in the user's cache folder, and takes it for stale when the file of
    the function changes. It does not look at other files: so a kernel calls only `part_of_kernel`s of its own
    file and uses only constants of its own file; everything else comes in as an argument or with its type.
    """

    def compile_now(function: Function) -> Function:
        answer = _types.BaseTuple.from_types(answers) if isinstance(answers, tuple) else answers
        signature = answer(*arguments)
        try:
            return cast("Function", njit(signature, cache=True)(function))
        except (RuntimeError, OSError):
            # A read-only system without a home folder, or a full disk: every start compiles anew.
            return cast("Function", njit(signature)(function))

    return compile_now


def part_of_kernel(function: Function) -> Function:
    """Let compiled functions of the same file call this one; it is compiled as part of them."""
    return cast("Function", njit(function))
