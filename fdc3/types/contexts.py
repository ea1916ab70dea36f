"""The standard context types of FDC3 2.2. Dates are aware datetimes; prices and quantities stay JSON numbers."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any, Literal

from fdc3.types.context import Context, part, parts

Ids = Mapping[str, str]


def _iso(moment: dt.datetime | str | None) -> str | None:
    return moment.isoformat() if isinstance(moment, dt.datetime) else moment


def _moment(text: str | None) -> dt.datetime | None:
    try:
        moment = dt.datetime.fromisoformat(text) if text else None
    except ValueError:
        return None
    return moment if moment is None or moment.tzinfo else moment.replace(tzinfo=dt.UTC)


class _Identified(Context):
    """A context whose ``id`` the standard requires."""

    def __init__(self, *, id: Ids | None = None, name: str | None = None, **fields: Any) -> None:
        super().__init__(id=dict(id or {}), name=name, **fields)


class Contact(_Identified, type="fdc3.contact"):
    """A person. Standard id schemes: ``email``, ``FDS_ID``; Deskline adds ``phone``, ``handle`` and ``deskline``."""

    @property
    def email(self) -> str | None:
        return self.id.get("email")

    @property
    def phone(self) -> str | None:
        return self.id.get("phone")


class Organization(_Identified, type="fdc3.organization"):
    """A firm. Id schemes: ``LEI``, ``PERMID``, ``FDS_ID``."""

    @property
    def lei(self) -> str | None:
        return self.id.get("LEI")


class Instrument(_Identified, type="fdc3.instrument"):
    """Id schemes: ``ticker``, ``ISIN``, ``BBG``, ``CUSIP``, ``FIGI``, ``RIC``, ``SEDOL``, ``PERMID``, ``FDS_ID``."""

    def __init__(
        self,
        *,
        id: Ids | None = None,
        name: str | None = None,
        market: Mapping[str, str] | None = None,
        **fields: Any,
    ) -> None:
        super().__init__(id=id, name=name, market=market, **fields)

    @property
    def isin(self) -> str | None:
        return self.id.get("ISIN")

    @property
    def ticker(self) -> str | None:
        return self.id.get("ticker")

    @property
    def market(self) -> dict[str, str]:
        return dict(self.get("market") or {})


class Country(_Identified, type="fdc3.country"):
    @property
    def alpha2(self) -> str | None:
        return self.id.get("COUNTRY_ISOALPHA2")


class Currency(_Identified, type="fdc3.currency"):
    @property
    def code(self) -> str | None:
        return self.id.get("CURRENCY_ISOCODE")


class ContactList(Context, type="fdc3.contactList"):
    def __init__(self, *, contacts: Sequence[Contact], id: Ids | None = None, name: str | None = None, **fields: Any):
        super().__init__(contacts=list(contacts), id=id, name=name, **fields)

    @property
    def contacts(self) -> list[Contact]:
        return parts(self, "contacts", Contact)


class InstrumentList(Context, type="fdc3.instrumentList"):
    def __init__(
        self, *, instruments: Sequence[Instrument], id: Ids | None = None, name: str | None = None, **fields: Any
    ):
        super().__init__(instruments=list(instruments), id=id, name=name, **fields)

    @property
    def instruments(self) -> list[Instrument]:
        return parts(self, "instruments", Instrument)


class TimeRange(Context, type="fdc3.timeRange"):
    def __init__(self, *, start: dt.datetime | str | None = None, end: dt.datetime | str | None = None, **fields: Any):
        super().__init__(**{"startTime": _iso(start), "endTime": _iso(end), **fields})

    @property
    def start(self) -> dt.datetime | None:
        return _moment(self._text("startTime"))

    @property
    def end(self) -> dt.datetime | None:
        return _moment(self._text("endTime"))


class Interaction(Context, type="fdc3.interaction"):
    """A call, chat, mail or meeting. ``interaction_type``: "Instant Message", "Email", "Call", "Meeting" or another."""

    def __init__(
        self,
        *,
        participants: ContactList | Sequence[Contact],
        interaction_type: str,
        time_range: TimeRange | None = None,
        description: str = "",
        initiator: Contact | None = None,
        origin: str | None = None,
        id: Ids | None = None,
        name: str | None = None,
        **fields: Any,
    ):
        people = participants if isinstance(participants, ContactList) else ContactList(contacts=participants)
        super().__init__(
            participants=people,
            interactionType=interaction_type,
            timeRange=time_range if time_range is not None else TimeRange(),
            description=description,
            initiator=initiator,
            origin=origin,
            id=id,
            name=name,
            **fields,
        )

    @property
    def participants(self) -> list[Contact]:
        people = part(self, "participants", ContactList)
        return people.contacts if people is not None else []

    @property
    def interaction_type(self) -> str | None:
        return self._text("interactionType")

    @property
    def time_range(self) -> TimeRange | None:
        return part(self, "timeRange", TimeRange)

    @property
    def description(self) -> str | None:
        return self._text("description")

    @property
    def initiator(self) -> Contact | None:
        return part(self, "initiator", Contact)

    @property
    def origin(self) -> str | None:
        return self._text("origin")


class Product(_Identified, type="fdc3.product"):
    def __init__(
        self,
        *,
        id: Ids | None = None,
        name: str | None = None,
        instrument: Instrument | None = None,
        **fields: Any,
    ) -> None:
        super().__init__(id=id, name=name, instrument=instrument, **fields)

    @property
    def instrument(self) -> Instrument | None:
        return part(self, "instrument", Instrument)


class Trade(_Identified, type="fdc3.trade"):
    def __init__(self, *, id: Ids, product: Product, name: str | None = None, **fields: Any) -> None:
        super().__init__(id=id, name=name, product=product, **fields)

    @property
    def product(self) -> Product | None:
        return part(self, "product", Product)


class TradeList(Context, type="fdc3.tradeList"):
    def __init__(self, *, trades: Sequence[Trade], id: Ids | None = None, name: str | None = None, **fields: Any):
        super().__init__(trades=list(trades), id=id, name=name, **fields)

    @property
    def trades(self) -> list[Trade]:
        return parts(self, "trades", Trade)


class Order(_Identified, type="fdc3.order"):
    def __init__(
        self, *, id: Ids, name: str | None = None, details: Mapping[str, Any] | None = None, **fields: Any
    ) -> None:
        super().__init__(id=id, name=name, details=details, **fields)

    @property
    def details(self) -> dict[str, Any]:
        return dict(self.get("details") or {})


class OrderList(Context, type="fdc3.orderList"):
    def __init__(self, *, orders: Sequence[Order], id: Ids | None = None, name: str | None = None, **fields: Any):
        super().__init__(orders=list(orders), id=id, name=name, **fields)

    @property
    def orders(self) -> list[Order]:
        return parts(self, "orders", Order)


class Position(Context, type="fdc3.position"):
    def __init__(self, *, instrument: Instrument, holding: float, name: str | None = None, **fields: Any) -> None:
        super().__init__(instrument=instrument, holding=holding, name=name, **fields)

    @property
    def instrument(self) -> Instrument | None:
        return part(self, "instrument", Instrument)

    @property
    def holding(self) -> float | None:
        return self._number("holding")


class Portfolio(Context, type="fdc3.portfolio"):
    def __init__(self, *, positions: Sequence[Position], name: str | None = None, **fields: Any) -> None:
        super().__init__(positions=list(positions), name=name, **fields)

    @property
    def positions(self) -> list[Position]:
        return parts(self, "positions", Position)


class Valuation(Context, type="fdc3.valuation"):
    def __init__(
        self,
        *,
        value: float,
        currency: str,
        price: float | None = None,
        valuation_time: dt.datetime | str | None = None,
        expiry_time: dt.datetime | str | None = None,
        **fields: Any,
    ) -> None:
        times = {"valuationTime": _iso(valuation_time), "expiryTime": _iso(expiry_time)}
        super().__init__(**{"value": value, "CURRENCY_ISOCODE": currency, "price": price, **times, **fields})

    @property
    def value(self) -> float | None:
        return self._number("value")

    @property
    def price(self) -> float | None:
        return self._number("price")

    @property
    def currency(self) -> str | None:
        return self._text("CURRENCY_ISOCODE")


class Message(Context, type="fdc3.message"):
    """A text message: plain, and as markdown if the sender has it."""

    def __init__(self, *, text: str | None = None, markdown: str | None = None, **fields: Any) -> None:
        forms = {"text/plain": text, "text/markdown": markdown}
        super().__init__(text={form: value for form, value in forms.items() if value is not None}, **fields)

    @property
    def text(self) -> str | None:
        forms = self.get("text")
        value = forms.get("text/plain") if isinstance(forms, Mapping) else None
        return value if isinstance(value, str) else None


class ChatRoom(_Identified, type="fdc3.chat.room"):
    def __init__(
        self, *, provider_name: str, id: Ids, name: str | None = None, url: str | None = None, **fields: Any
    ) -> None:
        super().__init__(id=id, name=name, providerName=provider_name, url=url, **fields)

    @property
    def provider_name(self) -> str | None:
        return self._text("providerName")


class ChatMessage(Context, type="fdc3.chat.message"):
    def __init__(self, *, room: ChatRoom, message: Message, **fields: Any) -> None:
        super().__init__(chatRoom=room, message=message, **fields)

    @property
    def room(self) -> ChatRoom | None:
        return part(self, "chatRoom", ChatRoom)

    @property
    def message(self) -> Message | None:
        return part(self, "message", Message)


class ChatInitSettings(Context, type="fdc3.chat.initSettings"):
    def __init__(
        self,
        *,
        chat_name: str | None = None,
        members: ContactList | None = None,
        message: Message | str | None = None,
        options: Mapping[str, bool] | None = None,
        **fields: Any,
    ) -> None:
        super().__init__(chatName=chat_name, members=members, message=message, options=options, **fields)

    @property
    def members(self) -> list[Contact]:
        people = part(self, "members", ContactList)
        return people.contacts if people is not None else []


class ChatSearchCriteria(Context, type="fdc3.chat.searchCriteria"):
    def __init__(self, *, criteria: Sequence[Instrument | Organization | Contact | str], **fields: Any) -> None:
        super().__init__(criteria=list(criteria), **fields)


class Email(Context, type="fdc3.email"):
    def __init__(
        self,
        *,
        recipients: Contact | ContactList,
        subject: str | None = None,
        text_body: str | None = None,
        **fields: Any,
    ) -> None:
        super().__init__(recipients=recipients, subject=subject, textBody=text_body, **fields)

    @property
    def recipients(self) -> list[Contact]:
        one, several = part(self, "recipients", Contact), part(self, "recipients", ContactList)
        return [one] if one is not None else several.contacts if several is not None else []


class Chart(Context, type="fdc3.chart"):
    def __init__(
        self,
        *,
        instruments: Sequence[Instrument],
        range: TimeRange | None = None,
        style: str | None = None,
        **fields: Any,
    ) -> None:
        super().__init__(instruments=list(instruments), range=range, style=style, **fields)

    @property
    def instruments(self) -> list[Instrument]:
        return parts(self, "instruments", Instrument)

    @property
    def range(self) -> TimeRange | None:
        return part(self, "range", TimeRange)


class TransactionResult(Context, type="fdc3.transactionResult"):
    def __init__(
        self,
        *,
        status: Literal["Created", "Deleted", "Updated", "Failed"],
        context: Context | None = None,
        message: str | None = None,
        **fields: Any,
    ) -> None:
        super().__init__(status=status, context=context, message=message, **fields)

    @property
    def status(self) -> str | None:
        return self._text("status")

    @property
    def context(self) -> Context | None:
        return part(self, "context", Context)


class Action(Context, type="fdc3.action"):
    def __init__(
        self,
        *,
        title: str,
        context: Context,
        action: Literal["broadcast", "raiseIntent"] | None = None,
        intent: str | None = None,
        channel_id: str | None = None,
        app: Mapping[str, str] | None = None,
        **fields: Any,
    ) -> None:
        super().__init__(
            title=title, context=context, action=action, intent=intent, channelId=channel_id, app=app, **fields
        )


class FileAttachment(Context, type="fdc3.fileAttachment"):
    def __init__(self, *, file_name: str, data_uri: str, **fields: Any) -> None:
        super().__init__(data={"name": file_name, "dataUri": data_uri}, **fields)


class Nothing(Context, type="fdc3.nothing"):
    """For intents that need no context."""
