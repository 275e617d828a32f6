// A minimal room server on Socket.IO, with Socket.IO's rooms, over WebSocket only.
const { Server } = require('socket.io');

const io = new Server(Number(process.argv[2]), { transports: ['websocket'], serveClient: false });

io.on('connection', (socket) => {
  let room = null;
  socket.on('join', (name) => {
    room = name;
    socket.join(room);
    socket.emit('ready', { status: 'OK' });
  });
  socket.on('say', (message) => {
    socket.to(room).emit('said', { message, room, from: socket.id, context: 'user', sentAt: Date.now() });
  });
});
