// The reference client of graphql-transport-ws, told what to do by lines on standard input.
// It says what happens by lines of JSON on standard output.
import { createInterface } from 'node:readline'
import { createClient } from 'graphql-ws'
import WebSocket from 'ws'

const [url, token] = process.argv.slice(2)
const say = (said) => process.stdout.write(JSON.stringify(said) + '\n')

const client = createClient({
  url,
  webSocketImpl: WebSocket,
  // With `-` for a token it never says who it is.
  connectionParams: () => (token === '-' ? new Promise(() => {}) : { Authorization: `Bearer ${token}` }),
  lazy: false,
  retryAttempts: 20,
  retryWait: () => new Promise((go) => setTimeout(go, 50)),
  onNonLazyError: (error) => say({ failed: error.code ?? String(error) }),
  on: {
    connected: () => say({ connected: true }),
    closed: (event) => say({ closed: event.code }),
  },
})

const variables = { after: null }
const query = `subscription ($after: Long) {
  events(afterSequence: $after) { ... on MoodChanged { sequenceNumber mood } }
}`
let dispose = () => {}

const orders = {
  subscribe() {
    dispose = client.subscribe(
      { query, variables },
      {
        next(result) {
          const event = result.data.events
          // A subscription that is begun again after a cut goes on from here.
          if (event.sequenceNumber) variables.after = event.sequenceNumber
          say({ next: event })
        },
        error: (error) => say({ error }),
        complete: () => say({ complete: true }),
      },
    )
  },
  complete: () => dispose(),
  cut: () => client.terminate(),
  query(text) {
    client.subscribe(
      { query: text },
      {
        next: (result) => say({ result }),
        error: (error) => say({ error }),
        complete: () => say({ answered: true }),
      },
    )
  },
  stop: () => client.dispose(),
}

for await (const line of createInterface({ input: process.stdin })) {
  const [order, ...rest] = line.split(' ')
  orders[order](rest.join(' '))
  if (order === 'stop') break
}
process.exit(0)
