"""Who may change what, in the words of those who decide it. Written by itself, and not from the server's own table.

Each line: a kind of record | who may add one | who may change which field | who may delete one. ``others`` are all
fields that the line does not name. T trader, S sales manager, C credit officer, O compliance officer, A administrator;
D the desk by itself (calls, what was said, what follows from it); - nobody. Who only looks (viewer) stands nowhere.
"""

from __future__ import annotations

LETTERS = {
    "T": "trader", "S": "sales-manager", "C": "credit-officer", "O": "compliance", "A": "administrator", "D": "desk",
}  # fmt: skip

_WHO = """
user               | A   | others A                                                                |
instrument         | A   | others A                                                                | A
price_source       | A   | others A                                                                | A
organization       | TS  | others TSO; status kind mifid_category lei O; tier owner_id desk book SO |
contact            | TS  | others TSO                                                              | SO
contact_phone      | TS  | others TS                                                               | TSO
contact_email      | TS  | others TS                                                               | TSO
contact_handle     | TS  | others TS                                                               | TSO
consent            | TSO | others O                                                                |
account            | SO  | others SO                                                               |
holding            | TS  | others TS                                                               | TS
credit_line        | C   | others C; limit C; status C                                             | C
credit_reserve     |     |                                                                         |
interaction        | TSD | others TSD                                                              |
transcript_segment | TSD | others TSD                                                              |
transcript_edit    | TS  | others TS                                                               | TS
recording_span     | TSD | others TSD                                                              |
lexicon_entry      | TS  | others TS                                                               | TS
call_report        | TSD | others TSD                                                              |
follow_up          | TSD | others TSD                                                              | TS
deal               | TS  | others TS; credit -                                                     |
enquiry            | TSD | others TSD                                                              |
sync_conflict      |     | status resolution TSCO; kept lost -                                     |
of_the_future      |     |                                                                         |
"""

FOR_EVERYBODY = {"user", "instrument", "price_source", "lexicon_entry"}
"""Reference data, which every desk of the firm has."""

ADDED_ONCE = {"deal", "account", "credit_line"}
"""Nobody adds one over another: what goes with it would happen twice."""


def _read() -> dict[str, tuple[set[str], dict[str, set[str]], set[str]]]:
    table = {}
    for line in _WHO.strip().splitlines():
        kind, add, change, delete = (part.strip() for part in line.split("|"))
        fields = {"others": set[str]()}
        for each in change.split(";"):
            *names, letters = each.split() or [""]
            fields |= {name: {LETTERS[letter] for letter in letters.strip("-")} for name in names}
        table[kind] = ({LETTERS[each] for each in add}, fields, {LETTERS[each] for each in delete})
    return table


TABLE = _read()


def may_add(who: set[str], kind: str) -> bool:
    return bool(who & TABLE[kind][0])


def may_change(who: set[str], kind: str, field: str) -> bool:
    fields = TABLE[kind][1]
    return bool(who & fields.get(field, fields["others"]))


def may_delete(who: set[str], kind: str) -> bool:
    return bool(who & TABLE[kind][2])


def fields_of(kind: str) -> list[str]:
    """The fields to be tried: those that the table names, and one that it does not."""
    return [*(name for name in TABLE[kind][1] if name != "others"), "notes"]
