"""Notifications in GraphQL."""

from typing import Final

from hugmood.features.notifications.messages import FetchNotifications, MarkNotificationRead
from hugmood.operations import mutation, query

SDL: Final = '''
extend type Query {
  "What you were notified of, newest first."
  notifications(limit: Int, offset: Int): NotificationPage!
}

extend type Mutation {
  "Say that you have read a notification, or with `all` every one."
  markNotificationRead(input: MarkNotificationReadInput!): MarkNotificationReadPayload!
}

extend type Subscription {
  "You are notified of something, from now on."
  notification: Notification!
  """
  A notification was read on another device of yours, from now on. These are not numbered.
  """
  notificationRead: NotificationRead!
}

extend union Event = Notification

extend enum EventType {
  NOTIFICATION
}

input MarkNotificationReadInput {
  "Makes a repetition harmless: the same id and input have the same payload and no second effect."
  clientMutationId: String
  "Which one, or `all`."
  notificationId: ID!
}

"It is read, or every one is."
type MarkNotificationReadPayload {
  clientMutationId: String
  "Which one, or `all`."
  notificationId: ID!
  "How many are not read."
  unreadCount: Int!
}

type NotificationPage {
  items: [NotificationItem!]!
  "How many there are on all pages."
  totalCount: Int!
  "How many of them are not read."
  unreadCount: Int!
  "The number in your stream up to which events are in this page."
  asOfSequence: Long!
}

"Something you were notified of."
type NotificationItem {
  id: ID!
  "Such as `badge_earned`; there may be new ones."
  notificationType: String!
  title: String!
  body: String!
  createdAt: DateTime!
  "Whether you have read it."
  read: Boolean!
  "What goes with it, by name; which names, depends on its type."
  data: JSONObject
}

"Something for you that has no event of its own, such as a badge."
type Notification {
  "The number in your stream."
  sequenceNumber: Long!
  notificationId: ID!
  "Such as `badge_earned`; there may be new ones."
  notificationType: String!
  title: String!
  body: String!
  createdAt: DateTime!
  "What goes with it, by name; which names, depends on its type."
  data: JSONObject
}

"A notification was read on another device of yours."
type NotificationRead {
  "Which one, or `all`."
  notificationId: ID!
  "How many are not read."
  unreadCount: Int!
}
'''

OPERATIONS: Final = (
    query("notifications", FetchNotifications),
    mutation("markNotificationRead", MarkNotificationRead),
)
