// Parse the AsyncAPI document named on the command line; write what the parser says of it.
import { readFileSync } from "node:fs";

import { Parser } from "@asyncapi/parser";

const text = readFileSync(process.argv[2], "utf8");
const { document, diagnostics } = await new Parser().parse(text);
const operations = document ? document.operations().all().map((operation) => operation.id()) : [];
process.stdout.write(JSON.stringify({ operations, diagnostics }));
