"""An import is written whole or not at all, within bounds, and says so."""

import subprocess
import sys

import psycopg
import pytest
from sqlalchemy import text

from dispatch.aeds.importing.reading import read_list
from dispatch.aeds.importing.rows import MOST_ROWS, UnreadableFile
from tests.aeds.conftest import Registry

LIST = "id,name,lat,lon,opening_hours\n" + "".join(f"{at},hall {at},30.{at:03},120.1,24/7\n" for at in range(600))

# A list of so many megabytes read in a process of its own: what it takes at the most is told by the system.
MEASURE = """
import resource, sys
from dispatch.aeds.importing.reading import read_list
row = ('{0},第{0}号公共服务中心,浙江省杭州市西湖区文三路{0}号,一楼大厅,{1:.6f},{2:.6f},'
       '周一至周五8:{3:02}-17:30,0571-{0:07}\\n')
rows = [row.format(at, 120 + at % 10000 / 20000, 30 + at // 10000 / 3000, at % 60) for at in range(int(sys.argv[1]))]
data = ('编号,单位名称,详细地址,安装位置,经度,纬度,开放时间,联系电话\\n' + ''.join(rows)).encode()
del rows
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
report = read_list(data, source='big').report
print(len(data), report.rows, report.taken, before * 1024, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024)
"""


COUNTS = text("""
select (select count(*) from aeds), (select count(*) from aed_health), (select count(*) from aed_events),
       (select count(*) from aed_reports)
""")


async def counts(registry: Registry) -> tuple[int, ...]:
    async with registry.database.transaction() as connection:
        return tuple((await connection.execute(COUNTS)).one())


async def test_what_breaks_off_in_the_middle_leaves_nothing(registry: Registry, postgis_url: str) -> None:
    # A row that the database refuses, among the last to be written.
    forbid = """
        create function forbid() returns trigger language plpgsql as $$ begin
            if new.name = 'hall 555' then raise exception 'refused'; end if; return new; end $$;
        create trigger forbid before insert on aeds for each row execute function forbid();
    """
    url = postgis_url.replace("+psycopg", "")
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(forbid)
    try:
        with pytest.raises(Exception, match="refused"):
            await registry.service.import_file(LIST.encode(), source="city")
    finally:
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute("drop trigger forbid on aeds; drop function forbid()")
    assert await counts(registry) == (0, 0, 0, 0)
    assert len(registry.directory) == 0
    assert registry.changes == []
    assert (await registry.service.import_file(LIST.encode(), source="city")).created == 600
    assert len(registry.directory) == 600


async def test_a_dry_run_leaves_no_trace_in_the_database(registry: Registry) -> None:
    await registry.service.import_file(LIST.encode(), source="city", dry_run=True)
    assert await counts(registry) == (0, 0, 0, 0)


def test_a_large_list_takes_a_bounded_multiple_of_its_size() -> None:
    done = subprocess.run([sys.executable, "-c", MEASURE, "40000"], capture_output=True, text=True, check=True)
    size, rows, taken, before, most = map(int, done.stdout.split())
    assert rows == taken == 40_000
    assert most - before < 20 * size + 60_000_000


@pytest.mark.parametrize(
    "data",
    [
        b"name,lat,lon\n" + b"\n" * 1_200_000,
        b"name,lat,lon\n" + b"a,1,2\n" * (MOST_ROWS + 1),
        b"[" * 200_000,
        b"name,lat,lon\n" + b'"a,1,2\n' * 20_000 + b"b,30,120\n",
    ],
)
def test_files_made_to_exhaust_are_refused_or_read_within_seconds(data: bytes) -> None:
    try:
        report = read_list(data, source="hostile").report
    except UnreadableFile:
        return
    assert report.rows == report.taken + len(report.left_out)
