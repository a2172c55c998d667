"""What the servers in Python send: the event of `event.js`, of HugMood's size."""

from typing import Any

REPLY = (
    '{"type":"mood_update_response","id":"msg-resp","data":{"success":true},'
    '"timestamp":"2024-08-25T15:30:10.000Z","sequenceNumber":0}'
)


def event_of(data: dict[str, Any], sequence: int) -> dict[str, Any]:
    """Return the event for a mood that was published."""
    return {
        "type": "mood_changed",
        "id": "bcast-7d8f2c1e-3b5a-4c6d-9e0f-1a2b3c4d5e6f",
        "data": {
            "userId": "user-019a1b2c3d4e5f60718293a4b5c6d7e8",
            "moodId": "mood-019a1b2c3d4e5f60718293a4b5c6d7e8",
            "mood": data["mood"],
            "intensity": data["intensity"],
            "isPublic": data["isPublic"],
            "timestamp": "2024-08-25T15:30:00.000Z",
        },
        "timestamp": "2024-08-25T15:30:10.000Z",
        "sequenceNumber": sequence,
    }
