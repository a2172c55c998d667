"""People in GraphQL."""

from operator import itemgetter
from typing import Final

from hugmood.features.profile.messages import FetchProfile, FetchUsers, UpdateProfile
from hugmood.operations import mutation, query

SDL: Final = """
extend type Query {
  "You."
  viewer: User!

  "Somebody, as they show themselves to you."
  user(id: ID!): User!

  "People by the start of a name or of any word in it, or by their exact id."
  users(
    "What is looked for, 1 to 80 characters."
    query: String!
    limit: Int
    offset: Int
  ): UserPage!
}

extend type Mutation {
  "Choose a name or a time zone; what is left out stays as it is."
  updateProfile(input: UpdateProfileInput): UpdateProfilePayload!
}

input UpdateProfileInput {
  "Makes a repetition harmless: the same id and input have the same payload and no second effect."
  clientMutationId: String
  "As others see it, 1 to 80 characters."
  name: String
  "An IANA name such as `Europe/Berlin`. Days that are over stay as they were counted."
  timeZone: String
}

"What holds now, whether it was changed or not."
type UpdateProfilePayload {
  clientMutationId: String
  name: String!
  "An IANA name."
  timeZone: String!
}

"A person. What is private is there for yourself alone, and how you are bound only for others."
type User {
  userId: ID!
  name: String!
  followerCount: Int!
  followingCount: Int
  email: String
  "An IANA name."
  timeZone: String
  "Whether you are a guest."
  isAnonymous: Boolean
  "If you gave it."
  birthDate: Date
  "When you came."
  createdAt: DateTime
  followsYou: Boolean
  youFollow: Boolean
  "Whether each follows the other."
  isFriend: Boolean
}

type UserPage {
  items: [UserItem!]!
  "How many there are on all pages."
  totalCount: Int!
  "The number in your stream up to which events are in this page."
  asOfSequence: Long!
}

"Somebody who was found."
type UserItem {
  userId: ID!
  name: String!
  youFollow: Boolean!
  "Whether each follows the other."
  isFriend: Boolean!
}
"""

OPERATIONS: Final = (
    query("viewer", FetchProfile, result=itemgetter("profile")),
    query("user", FetchProfile, renames={"id": "userId"}, result=itemgetter("profile")),
    query("users", FetchUsers),
    mutation("updateProfile", UpdateProfile),
)
