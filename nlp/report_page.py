"""The call report as one readable HTML page: no script, no outside reference, every text escaped."""

from __future__ import annotations

from html import escape

from nlp.language.model import Consent, Deal, Matter, Mention, Order, Quote, Terms
from nlp.report import Report
from nlp.summary.numbers import amount, level, price
from nlp.summary.wording import CHANNEL_WORDS

STYLE = """
body{font:15px/1.5 Inter,'DejaVu Sans',Arial,sans-serif;color:#1c2430;background:#f6f7f9;margin:0}
main{max-width:960px;margin:24px auto;background:#fff;padding:28px 36px;border:1px solid #dfe3e8;border-radius:6px}
h1{font-size:22px;margin:0 0 4px}h2{font-size:15px;margin:24px 0 6px;color:#44546a}
p.sub{color:#5a6675;margin:0}table{border-collapse:collapse;width:100%}
th,td{text-align:left;padding:5px 10px 5px 0;border-bottom:1px solid #edf0f3;vertical-align:top}
th{font-weight:600;color:#5a6675}
td.n{text-align:right;font-variant-numeric:tabular-nums;white-space:nowrap}
.t{display:grid;grid-template-columns:64px 90px 1fr;gap:2px 10px}
.t span.at{color:#8a94a3;font-variant-numeric:tabular-nums}
.client{color:#0b5cad}.trader{color:#5a3e9b}mark{padding:0 2px;border-radius:3px;background:#fff1c2}
mark.instrument{background:#d9ecff}mark.quantity{background:#e3f6df}mark.price{background:#ffe6d1}mark.date,mark.tenor{background:#efe5ff}
.empty{color:#8a94a3}
"""


def page(report: Report) -> str:
    """The whole page."""
    header, analysis = report.dialogue.header, report.analysis
    kind = "Call report" if header.kind == "call" else "Chat report"
    title = f"{kind}: {header.client.contact}, {header.client.organization}"
    reach = header.client.phone or header.client.handle or ""
    sub = " · ".join(
        x for x in (f"{header.started:%d %B %Y %H:%M}", header.trader.name, header.trader.desk, reach) if x
    )
    body = [
        f"<h1>{escape(title)}</h1><p class=sub>{escape(sub)}</p>",
        _section("Summary", f"<p>{escape(report.summary)}</p>"),
        _section("Talk", _talk(report)),
        _section(
            "Deals",
            _table(
                ("Client", "Size", "Instrument", "Price", "Value"),
                [deal_row(d) for d in analysis.deals],
                "No deal heard.",
            ),
        ),
        _section(
            "Quotes not dealt",
            _table(
                ("Outcome", "Size", "Instrument", "Bid", "Ask"),
                [quote_row(q) for q in analysis.quotes_not_dealt],
                "None.",
            ),
        ),
        _section(
            "Orders left",
            _table(
                ("Order", "Size", "Instrument", "Level", "Expiry"),
                [order_row(o) for o in analysis.orders_left],
                "None.",
            ),
        ),
        _section(
            "Follow-ups",
            _table(
                ("Owner", "What", "Due"),
                [(f.owner, f.what, f.due.isoformat() if f.due else "") for f in analysis.follow_ups],
                "None.",
            ),
        ),
    ]
    if analysis.consents:
        body.append(
            _section("Contact", _table(("Channel", "Client says"), [consent_row(c) for c in analysis.consents], ""))
        )
    if analysis.matters:
        told = _table(("Matter", "What", "Raised by"), [matter_row(matter) for matter in analysis.matters], "")
        body.append(_section("Complaints and KYC", told))
    body.append(_section("Transcript", _transcript(report)))
    head = f"<meta charset=utf-8><title>{escape(title)}</title><style>{STYLE}</style>"
    return f"<!doctype html><html lang=en>{head}<main>{''.join(body)}</main></html>"


def _section(title: str, content: str) -> str:
    return f"<h2>{escape(title)}</h2>{content}"


def _talk(report: Report) -> str:
    s = report.statistics
    minutes, seconds = divmod(round(s.duration), 60)
    share = f"trader {s.talk_share_trader:.0%}, client {s.talk_share_client:.0%}"
    talk = f"{minutes}:{seconds:02d} min · {s.turns} turns · {s.words} words · {share}"
    return f"<p>{escape(talk)} · tone {escape(report.analysis.sentiment)}</p>"


def _table(heads: tuple[str, ...], rows: list[tuple[str, ...]], empty: str) -> str:
    if not rows:
        return f"<p class=empty>{escape(empty)}</p>"
    head = "".join(f"<th>{escape(h)}</th>" for h in heads)
    lines = "".join("<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in row) + "</tr>" for row in rows)
    return f"<table><tr>{head}</tr>{lines}</table>"


def _size(fact: Terms) -> str:
    if fact.quantity is None:
        return ""
    return " ".join(x for x in (fact.quantity_ccy, amount(fact.quantity), fact.quantity_unit) if x)


def _named(fact: Terms) -> str:
    return f"{fact.description} ({fact.instrument})" if fact.description else fact.instrument


def deal_row(deal: Deal) -> tuple[str, ...]:
    verb = {"buy": "buys", "sell": "sells"}[deal.client_side or "buy"]
    if deal.product == "irs":
        verb = "pays fixed" if deal.client_side == "buy" else "receives fixed"
    return (
        verb,
        _size(deal),
        _named(deal),
        level(deal.price, deal),
        deal.value_date.isoformat() if deal.value_date else "",
    )


def quote_row(quote: Quote) -> tuple[str, ...]:
    bid = price(quote.bid, quote) or (f"{price(quote.mid, quote)} mid" if quote.mid is not None else "")
    return quote.outcome.replace("_", " "), _size(quote), _named(quote), bid, price(quote.ask, quote)


def order_row(order: Order) -> tuple[str, ...]:
    kind = f"{order.order_type.replace('_', ' ')}, {order.client_side}" + (", OCO" if order.oco else "")
    return kind, _size(order), _named(order), price(order.level, order), order.expiry or ""


def consent_row(consent: Consent) -> tuple[str, str]:
    return CHANNEL_WORDS.get(consent.channel, consent.channel), "yes" if consent.granted else "no"


def matter_row(matter: Matter) -> tuple[str, str, str]:
    kind = "KYC" if matter.kind == "kyc" else "formal complaint" if matter.formal else "complaint"
    return kind, matter.what, matter.raised_by


def _transcript(report: Report) -> str:
    turns = report.analysis.turns or report.dialogue.turns
    marks: dict[int, list[Mention]] = {}
    for mention in report.analysis.mentions:
        marks.setdefault(mention.turn, []).append(mention)
    lines = []
    for i, turn in enumerate(turns):
        minutes, seconds = divmod(int(turn.start), 60)
        text = _marked(turn.text, marks.get(i, []))
        lines.append(
            f"<span class=at>{minutes}:{seconds:02d}</span><span class={turn.who}>{turn.who}</span><span>{text}</span>"
        )
    return f"<div class=t>{''.join(lines)}</div>"


def _marked(text: str, mentions: list[Mention]) -> str:
    out, at = [], 0
    for mention in sorted(mentions, key=lambda m: m.start):
        if mention.start < at:
            continue
        out.append(escape(text[at : mention.start]))
        out.append(f'<mark class="{escape(mention.kind)}">{escape(text[mention.start : mention.end])}</mark>')
        at = mention.end
    return "".join(out) + escape(text[at:])
