// A bot that answers "uptime?" with the uptime of the server. With ./earshot running:
//   node --experimental-websocket examples/bot.mjs http://localhost:8080 defaultRoom
import { Earshot } from '../client-js/src/earshot.js';

const [url = 'http://localhost:8080', name = 'defaultRoom'] = process.argv.slice(2);
const client = new Earshot(url);
const room = client.join(name);
client.on('state', (state) => console.log(state));
room.on('gap', ({ missed = 'some' }) => room.say(`I was away and missed ${missed} messages.`));
room.on('message', async ({ message }) => {
  if (message !== 'uptime?') return;
  const { uptimeSeconds } = await client.action('status');
  await room.say(`up for ${uptimeSeconds} s`);
});
