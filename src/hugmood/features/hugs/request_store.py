"""Requests for hugs in SQL."""

from collections.abc import Sequence
from typing import Final, NamedTuple

from hugmood.features.hugs.messages import Direction, RequestStatus, TargetType
from hugmood.store.database import Transaction, one

_INSERT = """
    INSERT INTO hug_request (id, requester_key, target_type, target_id, message, created_at,
        expires_at)
    VALUES (:id, :requester, :target_type, :target_id, :message, :created_at, :expires_at)
    RETURNING key
"""
_ASK = """
    INSERT INTO hug_request_target (request_key, user_key, created_at, expires_at)
    SELECT :request, value, :created_at, :expires_at FROM {users}
"""
_ASKS: Final = {
    "sqlite": _ASK.format(users="json_each(:users)"),
    "postgres": _ASK.format(
        users="(SELECT jsonb_array_elements_text(:users::text::jsonb)::bigint) AS users (value)"
    ),
}
_ASKED = """
    SELECT r.key, r.requester_key, r.expires_at, t.user_key IS NOT NULL, t.answered_at IS NOT NULL
    FROM hug_request r
        LEFT JOIN hug_request_target t ON t.request_key = r.key AND t.user_key = :user
    WHERE r.id = :id
"""
# Two devices may answer at once, on two servers: only one of them finds it unanswered.
_ANSWER = """
    UPDATE hug_request_target SET answered_at = :now, accepted = :accepted, hug_id = :hug_id
    WHERE request_key = :request AND user_key = :user AND answered_at IS NULL
"""
_ACCEPTED = "UPDATE hug_request SET accepted_count = accepted_count + 1 WHERE key = :request"
_DELETE = "DELETE FROM hug_request WHERE key = :request"

# That someone declined is not told: whoever asked sees such a request as unanswered.
_STATUS: Final[dict[Direction, str]] = {
    "sent": """CASE WHEN r.accepted_count > 0 THEN 'accepted'
        WHEN r.expires_at > :now THEN 'open' ELSE 'expired' END""",
    "received": """CASE WHEN t.accepted THEN 'accepted' WHEN t.accepted IS NOT NULL
        THEN 'declined' WHEN t.expires_at > :now THEN 'open' ELSE 'expired' END""",
}
_SIDES: Final[dict[Direction, str]] = {
    "sent": """
        FROM hug_request r
        WHERE r.requester_key = :user AND r.created_at BETWEEN :start AND :end""",
    # Requests of those one blocks are left out, as they are of the stream.
    "received": """
        FROM hug_request_target t
        WHERE t.user_key = :user AND t.created_at BETWEEN :start AND :end
            AND t.request_key NOT IN (
                SELECT blocked.key FROM hug_request blocked JOIN block b
                    ON b.blocked_key = blocked.requester_key WHERE b.blocker_key = :user)""",
}
_KEYS: Final[dict[Direction, str]] = {
    "sent": "r.created_at AS created_at, r.key AS key",
    "received": "t.created_at AS created_at, t.request_key AS key",
}
_PAGE = f"""
    SELECT r.id, found.direction,
        CASE found.direction WHEN 'sent' THEN {_STATUS["sent"]} ELSE {_STATUS["received"]} END,
        CASE found.direction WHEN 'sent' THEN asked.id ELSE asker.id END,
        CASE found.direction WHEN 'sent' THEN asked.name ELSE asker.name END,
        r.target_type, r.target_id, r.message, r.accepted_count, t.hug_id, r.created_at,
        r.expires_at
    FROM (SELECT * FROM ({{sides}}) AS sides ORDER BY created_at DESC, key DESC
            LIMIT :limit OFFSET :offset) AS found
        JOIN hug_request r ON r.key = found.key
        JOIN account asker ON asker.key = r.requester_key
        LEFT JOIN account asked ON asked.id = r.target_id
        LEFT JOIN hug_request_target t ON t.request_key = r.key AND t.user_key = :user
    ORDER BY found.created_at DESC, found.key DESC
"""


class Request(NamedTuple):
    """A request for a hug; times in ms, `target_id` as on the wire."""

    id: str
    requester: int
    target_type: TargetType
    target_id: str | None
    message: str | None
    created_at: int
    expires_at: int


class Asked(NamedTuple):
    """A request as somebody who wants to answer it finds it."""

    key: int
    requester: int
    expires_at: int
    target: bool
    """Whether it asks this person at all."""
    answered: bool


class Answer(NamedTuple):
    """What a person says to a request; `hug_id` is the hug given, `now` in ms."""

    request: int
    user: int
    accepted: bool
    hug_id: str | None
    now: int


class ListedRequest(NamedTuple):
    """A request as one side of it sees it; `user_id` and `name` are the other's."""

    id: str
    direction: Direction
    status: RequestStatus
    user_id: str | None
    name: str | None
    target_type: TargetType
    target_id: str | None
    message: str | None
    accepted_count: int
    hug_id: str | None
    created_at: int
    expires_at: int


class WantedRequests(NamedTuple):
    """Which requests of one person at this time; bounds in ms are inclusive."""

    user: int
    start: int
    end: int
    now: int
    direction: Direction | None = None
    status: RequestStatus | None = None


def insert(tx: Transaction, request: Request, users: Sequence[int]) -> int:
    """Keep a request to these people; return its key."""
    key: int = tx.rows(_INSERT, request._asdict())[0][0]
    params = {"created_at": request.created_at, "expires_at": request.expires_at}
    tx.execute(_ASKS[tx.dialect], {"request": key, "users": str(list(users)), **params})
    return key


def asked(tx: Transaction, request_id: str, user: int) -> Asked | None:
    """Find a request, and how this person stands to it."""
    row = one(tx.rows(_ASKED, {"id": request_id, "user": user}))
    return Asked(row[0], row[1], row[2], bool(row[3]), bool(row[4])) if row else None


def answer(tx: Transaction, given: Answer) -> bool:
    """Keep an answer; False, and nothing is kept, if there was one before."""
    if not tx.execute(_ANSWER, given._asdict()):
        return False
    if given.accepted:
        tx.execute(_ACCEPTED, {"request": given.request})
    return True


def delete(tx: Transaction, request: int) -> None:
    """Delete a request (key) and all answers to it."""
    tx.execute(_DELETE, {"request": request})


def page(tx: Transaction, wanted: WantedRequests, limit: int, offset: int) -> list[ListedRequest]:
    """Return a page of requests sent and received, newest first."""
    # Each side is read in the order of its index, and no further than the page reaches.
    sides = " UNION ALL ".join(
        f"""SELECT * FROM (SELECT '{side}' AS direction, {_KEYS[side]} {_wanted(side, wanted)}
            ORDER BY created_at DESC, key DESC LIMIT :reach) AS {side}"""
        for side in _directions(wanted)
    )
    params = {"limit": limit, "offset": offset, "reach": limit + offset}
    rows = tx.rows(_PAGE.format(sides=sides), wanted._asdict() | params)
    return [ListedRequest(*row) for row in rows]


def count(tx: Transaction, wanted: WantedRequests) -> int:
    """Count the requests that are wanted."""
    counts = [f"(SELECT count(*) {_wanted(side, wanted)})" for side in _directions(wanted)]
    return int(tx.rows(f"SELECT {' + '.join(counts)}", wanted._asdict())[0][0])


def _directions(wanted: WantedRequests) -> list[Direction]:
    return [wanted.direction] if wanted.direction else ["sent", "received"]


def _wanted(side: Direction, wanted: WantedRequests) -> str:
    return _SIDES[side] + (f" AND {_STATUS[side]} = :status" if wanted.status else "")
