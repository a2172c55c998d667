// What all servers here send: an event of the same size as HugMood's, some 325 bytes.

/** The event for a mood that was published, but for its number. */
export function eventOf(data) {
  return {
    type: "mood_changed",
    id: "bcast-7d8f2c1e-3b5a-4c6d-9e0f-1a2b3c4d5e6f",
    data: {
      userId: "user-019a1b2c3d4e5f60718293a4b5c6d7e8",
      moodId: "mood-019a1b2c3d4e5f60718293a4b5c6d7e8",
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
