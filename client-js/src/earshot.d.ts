/** A transport to the server. The client tries transports in the given order. */
export type Transport = 'websocket' | 'sse' | 'poll';

/**
 * - `connecting`: the client has not been connected yet
 * - `open`: the client is connected, and messages are sent at once
 * - `reconnecting`: the connection was lost, and messages wait until it is open again
 * - `closed`: {@link Earshot.close} was called, or the server has dismissed this client
 */
export type State = 'connecting' | 'open' | 'reconnecting' | 'closed';

/** A user, as the server knows them. */
export interface User {
  readonly id: string;
  readonly name?: string;
  /** What else the application tells about its users, such as the address of a picture. */
  readonly [key: string]: any;
}

/** Somebody in a room: a user, who may have several connections, or a connection without a login. */
export interface Present {
  /** The id of the user; that of the connection if it has none. */
  readonly id: string;
  readonly user?: User;
}

/** A login: a token that says who the user is, or a function that returns one. */
export type Login = string | undefined | null | (() => string | undefined | null | Promise<string | undefined | null>);

/** A token for private rooms, or a function that returns a new one. It is called at each join and before a token expires. */
export type Token = string | undefined | ((room: string) => string | undefined | Promise<string | undefined>);

/** A JSON value. */
export type Json = string | number | boolean | null | readonly Json[] | { readonly [key: string]: Json };

export interface Options {
  /**
   * The login of the user, which the client shows when it connects. A function without parameters is called at each connect,
   * and when the login ends soon; if it fails, the client calls it again later.
   *
   * Or the token for rooms that are joined without one, which has a claim `room`. A function with a parameter returns only
   * such tokens: it is called with the name of each room.
   */
  token?: Login | Token;
  /** A saved {@link Inbox.cursor}: the messages of the user's inbox after it are delivered first. */
  inbox?: string | null;
  /** The transports to try. Default: all three. */
  transports?: readonly Transport[];
  /** The first and the largest bound of the random time between two attempts, in milliseconds. Default: [500, 15000]. */
  backoff?: readonly [number, number];
  /**
   * How long to wait for the server's welcome, for the answer to an HTTP request, and for a token, in milliseconds. A request that the
   * server asks to try again later is repeated for three times as long. Default: 10000.
   */
  timeout?: number;
  /**
   * After how much silence the client checks the connection, in milliseconds. Without an answer in the same time, or in
   * `timeout` if that is shorter, the connection is lost. Default: 10000, so that a dead connection is noticed within
   * 25 s, before the server forgets messages (`rooms.historyAge`).
   */
  heartbeat?: number;
  /** How many messages may wait to be sent to one room. More are rejected. Default: 1000. */
  queue?: number;
  /** Whether requests over HTTP include cookies, as for `fetch`. Default: 'same-origin'. */
  credentials?: 'omit' | 'same-origin' | 'include';
  /**
   * A class to use instead of the global WebSocket, such as that of the package `ws` in Node 20. null: no WebSockets.
   * undefined means the same, with a warning on the console, since it usually is a mistake.
   */
  WebSocket?: (new (url: string) => any) | null;
  /** A function to use instead of the global `fetch`. */
  fetch?: typeof globalThis.fetch;
}

/** The server's limits, as its welcome tells them. */
export interface Limits {
  /** The longest request, in bytes of UTF-8. Longer messages are rejected without being sent. */
  messageBytes?: number;
}

export interface JoinOptions {
  /** A saved {@link Room.cursor}: the messages after it are delivered first. */
  after?: string | null;
  /** The token for this room. Of a later join, it is used from the next request for a token on. */
  token?: Token;
  /** Keep {@link Room.present} up to date. Without effect for a room that is only listened to. */
  presence?: boolean;
  /**
   * How many of the newest messages to deliver first, from 0 to 1000: as `message` events with {@link Move.history}, before
   * {@link Room.joined} is resolved. After a reconnect, messages that were missed come instead; if they are lost, then after
   * the `gap` again as many of the newest messages. With `after` the same. Default: 0.
   */
  history?: number;
}

/** A position in the order of a room. */
export interface Place {
  epoch: string;
  offset: number;
}

export interface Move extends Place {
  room: string;
  /** The id of the member or the sender. */
  from: string;
  /** The user of the member or the sender, if it has logged in. Only the server sets it. */
  user?: User;
  /** When the server accepted it, in milliseconds since 1970. */
  sentAt: number;
  /** Whether it was missed while the connection was lost. */
  recovered: boolean;
  /** Whether it is a message of the room's history, from before the client entered the room. */
  history: boolean;
}

export interface Message<T = any> extends Move {
  message: T;
}

/** Messages of a room's history. */
export interface Page<T = any> {
  /** The messages, the oldest first, own ones included. Joins and leaves are no part of the history. */
  messages: Message<T>[];
  /** Whether the room remembers earlier messages. */
  more: boolean;
}

/** A message that is not kept, such as that somebody types. */
export interface Signal<S = any> {
  room: string;
  /** The id of the sender. */
  from: string;
  /** The user of the sender, if it has logged in. */
  user?: User;
  /** What it is about, if the sender says so. */
  kind?: string;
  signal: S;
}

/** Messages were missed, and the server cannot deliver them any more. */
export interface Gap {
  room: string;
  /** The last position before the gap. */
  from: string;
  /** The position at the end of the gap; null if the server does not know it. */
  to: string | null;
  /** The largest possible number of missed messages; undefined if it is unknown, since the room has begun a new order. */
  missed: number | undefined;
  /**
   * - `forgotten`: the room's history is shorter than what was missed
   * - `order`: the room has begun a new order
   * - `behind`: the server left messages out, since this client was too slow
   */
  reason: 'forgotten' | 'order' | 'behind';
}

/** The server refused a request, or the request got no answer. */
export class EarshotError extends Error {
  /** The connection was lost before the answer, or there was none in time: the request may or may not have been done. */
  lost?: true;
  /** The server's whole answer, if there is one. */
  reply?: any;
  /** The HTTP status of the answer, if it came over HTTP. */
  status?: number;
}

declare class Emitter<Events> {
  /** Calls a function for each such event. Returns a function that ends this. */
  on<E extends keyof Events>(event: E, listener: (what: Events[E]) => void): () => void;
  off<E extends keyof Events>(event: E, listener: (what: Events[E]) => void): void;
  /** Resolved with the next such event. */
  once<E extends keyof Events>(event: E): Promise<Events[E]>;
}

export interface RoomEvents<T = any> {
  /** A message of another client or of the server. */
  message: Message<T>;
  /** A member has joined: of a user, the first connection. Large rooms do not announce joins and leaves. */
  join: Move;
  /** A member has left: of a user, the last connection. */
  leave: Move;
  /** {@link Room.present} has changed. */
  presence: readonly Present[];
  /** The client has reconnected and received all missed messages; `count` is their number. */
  recovered: { room: string; count: number };
  /** Messages are missing. */
  gap: Gap;
  /** A signal of another client or of the server. None arrives over polls. */
  signal: Signal;
  /**
   * The client is not in this room, and will not try to join it again. A room that refuses the client after a
   * reconnect is tried again first: after each action of the program, and by itself until `timeout` is over.
   */
  error: Error;
}

/** A room that the client is in or listens to. It stays the same object when the client reconnects. */
export class Room<T = any> extends Emitter<RoomEvents<T>> {
  private constructor();
  readonly name: string;
  /** Whether the client listens without being a member. */
  readonly listening: boolean;
  /** Resolved when the client is in the room for the first time; rejected if the server refuses. */
  readonly joined: Promise<Room<T>>;
  /** The position of the last message received. It can be saved, for {@link JoinOptions.after} of another client. */
  readonly cursor: string | null;
  /** How many missed messages the client has received later, in all. */
  readonly recovered: number;
  /**
   * Who is in the room, if {@link JoinOptions.presence} is set; the client itself, too. A user is one entry, however many
   * connections there are. At most 1000 users are listed. The list is frozen: each change makes a new one, in which entries
   * that stay are the same objects.
   */
  readonly present: readonly Present[] | null;
  /**
   * Sends a message to all others in the room. While the connection is lost, the message waits.
   * Resolved with the message's position once the server has accepted it.
   *
   * If the connection is lost before the answer, the client sends the message again under the same
   * message id. The server delivers it once, unless it has forgotten the id in the meantime
   * (`general.repeatWindow`, or a restart). Rejected if the server refuses the message, if it is too
   * long, or if it is not a JSON value.
   */
  say(message: T, options?: {
    /** Send it only to connections whose `id`, or whose attribute of that name, has this value. */
    match?: { [key: string]: string | number };
  }): Promise<Place>;
  /**
   * Asks the server for earlier messages: the newest ones, or those before a message. Over polling, the server leaves out
   * messages that were not for all.
   */
  history(options?: {
    /** A message, or a cursor, before which the messages are. */
    before?: Place | string | null;
    /** The largest number of messages, from 1 to 1000. Default: 100. */
    limit?: number;
  }): Promise<Page<T>>;

  /**
   * Sends a signal to all others in the room: a message that is not kept and may be lost, such as that somebody types or
   * where a cursor is. A newer signal of the same `kind` replaces an older one that is not sent yet. It has at most
   * 4096 bytes as JSON.
   *
   * Resolved with whether the server has accepted it: false without a connection, or beyond its rate
   * (`limits.signalsPerSecond`). Rejected if the server refuses it for another reason. A program may ignore both.
   */
  signal(what: Json, options?: { kind?: string }): Promise<boolean>;
  /** Asks the server for the ids of the members. */
  members(): Promise<string[]>;
  /**
   * Leaves the room, or stops listening to it. Messages that wait are rejected. If the program has joined the room
   * several times, only the last `leave` has this effect.
   */
  leave(): Promise<void>;
}

export interface InboxEvents<T = any> {
  /** A message to the user. */
  message: Message<T>;
  /** The client has reconnected and received all missed messages; `count` is their number. */
  recovered: { room: string; count: number };
  /** Messages are missing. */
  gap: Gap;
  /** The client does not receive the inbox any more, since it was closed. */
  error: Error;
}

/**
 * The inbox of the user that the client has logged in as. The server delivers its messages while the client is logged in, and
 * after a reconnect those that the client missed.
 */
export interface Inbox<T = any> extends Emitter<InboxEvents<T>> {
  /** The name of the room, such as `@ada`; null before the first login. */
  readonly name: string | null;
  /** The position of the last message received. It can be saved, for {@link Options.inbox} of another client. */
  readonly cursor: string | null;
  /** How many missed messages the client has received later, in all. */
  readonly recovered: number;
  /** Resolved when the client receives the inbox for the first time; rejected if the client is closed before. */
  readonly joined: Promise<Inbox<T>>;
  /** Earlier messages; see {@link Room.history}. */
  history: Room<T>['history'];
}

export interface ClientEvents {
  state: State;
  /** An attempt to connect has failed, or a room has refused the client. The program need not handle this. */
  error: Error;
}

/** A client of an Earshot server. It connects at once, and reconnects whenever the connection is lost. */
export class Earshot extends Emitter<ClientEvents> {
  /**
   * @param url of the server, such as `ws://localhost:8080` or `https://example.org/chat`; by default the origin of the
   *   page. It has no query.
   * @throws TypeError if the URL is not the address of a server, or if none of the `transports` is available
   * @throws EarshotError if `inbox` is not a cursor
   */
  constructor(url?: string | URL, options?: Options);
  constructor(options: Options);
  readonly state: State;
  /** The transport of the current or the last connection. */
  readonly transport: Transport | null;
  /** The client's id, which others see in `from`; null until it is known, and over HTTP. */
  readonly id: string | null;
  /** The user that the client has logged in as; null before, and without a login. */
  readonly user: User | null;
  readonly rooms: ReadonlyMap<string, Room>;
  /** Messages to the user on all devices; none without a login. */
  readonly inbox: Inbox;
  /** The server's limits; null until they are known. */
  readonly limits: Limits | null;
  /**
   * Joins a room, until {@link Room.leave}. Returns at once; see {@link Room.joined}, which also rejects for an invalid
   * name. A second join returns the same room, with its `presence` and `token`; its `history` has no effect, and an `after` that does not follow is an
   * `error` of the client.
   */
  join<T = any>(room: string, options?: JoinOptions): Room<T>;
  /** Listens to a room without being a member. */
  listen<T = any>(room: string, options?: JoinOptions): Room<T>;
  /** Runs an action of the server. It waits while the connection is lost; it is never sent twice. */
  action<A = any>(name: string, params?: object): Promise<A>;
  /** Sends the messages that wait on an open connection, and closes the client. */
  close(): Promise<void>;
}
