import jwt from 'jsonwebtoken';

export function addChat(app) {
  app.get('/chat-token', ({ user }, response) => {
    const token = jwt.sign({ info: { name: user.name } }, process.env.CHAT_SECRET, { subject: user.id, expiresIn: '10m' });
    response.send({ user, token });
  });
}
