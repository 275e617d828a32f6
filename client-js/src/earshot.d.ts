/** How one may come to the server. They are tried in the order given. */
export type Transport = 'websocket' | 'sse' | 'poll';

/**
 * - `connecting`: it was not open yet
 * - `open`: rooms are heard, and what is said goes out
 * - `reconnecting`: it was open, and tries to be again; what is said waits
 * - `closed`: by {@link Earshot.close}, or by the server, which sent this client away
 */
export type State = 'connecting' | 'open' | 'reconnecting' | 'closed';

/** A token for rooms that ask for one, or what gets a fresh one: at each join, and before the old one expires. */
export type Token = string | undefined | ((room: string) => string | undefined | Promise<string | undefined>);

/** Anything that JSON can say. */
export type Json = string | number | boolean | null | readonly Json[] | { readonly [key: string]: Json };

export interface Options {
  /** For all rooms that are joined without a token of their own. */
  token?: Token;
  /** Which ways to try. Default: all three. */
  transports?: readonly Transport[];
  /** The shortest and the longest time between two tries, in milliseconds; chance decides how much of it. Default: [500, 15000]. */
  backoff?: readonly [number, number];
  /** How long to wait for a welcome, in milliseconds. Default: 10000. */
  timeout?: number;
  /** After how much silence a connection is asked for a sign of life, in milliseconds. Default: 30000. */
  heartbeat?: number;
  /** How much may wait to be said in one room; what is beyond that is rejected. Default: 1000. */
  queue?: number;
  /** Whether cookies go along with requests over HTTP. Default: 'same-origin'. */
  credentials?: 'omit' | 'same-origin' | 'include';
  /** A WebSocket where there is none, such as that of the package `ws` in Node 20. */
  WebSocket?: new (url: string) => any;
  /** Another `fetch`. */
  fetch?: typeof globalThis.fetch;
}

export interface JoinOptions {
  /** A cursor that was kept (see {@link Room.cursor}): what came after it is told first. */
  after?: string | null;
  /** The token for this room. */
  token?: Token;
  /** Keep {@link Room.present} up to date. Not for those who only listen. */
  presence?: boolean;
}

/** A place in the order of a room. */
export interface Place {
  epoch: string;
  offset: number;
}

export interface Move extends Place {
  room: string;
  /** Who. */
  from: string;
  /** When, in milliseconds since 1970. */
  sentAt: number;
  /** Whether this was missed, and has been told since. */
  recovered: boolean;
}

export interface Message<T = any> extends Move {
  message: T;
}

/** Something was missed and cannot be told any more. */
export interface Gap {
  room: string;
  /** The last place before it. */
  from: string;
  /** Where it ends; null if the server could not say. */
  to: string | null;
  /** How many messages at most; undefined if nobody knows, since the room has begun a new order. */
  missed: number | undefined;
  /**
   * - `forgotten`: the room remembers less than was missed
   * - `order`: it began a new order
   * - `behind`: left out by the server, since this client did not keep up
   */
  reason: 'forgotten' | 'order' | 'behind';
}

/** What the server refused, or what never got an answer. */
export class EarshotError extends Error {
  /** It was sent, and the connection was lost before an answer came: nobody knows whether it was done. */
  lost?: true;
  /** The whole answer of the server, where there is one. */
  reply?: any;
  /** The status of HTTP, where it came by that. */
  status?: number;
}

declare class Emitter<Events> {
  /** Calls a function for each such event. Returns what ends that. */
  on<E extends keyof Events>(event: E, ear: (what: Events[E]) => void): () => void;
  off<E extends keyof Events>(event: E, ear: (what: Events[E]) => void): void;
  /** The next such event. */
  once<E extends keyof Events>(event: E): Promise<Events[E]>;
}

export interface RoomEvents<T = any> {
  /** Somebody else has said something. */
  message: Message<T>;
  /** Somebody has come in. Large rooms do not tell that. */
  join: Move;
  /** Somebody has left. */
  leave: Move;
  /** {@link Room.present} has changed. */
  presence: Set<string>;
  /** One is back, and has been told all that was missed: so many messages. */
  recovered: { room: string; count: number };
  /** One is back, and something is missing. */
  gap: Gap;
  /** One is not in this room (any more), and will not be by itself. */
  error: Error;
}

/** A room that one is in, or listens to. It stays the same object however often the connection is lost. */
export class Room<T = any> extends Emitter<RoomEvents<T>> {
  private constructor();
  readonly name: string;
  /** Whether one hears it without being in it. */
  readonly listening: boolean;
  /** Resolved when one is in the room for the first time; rejected if that is refused. */
  readonly joined: Promise<Room<T>>;
  /** Up to where one has heard; may be kept, and given to {@link JoinOptions.after} by another client. */
  readonly cursor: string | null;
  /** How many missed messages have been recovered so far. */
  readonly recovered: number;
  /** Who is here, by id, if asked for by {@link JoinOptions.presence}. */
  readonly present: Set<string> | null;
  /**
   * Says something to all others here. While one is away it waits, and is said when one is back.
   * Resolved with its place once it is told.
   *
   * If the connection is lost before the answer it is said again, under the same message id, so that
   * it is told once, unless the server has forgotten that in between (`general.repeatWindow`, or a
   * restart). Rejected if the server refuses it, if it is too long, or if JSON cannot say it.
   */
  say(message: T, options?: {
    /** Only for those whose `id`, or whose attribute of that name, has this value. */
    match?: { [key: string]: string | number };
  }): Promise<Place>;
  /** The ids of who is here, as the server knows it now. */
  members(): Promise<string[]>;
  /** Leaves, or listens no more. What waits to be said is rejected. */
  leave(): Promise<void>;
}

export interface ClientEvents {
  state: State;
  /** A try to connect failed, or a room was refused. Nothing has to be done about it. */
  error: Error;
}

/** A client of an Earshot server. It connects at once, and again whenever the connection is lost. */
export class Earshot extends Emitter<ClientEvents> {
  /**
   * @param url of the server, such as `ws://localhost:8080`; in a page, its own origin if left out.
   * @throws TypeError if that is no address of a server, or if there is none of the `transports` here
   */
  constructor(url?: string | URL, options?: Options);
  constructor(options: Options);
  readonly state: State;
  /** By which way it is, or was last, open. */
  readonly transport: Transport | null;
  /** Who it is for the others; null until it is known, and over HTTP. */
  readonly id: string | null;
  readonly rooms: ReadonlyMap<string, Room>;
  /** Comes into a room, and stays until {@link Room.leave}. The room is there at once. */
  join<T = any>(room: string, options?: JoinOptions): Room<T>;
  /** Hears a room without being in it. */
  listen<T = any>(room: string, options?: JoinOptions): Room<T>;
  /** Runs an action of the server. It waits while one is away; it is never asked twice. */
  action<A = any>(name: string, params?: object): Promise<A>;
  /** Says what waits on an open connection, says goodbye, and ends. */
  close(): Promise<void>;
}
