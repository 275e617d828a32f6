// Compiled and never run: checks the types of a program that uses the client.
import { usePresence, useRoom, useTyping, type Shown } from 'earshot-client/react';
import { Earshot, EarshotError, type Gap, type Message, type Present, type Room, type Signal, type State } from 'earshot-client';

interface Order { item: string; amount: number }

const client = new Earshot('ws://localhost:8080', { token: async (room) => `for ${room}`, transports: ['websocket', 'sse'] });
new Earshot();
new Earshot({ backoff: [100, 1000] });
const off: () => void = client.on('state', (state: State) => state === 'open');
const orders: Room<Order> = client.join<Order>('orders', { after: 'k3f9:17', presence: true, history: 50 });
orders.on('message', ({ message, from, offset }) => `${message.item.trim()} ${message.amount + offset} ${from}`);
orders.on('gap', ({ missed = 0, reason }: Gap) => reason === 'behind' && missed > 1);
const heard: Promise<Message<Order>> = orders.once('message');
const { epoch, offset }: { epoch: string; offset: number } = await orders.say({ item: 'tea', amount: 2 }, { match: { id: client.id ?? '' } });
const { messages: [first], more } = await orders.history({ limit: 10 });
const earlier: Message<Order>[] = more && first?.history ? (await orders.history({ before: first })).messages : [];
const typing: Promise<boolean> = orders.signal({ at: [1, 2] }, { kind: 'cursor' });
orders.on('signal', ({ from, user, kind, signal }: Signal<boolean>) => `${from} ${user?.name ?? ''} ${kind} ${!signal}`);
new Earshot({ token: () => fetch('/chat-token').then((answer) => answer.text()) });
const people: (present: readonly Present[]) => string[] = (present) => present.map(({ id, user }) => user?.name ?? id);
orders.on('presence', (present) => people(present));
const me: string = client.user?.name ?? people(orders.present ?? [])[0] ?? '';
client.inbox.on('message', ({ message, recovered, user }) => `${message.text} ${recovered} ${user?.name ?? ''}`);
new Earshot({ inbox: client.inbox.cursor, token: me });
const told: Message[] = (await client.inbox.history({ limit: 10 })).messages;
const { uptime } = await client.action<{ uptime: number }>('status');
const names: string[] = await (await client.listen('attic').joined).members();
try {
  await orders.leave();
} catch (error) {
  if (error instanceof EarshotError && error.lost) throw error;
}
const view = useRoom<Order>(client, 'orders', { history: 10 });
const shown: readonly Shown<Order>[] = view.messages.filter(({ message, own, pending }) => message.amount > 1 && (own || !pending));
const [typists, types] = useTyping(view.room);
types(usePresence(view.room).length > typists.length && await view.earlier());
const placed: Promise<{ offset: number }> = view.say({ item: 'milk', amount: 1 });
// @ts-expect-error a message of this room is an order
void orders.say('tea');
// @ts-expect-error nobody joins or leaves an inbox
client.inbox.on('join', () => {});
// @ts-expect-error nor has it members
void client.inbox.members();
// @ts-expect-error there is no such event
orders.on('mesage', () => {});
// @ts-expect-error there is no such state
const state: State = 'opened';
export { earlier, epoch, heard, me, names, off, offset, placed, shown, state, told, typing, uptime };
