"""Moods in GraphQL: the schema, and which field is which command."""

from typing import Final

from hugmood.features.moods.messages import (
    FetchFeed,
    FetchMoodCatalog,
    FetchMoodHistory,
    FetchStreak,
    MoodDelete,
    MoodEdit,
    MoodUpdate,
)
from hugmood.operations import Data, mutation, query

SDL: Final = '''
extend type Query {
  """
  Your own entries, newest first; with `userId` another's public ones. Either a page by `limit` and
  `offset`, or a connection by `first` and `after`.
  """
  moodEntries(
    "Whose; yours if left out."
    userId: ID
    "How many, 1 to 100."
    limit: Int
    "How many to leave out before them."
    offset: Int
    "How many, 1 to 100; another word for `limit`."
    first: Int
    "The cursor of the entry that the page begins behind."
    after: String
    filter: MoodEntryFilter
  ): MoodEntryConnection!

  "Public moods of those you follow, newest first."
  feed(limit: Int, offset: Int, filter: FeedFilter): FeedPage!

  "How your streak stands; null if you chose to see none."
  streak: CurrentStreak
}

extend type Catalogues {
  "Every mood there is."
  moods: MoodCatalogue!
}

extend type Mutation {
  "Say how you feel."
  createMoodEntry(input: CreateMoodEntryInput!): CreateMoodEntryPayload!

  "Change an entry of yours: what is left out stays, what is null is taken out."
  updateMoodEntry(input: UpdateMoodEntryInput!): UpdateMoodEntryPayload!

  "Take an entry of yours back for good."
  deleteMoodEntry(input: DeleteMoodEntryInput!): DeleteMoodEntryPayload!
}

"Which entries; both times are inclusive, a list matches any of its values."
input MoodEntryFilter {
  startDate: DateTime
  endDate: DateTime
  moods: [String!]
  tags: [String!]
}

"Which moods; both times are inclusive, a list matches any of its values."
input FeedFilter {
  startDate: DateTime
  endDate: DateTime
  moods: [String!]
}

"Where you are. It is kept on a grid of 0.1 degrees and never shown to others."
input LocationInput {
  latitude: Float!
  longitude: Float!
  name: String
  type: String
}

input CreateMoodEntryInput {
  "Makes a repetition harmless: the same id and input have the same payload and no second effect."
  clientMutationId: String
  "A word from the catalogue."
  mood: String!
  "How strongly, 0 to 1."
  intensity: Float!
  "For yourself alone."
  note: String
  "Whether followers are told; false if left out."
  isPublic: Boolean
  location: LocationInput
  "At most 10."
  tags: [String!]
  "Numbers by name, such as hours of `sleep`; at most 10."
  factors: Numbers
  "How pleasant it is, -1 to 1, where that is not what the word says."
  pleasantness: Float
}

"The entry is on disk, and told."
type CreateMoodEntryPayload {
  clientMutationId: String
  moodId: ID!
  "Null if you chose to see none."
  streakUpdate: Streak
  "People to talk to, where your words or days are dark; for you alone."
  support: SupportCard
}

input UpdateMoodEntryInput {
  "Makes a repetition harmless: the same id and input have the same payload and no second effect."
  clientMutationId: String
  "Which entry."
  moodId: ID!
  "A word from the catalogue."
  mood: String
  "How strongly, 0 to 1."
  intensity: Float
  note: String
  isPublic: Boolean
  location: LocationInput
  tags: [String!]
  factors: Numbers
  pleasantness: Float
}

"The entry is changed, or was like that already."
type UpdateMoodEntryPayload {
  clientMutationId: String
  moodId: ID!
  "Null if you chose to see none."
  streakUpdate: Streak
  "People to talk to, where your words or days are dark; for you alone."
  support: SupportCard
}

input DeleteMoodEntryInput {
  "Makes a repetition harmless: the same id and input have the same payload and no second effect."
  clientMutationId: String
  "Which entry."
  moodId: ID!
}

"The entry is gone."
type DeleteMoodEntryPayload {
  clientMutationId: String
  moodId: ID!
  "Null if you chose to see none."
  streakUpdate: Streak
}

"A page of entries, by number or by cursor."
type MoodEntryConnection {
  "The entries of this page."
  items: [MoodEntry!]!
  "The entries of this page, each with its cursor."
  edges: [MoodEntryEdge!]!
  pageInfo: PageInfo!
  "How many entries there are on all pages."
  totalCount: Int!
  "The number in your stream up to which events are in this page."
  asOfSequence: Long!
}

"An entry and where it is in the list."
type MoodEntryEdge {
  cursor: String!
  node: MoodEntry!
}

"What somebody said of how they felt; what is private is null for others."
type MoodEntry {
  id: ID!
  "A word from the catalogue."
  mood: String!
  "0 to 1."
  intensity: Float!
  note: String
  isPublic: Boolean!
  location: Location
  tags: [String!]
  "Numbers by name."
  factors: Numbers
  "-1 to 1, where it was said."
  pleasantness: Float
  "When the entry is dated."
  createdAt: DateTime!
}

"A place on a grid of 0.1 degrees."
type Location {
  latitude: Float!
  longitude: Float!
  name: String
  type: String
}

type FeedPage {
  items: [FeedItem!]!
  "How many there are on all pages."
  totalCount: Int!
  "The number in your stream up to which events are in this page."
  asOfSequence: Long!
}

"A public mood of somebody you follow."
type FeedItem {
  "The entry."
  id: ID!
  userId: ID!
  userName: String!
  "A word from the catalogue."
  mood: String!
  "0 to 1."
  intensity: Float!
  "When the entry is dated."
  createdAt: DateTime!
}

"Days in a row with an entry."
type Streak {
  current: Int!
  best: Int!
  lastUpdated: DateTime!
}

"Days in a row with an entry, as it stands today."
type CurrentStreak {
  current: Int!
  best: Int!
  lastUpdated: DateTime!
  "How many days may be missed before it ends."
  restDays: Int!
}

type MoodCatalogue {
  moods: [CatalogueMood!]!
  "Where the norms are from; to be shown with them."
  source: String!
}

"A mood one can have, with its norms on a scale of 1 to 9."
type CatalogueMood {
  mood: String!
  valence: Float!
  arousal: Float!
  quadrant: String!
}

"Somebody to talk to."
type SupportCard {
  reason: SupportReason!
  title: String!
  message: String!
  "Those of your country first."
  helplines: [Helpline!]!
  "The day on which the list was checked, `YYYY-MM-DD`."
  asOf: String!
}

enum SupportReason {
  "Words in a note."
  WORDS
  "How the last days were."
  PATTERN
}

type Helpline {
  name: String!
  phone: String
  text: String
  url: String
  hours: String
  "BCP 47, the most spoken first."
  languages: [String!]!
}

extend type Subscription {
  "Somebody's mood, or your own on another device, from now on."
  moodChanged: MoodChanged!
}

extend union Event = MoodChanged | MoodDeleted

extend enum EventType {
  MOOD_CHANGED
  MOOD_DELETED
}

"Somebody's mood, or your own on another device."
type MoodChanged {
  "The number in your stream."
  sequenceNumber: Long!
  userId: ID!
  moodId: ID!
  mood: String!
  intensity: Float!
  isPublic: Boolean!
  "When the entry is dated."
  timestamp: DateTime!
  "True if the entry was told of before and was changed: this is how it is now."
  edited: Boolean
}

"An entry was taken back or is not public any more: forget it."
type MoodDeleted {
  "The number in your stream."
  sequenceNumber: Long!
  userId: ID!
  moodId: ID!
}
'''

_CLEARABLE: Final = ("note", "location", "tags", "factors", "pleasantness")


def _edit(given: Data) -> Data:
    """Null takes out: GraphQL can say so, and the wire has a list of names for it."""
    cleared = [name for name in _CLEARABLE if name in given and given[name] is None]
    return given | {"clear": cleared} if cleared else given


def _connection(reply: Data) -> Data:
    items = reply["items"]
    cursors = [item["id"] for item in items]
    return reply | {
        "edges": [{"cursor": item["id"], "node": item} for item in items],
        "pageInfo": {
            "startCursor": cursors[0] if cursors else None,
            "endCursor": cursors[-1] if cursors else None,
            "hasNextPage": reply["hasMore"],
            "hasPreviousPage": False,
        },
    }


def _catalogue(reply: Data) -> Data:
    return {"moods": reply["moodCatalog"], "source": reply["source"]}


OPERATIONS: Final = (
    query(
        "moodEntries",
        FetchMoodHistory,
        # Relay's words for a page are other names of ours.
        renames={"filter": "filters", "first": "limit"},
        result=_connection,
    ),
    query("feed", FetchFeed, renames={"filter": "filters"}),
    query("streak", FetchStreak, result=lambda reply: reply.get("streak")),
    query("moods", FetchMoodCatalog, parent="Catalogues", result=_catalogue),
    mutation("createMoodEntry", MoodUpdate),
    mutation("updateMoodEntry", MoodEdit, arguments=_edit),
    mutation("deleteMoodEntry", MoodDelete),
)
