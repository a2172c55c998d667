"""Group hugs in GraphQL."""

from typing import Final

from hugmood.features.group_hugs.messages import (
    CancelGroupHug,
    CreateGroupHug,
    FetchGroupHugs,
    JoinGroupHug,
    LeaveGroupHug,
)
from hugmood.operations import mutation, query

SDL: Final = """
extend type Query {
  "The group hugs you created, take part in or are invited to, newest first."
  groupHugs(limit: Int, offset: Int, filter: GroupHugFilter): GroupHugPage!
}

extend type Mutation {
  "Invite people to hug each other, at a time or at once."
  createGroupHug(input: CreateGroupHugInput!): CreateGroupHugPayload!

  "Take part in what you are invited to."
  joinGroupHug(input: JoinGroupHugInput!): JoinGroupHugPayload!

  "Take part no more; you may come back."
  leaveGroupHug(input: LeaveGroupHugInput!): LeaveGroupHugPayload!

  "Call off what you created."
  cancelGroupHug(input: CancelGroupHugInput!): CancelGroupHugPayload!
}

extend type Subscription {
  "Somebody invites you, from now on."
  groupHugInvitation: GroupHugInvitation!
  "Something happens in a group hug that you take part in, from now on."
  groupHugUpdate: GroupHugUpdate!
}

extend union Event = GroupHugInvitation | GroupHugUpdate

extend enum EventType {
  GROUP_HUG_INVITATION
  GROUP_HUG_UPDATE
}

"How far it is."
enum GroupHugState {
  "It has yet to start."
  SCHEDULED
  "It is going on."
  ACTIVE
  ENDED
  CANCELLED
}

"What happened."
enum GroupHugUpdateType {
  PARTICIPANT_JOINED
  PARTICIPANT_LEFT
  STARTED
  ENDED
  CANCELLED
}

"Which group hugs, by when they were created; both times are inclusive."
input GroupHugFilter {
  startDate: DateTime
  endDate: DateTime
  state: GroupHugState
  "Only this one: then `participants` are there."
  groupHugId: ID
}

input CreateGroupHugInput {
  "Makes a repetition harmless: the same id and input have the same payload and no second effect."
  clientMutationId: String
  "1 to 100 characters."
  name: String!
  "At most 500 characters."
  description: String
  "At most 100; those who cannot be invited are left out in silence."
  inviteeIds: [ID!]!
  "When it starts; now if left out."
  scheduledFor: DateTime
  "When it ends, at most 30 days ahead; 24 hours after it starts if left out."
  expiresAt: DateTime
  "For those who are invited; at most 500 characters."
  message: String
}

"It is on disk, and people have been invited."
type CreateGroupHugPayload {
  clientMutationId: String
  groupHugId: ID!
  "How many people were invited."
  invitationsSent: Int!
}

input JoinGroupHugInput {
  "Makes a repetition harmless: the same id and input have the same payload and no second effect."
  clientMutationId: String
  "Which one."
  groupHugId: ID!
}

"You take part, whether or not you did before."
type JoinGroupHugPayload {
  clientMutationId: String
  groupHugId: ID!
  "All who take part, in the order in which they came."
  participants: [Participant!]!
}

input LeaveGroupHugInput {
  "Makes a repetition harmless: the same id and input have the same payload and no second effect."
  clientMutationId: String
  "Which one."
  groupHugId: ID!
}

"You take no part, whether or not you did before."
type LeaveGroupHugPayload {
  clientMutationId: String
  groupHugId: ID!
}

input CancelGroupHugInput {
  "Makes a repetition harmless: the same id and input have the same payload and no second effect."
  clientMutationId: String
  "Which one."
  groupHugId: ID!
}

"It is over."
type CancelGroupHugPayload {
  clientMutationId: String
  groupHugId: ID!
}

"Somebody who takes part."
type Participant {
  userId: ID!
  name: String!
}

type GroupHugPage {
  items: [GroupHugItem!]!
  "How many there are on all pages."
  totalCount: Int!
  "The number in your stream up to which events are in this page."
  asOfSequence: Long!
}

"A group hug you created, take part in or are invited to."
type GroupHugItem {
  id: ID!
  name: String!
  description: String
  creatorId: ID!
  creatorName: String!
  state: GroupHugState!
  "When it starts; null if it did so at once."
  scheduledFor: DateTime
  "When it ends."
  expiresAt: DateTime!
  message: String
  createdAt: DateTime!
  "Whether you take part."
  joined: Boolean!
  participantCount: Int!
  "Who takes part; null unless the filter asks for a single group hug."
  participants: [Participant!]
}

"Somebody invites you."
type GroupHugInvitation {
  "The number in your stream."
  sequenceNumber: Long!
  groupHugId: ID!
  name: String!
  description: String
  creatorId: ID!
  creatorName: String!
  "When it starts; null if it is going on already."
  scheduledFor: DateTime
  "When it ends."
  expiresAt: DateTime!
  message: String
}

"What happens in a group hug that you take part in."
type GroupHugUpdate {
  "The number in your stream."
  sequenceNumber: Long!
  groupHugId: ID!
  updateType: GroupHugUpdateType!
  "Who came or went, where it was that."
  participant: Participant
  "How many take part now."
  participantCount: Int!
}
"""

OPERATIONS: Final = (
    query("groupHugs", FetchGroupHugs, renames={"filter": "filters"}),
    mutation("createGroupHug", CreateGroupHug),
    mutation("joinGroupHug", JoinGroupHug),
    mutation("leaveGroupHug", LeaveGroupHug),
    mutation("cancelGroupHug", CancelGroupHug),
)
