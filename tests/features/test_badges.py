"""Badges (product: Streaks and badges): what earns each, and that it is told once."""

from collections.abc import Iterable, Mapping

import pytest
from msgspec import UNSET

from hugmood.ambient import Instant
from hugmood.engine.handling import Ctx
from hugmood.features.badges import service
from hugmood.features.badges.catalog import BADGES, Slug
from hugmood.features.badges.messages import BadgeItem, BadgeKind, BadgePage, FetchBadges
from hugmood.features.group_hugs.messages import JoinGroupHug
from hugmood.features.hugs.messages import RespondHugRequest
from hugmood.features.moods import day_store
from hugmood.features.moods.days import local_time
from hugmood.features.moods.messages import FetchStreak, MoodUpdate
from hugmood.features.moods.store import Entry, insert
from hugmood.features.notifications.messages import FetchNotifications, Notification
from hugmood.wire.message import Error
from tests.databases import on_sqlite
from tests.device import Device
from tests.features.people import accept, ask, feel, group_hug
from tests.features.within import key_of, within
from tests.world import World

DAY = 24 * 3600 * 1000


@pytest.fixture
def world(world_on_both: World) -> World:
    """A world on each of the databases."""
    return world_on_both


@pytest.fixture
def ada(world: World) -> Device:
    """Somebody."""
    return world.register("Ada")


@pytest.fixture
def bob(world: World) -> Device:
    """Somebody else."""
    return world.register("Bob")


def earned(device: Device) -> set[str]:
    """The badges that somebody has; each was told of once, here or before this device."""
    told = [badge["badgeName"] for badge in notified(device)]
    had = {item.name: item.badge for item in device.request(FetchBadges()).items}
    assert sorted(told) == sorted(had)
    return set(had.values())


def notified(device: Device) -> list[dict[str, str]]:
    """The data of all notifications of badges."""
    items = device.request(FetchNotifications(limit=100)).items
    return [item.data for item in items if item.data and item.notification_type == "badge_earned"]


Moods = Mapping[int, Iterable[str]]


def past(device: Device, moods: Moods, factors: dict[str, float] | None = None) -> None:
    """Have felt something so many days ago, before there were badges."""

    def work(ctx: Ctx) -> None:
        for days_ago, words in moods.items():
            at = ctx.now - days_ago * DAY
            for word in words:
                entry = old_entry(ctx, word, at, factors)
                insert(ctx.tx, entry)
                day_store.credit_days(ctx.tx, [entry])

    within(device, work)


def old_entry(ctx: Ctx, word: str, at: int, factors: dict[str, float] | None) -> Entry:
    """An entry like any other."""
    return Entry(
        id=ctx.entity_id("mood"),
        user_key=ctx.caller.key,
        mood=word,
        intensity=0.5,
        model="hm-affect-1",
        affect=0.1,
        pleasantness=None,
        is_public=False,
        note=None,
        tags=None,
        factors=factors,
        place=None,
        occurred_at=at,
        time_zone="UTC",
        utc_offset=0,
        day=local_time(at, "UTC").day,
    )


def calm_on(days_ago: Iterable[int]) -> Moods:
    """The same mood on these days."""
    return {day: ["calm"] for day in days_ago}


# What one's own moods earn


def test_first_feeling(ada: Device) -> None:
    """The first mood earns a badge, and the second no other."""
    feel(ada)
    assert earned(ada) == {"first_feeling"}
    ada.events()
    feel(ada)
    assert [type(event).__name__ for event in ada.events()] == ["MoodChanged"]


def test_guest(world: World) -> None:
    """Guests earn badges too."""
    guest = world.guest()
    feel(guest)
    assert earned(guest) == {"first_feeling"}


def test_consistent_tracker(world: World, ada: Device) -> None:
    """The seventh day on end earns the protocol's own badge, in its words."""
    for day in range(19, 25):
        feel(ada, at=f"2023-08-{day}T14:30:00.000Z")
    assert earned(ada) == {"first_feeling"}
    world.clock.move_to("2023-08-25T19:00:00.000Z")
    feel(ada)
    told = next(m for m in reversed(ada.received) if m.type == "notification")
    assert told.id.startswith("notif-")
    badge_id = told.data["data"].pop("badgeId")
    notification_id = told.data.pop("notificationId")
    assert (badge_id[:6], notification_id[:2]) == ("badge-", "n-")
    assert told.data == {
        "notificationType": "badge_earned",
        "title": "New Badge Earned!",
        "body": "You've earned the 'Consistent Tracker' badge"
        " for tracking your mood daily for 7 days.",
        "createdAt": "2023-08-25T19:00:00.000Z",
        "data": {
            "badgeName": "Consistent Tracker",
            "badgeImage": "/badges/consistent_tracker.svg",
        },
    }


ALL_QUARTERS = "happy excited proud calm safe tired sad bored anxious angry afraid"
MIXED = ("happy", "sad")

CASES: list[tuple[Slug, Moods, bool]] = [
    ("consistent_tracker", calm_on(range(1, 7)), True),
    ("consistent_tracker", calm_on(range(1, 6)), False),
    ("consistent_tracker", calm_on(range(50, 57)), True),  # long ago, before there were badges
    ("steady_month", calm_on([*range(1, 16), *range(20, 34)]), True),
    ("steady_month", calm_on([*range(1, 16), *range(20, 33)]), False),
    ("steady_month", calm_on([*range(1, 16), *range(22, 36)]), False),
    ("hundred_days", calm_on(range(2, 200, 2)), True),
    ("hundred_days", calm_on(range(2, 198, 2)), False),
    ("welcome_back", calm_on([8]), True),
    ("welcome_back", calm_on([7]), False),
    ("word_explorer", {3: ALL_QUARTERS.split()}, True),  # and today's is the twelfth
    ("word_explorer", {3: ALL_QUARTERS.split()[1:]}, False),
    ("word_explorer", {3: ALL_QUARTERS.replace("safe", "playful").split()}, True),
    ("word_explorer", {3: ALL_QUARTERS.replace("calm safe", "playful hopeful").split()}, False),
    ("honest_heart", dict.fromkeys(range(1, 8), MIXED), True),
    ("honest_heart", dict.fromkeys(range(1, 7), MIXED), False),
    ("honest_heart", dict.fromkeys(range(1, 9), ("neutral", "happy")), False),
    ("honest_heart", dict.fromkeys(range(1, 9), ("neutral", "sad")), False),
    ("good_rest", calm_on(range(2, 9)), True),
    ("good_rest", calm_on(range(3, 10)), False),  # one rest day does not last for two
    ("good_rest", calm_on(range(2, 8)), False),  # none was earned
]


@pytest.mark.parametrize(("badge", "moods", "expected"), CASES)
def test_earned_by_moods(ada: Device, badge: Slug, moods: Moods, expected: bool) -> None:  # noqa: FBT001 (a parameter)
    """A mood today finds what one's entries have earned."""
    past(ada, moods)
    feel(ada, "peaceful")
    assert (badge in earned(ada)) is expected


@pytest.mark.parametrize(
    ("days", "factors", "today", "expected"),
    [
        (20, {"sleep": 7.0}, {"sleep": 6}, True),
        (19, {"sleep": 7.0}, {"sleep": 6}, False),
        (20, {"sleep": 7.0}, {"exercise": 6}, False),
        (20, {"sleep": 7.0}, None, False),
        (20, {"a'b": 1.0, "x": 2.0}, {"a'b": 6, "y": 2}, True),
        (30, None, {"sleep": 6}, False),
    ],
)
def test_pattern_seeker(
    ada: Device,
    days: int,
    factors: dict[str, float] | None,
    today: dict[str, float] | None,
    expected: bool,  # noqa: FBT001 (a parameter)
) -> None:
    """One factor on 21 days earns a badge; two entries of a day are one day."""
    past(ada, {day: ["calm", "calm"] for day in range(1, days + 1)}, factors)
    feel(ada, factors=today or UNSET)
    assert ("pattern_seeker" in earned(ada)) is expected


def test_later_on_the_same_day(ada: Device) -> None:
    """The twelfth word counts also when it is not the first of its day."""
    past(ada, {3: ALL_QUARTERS.split()})
    feel(ada, "happy")
    before = earned(ada)
    feel(ada, "happy")
    feel(ada, "peaceful")
    assert earned(ada) - before == {"word_explorer"}


def test_in_the_order_of_the_list(ada: Device) -> None:
    """Several badges at once are told one after the other, the simplest first."""
    past(ada, calm_on(range(8, 16)))
    feel(ada)
    told = [event for event in ada.events() if isinstance(event, Notification)]
    assert [event.data["badgeName"] for event in told if event.data] == [
        "First Feeling",
        "Consistent Tracker",
        "Welcome Back",
    ]


def test_once(ada: Device) -> None:
    """What is earned a second time is not given again."""
    past(ada, calm_on([8, 16]))
    feel(ada)
    first = ada.request(FetchBadges())
    ada.world.clock.move(60)
    feel(ada)
    assert ada.request(FetchBadges()).items == first.items


def test_in_one_batch(world: World, ada: Device) -> None:
    """Two first moods in one transaction earn one badge."""
    with world.batch():
        for _ in range(2):
            ada.send(MoodUpdate(mood="calm", intensity=1))
    assert earned(ada) == {"first_feeling"}


def test_given_later(ada: Device) -> None:
    """A badge that was not given when it was earned is found with the next mood.

    So it is when a mood was answered with a support card, which is no time to celebrate.
    """
    past(ada, {0: ["despairing"]})
    assert earned(ada) == set()
    feel(ada, "hopeful")
    assert earned(ada) == {"first_feeling"}


def test_kept_when_an_entry_goes(ada: Device) -> None:
    """Without its only entry a day is not credited any more; the badge stays."""
    past(ada, calm_on(range(1, 7)))
    feel(ada)

    def forget_yesterday(ctx: Ctx) -> None:
        user, day = ctx.caller.key, local_time(ctx.now - DAY, "UTC").day
        ctx.tx.execute(
            "DELETE FROM mood_entry WHERE user_key = :u AND day = :d", {"u": user, "d": day}
        )
        day_store.recredit_day(ctx.tx, user, day)

    within(ada, forget_yesterday)
    shown = ada.request(FetchStreak()).streak
    assert shown
    assert (shown.current, shown.best) == (1, 5)
    assert "consistent_tracker" in earned(ada)


def test_recredited_day(ada: Device) -> None:
    """A day that has lost one of its entries is credited by the others."""
    past(ada, {1: ["calm"], 2: ["calm", "sad"]})

    def forget_one(ctx: Ctx) -> None:
        ctx.tx.execute("DELETE FROM mood_entry WHERE mood = 'sad'")
        for days_ago in (1, 2):
            day = local_time(ctx.now - days_ago * DAY, "UTC").day
            day_store.recredit_day(ctx.tx, ctx.caller.key, day)
        found = day_store.days(ctx.tx, ctx.caller.key)
        moments = [ctx.now - 2 * DAY, ctx.now - DAY]
        assert [(day.first_at, day.last_at) for day in found] == [(at, at) for at in moments]

    within(ada, forget_one)


def test_streaks_turned_off(ada: Device) -> None:
    """Who turned streaks off gets no badge for one; the other badges they get."""
    sql = """
        INSERT INTO settings (user_key, hugs_from, status_to, streaks)
        VALUES (:user, 'everyone', 'everyone', :streaks)
    """

    def turn_off(ctx: Ctx) -> None:
        ctx.tx.execute(sql, {"user": ctx.caller.key, "streaks": False})

    within(ada, turn_off)
    past(ada, calm_on([*range(1, 8), *range(9, 40)]))
    feel(ada)
    assert earned(ada) == {"first_feeling", "steady_month"}


def test_effort(ada: Device) -> None:
    """A mood costs no more statements after a year of them, nor more than a few in all."""
    past(ada, {day: ["calm", "sad"] for day in range(1, 365)}, {"sleep": 7.0})
    feel(ada, factors={"sleep": 7})
    with ada.world.statements() as made:
        feel(ada, factors={"sleep": 7})
    about_badges = [sql for sql in made if "badge" in sql or "SELECT 1 FROM mood_entry" in sql]
    assert len(about_badges) <= 2


# What hugs earn


def test_asked_and_hugged(ada: Device, bob: Device) -> None:
    """To ask is one badge, to be hugged another; to decline earns nobody any."""
    requests = [ask(ada, bob).request_id for _ in range(2)]
    assert (earned(ada), earned(bob)) == ({"brave_ask"}, set())
    bob.request(RespondHugRequest(request_id=requests[0], accept=False))
    assert (earned(ada), earned(bob)) == ({"brave_ask"}, set())
    accept(bob, requests[1])
    assert (earned(ada), earned(bob)) == ({"brave_ask", "first_hug"}, set())


def test_asked_nobody(ada: Device) -> None:
    """A request that reached nobody was none."""
    ask(ada, ada, target_type="followers")
    assert earned(ada) == set()


def test_ten_answers(ada: Device, bob: Device) -> None:
    """Ten hugs for those who asked earn a badge."""
    for number in range(10):
        assert earned(bob) == set(), number
        accept(bob, ask(ada, bob).request_id)
    assert earned(bob) == {"there_for_you"}


def test_three_group_hugs(world: World, ada: Device, bob: Device) -> None:
    """Three group hugs, to their end, earn a badge for those who joined."""
    eve, zoe = world.register("Eve"), world.register("Zoe")
    for _ in range(3):
        group_id = group_hug(ada, bob, eve, zoe, expires_at=world.clock.after(3600))
        for device in (bob, eve):
            device.request(JoinGroupHug(group_hug_id=group_id))
        world.clock.move(3600)
    assert [earned(device) for device in (ada, bob, eve)] == [{"group_glow"}] * 3
    assert earned(zoe) == set()


def test_brave_ask(ada: Device) -> None:
    """To ask for a hug takes courage, the first time."""
    for _ in range(2):
        within(ada, lambda ctx: service.after_request(ctx, ctx.caller.key))
    assert earned(ada) == {"brave_ask"}


def answered(request: int, requester: Device, responder: Device) -> None:
    """Have a request answered with a hug."""
    asked, came = key_of(requester), key_of(responder)

    def work(ctx: Ctx) -> None:
        service.after_acceptance(ctx, f"req-{request}", requester=asked, responder=came)

    within(requester, work)


def test_first_hug(ada: Device, bob: Device) -> None:
    """Whoever asked gets a badge when the first hug comes; whoever gave it does not."""
    answered(1, ada, bob)
    assert (earned(ada), earned(bob)) == ({"first_hug"}, set())


def test_there_for_you(ada: Device, bob: Device) -> None:
    """Ten requests answered earn a badge, one that is counted twice does not."""
    for request in [*range(1, 10), 9]:
        answered(request, ada, bob)
    assert earned(bob) == set()
    answered(10, ada, bob)
    assert (earned(bob), earned(ada)) == ({"there_for_you"}, {"first_hug"})
    answered(11, ada, bob)
    assert earned(bob) == {"there_for_you"}


def test_circle_of_care(world: World, ada: Device) -> None:
    """Five people who came when one asked earn a badge."""
    people = [world.register(f"P{number}") for number in range(5)]
    for request, someone in enumerate([*people[:4], people[0]]):
        answered(request, ada, someone)
    assert earned(ada) == {"first_hug"}
    answered(9, ada, people[4])
    assert earned(ada) == {"first_hug", "circle_of_care"}


def end_group(group: int, *people: Device) -> None:
    """End a group hug of these people."""
    keys = [key_of(someone) for someone in people]
    within(people[0], lambda ctx: service.after_group_hug_ended(ctx, f"group-{group}", keys))


def test_group_glow(world: World, ada: Device, bob: Device) -> None:
    """Three group hugs of three or more earn a badge, for each who was in them."""
    eve = world.register("Eve")
    end_group(1, ada, bob, eve)
    end_group(2, ada, bob)
    end_group(3, ada, bob, eve)
    end_group(3, ada, bob, eve)
    assert (earned(ada), earned(eve)) == (set(), set())
    end_group(4, ada, eve, world.guest())
    assert (earned(ada), earned(bob), earned(eve)) == ({"group_glow"}, set(), {"group_glow"})
    ids = {notified(device)[0]["badgeId"] for device in (ada, eve)}
    assert len(ids) == 2


# The list


def kind(slug: Slug) -> BadgeKind:
    """A badge as it is listed while it is not earned."""
    badge = BADGES[slug]
    return BadgeKind(
        badge=slug, name=badge.name, description=badge.description, image=f"/badges/{slug}.svg"
    )


def test_list(world: World, ada: Device) -> None:
    """One's badges are listed, newest first, and those that can still be earned."""
    feel(ada)
    at = Instant(world.clock.now())
    world.clock.move(1)
    within(ada, lambda ctx: service.after_request(ctx, ctx.caller.key))
    told = {data["badgeName"]: data["badgeId"] for data in notified(ada)}
    page = ada.request(FetchBadges())
    slugs: list[Slug] = ["brave_ask", "first_feeling"]
    items = [
        BadgeItem(
            badge=slug,
            name=BADGES[slug].name,
            description=BADGES[slug].description,
            image=f"/badges/{slug}.svg",
            id=told[BADGES[slug].name],
            earned_at=earned_at,
        )
        for slug, earned_at in zip(slugs, (Instant(at + 1000), at), strict=True)
    ]
    others = [kind(slug) for slug in BADGES if slug not in slugs]
    assert page == BadgePage(
        data_type="badges", total_count=2, as_of_sequence=3, items=items, available=others
    )


@on_sqlite
def test_pages(ada: Device) -> None:
    """The list has pages like others."""
    past(ada, calm_on(range(8, 16)))
    feel(ada)
    pages = [ada.request(FetchBadges(limit=1, offset=offset)) for offset in range(4)]
    slugs = [[item.badge for item in page.items] for page in pages]
    assert slugs == [["welcome_back"], ["consistent_tracker"], ["first_feeling"], []]
    assert {page.total_count for page in pages} == {3}


def test_anothers_list(ada: Device, bob: Device) -> None:
    """The list is private."""
    refusal = ada.refusal(FetchBadges(user_id=bob.user_id))
    assert isinstance(refusal, Error)
    assert refusal.code == "permission_denied"


def test_fourteen() -> None:
    """There are fourteen, each with a name of its own."""
    names = {badge.name for badge in BADGES.values()}
    assert (len(BADGES), len(names)) == (14, 14)
