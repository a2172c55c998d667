"""Following and blocking in GraphQL."""

from typing import Final

from hugmood.features.follows.messages import (
    BlockUser,
    FetchBlocked,
    FetchFollowers,
    FetchFollowing,
    FollowUser,
)
from hugmood.operations import mutation, query

SDL: Final = """
extend type Query {
  "Who follows you, the newest first."
  followers(limit: Int, offset: Int): FollowPage!

  "Whom you follow, the newest first."
  following(limit: Int, offset: Int): FollowPage!

  "Whom you block, the newest first."
  blocked(limit: Int, offset: Int): BlockedPage!
}

extend type Mutation {
  "Follow somebody, or stop."
  followUser(input: FollowUserInput!): FollowUserPayload!

  "See and hear nothing of somebody, nor they of you; or end that."
  blockUser(input: BlockUserInput!): BlockUserPayload!
}

extend type Subscription {
  "Somebody follows you, from now on."
  followUpdate: FollowUpdate!
}

extend union Event = FollowUpdate

extend enum EventType {
  FOLLOW_UPDATE
}

"What is to hold."
enum FollowAction {
  "Follow from now on."
  FOLLOW
  "Follow no more."
  UNFOLLOW
}

"What is to hold."
enum BlockAction {
  "Block from now on; neither follows the other any more."
  BLOCK
  "Block no more."
  UNBLOCK
}

"What they did."
enum FollowNews {
  "They follow you now; that they stopped is not told."
  FOLLOWED_YOU
}

input FollowUserInput {
  "Makes a repetition harmless: the same id and input have the same payload and no second effect."
  clientMutationId: String
  "Whom."
  targetUserId: ID!
  action: FollowAction!
}

"It holds now, whether or not it held before."
type FollowUserPayload {
  clientMutationId: String
  targetUserId: ID!
  action: FollowAction!
  "How many follow them now."
  currentFollowerCount: Int!
}

input BlockUserInput {
  "Makes a repetition harmless: the same id and input have the same payload and no second effect."
  clientMutationId: String
  "Whom."
  targetUserId: ID!
  action: BlockAction!
}

"It holds now, whether or not it held before."
type BlockUserPayload {
  clientMutationId: String
  targetUserId: ID!
  action: BlockAction!
}

type FollowPage {
  items: [FollowItem!]!
  "How many there are on all pages."
  totalCount: Int!
  "The number in your stream up to which events are in this page."
  asOfSequence: Long!
}

"Somebody who follows, or is followed."
type FollowItem {
  userId: ID!
  name: String!
  "Since when the one follows the other."
  since: DateTime!
  "Whether each follows the other."
  isFriend: Boolean!
}

type BlockedPage {
  items: [BlockedItem!]!
  "How many there are on all pages."
  totalCount: Int!
  "The number in your stream up to which events are in this page."
  asOfSequence: Long!
}

"Somebody you block."
type BlockedItem {
  userId: ID!
  name: String!
  "Since when you block them."
  since: DateTime!
}

"Somebody follows you."
type FollowUpdate {
  "The number in your stream."
  sequenceNumber: Long!
  "Who."
  userId: ID!
  userName: String!
  action: FollowNews!
  "When it happened."
  timestamp: DateTime!
}
"""

OPERATIONS: Final = (
    query("followers", FetchFollowers),
    query("following", FetchFollowing),
    query("blocked", FetchBlocked),
    mutation("followUser", FollowUser),
    mutation("blockUser", BlockUser),
)
