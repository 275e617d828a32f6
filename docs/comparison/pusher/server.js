import express from 'express';
import Pusher from 'pusher';

const pusher = new Pusher({ appId: 'APP_ID', key: 'APP_KEY', secret: process.env.PUSHER_SECRET, cluster: 'eu', useTLS: true });
const rooms = new Map();
const roomOf = (name) => {
  if (!rooms.has(name)) rooms.set(name, { last: 0, messages: [] });
  return rooms.get(name);
};

export function addChat(app) {
  app.use(express.json(), express.urlencoded({ extended: false }));
  app.post('/pusher/auth', ({ user, body }, response) => {
    const member = { user_id: user.id, user_info: { name: user.name } };
    response.send(pusher.authorizeChannel(body.socket_id, body.channel_name, member));
  });
  app.get('/rooms/:room/messages', ({ params, query }, response) => {
    const after = Number(query.after);
    response.send(roomOf(params.room).messages.filter(({ place }) => place > after).slice(after ? 0 : -50));
  });
  app.post('/rooms/:room/messages', async ({ user, params, body }, response) => {
    const room = roomOf(params.room);
    let said = room.messages.find(({ key }) => key === body.key);
    if (!said) { // or the client has sent it again
      said = { key: body.key, user, text: body.text, place: ++room.last, sentAt: Date.now() };
      room.messages = [...room.messages, said].slice(-100);
      await pusher.trigger(`presence-${params.room}`, 'message', said, { socket_id: body.socket });
    }
    response.send(said);
  });
}
