"""What is allowed, as configured."""

from msgspec import Struct


class Rates(Struct, frozen=True, kw_only=True):
    """What the engine allows, as configured; each is also how many may come at once."""

    hugs_per_minute: int = 30
    failed_sign_ins_per_account: int = 5
    failed_sign_ins_per_address: int = 30
    new_accounts_per_hour: int = 100


class Settings(Struct, frozen=True, kw_only=True):
    """Deadlines in milliseconds and limits in messages of each connection."""

    auth_timeout: int = 30_000
    ping_interval: int = 30_000
    silence_timeout: int = 75_000
    limited: bool = True
    messages_per_minute: int = 120
    burst: int = 40
