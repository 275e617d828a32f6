// The program in docs/clients.md; the tests run it.
import { Earshot } from 'earshot-client';

const client = new Earshot('ws://localhost:8080');
client.on('state', (state) => console.log(state)); // connecting, open, reconnecting, closed

const room = client.join('attic');
room.on('message', ({ message, from }) => console.log(`${from}: ${JSON.stringify(message)}`));
room.on('join', ({ from }) => console.log(`${from} is here`));
room.on('leave', ({ from }) => console.log(`${from} has left`));
room.on('recovered', ({ count }) => console.log(`back, and caught up with ${count} messages`));
room.on('gap', ({ missed, reason }) => console.log(`missed ${missed ?? 'some'} messages: ${reason}`));

const { offset } = await room.say({ order: 'tea', cups: 2 }); // sent to all others
await room.say('only for you', { match: { id: client.id } });
console.log(offset, await room.members());

const news = client.listen('news'); // receives its messages without joining
await news.joined;
const { randomNumber } = await client.action('randomNumber');
console.log(randomNumber);

await client.close();
