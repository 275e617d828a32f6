import jwt from 'jsonwebtoken';

export function addChat(app) {
  app.get('/chat-token', ({ user }, response) => {
    response.send(jwt.sign({ name: user.name }, process.env.CHAT_SECRET, { subject: user.id, expiresIn: '10m', keyid: 'app' }));
  });
}
