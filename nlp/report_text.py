"""The call report as plain text for a terminal."""

from __future__ import annotations

import textwrap

from nlp.report import Report
from nlp.report_page import consent_row, deal_row, matter_row, order_row, quote_row

WIDTH = 100


def to_text(report: Report) -> str:
    """Header, summary, facts and transcript, one fact a line."""
    header, analysis, talk = report.dialogue.header, report.analysis, report.statistics
    minutes, seconds = divmod(round(talk.duration), 60)
    lines = [
        f"{header.kind.capitalize()} with {header.client.contact}, {header.client.organization}",
        f"{header.started:%d %B %Y %H:%M} · {header.trader.name} · {minutes}:{seconds:02d} min · "
        f"trader spoke {talk.talk_share_trader:.0%}",
        "",
        *textwrap.wrap(report.summary, WIDTH),
    ]
    follow_ups = [(one.owner, one.what, f"by {one.due}" if one.due else "") for one in analysis.follow_ups]
    for title, rows in (
        ("Deals", [deal_row(deal) for deal in analysis.deals]),
        ("Quotes not dealt", [quote_row(quote) for quote in analysis.quotes_not_dealt]),
        ("Orders left", [order_row(order) for order in analysis.orders_left]),
        ("Follow-ups", follow_ups),
        ("Contact", [consent_row(consent) for consent in analysis.consents]),
        ("Complaints and KYC", [matter_row(matter) for matter in analysis.matters]),
    ):
        if rows:
            lines += ["", title, *("  " + "  ".join(cell for cell in row if cell) for row in rows)]
    lines += ["", "Transcript"]
    for turn in report.dialogue.turns:
        at_minutes, at_seconds = divmod(int(turn.start), 60)
        lines.append(f"  {at_minutes:02d}:{at_seconds:02d}  {turn.who:7} {turn.text}")
    return "\n".join(lines)
