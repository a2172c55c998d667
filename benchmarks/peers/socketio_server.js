// Socket.IO: followers are in a room, and each mood is emitted to that room.

import { createServer } from "node:http";
import { Server } from "socket.io";
import { eventOf, listening } from "./event.js";

const http = createServer();
const io = new Server(http, {
  path: "/ws",
  transports: ["websocket"],
  serveClient: false,
  perMessageDeflate: false,
});
let sequence = 0;

io.on("connection", (socket) => {
  if (socket.handshake.auth.follower) socket.join("followers");
  socket.on("mood_update", (data, acknowledge) => {
    acknowledge?.({ success: true });
    const { type, ...event } = eventOf(data);
    io.to("followers").emit(type, { ...event, sequenceNumber: ++sequence });
  });
});
http.listen(0, "127.0.0.1", () => listening(http.address().port));
