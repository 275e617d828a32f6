// A chat on the client that everybody can use: /public/earshot.js. Text is never markup here.
import { Earshot } from '/public/earshot.js';

const $ = (id) => document.getElementById(id);
const client = new Earshot({ token: (room) => rooms.get(room)?.token });
const rooms = new Map(); // by name: what is shown of each
const MOST = 500; // lines of a room that are kept
let current;

// ---- who somebody is: ids are long, so that people get a name that is always theirs -----------------
const KINDS = 'amber brave calm dapper early fuzzy gentle happy jolly kind lucky merry noble quick shy wise'.split(' ');
const BEASTS = 'badger bat crane deer fox hare heron jay lynx mole otter owl robin seal toad wren'.split(' ');

function person(id) {
  const span = document.createElement('b');
  const number = parseInt(String(id).slice(0, 4), 16);
  const isId = /^[0-9a-f]{32,40}$/.test(id);
  span.textContent = id === client.id ? 'you' : isId ? `${KINDS[number & 15]} ${BEASTS[number >> 4 & 15]} ${id.slice(2, 4)}` : String(id);
  span.title = String(id);
  if (isId) span.className = `hue${number % 6}`;
  return span;
}

// ---- lines ------------------------------------------------------------------------------------------
function line(view, kind, when, ...parts) {
  const item = document.createElement('li');
  const time = document.createElement('time');
  const date = new Date(when);
  item.className = kind;
  time.dateTime = date.toISOString();
  time.textContent = date.toLocaleTimeString([], { hour: '2-digit', minute: '2-digit' });
  item.append(time, ...parts);
  view.lines.push(item);
  if (view.lines.length > MOST) view.lines.shift().remove();
  if (view === current) {
    const list = $('messages');
    const atEnd = list.scrollHeight - list.scrollTop - list.clientHeight < 80;
    list.append(item);
    if (atEnd) list.scrollTop = list.scrollHeight;
  } else if (kind === 'other') {
    view.unread++;
    showRooms();
  }
  return item;
}

const words = (message) => typeof message === 'string' ? message : JSON.stringify(message);

function notice(text) {
  $('notice').textContent = text;
  $('notice').hidden = false;
  clearTimeout(notice.timer);
  notice.timer = setTimeout(() => { $('notice').hidden = true; }, 4000);
}

// ---- rooms ------------------------------------------------------------------------------------------
function enter(name, { token, listen = false } = {}) {
  const there = rooms.get(name);
  if (there && !there.over) return show(there);
  const view = { name, token, listen, lines: [], unread: 0, over: false };
  rooms.set(name, view);
  const room = view.room = listen ? client.listen(name) : client.join(name, { presence: true });
  room.on('message', ({ message, from, sentAt }) => line(view, 'other', sentAt, person(from), words(message)));
  room.on('join', ({ from, sentAt }) => line(view, 'moved', sentAt, person(from), 'came in'));
  room.on('leave', ({ from, sentAt }) => line(view, 'moved', sentAt, person(from), 'left'));
  room.on('presence', () => view === current && showMembers());
  room.on('recovered', ({ count }) => count && line(view, 'told', Date.now(), `${count} missed message${count > 1 ? 's' : ''} recovered`));
  room.on('gap', ({ missed }) => line(view, 'lost', Date.now(), `${missed ?? 'some'} messages could not be recovered`));
  room.on('error', (error) => over(view, error.message));
  room.joined.then(() => view === current && showState(), (error) => over(view, error.message));
  show(view);
}

function over(view, why) {
  if (view.over) return;
  view.over = true;
  line(view, 'error', Date.now(), why.replace(/^Error: /, ''));
  if (view === current) show(view);
}

function show(view) {
  current = view;
  view.unread = 0;
  $('name').textContent = view.name;
  $('messages').replaceChildren(...view.lines);
  $('messages').scrollTop = $('messages').scrollHeight;
  $('text').disabled = view.listen || view.over;
  $('text').placeholder = view.listen ? 'You only listen here' : 'Say something to the room';
  history.replaceState(null, '', `#${link(view)}`);
  document.title = `${view.name} · Earshot`;
  showRooms();
  showMembers();
  showState();
}

const link = ({ name, token }) => encodeURIComponent(name) + (token ? `&token=${token}` : '');

function showRooms() {
  $('rooms').replaceChildren(...[...rooms.values()].map((view) => {
    const item = document.createElement('li');
    const button = document.createElement('button');
    button.textContent = view.name;
    button.className = view.listen ? 'ear' : '';
    if (view === current) button.setAttribute('aria-current', 'true');
    if (view.unread) {
      const mark = document.createElement('mark');
      mark.textContent = view.unread;
      mark.setAttribute('aria-label', `${view.unread} unread`);
      button.append(mark);
    }
    button.onclick = () => { show(view); $('text').focus(); };
    item.append(button);
    return item;
  }));
}

function showMembers() {
  const ids = [...current.room.present ?? []];
  $('count').textContent = current.listen ? '' : `(${ids.length})`;
  $('members').replaceChildren(...ids.slice(0, 200).map((id) => {
    const item = document.createElement('li');
    item.append(person(id));
    return item;
  }));
}

function showState() {
  const is = client.state;
  $('state').className = is;
  $('state').textContent = is === 'open' && current ? `${current.listen ? 'listening to' : 'in'} ${current.name}` : is;
}

// ---- what people do ---------------------------------------------------------------------------------
$('speak').onsubmit = (event) => {
  event.preventDefault();
  const text = $('text').value;
  if (!text) return;
  const view = current;
  const item = line(view, 'own waiting', Date.now(), person(client.id ?? 'you'), text);
  $('messages').scrollTop = $('messages').scrollHeight;
  $('text').value = '';
  view.room.say(text).then(
    () => { item.className = 'own'; },
    (error) => { item.className = 'own error'; item.append(` (${error.message.replace(/^Error: /, '')})`); });
};
function go(listen) {
  const name = $('room').value.trim();
  if (!name) return $('room').focus();
  $('room').value = '';
  enter(name, { listen });
  $('text').focus();
}
$('go').onsubmit = (event) => { event.preventDefault(); go(false); };
$('listen').onclick = () => go(true);
$('private').onclick = async () => {
  try {
    const { room, token } = await client.action('privateRoom');
    enter(room, { token });
    notice('Who has the link of this room can come in');
  } catch (error) {
    notice(error.message.replace(/^Error: /, ''));
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
$('leave').onclick = () => {
  if (rooms.size === 1) return notice('This is your only room');
  const view = current;
  rooms.delete(view.name);
  view.over = true;
  view.room.leave().catch(() => {});
  show(rooms.values().next().value);
};
client.on('state', showState);

function byLink() {
  const [name, ...more] = location.hash.slice(1).split('&');
  const token = more.find((each) => each.startsWith('token='))?.slice(6);
  try {
    return name && { name: decodeURIComponent(name), token };
  } catch {
    return undefined; // a link that was cut
  }
}
window.onhashchange = () => { const to = byLink(); if (to && to.name !== current.name) enter(to.name, to); };
const first = byLink();
if (first) enter(first.name, first);
else client.action('status').then(({ defaultRoom }) => enter(defaultRoom), (error) => notice(error.message));
