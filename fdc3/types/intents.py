"""The standard intents of FDC3 2.2."""

from __future__ import annotations

from typing import Final

CREATE_INTERACTION: Final = "CreateInteraction"
CREATE_OR_UPDATE_PROFILE: Final = "CreateOrUpdateProfile"
SEND_CHAT_MESSAGE: Final = "SendChatMessage"
START_CALL: Final = "StartCall"
START_CHAT: Final = "StartChat"
START_EMAIL: Final = "StartEmail"
VIEW_ANALYSIS: Final = "ViewAnalysis"
VIEW_CHART: Final = "ViewChart"
VIEW_CHAT: Final = "ViewChat"
VIEW_CONTACT: Final = "ViewContact"
"""Deprecated by the standard in favour of ``ViewProfile``."""
VIEW_HOLDINGS: Final = "ViewHoldings"
VIEW_INSTRUMENT: Final = "ViewInstrument"
VIEW_INTERACTIONS: Final = "ViewInteractions"
VIEW_MESSAGES: Final = "ViewMessages"
VIEW_NEWS: Final = "ViewNews"
VIEW_ORDERS: Final = "ViewOrders"
VIEW_PROFILE: Final = "ViewProfile"
VIEW_QUOTE: Final = "ViewQuote"
VIEW_RESEARCH: Final = "ViewResearch"

STANDARD: Final = frozenset(
    value for name, value in list(globals().items()) if name.isupper() and isinstance(value, str)
)
