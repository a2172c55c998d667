"""How people in these tests are bound to each other."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

from msgspec import UNSET

from hugmood.features.follows.messages import BlockUser, FollowUser, UserBlocked
from hugmood.features.settings.messages import Audience, SettingsUpdated, UpdateSettings
from hugmood.features.status.messages import (
    FetchStatuses,
    Status,
    StatusItem,
    UserStatusChanged,
)
from tests.device import Device

SWEEP: Final = 0.2
"""Seconds after which everything that is held for a moment has gone out."""


def follow(one: Device, other: Device) -> None:
    """Have the one follow the other."""
    one.request(FollowUser(target_user_id=other.user_id, action="follow"))


def unfollow(one: Device, other: Device) -> None:
    """Have the one follow the other no more."""
    one.request(FollowUser(target_user_id=other.user_id, action="unfollow"))


def befriend(one: Device, other: Device) -> None:
    """Have two people follow each other."""
    follow(one, other)
    follow(other, one)


def block(one: Device, other: Device) -> UserBlocked:
    """Have the one block the other."""
    return one.request(BlockUser(target_user_id=other.user_id, action="block"))


def unblock(one: Device, other: Device) -> UserBlocked:
    """Have the one block the other no more."""
    return one.request(BlockUser(target_user_id=other.user_id, action="unblock"))


def choose(device: Device, **choices: Any) -> SettingsUpdated:  # noqa: ANN401 (passed on)
    """Have somebody choose settings."""
    return device.request(UpdateSettings(**choices))


def hugs_from(device: Device, audience: Audience) -> None:
    """Have somebody take hugs from these only."""
    choose(device, hugs_from=audience)


def show_status_to(device: Device, audience: Audience) -> None:
    """Have somebody choose who sees their status."""
    choose(device, status_to=audience)


def status_of(one: Device, other: Device) -> str:
    """How the one sees the other in the list of statuses; empty if not there."""
    items: list[StatusItem] = one.request(FetchStatuses(limit=100)).items
    return "".join(item.status for item in items if item.user_id == other.user_id)


def changed(device: Device, status: Status, message: str | None = None) -> UserStatusChanged:
    """What others hear of a new status."""
    text = UNSET if message is None else message
    return UserStatusChanged(user_id=device.user_id, status=status, custom_message=text)


@contextmanager
def heard(device: Device) -> Iterator[list[UserStatusChanged]]:
    """Collect the changes of status that a device hears of within."""
    device.world.clock.move(SWEEP)
    before = len(device.pushes(UserStatusChanged))
    news: list[UserStatusChanged] = []
    yield news
    device.world.clock.move(SWEEP)
    news += device.pushes(UserStatusChanged)[before:]
