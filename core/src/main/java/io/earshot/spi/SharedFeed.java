package io.earshot.spi;

import io.earshot.spi.Broker.Placed;
import java.util.List;
import java.util.concurrent.CompletionStage;
import org.jspecify.annotations.Nullable;

/**
 * The events of a cluster that wait for consumers, in the store behind a {@link Broker}. They are
 * in several parts; a room belongs to one of them. Each consumer name has, in each part, one server
 * at a time that serves it, and a position up to which its events are dealt with.
 *
 * <p>Stages complete on any thread, within a bounded time, and fail with a {@link BrokerException}.
 *
 * <p>Thread-safe. No method blocks.
 */
public interface SharedFeed {

  /**
   * The number of parts.
   *
   * @return at least 1, the same on all servers
   */
  int parts();

  /**
   * The part of a room. Events of users and clients without a room have the part of a room that is
   * named as their id.
   *
   * @param room the room's name
   * @return the part to which all events of the room are added, those by {@link #takesMessages}
   *     included
   */
  default int part(String room) {
    return part(room, parts());
  }

  /**
   * The part of a room among a number of parts. All servers and brokers choose the same one.
   *
   * @param room the room's name
   * @param parts the number of parts
   * @return at least 0, and less than {@code parts}
   */
  static int part(String room, int parts) {
    // Names of rooms often differ in their last digits alone.
    int mixed = room.hashCode() * 0x9E3779B9;
    return Integer.remainderUnsigned(mixed ^ (mixed >>> 16), parts);
  }

  /**
   * Whether messages whose {@link Broker.Terms#isFed} is set become events in the same step in
   * which they get their place. If not, the server that published a message adds its event.
   *
   * @return whether they do; known from the time when a message has got its place
   */
  boolean takesMessages();

  /**
   * Adds events. Those that one thread adds to one part keep their order, unless a call fails; the
   * store may have some or all events of a call that fails.
   *
   * @param part the part
   * @param events at least one event, encoded; oldest first
   * @return complete when the store has all of them
   */
  CompletionStage<Void> add(int part, List<byte[]> events);

  /**
   * An event that waits.
   *
   * @param position its position, for {@link #next}
   * @param event the event as it was added; null for a message
   * @param room the room of a message; null for another event
   * @param message the message; null for another event
   */
  @SuppressWarnings("ArrayRecordComponent") // never compared
  record Entry(
      String position, byte @Nullable [] event, @Nullable String room, @Nullable Placed message) {}

  /**
   * What a server learns about a consumer's part.
   *
   * @param isOurs whether this server serves it now
   * @param entries the next events, oldest first; empty if another server serves it
   * @param waiting how many events of the part this consumer has not dealt with
   * @param dropped how many were dropped before it had dealt with them, since the part was made
   */
  record Turn(boolean isOurs, List<Entry> entries, long waiting, long dropped) {
    /** Copies the list. */
    public Turn {
      entries = List.copyOf(entries);
    }
  }

  /**
   * Serves a consumer's part, if no other living server does, for a lease that ends by itself; and
   * reads its next events. To be called again before the lease ends, also while events are dealt
   * with. The first call for a new consumer decides which events it gets: those that are added
   * later. A consumer for which no server calls this in a week is forgotten.
   *
   * <p>If another server has served the part since this one read it, {@code dealtWith} changes
   * nothing, and the events come again from the position of that server.
   *
   * @param consumer the consumer's name
   * @param part the part
   * @param dealtWith the position up to which events are dealt with; null for no change
   * @param most the largest number of events; 0 only renews the lease
   * @return what there is
   */
  CompletionStage<Turn> next(String consumer, int part, @Nullable String dealtWith, int most);

  /**
   * Ends the lease, so that another server can serve the part at once.
   *
   * @param consumer the consumer's name
   * @param part the part
   */
  void release(String consumer, int part);
}
