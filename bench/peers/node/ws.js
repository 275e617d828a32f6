// A minimal room server on ws.
const { WebSocketServer, WebSocket } = require('ws');

const rooms = new Map();
let ids = 0;

new WebSocketServer({ port: Number(process.argv[2]), host: '127.0.0.1', perMessageDeflate: false }).on(
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
