// Fixtures of the tests: the servers that the Maven build has started, a proxy that fails on demand,
// and a WebSocket without a server.
import net from 'node:net';
import { createHmac } from 'node:crypto';
import { once } from 'node:events';
import { Earshot } from '../src/earshot.js';

const given = Object.fromEntries(process.argv.slice(2).map((pair) => pair.split('=')));
/** The ports of a server with default settings, of a server with sessions, and of the control that restarts the first. */
export const port = Number(given.port ?? 8080);
export const sessions = Number(given.sessions ?? 0);
export const control = Number(given.control ?? 0);
/** The port of a server that permits few requests. */
export const busy = Number(given.busy ?? 0);
/** The port of a server for users only. */
export const users = Number(given.users ?? 0);
/** The root of the sources. */
export const root = given.root ?? new URL('../..', import.meta.url).pathname;

const clients = new Set();
/** A client that is closed after the test. */
export function connect(to = port, options = {}) {
  const client = new Earshot(`http://127.0.0.1:${to}`, { backoff: [20, 200], ...options });
  clients.add(client);
  return client;
}
export async function closeAll() {
  await Promise.all([...clients].map((client) => client.close()));
  clients.clear();
}

let rooms = 0;
/** A room that no other test uses. Its name has to be encoded in a URL. */
export const aRoom = () => `room ${process.pid}.${++rooms}/ü`; // also of none of an earlier run
/** A room with a message in its history, so that it keeps later messages. */
export async function aRoomWithHistory() {
  const name = aRoom();
  const body = new URLSearchParams({ message: 'once upon a time' });
  await fetch(`http://127.0.0.1:${port}/rooms/${encodeURIComponent(name)}/messages`, { method: 'POST', body });
  return name;
}

/** A token for a private room of the server with sessions. */
export const token = (room, milliseconds) => signed({ room, sub: 'ada', can: ['join', 'say', 'listen'] }, milliseconds);

/** A login of a user, with other claims. */
export const login = (name, milliseconds, claims) => signed({ sub: name.toLowerCase(), name, ...claims }, milliseconds);

function signed(claims, milliseconds) {
  const part = (what) => Buffer.from(JSON.stringify(what)).toString('base64url');
  const exp = Math.ceil((Date.now() + milliseconds) / 1000);
  const text = `${part({ alg: 'HS256', kid: 'k1', typ: 'JWT' })}.${part({ ...claims, exp })}`;
  return `${text}.${createHmac('sha256', 'a secret that only tests know of').update(text).digest('base64url')}`;
}

/** Records the events of a room or a client, and waits for them. */
export function tape(room, event = 'message') {
  const heard = [];
  let check = () => {};
  room.on(event, (what) => {
    heard.push(what);
    check();
  });
  heard.until = (done) => new Promise((resolve, reject) => {
    const late = setTimeout(() => reject(new Error(`received only ${JSON.stringify(heard)}`)), 20_000);
    check = () => {
      if (!done(heard)) return;
      clearTimeout(late);
      resolve(heard);
    };
    check();
  });
  heard.count = (n) => heard.until(() => heard.length >= n);
  heard.texts = () => heard.map(({ message }) => message);
  return heard;
}

/** A TCP proxy that can cut or stall connections, and drop answers. It counts the connections. */
export async function proxy(to) {
  const pairs = new Set();
  let refusing = false;
  let silent = false;
  let most = 0;
  const server = net.createServer((near) => {
    if (refusing) return near.destroy();
    if (silent) {
      near.on('error', () => {});
      return near.resume();
    }
    const far = net.connect(to, '127.0.0.1');
    const pair = { near, far };
    pairs.add(pair);
    most = Math.max(most, pairs.size);
    near.pipe(far);
    far.pipe(near);
    for (const end of [near, far]) {
      end.on('error', () => {});
      end.on('close', () => {
        near.destroy();
        if (!pair.held) far.destroy();
        pairs.delete(pair);
      });
    }
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: server.address().port,
    /** Resets all connections; if `stay`, refuses new ones until `up`. */
    cut(stay = false) {
      refusing = stay;
      pairs.forEach(({ near }) => near.resetAndDestroy());
    },
    /** Resets the clients' connections and keeps the server's. Returns a function that ends those. */
    abandon() {
      const held = [...pairs];
      for (const pair of held) {
        pair.held = true;
        pair.near.resetAndDestroy();
      }
      return () => held.forEach(({ far, late = [] }) => {
        late.forEach((bytes) => far.write(bytes));
        far.end();
      });
    },
    /** Holds back what clients send from now on, until the function that `abandon` returned is called. */
    stall: () => pairs.forEach((pair) => {
      pair.late = [];
      pair.near.unpipe(pair.far);
      pair.near.on('data', (bytes) => pair.late.push(bytes));
      pair.near.resume();
    }),
    /** Drops the server's bytes from now on; those of clients still arrive. */
    deafen: () => pairs.forEach(({ near, far }) => {
      far.unpipe(near);
      far.resume();
    }),
    /** A dead network: nothing arrives in either direction, and no connection ends, until `up`. */
    hang() {
      silent = true;
      pairs.forEach(({ near, far }) => {
        near.unpipe(far);
        far.unpipe(near);
        near.resume();
        far.resume();
      });
    },
    up: () => { refusing = silent = false; },
    /** The most connections that were open at once. */
    most: () => most,
    close() {
      pairs.forEach(({ near }) => near.destroy());
      server.close();
    },
  };
}

/** A WebSocket whose server is a function: it is called with each request, and replies with `tell`. */
export function fakeSocket(serve) {
  return class {
    constructor(url) {
      this.url = new URL(url);
      queueMicrotask(() => serve({ event: 'open' }, this.tell, this));
    }

    tell = (what) => queueMicrotask(() => this.onmessage?.({ data: JSON.stringify(what) }));

    send(text) {
      const request = JSON.parse(text);
      const ok = { context: 'response', status: 'OK', messageId: request.messageId };
      if (request.event === 'detailsView') this.tell({ ...ok, data: { id: 'me' } });
      else serve(request, (more = {}) => this.tell({ ...ok, ...more }), this);
    }

    close(code = 1006) {
      queueMicrotask(() => this.onclose?.({ code, reason: '' }));
    }
  };
}
