"""Workbooks for tests, written as people and programs write them."""

import io
import zipfile
from collections.abc import Callable, Iterable
from typing import Any

import openpyxl

HEAD = ("序号", "单位名称", "详细地址", "安装位置", "经度", "纬度", "开放时间", "联系电话", "电池有效期")


def book(rows: Iterable[Iterable[Any]], finish: Callable[[Any], None] = lambda _book: None) -> bytes:
    """A workbook of one sheet; `finish` may do more to it."""
    made: Any = openpyxl.Workbook()
    for row in rows:
        made.active.append(list(row))
    finish(made)
    page = io.BytesIO()
    made.save(page)
    return page.getvalue()


def with_part(data: bytes, name: str, change: Callable[[bytes], bytes]) -> bytes:
    """The workbook with one of its parts changed."""
    page = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(page, "w", zipfile.ZIP_DEFLATED) as new:
        for member in old.infolist():
            content = old.read(member)
            new.writestr(member.filename, change(content) if member.filename == name else content)
    return page.getvalue()
