// Compiled and never run: checks the types of a program that uses the client.
import { Earshot, EarshotError, type Gap, type Message, type Room, type State } from 'earshot-client';

interface Order { item: string; amount: number }

const client = new Earshot('ws://localhost:8080', { token: async (room) => `for ${room}`, transports: ['websocket', 'sse'] });
new Earshot();
new Earshot({ backoff: [100, 1000] });
const off: () => void = client.on('state', (state: State) => state === 'open');
const orders: Room<Order> = client.join<Order>('orders', { after: 'k3f9:17', presence: true });
orders.on('message', ({ message, from, offset }) => `${message.item.trim()} ${message.amount + offset} ${from}`);
orders.on('gap', ({ missed = 0, reason }: Gap) => reason === 'behind' && missed > 1);
const heard: Promise<Message<Order>> = orders.once('message');
const { epoch, offset }: { epoch: string; offset: number } = await orders.say({ item: 'tea', amount: 2 }, { match: { id: client.id ?? '' } });
const { uptime } = await client.action<{ uptime: number }>('status');
const names: string[] = await (await client.listen('attic').joined).members();
try {
  await orders.leave();
} catch (error) {
  if (error instanceof EarshotError && error.lost) throw error;
}
// @ts-expect-error a message of this room is an order
void orders.say('tea');
// @ts-expect-error there is no such event
orders.on('mesage', () => {});
// @ts-expect-error there is no such state
const state: State = 'opened';
export { epoch, heard, names, off, offset, state, uptime };
