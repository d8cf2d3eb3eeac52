"""What the figures of several workers say: what bounds them, and a table for people."""

from collections.abc import Mapping
from typing import Any, Final

# A process of one thread that is so busy has no time left; a machine, whose cores are.
_FULL_CORE: Final = 0.85
_FULL_MACHINE: Final = 0.9
_RATIOS: Final = (
    "workers_speedup",
    "workers_speedup_by_cost",
    "cross_worker_ratio",
    "stampede_s",
    "nearest_ratio_memory",
    "nearest_ratio_geosearch",
)


def bottleneck(busy: Mapping[str, float], waiting: Mapping[str, float], cores: int) -> str:
    """Answer what the last rate ran into, on a machine of so many cores.

    Whose processors were busy, by group, and how many of each stood in line for a core.
    """
    full = sorted(name for name, share in busy.items() if share >= _FULL_CORE and _is_one_thread(name))
    used = sum(busy.values())
    workers = sum(share for name, share in busy.items() if name.startswith("worker"))
    in_line = sum(waiting.values())
    told = (
        f"{used:.2f} of {cores} cores busy, {workers:.2f} of them with workers; {in_line:.2f} processes in line for one"
    )
    if used >= _FULL_MACHINE * cores:
        most = max(("workers", workers), *((n, s) for n, s in busy.items() if not n.startswith("worker")), key=_share)
        return f"the machine: {told}; most of it with {most[0]}"
    if full:
        return f"{', '.join(full)}: {told}"
    return f"waiting, not computing: {told}"


def _is_one_thread(name: str) -> bool:
    return name == "Redis" or name.startswith("worker")


def _share(named: tuple[str, float]) -> float:
    return named[1]


def table(written: Mapping[str, Any]) -> str:
    """Answer the figures as a person reads them."""
    lines = [
        "workers  SOS/s  worker ms/SOS  SOS → last alert p50, p99 (quiet)  positions/s  MiB a worker  stampede",
    ]
    for each in written["workers"]:
        quiet, back = each["quiet"], each["stampede"]
        mib = max(each["worker_mib"])
        lines.append(
            f"{each['workers']:>7}{each['sos_per_s']:>7.0f}{each['worker_ms_an_sos']:>15.1f}"
            f"{quiet['p50_ms']:>17.1f} ms{quiet['p99_ms']:>9.1f} ms{each['positions_per_s']:>16,}{mib:>14.0f}"
            f"{back['stampede_s']:>8.1f} s for {back['phones']:,}, {back['lost']} lost"
        )
    lines += [f"{each['workers']}: bounded by {each['bottleneck']}" for each in written["workers"]]
    lines += [f"{name}: {written[name]}" for name in _RATIOS if written[name] is not None]
    if written["across"]:
        across = written["across"]
        lines.append(
            f"SOS → alert, p50: same worker {across['same_ms']:.2f} ms, other worker {across['other_ms']:.2f} ms"
        )
    return "\n".join(lines)
