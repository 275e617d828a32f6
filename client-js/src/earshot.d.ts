/** A transport to the server. The client tries transports in the given order. */
export type Transport = 'websocket' | 'sse' | 'poll';

/**
 * - `connecting`: the client has not been connected yet
 * - `open`: the client is connected, and messages are sent at once
 * - `reconnecting`: the connection was lost, and messages wait until it is open again
 * - `closed`: {@link Earshot.close} was called, or the server has dismissed this client
 */
export type State = 'connecting' | 'open' | 'reconnecting' | 'closed';

/** A token for private rooms, or a function that returns a new one. It is called at each join and before a token expires. */
export type Token = string | undefined | ((room: string) => string | undefined | Promise<string | undefined>);

/** A JSON value. */
export type Json = string | number | boolean | null | readonly Json[] | { readonly [key: string]: Json };

export interface Options {
  /** The token for rooms that are joined without one. */
  token?: Token;
  /** The transports to try. Default: all three. */
  transports?: readonly Transport[];
  /** The first and the largest bound of the random time between two attempts, in milliseconds. Default: [500, 15000]. */
  backoff?: readonly [number, number];
  /** How long to wait for the server's welcome, in milliseconds. Default: 10000. */
  timeout?: number;
  /** After how much silence the client checks the connection, in milliseconds. Default: 30000. */
  heartbeat?: number;
  /** How many messages may wait to be sent to one room. More are rejected. Default: 1000. */
  queue?: number;
  /** Whether requests over HTTP include cookies, as for `fetch`. Default: 'same-origin'. */
  credentials?: 'omit' | 'same-origin' | 'include';
  /** A class to use instead of the global WebSocket, such as that of the package `ws` in Node 20. */
  WebSocket?: new (url: string) => any;
  /** A function to use instead of the global `fetch`. */
  fetch?: typeof globalThis.fetch;
}

export interface JoinOptions {
  /** A saved {@link Room.cursor}: the messages after it are delivered first. */
  after?: string | null;
  /** The token for this room. */
  token?: Token;
  /** Keep {@link Room.present} up to date. Without effect for a room that is only listened to. */
  presence?: boolean;
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
  /** When the server accepted it, in milliseconds since 1970. */
  sentAt: number;
  /** Whether it was missed while the connection was lost. */
  recovered: boolean;
}

export interface Message<T = any> extends Move {
  message: T;
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
  /** The connection was lost before the answer: the request may or may not have been done. */
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
  /** A member has joined. Large rooms do not announce joins and leaves. */
  join: Move;
  /** A member has left. */
  leave: Move;
  /** {@link Room.present} has changed. */
  presence: Set<string>;
  /** The client has reconnected and received all missed messages; `count` is their number. */
  recovered: { room: string; count: number };
  /** Messages are missing. */
  gap: Gap;
  /** The client is not in this room, and will not try to join it again. */
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
  /** The ids of the members, if {@link JoinOptions.presence} is set. */
  readonly present: Set<string> | null;
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
  /** Asks the server for the ids of the members. */
  members(): Promise<string[]>;
  /** Leaves the room, or stops listening to it. Messages that wait are rejected. */
  leave(): Promise<void>;
}

export interface ClientEvents {
  state: State;
  /** An attempt to connect has failed, or a room was refused. The program need not handle this. */
  error: Error;
}

/** A client of an Earshot server. It connects at once, and reconnects whenever the connection is lost. */
export class Earshot extends Emitter<ClientEvents> {
  /**
   * @param url of the server, such as `ws://localhost:8080`; by default the origin of the page.
   * @throws TypeError if the URL is not the address of a server, or if none of the `transports` is available
   */
  constructor(url?: string | URL, options?: Options);
  constructor(options: Options);
  readonly state: State;
  /** The transport of the current or the last connection. */
  readonly transport: Transport | null;
  /** The client's id, which others see in `from`; null until it is known, and over HTTP. */
  readonly id: string | null;
  readonly rooms: ReadonlyMap<string, Room>;
  /** Joins a room, until {@link Room.leave}. Returns at once; see {@link Room.joined}. */
  join<T = any>(room: string, options?: JoinOptions): Room<T>;
  /** Listens to a room without being a member. */
  listen<T = any>(room: string, options?: JoinOptions): Room<T>;
  /** Runs an action of the server. It waits while the connection is lost; it is never sent twice. */
  action<A = any>(name: string, params?: object): Promise<A>;
  /** Sends the messages that wait on an open connection, and closes the client. */
  close(): Promise<void>;
}
