"""Status in GraphQL."""

from typing import Final

from hugmood.features.status.messages import FetchStatuses, StatusUpdate
from hugmood.operations import mutation, query

SDL: Final = '''
extend type Query {
  "How those you follow are seen now, in the order of `following`."
  statuses(limit: Int, offset: Int): StatusPage!
}

extend type Mutation {
  "Say how you want to be seen, until you say otherwise."
  updateStatus(input: UpdateStatusInput!): UpdateStatusPayload!
}

extend type Subscription {
  """
  Somebody you follow is seen in another way than before, from now on. These are not numbered: of
  several about one person the latest comes.
  """
  userStatusChanged: UserStatusChanged!
}

"How somebody wants to be seen, or is seen."
enum Status {
  ONLINE
  AWAY
  "Not there, or invisible by choice."
  OFFLINE
  DO_NOT_DISTURB
}

input UpdateStatusInput {
  "Makes a repetition harmless: the same id and input have the same payload and no second effect."
  clientMutationId: String
  "With `OFFLINE` you are invisible."
  status: Status!
  "At most 140 characters; gone if left out."
  customMessage: String
}

"This is what you chose."
type UpdateStatusPayload {
  clientMutationId: String
  status: Status!
  customMessage: String
}

type StatusPage {
  items: [StatusItem!]!
  "How many there are on all pages."
  totalCount: Int!
  "The number in your stream up to which events are in this page."
  asOfSequence: Long!
}

"How somebody is seen now."
type StatusItem {
  userId: ID!
  status: Status!
  customMessage: String
}

"Somebody is seen in another way than before."
type UserStatusChanged {
  userId: ID!
  status: Status!
  customMessage: String
}
'''

OPERATIONS: Final = (
    query("statuses", FetchStatuses),
    mutation("updateStatus", StatusUpdate),
)
