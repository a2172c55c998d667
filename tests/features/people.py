"""What people do in these tests."""

from typing import Any

from hugmood.features.follows.messages import FollowUser, UserFollowed
from hugmood.features.group_hugs.messages import CreateGroupHug
from hugmood.features.hugs.messages import (
    HugRequestAnswered,
    HugRequested,
    HugSent,
    RequestHug,
    RespondHugRequest,
    SendHug,
)
from hugmood.features.moods.messages import FetchMoodHistory, MoodUpdate, MoodUpdated
from hugmood.features.notifications.messages import Notification
from hugmood.wire.message import Event
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


def follow(one: Device, other: Device) -> UserFollowed:
    """Have the one follow the other."""
    return one.request(FollowUser(target_user_id=other.user_id, action="follow"))


def ask(one: Device, other: Device, *, at: str | None = None, **fields: Any) -> HugRequested:  # noqa: ANN401 (passed on)
    """Have the one ask the other for a hug."""
    command = RequestHug(**{"target_type": "user", "target_id": other.user_id, **fields})
    return one.request(command, at=at)


def accept(device: Device, request_id: str, **fields: Any) -> HugRequestAnswered:  # noqa: ANN401 (passed on)
    """Give the hug that was asked for."""
    command = RespondHugRequest(
        **{"request_id": request_id, "accept": True, "hug_type": "warm", **fields}
    )
    return device.request(command)


def decline(device: Device, request_id: str) -> HugRequestAnswered:
    """Say no."""
    return device.request(RespondHugRequest(request_id=request_id, accept=False))


def news(device: Device) -> list[Event]:
    """What came of the stream but notifications: badges have tests of their own."""
    return [event for event in device.events() if not isinstance(event, Notification)]
