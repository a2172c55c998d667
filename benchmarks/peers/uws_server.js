// uWebSockets.js: one send() for each follower with a number of its own, or, with --publish, the
// same bytes for everybody by its own publish().

import { eventHead, listening, REPLY } from "./event.js";

const { default: uws } = await import(process.env.UWS_PACKAGE ?? "@btc-vision/uwebsockets.js");

const publish = process.argv.includes("--publish");
const sockets = new Set();
const decoder = new TextDecoder();
let sequence = 0;

function toEachBut(author, event) {
  for (const socket of sockets) {
    if (socket !== author) socket.send(`${event}${++socket.getUserData().sequence}}`);
  }
}

const app = uws.App();
app.ws("/ws", {
  compression: uws.DISABLED,
  idleTimeout: 120,
  open(socket) {
    if (publish) socket.subscribe("moods");
    sockets.add(socket);
  },
  upgrade(response, request, context) {
    response.upgrade(
      { sequence: 0 },
      request.getHeader("sec-websocket-key"),
      request.getHeader("sec-websocket-protocol"),
      request.getHeader("sec-websocket-extensions"),
      context,
    );
  },
  message(socket, bytes) {
    const { data } = JSON.parse(decoder.decode(bytes));
    socket.send(REPLY);
    // Its own publish() leaves the sender out.
    if (publish) socket.publish("moods", `${eventHead(data)}${++sequence}}`);
    else toEachBut(socket, eventHead(data));
  },
  close(socket) {
    sockets.delete(socket);
  },
});
app.listen("127.0.0.1", 0, (socket) => listening(uws.us_socket_local_port(socket)));
