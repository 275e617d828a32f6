// Tests of the hooks with React, a DOM, and a real server, as client.test.mjs has them.
import assert from 'node:assert/strict';
import { mkdirSync } from 'node:fs';
import test, { after, afterEach } from 'node:test';
import { build } from 'esbuild';
import { Window } from 'happy-dom';
import { aRoom, closeAll, connect, login, port, tape, users } from './harness.mjs';

const window = new Window({ url: `http://127.0.0.1:${port}/` });
const { document, navigator } = window;
Object.assign(globalThis, { window, document, navigator });
const { createElement, StrictMode, Activity } = await import('react');
const { createRoot } = await import('react-dom/client');
const { flushSync } = await import('react-dom');
const { renderToString } = await import('react-dom/server');
const { usePresence, useRoom, useTyping } = await import('earshot-client/react');
const dist = new URL('../dist/', import.meta.url);
mkdirSync(dist, { recursive: true });
await build({
  entryPoints: [new URL('chat.jsx', import.meta.url).pathname], outfile: new URL('chat.mjs', dist).pathname,
  jsx: 'automatic', format: 'esm', bundle: true, packages: 'external',
});
const { Chat } = await import(new URL('chat.mjs', dist));

const roots = new Set();
/** Renders an element, and returns the function that renders another one in its place. */
function render(element) {
  const place = document.body.appendChild(document.createElement('div'));
  const root = createRoot(place);
  roots.add(root);
  const draw = (what) => flushSync(() => root.render(what)); // effects, too
  draw(element);
  return Object.assign(draw, { place });
}
/** Waits until something is true, after each change of the page. */
function shows(check) {
  return new Promise((resolve, reject) => {
    const observer = new window.MutationObserver(() => check() && done(resolve));
    const done = (end, what) => {
      observer.disconnect();
      clearTimeout(late);
      end(what);
    };
    const late = setTimeout(() => done(reject, new Error(`the page shows only ${document.body.innerHTML}`)), 10_000);
    observer.observe(document, { subtree: true, childList: true, attributes: true, characterData: true });
    if (check()) done(resolve);
  });
}
const text = ({ place }) => place.textContent;
afterEach(async () => {
  roots.forEach((root) => root.unmount());
  roots.clear();
  document.body.innerHTML = '';
  await closeAll();
});
after(() => window.happyDOM.close());

/** A component that gives what a hook returns to a function, and shows it. */
const Probe = ({ hook, show }) => show(hook());

test('the chat of the manual shows history, who is there, what is said, and who types', async () => {
  const name = aRoom();
  const bob = connect(users, { token: login('Bob', 60_000) });
  const room = bob.join(name);
  await room.say('from before');
  const ada = connect(users, { token: login('Ada', 60_000) });
  const page = render(createElement(StrictMode, null, createElement(Chat, { client: ada, name })));
  await shows(() => /Ada, Bob.*Bob from before/.test(text(page)));
  const heard = tape(room);
  const typing = tape(room, 'signal');
  const field = page.place.querySelector('input');
  for (const letter of ['h', 'hi']) {
    field.value = letter;
    field.dispatchEvent(new window.Event('input', { bubbles: true }));
  }
  page.place.querySelector('form').requestSubmit();
  await shows(() => page.place.querySelector('.said:last-of-type')?.textContent === 'Ada hi');
  await heard.count(1);
  assert.deepEqual(heard.texts(), ['hi']);
  assert.deepEqual(typing.map(({ kind, signal, user }) => [kind, signal, user.name]), [['typing', true, 'Ada']]);
  await room.signal(true, { kind: 'typing' });
  await shows(() => text(page).endsWith('Bob …'));
  await room.say('hello Ada');
  await shows(() => text(page).endsWith('Bob hello Ada'));
  await bob.close();
  await shows(() => text(page).startsWith('AdaBob'));
});

test('a message is shown at once, and then where it is in the order, or with its error', async () => {
  const name = aRoom();
  const client = connect(port);
  const seen = [];
  let view;
  render(createElement(Probe, { hook: () => useRoom(client, name), show: (now) => {
    view = now;
    seen.push(now.messages.map(({ message, pending, error }) => `${message}${pending ? '…' : error ? '!' : ''}`).join(' '));
    return `${now.state} ${seen.at(-1)}`;
  } }));
  await shows(() => view?.state === 'open');
  const other = connect(port).join(name);
  await other.joined;
  const [mine, theirs] = [view.say('one'), other.say('two')];
  await shows(() => seen.at(-1).includes('one…') || view.messages.length === 2);
  await Promise.all([mine, theirs]);
  await shows(() => view.messages.length === 2 && !view.messages.some(({ pending }) => pending));
  const order = view.messages.map(({ offset }) => offset);
  assert.deepEqual(order, [...order].sort((a, b) => a - b));
  assert.ok(seen.some((each) => each.includes('one…')), seen.join('; '));
  assert.ok(Object.isFrozen(view.messages) && Object.isFrozen(view.messages[0]));
  assert.equal(view.messages.find(({ message }) => message === 'one').own, true);
  view.say('x'.repeat(1_000_000)); // its rejection need not be handled
  await shows(() => view.messages.at(-1).error);
  assert.match(view.messages.at(-1).error.message, /at most \d+ bytes/);
});

test('components share a room, which is left with the last one, and StrictMode does not leave it', async () => {
  const name = aRoom();
  const client = connect(port);
  const witness = connect(port).join(name, { presence: true });
  await witness.joined;
  const [joins, leaves] = [tape(witness, 'join'), tape(witness, 'leave')];
  await client.join(aRoom()).joined; // connected: requests are sent at once
  const views = [];
  const one = (id) => createElement(StrictMode, { key: id }, createElement(Probe, { hook: () => useRoom(client, name), show: (now) => {
    views[id] = now;
    return now.state;
  } }));
  const page = render([one(0), one(1)]);
  await shows(() => text(page) === 'openopen');
  assert.equal(views[0], views[1]);
  await joins.count(1);
  page([one(1)]);
  await shows(() => text(page) === 'open');
  assert.equal(client.rooms.size, 2);
  page([one(3)]); // another component takes its place at once
  await shows(() => text(page) === 'open');
  await client.rooms.get(name).say('still here');
  assert.deepEqual([joins.length, leaves.length], [1, 0]);
  page([]);
  await leaves.count(1);
  assert.deepEqual([joins.length, leaves.length, client.rooms.size], [1, 1, 1]);
  page([one(2)]); // and comes back
  await shows(() => text(page) === 'open');
  await joins.count(2);
});

test('a component that is hidden leaves the room, and joins it when it is shown again', async () => {
  const name = aRoom();
  const client = connect(port);
  const chat = createElement(Probe, { hook: () => useRoom(client, name), show: ({ state }) => state });
  const witness = connect(port).join(name);
  await witness.joined;
  const [joins, leaves] = [tape(witness, 'join'), tape(witness, 'leave')];
  const page = render(createElement(Activity, { mode: 'visible' }, chat));
  await joins.count(1);
  page(createElement(Activity, { mode: 'hidden' }, chat));
  await leaves.count(1);
  page(createElement(Activity, { mode: 'visible' }, chat));
  await joins.count(2);
  await shows(() => text(page) === 'open');
});

test('another name is another room, with messages of its own', async () => {
  const names = [aRoom(), aRoom()];
  const client = connect(port);
  await connect(port).join(names[1]).say('in the second');
  const chat = (name) => createElement(Probe, { hook: () => useRoom(client, name), show: (now) => `${now.state} ${now.messages.map(({ message }) => message)}` });
  const page = render(chat(names[0]));
  await shows(() => text(page) === 'open ');
  page(chat(names[1]));
  await shows(() => text(page) === 'open in the second');
  assert.deepEqual([...client.rooms.keys()], [names[1]]);
});

test('earlier messages are loaded on demand, also if the program has joined the room itself', async () => {
  const name = aRoom();
  const other = connect(port).join(name);
  for (const each of [1, 2, 3, 4]) await other.say(each);
  const client = connect(port);
  await client.join(name).joined;
  let view;
  const page = render(createElement(Probe, { hook: () => useRoom(client, name, { history: 2 }), show: (now) => {
    view = now;
    return now.messages.map(({ message }) => message).join();
  } }));
  await shows(() => text(page) === '3,4');
  assert.equal(await view.earlier(1), true);
  assert.equal(await view.earlier(5), false);
  await shows(() => text(page) === '1,2,3,4');
});

test('presence and typing are hooks of a room, which need no login', async () => {
  const name = aRoom();
  const client = connect(port);
  const room = client.join(name, { presence: true });
  const other = connect(port).join(name);
  await Promise.all([room.joined, other.joined]);
  const tell = tape(other, 'signal');
  let type;
  const People = ({ of }) => {
    const present = usePresence(of);
    const [typing, types] = useTyping(of);
    type = types;
    return `${present.length} here, ${typing.length} type`;
  };
  const page = render(createElement(People, { of: null }));
  await shows(() => text(page) === '0 here, 0 type');
  page(createElement(People, { of: room }));
  await shows(() => text(page) === '2 here, 0 type');
  await other.signal(true, { kind: 'typing' });
  await shows(() => text(page) === '2 here, 1 type');
  await other.signal(false, { kind: 'typing' });
  await shows(() => text(page) === '2 here, 0 type');
  [undefined, true, {}, false, false].forEach((each) => type(each));
  await tell.until(() => tell.at(-1)?.signal === false); // signals of one kind may be merged
  assert.ok(tell.length <= 2);
  await other.leave();
  await shows(() => text(page) === '1 here, 0 type');
});

test('a room that refuses the client, a closed client, and a server without a DOM', async () => {
  const client = connect(port);
  const chat = (name) => createElement(Probe, { hook: () => useRoom(client, name), show: ({ state, error }) => `${state} ${error?.message ?? ''}` });
  assert.equal(renderToString(chat(aRoom())), 'connecting ');
  const page = render(chat(`private.${aRoom()}`));
  await shows(() => /^refused .*token/.test(text(page)));
  await client.close();
  page(chat(aRoom()));
  await shows(() => text(page) === 'closed the client is closed');
});
