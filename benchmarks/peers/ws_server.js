// `ws`: one Buffer for everybody, as its README broadcasts; or, with --numbered, a number for each.

import { WebSocketServer } from "ws";
import { eventHead, listening, REPLY } from "./event.js";

const numbered = process.argv.includes("--numbered");
const server = new WebSocketServer({
  host: "127.0.0.1",
  port: 0,
  perMessageDeflate: false,
  clientTracking: true,
});
let sequence = 0;

function toAllBut(author, event) {
  const bytes = Buffer.from(`${event}${++sequence}}`);
  for (const client of server.clients) {
    if (client !== author) client.send(bytes, { binary: false });
  }
}

function toEachBut(author, event) {
  for (const client of server.clients) {
    if (client !== author) client.send(`${event}${++client.sequence}}`);
  }
}

const broadcast = numbered ? toEachBut : toAllBut;

server.on("connection", (socket) => {
  socket.sequence = 0;
  socket.on("message", (bytes) => {
    const { data } = JSON.parse(bytes);
    socket.send(REPLY);
    broadcast(socket, eventHead(data));
  });
});
server.on("listening", () => listening(server.address().port));
