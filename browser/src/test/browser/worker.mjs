// In a worker: joins, says hello, and passes on what it hears.
import { Earshot } from './earshot.js';

self.onmessage = async ({ data: { name, transport } }) => {
  const client = new Earshot({ transports: [transport] });
  const room = client.join(name);
  room.on('message', ({ message }) => self.postMessage(message));
  await room.joined;
  await room.say('from the worker');
};
