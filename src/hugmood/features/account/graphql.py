"""Export and deletion of an account in GraphQL."""

from typing import Final

from hugmood.features.account.messages import DeleteAccount, ExportData
from hugmood.operations import mutation, query

SDL: Final = """
extend type Query {
  "A link to a file with all that is yours; it is good for a short time and for your session."
  exportData: DataExport!
}

extend type Mutation {
  "Delete your account and all that hangs on it, for good, and end all sessions."
  deleteAccount(input: DeleteAccountInput): DeleteAccountPayload!
}

"What kind of file it is."
enum ExportFormat {
  ZIP
}

"Where to fetch the file with a GET request."
type DataExport {
  "A path on this server. Whoever has it gets the file: tell nobody."
  url: String!
  expiresAt: DateTime!
  format: ExportFormat!
  "Of the files in it."
  version: Int!
}

input DeleteAccountInput {
  "Comes back in the payload."
  clientMutationId: String
  "Guests have none."
  password: String
}

"The account is gone for everybody."
type DeleteAccountPayload {
  clientMutationId: String
  "Always true: an error says otherwise."
  success: Boolean!
}
"""

OPERATIONS: Final = (
    query("exportData", ExportData),
    mutation("deleteAccount", DeleteAccount),
)
