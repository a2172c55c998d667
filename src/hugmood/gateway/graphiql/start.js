// Starts GraphiQL on the address that this page has; nothing comes from anywhere else.
self.MonacoEnvironment = {
  globalAPI: false,
  getWorkerUrl: (_, label) =>
    `graphql/${{ editorWorkerService: 'editor', json: 'json', graphql: 'graphql' }[label]}.worker.js`,
}

// Whoever signs in here is signed in from then on, as long as this tab is open. A header
// that is written by hand goes first.
const KEY = 'hugmood-token'
const send = window.fetch.bind(window)

window.fetch = async (address, init = {}) => {
  const headers = new Headers(init.headers)
  const token = sessionStorage.getItem(KEY)
  if (token && !headers.has('Authorization')) headers.set('Authorization', `Bearer ${token}`)
  const response = await send(address, { ...init, headers })
  if (response.status === 401) sessionStorage.removeItem(KEY)
  if (response.headers.get('Content-Type')?.includes('json')) {
    const { data } = await response.clone().json()
    const given = Object.values(data ?? {}).find((value) => value?.token)
    if (given) sessionStorage.setItem(KEY, given.token)
  }
  return response
}

YogaGraphiQL.renderYogaGraphiQL(document.getElementById('root'), {
  title: 'HugMood GraphiQL',
  endpoint: location.pathname,
  subscriptionsProtocol: 'SSE',
  method: 'POST',
  defaultQuery: `# Be somebody first: who signs in here is signed in.
mutation BeAGuest {
  loginAnonymous(
    input: { deviceId: "graphiql", nickname: "Ada" }
  ) {
    token
  }
}

# Hear of what happens in one tab,
subscription Hear {
  events(types: [MOOD_CHANGED]) {
    ... on MoodChanged {
      sequenceNumber
      mood
      intensity
    }
  }
}

# and say how you feel in another.
mutation Feel {
  createMoodEntry(
    input: { mood: "happy", intensity: 0.8 }
  ) {
    moodId
    streakUpdate {
      current
    }
  }
}
`,
})
