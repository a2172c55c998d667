"""What people chose, written down where the features look for it."""

from hugmood.features.settings.messages import Audience
from hugmood.store.database import Params
from tests.device import Device

_KEYS = "(SELECT key FROM account WHERE id = :one), (SELECT key FROM account WHERE id = :other)"


def hugs_from(device: Device, audience: Audience) -> None:
    """Have someone take hugs from these only."""
    _write(
        device,
        """
        INSERT INTO settings (user_key, hugs_from, status_to, streaks)
        SELECT key, :audience, 'everyone', :yes FROM account WHERE id = :user
        ON CONFLICT (user_key) DO UPDATE SET hugs_from = excluded.hugs_from
        """,
        {"audience": audience, "user": device.user_id, "yes": True},
    )


def block(one: Device, other: Device) -> None:
    """Have the one block the other."""
    _write(
        one,
        f"INSERT INTO block (blocker_key, blocked_key, created_at) SELECT {_KEYS}, 0",
        {"one": one.user_id, "other": other.user_id},
    )


def unblock(one: Device, other: Device) -> None:
    """Have the one block the other no more."""
    _write(
        one,
        f"DELETE FROM block WHERE (blocker_key, blocked_key) = ({_KEYS})",  # noqa: S608 (a constant)
        {"one": one.user_id, "other": other.user_id},
    )


def _write(device: Device, sql: str, params: Params) -> None:
    with device.world.database.transaction(write=True) as tx:
        tx.execute(sql, params)
