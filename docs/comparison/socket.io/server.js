import { Server } from 'socket.io';

const rooms = new Map();
const roomOf = (name) => {
  if (!rooms.has(name)) rooms.set(name, { last: 0, messages: [], people: new Map() });
  return rooms.get(name);
};

/** `userOf` is the application's login: the user of a request, by its cookie. */
export function addChat(httpServer, userOf) {
  const io = new Server(httpServer);
  io.use(async (socket, next) => {
    socket.data.user = await userOf(socket.request);
    next(socket.data.user ? undefined : new Error('log in first'));
  });
  const tellPresent = (name) => {
    const present = [...roomOf(name).people.values()].map(({ user }) => user);
    io.to(name).emit('present', name, present);
  };
  io.on('connection', (socket) => {
    const { user } = socket.data;
    const leave = (name) => {
      const { people } = roomOf(name);
      const person = people.get(user.id);
      person?.sockets.delete(socket.id);
      if (person && !person.sockets.size && people.delete(user.id)) tellPresent(name);
    };
    socket.on('join', (name, after, answer) => {
      const { messages, people } = roomOf(name);
      if (!people.has(user.id)) people.set(user.id, { user, sockets: new Set() });
      people.get(user.id).sockets.add(socket.id);
      socket.join(name);
      answer({ user, messages: messages.filter(({ place }) => place > after).slice(after ? 0 : -50) });
      tellPresent(name);
    });
    socket.on('say', (name, key, text, answer) => {
      const room = roomOf(name);
      let said = room.messages.find((each) => each.key === key);
      if (!said) { // or the client has sent it again
        said = { key, user, text, place: ++room.last, sentAt: Date.now() };
        room.messages = [...room.messages, said].slice(-100);
        socket.to(name).emit('message', name, said);
      }
      answer(said);
    });
    socket.on('typing', (name) => socket.to(name).emit('typing', name, user));
    socket.on('leave', (name, answer) => {
      socket.leave(name);
      leave(name);
      answer?.();
    });
    socket.on('disconnecting', () => {
      // A reload is no leave and join.
      for (const name of socket.rooms) if (rooms.has(name)) setTimeout(leave, 5_000, name);
    });
  });
}
