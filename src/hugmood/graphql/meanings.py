"""What names mean wherever they stand, so that no feature has to say it again.

A feature's SDL describes what is its own. What it leaves out is described from here: by the
place where that is needed, else by the name alone.
"""

from collections.abc import Iterator
from types import MappingProxyType
from typing import Any, Final

from graphql import (
    GraphQLEnumType,
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    GraphQLObjectType,
    GraphQLSchema,
)

_NAMES: Final = MappingProxyType(
    {
        "action": "What was done, or is to be done.",
        "afterSequence": "Go on behind this number of your stream; from now on if left out.",
        "arousal": "How much it stirs, 1 to 9.",
        "best": "The longest there ever was, in days.",
        "body": "What it says.",
        "clientMutationId": "What the input had.",
        "createdAt": "When it was made.",
        "creatorId": "Who made it.",
        "creatorName": "What they are called.",
        "current": "How many days it is long.",
        "cursor": "Where this entry is, for `after`.",
        "customMessage": "A few words of their own.",
        "customization": "How the hug looks.",
        "deliveryStatus": "Whether it was shown to somebody who is there, or waits.",
        "description": "What it is about.",
        "direction": "Which way it goes.",
        "earnedAt": "When you got it.",
        "email": "The account's address, for its owner alone.",
        "endCursor": "The cursor of the last entry of this page.",
        "endDate": "Until when, inclusive.",
        "expiresAt": "When it ends by itself.",
        "factor": "What it is called.",
        "factors": "Numbers by name, such as hours of `sleep`; at most 10.",
        "filter": "Which of them; all if left out.",
        "followerCount": "How many follow them.",
        "followingCount": "How many they follow.",
        "followsYou": "Whether they follow you.",
        "format": "What kind of file it is.",
        "groupHugId": "Which group hug.",
        "hasNextPage": "Whether there is more behind this page.",
        "hasPreviousPage": "Whether there is more before this page.",
        "hours": "When somebody answers.",
        "hugId": "Which hug.",
        "id": "What it is called by other operations.",
        "input": "What it takes.",
        "intensity": "How strongly, 0 to 1.",
        "isPublic": "Whether followers are told.",
        "items": "The entries of this page.",
        "kind": "Of what kind the factor is.",
        "lastUpdated": "When it was counted.",
        "latitude": "In degrees, north is positive.",
        "limit": "How many, 1 to 100; 20 if left out.",
        "location": "Where, on a grid of 0.1 degrees; for yourself alone.",
        "longitude": "In degrees, east is positive.",
        "message": "What they say with it.",
        "mood": "A word from the catalogue.",
        "moodId": "Which entry.",
        "moods": "Words from the catalogue.",
        "name": "What it is called.",
        "node": "The entry itself.",
        "note": "What you wrote, for yourself alone.",
        "notificationId": "Which notification.",
        "offset": "How many to leave out before them; none if left out.",
        "pageInfo": "Where this page is.",
        "participantCount": "How many take part.",
        "password": "As it was set.",
        "phone": "The number to call.",
        "pleasantness": "How pleasant it is, -1 to 1, where that is not what the word says.",
        "quadrant": "Where it is between pleasant and unpleasant, calm and stirred.",
        "reason": "Why it is shown.",
        "requesterId": "Who asks.",
        "requesterName": "What they are called.",
        "requestId": "Which request.",
        "senderId": "Who sends it.",
        "senderName": "What they are called.",
        "sentAt": "When it was sent.",
        "sessionId": "Which sign-in.",
        "startCursor": "The cursor of the first entry of this page.",
        "startDate": "From when on, inclusive.",
        "state": "How it stands.",
        "status": "How it stands.",
        "tags": "Words of your own, at most 10.",
        "targetType": "Whom it goes to.",
        "targetUserId": "Whom it is about.",
        "text": "The number to write to.",
        "title": "What it is, in a few words.",
        "type": "Of what kind it is.",
        "types": "Which kinds of events; all if left out.",
        "updateType": "What has happened.",
        "url": "Where to write, or to read more.",
        "userId": "Who it is.",
        "userName": "What they are called.",
        "valence": "How pleasant it is, 1 to 9.",
        "youFollow": "Whether you follow them.",
    }
)
_PLACES: Final = MappingProxyType(
    {
        "Audience.EVERYONE": "Whoever is signed in.",
        "Audience.NOBODY": "Nobody at all.",
        "Correlation.direction": "Whether one goes up or down with the other.",
        "Correlation.state": "Whether there is enough to go by.",
        "CorrelationDirection.NEGATIVE": "One goes down as the other goes up.",
        "CorrelationDirection.POSITIVE": "Both go up together.",
        "EventType.FOLLOW_UPDATE": "Somebody follows you, or no longer does.",
        "EventType.GROUP_HUG_INVITATION": "You are invited to a group hug.",
        "EventType.GROUP_HUG_UPDATE": "Something has happened in a group hug of yours.",
        "EventType.HUG_RECEIVED": "Somebody hugs you.",
        "EventType.HUG_REQUEST_RECEIVED": "Somebody asks for a hug.",
        "EventType.MOOD_CHANGED": "You, or somebody you follow, said or changed how they feel.",
        "EventType.MOOD_DELETED": "Such an entry is to be forgotten.",
        "EventType.NOTIFICATION": "You are notified.",
        "ExportFormat.ZIP": "An archive with a file for each kind of data.",
        "FactorKind.TAG": "A tag that an entry has or not.",
        "GroupHugFilter.state": "How it stands.",
        "GroupHugState.CANCELLED": "Whoever made it called it off.",
        "GroupHugState.ENDED": "It is over.",
        "GroupHugUpdateType.CANCELLED": "Whoever made it called it off.",
        "GroupHugUpdateType.ENDED": "It is over.",
        "GroupHugUpdateType.PARTICIPANT_JOINED": "Somebody came.",
        "GroupHugUpdateType.PARTICIPANT_LEFT": "Somebody went.",
        "GroupHugUpdateType.STARTED": "It has begun.",
        "HugItem.direction": "Whether you sent or got it.",
        "HugRequestItem.direction": "Whether you sent or got it.",
        "HugRequestStatus.ACCEPTED": "Somebody gave the hug.",
        "HugRequestStatus.EXPIRED": "Nobody answered in time.",
        "Insight.id": "What the same finding is called again.",
        "InsightType.CORRELATION": "Something goes up or down with how you feel.",
        "InsightType.PATTERN": "Something comes again and again.",
        "InsightType.TREND": "How you feel is changing.",
        "LoginInput.email": "The account's address.",
        "SupportCard.message": "What we would like to say.",
        "Status.AWAY": "Not here just now.",
        "Status.DO_NOT_DISTURB": "Here, and not to be disturbed.",
        "Status.ONLINE": "Here.",
        "TimeRange.DAY": "Today.",
        "TimeRange.MONTH": "The last 30 of your days, today included.",
        "TimeRange.WEEK": "The last 7 of your days, today included.",
        "TimeRange.YEAR": "The last 365 of your days, today included.",
        "HugCatalogue": "Which hugs there are.",
        "MoodCatalogue": "Which moods there are.",
        "SupportReason": "Why a card of support is shown.",
        "Helpline": "People who listen.",
    }
)
_ENDINGS: Final = MappingProxyType(
    {"Input": "What the mutation of that name takes.", "Page": "One page of a list."}
)


def describe(schema: GraphQLSchema) -> None:
    """Describe what the features' SDL leaves out."""
    for place, name, one in _parts(schema):
        if not one.description:
            one.description = _PLACES.get(place) or _NAMES.get(name) or _by_ending(name)


def undescribed(schema: GraphQLSchema) -> list[str]:
    """List what nothing describes: `Type`, `Type.field` or `Type.field(argument)`."""
    return [place for place, _, one in _parts(schema) if not one.description]


def _by_ending(name: str) -> str | None:
    return next((text for ending, text in _ENDINGS.items() if name.endswith(ending)), None)


def _parts(schema: GraphQLSchema) -> Iterator[tuple[str, str, Any]]:
    """All that can be described and is not the language's own: place, name, and the thing."""
    for kind in schema.type_map.values():
        if kind.name.startswith("__"):
            continue
        yield kind.name, kind.name, kind
        if isinstance(kind, GraphQLEnumType):
            for name, value in kind.values.items():
                yield f"{kind.name}.{name}", name, value
        elif isinstance(kind, GraphQLObjectType | GraphQLInterfaceType | GraphQLInputObjectType):
            for name, field in kind.fields.items():
                yield f"{kind.name}.{name}", name, field
                for argument, given in getattr(field, "args", {}).items():
                    yield f"{kind.name}.{name}({argument})", argument, given
