"""Who is meant by an id, in SQL."""

import json
from collections.abc import Sequence
from typing import Final

from hugmood.store.database import Transaction

_KEYS: Final = {
    "sqlite": """
        SELECT id, key FROM account WHERE id IN (SELECT value FROM json_each(:ids))
    """,
    "postgres": """
        SELECT id, key FROM account
        WHERE id IN (SELECT jsonb_array_elements_text(:ids::text::jsonb))
    """,
}


def keys(tx: Transaction, user_ids: Sequence[str]) -> dict[str, int]:
    """Return the keys of those of these people who exist, by id."""
    return dict(tx.rows(_KEYS[tx.dialect], {"ids": json.dumps(list(user_ids))}))
