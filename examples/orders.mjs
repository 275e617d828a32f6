// What a client of Socket.IO or Pusher does, with Earshot: docs/from-socketio.md, docs/from-pusher.md.
import { Earshot } from '../client-js/src/earshot.js';

const client = new Earshot(process.argv[2] ?? 'http://localhost:8080');
const orders = client.join('orders', { history: 50 });
orders.on('message', ({ message: { event, data } }) => console.log(event, data.id));
orders.on('signal', ({ kind }) => console.log(kind));
orders.on('gap', ({ reason }) => console.log(`some are missing: ${reason}`));
await orders.joined;

const { offset } = await orders.say({ event: 'placed', data: { id: 7, tea: 2 } }); // to all others
console.log('placed at', offset);
await orders.signal(true, { kind: 'typing' }); // not kept
const { greeting } = await client.action('greet', { name: 'Ada' }); // a question with an answer
console.log(greeting);
