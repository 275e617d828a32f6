import type { Earshot, JoinOptions, Message, Place, Present, Room, State } from 'earshot-client';

/** A message as a component shows it. */
export interface Shown<T = any> extends Omit<Message<T>, 'epoch' | 'offset' | 'from'> {
  /** For `key` of the list's elements. It stays the same while a message of one's own is sent. */
  readonly key: string;
  /** Its position, once it has one. */
  readonly epoch?: string;
  readonly offset?: number;
  readonly from: string | null;
  /** Whether it is the user's own, or the client's own without a login. */
  readonly own: boolean;
  /** Whether it is sent and not accepted yet. */
  readonly pending: boolean;
  /** Why it was not accepted. */
  readonly error: Error | null;
}

/** What a component shows of a room. Each change makes a new object; the functions stay the same. */
export interface RoomView<T = any> {
  /** The room; null before the component is mounted. */
  readonly room: Room<T> | null;
  /** The client's state; `joining` if it is open and not in the room yet, `refused` if it will not be in the room. */
  readonly state: State | 'joining' | 'refused';
  /** Why the room has refused the client. */
  readonly error: Error | null;
  /** The newest messages in the room's order, and then own ones that are not accepted yet: 1000, and those of `earlier`. */
  readonly messages: readonly Shown<T>[];
  /** Who is in the room; see {@link Room.present}. */
  readonly present: readonly Present[];
  /** Who else types. */
  readonly typing: readonly Present[];
  /** Sends a message, and shows it at once, as `pending`. A rejection is its `error` as well, and need not be handled. */
  say(message: T, options?: Parameters<Room<T>['say']>[1]): Promise<Place>;
  /** Tells the room that the user types, at most every 2.5 s; with false, that the user has stopped. */
  type(isTyping?: boolean): void;
  /** Loads earlier messages, and puts them before the others. Resolved with whether the room has more. */
  earlier(limit?: number): Promise<boolean>;
}

/**
 * Joins a room while a component is mounted. Components with the same room share it; the first one's options count.
 *
 * @param options those of {@link Earshot.join}; by default with `presence`, and a `history` of 50
 */
export function useRoom<T = any>(client: Earshot, name: string, options?: JoinOptions): RoomView<T>;
/** Who is in a room that was joined with `presence`; nobody if the room is null. */
export function usePresence(room: Room | null): readonly Present[];
/**
 * Who else types in a room, and a function to call when the user types. Somebody types until a message of theirs, until they
 * leave, or until 6 s after the last signal.
 */
export function useTyping(room: Room | null): [typing: readonly Present[], type: (isTyping?: boolean) => void];
