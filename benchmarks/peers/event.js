// What all servers here send: an event of the same size as HugMood's, about 290 bytes.

/** The event for a mood that was published, but for its number. */
export function eventOf(data) {
  return {
    type: "mood_changed",
    id: "bcast-7d8f2c1e-3b5a-4c6d-9e0f-1a2b3c4d5e6f",
    data: {
      userId: "user-01jq2x3y4z5a6b7c8d9e0f",
      moodId: "mood-1795424400000000",
      mood: data.mood,
      intensity: data.intensity,
      isPublic: data.isPublic,
      timestamp: "2024-08-25T15:30:00.000Z",
    },
    timestamp: "2024-08-25T15:30:10.000Z",
  };
}

/** Its JSON up to the number; that and a brace are to be appended. */
export function eventHead(data) {
  return `${JSON.stringify(eventOf(data)).slice(0, -1)},"sequenceNumber":`;
}

/** The answer to the author. */
export const REPLY =
  '{"type":"mood_update_response","id":"msg-resp","data":{"success":true},' +
  '"timestamp":"2024-08-25T15:30:10.000Z","sequenceNumber":0}';

/** Tell the benchmark where the server listens. */
export function listening(port) {
  console.log(`listening on 127.0.0.1:${port}`);
}
