// Hooks for React 18 or newer. react.d.ts documents them.
import { useSyncExternalStore } from 'react';

/** How often a typist sends a signal at most, and how long one counts, in milliseconds. */
const TYPES_EVERY = 2_500;
const TYPES_FOR = 6_000;
/** How many messages are kept, besides earlier ones that the program asks for. */
const MOST = 1_000;
const NONE = Object.freeze([]);
const nothing = () => {};

/** A value that does not change, and is replaced; it is alive while something listens. */
class Store {
  _listeners = new Set();

  get = () => this._now;

  subscribe = (listener) => {
    clearTimeout(this._ending);
    this._listeners.add(listener);
    if (!this._offs) this._begin();
    return () => {
      this._listeners.delete(listener);
      // A component that comes back at once, as in StrictMode, does not leave and join the room.
      if (!this._listeners.size) this._ending = setTimeout(() => this._end());
    };
  };

  _set(now) {
    this._now = now;
    [...this._listeners].forEach((listener) => listener());
  }

  _end() {
    this._offs.splice(0).forEach((off) => off());
    this._offs = null;
  }
}

// --- typing --------------------------------------------------------------------------------------

class Typing extends Store {
  _now = NONE;
  _people = new Map();
  _sentAt = -Infinity;

  constructor(room) {
    super();
    this._room = room;
  }

  type = (isTyping) => {
    const stops = isTyping === false;
    const at = performance.now();
    if (stops ? this._sentAt < 0 : at - this._sentAt < TYPES_EVERY) return;
    this._sentAt = stops ? -Infinity : at;
    this._room.signal(!stops, { kind: 'typing' });
  };

  /** The next key is news again. */
  _said() {
    this._sentAt = -Infinity;
  }

  _begin() {
    const room = this._room;
    const stops = (what) => this._stops(what);
    this._offs = [
      room.on('signal', (what) => {
        if (what.kind === 'typing') (what.signal === false ? stops : (who) => this._types(who))(what);
      }),
      room.on('message', stops),
      room.on('leave', stops),
      () => this._people.forEach(({ timer }) => clearTimeout(timer)),
      () => this._people.clear(),
    ];
  }

  _types({ from, user }) {
    const id = user?.id ?? from;
    const known = this._people.get(id);
    clearTimeout(known?.timer);
    const timer = setTimeout(() => this._stops({ from, user }), TYPES_FOR);
    this._people.set(id, { timer, who: known?.who ?? Object.freeze(user ? { id, user } : { id }) });
    if (!known) this._tell();
  }

  _stops({ from, user }) {
    const id = user?.id ?? from;
    clearTimeout(this._people.get(id)?.timer);
    if (this._people.delete(id)) this._tell();
  }

  _tell() {
    this._set(Object.freeze([...this._people.values()].map(({ who }) => who)));
  }

  _end() {
    super._end();
    this._now = NONE;
  }
}

const typists = new WeakMap();
function typingIn(room) {
  if (!typists.has(room)) typists.set(room, new Typing(room));
  return typists.get(room);
}

// --- rooms ---------------------------------------------------------------------------------------

class RoomStore extends Store {
  _count = 0;

  constructor(client, name, options, rooms) {
    super();
    Object.assign(this, { _client: client, _name: name, _options: options, _rooms: rooms });
    this._reset();
  }

  _reset() {
    this._limit = MOST;
    this._now = Object.freeze({
      room: null, state: this._client.state === 'open' ? 'joining' : this._client.state, error: null,
      messages: NONE, present: NONE, typing: NONE, say: this._say, type: this._type, earlier: this._earlier,
    });
  }

  _change(what) {
    this._set(Object.freeze({ ...this._now, ...what }));
  }

  _begin() {
    const client = this._client;
    const name = this._name;
    const options = { history: 50, presence: true, ...this._options };
    this._rooms.set(name, this);
    this._offs = [];
    const isAgain = client.rooms.has(name);
    let room;
    try {
      room = client.join(name, options);
    } catch (error) {
      return void this._change({ state: 'closed', error });
    }
    const typing = typingIn(room);
    let isIn = false;
    const state = () => (client.state === 'open' && !isIn ? 'joining' : client.state);
    const refused = (error) => this._now.error || !this._offs || this._now.room !== room || this._change({ state: 'refused', error });
    this._offs.push(
      room.on('message', (said) => this._add([said])),
      room.on('presence', (present) => this._change({ present })),
      room.on('error', refused),
      client.on('state', () => this._now.error || this._change({ state: state() })),
      typing.subscribe(() => this._change({ typing: typing.get() })),
      () => room.leave(),
    );
    this._change({ room, state: state(), present: room.present ?? NONE });
    room.joined.then(() => {
      isIn = true;
      if (this._now.room !== room || this._now.error) return;
      this._change({ state: state(), present: room.present ?? NONE });
      // Somebody else has joined it before: what was said first has been delivered already.
      if (isAgain && options.history) this._earlier(options.history).catch(nothing);
    }, refused);
  }

  _end() {
    super._end();
    if (this._rooms.get(this._name) === this) this._rooms.delete(this._name);
    this._reset();
  }

  _entry(said) {
    const { id, user } = this._client;
    const isOwn = user ? said.user?.id === user.id : said.from === id;
    return Object.freeze({ ...said, key: `${said.epoch}:${said.offset}`, own: isOwn, pending: false, error: null });
  }

  /** Adds messages before those that wait. */
  _add(all) {
    const { messages } = this._now;
    const known = all.some(({ history }) => history) ? new Set(messages.map(({ epoch, offset }) => `${epoch}:${offset}`)) : null;
    const entries = all.map((said) => this._entry(said)).filter(({ key }) => !known?.has(key));
    const at = messages.findIndex(({ pending }) => pending);
    const end = at < 0 ? messages.length : at;
    this._tell([...messages.slice(0, end), ...entries, ...messages.slice(end)]);
  }

  _tell(messages) {
    this._change({ messages: Object.freeze(messages.slice(-this._limit)) });
  }

  _say = (message, options) => {
    const sent = this._send(message, options);
    sent.catch(nothing); // the message shows it as well
    return sent;
  };

  async _send(message, options) {
    const { room } = this._now;
    if (!room) throw new Error('the component is not in this room');
    const { id, user } = this._client;
    const own = {
      key: `own ${++this._count}`, room: this._name, message, from: id, ...(user && { user }), sentAt: Date.now(),
      recovered: false, history: false, own: true, pending: true, error: null,
    };
    this._tell([...this._now.messages, Object.freeze(own)]);
    typingIn(room)._said();
    try {
      const place = await room.say(message, options);
      this._settle(room, { ...own, ...place, pending: false });
      return place;
    } catch (error) {
      this._settle(room, { ...own, pending: false, error });
      throw error;
    }
  }

  /** Puts a message of one's own where it is in the room's order. */
  _settle(room, own) {
    if (this._now.room !== room) return;
    const { epoch, offset, key } = own;
    const others = this._now.messages.filter((each) => each.key !== key && (each.epoch !== epoch || each.offset !== offset || !epoch));
    let at = others.findIndex((each) => each.pending || (each.epoch === epoch && each.offset > offset));
    if (at < 0) at = others.length;
    this._tell([...others.slice(0, at), Object.freeze(own), ...others.slice(at)]);
  }

  _type = (isTyping) => {
    const { room } = this._now;
    if (room) typingIn(room).type(isTyping);
  };

  _earlier = async (limit = 50) => {
    const { room, messages: before } = this._now;
    if (!room) return false;
    const { messages, more } = await room.history({ before: before.find(({ epoch }) => epoch), limit });
    if (this._now.room !== room) return more;
    this._limit += messages.length;
    const known = new Set(this._now.messages.map(({ epoch, offset }) => `${epoch}:${offset}`));
    const entries = messages.map((said) => this._entry(said)).filter(({ key }) => !known.has(key));
    this._tell([...entries, ...this._now.messages]);
    return more;
  };
}

const stores = new WeakMap(); // of each client, by the room's name

// --- hooks ---------------------------------------------------------------------------------------

export function useRoom(client, name, options) {
  if (!stores.has(client)) stores.set(client, new Map());
  const rooms = stores.get(client);
  if (!rooms.has(name)) rooms.set(name, new RoomStore(client, name, options, rooms));
  const store = rooms.get(name);
  return useSyncExternalStore(store.subscribe, store.get, store.get);
}

export function usePresence(room) {
  const store = presenceIn(room);
  return useSyncExternalStore(store.subscribe, store.get, store.get);
}

export function useTyping(room) {
  const store = room ? typingIn(room) : NOBODY;
  return [useSyncExternalStore(store.subscribe, store.get, store.get), store.type];
}

const NOBODY = { subscribe: () => nothing, get: () => NONE, type: nothing };
const presences = new WeakMap();
function presenceIn(room) {
  if (!room) return NOBODY;
  if (!presences.has(room)) {
    presences.set(room, { subscribe: (listener) => room.on('presence', listener), get: () => room.present ?? NONE });
  }
  return presences.get(room);
}
