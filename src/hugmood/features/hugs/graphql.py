"""Hugs and requests for hugs in GraphQL."""

from operator import itemgetter
from typing import Final

from hugmood.features.hugs.messages import (
    FetchHugCatalog,
    FetchHugHistory,
    FetchHugRequests,
    RequestHug,
    RespondHugRequest,
    SendHug,
)
from hugmood.operations import mutation, query

SDL: Final = """
extend type Query {
  "The hugs you sent and received, newest first."
  hugs(limit: Int, offset: Int, filter: HugFilter): HugPage!

  "The requests for hugs that you sent and received, newest first."
  hugRequests(limit: Int, offset: Int, filter: HugRequestFilter): HugRequestPage!
}

extend type Catalogues {
  "The words for `hugType` and `animation`."
  hugs: HugCatalogue!
}

extend type Mutation {
  "Hug somebody."
  sendHug(input: SendHugInput!): SendHugPayload!

  "Ask somebody for a hug, all your followers, or those who take part in a group hug."
  requestHug(input: RequestHugInput!): RequestHugPayload!

  "Give the hug you were asked for, or decline, which nobody is told."
  respondToHugRequest(input: RespondToHugRequestInput!): RespondToHugRequestPayload!
}

extend type Subscription {
  "Somebody hugs you, from now on."
  hugReceived: HugReceived!
  "Somebody asks you for a hug, from now on."
  hugRequestReceived: HugRequestReceived!
}

extend union Event = HugReceived | HugRequestReceived

extend enum EventType {
  HUG_RECEIVED
  HUG_REQUEST_RECEIVED
}

"Which hugs; both times are inclusive."
input HugFilter {
  startDate: DateTime
  endDate: DateTime
}

"Which requests; both times are inclusive."
input HugRequestFilter {
  startDate: DateTime
  endDate: DateTime
  direction: HugDirection
  status: HugRequestStatus
}

"Who sent it."
enum HugDirection {
  "You did."
  SENT
  "Somebody else did, to you."
  RECEIVED
}

"What became of a request."
enum HugRequestStatus {
  "It can be answered."
  OPEN
  ACCEPTED
  "By you; that somebody else declined is not told."
  DECLINED
  EXPIRED
}

"Who is asked."
enum HugRequestTarget {
  "One person."
  USER
  "All who follow you."
  FOLLOWERS
  "All who take part in a group hug."
  GROUP
}

"How far a hug has come."
enum HugDelivery {
  "They are there."
  SENT
  "They are not there, or not seen to be; they get it when they come."
  QUEUED
}

"How a hug looks."
input CustomizationInput {
  "`#RRGGBB`."
  color: String
  "0 to 1."
  intensity: Float
  "A word from the catalogue."
  animation: String
}

"How a hug looks."
type Customization {
  "`#RRGGBB`."
  color: String
  "0 to 1."
  intensity: Float
  "A word from the catalogue."
  animation: String
}

input SendHugInput {
  "Makes a repetition harmless: the same id and input have the same payload and no second effect."
  clientMutationId: String
  "Whom."
  recipientId: ID!
  "A word from the catalogue."
  hugType: String!
  "At most 500 characters."
  message: String
  customization: CustomizationInput
}

"The hug is on disk."
type SendHugPayload {
  clientMutationId: String
  hugId: ID!
  "Whether they are seen to be there."
  recipientOnline: Boolean!
  deliveryStatus: HugDelivery!
}

input RequestHugInput {
  "Makes a repetition harmless: the same id and input have the same payload and no second effect."
  clientMutationId: String
  targetType: HugRequestTarget!
  "The person or the group hug; none for followers."
  targetId: ID
  "At most 500 characters."
  message: String
  "For how many seconds it can be answered, 60 to 604,800; an hour if left out."
  expiresAfter: Int
}

"Those who are asked have been told."
type RequestHugPayload {
  clientMutationId: String
  requestId: ID!
  "Until when it can be answered."
  expiresAt: DateTime!
}

input RespondToHugRequestInput {
  "Makes a repetition harmless: the same id and input have the same payload and no second effect."
  clientMutationId: String
  "Which request."
  requestId: ID!
  "Whether you give the hug."
  accept: Boolean!
  "A word from the catalogue; needed to accept."
  hugType: String
  "At most 500 characters."
  message: String
  customization: CustomizationInput
}

"The answer is kept."
type RespondToHugRequestPayload {
  clientMutationId: String
  requestId: ID!
  "The hug you gave, if you did."
  hugId: ID
}

type HugPage {
  items: [HugItem!]!
  "How many there are on all pages."
  totalCount: Int!
  "The number in your stream up to which events are in this page."
  asOfSequence: Long!
}

"A hug; `userId` and `userName` are the other person's."
type HugItem {
  id: ID!
  direction: HugDirection!
  userId: ID!
  userName: String!
  "A word from the catalogue."
  hugType: String!
  message: String
  customization: Customization
  sentAt: DateTime!
}

type HugRequestPage {
  items: [HugRequestItem!]!
  "How many there are on all pages."
  totalCount: Int!
  "The number in your stream up to which events are in this page."
  asOfSequence: Long!
}

"A request; `userId` and `userName` are the other person's, if it is one."
type HugRequestItem {
  id: ID!
  direction: HugDirection!
  status: HugRequestStatus!
  userId: ID
  userName: String
  "Whom you asked; null for what you received."
  targetType: HugRequestTarget
  "Which person or group hug you asked."
  targetId: ID
  message: String
  "How many gave the hug; null for what you received."
  acceptedCount: Int
  "The hug you gave."
  hugId: ID
  createdAt: DateTime!
  "Until when it can be answered."
  expiresAt: DateTime!
}

type HugCatalogue {
  "The words for `hugType`."
  hugTypes: [String!]!
  "The words for `animation`."
  animations: [String!]!
}

"Somebody hugs you."
type HugReceived {
  "The number in your stream."
  sequenceNumber: Long!
  hugId: ID!
  "The request it answers, if you asked for it."
  requestId: ID
  senderId: ID!
  senderName: String!
  "A word from the catalogue."
  hugType: String!
  message: String
  sentAt: DateTime!
  customization: Customization
}

"Somebody asks you for a hug."
type HugRequestReceived {
  "The number in your stream."
  sequenceNumber: Long!
  requestId: ID!
  requesterId: ID!
  requesterName: String!
  message: String
  createdAt: DateTime!
  "Until when it can be answered."
  expiresAt: DateTime!
}
"""

OPERATIONS: Final = (
    query("hugs", FetchHugHistory, renames={"filter": "filters"}),
    query("hugRequests", FetchHugRequests, renames={"filter": "filters"}),
    query("hugs", FetchHugCatalog, parent="Catalogues", result=itemgetter("hugCatalog")),
    mutation("sendHug", SendHug),
    mutation("requestHug", RequestHug),
    mutation("respondToHugRequest", RespondHugRequest),
)
