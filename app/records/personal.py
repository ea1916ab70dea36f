"""Where personal data is, and what is left when it is erased: data, for desk and server alike.

Deals and enquiries stay: they name a contact by id, and say nothing of a person once that record is empty.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

EMPTIED: Mapping[str, Mapping[str, Any]] = {
    "contact": {"name": "", "title": None, "language": None, "status": "erased", "notes": ""},
    "interaction": {"number": None, "handle": None, "subject": "", "recording": None},
    "call_report": {"fields": {}, "suggestions": {}, "edited": []},
    "follow_up": {"what": ""},
    "sync_conflict": {"kept": {}, "lost": {}, "kept_by": "", "lost_by": ""},
    "user": {"name": "", "initials": "", "email": ""},
}
"""Records that others refer to: the fields that are emptied, and what is in them then. Others are deleted whole."""

OF_CONTACT = ("contact_phone", "contact_email", "contact_handle", "consent", "interaction", "follow_up")
"""Tables whose ``contact_id`` makes a record part of what is known of a person."""

OF_INTERACTION = ("transcript_segment", "transcript_edit", "recording_span", "call_report", "follow_up", "consent")
"""And those of the interactions with that person, by ``interaction_id``."""
