"""Group hugs from the invitation to the end."""

from typing import Literal

import pytest
from msgspec import UNSET

from hugmood.ambient import Instant
from hugmood.features.group_hugs.messages import (
    CreateGroupHug,
    FetchGroupHugs,
    GroupHugCreated,
    GroupHugInvitation,
    GroupHugItem,
    GroupHugPage,
    GroupHugUpdate,
    Participant,
    UpdateType,
)
from hugmood.terminal.display import Display
from hugmood.terminal.known import Known
from tests.client.conftest import Joining
from tests.client.fake_server import FakeServer
from tests.terminal.conftest import NOON, Shown, talk, text

LATER = Instant(NOON + 3600 * 1000)


async def test_an_invitation_is_taken_and_left(
    join: Joining, server: FakeServer, shown: Shown
) -> None:
    """Without a word of which: the newest."""
    server.answers["group_hugs"] = {
        "totalCount": 1,
        "items": [
            {
                "id": "group-7",
                "name": "Tea",
                "creatorId": "user-2",
                "creatorName": "Jane Smith",
                "state": "active",
                "expiresAt": "2999-01-01T00:00:00.000Z",
                "createdAt": "2023-08-25T15:00:00.000Z",
                "joined": False,
                "participantCount": 1,
            }
        ],
    }
    people = [{"userId": "user-2", "name": "Jane Smith"}, {"userId": "user-1", "name": "Jo"}]
    server.answers["join_group_hug"] = {"groupHugId": "group-7", "participants": people}
    server.answers["leave_group_hug"] = {"groupHugId": "group-7"}
    async with join() as hug:
        await talk(hug, shown, "/join", "/leave", "/cancel")
    assert [
        "· 1 invited: /groups",
        "✓ You are in Tea with Jane Smith",
        "✓ You left Tea",
        "! There is no group hug of yours now",
    ] == shown
    assert ["group-7", "group-7"] == [ask.data["groupHugId"] for ask in server.effects]


async def test_people_are_invited_by_name(join: Joining, server: FakeServer, shown: Shown) -> None:
    """And who created it can call it off."""
    server.answers["create_group_hug"] = {"groupHugId": "group-1", "invitationsSent": 1}
    server.answers["cancel_group_hug"] = {"groupHugId": "group-1"}
    async with join() as hug:
        await talk(hug, shown, "/group Tea: with cake @jane smith", "/cancel", "/cancel")
    assert [
        "✓ Tea is #1, from now on; you invited 1 person",
        "✓ You called off Tea",
        "! There is no group hug of yours now",
    ] == shown
    assert {"name": "Tea", "description": "with cake", "inviteeIds": ["user-2"]} == (
        server.effects[0].data
    )


def test_an_invitation_says_how_to_answer(display: Display) -> None:
    """And when it is."""
    event = GroupHugInvitation(
        group_hug_id="group-5",
        name="Project Celebration",
        description="We did it!",
        creator_id="user-2",
        creator_name="Jane",
        scheduled_for=LATER,
        expires_at=Instant(LATER + 1),
        message="Come",
    )
    (line,) = display.event(event, NOON, NOON)
    assert (
        "🫂 Jane invites you: Project Celebration: We did it!: Come  #2, TIME to TIME: /join"
        == text(line)
    )


@pytest.mark.parametrize(
    ("kind", "line"),
    [
        ("participant_joined", "🫂 Bob joined Tea time  4 people"),
        ("participant_left", "🫂 Bob left Tea time  4 people"),
        ("started", "🫂 Tea time has started  4 people"),
        ("ended", "🫂 Tea time is over  4 people"),
        ("cancelled", "🫂 Tea time was called off  4 people"),
    ],
)
def test_what_happens_is_said_by_name(display: Display, kind: UpdateType, line: str) -> None:
    """Events have only an id; the name is known from before."""
    bob = Participant(user_id="user-8", name="Bob")
    event = GroupHugUpdate(
        group_hug_id="group-1",
        update_type=kind,
        participant=bob if kind.startswith("participant") else UNSET,
        participant_count=4,
    )
    assert [line] == [text(one) for one in display.event(event, NOON, NOON)]


@pytest.mark.parametrize("kind", ["ended", "cancelled"])
def test_what_is_over_is_not_left_any_more(
    display: Display, known: Known, kind: Literal["ended", "cancelled"]
) -> None:
    """Nor joined."""
    event = GroupHugUpdate(group_hug_id="group-1", update_type=kind, participant_count=4)
    display.event(event, NOON, NOON)
    assert [] == [*known.groups.waiting("joined", NOON), *known.groups.waiting("invited", NOON)]


def test_group_hugs_are_listed(display: Display) -> None:
    """With their states, and those in one where they were asked for."""
    first = GroupHugItem(
        id="group-1", name="Tea time", creator_id="user-2", creator_name="Jane", state="scheduled",
        scheduled_for=LATER, expires_at=Instant(LATER + 1), created_at=NOON, joined=True,
        participant_count=1, participants=[Participant(user_id="user-1", name="Jo")],
    )  # fmt: skip
    second = GroupHugItem(
        id="group-2", name="Over", creator_id="user-1", creator_name="Jo", state="ended",
        expires_at=NOON, created_at=NOON, joined=False, participant_count=3, message="Come",
    )  # fmt: skip
    page = GroupHugPage(
        data_type="group_hugs", total_count=2, as_of_sequence=1, items=[first, second]
    )
    assert [
        "#2  Over by you: Come  ended, 3 people",
        "#1  Tea time by Jane  TIME to TIME, 1 person; you take part",
        "  you",
        "2 of 2",
    ] == [text(line) for line in display.answer(FetchGroupHugs(), page, NOON)]


def test_a_new_one_has_a_number(display: Display) -> None:
    """By which it can be called off."""
    command = CreateGroupHug(name="Tea", invitee_ids=["user-2"], expires_at=LATER)
    reply = GroupHugCreated(group_hug_id="group-9", invitations_sent=2)
    assert ["✓ Tea is #2, now until TIME; you invited 2 people"] == [
        text(line) for line in display.answer(command, reply, NOON)
    ]
