// A minimal room server on ws: node ws.js PORT ws|wss|deflate CERTIFICATE KEY
const { readFileSync } = require('fs');
const { createServer } = require('https');
const { WebSocketServer, WebSocket } = require('ws');

const rooms = new Map();
let ids = 0;

const [port, mode, cert, key] = process.argv.slice(2);
const options = { perMessageDeflate: mode === 'deflate' };
if (mode === 'wss') {
  options.server = createServer({ cert: readFileSync(cert), key: readFileSync(key) });
  options.server.listen(Number(port), '127.0.0.1', 4096);
} else {
  options.port = Number(port);
  options.host = '127.0.0.1';
}

new WebSocketServer(options).on(
  'connection',
  (socket) => {
    const id = String(++ids).padStart(32, '0');
    let room = null;
    socket.on('message', (data) => {
      const said = JSON.parse(data);
      if (said.event === 'join') {
        room = said.room;
        if (!rooms.has(room)) rooms.set(room, new Set());
        rooms.get(room).add(socket);
        socket.send('{"status":"OK"}');
      } else if (said.event === 'say') {
        const text = JSON.stringify({ message: said.message, room, from: id, context: 'user', sentAt: Date.now() });
        for (const member of rooms.get(room)) {
          if (member !== socket && member.readyState === WebSocket.OPEN) member.send(text);
        }
      }
    });
    socket.on('close', () => room !== null && rooms.get(room).delete(socket));
    socket.on('error', () => {});
  },
);
