"""Which app of the directory a web page is, judged by its URL."""

from __future__ import annotations

import msgspec
import pytest

from fdc3.directory import AppRecord
from fdc3.directory.matching import best_match, web_address


def web(app_id: str, url: str, kind: str = "web") -> AppRecord:
    value = {"appId": app_id, "title": app_id, "type": kind, "details": {"url": url}}
    return msgspec.convert(value, AppRecord)


RECORDS = (
    web("anything", "https://apps.example"),
    web("chart", "https://apps.example/chart"),
    web("big-chart", "https://apps.example/chart?size=big"),
    web("big-rates-chart", "https://apps.example/chart?size=big&asset=rates"),
    web("chart-help", "https://apps.example/chart#help"),
    web("channels", "http://localhost:3001/apps/channels"),
    web("native", "https://native.example", kind="native"),
    web("broken", "not a url"),
)


@pytest.mark.parametrize(
    ("url", "app_id"),
    [
        ("https://apps.example/", "anything"),
        ("https://apps.example/elsewhere", "anything"),
        ("https://apps.example/chart", "chart"),
        ("https://apps.example/chart/", "chart"),
        ("https://apps.example:443/chart?other=1", "chart"),
        ("HTTPS://APPS.EXAMPLE/chart", "chart"),
        ("https://apps.example/chart?x=1&size=big", "big-chart"),
        ("https://apps.example/chart?asset=rates&size=big", "big-rates-chart"),
        ("https://apps.example/chart?size=small", "chart"),
        ("https://apps.example/chart#help", "chart-help"),
        ("https://apps.example/Chart", "anything"),
        ("http://localhost:3001/apps/channels/", "channels"),
        ("http://localhost:3001/apps/channels?instance=2", "channels"),
        ("http://localhost:3002/apps/channels", None),
        ("http://localhost:3001/apps", None),
        ("http://apps.example/chart", None),
        ("https://apps.example.evil.example/chart", None),
        ("https://apps.example@evil.example/chart", None),
        ("https://evil.example\\@apps.example/chart", None),
        ("https://native.example", None),
        ("javascript:alert(1)", None),
        ("https://apps.example:port/", None),
        ("", None),
    ],
)
def test_the_record_sharing_most_parts_wins_and_must_share_all_of_its_own(url: str, app_id: str | None) -> None:
    found = best_match(url, RECORDS)
    assert (found and found.app_id) == app_id


def test_of_equal_matches_the_first_wins() -> None:
    records = [web("first", "https://apps.example/one"), web("second", "https://apps.example/one/")]
    assert best_match("https://apps.example/one", records) is records[0]


@pytest.mark.parametrize(
    ("url", "origin"),
    [
        ("https://apps.example:443/x", "https://apps.example"),
        ("http://127.0.0.1:8080", "http://127.0.0.1:8080"),
        ("http://[::1]:80/", "http://[::1]"),
    ],
)
def test_an_origin_is_written_as_browsers_do(url: str, origin: str) -> None:
    address = web_address(url)
    assert address is not None
    assert address.origin == origin
