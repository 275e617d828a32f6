// A chat on the client that everybody can use: /public/earshot.js. Text is never markup here.
import { Earshot } from '/public/earshot.js';

const $ = (id) => document.getElementById(id);
const rooms = new Map(); // by name: what is shown of each
const first = byLink() ?? { name: await homeName() }; // before one is connected, or one would come in twice
const client = new Earshot({ token: (room) => rooms.get(room)?.token });
const MOST = 500; // lines of a room that are kept
let current; // the one of these rooms that is shown

/** The room that the address names, and what lets one in. */
function byLink() {
  const [name, ...more] = location.hash.slice(1).split('&');
  const token = more.find((each) => each.startsWith('token='))?.slice(6);
  try {
    return name ? { name: decodeURIComponent(name), token } : undefined;
  } catch {
    return undefined; // a link that was cut
  }
}

/** The name of the room that is everybody's. */
async function homeName() {
  for (;;) {
    const answer = await fetch('/api/status').then((response) => response.json()).catch(() => ({}));
    if (answer.defaultRoom) return answer.defaultRoom;
    await new Promise((resolve) => { setTimeout(resolve, 2000); });
  }
}

/** An element with a text. */
function make(tag, text, className = '') {
  const element = document.createElement(tag);
  element.textContent = text;
  element.className = className;
  return element;
}

// ---- who somebody is: ids are long, so that each gets a name, which is the same on every page --------
const KINDS = ('amber brave calm dapper early fuzzy gentle happy ideal jolly kind lucky merry noble olive proud'
  + ' quick rosy shy tidy urban vivid wise young zesty azure bold coral dusty eager fond grand').split(' ');
const BEASTS = ('badger bat crane deer eagle fox goat hare ibis jay koala lynx mole newt otter puffin'
  + ' quail robin seal toad urchin vole wren yak zebra heron owl stork mink moth crab finch').split(' ');
const named = new Map(); // who has a name here; a second one gets the end of the id as well

function nameOf(id) {
  const number = parseInt(id.slice(0, 4), 16);
  const name = `${KINDS[number & 31]} ${BEASTS[number >> 5 & 31]}`;
  if (!named.has(name)) named.set(name, id);
  return named.get(name) === id ? name : `${name} ${id.slice(-3)}`;
}

function person(id) {
  const isId = /^[0-9a-f]{32,40}$/.test(id);
  const isMe = id === client.id;
  const element = make('b', isMe ? 'you' : isId ? nameOf(id) : id || 'the server');
  element.title = String(id ?? '');
  if (isMe) element.className = 'me';
  else if (isId) element.className = `hue${parseInt(id.slice(4, 8), 16) % 6}`;
  return element;
}

// ---- lines ------------------------------------------------------------------------------------------
function setTime(element, when) {
  const date = new Date(when);
  element.dateTime = date.toISOString();
  element.textContent = date.toLocaleTimeString([], { hour: '2-digit', minute: '2-digit' });
}

function line(view, kind, when, ...parts) {
  const time = document.createElement('time');
  setTime(time, when);
  const item = make('li', '', kind);
  item.append(time, ...parts);
  view.lines.push(item);
  if (view.lines.length > MOST) view.lines.shift().remove();
  if (view === current) $('messages').append(item);
  else if (kind.startsWith('other')) unread(view, view.unread + 1);
  return item;
}

/** What had to wait was said after all that is here already. */
function move(view, item) {
  setTime(item.querySelector('time'), Date.now());
  view.lines = [...view.lines.filter((other) => other !== item), item];
  if (view === current) $('messages').append(item);
}

const told = (view, text, kind = 'told') => line(view, kind, Date.now(), text);
const words = (message) => (typeof message === 'string' ? message : JSON.stringify(message));
const messages = (count) => `${count} missed message${count === 1 ? '' : 's'}`;

function notice(text) {
  $('notice').textContent = text;
  $('notice').hidden = false;
  clearTimeout(notice.timer);
  notice.timer = setTimeout(() => { $('notice').hidden = true; }, 4000);
}

// ---- rooms ------------------------------------------------------------------------------------------
/** Private rooms have names that nobody can read. */
const titleOf = ({ name }) => name.replace(/^private\.([0-9a-f]{4})[0-9a-f]{28}$/, 'private room $1');

function enter(name, { token, listen = false } = {}) {
  if (client.state === 'closed') return notice('Reload the page to come back');
  const view = rooms.get(name) ?? add(name);
  if (view.room && view.is !== 'over' && (listen || !view.listen)) return show(view);
  Object.assign(view, { token: token ?? view.token, listen, is: 'entering' });
  view.button.className = listen ? 'ear' : '';
  const room = view.room = listen ? client.listen(name) : client.join(name, { presence: true });
  room.on('message', ({ message, from, sentAt, recovered }) =>
    line(view, recovered ? 'other late' : 'other', sentAt, person(from), words(message)));
  room.on('join', ({ from, sentAt }) => line(view, 'moved', sentAt, person(from), 'came in'));
  room.on('leave', ({ from, sentAt }) => line(view, 'moved', sentAt, person(from), 'left'));
  room.on('presence', () => view === current && showMembers());
  room.on('recovered', ({ count }) => told(view, count ? `${messages(count)} recovered` : 'Back; nothing was missed', 'told back'));
  room.on('gap', ({ missed }) => (missed === 0
    ? told(view, 'Back; nothing was missed', 'told back')
    : told(view, `${missed ? messages(missed) : 'What was said meanwhile'} could not be recovered`, 'lost')));
  const refused = (error) => view.room === room && over(view, error.message);
  room.on('error', refused);
  room.joined.then(() => {
    if (view.room !== room || view.is !== 'entering') return;
    view.is = 'in';
    if (view === current) show(view);
  }, refused);
  show(view);
}

/** A room that was not known here. */
function add(name) {
  const view = { name, lines: [], draft: '', item: document.createElement('li'), button: make('button', '') };
  rooms.set(name, view);
  view.button.title = name;
  view.button.onclick = () => {
    show(view);
    write();
  };
  view.item.append(view.button);
  $('rooms').append(view.item);
  unread(view, 0);
  return view;
}

function over(view, why) {
  if (view.is === 'over') return;
  view.is = 'over';
  told(view, `You are not in this room: ${why}`, 'error');
  if (view === current) show(view);
}

function leave(view) {
  view.is = 'over';
  rooms.delete(view.name);
  view.item.remove();
  view.room.leave();
}

function show(view) {
  const log = $('log');
  if (view !== current) {
    if (current) current.draft = $('text').value;
    $('text').value = view.draft;
    current = view;
    unread(view, 0);
    log.ariaLive = 'off'; // what is here already is no news
    $('messages').replaceChildren(...view.lines);
    log.scrollTop = 0;
    requestAnimationFrame(() => { log.ariaLive = 'polite'; });
  }
  const title = titleOf(view);
  $('name').textContent = title;
  $('name').title = view.name;
  const hint = view.is === 'over' ? 'You are not in this room' : view.listen ? 'You only listen here' : 'Say something to the room';
  $('text').placeholder = hint;
  $('text').disabled = $('say').disabled = view.is === 'over' || view.listen;
  history.replaceState(null, '', `#${encodeURIComponent(view.name)}${view.token ? `&token=${view.token}` : ''}`);
  document.title = `${title} · Earshot`;
  rooms.forEach((each) => each.button.removeAttribute('aria-current'));
  view.button.setAttribute('aria-current', 'true');
  view.item.scrollIntoView({ block: 'nearest', inline: 'nearest' });
  showMembers();
  showState();
}

function unread(view, count) {
  view.unread = count;
  view.button.replaceChildren(make('span', titleOf(view)));
  if (!count) return;
  const mark = make('mark', count);
  mark.append(make('i', ' unread', 'hidden'));
  view.button.append(mark);
}

function showMembers() {
  const here = current.is === 'over' ? null : current.room.present;
  const ids = [...here ?? []].sort((a, b) => (b === client.id) - (a === client.id));
  $('count').textContent = here ? `(${ids.length})` : '';
  $('members').replaceChildren(...ids.slice(0, 200).map((id) => {
    const item = document.createElement('li');
    item.append(person(id));
    return item;
  }));
}

const STATES = { connecting: 'connecting…', reconnecting: 'connection lost, reconnecting…', closed: 'disconnected' };
function showState() {
  document.body.dataset.state = client.state;
  const how = current && { entering: 'entering', over: 'not in', in: current.listen ? 'listening to' : 'in' }[current.is];
  const text = STATES[client.state] ?? (how ? `${how} ${titleOf(current)}` : 'connected');
  if ($('state').textContent !== text) $('state').textContent = text; // or it would be read out again
}

// ---- the connection ---------------------------------------------------------------------------------
let why; // it was lost
let times = 0; // that it was there
client.on('error', (error) => { why = error.message; });
client.on('state', (state) => {
  showState();
  if (state === 'open') times++;
  for (const view of rooms.values()) {
    if (view.is === 'over') continue;
    if (state === 'reconnecting') told(view, 'Connection lost');
    if (state === 'closed') over(view, `${why ?? 'disconnected'}. Reload the page to come back.`);
  }
});

// ---- what people do ---------------------------------------------------------------------------------
/** To where one writes; on a phone that would open the keyboard. */
const write = () => matchMedia('(pointer: fine)').matches && $('text').focus();

$('speak').onsubmit = (event) => {
  event.preventDefault();
  const text = $('text').value;
  if (!text.trim()) return;
  const [view, before] = [current, times];
  const item = line(view, 'own waiting', Date.now(), person(client.id), text);
  item.querySelector('b').textContent = 'you';
  $('log').scrollTop = 0;
  $('text').value = '';
  view.room.say(text).then(
    () => {
      item.className = 'own';
      if (times !== before) move(view, item);
    },
    (error) => {
      item.className = 'own error';
      item.append(` (not said: ${error.message})`);
    });
};
function go(listen) {
  const name = $('room').value.trim();
  if (!name) return $('room').focus();
  $('room').value = '';
  $('more').ariaExpanded = 'false';
  enter(name, { listen });
  write();
}
$('go').onsubmit = (event) => {
  event.preventDefault();
  go(false);
};
$('listen').onclick = () => go(true);
$('more').onclick = () => {
  const open = $('more').ariaExpanded !== 'true';
  $('more').ariaExpanded = String(open);
  if (open) $('room').focus();
};
$('private').onclick = async () => {
  try {
    const { room, token } = await client.action('privateRoom');
    $('more').ariaExpanded = 'false';
    enter(room, { token });
    told(current, 'This room is private: only who has its link comes in. “Copy link”, and pass it on.');
    write();
  } catch (error) {
    notice(error.message);
  }
};
$('link').onclick = async () => {
  try {
    await navigator.clipboard.writeText(location.href);
    notice('Link copied');
  } catch {
    notice('The link is in the address bar');
  }
};
$('leave').onclick = async () => {
  const view = current;
  const [next] = [...rooms.values()].filter((other) => other !== view);
  if (next) show(next);
  else enter(await homeName());
  if (current === view) return notice('This is your only room');
  leave(view);
  write();
};

window.onhashchange = () => {
  const to = byLink();
  if (to) enter(to.name, to);
};
enter(first.name, first);
