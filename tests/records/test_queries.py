from __future__ import annotations

import datetime as dt
from collections.abc import Callable

from app.records import queries
from app.records.lines import HitRatio
from app.records.store import Records
from app.records.tables import Enquiry, Organization

NOW = dt.datetime(2026, 11, 20, 9, 30, tzinfo=dt.UTC)


def test_the_hit_ratio_counts_firm_enquiries_of_its_span(records: Records, house: Callable[..., Organization]) -> None:
    outcomes = ("dealt", "passed", "traded_away", "indicative", "no_quote")
    with records.change("user:1") as change:
        organization = change.add(house())
        for year, wanted in ((2025, ("dealt",)), (2026, outcomes)):
            for outcome in wanted:
                change.add(Enquiry(organization_id=organization.id, at=NOW.replace(year=year), outcome=outcome))
    with records.read() as session:
        own = organization.id
        assert queries.hit_ratio(session, own) == HitRatio(asked=4, dealt=2)
        assert queries.hit_ratio(session, own, since=NOW) == HitRatio(asked=3, dealt=1)
        assert queries.hit_ratio(session, own, until=NOW - dt.timedelta(days=1)) == HitRatio(asked=1, dealt=1)
        assert queries.hit_ratio(session, own, since=NOW + dt.timedelta(days=1)).ratio is None
