"""The same query on Strawberry's stock ASGI view: `strawberry_view.py FILE USER_KEY`."""

import socket
import sqlite3
import sys
from datetime import UTC, datetime

import strawberry
import uvicorn
from strawberry.asgi import GraphQL

PAGE = """
    SELECT id, mood, intensity, note, occurred_at FROM mood_entry WHERE user_key = ?
    ORDER BY occurred_at DESC, key DESC LIMIT ?
"""
file, user = sys.argv[1], int(sys.argv[2])
database = sqlite3.connect(file, check_same_thread=False)


@strawberry.type
class MoodEntry:
    """An entry."""

    id: strawberry.ID
    mood: str
    intensity: float
    note: str | None
    created_at: datetime


@strawberry.type
class MoodEntryPage:
    """A page of them."""

    items: list[MoodEntry]


@strawberry.type
class Query:
    """What can be asked."""

    @strawberry.field
    async def mood_entries(self, limit: int = 20) -> MoodEntryPage:
        """One's own entries."""
        rows = database.execute(PAGE, (user, limit)).fetchall()
        return MoodEntryPage(
            items=[
                MoodEntry(
                    id=strawberry.ID(row[0]),
                    mood=row[1],
                    intensity=row[2],
                    note=row[3],
                    created_at=datetime.fromtimestamp(row[4] / 1000, UTC),
                )
                for row in rows
            ]
        )


def main() -> None:
    """Serve on a free port and print it."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen()
        print(listening.getsockname()[1], flush=True)
        app = GraphQL(strawberry.Schema(Query))
        config = uvicorn.Config(app, log_config=None, access_log=False, loop="uvloop")
        uvicorn.Server(config).run([listening])


if __name__ == "__main__":
    main()
