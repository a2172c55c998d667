"""What people do in these tests."""

from typing import Any

from hugmood.features.group_hugs.messages import CreateGroupHug
from hugmood.features.hugs.messages import HugSent, SendHug
from hugmood.features.moods.messages import FetchMoodHistory, MoodUpdate, MoodUpdated
from tests.device import Device


def feel(device: Device, mood: str = "calm", *, at: str | None = None, **more: Any) -> MoodUpdated:  # noqa: ANN401 (passed on)
    """Say how one feels."""
    return device.request(MoodUpdate(**{"mood": mood, "intensity": 0.5, **more}), at=at)


def history(device: Device, **query: Any) -> list[str]:  # noqa: ANN401 (passed on)
    """The ids in a history."""
    return [item.id for item in device.request(FetchMoodHistory(**query)).items]


def hug(one: Device, other: Device, *, at: str | None = None, **fields: Any) -> HugSent:  # noqa: ANN401 (passed on)
    """Have the one hug the other."""
    command = SendHug(**{"recipient_id": other.user_id, "hug_type": "warm", **fields})
    return one.request(command, at=at)


def group_hug(creator: Device, *invitees: Device, **fields: Any) -> str:  # noqa: ANN401 (passed on)
    """Have someone create a group hug; its id."""
    command = CreateGroupHug(
        **{"name": "Hug", "invitee_ids": [one.user_id for one in invitees], **fields}
    )
    return creator.request(command).group_hug_id
