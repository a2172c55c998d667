"""The protocol as an AsyncAPI 3.0 document, made from the structs the server decodes with.

`messages` says which messages there are, `schemas` what their payloads look like,
`document` puts them together. See https://www.asyncapi.com/docs/reference/specification/v3.0.0.
"""

from hugmood.asyncapi.document import build, write

__all__ = ["build", "write"]
