"""Signing in and out in GraphQL. There is no socket to sign in: what comes of it is a token."""

from typing import Final

from hugmood.features.auth.messages import (
    AuthAnonymous,
    AuthCredentials,
    AuthRefresh,
    AuthRegister,
    ChangePassword,
    Disconnect,
    FetchSessions,
    RevokeSession,
)
from hugmood.operations import Data, mutation, query

SDL: Final = '''
extend type Query {
  "Where you are signed in, the newest first."
  sessions(limit: Int, offset: Int): SessionPage!
}

extend type Mutation {
  "Open an account."
  register(input: RegisterInput!): AuthPayload!

  "Sign in with address and password."
  login(input: LoginInput!): AuthPayload!

  "Be a guest; with the guest's own token, even one that expired up to 30 days ago, the same again."
  loginAnonymous(input: LoginAnonymousInput!): AuthPayload!

  """
  Trade a token that is still good for a new one of the same session. The old one stays good until
  the new one is first used, and 60 seconds longer; whoever uses it after that ends the session.
  """
  refreshToken(input: RefreshTokenInput!): AuthPayload!

  "End your session: its token is worth nothing from now on, and its sockets are closed."
  logout(input: LogoutInput): LogoutPayload!

  "Put a new password in the place of the old one, and end all other sessions."
  changePassword(input: ChangePasswordInput!): ChangePasswordPayload!

  "End one of your sessions."
  revokeSession(input: RevokeSessionInput!): RevokeSessionPayload!
}

input RegisterInput {
  "Comes back in the payload; signing in is never remembered by it."
  clientMutationId: String
  "An address that has no account yet."
  email: String!
  "8 to 128 characters, and none that everybody uses."
  password: String!
  "As others see it, 1 to 80 characters."
  name: String!
  "An IANA name such as `Europe/Berlin`; UTC if left out."
  timeZone: String
  "Whoever gives it must be 13, and is protected until they are 18."
  birthDate: Date
  "For 31 days instead of one."
  rememberMe: Boolean
}

input LoginInput {
  "Comes back in the payload; signing in is never remembered by it."
  clientMutationId: String
  email: String!
  password: String!
  "For 31 days instead of one."
  rememberMe: Boolean
}

input LoginAnonymousInput {
  "Comes back in the payload; signing in is never remembered by it."
  clientMutationId: String
  "Any name of the device, 1 to 128 characters; by itself it brings no guest back."
  deviceId: ID!
  "As others see it; `Guest` if left out."
  nickname: String
  "The guest's own, to be the same again, even if it has expired."
  token: String
}

input RefreshTokenInput {
  "Comes back in the payload; signing in is never remembered by it."
  clientMutationId: String
  "The one to be traded in."
  token: String!
}

"You are signed in: put `token` into `Authorization: Bearer`."
type AuthPayload {
  clientMutationId: String
  userId: ID!
  "To be kept secret."
  token: String!
  "When it ends; `refreshToken` before that."
  expires: DateTime!
  "Whether this is a guest."
  isAnonymous: Boolean!
}

input LogoutInput {
  "Comes back in the payload."
  clientMutationId: String
}

"The session is over."
type LogoutPayload {
  clientMutationId: String
  "Always true: an error says otherwise."
  success: Boolean!
}

input ChangePasswordInput {
  "Makes a repetition harmless: the same id and input have the same payload and no second effect."
  clientMutationId: String
  "The old one."
  password: String!
  "8 to 128 characters, and none that everybody uses."
  newPassword: String!
}

"The new one holds, and every other session is over."
type ChangePasswordPayload {
  clientMutationId: String
  "Always true: an error says otherwise."
  success: Boolean!
}

input RevokeSessionInput {
  "Makes a repetition harmless: the same id and input have the same payload and no second effect."
  clientMutationId: String
  "Which session."
  sessionId: ID!
}

"It is over, whether or not it was before."
type RevokeSessionPayload {
  clientMutationId: String
  sessionId: ID!
}

type SessionPage {
  items: [Session!]!
  "How many there are on all pages."
  totalCount: Int!
  "The number in your stream up to which events are in this page."
  asOfSequence: Long!
}

"A sign-in that lasts."
type Session {
  sessionId: ID!
  createdAt: DateTime!
  expiresAt: DateTime!
  "Whether it is the one that asks."
  current: Boolean!
}
'''


def _signed_in(reply: Data) -> Data:
    return {"isAnonymous": False} | reply


def _log_out(given: Data) -> Data:
    return given | {"reason": "user_logout"}


OPERATIONS: Final = (
    query("sessions", FetchSessions),
    mutation("register", AuthRegister, result=_signed_in, opens=True),
    mutation("login", AuthCredentials, result=_signed_in, opens=True),
    mutation("loginAnonymous", AuthAnonymous, result=_signed_in, opens=True),
    mutation("refreshToken", AuthRefresh, result=_signed_in, opens=True),
    mutation("logout", Disconnect, arguments=_log_out),
    mutation("changePassword", ChangePassword),
    mutation("revokeSession", RevokeSession),
)
